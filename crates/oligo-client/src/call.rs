//! One HTTP exchange: what is sent, how much is read, and what each status and failure means.

use std::time::{Duration, SystemTime};

use chrono::DateTime;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, Response, StatusCode};
use tracing::{Instrument, Span, field};
use url::Url;

use crate::answer::read_errors;
use crate::error::CallError;

/// One operation of Oligo's, ready to be sent.
pub(crate) struct Operation<'a> {
    method: Method,
    /// The path as Oligo's OpenAPI writes it: names the span, so it must hold no uid.
    template: &'static str,
    path: Vec<&'a str>,
    body: Option<String>,
    reads_answer: bool,
    reasons_in_503: bool,
}

impl<'a> Operation<'a> {
    pub(crate) fn get(template: &'static str, path: &[&'a str]) -> Self {
        Self::new(Method::GET, template, path)
    }

    pub(crate) fn post(template: &'static str, path: &[&'a str]) -> Self {
        Self::new(Method::POST, template, path)
    }

    fn new(method: Method, template: &'static str, path: &[&'a str]) -> Self {
        Operation {
            method,
            template,
            path: path.to_vec(),
            body: None,
            reads_answer: true,
            reasons_in_503: false,
        }
    }

    pub(crate) fn with_body(mut self, body: String) -> Self {
        self.body = Some(body);
        self
    }

    /// A success of this operation has no body.
    pub(crate) fn without_answer(mut self) -> Self {
        self.reads_answer = false;
        self
    }

    /// A 503 of this operation carries reasons.
    pub(crate) fn with_reasons_in_503(mut self) -> Self {
        self.reasons_in_503 = true;
        self
    }

    fn url(&self, base_url: &Url) -> Url {
        let mut url = base_url.clone();
        // Only a URL without a host refuses segments, and the client refuses such a base.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&self.path);
        }
        url
    }

    fn span(&self, base_url: &Url) -> Span {
        tracing::info_span!(
            "oligo.call",
            otel.name = format!("{} {}", self.method, self.template),
            otel.kind = "client",
            http.request.method = self.method.as_str(),
            url.template = self.template,
            server.address = base_url.host_str().unwrap_or_default(),
            http.response.status_code = field::Empty,
            "error.type" = field::Empty,
        )
    }
}

/// Sends `operation` once and returns the body of its success; empty when it has none.
pub(crate) async fn ask(
    http: &reqwest::Client,
    base_url: &Url,
    limit: usize,
    operation: Operation<'_>,
) -> Result<Vec<u8>, CallError> {
    let span = operation.span(base_url);
    let outcome = exchange(http, base_url, limit, operation)
        .instrument(span.clone())
        .await;
    if let Err(error) = &outcome {
        span.record("error.type", kind_of(error));
    }
    outcome
}

async fn exchange(
    http: &reqwest::Client,
    base_url: &Url,
    limit: usize,
    mut operation: Operation<'_>,
) -> Result<Vec<u8>, CallError> {
    let mut request = http.request(operation.method.clone(), operation.url(base_url));
    if let Some(body) = operation.body.take() {
        request = request.body(body);
    }

    let response = request.send().await.map_err(not_answered)?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());

    if status.is_success() {
        return if operation.reads_answer {
            read_body(response, limit).await
        } else {
            Ok(vec![])
        };
    }
    Err(failure(response, limit, operation.reasons_in_503).await)
}

/// What a status other than 2xx means.
async fn failure(response: Response, limit: usize, reasons_in_503: bool) -> CallError {
    let status = response.status();
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            reasons(response, limit).await.unwrap_or_else(|error| error)
        }
        // Without reasons it is an outage like any other.
        StatusCode::SERVICE_UNAVAILABLE if reasons_in_503 => reasons(response, limit)
            .await
            .unwrap_or(CallError::ServerError {
                status: status.as_u16(),
            }),
        StatusCode::UNAUTHORIZED => CallError::Unauthorised,
        StatusCode::FORBIDDEN => CallError::Forbidden,
        StatusCode::NOT_FOUND => CallError::NotFound,
        StatusCode::TOO_MANY_REQUESTS => CallError::RateLimited {
            retry_after: retry_after(&response),
        },
        _ if status.is_redirection() => CallError::Redirected {
            status: status.as_u16(),
        },
        _ => CallError::ServerError {
            status: status.as_u16(),
        },
    }
}

/// The refusal in the body; `Err` when the body does not say one.
async fn reasons(response: Response, limit: usize) -> Result<CallError, CallError> {
    let status = response.status().as_u16();
    let body = read_body(response, limit).await?;
    match read_errors(&body) {
        Ok(errors) => Ok(CallError::Refused { status, errors }),
        Err(unread) => Err(CallError::Unreadable {
            path: unread.path,
            source: unread.problem,
        }),
    }
}

/// Reads the body as it comes, so that a flood is dropped at the limit and not held.
async fn read_body(mut response: Response, limit: usize) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(not_answered)? {
        if limit < body.len() + chunk.len() {
            return Err(CallError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A failure of the transport. `is_connect` covers name, TCP and TLS, all before the first byte
/// of a request; it is asked first because running out of time while connecting is both.
fn not_answered(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        CallError::NotSent {
            source: Box::new(error),
        }
    } else if error.is_timeout() {
        CallError::Timeout
    } else {
        CallError::Broken {
            source: Box::new(error),
        }
    }
}

/// `Retry-After`, in either of its forms. A moment that has passed means no wait.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = SystemTime::from(DateTime::parse_from_rfc2822(text).ok()?);
    Some(moment.duration_since(SystemTime::now()).unwrap_or_default())
}

/// A word for the span; the error itself is logged where it is handled.
fn kind_of(error: &CallError) -> &'static str {
    match error {
        CallError::InvalidRequest(_) => "invalid_request",
        CallError::NotSent { .. } => "not_sent",
        CallError::Refused { .. } => "refused",
        CallError::NotFound => "not_found",
        CallError::Unauthorised => "unauthorised",
        CallError::Forbidden => "forbidden",
        CallError::RateLimited { .. } => "rate_limited",
        CallError::ServerError { .. } => "server_error",
        CallError::Timeout => "timeout",
        CallError::Broken { .. } => "broken",
        CallError::Redirected { .. } => "redirected",
        CallError::Unreadable { .. } => "unreadable",
        CallError::TooLarge { .. } => "too_large",
    }
}
