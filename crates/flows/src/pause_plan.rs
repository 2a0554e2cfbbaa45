//! Pauses a plan and resumes it: on the lender's word, or by itself on the date until which it was paused.

use std::collections::BTreeSet;

use serde_json::json;
use tracing::instrument;

use domain::agreement;
use domain::date::{BusinessDate, Instant};
use domain::payment::Step;
use domain::plan;
use domain::uid::PlanId;
use store::StoreError;
use store::agreements::AgreementRow;
use store::exceptions::NewException;
use store::idempotency::IdempotencyClaim;
use store::plans::{Change, Pause, PauseOutcome, PlanToPause};

use crate::cancel_agreements::in_flight_told;
use crate::tell::{event, exception};
use crate::{Deps, FlowError};

/// Makes the claim under which an answer is kept, in the same commit.
type Answer<'a> =
    dyn Fn(&PlanToPause, Option<&Change>) -> Option<IdempotencyClaim> + Send + Sync + 'a;

/// Pauses a plan. What is not sent when this returns is not sent until the plan goes on; payments under way are
/// named. Of a plan that is paused already, the newest word holds: until when, and why.
///
/// What falls due meanwhile waits as long as its room lasts, as whatever is held back does; what could not be
/// collected by then is missed, and told. Nothing is made up for by two payments where the terms allow one.
///
/// # Errors
///
/// Fails when the database does; then the plan is not paused.
#[instrument(skip_all, fields(plan.id = %id))]
pub async fn pause_plan(
    deps: &Deps,
    id: PlanId,
    pause: &Pause,
    answer: &Answer<'_>,
) -> Result<PauseOutcome, StoreError> {
    let now = deps.clock.now();
    let decide = |facts: &PlanToPause| paused(id, facts, pause);
    deps.store.pause_or_resume(id, now, &decide, answer).await
}

/// Resumes a plan for `reason`: what it held back is looked at now. A plan that is not paused stays as it is.
///
/// # Errors
///
/// Fails when the database does; then the plan stands as it stood.
#[instrument(skip_all, fields(plan.id = %id))]
pub async fn resume_plan(
    deps: &Deps,
    id: PlanId,
    reason: &str,
    answer: &Answer<'_>,
) -> Result<PauseOutcome, StoreError> {
    let now = deps.clock.now();
    let decide = |facts: &PlanToPause| resumed(id, facts, "resumed_by_lender", Some(reason));
    deps.store.pause_or_resume(id, now, &decide, answer).await
}

/// Resumes the plans of these agreements whose pause is over by its own date. Answers whether there were any.
pub(crate) async fn resume_what_is_over(
    deps: &Deps,
    rows: &[AgreementRow],
) -> Result<bool, FlowError> {
    let now = deps.clock.now();
    let over = rows.iter().filter(|row| is_over(row.plan_resumes_at, now));
    let plans: BTreeSet<PlanId> = over.map(|row| row.plan_id).collect();
    for id in &plans {
        let decide = |facts: &PlanToPause| {
            let until = facts.pause.as_ref().and_then(|pause| pause.until);
            // Read afresh: it may have been paused for longer since.
            is_over(until.map(BusinessDate::opens_at), now)
                .then(|| resumed(*id, facts, "pause_over", None))
                .flatten()
        };
        deps.store
            .pause_or_resume(*id, now, &decide, &|_, _| None)
            .await?;
    }
    Ok(!plans.is_empty())
}

fn is_over(resumes_at: Option<Instant>, now: Instant) -> bool {
    resumes_at.is_some_and(|at| at <= now)
}

fn paused(id: PlanId, facts: &PlanToPause, pause: &Pause) -> Option<Change> {
    let to = match facts.state.step(plan::Event::Paused) {
        Step::Advance(to) => to,
        Step::Ignore if facts.pause.as_ref() != Some(pause) => facts.state,
        Step::Ignore | Step::Conflict => return None,
    };
    let told = json!({
        "until": pause.until.map(|until| until.to_string()),
        "reason": pause.reason,
        "payments_in_flight": in_flight_told(&facts.in_flight),
    });
    Some(Change {
        to,
        pause: Some(pause.clone()),
        cause: "paused_by_lender",
        events: vec![event("plan.paused", id, told)],
        exceptions: Vec::new(),
    })
}

