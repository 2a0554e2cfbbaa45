//! Each payment of the bank against its row, and the payments of one instalment against each other:
//! I1 to I4, I8, I10 and I11.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use crate::book::{Book, Entry};
use crate::rows::OurPayment;
use crate::violation::Findings;
use crate::witness::TheirPayment;
use crate::{Fence, Violation};

/// I3, I4: the row foresaw exactly this payment, before the bank took it.
pub(crate) fn foreseen(
    theirs: &TheirPayment,
    row: &OurPayment,
    uid_key: Option<&[u8; 32]>,
    found: &mut Findings,
) {
    found.checked("I3", 1);
    found.checked("I4", 1);
    let mut tell = |invariant, said: String| found.push(of_row(row, invariant, said));
    if theirs.amount != row.amount_cents {
        let said = format!(
            "the bank took {} cents, not {}",
            theirs.amount, row.amount_cents
        );
        tell("I3", said);
    }
    if theirs.agreement_uid != row.agreement_uid {
        tell(
            "I3",
            format!("the bank took it under {}", theirs.agreement_uid),
        );
    }
    if theirs.created_at < row.created_at {
        tell(
            "I3",
            "the bank took it before its row was written".to_owned(),
        );
    }
    if theirs.last_payment.unwrap_or(false) != row.last_payment.unwrap_or(false) {
        tell(
            "I4",
            "the bank was told otherwise whether it is the last".to_owned(),
        );
    }
    let body: Value = serde_json::from_str(&row.request_body).unwrap_or_default();
    let is_frozen = body["uid"] == *theirs.uid
        && body["amount"] == theirs.amount
        && body["agreement_uid"] == *theirs.agreement_uid;
    if !is_frozen {
        tell(
            "I4",
            "the bank took another body than the frozen one".to_owned(),
        );
    }
    if let Some(key) = uid_key
        && payment_uid(key, row.instalment_id, row.attempt_no) != row.uid
    {
        tell(
            "I4",
            "its uid does not follow from instalment and attempt".to_owned(),
        );
    }
}

fn of_row(row: &OurPayment, invariant: &'static str, said: String) -> Violation {
    let violation = Violation::new(invariant, said).of_uid(row.uid.clone());
    violation
        .of_plan(row.plan_id)
        .of_instalment(row.instalment_id)
}

/// The uid of an attempt, worked out once more from the documents.
fn payment_uid(key: &[u8; 32], instalment: Uuid, attempt_no: i32) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(b"payment");
    mac.update(instalment.as_bytes());
    mac.update(&attempt_no.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let head: Vec<u8> = digest.iter().copied().take(20).collect();
    format!("pd1-{}", BASE32_NOPAD.encode(&head).to_lowercase())
}

/// I1, I2: at most one success, and none begins before the one before it has failed. Two things are
/// the bank's doing and not ours: a failure that it takes back after another was sent, and a request
/// that reached it long after it was sent. Then a person has been asked about that very payment, or will be: what
/// the bank took back is heard of at the next look at the latest.
pub(crate) fn one_at_a_time(book: &Book, row: &OurPayment, found: &mut Findings) {
    found.checked("I1", 1);
    found.checked("I2", 1);
    let payments = book.payments_of(row.instalment_id);
    let is_asked = |entry: &Entry| row.is_asked_about(&entry.theirs.uid);
    let changed_its_mind = |before: &Entry, after: &Entry| {
        let uid = &before.theirs.uid;
        before.theirs.has_settled()
            && before.theirs.had_failed_by(after.theirs.created_at)
            && (row.is_asked_about(uid) || row.is_looked_at(uid))
    };

    let settled: Vec<&Entry> = payments
        .iter()
        .copied()
        .filter(|entry| entry.theirs.has_settled())
        .collect();
    let is_doubled = settled
        .iter()
        .zip(settled.iter().skip(1))
        .any(|(one, next)| {
            let is_theirs = changed_its_mind(one, next) || (next.came_after(one) && is_asked(next));
            !is_theirs
        });
    if is_doubled {
        let said = "collected more than once, and nobody was asked about it";
        let mut violation = of_row(row, "I1", said.to_owned());
        violation.uids = settled.iter().map(|one| one.theirs.uid.clone()).collect();
        found.push(violation);
    }
    for (before, after) in payments.iter().zip(payments.iter().skip(1)) {
        // Two successes are told as such already.
        let is_told = is_doubled && before.theirs.has_settled() && after.theirs.has_settled();
        let had_failed =
            before.theirs.has_failed() && before.theirs.had_failed_by(after.theirs.created_at);
        let is_theirs = changed_its_mind(before, after) || after.came_after(before);
        if !had_failed && !is_theirs && !is_told {
            let said = format!(
                "the bank holds it {}, and had not failed it when another was sent",
                before.theirs.state
            );
            let violation = of_row(row, "I2", said);
            found.push(
                violation
                    .of_uid(before.theirs.uid.clone())
                    .of_uid(after.theirs.uid.clone()),
            );
        }
    }
}

