//! The sentence.

use super::obstacle::obstacle;
use super::reason::{Hindrance, ProviderCode, Reason};
use super::until::{is_over, last_date};
use super::{History, Subject};
use crate::date::Instant;
use crate::failure::{RETRIES_IN_ALL_MAX, StopReason};
use crate::payment::State as Payment;

/// One sentence: what was due, how it stands and why.
pub(super) fn summary(
    subject: &Subject<'_>,
    history: &History<'_>,
    reason: &Reason,
    now: Instant,
) -> String {
    let (amount, due_date) = (subject.amount, subject.due_date);
    let what = match reason {
        Reason::NotDueYet | Reason::Due => {
            let still = obstacle(history).map(|one| one.rule().told(subject, history));
            let still = still.map(|still| format!("; {still}")).unwrap_or_default();
            format!("is scheduled{}{still}", again(history))
        }
        Reason::HeldBack(hindrance) => {
            let held = told(hindrance, subject, history);
            let until = until(subject, history, now);
            format!("waits{}: {held}; {until}", again(history))
        }
        Reason::InFlight(state) => {
            format!(
                "is being collected, on try {}: {}",
                history.tries().max(1),
                standing(*state)
            )
        }
        Reason::TryingAgain { failure, refused } => {
            let tried = tried(history, failure.as_ref());
            match refused.is_empty() {
                true => format!("will be tried again after {tried}"),
                false => format!(
                    "will be tried again after {tried}: the provider refused the retry with {}",
                    listed(refused)
                ),
            }
        }
        Reason::Collected if history.tries() <= 1 => "was collected".to_owned(),
        Reason::Collected => format!("was collected on try {}", history.tries()),
        Reason::Missed(kept) => {
            let before = match history.tries() {
                0 => "before it was tried".to_owned(),
                1.. => format!("after {}", tried(history, history.last_failure().as_ref())),
            };
            match kept {
                Some(kept) => format!("was missed {before}: {}", told(kept, subject, history)),
                None => format!("was missed: its period ended {before}"),
            }
        }
        Reason::FailedForGood { stop, failure } => {
            let tried = tried(history, failure.as_ref());
            let stop = stop.map(|stop| stopped(stop, history));
            format!("failed for good after {tried}{}", because(stop))
        }
        Reason::RefusedForGood(codes) if codes.is_empty() => {
            "failed for good: the provider refused the payment".to_owned()
        }
        Reason::RefusedForGood(codes) => {
            format!(
                "failed for good: the provider refused the payment with {}",
                listed(codes)
            )
        }
        Reason::Waived(word) => format!("was waived{}", because(word.clone())),
        Reason::Cancelled(word) => format!("was cancelled{}", because(word.clone())),
        Reason::PaidElsewhere(word) => format!("was paid another way{}", because(word.clone())),
        Reason::Contradicted { held, claimed } => format!(
            "is {} and in question: its payment is {held}, yet the provider says {claimed}",
            subject.state
        ),
        Reason::Quarantined => {
            "waits in quarantine: three processes in a row ended while they attended to it, and \
             nobody does until a person releases it"
                .to_owned()
        }
    };
    format!("{amount} due on {due_date} {what}.")
}

/// Until when it can be collected; once that is over, what happens instead.
fn until(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> String {
    let until = last_date(subject, history);
    if !is_over(subject, history, now) {
        return format!("it can be collected until {until}");
    }
    match history.frozen_because {
        // Frozen is undecided: nothing ends by itself.
        Some(_) => format!(
            "it could be collected until {until}, and is missed once the question is answered, \
             unless the answer ends it otherwise"
        ),
        None => {
            format!("it could be collected until {until}, and is missed when it is next looked at")
        }
    }
}

fn told(hindrance: &Hindrance, subject: &Subject<'_>, history: &History<'_>) -> String {
    match hindrance {
        Hindrance::Rule(rule) => rule.told(subject, history),
        Hindrance::Refused(codes) => {
            format!("the provider refused the payment with {}", listed(codes))
        }
        Hindrance::Other(word) => word.clone(),
    }
}

fn because(reason: Option<String>) -> String {
    reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default()
}

fn again(history: &History<'_>) -> String {
    match history.tries() {
        0 => String::new(),
        1.. => format!(
            " again after {}",
            tried(history, history.last_failure().as_ref())
        ),
    }
}

fn tried(history: &History<'_>, failure: Option<&ProviderCode>) -> String {
    let tries = match history.tries() {
        1 => "1 try".to_owned(),
        tries @ (0 | 2..) => format!("{tries} tries"),
    };
    match failure {
        Some(failure) => format!("{tries}, the last of which failed with {failure}"),
        None => tries,
    }
}

fn listed(codes: &[ProviderCode]) -> String {
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    codes.join(" and ")
}

/// How a payment stands, as a lender reads it.
const fn standing(state: Payment) -> &'static str {
    match state {
        Payment::Intended => "the payment is about to be sent",
        Payment::Sending => "the payment is being sent",
        Payment::Unknown => "the payment may have arrived, and the provider is asked until it says",
        Payment::Submitted => "the provider has the payment",
        Payment::UnderInvestigation => "the provider investigates, and money may still move",
        Payment::Settled => "the payment settled",
        Payment::Failed => "the payment failed",
        Payment::Rejected => "the provider refused the payment",
        Payment::Abandoned => "the payment was given up",
    }
}

/// Why it is not tried again.
fn stopped(stop: StopReason, history: &History<'_>) -> String {
    match stop {
        StopReason::NotRetryable => "this does not pass by itself".to_owned(),
        StopReason::RetriesUsedUp => used_up(history.retry_policy.retries_max()),
        StopReason::WindowOver => "the next try would fall after its period".to_owned(),
        StopReason::TooManyFailuresInARow => "too many payments in a row have failed".to_owned(),
        StopReason::AfterValidity => "the agreement's validity is over".to_owned(),
    }
}

/// Which limit the retries have reached: the plan's own, unless the provider's is as low.
fn used_up(own_max: u32) -> String {
    if RETRIES_IN_ALL_MAX <= own_max {
        return format!("all {RETRIES_IN_ALL_MAX} retries that the provider allows have been made");
    }
    match own_max {
        0 => "its plan allows no retries".to_owned(),
        1 => "the one retry that its plan allows has been made".to_owned(),
        2.. => format!("all {own_max} retries that its plan allows have been made"),
    }
}
