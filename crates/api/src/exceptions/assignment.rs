//! `POST /v1/exceptions/{id}/assignment`: who takes care of it.

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use domain::uid::ExceptionId;
use domain::violation::Violation;
use flows::answer_exception::assign_exception;
use store::exceptions::{AssignmentOutcome, ExceptionFacts};

use super::{not_found, resolution};
use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::fields::{Fields, TextRule, Violations};
use crate::openapi::{AssignmentBody, ExceptionProblems};
use crate::post::{self, Posted};

const OWNER: TextRule = TextRule {
    chars_max: 100,
    blank_ends: false,
};

/// An exception with its owner.
#[derive(Serialize, ToSchema)]
#[schema(as = AssignedException)]
pub struct AssignedBody {
    /// Its id.
    #[schema(example = "exc_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    exception_id: String,
    /// Who takes care of it.
    #[schema(example = "collections-team")]
    owner: String,
}

/// Give an exception an owner
///
/// In the place of whoever had it. Safe to repeat.
#[utoipa::path(
    post,
    path = "/v1/exceptions/{id}/assignment",
    tag = "exceptions",
    params(
        ("id" = String, Path, description = "The id"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key gives the same answer"),
    ),
    request_body = AssignmentBody,
    responses((status = 200, body = AssignedBody), ExceptionProblems),
    security(("bearer" = []))
)]
pub async fn assign(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let posting = match post::read(&state.store, caller, "assign_exception", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let owner = parse(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let id: ExceptionId = id.parse().map_err(|_| not_found())?;

    let taken = |facts: &ExceptionFacts| {
        let text = serde_json::to_string(&body(facts)).ok()?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    match assign_exception(&state.flows, id, &owner, &taken).await? {
        AssignmentOutcome::NotFound => Err(not_found()),
        AssignmentOutcome::Replayed { status, body } => Ok(post::replayed(status, body)),
        AssignmentOutcome::KeyReused => Err(post::key_reused()),
        AssignmentOutcome::Closed(facts) => {
            resolution::closed(&facts, posting.kept(&state.store).await?)
        }
        AssignmentOutcome::Done(facts) => serde_json::to_string(&body(&facts))
            .map(|text| post::written(StatusCode::OK, text))
            .map_err(|_| Problem::new(Code::Internal, "the answer cannot be written")),
    }
}

fn parse(body: &Value) -> Result<String, Vec<Violation>> {
    let violations = Violations::default();
    let owner = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let owner = fields.required("owner", fields.text("owner", OWNER));
        fields.finish();
        owner.map(str::to_owned)
    });
    match owner {
        Some(owner) if violations.is_empty() => Ok(owner),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn body(facts: &ExceptionFacts) -> AssignedBody {
    AssignedBody {
        exception_id: facts.id.to_string(),
        owner: facts.owner.clone().unwrap_or_default(),
    }
}
