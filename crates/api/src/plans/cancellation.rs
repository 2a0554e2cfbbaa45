//! `POST /v1/plans/{id}/cancellation`: sending has stopped when this answers.

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use domain::agreement;
use domain::uid::PlanId;
use domain::violation::Violation;
use flows::cancel_plan::cancel_plan;
use flows::provider::{cancel_reasons, is_cancel_reason};
use store::agreements::{AgreementEnd, InFlightPayment, PlanCancel, PlanCancelled, PlanToCancel};

use super::{find_id, not_found};
use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::fields::{Fields, Violations};
use crate::openapi::{CancelProblems, CancellationBody};
use crate::post::{self, Posted};

/// A plan that is cancelled.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledPlan)]
pub struct CancelledBody {
    /// The plan's id.
    #[schema(example = "pln_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    plan_id: String,
    /// Always `cancelled`.
    #[schema(example = "cancelled")]
    state: &'static str,
    /// How many instalments this request cancelled.
    #[schema(example = 11)]
    instalments_cancelled: usize,
    /// Payments whose request had started: each ends by itself, and is told when it does. Nothing else is sent.
    payments_in_flight: Vec<InFlightBody>,
    /// The agreement, which is cancelled at the provider.
    agreement: EndingAgreementBody,
}

/// A payment under way when it was told to stop.
#[derive(Serialize, ToSchema)]
#[schema(as = InFlightPayment)]
pub struct InFlightBody {
    /// Its id.
    #[schema(example = "pay_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its uid at the provider.
    uid: String,
    /// The instalment it collects.
    #[schema(example = "ins_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    instalment_id: String,
    /// Where it stands, such as `sending` or `submitted`.
    #[schema(example = "submitted")]
    state: &'static str,
}

/// An agreement that ends with its plan.
#[derive(Serialize, ToSchema)]
#[schema(as = EndingAgreement)]
pub struct EndingAgreementBody {
    /// Its id.
    #[schema(example = "agr_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its uid at the provider.
    uid: String,
    /// Where it stands.
    #[schema(example = "active")]
    state: &'static str,
    /// `requested`: the provider is asked to cancel it until it has ended. `ended`: it had ended, or nothing of
    /// it was at the provider.
    #[schema(example = "requested")]
    cancellation: &'static str,
}

/// Cancel a plan
///
/// Once this has answered, no new request leaves for the plan; payments under way are named. The agreement is
/// cancelled at the provider, which may take a while: `agreement.cancelled` tells of it. Safe to repeat.
#[utoipa::path(
    post,
    path = "/v1/plans/{id}/cancellation",
    tag = "plans",
    params(
        ("id" = String, Path, description = "The id, or `external:` and your reference"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key gives the same answer; without one, a repetition tells how it stands"),
    ),
    request_body = CancellationBody,
    responses((status = 200, body = CancelledBody), CancelProblems),
    security(("bearer" = []))
)]
pub async fn cancel(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = find_id(&state, &id).await?;
    let posting = match post::read(&state.store, caller, "cancel_plan", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let reason = parse(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let id = id.ok_or_else(not_found)?;

    let answer = |facts: &PlanToCancel, decided: Option<&PlanCancel>| {
        let text = answer_text(id, facts, decided)?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    match cancel_plan(&state.flows, id, &reason, &answer).await? {
        PlanCancelled::NotFound => Err(not_found()),
        PlanCancelled::Replayed { status, body } => Ok(post::replayed(status, body)),
        PlanCancelled::KeyReused => Err(post::key_reused()),
        PlanCancelled::Decided(facts, decided) => answer_text(id, &facts, decided.as_ref())
            .map(|text| post::written(StatusCode::OK, text))
            .ok_or_else(|| {
                let detail = format!("the plan is {}", facts.state);
                Problem::new(Code::PlanEnded, detail)
            }),
    }
}

fn parse(body: &Value) -> Result<String, Vec<Violation>> {
    let violations = Violations::default();
    let words: Vec<&str> = cancel_reasons().collect();
    let reason = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let known = |word: &str| is_cancel_reason(word).then(|| word.to_owned());
        let reason = fields.required("reason", fields.word("reason", known, &words));
        fields.finish();
        reason
    });
    match reason {
        Some(reason) if violations.is_empty() => Ok(reason),
        Some(_) | None => Err(violations.into_vec()),
    }
}

/// The answer, written out; nothing for a plan that has ended another way.
fn answer_text(id: PlanId, facts: &PlanToCancel, decided: Option<&PlanCancel>) -> Option<String> {
    let is_cancelled = facts.state == domain::plan::State::Cancelled;
    if decided.is_none() && !is_cancelled {
        return None;
    }
    let stands = match decided.map(|cancel| cancel.agreement) {
        Some(AgreementEnd::TakenBack(to)) => to,
        Some(AgreementEnd::Ended | AgreementEnd::Cancelled) | None => facts.agreement.state,
    };
    let body = CancelledBody {
        plan_id: id.to_string(),
        state: domain::plan::State::Cancelled.as_str(),
        instalments_cancelled: decided.map_or(0, |cancel| cancel.instalments.len()),
        payments_in_flight: facts.in_flight.iter().map(in_flight_body).collect(),
        agreement: EndingAgreementBody {
            id: facts.agreement.id.to_string(),
            uid: facts.agreement.uid.to_string(),
            state: stands.as_str(),
            cancellation: cancellation_word(stands),
        },
    };
    serde_json::to_string(&body).ok()
}

const fn cancellation_word(stands: agreement::State) -> &'static str {
    if stands.is_terminal() {
        "ended"
    } else {
        "requested"
    }
}

/// A payment under way, as every stop names it.
pub(crate) fn in_flight_body(payment: &InFlightPayment) -> InFlightBody {
    InFlightBody {
        id: payment.id.to_string(),
        uid: payment.uid.to_string(),
        instalment_id: payment.instalment_id.to_string(),
        state: payment.state.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_reason_of_the_provider_is_taken_and_no_other() {
        for word in cancel_reasons() {
            assert_eq!(parse(&json!({ "reason": word })), Ok(word.to_owned()));
        }
        for body in [
            json!({}),
            json!({"reason": "because"}),
            json!({"reason": 7}),
            json!({"reason": "customer_requested", "narrative": "x"}),
            json!([]),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