/// How much two processes' clocks, and the waits of one transaction for another, may come to.
pub(crate) const SAME_TIME: TimeDelta = TimeDelta::minutes(1);

/// I1', I8: nothing is armed while everything is stopped, or its plan or agreement is; once its
/// plan is cancelled; or while its plan is frozen for a person.
pub(crate) fn stopped<'a>(
    row: &OurPayment,
    fences: &[Fence],
    own: impl Iterator<Item = &'a Fence>,
    found: &mut Findings,
) {
    found.checked("I1'", row.sent_at.len());
    found.checked("I8", row.sent_at.len());
    let is_inside = |at: &&DateTime<Utc>| {
        let inside = |fence: &Fence| {
            fence.closed_at < **at && fence.opened_at.is_none_or(|opened_at| **at < opened_at)
        };
        fences.iter().any(inside)
    };
    if let Some(at) = row.sent_at.iter().find(is_inside) {
        let said = format!("sent at {at}, while everything was stopped");
        found.push(of_row(row, "I8", said));
    }
    for fence in own {
        let is_inside = |at: &&DateTime<Utc>| {
            fence.closed_at + SAME_TIME < **at
                && fence
                    .opened_at
                    .is_none_or(|opened_at| **at < opened_at - SAME_TIME)
        };
        if let Some(at) = row.sent_at.iter().find(is_inside) {
            let said = format!("sent at {at}, while its plan or agreement was stopped");
            found.push(of_row(row, "I8", said));
        }
    }
    let first_after = |stop: Option<DateTime<Utc>>| {
        let since = stop? + SAME_TIME;
        row.sent_at.iter().find(|at| since < **at)
    };
    if let Some(at) = first_after(row.cancelled_at) {
        let said = format!("sent at {at}, after its plan was cancelled");
        found.push(of_row(row, "I8", said));
    }
    if let Some(at) = first_after(row.frozen_at) {
        let said = format!("sent at {at}, while its plan was frozen for a person");
        found.push(of_row(row, "I1'", said));
    }
}

/// I10, as far as it holds at any moment: what we hold for certain, the bank does not contradict.
pub(crate) fn agrees(entry: Option<&Entry>, row: &OurPayment, found: &mut Findings) {
    found.checked("I10", 1);
    let is_questioned = row.is_asked_about(&row.uid);
    let told = entry.map_or("unknown", |entry| entry.theirs.state.as_str());
    // A retry that reached the bank long after it was sent had been held for lost.
    let came_late = entry.is_some_and(Entry::was_submitted_late);
    let agrees = match row.state.as_str() {
        "settled" => told == "settled",
        // A settlement after the failure is heard later, and asked about then.
        "failed" => told == "failed" || told == "settled" || came_late,
        "rejected" | "abandoned" => told == "unknown" || told == "failed" || is_questioned,
        "submitted" | "under_investigation" => told != "unknown",
        _ => true,
    };
    if !agrees {
        found.push(of_row(
            row,
            "I10",
            format!("{} here, {told} at the bank", row.state),
        ));
    }
    if row.state == "settled" {
        found.checked("I11", 1);
        let is_booked =
            row.instalment_state == "collected" && row.instalment_cents == row.amount_cents;
        if !is_booked && !is_questioned {
            let said = format!("it settled, yet its instalment is {}", row.instalment_state);
            found.push(of_row(row, "I11", said));
        }
    }
}

/// I10 when nothing is under way any more: both sides say the same of every payment.
pub(crate) fn converged(theirs: Option<&TheirPayment>, row: &OurPayment, found: &mut Findings) {
    found.checked("I10", 1);
    let is_questioned = row.is_asked_about(&row.uid);
    let told = theirs.map_or("unknown", |theirs| theirs.state.as_str());
    let agrees = match row.state.as_str() {
        "settled" => told == "settled",
        "failed" => told == "failed" || (told == "settled" && is_questioned),
        "rejected" | "abandoned" => told == "unknown" || told == "failed" || is_questioned,
        _ => false,
    };
    if !agrees {
        found.push(of_row(
            row,
            "I10",
            format!("at the end {} here, {told} there", row.state),
        ));
    }
}
