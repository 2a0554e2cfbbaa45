//! Raw calls to a provider: what is sent is not looked at, and what comes is kept as it came.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Host, Url};

use super::case::Token;

/// How long a provider has to answer one call.
const CALL_PATIENCE: Duration = Duration::from_secs(30);

/// A token nobody was given.
const WRONG_TOKEN: &str = "Bearer no-such-token";

/// A provider cannot be called as it is named.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The base URL is none.
    #[error("the base URL is not a plain http or https URL")]
    BaseUrl,
    /// The token cannot be sent.
    #[error("the token is empty or cannot stand in a header")]
    Token,
    /// The HTTP library cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// A provider of PayTo: where it is, and the token it takes.
pub struct Provider {
    base: Url,
    bearer: HeaderValue,
    client: reqwest::Client,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// What came.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: String,
    /// How long the body is, in bytes.
    pub(super) length: usize,
    /// The body, if it is JSON.
    pub(super) json: Option<Value>,
}

impl Provider {
    /// The provider at `base_url`, up to and with the version: `https://host/v1`.
    ///
    /// # Errors
    ///
    /// Fails when the URL or the token cannot be used.
    pub fn new(base_url: &str, token: &SecretString) -> Result<Provider, ProviderError> {
        let base = Url::parse(base_url).map_err(|_| ProviderError::BaseUrl)?;
        let is_plain = ["http", "https"].contains(&base.scheme())
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !is_plain {
            return Err(ProviderError::BaseUrl);
        }
        let token = token.expose_secret().trim();
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut bearer = bearer
            .ok()
            .filter(|_| !token.is_empty())
            .ok_or(ProviderError::Token)?;
        bearer.set_sensitive(true);
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(CALL_PATIENCE);
        let client = if is_this_machine(&base) {
            client.no_proxy()
        } else {
            client
        };
        let client = client.build().map_err(ProviderError::Http)?;
        Ok(Provider {
            base,
            bearer,
            client,
        })
    }

    /// Where it is.
    pub fn base_url(&self) -> &str {
        self.base.as_str()
    }

    /// Whether its name says that real money is behind it.
    pub fn is_production(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let mut words = host.split(['.', '-']);
        words.any(|word| word.starts_with("prod"))
    }

    /// The URL of a path of the API.
    pub(super) fn url(&self, path: &str) -> Option<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).ok()
    }

    /// The URL a link of the provider's leads to: whole, or a path with or without the version.
    /// None if it leads to another host, which must not see the token.
    pub(super) fn followed(&self, link: &str) -> Option<Url> {
        if link.starts_with("//") {
            return None;
        }
        if !link.starts_with('/') {
            let url = Url::parse(link).ok()?;
            return (url.origin() == self.base.origin()).then_some(url);
        }
        let version = self.base.path().trim_end_matches('/');
        match link.strip_prefix(version) {
            Some(path) if path.starts_with('/') => self.url(path),
            Some(_) | None => self.url(link),
        }
    }

    /// Makes a call; a text that says why there is no answer, without the token or the body.
    pub(super) async fn call(
        &self,
        method: Method,
        url: Url,
        token: Token,
        body: Option<String>,
    ) -> Result<Reply, String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        match token {
            Token::Given => headers.insert(AUTHORIZATION, self.bearer.clone()),
            Token::Wrong => headers.insert(AUTHORIZATION, HeaderValue::from_static(WRONG_TOKEN)),
            Token::None => None,
        };
        let mut request = self.client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = request.send().await.map_err(|error| why(&error))?;
        let status: StatusCode = answer.status();
        let content_type = answer.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|kind| kind.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let bytes = answer.bytes().await.map_err(|error| why(&error))?;
        Ok(Reply {
            status: status.as_u16(),
            content_type,
            length: bytes.len(),
            json: serde_json::from_slice(&bytes).ok(),
        })
    }
}

/// Whether no proxy can stand between.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Why there is no answer, with its causes. The URL is left out.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} seconds", CALL_PATIENCE.as_secs());
    }
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let last = causes.last().map(ToString::to_string);
    let what = if error.is_connect() {
        "no connection"
    } else {
        "no whole answer"
    };
    last.map_or_else(|| what.to_owned(), |last| format!("{what}: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(base_url: &str) -> Result<Provider, ProviderError> {
        Provider::new(base_url, &SecretString::from("canary"))
    }

    #[test]
    fn a_base_url_that_is_not_plain_is_refused() {
        for wrong in [
            "",
            "localhost",
            "ftp://host/v1",
            "https://user@host/v1",
            "https://host/v1?x=1",
        ] {
            let refused = provider(wrong);
            assert!(matches!(refused, Err(ProviderError::BaseUrl)), "{wrong}");
        }
        let empty = Provider::new("https://host/v1", &SecretString::from(" "));
        assert!(matches!(empty, Err(ProviderError::Token)));
    }

    #[test]
    fn production_is_known_by_its_name() {
        let is_production = |url| provider(url).expect("plain").is_production();
        assert!(is_production("https://api-prod.oligo.com.au/v1"));
        assert!(is_production("https://api.production.example/v1"));
        assert!(!is_production("https://api-sandbox.oligo.com.au/v1"));
        assert!(!is_production("http://127.0.0.1:8090/v1"));
    }

    #[test]
    fn a_link_is_followed_in_each_form_and_never_to_another_host() {
        let provider = provider("https://host/v1/").expect("plain");
        let followed = |link| provider.followed(link).map(String::from);
        let page = Some("https://host/v1/payto/payments?a=b".to_owned());
        assert_eq!(followed("/payto/payments?a=b"), page);
        assert_eq!(followed("/v1/payto/payments?a=b"), page);
        assert_eq!(followed("https://host/v1/payto/payments?a=b"), page);
        for elsewhere in [
            "https://other/v1/payto",
            "//other/v1",
            "payto/payments",
            "http://host/",
        ] {
            assert_eq!(followed(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn the_token_is_not_told() {
        let provider = provider("https://host/v1").expect("plain");
        assert!(!format!("{provider:?}").contains("canary"));
        assert!(!format!("{:?}", provider.bearer).contains("canary"));
    }
}
