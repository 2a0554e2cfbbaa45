//! An instalment.

use domain::instalment::{Event as E, State as S};
use domain::payment::Step;
use proptest::prelude::*;
use proptest::sample::select;

fn instalment_after(start: S, events: &[E]) -> S {
    events
        .iter()
        .fold(start, |state, event| match state.step(*event) {
            Step::Advance(next) => next,
            Step::Ignore | Step::Conflict => state,
        })
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn an_instalment_ends_once(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        let ended = events.iter().scan(S::Scheduled, |state, event| {
            *state = instalment_after(*state, &[*event]);
            Some(*state)
        });
        let ends: Vec<S> = ended.filter(|state| !state.is_open()).collect();

        prop_assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", ends);
    }

    #[test]
    fn money_is_collected_or_put_to_a_person_and_never_ignored(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        let state = instalment_after(S::Scheduled, &events);
        let expected = match state {
            S::Scheduled | S::Collecting | S::Retrying => Step::Advance(S::Collected),
            S::Collected => Step::Ignore,
            S::Missed | S::Failed | S::Waived | S::Cancelled | S::PaidElsewhere => Step::Conflict,
        };

        prop_assert_eq!(state.step(E::PaymentSettled), expected);
    }

    #[test]
    fn reports_of_a_settlement_in_any_number_end_collected(
        start in select(vec![S::Scheduled, S::Collecting, S::Retrying]),
        events in prop::collection::vec(select(vec![E::SendStarted, E::PaymentSettled]), 0..12),
    ) {
        let mut told = events;
        told.push(E::PaymentSettled);

        prop_assert_eq!(instalment_after(start, &told), S::Collected);
    }
}

#[test]
fn the_key_rows_of_the_table() {
    let table = [
        (S::Scheduled, E::SendStarted, Step::Advance(S::Collecting)),
        (S::Retrying, E::SendStarted, Step::Advance(S::Collecting)),
        (S::Collecting, E::SendStarted, Step::Ignore),
        (
            S::Collecting,
            E::PaymentSettled,
            Step::Advance(S::Collected),
        ),
        (S::Retrying, E::PaymentSettled, Step::Advance(S::Collected)),
        (S::Waived, E::PaymentSettled, Step::Conflict),
        (
            S::Collecting,
            E::PaymentFailedRetryable,
            Step::Advance(S::Retrying),
        ),
        (S::Retrying, E::PaymentFailedRetryable, Step::Ignore),
        (S::Collecting, E::PaymentFailed, Step::Advance(S::Failed)),
        (S::Retrying, E::PaymentFailed, Step::Advance(S::Failed)),
        (S::Collected, E::PaymentFailed, Step::Conflict),
        (S::Cancelled, E::PaymentFailed, Step::Ignore),
        (
            S::Collecting,
            E::PaymentGivenUp,
            Step::Advance(S::Scheduled),
        ),
        (S::Collected, E::PaymentGivenUp, Step::Conflict),
        (S::Scheduled, E::WindowMissed, Step::Advance(S::Missed)),
        (S::Retrying, E::WindowMissed, Step::Advance(S::Missed)),
        (S::Collecting, E::WindowMissed, Step::Conflict),
        (S::Scheduled, E::Waived, Step::Advance(S::Waived)),
        (S::Waived, E::Waived, Step::Ignore),
        (S::Collected, E::Waived, Step::Conflict),
        (S::Retrying, E::Cancelled, Step::Advance(S::Cancelled)),
        (S::Collected, E::Cancelled, Step::Ignore),
        (
            S::Scheduled,
            E::PaidElsewhere,
            Step::Advance(S::PaidElsewhere),
        ),
        (S::Cancelled, E::PaidElsewhere, Step::Conflict),
    ];
    for (state, event, expected) in table {
        assert_eq!(state.step(event), expected, "{state} + {event}");
    }
}

#[test]
fn an_instalment_that_has_ended_stays_as_it_ended() {
    for state in S::ALL.iter().filter(|state| !state.is_open()) {
        for event in E::ALL {
            assert!(
                !matches!(state.step(*event), Step::Advance(_)),
                "{state} + {event}"
            );
        }
    }
}

#[test]
fn no_person_ends_an_instalment_while_money_may_move() {
    for event in [E::Waived, E::Cancelled, E::PaidElsewhere, E::WindowMissed] {
        assert_eq!(S::Collecting.step(event), Step::Conflict, "{event}");
    }
}

#[test]
fn money_for_an_instalment_that_ended_otherwise_is_a_conflict() {
    for state in S::ALL
        .iter()
        .filter(|state| !state.is_open() && **state != S::Collected)
    {
        assert_eq!(state.step(E::PaymentSettled), Step::Conflict, "{state}");
    }
}

#[test]
fn what_is_owed_is_open_and_has_no_live_payment() {
    let owed: Vec<_> = S::ALL.iter().filter(|state| state.is_owed_now()).collect();
    let open: Vec<_> = S::ALL.iter().filter(|state| state.is_open()).collect();

    assert_eq!(owed, [&S::Scheduled, &S::Retrying]);
    assert_eq!(open, [&S::Scheduled, &S::Collecting, &S::Retrying]);
}

#[test]
fn every_open_instalment_can_be_collected_and_every_owed_one_ended_by_a_person() {
    for state in S::ALL.iter().filter(|state| state.is_open()) {
        assert_eq!(
            state.step(E::PaymentSettled),
            Step::Advance(S::Collected),
            "{state}"
        );
    }
    for state in S::ALL.iter().filter(|state| state.is_owed_now()) {
        assert_eq!(
            state.step(E::Cancelled),
            Step::Advance(S::Cancelled),
            "{state}"
        );
        assert_eq!(state.step(E::Waived), Step::Advance(S::Waived), "{state}");
    }
}

/// Every pair, in the order of the events' `ALL`: "-" is old news, "!" a conflict, and a word the
/// state it moves to.
#[test]
fn the_whole_table() {
    let table: &[(S, &str)] = &[
        (
            S::Scheduled,
            "collecting collected retrying failed - missed waived cancelled paid_elsewhere",
        ),
        (
            S::Collecting,
            "- collected retrying failed scheduled ! ! ! !",
        ),
        (
            S::Retrying,
            "collecting collected - failed - missed waived cancelled paid_elsewhere",
        ),
        (S::Collected, "! - ! ! ! - ! - !"),
        (S::Missed, "! ! - - - - ! - !"),
        (S::Failed, "! ! - - - - ! - !"),
        (S::Waived, "! ! - - - - - - !"),
        (S::Cancelled, "! ! - - - - ! - !"),
        (S::PaidElsewhere, "! ! - - - - ! - -"),
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
