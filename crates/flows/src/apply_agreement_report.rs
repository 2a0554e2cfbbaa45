//! The one door for what a provider says about agreements.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::json;
use tracing::instrument;

use domain::agreement::{Event, State};
use domain::date::Instant;
use domain::payment::Step;
use domain::uid::AgreementId;
use domain::{plan, wake};
use store::agreements::{AgreementRow, AgreementWrite, PlanMove};

use crate::cancel_agreements::next_cancel_look;
use crate::clock::fresh_uuid;
use crate::endangered::{endangered, endangers};
use crate::report::AgreementReport;
use crate::{Deps, FlowError, ROUNDS_MAX, Settings};

mod heard;
mod told;

use heard::{heard, wait};
use told::{AMENDED, conflict, missing, tell};

#[cfg(test)]
mod tests;

/// Applies reports: `step()` decides, and row, journal line, plan and lender's event commit together.
///
/// # Errors
///
/// Fails when the database does, or when rows kept moving; then the rows are asked about again.
#[instrument(skip_all, fields(count = reports.len()))]
pub async fn apply_agreement_reports(
    deps: &Deps,
    reports: Vec<AgreementReport>,
) -> Result<(), FlowError> {
    let mut left: HashMap<AgreementId, AgreementReport> = reports
        .into_iter()
        .map(|report| (report.agreement_id, report))
        .collect();
    for _ in 0..ROUNDS_MAX {
        if left.is_empty() {
            return Ok(());
        }
        let ids: Vec<AgreementId> = left.keys().copied().collect();
        let rows = deps.store.agreements(&ids).await?;

        let now = deps.clock.now();
        let mut writes = Vec::new();
        for row in &rows {
            match left
                .get(&row.id)
                .and_then(|report| decide(row, report, now, &deps.settings))
            {
                Some(write) => writes.push(write),
                None => {
                    left.remove(&row.id);
                }
            }
        }

        name_what_is_endangered(deps, &mut writes).await?;
        for id in deps
            .store
            .record_agreements(&writes, now, fresh_uuid)
            .await?
        {
            left.remove(&id);
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(FlowError::KeptMoving(left.len()))
    }
}

/// Adds to what is told of agreements that cannot be collected under any more which instalments that keeps.
async fn name_what_is_endangered(
    deps: &Deps,
    writes: &mut [AgreementWrite],
) -> Result<(), FlowError> {
    for write in writes.iter_mut() {
        if write.from == write.to || !endangers(write.to) || write.events.is_empty() {
            continue;
        }
        let endangered = endangered(deps, write.plan_id).await?;
        // The step's own event; that the payer moved the account may be told before it.
        let step = write.events.iter_mut().find(|event| event.kind != AMENDED);
        if let Some(told) = step.and_then(|event| event.data.as_object_mut()) {
            told.insert("endangered_count".to_owned(), json!(endangered.count));
            told.insert(
                "endangered_amount".to_owned(),
                json!(endangered.total_cents),
            );
            told.insert("endangered_instalments".to_owned(), endangered.told());
        }
    }
    Ok(())
}

/// What a report means for a row; nothing when it speaks of an earlier sending.
fn decide(
    row: &AgreementRow,
    report: &AgreementReport,
    now: Instant,
    settings: &Settings,
) -> Option<AgreementWrite> {
    // What was confirmed after the question left is newer than its answer.
    let is_old = row.confirmed_at.is_some_and(|at| report.asked_at < at);
    if report.send_no != row.send_no || is_old {
        return None;
    }
    let mut write = unchanged(row, now, settings);
    write.payer.clone_from(&report.payer);
    let event = heard(row, report, &mut write, now);
    match row.state.step(event) {
        Step::Advance(to) => advance(row, &mut write, to, now, settings),
        Step::Ignore => {}
        Step::Conflict => write.exception = Some(conflict(row, event)),
    }
    if write.to == State::Drafted && row.cancellation.is_none() {
        wait(row, &mut write, &report.fact, now);
    }
    Some(write)
}

/// The write that changes nothing but when to look again.
pub(crate) fn unchanged(row: &AgreementRow, now: Instant, settings: &Settings) -> AgreementWrite {
    AgreementWrite {
        id: row.id,
        plan_id: row.plan_id,
        version: row.version,
        from: row.state,
        to: row.state,
        wake_at: next_look(row, row.state, now, settings),
        absent_since_at: row.absent_since_at,
        confirmed_at: row.confirmed_at,
        is_confirmed: false,
        takes_back_sending: false,
        waiting_because: row
            .waiting_because
            .clone()
            .filter(|_| row.state == State::Drafted),
        payer: None,
        debtor_account: None,
        reason: None,
        freeze: None,
        plan: None,
        cause: "provider_report",
        events: Vec::new(),
        exception: None,
    }
}

/// A plan that has ended needs its agreement no more: nobody looks, but for one that is still to be cancelled.
fn next_look(
    row: &AgreementRow,
    state: State,
    now: Instant,
    settings: &Settings,
) -> Option<Instant> {
    match &row.cancellation {
        Some(cancellation) => {
            if let Some(at) = next_cancel_look(cancellation, row.is_reconciled, state, now) {
                return Some(at);
            }
        }
        None if row.plan_state.is_final() => return None,
        None => {}
    }
    let since = row.last_sent_at.unwrap_or(row.created_at);
    wake::next_agreement_ask(state, since, now, settings.agreement_refresh)
}

/// "Not found" proves something only twice, asked apart, and well after sending.
fn absent(
    row: &AgreementRow,
    write: &mut AgreementWrite,
    asked_at: Instant,
    now: Instant,
) -> Event {
    let sent_at = row.last_sent_at.unwrap_or(row.created_at);
    match row.state {
        State::Sending | State::Unknown => {
            if wake::may_resend(row.absent_since_at, sent_at, asked_at) {
                return Event::ConfirmedAbsent;
            }
            let first = row.absent_since_at.unwrap_or(asked_at);
            write.absent_since_at = Some(first);
            write.wake_at = Some(absence_proved_at(first, sent_at).max(now));
            Event::OutcomeUnknown
        }
        // What the provider once had may be missing from one answer; not from two an hour apart.
        State::Pending | State::Created | State::Active | State::Suspended => {
            let first = row.absent_since_at.unwrap_or(asked_at);
            write.absent_since_at = Some(first);
            if MISSING_AFTER <= asked_at - first {
                write.exception = Some(missing(row));
            } else {
                write.wake_at = Some((first + MISSING_AFTER).max(now));
            }
            Event::OutcomeUnknown
        }
        State::Drafted | State::Declined | State::Expired | State::Cancelled | State::Failed => {
            Event::OutcomeUnknown
        }
    }
}

/// How long the provider may not know an agreement it once knew before a person is asked; and how soon a
/// question that was not answered is asked again.
const MISSING_AFTER: TimeDelta = TimeDelta::hours(1);

/// When a second "not found" will prove that nothing arrived.
pub(crate) fn absence_proved_at(first_absent_at: Instant, sent_at: Instant) -> Instant {
    (first_absent_at + TimeDelta::seconds(60)).max(sent_at + TimeDelta::minutes(5))
}

/// Takes a draft back whose plan is not to wait for it any more.
pub(crate) fn give_up_draft(
    row: &AgreementRow,
    write: &mut AgreementWrite,
    to: State,
    now: Instant,
    settings: &Settings,
) {
    advance(row, write, to, now, settings);
    write.waiting_because = None;
}

fn advance(
    row: &AgreementRow,
    write: &mut AgreementWrite,
    to: State,
    now: Instant,
    settings: &Settings,
) {
    write.to = to;
    // An absence that still waits for its second proof keeps the time it is waiting for.
    if write.absent_since_at.is_none() || to != State::Unknown {
        write.wake_at = next_look(row, to, now, settings);
    }
    if to == State::Drafted {
        write.absent_since_at = None;
        write.wake_at = Some(match row.cancellation {
            Some(_) => now,
            None => now + back_off(row.send_no),
        });
    }
    let plan_event = match to {
        State::Active => Some(plan::Event::AgreementActivated),
        State::Declined | State::Expired | State::Cancelled | State::Failed => {
            Some(plan::Event::AgreementLost)
        }
        State::Drafted
        | State::Sending
        | State::Unknown
        | State::Pending
        | State::Created
        | State::Suspended => None,
    };
    if let Some(plan_event) = plan_event {
        let plan_to = match row.plan_state.step(plan_event) {
            Step::Advance(plan_to) => plan_to,
            Step::Ignore | Step::Conflict => row.plan_state,
        };
        write.plan = Some(PlanMove {
            id: row.plan_id,
            from: row.plan_state,
            to: plan_to,
            wakes_instalments: to == State::Active,
        });
    }
    tell(row, write, to);
}

/// Doubles from two seconds up to five minutes.
pub(crate) fn back_off(tries: u32) -> TimeDelta {
    TimeDelta::seconds(
        1_i64
            .checked_shl(tries.clamp(1, 9))
            .map_or(300, |wait| wait.min(300)),
    )
}
