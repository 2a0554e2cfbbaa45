//! A payment.

use domain::payment::{self, Event as E, IncidentKind, State as S, Step, incident};
use proptest::prelude::*;
use proptest::sample::select;

/// Where a payment is after these events, conflicts and old news left out.
fn payment_after(start: payment::State, events: &[payment::Event]) -> payment::State {
    events
        .iter()
        .fold(start, |state, event| match state.step(*event) {
            Step::Advance(next) => next,
            Step::Ignore | Step::Conflict => state,
        })
}

#[test]
fn the_key_rows_of_the_table() {
    let table = [
        (S::Intended, E::SendStarted, Step::Advance(S::Sending)),
        (S::Sending, E::SendStarted, Step::Ignore),
        (S::Sending, E::NotSent, Step::Advance(S::Intended)),
        (S::Sending, E::OutcomeUnknown, Step::Advance(S::Unknown)),
        (S::Unknown, E::OutcomeUnknown, Step::Ignore),
        (S::Submitted, E::OutcomeUnknown, Step::Ignore),
        (S::Rejected, E::OutcomeUnknown, Step::Conflict),
        (S::Sending, E::Accepted, Step::Advance(S::Submitted)),
        (S::Unknown, E::Accepted, Step::Advance(S::Submitted)),
        (S::UnderInvestigation, E::Accepted, Step::Ignore),
        (S::Failed, E::Accepted, Step::Ignore),
        (
            S::Submitted,
            E::Investigating,
            Step::Advance(S::UnderInvestigation),
        ),
        (S::Sending, E::Rejected, Step::Advance(S::Rejected)),
        (S::Unknown, E::Rejected, Step::Advance(S::Rejected)),
        (S::Intended, E::Rejected, Step::Ignore),
        (S::Submitted, E::Rejected, Step::Conflict),
        (S::UnderInvestigation, E::Rejected, Step::Conflict),
        (S::Sending, E::ConfirmedAbsent, Step::Advance(S::Intended)),
        (S::Unknown, E::ConfirmedAbsent, Step::Advance(S::Intended)),
        (S::Submitted, E::ConfirmedAbsent, Step::Conflict),
        (S::Settled, E::ConfirmedAbsent, Step::Conflict),
        (S::Failed, E::RetryStarted, Step::Advance(S::Sending)),
        (S::Intended, E::GivenUp, Step::Advance(S::Abandoned)),
        (S::Settled, E::Settled, Step::Ignore),
        (S::Failed, E::Failed, Step::Ignore),
        (S::Settled, E::Failed, Step::Conflict),
    ];
    for (state, event, expected) in table {
        assert_eq!(state.step(event), expected, "{state} + {event}");
    }
}

#[test]
fn only_a_payment_that_never_left_or_is_absent_is_sent() {
    for state in S::ALL.iter().filter(|state| **state != S::Intended) {
        assert_ne!(
            state.step(E::SendStarted),
            Step::Advance(S::Sending),
            "{state}"
        );
    }
    for state in S::ALL.iter().filter(|state| **state != S::Failed) {
        assert_ne!(
            state.step(E::RetryStarted),
            Step::Advance(S::Sending),
            "{state}"
        );
    }
}

#[test]
fn nothing_leaves_a_final_state_but_the_retry_of_a_failed_payment() {
    for state in S::ALL.iter().filter(|state| state.is_final()) {
        for event in E::ALL {
            let is_retry = (*state, *event) == (S::Failed, E::RetryStarted);
            let moves = matches!(state.step(*event), Step::Advance(_));
            assert_eq!(moves, is_retry, "{state} + {event}");
        }
    }
}

#[test]
fn every_live_payment_believes_the_provider_that_it_settled_or_failed() {
    for state in S::ALL.iter().filter(|state| state.is_live()) {
        assert_eq!(state.step(E::Settled), Step::Advance(S::Settled), "{state}");
        assert_eq!(state.step(E::Failed), Step::Advance(S::Failed), "{state}");
    }
}

#[test]
fn a_late_settlement_is_a_conflict_and_never_ignored() {
    for state in [S::Failed, S::Rejected, S::Abandoned] {
        assert_eq!(state.step(E::Settled), Step::Conflict, "{state}");
    }
}

