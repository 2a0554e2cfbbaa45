//! Starts the payments of instalments that are due: the gate, the row, then the request.

use std::collections::BTreeSet;

use futures::StreamExt;
use tracing::instrument;
use uuid::Uuid;

use domain::agreement;
use domain::date::{BusinessDate, Instant};
use domain::failure::{Remedy, remedy};
use domain::gate::Refusal;
use domain::payment;
use domain::terms::TermsType;
use domain::uid::{AgreementId, InstalmentId, PaymentId};
use domain::wake;
use store::payments::{ArmPlan, Armed, ArmedPayment, DueRow};

use crate::apply_report::apply_payment_reports;
use crate::ask_provider::ask_agreements;
use crate::clock::fresh_uuid;
use crate::gate_facts::may_send;
use crate::put_off::put_off;
use crate::report::PaymentReport;
use crate::{Deps, FlowError};

/// Sends what is due for `ids`, whose rows are leased under `token`.
///
/// Before a byte leaves, the payment's row, its frozen body and its slots are committed. A crash after that
/// leaves a `sending` row, which is asked about by its uid and never sent under another.
///
/// # Errors
///
/// Fails when the database does. What was sent by then is asked about later.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn send_payments(
    deps: &Deps,
    token: Uuid,
    ids: &[InstalmentId],
) -> Result<(), FlowError> {
    let rows = fresh_rows(deps, ids).await?;

    let plans: Vec<ArmPlan> = rows.iter().map(|row| plan(deps, row)).collect();

    let armed = arm(deps, token, plans).await?;
    record_refusals(deps, token, &armed).await?;

    call(deps, armed.armed).await
}

/// Reads the rows; where an agreement's state is too old to rest a payment on, the provider is asked first.
async fn fresh_rows(deps: &Deps, ids: &[InstalmentId]) -> Result<Vec<DueRow>, FlowError> {
    let rows = deps.store.due_rows(ids).await?;
    let now = deps.clock.now();
    let stale: BTreeSet<AgreementId> = rows
        .iter()
        .filter(|row| row.agreement_state == agreement::State::Active)
        .filter(|row| is_stale(deps, row, now))
        .map(|row| row.agreement_id)
        .collect();
    if stale.is_empty() {
        return Ok(rows);
    }
    ask_agreements(deps, &stale.into_iter().collect::<Vec<_>>()).await?;
    Ok(deps.store.due_rows(ids).await?)
}

fn is_stale(deps: &Deps, row: &DueRow, now: Instant) -> bool {
    match may_send(row, &plan(deps, row), &[], now, &deps.settings) {
        Err(refusal) => matches!(refusal, Refusal::AgreementStale { .. }),
        Ok(_) => false,
    }
}

/// A failed payment that its provider would retry is retried under its uid; anything else is a new payment
/// under the next uid.
fn plan(deps: &Deps, row: &DueRow) -> ArmPlan {
    if let Some(last) = row.last_payment.as_ref().filter(|last| {
        let code = last.failure_code.as_deref().unwrap_or_default();
        last.state == payment::State::Failed
            && last.agreement_id == row.agreement_id
            && deps.provider.capabilities().retries_by_uid
            && remedy(code, last.failure_retryable.unwrap_or(false)) == Remedy::RetrySameUid
    }) {
        return ArmPlan::Retry {
            instalment_id: row.id,
            payment_id: last.id,
        };
    }
    let attempt_no = row.attempts_made + 1;
    let uid = deps.settings.uid_key.payment_uid(row.id, attempt_no);
    let last_payment = match row.terms.terms_type() {
        TermsType::Balloon => Some(row.is_last),
        TermsType::Fixed | TermsType::Variable | TermsType::UsageBased => None,
    };
    ArmPlan::New {
        instalment_id: row.id,
        agreement_id: row.agreement_id,
        amount: row.amount,
        payment_id: PaymentId::new(fresh_uuid()),
        request_body: deps.provider.payment_body(row, uid.as_str(), last_payment),
        uid,
        attempt_no,
        last_payment,
    }
}

/// Runs the gate again under row locks and marks what passes as being sent.
pub(crate) async fn arm(deps: &Deps, token: Uuid, plans: Vec<ArmPlan>) -> Result<Armed, FlowError> {
    let now = deps.clock.now();
    let ask_at = wake::next_payment_ask(payment::State::Sending, now, now).unwrap_or(now);
    let settings = &deps.settings;
    let armed = deps
        .store
        .arm_payments(token, plans, now, ask_at, &|row, plan, slots| {
            may_send(row, plan, slots, now, settings)
        })
        .await?;
    Ok(armed)
}

async fn record_refusals(deps: &Deps, token: Uuid, armed: &Armed) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let moves: Vec<_> = armed
        .refused
        .iter()
        .map(|(_, row, refusal)| {
            tracing::info!(
                instalment.id = %row.id,
                rule = refusal.code(),
                today = %BusinessDate::of_instant(now),
                "an instalment is not sent now: {refusal}",
            );
            put_off(row, refusal, now, &deps.settings)
        })
        .collect();
    if moves.is_empty() {
        return Ok(());
    }
    deps.store
        .move_instalments(token, &moves, now, fresh_uuid)
        .await?;
    Ok(())
}

/// Makes the calls, at most so many at a time, and records the answers in sets as they come.
pub(crate) async fn call(deps: &Deps, armed: Vec<ArmedPayment>) -> Result<(), FlowError> {
    let calls = futures::stream::iter(armed).map(|payment| async move {
        let uid = payment.uid.as_str();
        let fact = if payment.is_retry {
            deps.provider.retry_payment(uid).await
        } else {
            deps.provider
                .create_payment(uid, &payment.request_body)
                .await
        };
        PaymentReport {
            payment_id: payment.id,
            send_no: payment.send_no,
            fact,
        }
    });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .ready_chunks(64)
        .boxed();
    while let Some(reports) = answers.next().await {
        apply_payment_reports(deps, reports).await?;
    }
    Ok(())
}
