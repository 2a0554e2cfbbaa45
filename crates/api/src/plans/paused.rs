//! `POST /v1/plans/{id}/pause` and `…/resumption`: nothing new is sent while a plan is paused.

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use domain::date::{BusinessDate, Instant};
use domain::plan;
use domain::uid::PlanId;
use domain::violation::Violation;
use flows::pause_plan::{pause_plan, resume_plan};
use store::plans::{Change, Pause, PauseOutcome, PlanToPause};
use store::views::plans::PauseView;

use super::cancellation::{InFlightBody, in_flight_body};
use super::{find_id, not_found};
use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::collections::REASON;
use crate::error::Problem;
use crate::fields::{Fields, Violations};
use crate::openapi::{NewPauseBody, NewResumptionBody, PauseProblems};
use crate::page::instant_text;
use crate::post::{self, Posted};

/// The pause of a plan that is paused.
#[derive(Serialize, ToSchema)]
#[schema(as = Pause)]
pub struct PauseBody {
    /// The date on which the plan goes on by itself, in Sydney; null where only a resumption does it.
    #[schema(example = "2026-03-01", format = Date)]
    until: Option<String>,
    /// Why, in the words of whoever paused it.
    #[schema(example = "hardship arrangement")]
    reason: String,
    /// Since when, in UTC.
    #[schema(example = "2026-01-21T08:43:00.000Z")]
    since: String,
}

/// The pause as it is written in a plan.
pub fn pause_body(pause: PauseView) -> PauseBody {
    PauseBody {
        until: pause.until.map(|until| until.to_string()),
        reason: pause.reason,
        since: instant_text(pause.since),
    }
}

/// A plan that was paused or resumed.
#[derive(Serialize, ToSchema)]
#[schema(as = PausedPlan)]
pub struct PausedBody {
    /// The plan's id.
    #[schema(example = "pln_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    plan_id: String,
    /// Where it stands now: `paused`; once resumed `active`, `awaiting_agreement` or `blocked`.
    #[schema(example = "paused")]
    state: &'static str,
    /// The date on which it goes on by itself, in Sydney; null where only a resumption does it.
    #[schema(example = "2026-03-01", format = Date)]
    until: Option<String>,
    /// Payments whose request had started: each ends by itself, and is told when it does.
    payments_in_flight: Vec<InFlightBody>,
}

