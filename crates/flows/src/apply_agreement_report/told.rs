//! What the lender is told of an agreement's step, and what a person is asked.

use serde_json::json;

use domain::agreement::{Event, Reported, State};
use domain::plan;
use store::agreements::{AgreementRow, AgreementWrite};
use store::exceptions::NewException;

use super::heard::OTHER_PAYER;
use crate::tell::{event, exception};

/// Under our uid stands what the payer was not asked for by us: nothing is sent until a person has looked.
pub(super) fn echoes_wrong(row: &AgreementRow, write: &mut AgreementWrite, field: &str) {
    write.freeze = Some("echo_mismatch");
    write.exception = Some(exception(
        "echo_mismatch",
        row.plan_id,
        ("agreement", row.id.uuid()),
        format!("the provider holds another {field} under this agreement's uid"),
        "Compare the agreement with the provider's record before the plan collects again.",
    ));
}

/// The provider's word cannot be true together with ours.
pub(super) fn conflict(row: &AgreementRow, event: Event) -> NewException {
    exception(
        "agreement_conflict",
        row.plan_id,
        ("agreement", row.id.uuid()),
        format!(
            "the agreement is {}, yet the provider says {}",
            row.state,
            word(event)
        ),
        "Compare with the provider's record of the agreement and decide which is true.",
    )
}

/// The event of a payer's own change.
pub(super) const AMENDED: &str = "agreement.amended";

/// The payer changed the account at their bank. Which one it is stands in the vault, not in the event.
pub(super) fn amended(row: &AgreementRow, write: &mut AgreementWrite) {
    write.events.push(event(
        AMENDED,
        row.plan_id,
        json!({
            "agreement_id": row.id.to_string(),
            "agreement_uid": row.uid.to_string(),
            "changed": ["debtor_account"],
        }),
    ));
}

/// The provider will not look the PayID up, and not because of a limit or an outage.
pub(super) fn look_up_refused(row: &AgreementRow) -> NewException {
    exception(
        "payid_lookup_refused",
        row.plan_id,
        ("agreement", row.id.uuid()),
        "the provider refuses to look up the payer's PayID; the agreement waits".to_owned(),
        "Ask the provider whether PayID look-ups are enabled for this account.",
    )
}

pub(super) fn missing(row: &AgreementRow) -> NewException {
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

pub(super) fn tell(row: &AgreementRow, write: &mut AgreementWrite, to: State) {
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
            write.exception = Some(lost(row, write, to));
        }
    }
}

/// A plan that cannot collect, and the rule that keeps it, where there is one.
fn lost(row: &AgreementRow, write: &AgreementWrite, to: State) -> NewException {
    let subject = ("agreement", row.id.uuid());
    match &write.reason {
        Some((code, why)) if code == OTHER_PAYER => exception(
            OTHER_PAYER,
            row.plan_id,
            subject,
            format!("nothing was sent to the payer: {why} ({code})"),
            "Ask the customer for a PayID or an account of their own; this one may be somebody else's.",
        ),
        Some((code, why)) => exception(
            "agreement_lost",
            row.plan_id,
            subject,
            format!(
                "the agreement is {to}: {why} ({code}); its open instalments cannot be collected"
            ),
            "Agree on another agreement with the customer, or end the plan.",
        ),
        None => exception(
            "agreement_lost",
            row.plan_id,
            subject,
            format!("the agreement is {to}; its open instalments cannot be collected"),
            "Agree on another agreement with the customer, or end the plan.",
        ),
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
        | Event::Withdrawn
        | Event::Rejected => "that it does not have it",
    }
}
