//! `/v1/webhooks/oligo`: takes what the provider sends, keeps it, answers. It is understood later.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use subtle::{Choice, ConstantTimeEq as _};
use tracing::Instrument as _;
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
/// How long the sender waits at most, once its body is here: it counts late answers as none.
const KEPT_WITHIN: Duration = Duration::from_millis(400);

/// How webhooks are received.
#[derive(Clone, Debug, Default)]
pub struct WebhookConfig {
    /// The secrets of which one stands at the end of the receiver's path, several while one is being replaced;
    /// without any, anyone may leave a hint.
    ///
    /// A hint is all that a webhook is: the provider is asked before anything is believed.
    pub path_tokens: Vec<SecretString>,
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
    match admission(&state.webhook.path_tokens, token.as_deref()) {
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

    // A task of its own: the answer may come before it has ended, and it ends all the same.
    let keeping = async move {
        let arrived = Arrived {
            provider: "oligo",
            request_id: request_id.as_deref(),
            signature: signature.as_deref(),
            raw: &raw,
        };
        receive_webhook(&state.flows, arrived).await
    };
    let keeping = tokio::spawn(keeping.in_current_span());
    match tokio::time::timeout(KEPT_WITHIN, keeping).await {
        Ok(Ok(Ok(_))) => Ok(Json(Kept { received: true })),
        Ok(Ok(Err(ReceiveError::BadSignature))) => Err(refused()),
        Ok(Ok(Err(ReceiveError::Store(error)))) => Err(Problem::from(error)),
        Ok(Err(_)) => Err(Problem::new(Code::Internal, "the webhook was not kept")),
        Err(_) => {
            tracing::warn!("a webhook was not kept in time; its sender is asked to send it again");
            let detail = "the webhook is not kept yet; send it again";
            Err(Problem::new(Code::Unavailable, detail))
        }
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

fn admission(expected: &[SecretString], given: Option<&str>) -> Admission {
    match (expected, given) {
        ([], None) => Admission::Granted,
        ([], Some(_)) => Admission::NoSuchPath,
        ([_, ..], None) => Admission::Refused,
        (expected, Some(given)) => {
            let mut matched = Choice::from(0);
            for secret in expected {
                // An empty one admits nobody, as if it were not there.
                let secret = secret.expose_secret().as_bytes();
                matched |=
                    secret.ct_eq(given.as_bytes()) & !Choice::from(u8::from(secret.is_empty()));
            }
            if matched.into() {
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
        let token = [SecretString::from("s3cret".to_owned())];

        assert_eq!(admission(&token, Some("s3cret")), Admission::Granted);
        for wrong in [Some("s3cre"), Some("s3cret2"), Some(""), None] {
            assert_eq!(admission(&token, wrong), Admission::Refused);
        }
    }

    #[test]
    fn while_a_token_is_replaced_the_old_and_the_new_one_admit() {
        let tokens = ["old-token", "new-token", ""].map(SecretString::from);

        for good in ["old-token", "new-token"] {
            assert_eq!(admission(&tokens, Some(good)), Admission::Granted);
        }
        for wrong in [Some("old-tokennew-token"), Some(""), None] {
            assert_eq!(admission(&tokens, wrong), Admission::Refused);
        }
    }

    #[test]
    fn without_a_configured_token_there_is_no_path_with_one() {
        assert_eq!(admission(&[], None), Admission::Granted);
        assert_eq!(admission(&[], Some("anything")), Admission::NoSuchPath);
    }
}
