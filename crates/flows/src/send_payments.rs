//! Starts the payments of instalments that are due: the gate, the row, then the request.

use std::collections::{BTreeSet, HashSet};

use chrono::TimeDelta;
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
use store::payments::{ArmPlan, ArmedPayment, DueRow, HeldSlot, PaymentRow, Spent};

use crate::apply_report::apply_payment_reports;
use crate::ask_provider::{Heard, ask_agreements, ask_payment_rows};
use crate::clock::{Mark, fresh_uuid};
use crate::day_budget::{keeps_within, stop_everything};
use crate::gate_facts::may_send;
use crate::put_off::put_off;
use crate::report::PaymentReport;
use crate::retry_policy::room_of;
use crate::{Deps, FlowError};

/// Sends what is due for `ids`, whose rows are leased under `token`.
///
/// What the gate refuses outright is put off, all of it at once. The rest passes the gate again, under row locks:
/// before a byte leaves, the payment's row, its frozen body and its slots are committed. A crash after that leaves a
/// `sending` row, which is asked about by its uid and never sent under another.
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
    let (mut wanted, mut refused) = (Vec::new(), Vec::new());
    let now = deps.clock.now();
    for row in &rows {
        let plan = plan(deps, row);
        match may_send(row, &plan, &[], now, &deps.settings) {
            Ok(_) => wanted.push((row, plan)),
            Err(refusal) => refused.push((row, refusal)),
        }
    }
    let cleared = cleared(deps, &wanted).await?;
    let refused = refused.iter().map(|(row, refusal)| (*row, refusal));
    record_refusals(deps, token, refused).await?;

    let plans = wanted.into_iter().map(|(_, plan)| plan).collect();
    for slice in slices(deps, plans) {
        let Some(armed) = arm(deps, token, slice, &cleared).await? else {
            // Everything is stopped. The rows are still due, and wait for that.
            return Ok(());
        };
        let refused = armed.refused.iter();
        let refused = refused.map(|(_, row, refusal)| (row, refusal));
        record_refusals(deps, token, refused).await?;

        call(deps, armed).await?;
    }
    Ok(())
}

/// As many at a time as may be called at once, so that no request waits behind another after the gate has
/// let it pass.
pub(crate) fn slices(deps: &Deps, plans: Vec<ArmPlan>) -> Vec<Vec<ArmPlan>> {
    let size = deps.settings.calls_prepared_max.max(1);
    plans.chunks(size).map(<[ArmPlan]>::to_vec).collect()
}

/// Reads the rows; where an agreement's state is too old to rest a payment on, or keeps one back, the
/// provider is asked first.
async fn fresh_rows(deps: &Deps, ids: &[InstalmentId]) -> Result<Vec<DueRow>, FlowError> {
    let now = deps.clock.now();
    let rows = deps.store.due_rows(ids, now).await?;
    let asked: BTreeSet<AgreementId> = rows
        .iter()
        .filter(|row| hangs_on_the_agreement(deps, row, now))
        .map(|row| row.agreement_id)
        .collect();
    if asked.is_empty() {
        return Ok(rows);
    }
    ask_agreements(deps, &asked.into_iter().collect::<Vec<_>>()).await?;
    Ok(deps.store.due_rows(ids, deps.clock.now()).await?)
}

/// Whether what keeps the payment back is how the agreement stood when it was last heard of.
fn hangs_on_the_agreement(deps: &Deps, row: &DueRow, now: Instant) -> bool {
    let is_known_there = match row.agreement_state {
        agreement::State::Drafted | agreement::State::Sending => false,
        agreement::State::Unknown
        | agreement::State::Pending
        | agreement::State::Created
        | agreement::State::Active
        | agreement::State::Suspended => true,
        agreement::State::Declined
        | agreement::State::Expired
        | agreement::State::Cancelled
        | agreement::State::Failed => false,
    };
    is_known_there
        && match may_send(row, &plan(deps, row), &[], now, &deps.settings) {
            Err(refusal) => matches!(
                refusal,
                Refusal::AgreementStale { .. } | Refusal::AgreementNotActive { .. }
            ),
            Ok(_) => false,
        }
}

/// Whether another uid was sent for the instalment before the one of `plan`.
fn follows_another(plan: &ArmPlan, row: &DueRow) -> bool {
    match plan {
        ArmPlan::New { .. } => 0 < row.attempts_made,
        ArmPlan::Retry { .. } | ArmPlan::Resend { .. } => 1 < row.attempts_made,
    }
}

