//! What every answer has in common: a request id, a span, a problem where it failed, and a task of its own.

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::code::Code;
use crate::error::Problem;

/// The header that carries a request's id, on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const GIVEN_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_BYTES_MAX: usize = 128;
const WEBHOOKS: &str = "/v1/webhooks/oligo";

/// The id of the request being served.
#[derive(Clone)]
pub struct RequestId(String);

/// Gives the request its id, and a failed answer its problem.
pub async fn finish(mut request: Request, next: Next) -> Response {
    let id = given_id(&request).unwrap_or_else(|| flows::clock::fresh_uuid().to_string());
    let instance = instance(request.uri().path());
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = as_problem(response, &instance, &id);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Runs the handler in a task of its own: a client that leaves, or a time-out, cannot stop it between two
/// statements of a transaction.
pub async fn detach(request: Request, next: Next) -> Response {
    let task = tokio::spawn(next.run(request).in_current_span());
    match task.await {
        Ok(response) => response,
        Err(error) => {
            // The panic's text could repeat a value: only that it happened is told.
            tracing::error!(panicked = error.is_panic(), "a handler did not end");
            let detail = "the request may or may not have been done; repeat it under the same key";
            Problem::new(Code::Internal, detail).into_response()
        }
    }
}

/// The span of a request. Its path is the route's pattern: a real one can carry a token.
pub fn span(request: &Request) -> tracing::Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str);
    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or("", |id| id.0.as_str());
    tracing::info_span!(
        "request",
        http.method = %request.method(),
        http.route = route,
        request.id = id,
    )
}

fn given_id(request: &Request) -> Option<String> {
    let given = request.headers().get(GIVEN_REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&given.len()) && given.bytes().all(is_plain);
    fits.then(|| given.to_owned())
}

fn instance(path: &str) -> String {
    // What follows in a webhook's path is a secret, or someone's guess at it.
    if path.starts_with(WEBHOOKS) {
        WEBHOOKS.to_owned()
    } else {
        path.to_owned()
    }
}

fn as_problem(mut response: Response, instance: &str, id: &str) -> Response {
    let status = response.status();
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .unwrap_or_else(|| of_bare_status(status));
    let mut written = (problem.status(), Json(problem.body(instance, id))).into_response();
    let kept = [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER];
    for name in kept {
        if let Some(value) = response.headers().get(&name) {
            written.headers_mut().insert(name, value.clone());
        }
    }
    let content_type = HeaderValue::from_static("application/problem+json");
    written
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    written
}

fn of_bare_status(status: StatusCode) -> Problem {
    let code = Code::of_status(status);
    let detail = if code == Code::RouteNotFound {
        "no route has this path; /openapi.json lists them all"
    } else if code == Code::MethodNotAllowed {
        "the Allow header names the methods of this path"
    } else if code == Code::Timeout {
        "the request may or may not have been done; repeat it under the same Idempotency-Key"
    } else {
        "the request could not be read"
    };
    Problem::new(code, detail)
}
