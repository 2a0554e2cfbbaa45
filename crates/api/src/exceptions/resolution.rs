//! `POST /v1/exceptions/{id}/resolution`: a person's answer, and what it changes.

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use domain::exception::{Misfit, Resolution};
use domain::uid::{AgreementId, ExceptionId, InstalmentId, PaymentId};
use domain::violation::Violation;
use flows::answer_exception::{answer_exception, resolutions};
use store::exceptions::{AnswerWrite, Answered, ExceptionFacts};

use super::not_found;
use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::fields::{Fields, TextRule, Violations};
use crate::openapi::{ExceptionProblems, ResolutionBody};
use crate::post::{self, Posted};

/// Reasons are kept and shown.
pub(super) const REASON: TextRule = TextRule {
    chars_max: 500,
    blank_ends: false,
};

/// An answered exception.
#[derive(Serialize, ToSchema)]
#[schema(as = ResolvedException)]
pub struct ResolvedBody {
    /// Its id.
    #[schema(example = "exc_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    exception_id: String,
    /// Its kind.
    #[schema(example = "late_settlement")]
    kind: String,
    /// How it was answered.
    #[schema(example = "collected")]
    resolution: &'static str,
    /// The plan it concerns.
    plan_id: Option<String>,
    /// Whether the plan was frozen, and goes on now: no other open exception freezes it.
    plan_goes_on: bool,
    /// The payment that the answer corrected.
    payment: Option<CorrectedPaymentBody>,
    /// The instalment that the answer moved.
    instalment: Option<CorrectedInstalmentBody>,
    /// The agreement that is proposed to the payer by the answer.
    agreement_id: Option<String>,
}

/// A payment as the answer left it.
#[derive(Serialize, ToSchema)]
#[schema(as = CorrectedPayment)]
pub struct CorrectedPaymentBody {
    /// Its id.
    id: String,
    /// Where it stands.
    #[schema(example = "settled")]
    state: &'static str,
}

/// An instalment as the answer left it.
#[derive(Serialize, ToSchema)]
#[schema(as = CorrectedInstalment)]
pub struct CorrectedInstalmentBody {
    /// Its id.
    id: String,
    /// Where it stands.
    #[schema(example = "collected")]
    state: &'static str,
}

/// Answer an exception
///
/// Which answers it takes stands in its `resolutions`. An answer corrects what was recorded and lets the plan go on; it
/// sends nothing by itself: what is collected again passes every check that a first collection does.
#[utoipa::path(
    post,
    path = "/v1/exceptions/{id}/resolution",
    tag = "exceptions",
    params(
        ("id" = String, Path, description = "The id"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key gives the same answer"),
    ),
    request_body = ResolutionBody,
    responses((status = 200, body = ResolvedBody), ExceptionProblems),
    security(("bearer" = []))
)]
pub async fn resolve(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let posting = match post::read(&state.store, caller, "resolve_exception", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let (resolution, reason) = parse(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let id: ExceptionId = id.parse().map_err(|_| not_found())?;

    let told = |facts: &ExceptionFacts, write: &AnswerWrite, goes_on: bool| {
        let text = serde_json::to_string(&body(facts, write, goes_on)).ok()?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    match answer_exception(&state.flows, id, resolution, &reason, &told).await? {
        Answered::NotFound => Err(not_found()),
        Answered::Replayed { status, body } => Ok(post::replayed(status, body)),
        Answered::KeyReused => Err(post::key_reused()),
        Answered::Closed(facts) => closed(&facts, posting.kept(&state.store).await?),
        Answered::Refused(facts, misfit) => Err(refused(&facts, misfit)),
        Answered::Done(facts, write, goes_on) => {
            serde_json::to_string(&body(&facts, &write, goes_on))
                .map(|text| post::written(StatusCode::OK, text))
                .map_err(|_| Problem::new(Code::Internal, "the answer cannot be written"))
        }
    }
}

/// Two requests under one key at once: the later is told what the earlier was.
pub(super) fn closed(facts: &ExceptionFacts, kept: Option<Response>) -> Result<Response, Problem> {
    kept.ok_or_else(|| {
        let word = facts.resolution.as_deref().unwrap_or_default();
        let detail = format!("the exception was answered before, with {word}");
        Problem::new(Code::ExceptionClosed, detail)
    })
}

fn refused(facts: &ExceptionFacts, misfit: Misfit) -> Problem {
    let detail = match misfit {
        Misfit::OtherAnswers => {
            let answers = resolutions(&facts.kind, &facts.subject).iter();
            let words: Vec<&str> = answers.map(|answer| answer.as_str()).collect();
            format!("{} takes the resolution {}", facts.kind, words.join(" or "))
        }
        Misfit::OtherPaymentLive => {
            "another payment for the instalment lives or has settled".to_owned()
        }
        Misfit::PlanEnded => "the plan has ended, and collects nothing any more".to_owned(),
        Misfit::MovedOn => {
            "payment, instalment or plan moved on since: read the exception again".to_owned()
        }
        Misfit::NothingToPropose => {
            "the instalments to come fit no agreement from today; cancel the plan".to_owned()
        }
    };
    Problem::new(Code::ResolutionDoesNotFit, detail)
}

fn parse(body: &Value) -> Result<(Resolution, String), Vec<Violation>> {
    let violations = Violations::default();
    let words: Vec<&str> = Resolution::ALL
        .iter()
        .filter(|word| **word != Resolution::ByItself)
        .map(|word| word.as_str())
        .collect();
    let parsed = Fields::of(body, String::new(), &violations).map(|fields| {
        let known = |word: &str| {
            let known = words.contains(&word);
            known.then(|| Resolution::parse(word)).flatten()
        };
        let resolution = fields.word("resolution", known, &words);
        let resolution = fields.required("resolution", resolution);
        let reason = fields.required("reason", fields.text("reason", REASON));
        fields.finish();
        (resolution, reason)
    });
    match parsed {
        Some((Some(resolution), Some(reason))) if violations.is_empty() => {
            Ok((resolution, reason.to_owned()))
        }
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn body(facts: &ExceptionFacts, write: &AnswerWrite, goes_on: bool) -> ResolvedBody {
    let payment = write.payment.map(|payment| CorrectedPaymentBody {
        id: PaymentId::to_string(&payment.id),
        state: payment.to.as_str(),
    });
    let instalment = write
        .instalment
        .as_ref()
        .map(|step| CorrectedInstalmentBody {
            id: InstalmentId::to_string(&step.id),
            state: step.to.as_str(),
        });
    let draft = write.draft.as_ref();
    ResolvedBody {
        exception_id: facts.id.to_string(),
        kind: facts.kind.clone(),
        resolution: write.resolution.as_str(),
        plan_id: facts.plan_id.map(|id| id.to_string()),
        plan_goes_on: goes_on,
        payment,
        instalment,
        agreement_id: draft.map(|draft| AgreementId::to_string(&draft.new.id)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_a_known_word_and_a_reason() {
        let given = json!({"resolution": "collected", "reason": "bank statement of 12 January"});
        let (resolution, reason) = parse(&given).unwrap();
        assert_eq!(resolution, Resolution::Collected);
        assert_eq!(reason, "bank statement of 12 January");

        for body in [
            json!({}),
            json!({"resolution": "collected"}),
            json!({"reason": "because"}),
            json!({"resolution": "by_itself", "reason": "because"}),
            json!({"resolution": "forgiven", "reason": "because"}),
            json!({"resolution": "collected", "reason": ""}),
            json!({"resolution": "collected", "reason": "x".repeat(501)}),
            json!({"resolution": "collected", "reason": "because", "more": 1}),
            json!([]),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
