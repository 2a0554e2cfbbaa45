//! What stands behind an instalment's state, in a sentence a person can act on.

use crate::date::{BusinessDate, Instant};
use crate::instalment::State;
use crate::money::Cents;

/// An instalment's state in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// One sentence, without personal data.
    pub summary: String,
    /// When something happens next by itself; nothing once the instalment has ended.
    pub next_at: Option<Instant>,
}

/// Explains an instalment: what is due, what was tried, what comes next.
///
/// `attempts` counts payments and their retries; `last_failure` is the provider's code of the last
/// one; `ended_because` is the recorded reason of an end.
#[must_use]
pub fn explain(
    state: State,
    due_date: BusinessDate,
    amount: Cents,
    attempts: u32,
    last_failure: Option<&str>,
    ended_because: Option<&str>,
    wake_at: Option<Instant>,
) -> Explained {
    let tried = tried(attempts, last_failure);
    let because = ended_because
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let what = match state {
        State::Scheduled if attempts == 0 => String::from("is scheduled"),
        State::Scheduled => format!("is scheduled again after {tried}"),
        State::Collecting => format!("is being collected, on {}", nth(attempts.max(1))),
        State::Retrying => format!("will be tried again after {tried}"),
        State::Collected if attempts <= 1 => String::from("was collected"),
        State::Collected => format!("was collected on {}", nth(attempts)),
        State::Missed if attempts == 0 => {
            format!("was missed: its window closed before it was tried{because}")
        }
        State::Missed => format!("was missed: its window closed after {tried}{because}"),
        State::Failed => format!("failed for good after {tried}{because}"),
        State::Waived => format!("was waived{because}"),
        State::Cancelled => format!("was cancelled{because}"),
        State::PaidElsewhere => format!("was paid another way{because}"),
    };

    Explained {
        summary: format!("{amount} due on {due_date} {what}."),
        next_at: wake_at.filter(|_| state.is_open()),
    }
}

fn tried(attempts: u32, last_failure: Option<&str>) -> String {
    let tries = if attempts == 1 {
        String::from("1 try")
    } else {
        format!("{attempts} tries")
    };
    match last_failure {
        Some(code) => format!("{tries}, the last of which failed with {code}"),
        None => tries,
    }
}

fn nth(attempts: u32) -> String {
    format!("try {attempts}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(
        state: State,
        attempts: u32,
        failure: Option<&str>,
        because: Option<&str>,
    ) -> String {
        let due_date = BusinessDate::new(2026, 7, 1).unwrap();
        let amount = Cents::new(123_450).unwrap();
        explain(state, due_date, amount, attempts, failure, because, None).summary
    }

    #[test]
    fn a_scheduled_instalment_says_what_is_due_and_when() {
        assert_eq!(
            summary(State::Scheduled, 0, None, None),
            "$1,234.50 due on 2026-07-01 is scheduled."
        );
    }

    #[test]
    fn a_retrying_instalment_names_the_last_failure() {
        assert_eq!(
            summary(State::Retrying, 2, Some("AM04"), None),
            "$1,234.50 due on 2026-07-01 will be tried again after 2 tries, \
             the last of which failed with AM04."
        );
    }

    #[test]
    fn an_end_names_its_reason() {
        assert_eq!(
            summary(State::Failed, 1, Some("AC05"), Some("not_retryable")),
            "$1,234.50 due on 2026-07-01 failed for good after 1 try, \
             the last of which failed with AC05: not_retryable."
        );
        assert_eq!(
            summary(State::Waived, 0, None, Some("hardship")),
            "$1,234.50 due on 2026-07-01 was waived: hardship."
        );
    }

    #[test]
    fn every_state_has_its_own_words() {
        let words: std::collections::BTreeSet<_> = State::ALL
            .iter()
            .map(|state| summary(*state, 0, None, None))
            .collect();

        assert_eq!(words.len(), State::ALL.len());
    }

    #[test]
    fn only_an_open_instalment_has_a_next_moment() {
        let due_date = BusinessDate::new(2026, 7, 1).unwrap();
        let amount = Cents::new(100).unwrap();
        let wake_at = Some(due_date.opens_at());
        for state in State::ALL {
            let next_at = explain(*state, due_date, amount, 0, None, None, wake_at).next_at;
            assert_eq!(next_at, wake_at.filter(|_| state.is_open()), "{state}");
        }
    }
}