/// A plan goes on from where its agreement stands by now: a pause outlasts whatever became of that.
fn resumed(
    id: PlanId,
    facts: &PlanToPause,
    cause: &'static str,
    reason: Option<&str>,
) -> Option<Change> {
    use agreement::State as A;
    let is_lost = facts.agreement_state.is_lost();
    let event_of_plan = match facts.agreement_state {
        A::Drafted | A::Sending | A::Unknown | A::Pending | A::Created => {
            plan::Event::ResumedToWait
        }
        A::Active | A::Suspended => plan::Event::Resumed,
        A::Declined | A::Expired | A::Cancelled | A::Failed => plan::Event::Resumed,
    };
    let Step::Advance(mut to) = facts.state.step(event_of_plan) else {
        return None;
    };
    if let (true, Step::Advance(blocked)) = (is_lost, to.step(plan::Event::AgreementLost)) {
        to = blocked;
    }
    let told = json!({ "state": to.as_str(), "cause": cause, "reason": reason });
    let mut events = vec![event("plan.resumed", id, told)];
    let mut exceptions = Vec::new();
    if to == plan::State::Blocked {
        events.push(event("plan.blocked", id, json!({})));
        exceptions.push(lost(id, facts));
    }
    Some(Change {
        to,
        pause: None,
        cause,
        events,
        exceptions,
    })
}

fn lost(id: PlanId, facts: &PlanToPause) -> NewException {
    exception(
        "agreement_lost",
        id,
        ("agreement", facts.agreement_id.uuid()),
        format!(
            "the agreement is {}, lost while the plan was paused; its open instalments cannot be collected",
            facts.agreement_state
        ),
        "Agree on another agreement with the customer, or end the plan.",
    )
}

#[cfg(test)]
mod tests {
    use domain::uid::AgreementId;

    use super::*;
    use crate::clock::fresh_uuid;

    fn facts(state: plan::State, agreement_state: agreement::State) -> PlanToPause {
        PlanToPause {
            state,
            pause: None,
            agreement_id: AgreementId::new(fresh_uuid()),
            agreement_state,
            in_flight: Vec::new(),
        }
    }

    fn id() -> PlanId {
        PlanId::new(fresh_uuid())
    }

    #[test]
    fn a_plan_goes_on_from_where_its_agreement_stands_by_then() {
        use {agreement::State as A, plan::State as P};
        for state in A::ALL.iter().copied() {
            let change = resumed(id(), &facts(P::Paused, state), "pause_over", None);
            let to = change.as_ref().map(|change| change.to);
            let wanted = match state {
                A::Drafted | A::Sending | A::Unknown | A::Pending | A::Created => {
                    P::AwaitingAgreement
                }
                A::Active | A::Suspended => P::Active,
                A::Declined | A::Expired | A::Cancelled | A::Failed => P::Blocked,
            };
            assert_eq!(to, Some(wanted), "{state}");
            let asked = change.map_or(0, |change| change.exceptions.len());
            assert_eq!(asked, usize::from(wanted == P::Blocked), "{state}");
        }
    }

    #[test]
    fn a_pause_is_renewed_by_another_word_and_not_by_the_same() {
        let pause = |until: Option<&str>| Pause {
            until: until.map(|until| until.parse().unwrap()),
            reason: "hardship".to_owned(),
        };
        let mut facts = facts(plan::State::Paused, agreement::State::Active);
        facts.pause = Some(pause(None));

        assert!(paused(id(), &facts, &pause(None)).is_none());
        let renewed = paused(id(), &facts, &pause(Some("2026-02-01")));
        let renewed = renewed.and_then(|change| change.pause);
        assert_eq!(renewed, Some(pause(Some("2026-02-01"))));
    }

    #[test]
    fn what_is_blocked_or_has_ended_is_neither_paused_nor_resumed() {
        use plan::State as P;
        let pause = Pause {
            until: None,
            reason: "hardship".to_owned(),
        };
        for state in [P::Blocked, P::Completed, P::Cancelled] {
            let facts = facts(state, agreement::State::Active);
            assert!(paused(id(), &facts, &pause).is_none(), "{state}");
            assert!(
                resumed(id(), &facts, "pause_over", None).is_none(),
                "{state}"
            );
        }
    }
}
