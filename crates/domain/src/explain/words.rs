//! The sentence.

use super::figures::last_date;
use super::reason::{Hindrance, ProviderCode, Reason};
use super::{History, Subject};
use crate::failure::StopReason;
use crate::payment::State as Payment;

/// One sentence: what was due, how it stands and why.
pub(super) fn summary(subject: &Subject<'_>, history: &History<'_>, reason: &Reason) -> String {
    let (amount, due_date) = (subject.amount, subject.due_date);
    let what = match reason {
        Reason::NotDueYet | Reason::Due => format!("is scheduled{}", again(history)),
        Reason::HeldBack(hindrance) => {
            let until = last_date(subject, history);
            let held = told(hindrance, subject, history);
            format!(
                "waits{}: {held}; it can be collected until {until}",
                again(history)
            )
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
            let stop = stop.map(|stop| stopped(stop).to_owned());
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
    };
    format!("{amount} due on {due_date} {what}.")
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
const fn stopped(stop: StopReason) -> &'static str {
    match stop {
        StopReason::NotRetryable => "this does not pass by itself",
        StopReason::RetriesUsedUp => "every retry has been made",
        StopReason::WindowOver => "the next try would fall after its period",
        StopReason::TooManyFailuresInARow => "too many payments in a row have failed",
        StopReason::AfterValidity => "the agreement's validity is over",
    }
}
