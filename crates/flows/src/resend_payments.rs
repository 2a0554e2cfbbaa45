//! Sends again, under the same uid and with the same body, what is known not to have arrived.

use tracing::instrument;
use uuid::Uuid;

use domain::instalment;
use domain::payment::{Event, State, Step};
use store::instalments::InstalmentMove;
use store::payments::{ArmPlan, DueRow, PaymentRow, PaymentWrite, Streak};

use domain::gate::Refusal;

use crate::clock::fresh_uuid;
use crate::put_off::put_off;
use crate::send_payments::{arm, call};
use crate::{Deps, FlowError};

/// Resends the intended payments among `rows`, which are leased under `token`. One that the gate refuses
/// by now is given up: nothing of it is at the provider, so nothing can move money.
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
        .map(|row| ArmPlan::Resend { instalment_id: row.instalment_id, payment_id: row.id })
        .collect();

    let armed = arm(deps, token, plans).await?;
    let mut writes = Vec::new();
    for (plan, due, refusal) in &armed.refused {
        if let Some(row) = rows.iter().find(|row| row.id == plan.payment_id()) {
            writes.extend(give_up(deps, row, due, refusal));
        }
    }
    if !writes.is_empty() {
        deps.store.record_payments(&writes, deps.clock.now(), fresh_uuid).await?;
    }

    call(deps, armed.armed).await
}

/// The payment is abandoned; its instalment is scheduled again and waits for the rule, or is missed.
fn give_up(
    deps: &Deps,
    row: &PaymentRow,
    due: &DueRow,
    refusal: &Refusal,
) -> Option<PaymentWrite> {
    let now = deps.clock.now();
    let Step::Advance(to) = row.state.step(Event::GivenUp) else { return None };
    let instalment = match due.state.step(instalment::Event::PaymentGivenUp) {
        Step::Advance(state) => {
            let again = DueRow { state, ..due.clone() };
            let step = put_off(&again, refusal, now, &deps.settings);
            Some(InstalmentMove { from: due.state, cause: "payment_given_up", ..step })
        }
        Step::Ignore | Step::Conflict => None,
    };
    Some(PaymentWrite {
        id: row.id,
        version: row.version,
        plan_id: row.plan_id,
        agreement_id: row.agreement_id,
        from: row.state,
        to,
        wake_at: None,
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
    })
}
