//! The one door for what a provider says about agreements.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::json;
use tracing::instrument;

use domain::agreement::{Event, Reported, State};
use domain::date::Instant;
use domain::payment::Step;
use domain::uid::AgreementId;
use domain::{plan, wake};
use store::agreements::{AgreementRow, AgreementWrite, PlanMove};
use store::exceptions::NewException;

use crate::report::{AgreementFact, AgreementReport};
use crate::tell::{event, exception};
use crate::{Deps, FlowError, ROUNDS_MAX, Settings};

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

        for id in deps.store.record_agreements(&writes, now).await? {
            left.remove(&id);
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(FlowError::KeptMoving(left.len()))
    }
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
    let event = match &report.fact {
        AgreementFact::NotSent => Event::NotSent,
        AgreementFact::Undecided => {
            // No answer confirms nothing: asked again before the next refresh.
            write.wake_at = write.wake_at.map(|at| at.min(now + MISSING_AFTER));
            Event::OutcomeUnknown
        }
        AgreementFact::Refused { codes } => {
            write.reason = Some((codes.join(" "), "refused by the provider".to_owned()));
            write.confirmed_at = Some(now);
            Event::Rejected
        }
        AgreementFact::Absent => absent(row, &mut write, now),
        AgreementFact::Found { state: None, .. } => Event::OutcomeUnknown,
        AgreementFact::Found {
            state: Some(state),
            reason,
            differs,
        } => {
            if let Some(field) = differs {
                echoes_wrong(row, &mut write, field);
            }
            write.reason = reason.clone();
            write.confirmed_at = Some(now);
            write.absent_since_at = None;
            Event::Reported(*state)
        }
    };
    match row.state.step(event) {
        Step::Advance(to) => advance(row, &mut write, to, now, settings),
        Step::Ignore => {}
        Step::Conflict => {
            write.exception = Some(exception(
                "agreement_conflict",
                row.plan_id,
                ("agreement", row.id.uuid()),
                format!(
                    "the agreement is {}, yet the provider says {}",
                    row.state,
                    word(event)
                ),
                "Compare with the provider's record of the agreement and decide which is true.",
            ));
        }
    }
    Some(write)
}

/// Under our uid stands what the payer was not asked for by us: nothing is sent until a person has looked.
fn echoes_wrong(row: &AgreementRow, write: &mut AgreementWrite, field: &str) {
    write.freeze = Some("echo_mismatch");
    write.exception = Some(exception(
        "echo_mismatch",
        row.plan_id,
        ("agreement", row.id.uuid()),
        format!("the provider holds another {field} under this agreement's uid"),
        "Compare the agreement with the provider's record before the plan collects again.",
    ));
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
        reason: None,
        freeze: None,
        plan: None,
        cause: "provider_report",
        events: Vec::new(),
        exception: None,
    }
}

/// A plan that has ended needs its agreement no more: nobody looks.
fn next_look(
    row: &AgreementRow,
    state: State,
    now: Instant,
    settings: &Settings,
) -> Option<Instant> {
    if row.plan_state.is_final() {
        return None;
    }
    let since = row.last_sent_at.unwrap_or(row.created_at);
    wake::next_agreement_ask(state, since, now, settings.agreement_refresh)
}

/// "Not found" proves something only twice, apart, and well after sending.
fn absent(row: &AgreementRow, write: &mut AgreementWrite, now: Instant) -> Event {
    let sent_at = row.last_sent_at.unwrap_or(row.created_at);
    match row.state {
        State::Sending | State::Unknown => {
            if wake::may_resend(row.absent_since_at, sent_at, now) {
                return Event::ConfirmedAbsent;
            }
            let first = row.absent_since_at.unwrap_or(now);
            write.absent_since_at = Some(first);
            write.wake_at = Some(absence_proved_at(first, sent_at).max(now));
            Event::OutcomeUnknown
        }
        // What the provider once had may be missing from one answer; not from two an hour apart.
        State::Pending | State::Created | State::Active | State::Suspended => {
            let first = row.absent_since_at.unwrap_or(now);
            write.absent_since_at = Some(first);
            if MISSING_AFTER <= now - first {
                write.exception = Some(missing(row));
            } else {
                write.wake_at = Some(first + MISSING_AFTER);
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

fn missing(row: &AgreementRow) -> NewException {
    exception(
        "agreement_missing",
        row.plan_id,
        ("agreement", row.id.uuid()),
        format!(
            "the provider no longer knows the agreement, which was {}",
            row.state
        ),
        "Ask the provider what became of it; nothing is collected under it meanwhile.",
    )
}

/// When a second "not found" will prove that nothing arrived.
pub(crate) fn absence_proved_at(first_absent_at: Instant, sent_at: Instant) -> Instant {
    (first_absent_at + TimeDelta::seconds(60)).max(sent_at + TimeDelta::minutes(5))
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
        write.wake_at = Some(now + back_off(row.send_no));
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

fn tell(row: &AgreementRow, write: &mut AgreementWrite, to: State) {
    let kind = match to {
        State::Created => "agreement.created",
        State::Active if row.state == State::Suspended => "agreement.reactivated",
        State::Active => "agreement.activated",
        State::Suspended => "agreement.suspended",
        State::Declined => "agreement.declined",
        State::Expired => "agreement.expired",
        State::Cancelled => "agreement.cancelled",
        State::Failed => "agreement.failed",
        State::Drafted | State::Sending | State::Unknown | State::Pending => return,
    };
    let reason = write.reason.clone();
    write.events.push(event(
        kind,
        row.plan_id,
        json!({
            "agreement_id": row.id.to_string(),
            "agreement_uid": row.uid.to_string(),
            "reason_code": reason.map(|(code, _)| code),
        }),
    ));
    if let Some(plan_move) = write
        .plan
        .filter(|plan_move| plan_move.from != plan_move.to)
    {
        let kind = match plan_move.to {
            plan::State::Active => "plan.activated",
            plan::State::Blocked => "plan.blocked",
            plan::State::AwaitingAgreement
            | plan::State::Paused
            | plan::State::Completed
            | plan::State::Cancelled => return,
        };
        write.events.push(event(kind, row.plan_id, json!({})));
        if plan_move.to == plan::State::Blocked {
            write.exception = Some(exception(
                "agreement_lost",
                row.plan_id,
                ("agreement", row.id.uuid()),
                format!("the agreement is {to}; its open instalments cannot be collected"),
                "Agree on another agreement with the customer, or end the plan.",
            ));
        }
    }
}

fn word(event: Event) -> &'static str {
    match event {
        Event::Reported(Reported::Pending) => "pending",
        Event::Reported(Reported::Created) => "created",
        Event::Reported(Reported::Active) => "active",
        Event::Reported(Reported::Suspended) => "suspended",
        Event::Reported(Reported::Declined) => "declined",
        Event::Reported(Reported::Expired) => "expired",
        Event::Reported(Reported::Cancelled) => "cancelled",
        Event::Reported(Reported::Failed) => "failed",
        Event::SendStarted
        | Event::NotSent
        | Event::OutcomeUnknown
        | Event::ConfirmedAbsent
        | Event::Rejected => "that it does not have it",
    }
}
