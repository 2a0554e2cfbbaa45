//! Sends again, under the same uid and with the same body, what is known not to have arrived.

use std::collections::BTreeSet;

use tracing::instrument;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::gate::{Refusal, room_until};
use domain::instalment;
use domain::payment::{Event, State, Step};
use domain::uid::AgreementId;
use store::instalments::InstalmentMove;
use store::payments::{ArmPlan, DueRow, PaymentRow, PaymentWrite, Streak};

use crate::ask_provider::ask_agreements;
use crate::clock::fresh_uuid;
use crate::put_off::{look_again, put_off};
use crate::send_payments::{arm, call};
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

    let armed = arm(deps, token, plans).await?;
    let stale: BTreeSet<AgreementId> = armed
        .refused
        .iter()
        .filter(|(_, _, refusal)| matches!(refusal, Refusal::AgreementStale { .. }))
        .map(|(_, due, _)| due.agreement_id)
        .collect();
    if !stale.is_empty() {
        ask_agreements(deps, &stale.into_iter().collect::<Vec<_>>()).await?;
    }
    let mut writes = Vec::new();
    for (plan, due, refusal) in &armed.refused {
        if let Some(row) = rows.iter().find(|row| row.id == plan.payment_id()) {
            writes.extend(wait_or_give_up(deps, row, due, refusal));
        }
    }
    if !writes.is_empty() {
        deps.store
            .record_payments(&writes, deps.clock.now(), fresh_uuid)
            .await?;
    }

    call(deps, armed.armed).await
}

/// While its room lasts it waits for the rule, under its uid and with its slots: the uid of a request that
/// may have left is not exchanged for another one lightly. After that it is abandoned, and its instalment
/// with it.
fn wait_or_give_up(
    deps: &Deps,
    row: &PaymentRow,
    due: &DueRow,
    refusal: &Refusal,
) -> Option<PaymentWrite> {
    let now = deps.clock.now();
    let room_ends = room_until(&due.terms, due.validity, due.due_date);
    let is_over = refusal.is_for_ever() || room_ends < BusinessDate::of_instant(now);
    if !is_over {
        let wake_at = look_again(refusal, room_ends, now, &deps.settings);
        return Some(write(row, State::Intended, Some(wake_at), None, refusal));
    }
    let Step::Advance(to) = row.state.step(Event::GivenUp) else {
        return None;
    };
    let instalment = match due.state.step(instalment::Event::PaymentGivenUp) {
        Step::Advance(state) => {
            let again = DueRow {
                state,
                ..due.clone()
            };
            let step = put_off(&again, refusal, now, &deps.settings);
            Some(InstalmentMove {
                from: due.state,
                cause: "payment_given_up",
                ..step
            })
        }
        Step::Ignore | Step::Conflict => None,
    };
    Some(write(row, to, None, instalment, refusal))
}

fn write(
    row: &PaymentRow,
    to: State,
    wake_at: Option<Instant>,
    instalment: Option<InstalmentMove>,
    refusal: &Refusal,
) -> PaymentWrite {
    PaymentWrite {
        id: row.id,
        version: row.version,
        plan_id: row.plan_id,
        agreement_id: row.agreement_id,
        from: row.state,
        to,
        wake_at,
        absent_since_at: row.absent_since_at,
        provider_state: None,
        failure: None,
        conflict_state: None,
        streak: Streak::Keep,
        freeze: None,
        instalment,
        cause: refusal.code(),
        events: Vec::new(),
        exception: None,
    }
}
