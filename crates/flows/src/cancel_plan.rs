//! Cancels a plan: sending has stopped when this returns; the agreement follows at the provider.

use serde_json::json;
use tracing::instrument;

use domain::agreement;
use domain::date::Instant;
use domain::payment::Step;
use domain::uid::PlanId;
use domain::{instalment, plan};
use store::StoreError;
use store::agreements::{AgreementEnd, PlanCancel, PlanCancelled, PlanToCancel};
use store::idempotency::IdempotencyClaim;
use store::instalments::InstalmentMove;

use crate::Deps;
use crate::cancel_agreements::in_flight_told;
use crate::clock::fresh_uuid;
use crate::tell::event;

/// Why an open instalment of a cancelled plan ended.
pub(crate) const PLAN_CANCELLED: &str = "plan_cancelled";

/// Cancels a plan for `reason`, one of the provider's words. What is not sent when this returns is never sent;
/// payments under way are named, and recorded truly however they end. A plan that is cancelled already stays so.
///
/// `answer` makes the claim under which the answer is kept, in the same commit.
///
/// # Errors
///
/// Fails when the database does; then nothing is cancelled.
#[instrument(skip_all, fields(plan.id = %id))]
pub async fn cancel_plan(
    deps: &Deps,
    id: PlanId,
    reason: &str,
    answer: &(dyn Fn(&PlanToCancel, Option<&PlanCancel>) -> Option<IdempotencyClaim> + Send + Sync),
) -> Result<PlanCancelled, StoreError> {
    let now = deps.clock.now();
    deps.store
        .cancel_plan(
            id,
            reason,
            now,
            fresh_uuid,
            &|facts| decide(id, facts, reason, now),
            answer,
        )
        .await
}

/// What the cancellation of a plan means for all that belongs to it; nothing where it has ended.
fn decide(id: PlanId, facts: &PlanToCancel, reason: &str, now: Instant) -> Option<PlanCancel> {
    let Step::Advance(to) = facts.state.step(plan::Event::Cancelled) else {
        return None;
    };
    tracing::info!(plan.id = %id, reason, at = %now, "a plan is cancelled");
    let told = json!({
        "reason": reason,
        "instalments_cancelled": moves(id, facts).len(),
        "payments_in_flight": in_flight_told(&facts.in_flight),
    });
    let mut events = vec![event("plan.cancelled", id, told)];
    let agreement = agreement_end(facts.agreement.state);
    if let AgreementEnd::TakenBack(_) = agreement {
        let told = json!({
            "agreement_id": facts.agreement.id.to_string(),
            "agreement_uid": facts.agreement.uid.to_string(),
            "reason_code": null,
        });
        events.push(event("agreement.cancelled", id, told));
    }
    Some(PlanCancel {
        to,
        agreement,
        instalments: moves(id, facts),
        events,
    })
}

/// A draft of which nothing has left is taken back; what has ended stays; everything else is cancelled there.
fn agreement_end(state: agreement::State) -> AgreementEnd {
    match state.step(agreement::Event::Withdrawn) {
        Step::Advance(to) => AgreementEnd::TakenBack(to),
        Step::Ignore => AgreementEnd::Ended,
        Step::Conflict => AgreementEnd::Cancelled,
    }
}

/// An instalment whose payment is under way keeps its state until that payment has ended.
fn moves(id: PlanId, facts: &PlanToCancel) -> Vec<InstalmentMove> {
    let steps = facts.instalments.iter().filter_map(|open| {
        let Step::Advance(to) = open.state.step(instalment::Event::Cancelled) else {
            return None;
        };
        Some(InstalmentMove {
            id: open.id,
            plan_id: id,
            version: open.version,
            from: open.state,
            to,
            wake_at: None,
            waiting_because: None,
            ended_because: Some(PLAN_CANCELLED.to_owned()),
            cause: PLAN_CANCELLED,
        })
    });
    steps.collect()
}