#[test]
fn an_undecided_payment_is_not_given_up() {
    for state in [S::Sending, S::Unknown, S::Submitted, S::UnderInvestigation] {
        assert_eq!(state.step(E::GivenUp), Step::Conflict, "{state}");
    }
}

#[test]
fn a_slot_is_freed_only_where_no_money_can_move() {
    let free: Vec<_> = S::ALL.iter().filter(|state| !state.holds_slot()).collect();

    assert_eq!(free, [&S::Failed, &S::Rejected, &S::Abandoned]);
}

#[test]
fn no_event_advances_a_payment_to_the_state_it_is_in() {
    for state in S::ALL {
        for event in E::ALL {
            assert_ne!(
                state.step(*event),
                Step::Advance(*state),
                "{state} + {event}"
            );
        }
    }
}

#[test]
fn every_conflict_is_an_incident_and_nothing_else_is() {
    for state in S::ALL {
        for event in E::ALL {
            let found = incident(*state, *event);
            let is_conflict = state.step(*event) == Step::Conflict;
            assert_eq!(found.is_some(), is_conflict, "{state} + {event}");
            let claims = found.map(|incident| (incident.held, incident.claimed));
            let expected = is_conflict.then_some((*state, event.claims()));
            assert_eq!(claims, expected, "{state} + {event}");
        }
    }
}

#[test]
fn money_after_the_end_and_an_end_after_the_money_have_names_of_their_own() {
    let kind = |state: S, event| incident(state, event).map(|incident| incident.kind);
    let late = Some(IncidentKind::LateSettlement);

    for state in [S::Failed, S::Rejected, S::Abandoned] {
        assert_eq!(kind(state, E::Settled), late, "{state}");
    }
    assert_eq!(kind(S::Settled, E::Failed), Some(IncidentKind::Reversal));
    for state in S::ALL {
        for event in E::ALL {
            let named = *event == E::Settled || (*state, *event) == (S::Settled, E::Failed);
            let expected = Some(IncidentKind::Contradiction);
            let found = kind(*state, *event);
            assert!(
                named || found.is_none() || found == expected,
                "{state} + {event}"
            );
        }
    }
}

#[test]
fn an_event_claims_the_state_that_it_speaks_of() {
    let claims: Vec<_> = E::ALL.iter().map(|event| event.claims().as_str()).collect();

    let expected = "submitted submitted submitted submitted submitted under_investigation \
                    settled failed rejected submitted submitted";
    assert_eq!(claims.join(" "), expected);
}

