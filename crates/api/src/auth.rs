//! Who asks: a bearer key, looked up by its digest.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::BASE32_NOPAD;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use domain::uid::ApiKeyId;

use crate::ApiState;
use crate::code::Code;
use crate::error::Problem;

/// No key is longer; what is longer is not looked up.
const KEY_BYTES_MAX: usize = 128;

/// Whether a key is for real money. It stands in the key's text, so a person sees which they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// For a sandbox.
    Test,
    /// For real money.
    Live,
}

/// The caller of an authenticated request.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub ApiKeyId);

/// A new secret for a key to the API: `pd_test_` or `pd_live_`, and 32 random bytes in base32.
///
/// Only its digest is kept (see [`api_key_digest`]): show it once, and never log it.
pub fn new_api_key_secret(mode: KeyMode) -> SecretString {
    let bytes: [u8; 32] = rand::random();
    let prefix = match mode {
        KeyMode::Test => "pd_test_",
        KeyMode::Live => "pd_live_",
    };
    SecretString::from(format!(
        "{prefix}{}",
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    ))
}

/// The digest under which a key is registered: SHA-256 of its whole text.
///
/// Enough for 256 random bits; a slow hash would only let strangers keep our processors busy.
pub fn api_key_digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Lets a request pass that carries a registered key.
pub async fn authenticate(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let secret = bearer(&request).ok_or_else(|| {
        Problem::new(
            Code::Unauthorized,
            "send the API key as `Authorization: Bearer pd_…`",
        )
    })?;
    let digest = api_key_digest(secret);

    let id = state
        .store
        .api_key_by_secret(digest)
        .await?
        .ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                "the API key is not registered, or was revoked",
            )
        })?;

    request.extensions_mut().insert(Caller(id));
    Ok(next.run(request).await)
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer")
        && secret.starts_with("pd_")
        && secret.len() <= KEY_BYTES_MAX;
    fits.then_some(secret)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_key_says_whether_it_is_for_real_money_and_is_never_the_same() {
        let test = new_api_key_secret(KeyMode::Test);
        let live = new_api_key_secret(KeyMode::Live);

        assert!(test.expose_secret().starts_with("pd_test_"));
        assert!(live.expose_secret().starts_with("pd_live_"));
        assert_eq!(test.expose_secret().len(), "pd_test_".len() + 52);
        let again = new_api_key_secret(KeyMode::Test);
        assert_ne!(test.expose_secret(), again.expose_secret());
    }

    #[test]
    fn only_a_bearer_key_of_ours_is_looked_up() {
        let with = |value: &str| {
            Request::builder()
                .header("authorization", value)
                .body(axum::body::Body::empty())
                .unwrap()
        };
        assert_eq!(bearer(&with("Bearer pd_test_x")), Some("pd_test_x"));
        assert_eq!(bearer(&with("bearer pd_test_x")), Some("pd_test_x"));
        assert_eq!(bearer(&with("Basic pd_test_x")), None);
        assert_eq!(bearer(&with("Bearer sk_test_x")), None);
        assert_eq!(
            bearer(&with(&format!("Bearer pd_{}", "x".repeat(200)))),
            None
        );
    }
}
