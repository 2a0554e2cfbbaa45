//! Sends again, under the same uid and with the same body, what is known not to have arrived.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use tracing::instrument;
use uuid::Uuid;

use domain::date::BusinessDate;
use domain::gate::Refusal;
use domain::instalment;
use domain::payment::{Event, State, Step};
use domain::uid::{AgreementId, InstalmentId};
use store::instalments::InstalmentMove;
use store::payments::{ArmPlan, DueRow, PaymentRow, PaymentWrite};

use crate::ask_provider::ask_agreements;
use crate::clock::fresh_uuid;
use crate::decide_payment::{next_look, unchanged};
use crate::put_off::{look_again, put_off};
use crate::retry_policy::room_of;
use crate::send_payments::{arm, call, cleared, slices};
use crate::{Deps, FlowError};

/// Resends the intended payments among `rows`, which are leased under `token`. One that the gate refuses
/// waits for the rule as long as its room lasts, and is given up after that: nothing of it is at the
/// provider.
///
/// # Errors
///
/// Fails when the database does. What was sent by then is asked about later.
#[instrument(skip_all, fields(count = rows.len()))]
pub async fn resend_payments(
    deps: &Deps,
    token: Uuid,
    rows: &[PaymentRow],
) -> Result<(), FlowError> {
    let plans: Vec<ArmPlan> = rows
        .iter()
        .filter(|row| row.state == State::Intended)
        .map(|row| ArmPlan::Resend {
            instalment_id: row.instalment_id,
            payment_id: row.id,
        })
        .collect();

    let cleared = cleared_for(deps, &plans).await?;

    for slice in slices(deps, plans) {
        let Some(armed) = arm(deps, token, slice, &cleared).await? else {
            // Everything is stopped. The rows are still due, and wait for that.
            return Ok(());
        };
        let stale: BTreeSet<AgreementId> = armed
            .refused
            .iter()
            .filter(|(_, _, refusal)| matches!(refusal, Refusal::AgreementStale { .. }))
            .map(|(_, due, _)| due.agreement_id)
            .collect();
        let stale: Vec<AgreementId> = stale.into_iter().collect();
        let unanswered = ask_agreements(deps, &stale).await?;
        let heard_of = |due: &DueRow| !unanswered.contains(&due.agreement_id);
        let find = |plan: &ArmPlan| rows.iter().find(|row| row.id == plan.payment_id());
        let refused = armed.refused.iter().filter_map(|(plan, due, refusal)| {
            find(plan).and_then(|row| wait_or_give_up(deps, row, due, refusal, heard_of(due)))
        });
        let outdated = armed.outdated.iter().filter_map(|(plan, due)| {
            find(plan).and_then(|row| give_up(deps, row, due, Because::OtherAgreement))
        });
        let writes: Vec<PaymentWrite> = refused.chain(outdated).collect();
        if !writes.is_empty() {
            deps.store
                .record_payments(&writes, deps.clock.now(), fresh_uuid)
                .await?;
        }
        call(deps, armed).await?;
    }
    Ok(())
}

/// Of these, the instalments whose earlier payments moved no money, by the provider's word.
async fn cleared_for(deps: &Deps, plans: &[ArmPlan]) -> Result<HashSet<InstalmentId>, FlowError> {
    let ids: Vec<InstalmentId> = plans.iter().map(ArmPlan::instalment_id).collect();
    let rows = deps.store.due_rows(&ids, deps.clock.now()).await?;
    let by_instalment: HashMap<InstalmentId, &DueRow> =
        rows.iter().map(|row| (row.id, row)).collect();
    let wanted: Vec<(&DueRow, ArmPlan)> = plans
        .iter()
        .filter_map(|plan| {
            let row = by_instalment.get(&plan.instalment_id())?;
            Some((*row, plan.clone()))
        })
        .collect();
    cleared(deps, &wanted).await
}

/// Why a payment that is known not to have arrived is not sent again.
#[derive(Clone, Copy)]
enum Because<'a> {
    /// The gate refuses it, and its room is over.
    Refused(&'a Refusal),
    /// Its plan has another agreement now; the instalment is collected under that one.
    OtherAgreement,
}

/// While its room lasts it waits for the rule, under its uid and with its slots: the uid of a request that
/// may have left is not exchanged for another one lightly. After that it is abandoned, and its instalment
/// with it.
fn wait_or_give_up(
    deps: &Deps,
    row: &PaymentRow,
    due: &DueRow,
    refusal: &Refusal,
    heard_of: bool,
) -> Option<PaymentWrite> {
    let now = deps.clock.now();
    let room_ends = room_of(due, &deps.settings).last_date();
    // Of a database that was restored nobody knows yet what had been sent.
    let is_undecided = matches!(refusal, Refusal::DatabaseNotReconciled);
    let is_late = room_ends < BusinessDate::of_instant(now);
    let is_over = !is_undecided && (refusal.is_for_ever() || is_late);
    if is_over {
        return give_up(deps, row, due, Because::Refused(refusal));
    }
    // The agreement was asked about just now, and there was an answer.
    let wake_at = if heard_of && matches!(refusal, Refusal::AgreementStale { .. }) {
        now + TimeDelta::minutes(1)
    } else {
        look_again(refusal, room_ends, now, deps.settings.hours)
    };
    Some(PaymentWrite {
        wake_at: Some(wake_at),
        cause: refusal.code(),
        ..unchanged(row, now)
    })
}

/// It is looked at again for eight days: a request can arrive after it was given up.
fn give_up(
    deps: &Deps,
    row: &PaymentRow,
    due: &DueRow,
    because: Because<'_>,
) -> Option<PaymentWrite> {
    let now = deps.clock.now();
    let Step::Advance(to) = row.state.step(Event::GivenUp) else {
        return None;
    };
    let instalment = match due.state.step(instalment::Event::PaymentGivenUp) {
        Step::Advance(state) => Some(after_giving_up(deps, due, state, because)),
        Step::Ignore | Step::Conflict => None,
    };
    Some(PaymentWrite {
        to,
        wake_at: next_look(row, to, now),
        instalment,
        cause: match because {
            Because::Refused(refusal) => refusal.code(),
            Because::OtherAgreement => "other_agreement",
        },
        ..unchanged(row, now)
    })
}

fn after_giving_up(
    deps: &Deps,
    due: &DueRow,
    state: instalment::State,
    because: Because<'_>,
) -> InstalmentMove {
    let now = deps.clock.now();
    match because {
        Because::Refused(refusal) => {
            let again = DueRow {
                state,
                ..due.clone()
            };
            InstalmentMove {
                from: due.state,
                cause: "payment_given_up",
                ..put_off(&again, refusal, now, &deps.settings)
            }
        }
        Because::OtherAgreement => InstalmentMove {
            id: due.id,
            plan_id: due.plan_id,
            version: due.version,
            from: due.state,
            to: state,
            wake_at: Some(now),
            waiting_because: None,
            ended_because: None,
            cause: "payment_given_up",
        },
    }
}