#[test]
fn an_incident_says_what_is_held_and_what_is_claimed() {
    let told = incident(S::Settled, E::Failed).expect("a reversal");

    assert_eq!(told.kind.as_str(), "reversal");
    assert_eq!(
        told.to_string(),
        "the payment is settled, yet the provider says failed"
    );
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn reports_of_one_truth_in_any_order_and_number_end_in_the_same_state(
        start in select(vec![S::Intended, S::Sending, S::Unknown, S::Submitted]),
        end in select(vec![E::Settled, E::Failed]),
        reports in prop::collection::vec(select(vec![
            E::Accepted, E::Investigating, E::OutcomeUnknown, E::NotSent]), 0..12),
        at in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
    ) {
        let mut told = reports;
        told.insert(at.index(told.len() + 1), end);
        told.insert(again.index(told.len() + 1), end);

        prop_assert_eq!(payment_after(start, &told), end.claims());
        told.reverse();
        prop_assert_eq!(payment_after(start, &told), end.claims());
    }

    #[test]
    fn a_final_payment_moves_only_by_its_own_retry(
        state in select(vec![S::Settled, S::Failed, S::Rejected, S::Abandoned]),
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..30),
    ) {
        let mut now = state;
        for event in events {
            if now == S::Failed && event == E::RetryStarted {
                return Ok(());
            }
            prop_assert!(!matches!(now.step(event), Step::Advance(_)), "{} + {}", now, event);
            now = payment_after(now, &[event]);
            prop_assert_eq!(now, state);
        }
    }

    #[test]
    fn no_word_of_money_is_ever_lost(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
        at in any::<prop::sample::Index>(),
    ) {
        let before = at.index(events.len() + 1);
        let state = payment_after(S::Intended, &events[..before]);

        // Settled is believed, known already, or put to a person.
        match state.step(E::Settled) {
            Step::Advance(next) => prop_assert_eq!(next, S::Settled),
            Step::Ignore => prop_assert_eq!(state, S::Settled),
            Step::Conflict => {
                let kind = incident(state, E::Settled).map(|incident| incident.kind);
                prop_assert_eq!(kind, Some(IncidentKind::LateSettlement));
            }
        }
    }

    #[test]
    fn reports_in_any_order_and_number_end_settled(
        start in select(vec![S::Intended, S::Sending, S::Unknown, S::Submitted]),
        mut reports in prop::collection::vec(
            select(vec![E::Accepted, E::Investigating, E::Settled]), 0..12),
        at in any::<prop::sample::Index>(),
    ) {
        reports.insert(at.index(reports.len() + 1), E::Settled);

        prop_assert_eq!(payment_after(start, &reports), S::Settled);
    }

    #[test]
    fn reports_in_any_order_and_number_end_failed(
        start in select(vec![S::Intended, S::Sending, S::Unknown, S::Submitted]),
        mut reports in prop::collection::vec(
            select(vec![E::Accepted, E::Investigating, E::Failed]), 0..12),
        at in any::<prop::sample::Index>(),
    ) {
        reports.insert(at.index(reports.len() + 1), E::Failed);

        prop_assert_eq!(payment_after(start, &reports), S::Failed);
    }

    #[test]
    fn reports_without_a_decision_end_in_the_furthest(
        mut reports in prop::collection::vec(
            select(vec![E::Accepted, E::Investigating, E::OutcomeUnknown]), 0..12),
        at in any::<prop::sample::Index>(),
    ) {
        reports.insert(at.index(reports.len() + 1), E::Investigating);

        prop_assert_eq!(payment_after(S::Sending, &reports), S::UnderInvestigation);
    }

    #[test]
    fn a_settled_payment_stays_settled_whatever_is_heard(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        prop_assert_eq!(payment_after(S::Settled, &events), S::Settled);
    }

    #[test]
    fn a_payment_is_sent_again_only_after_it_is_known_not_to_be_there(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..60),
    ) {
        let mut state = S::Intended;
        let mut cleared = true;
        for event in events {
            let Step::Advance(next) = state.step(event) else { continue };
            if next == S::Sending {
                prop_assert!(cleared, "sent again from {} by {}", state, event);
                cleared = false;
            }
            cleared |= matches!(event, E::NotSent | E::ConfirmedAbsent | E::Failed);
            state = next;
        }
    }
}

/// Every pair, in the order of the events' `ALL`: "-" is old news, "!" a conflict, and a word the
/// state it moves to.
#[test]
fn the_whole_table() {
    let table: &[(S, &str)] = &[
        (
            S::Intended,
            "sending ! - unknown submitted under_investigation settled failed - - abandoned",
        ),
        (
            S::Sending,
            "- - intended unknown submitted under_investigation settled failed rejected intended !",
        ),
        (
            S::Unknown,
            "! ! - - submitted under_investigation settled failed rejected intended !",
        ),
        (
            S::Submitted,
            "! ! - - - under_investigation settled failed ! ! !",
        ),
        (S::UnderInvestigation, "! ! - - - - settled failed ! ! !"),
        (S::Settled, "! ! - - - - - ! ! ! !"),
        (S::Failed, "! sending - - - - ! - ! ! -"),
        (S::Rejected, "! ! - ! ! ! ! ! - - -"),
        (S::Abandoned, "! ! - ! ! ! ! ! - - -"),
    ];
    assert_eq!(table.len(), S::ALL.len());
    for (state, row) in table {
        let steps: Vec<_> = E::ALL
            .iter()
            .map(|event| match state.step(*event) {
                Step::Advance(next) => next.as_str(),
                Step::Ignore => "-",
                Step::Conflict => "!",
            })
            .collect();
        assert_eq!(steps.join(" "), *row, "{state}");
    }
}
