//! What every POST with a JSON body has in common: its media type, its size, its `Idempotency-Key`.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use store::Store;
use store::idempotency::{Claimed, Created, IdempotencyClaim, IdempotentRequest};

use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::json;

/// The header under which a caller makes a POST safe to repeat.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const KEY_CHARS_MAX: usize = 255;
const BODY_DEADLINE: Duration = Duration::from_secs(15);

/// A POST as it was read.
pub enum Posted {
    /// It was answered before: the same answer again.
    Answered(Response),
    /// It is to be done.
    Fresh(Posting),
}

/// A POST to be done.
pub struct Posting {
    /// The body.
    pub body: Value,
    idempotent: Option<IdempotentRequest>,
}

impl Posting {
    /// The answer, written out, and the claim with which it commits.
    ///
    /// # Errors
    ///
    /// Fails when the answer cannot be written as JSON, which would be a defect.
    pub fn answer(
        self,
        store: &Store,
        answer: &impl Serialize,
    ) -> Result<(String, Option<IdempotencyClaim>), Problem> {
        let text = serde_json::to_string(answer).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Problem::new(Code::Internal, "the answer cannot be written")
        })?;
        let status = StatusCode::CREATED.as_u16();
        let claim = self
            .idempotent
            .map(|request| store.idempotency_claim(request, status, text.clone()));
        Ok((text, claim))
    }
}

impl Posting {
    /// The claim with which an answer commits that is known only there.
    pub fn claim(
        &self,
        store: &Store,
        status: StatusCode,
        answer: &str,
    ) -> Option<IdempotencyClaim> {
        let request = self.idempotent.clone()?;
        Some(store.idempotency_claim(request, status.as_u16(), answer.to_owned()))
    }

    /// What was answered under its key since it was read, if anything was.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or the key belongs to another request.
    pub async fn kept(&self, store: &Store) -> Result<Option<Response>, Problem> {
        let Some(request) = &self.idempotent else {
            return Ok(None);
        };
        match store.idempotent_answer(request).await? {
            None | Some(Claimed::Fresh) => Ok(None),
            Some(Claimed::Replay { status, body }) => Ok(Some(replayed(status, body))),
            Some(Claimed::OtherRequest) => Err(key_reused()),
        }
    }
}

/// Reads a POST that asks for `operation`.
///
/// # Errors
///
/// Tells what is wrong with its headers or its body, or that its key belongs to another request.
pub async fn read(
    store: &Store,
    caller: Caller,
    operation: &'static str,
    request: Request,
) -> Result<Posted, Problem> {
    expect_json(request.headers())?;
    let key = idempotency_key(request.headers())?;
    let path = request.uri().path().to_owned();
    let bytes = body_of(request).await?;

    let idempotent = key.map(|key| IdempotentRequest {
        api_key_id: caller.0,
        key,
        operation,
        request_sha256: digest(&path, &bytes),
    });
    if let Some(request) = &idempotent {
        match store.idempotent_answer(request).await? {
            None | Some(Claimed::Fresh) => {}
            Some(Claimed::Replay { status, body }) => {
                return Ok(Posted::Answered(replayed(status, body)));
            }
            Some(Claimed::OtherRequest) => return Err(key_reused()),
        }
    }

    // The message tells a place and what stood there, never a value.
    let body =
        json::read(&bytes).map_err(|error| Problem::new(Code::MalformedJson, error.to_string()))?;
    Ok(Posted::Fresh(Posting { body, idempotent }))
}

/// What tells a request from another under the same key. Where it is about one object, its path belongs to it: the
/// same body sent to another object is another request.
fn digest(path: &str, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    if 3 < path.split('/').count() {
        digest.update(path);
        digest.update([0]);
    }
    digest.update(body);
    digest.finalize().into()
}

/// The answer to a creation.
///
/// # Errors
///
/// Tells why nothing was created; `show_id` writes the id of whoever holds the external id.
pub fn created(
    outcome: Created,
    answer: String,
    show_id: impl Fn(uuid::Uuid) -> String,
) -> Result<Response, Problem> {
    match outcome {
        Created::Done => Ok(written(StatusCode::CREATED, answer)),
        Created::Replayed { status, body } => Ok(replayed(status, body)),
        Created::KeyReused => Err(key_reused()),
        Created::ExternalIdTaken { id } => Err(Problem::external_id_taken(show_id(id))),
    }
}

/// The whole body of a request, within the limits of its route.
///
/// # Errors
///
/// Tells that it is too large, or did not arrive in time.
pub async fn body_of(request: Request) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_DEADLINE, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::new(
                Code::BodyTooLarge,
                "the body is larger than this route takes",
            ))
        }
        Ok(Err(_)) => Err(Problem::new(Code::MalformedRequest, "the body broke off")),
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            "send the whole body within 15 s",
        )),
    }
}

pub(crate) fn written(status: StatusCode, body: String) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

pub(crate) fn replayed(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED);
    let mut response = written(status, body);
    response
        .headers_mut()
        .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

pub(crate) fn key_reused() -> Problem {
    let detail = "the Idempotency-Key was used for a request with another path or body";
    Problem::new(Code::IdempotencyKeyReused, detail)
}

fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = given
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "send Content-Type: application/json",
    ))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key
            .as_bytes()
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~'));
    match key.to_str() {
        Ok(key) if fits && keys.next().is_none() => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => {
            let detail = "Idempotency-Key is given once, as 1 to 255 printable ASCII characters";
            Err(Problem::new(Code::MalformedRequest, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_same_body_for_another_object_is_another_request() {
        let body = br#"{"reason": "hardship"}"#;
        let paths = ["/v1/plans/pln_1/pause", "/v1/plans/pln_2/pause"];
        let [one, two] = paths.map(|path| digest(path, body));
        assert_ne!(one, two);
        assert_eq!(digest("/v1/plans", body), digest("/v1/customers", body));
    }

    #[test]
    fn a_body_is_json_by_its_media_type() {
        let with = |value| expect_json(&headers(header::CONTENT_TYPE, &[value])).is_ok();

        assert!(with("application/json"));
        assert!(with("Application/JSON; charset=utf-8"));
        assert!(!with("text/plain"));
        assert!(!with("application/jsonp"));
        assert!(expect_json(&HeaderMap::new()).is_err());
    }

    #[test]
    fn an_idempotency_key_is_given_once_and_is_printable() {
        let of = |values: &[&str]| idempotency_key(&headers(IDEMPOTENCY_KEY, values));

        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&["k 1"]).unwrap(), Some("k 1".to_owned()));
        assert_eq!(of(&[&"k".repeat(255)]).unwrap(), Some("k".repeat(255)));
        assert!(of(&[""]).is_err());
        assert!(of(&[&"k".repeat(256)]).is_err());
        assert!(of(&["a", "b"]).is_err());
        assert!(of(&["ké"]).is_err());
    }
}
