//! One HTTP exchange: what is sent, how much is read, and what each status and failure means.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use tracing::{Instrument, Span, field};
use url::Url;

use crate::answer::read_errors;
use crate::error::CallError;
use crate::gate::{Gate, Lane};
use crate::meter::{Called, Instruments};
use crate::token::Token;

/// The template of the look-up of PayIDs.
pub(crate) const ALIAS_RESOLUTION: &str = "/payto/alias_resolution";

/// One operation of Oligo's, ready to be sent.
pub(crate) struct Operation<'a> {
    method: Method,
    /// The path as Oligo's OpenAPI writes it: names the span, so it must hold no uid.
    template: &'static str,
    path: Vec<&'a str>,
    query: Vec<(String, String)>,
    body: Option<String>,
    reads_answer: bool,
    reasons_in_503: bool,
}

impl<'a> Operation<'a> {
    /// Which circuit its failures count for.
    fn lane(&self) -> Lane {
        match self.template {
            ALIAS_RESOLUTION => Lane::LookUps,
            _ => Lane::Payments,
        }
    }

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
            query: vec![],
            body: None,
            reads_answer: true,
            reasons_in_503: false,
        }
    }

    pub(crate) fn with_query(mut self, query: Vec<(String, String)>) -> Self {
        self.query = query;
        self
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

    pub(crate) fn url(&self, base_url: &Url) -> Url {
        let mut url = base_url.clone();
        // Only a URL without a host refuses segments, and the client refuses such a base.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&self.path);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    fn span(&self, base_url: &Url) -> Span {
        tracing::info_span!(
            "oligo.call",
            otel.name = format!("{} {}", self.method, self.template),
            otel.kind = "client",
            otel.status_code = field::Empty,
            http.request.method = self.method.as_str(),
            url.template = self.template,
            url.scheme = base_url.scheme(),
            server.address = base_url.host_str().unwrap_or_default(),
            server.port = base_url.port_or_known_default(),
            http.response.status_code = field::Empty,
            "error.type" = field::Empty,
        )
    }
}

/// The way to Oligo that all clones of a client share.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: Url,
    pub(crate) token: Token,
    pub(crate) gate: Gate,
    pub(crate) meter: Instruments,
}

impl Wire {
    /// Sends `operation` at most once and returns what `read` makes of the body of its success,
    /// which is empty when it has none. More than `limit` bytes of an answer are not read.
    pub(crate) async fn ask<T>(
        &self,
        operation: Operation<'_>,
        limit: usize,
        read: impl FnOnce(&[u8]) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let span = operation.span(&self.base_url);
        let called = Called {
            method: operation.method.clone(),
            template: operation.template,
        };
        // Taken at the start: a token that is exchanged meanwhile is the next call's.
        let token = self.token.header();

        let work = async {
            let admission = self.gate.pass(operation.lane()).await?;
            let (started, mut status) = (Instant::now(), None);
            let answer = self.exchange(operation, token, limit, &mut status).await;
            let took = started.elapsed();
            let outcome = answer.and_then(|answer| read(&answer));
            let error = outcome.as_ref().err().map(|error| word(error));
            self.meter
                .exchanged(&called, took, status, error.as_deref());
            self.gate.learn(admission, &outcome);
            outcome
        };
        let outcome = work.instrument(span.clone()).await;

        self.meter.ended(&called, outcome.as_ref().err());
        if let Err(error) = &outcome {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", word(error).as_ref());
        }
        outcome
    }

    async fn exchange(
        &self,
        mut operation: Operation<'_>,
        token: HeaderValue,
        limit: usize,
        seen: &mut Option<u16>,
    ) -> Result<Vec<u8>, CallError> {
        let url = operation.url(&self.base_url);
        let mut request = self
            .http
            .request(operation.method.clone(), url)
            .header(AUTHORIZATION, token);
        if let Some(body) = operation.body.take() {
            request = request.body(body);
        }

        let response = request.send().await.map_err(not_answered)?;
        let status = response.status();
        *seen = Some(status.as_u16());
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
}

/// What a status other than 2xx means.
async fn failure(response: Response, limit: usize, reasons_in_503: bool) -> CallError {
    let status = response.status();
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            reasons(response, limit).await.unwrap_or_else(|error| error)
        }
        // Without reasons it is an outage like any other.
        StatusCode::SERVICE_UNAVAILABLE => {
            let outage = CallError::ServerError {
                status: status.as_u16(),
                retry_after: retry_after(&response),
            };
            if reasons_in_503 {
                reasons(response, limit).await.unwrap_or(outage)
            } else {
                outage
            }
        }
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
            retry_after: None,
        },
    }
}

/// The refusal in the body; `Err` when the body does not say one.
async fn reasons(response: Response, limit: usize) -> Result<CallError, CallError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(&response).filter(|_| status == 503);
    let body = read_body(response, limit).await?;
    match read_errors(&body) {
        Ok(errors) => Ok(CallError::Refused {
            status,
            errors,
            retry_after,
        }),
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

/// `Retry-After`, in seconds or as a date. A moment that has passed means no wait.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = httpdate::parse_http_date(text).ok()?;
    Some(moment.duration_since(SystemTime::now()).unwrap_or_default())
}

/// OpenTelemetry's `error.type`: the status when it says the error, else a word.
pub(crate) fn word(error: &CallError) -> Cow<'static, str> {
    let word = match error {
        CallError::Refused { status, .. }
        | CallError::ServerError { status, .. }
        | CallError::Redirected { status } => return Cow::Owned(status.to_string()),
        CallError::NotFound => "404",
        CallError::Unauthorised => "401",
        CallError::Forbidden => "403",
        CallError::RateLimited { .. } => "429",
        CallError::InvalidRequest(_) => "invalid_request",
        CallError::NotSent { .. } => "not_sent",
        CallError::HeldBack { .. } => "held_back",
        CallError::Timeout => "timeout",
        CallError::Broken { .. } => "broken",
        CallError::Unreadable { .. } => "unreadable",
        CallError::TooLarge { .. } => "too_large",
    };
    Cow::Borrowed(word)
}
