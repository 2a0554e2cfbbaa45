//! JSON over HTTP to our own parts: the admin API and the sandbox's controls.

use std::time::Duration;

use anyhow::Context;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A part answered, and not with success.
#[derive(Debug, thiserror::Error)]
#[error("{what} answered {status}: {text}")]
pub struct Refused {
    what: String,
    status: StatusCode,
    text: String,
}

impl Refused {
    /// Whether `error` is a part's answer that the same question will get again: the asker is at fault.
    pub fn is_final(error: &anyhow::Error) -> bool {
        let refused = error.downcast_ref::<Refused>();
        refused.is_some_and(|refused| refused.status.is_client_error())
    }
}

/// A client of one part.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    base_url: String,
    bearer: Option<String>,
}

impl Http {
    /// A client of the part at `base_url`, with an API key where it wants one.
    ///
    /// # Errors
    ///
    /// Fails when the HTTP library cannot be set up.
    pub fn new(base_url: &str, bearer: Option<&str>) -> anyhow::Result<Http> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()?;
        let bearer = bearer.map(str::to_owned);
        Ok(Http {
            client,
            base_url: base_url.trim_end_matches('/').to_owned(),
            bearer,
        })
    }

    /// Where it is.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Whether a GET of `path` is answered with success.
    pub async fn is_well(&self, path: &str) -> bool {
        let request = self.client.get(format!("{}{path}", self.base_url));
        request
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// A GET.
    ///
    /// # Errors
    ///
    /// Fails with what the part answered.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(reqwest::Method::GET, path, None, None).await
    }

    /// A POST.
    ///
    /// # Errors
    ///
    /// Fails with what the part answered.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        self.send(reqwest::Method::POST, path, Some(body), None)
            .await
    }

    /// A POST that may be repeated under the same key without being done twice.
    ///
    /// # Errors
    ///
    /// Fails with what the part answered.
    pub async fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        idempotency_key: &str,
    ) -> anyhow::Result<T> {
        self.send(
            reqwest::Method::POST,
            path,
            Some(body),
            Some(idempotency_key),
        )
        .await
    }

    /// A PUT.
    ///
    /// # Errors
    ///
    /// Fails with what the part answered.
    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        self.send(reqwest::Method::PUT, path, Some(body), None)
            .await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> anyhow::Result<T> {
        let what = format!("{method} {}{path}", self.base_url);
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base_url));
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.with_context(|| what.clone())?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| what.clone())?;
        if !status.is_success() {
            return Err(Refused { what, status, text }.into());
        }
        serde_json::from_str(&text).with_context(|| format!("{what}: the answer is not understood"))
    }
}