/// Pause a plan
///
/// Once this has answered, no new request leaves for the plan until it is resumed, or until the date given:
/// payments under way are named. What falls due meanwhile waits as long as its period allows, and is missed and
/// told after that; two are never made where the agreement allows one. A pause of a paused plan replaces it.
#[utoipa::path(
    post,
    path = "/v1/plans/{id}/pause",
    tag = "plans",
    params(
        ("id" = String, Path, description = "The id, or `external:` and your reference"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key gives the same answer; without one, a repetition tells how it stands"),
    ),
    request_body = NewPauseBody,
    responses((status = 200, body = PausedBody), PauseProblems),
    security(("bearer" = []))
)]
pub async fn pause(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = find_id(&state, &id).await?;
    let posting = match post::read(&state.store, caller, "pause_plan", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let wanted = parse_pause(&posting.body, state.clock.now())
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let id = id.ok_or_else(not_found)?;

    let answer = |facts: &PlanToPause, decided: Option<&Change>| {
        let text = answer_text(id, facts, decided, plan::Event::Paused)?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    let outcome = pause_plan(&state.flows, id, &wanted, &answer).await?;
    answered(id, outcome, plan::Event::Paused)
}

/// Resume a plan
///
/// What the pause held back is looked at at once. A plan whose agreement was lost meanwhile is `blocked`.
#[utoipa::path(
    post,
    path = "/v1/plans/{id}/resumption",
    tag = "plans",
    params(
        ("id" = String, Path, description = "The id, or `external:` and your reference"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key gives the same answer; without one, a repetition tells how it stands"),
    ),
    request_body = NewResumptionBody,
    responses((status = 200, body = PausedBody), PauseProblems),
    security(("bearer" = []))
)]
pub async fn resume(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = find_id(&state, &id).await?;
    let posting = match post::read(&state.store, caller, "resume_plan", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let reason = parse_resumption(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let id = id.ok_or_else(not_found)?;

    let answer = |facts: &PlanToPause, decided: Option<&Change>| {
        let text = answer_text(id, facts, decided, plan::Event::Resumed)?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    let outcome = resume_plan(&state.flows, id, &reason, &answer).await?;
    answered(id, outcome, plan::Event::Resumed)
}

fn parse_pause(body: &Value, now: Instant) -> Result<Pause, Vec<Violation>> {
    let violations = Violations::default();
    let pause = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let reason = fields.required("reason", fields.text("reason", REASON));
        let until = fields.date("until");
        if until.is_some_and(|until| until <= BusinessDate::of_instant(now)) {
            fields.refuse(
                "until",
                "not_in_future",
                "until is a date after today, in Sydney",
            );
        }
        fields.finish();
        let reason = reason?.to_owned();
        Some(Pause { until, reason })
    });
    match pause {
        Some(pause) if violations.is_empty() => Ok(pause),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn parse_resumption(body: &Value) -> Result<String, Vec<Violation>> {
    let violations = Violations::default();
    let reason = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let reason = fields.required("reason", fields.text("reason", REASON));
        fields.finish();
        reason.map(str::to_owned)
    });
    match reason {
        Some(reason) if violations.is_empty() => Ok(reason),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn answered(id: PlanId, outcome: PauseOutcome, asked: plan::Event) -> Result<Response, Problem> {
    match outcome {
        PauseOutcome::NotFound => Err(not_found()),
        PauseOutcome::Replayed { status, body } => Ok(post::replayed(status, body)),
        PauseOutcome::KeyReused => Err(post::key_reused()),
        PauseOutcome::Decided(facts, decided) => answer_text(id, &facts, decided.as_ref(), asked)
            .map(|text| post::written(StatusCode::OK, text))
            .ok_or_else(|| refused(facts.state)),
    }
}

/// The answer, written out; nothing for a plan that cannot be paused, or resumed, where it stands.
fn answer_text(
    id: PlanId,
    facts: &PlanToPause,
    decided: Option<&Change>,
    asked: plan::Event,
) -> Option<String> {
    let stands_so = facts.state.step(asked) == domain::payment::Step::Ignore;
    if decided.is_none() && !stands_so {
        return None;
    }
    let state = decided.map_or(facts.state, |change| change.to);
    let pause = match decided {
        Some(change) => change.pause.as_ref(),
        None => facts.pause.as_ref(),
    };
    let body = PausedBody {
        plan_id: id.to_string(),
        state: state.as_str(),
        until: pause.and_then(|pause| pause.until.map(|until| until.to_string())),
        payments_in_flight: facts.in_flight.iter().map(in_flight_body).collect(),
    };
    serde_json::to_string(&body).ok()
}

fn refused(state: plan::State) -> Problem {
    let code = match state.is_final() {
        true => Code::PlanEnded,
        false => Code::PlanStateConflict,
    };
    Problem::new(code, format!("the plan is {state}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Instant {
        "2026-01-05T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_pause_has_a_reason_and_ends_after_today_or_by_a_persons_word() {
        let parsed = |body| parse_pause(&body, now());

        let open = parsed(json!({ "reason": "hardship" })).unwrap();
        assert_eq!(open.until, None);
        let dated = parsed(json!({ "reason": "hardship", "until": "2026-01-06" })).unwrap();
        assert_eq!(
            dated.until.map(|date| date.to_string()).unwrap(),
            "2026-01-06"
        );
        for body in [
            json!({}),
            json!({ "until": "2026-01-06" }),
            json!({ "reason": "hardship", "until": "2026-01-05" }),
            json!({ "reason": "hardship", "until": "soon" }),
            json!({ "reason": "", "until": "2026-01-06" }),
            json!({ "reason": "hardship", "till": "2026-01-06" }),
            json!("hardship"),
        ] {
            assert!(parsed(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_resumption_has_a_reason() {
        assert!(parse_resumption(&json!({ "reason": "arrears agreed" })).is_ok());
        for body in [
            json!({}),
            json!({ "reason": 1 }),
            json!({ "reason": "x", "until": null, "by": 1 }),
        ] {
            assert!(parse_resumption(&body).is_err(), "{body}");
        }
    }
}