/// Of what follows other payments for its instalment, the instalments that may be sent: the provider has just said
/// again of each of those payments that it moved no money. What it says instead is applied by the way.
pub(crate) async fn cleared(
    deps: &Deps,
    wanted: &[(&DueRow, ArmPlan)],
) -> Result<HashSet<InstalmentId>, FlowError> {
    let following: HashSet<InstalmentId> = wanted
        .iter()
        .filter(|(row, plan)| follows_another(plan, row))
        .map(|(row, _)| row.id)
        .collect();
    if following.is_empty() {
        return Ok(HashSet::new());
    }
    let asked: Vec<InstalmentId> = following.iter().copied().collect();
    let earlier = deps.store.ended_payments(&asked).await?;
    let heard = ask_payment_rows(deps, &earlier).await?;
    let moved_none = |row: &PaymentRow| match heard.get(&row.id) {
        Some(Heard::NoMoney) => true,
        // What failed was there; that it is missing now says nothing.
        Some(Heard::Missing) => row.state != payment::State::Failed,
        Some(Heard::Nothing | Heard::Money) | None => false,
    };
    let in_doubt = earlier.iter().filter(|row| !moved_none(row));
    let in_doubt: HashSet<InstalmentId> = in_doubt.map(|row| row.instalment_id).collect();
    Ok(following.difference(&in_doubt).copied().collect())
}

/// A failed payment that its provider would retry is retried under its uid while its window lasts; anything
/// else is a new payment under the next uid.
pub(crate) fn plan(deps: &Deps, row: &DueRow) -> ArmPlan {
    let today = BusinessDate::of_instant(deps.clock.now());
    let in_own_window = today <= room_of(row, &deps.settings).until;
    if let Some(last) = row.last_payment.as_ref().filter(|last| {
        let code = last.failure_code.as_deref().unwrap_or_default();
        last.state == payment::State::Failed
            && in_own_window
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

/// What was armed, and since when it may be sent.
pub(crate) struct JustArmed {
    armed: Vec<ArmedPayment>,
    since: Mark,
    pub(crate) refused: Vec<(ArmPlan, DueRow, Refusal)>,
    pub(crate) outdated: Vec<(ArmPlan, DueRow)>,
}

/// Runs the gate again under row locks and marks what passes as being sent. What follows another payment for its
/// instalment is refused where the instalment is not among those `cleared` for it. Nothing where a budget of last resort would have been exceeded: then everything is
/// stopped.
pub(crate) async fn arm(
    deps: &Deps,
    token: Uuid,
    plans: Vec<ArmPlan>,
    cleared: &HashSet<InstalmentId>,
) -> Result<Option<JustArmed>, FlowError> {
    let since = deps.clock.mark();
    let now = deps.clock.now();
    let ask_at = wake::next_payment_ask(payment::State::Sending, now, now).unwrap_or(now);
    let settings = &deps.settings;
    let decide = |row: &DueRow, plan: &ArmPlan, slots: &[HeldSlot]| {
        let pass = may_send(row, plan, slots, now, settings)?;
        if follows_another(plan, row) && !cleared.contains(&row.id) {
            return Err(Refusal::OtherPaymentLive);
        }
        Ok(pass)
    };
    let within =
        |row: &DueRow, plan: &ArmPlan, spent: &Spent| keeps_within(row, plan, spent, now, settings);
    let armed = deps
        .store
        .arm_payments(token, plans, now, ask_at, &decide, &within)
        .await?;
    if let Some((plan_id, instalment_id, overrun)) = armed.overrun {
        stop_everything(deps, plan_id, instalment_id, &overrun).await?;
        return Ok(None);
    }
    Ok(Some(JustArmed {
        armed: armed.armed,
        since,
        refused: armed.refused,
        outdated: armed.outdated,
    }))
}

/// Each is put off as it was when it was refused: one that moved since is attended again.
async fn record_refusals<'a>(
    deps: &Deps,
    token: Uuid,
    refused: impl Iterator<Item = (&'a DueRow, &'a Refusal)>,
) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let moves: Vec<_> = refused
        .map(|(row, refusal)| {
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

/// How old the gate's consent may be when a request starts. The switch may have been closed since, or a
/// window may have turned.
const CONSENT_SECONDS: i64 = 10;

/// Makes the calls, at most so many at a time, and records the answers in sets as they come. Every answer is
/// applied, whatever becomes of the others.
///
/// A request whose consent is too old does not start: its row says `sending`, so it is asked about, found
/// absent and sent again through the gate.
pub(crate) async fn call(deps: &Deps, just: JustArmed) -> Result<(), FlowError> {
    let since = &just.since;
    let calls = futures::stream::iter(just.armed).map(|payment| async move {
        let uid = payment.uid.as_str();
        let asked_at = deps.clock.now();
        if since.is_older_than(TimeDelta::seconds(CONSENT_SECONDS)) {
            tracing::warn!(payment.uid = uid, "a request was late and is not started");
            return None;
        }
        let fact = if payment.is_retry {
            deps.provider.retry_payment(uid).await
        } else {
            deps.provider
                .create_payment(uid, &payment.request_body)
                .await
        };
        Some(PaymentReport {
            payment_id: payment.id,
            send_no: payment.send_no,
            asked_at,
            asked_of: None,
            fact,
        })
    });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .ready_chunks(64)
        .boxed();
    let mut outcome = Ok(());
    while let Some(reports) = answers.next().await {
        let reports = reports.into_iter().flatten().collect();
        outcome = outcome.and(apply_payment_reports(deps, reports).await);
    }
    outcome
}
