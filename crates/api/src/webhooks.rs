//! `/v1/webhooks/oligo`: takes what the provider sends, keeps it, answers. It is understood later.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use flows::receive_webhook::{Arrived, ReceiveError, receive_webhook};

use crate::ApiState;
use crate::code::Code;
use crate::error::Problem;
use crate::openapi::WebhookProblems;
use crate::post;

/// The largest webhook that is taken. Oligo's are a few KiB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
const REQUEST_ID: &str = "split-request-id";
const SIGNATURE: &str = "split-signature";
const REQUEST_ID_CHARS_MAX: usize = 200;

/// How webhooks are received.
#[derive(Clone, Debug, Default)]
pub struct WebhookConfig {
    /// The secret at the end of the receiver's path; without it, anyone may leave a hint.
    ///
    /// A hint is all that a webhook is: the provider is asked before anything is believed.
    pub path_token: Option<SecretString>,
}

/// That a webhook was kept.
#[derive(Serialize, ToSchema)]
pub struct Kept {
    /// Always true.
    received: bool,
}

/// Receive a webhook, where no secret stands in the path
#[utoipa::path(
    post,
    path = "/v1/webhooks/oligo",
    tag = "webhooks",
    params(("Split-Request-ID" = Option<String>, Header, description = "The delivery's id"),
        ("Split-Signature" = Option<String>, Header, description = "The provider's signature")),
    request_body(content = Option<Object>,
        description = "As the provider writes it, at most 64 KiB; whatever it is, it is only a hint"),
    responses((status = 200, body = Kept), WebhookProblems)
)]
pub async fn receive(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Json<Kept>, Problem> {
    keep(state, None, request).await
}

/// Receive a webhook, with the configured secret in the path
#[utoipa::path(
    post,
    path = "/v1/webhooks/oligo/{path_token}",
    tag = "webhooks",
    params(("path_token" = String, Path, description = "The configured secret"),
        ("Split-Request-ID" = Option<String>, Header, description = "The delivery's id"),
        ("Split-Signature" = Option<String>, Header, description = "The provider's signature")),
    request_body(content = Option<Object>,
        description = "As the provider writes it, at most 64 KiB; whatever it is, it is only a hint"),
    responses((status = 200, body = Kept), WebhookProblems)
)]
pub async fn receive_with_token(
    State(state): State<ApiState>,
    Path(path_token): Path<String>,
    request: Request,
) -> Result<Json<Kept>, Problem> {
    keep(state, Some(path_token), request).await
}

async fn keep(
    state: ApiState,
    token: Option<String>,
    request: Request,
) -> Result<Json<Kept>, Problem> {
    match admission(state.webhook.path_token.as_ref(), token.as_deref()) {
        Admission::Granted => {}
        Admission::Refused => return Err(refused()),
        Admission::NoSuchPath => {
            let detail = "no secret is configured for this receiver's path";
            return Err(Problem::new(Code::RouteNotFound, detail));
        }
    }
    let request_id = header(request.headers(), REQUEST_ID);
    let request_id = request_id.filter(|id| (1..=REQUEST_ID_CHARS_MAX).contains(&id.len()));
    let signature = header(request.headers(), SIGNATURE);
    let raw = post::body_of(request).await?;

    let arrived = Arrived {
        provider: "oligo",
        request_id: request_id.as_deref(),
        signature: signature.as_deref(),
        raw: &raw,
    };
    match receive_webhook(&state.flows, arrived).await {
        Ok(_) => Ok(Json(Kept { received: true })),
        Err(ReceiveError::BadSignature) => Err(refused()),
        Err(ReceiveError::Store(error)) => Err(Problem::from(error)),
    }
}

/// A wrong token and a wrong signature are told alike: neither shall be guessed by the difference.
fn refused() -> Problem {
    Problem::new(Code::Unauthorized, "the webhook is not the provider's")
}

/// Whether a path leads to the receiver.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    Granted,
    Refused,
    /// A secret that nobody asked for is another path. A provider set up with it should hear so, not be taken in
    /// until the day a secret is configured.
    NoSuchPath,
}

fn admission(expected: Option<&SecretString>, given: Option<&str>) -> Admission {
    match (expected, given) {
        (None, None) => Admission::Granted,
        (None, Some(_)) => Admission::NoSuchPath,
        (Some(_), None) => Admission::Refused,
        (Some(expected), Some(given)) => {
            let expected = expected.expose_secret().as_bytes();
            if expected.ct_eq(given.as_bytes()).into() {
                Admission::Granted
            } else {
                Admission::Refused
            }
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_token_admits_a_webhook() {
        let token = SecretString::from("s3cret".to_owned());

        assert_eq!(admission(Some(&token), Some("s3cret")), Admission::Granted);
        for wrong in [Some("s3cre"), Some("s3cret2"), Some(""), None] {
            assert_eq!(admission(Some(&token), wrong), Admission::Refused);
        }
    }

    #[test]
    fn without_a_configured_token_there_is_no_path_with_one() {
        assert_eq!(admission(None, None), Admission::Granted);
        assert_eq!(admission(None, Some("anything")), Admission::NoSuchPath);
    }
}
