//! An agreement.

use domain::agreement::{self, Event as E, Reported as R, State as S};
use domain::payment::Step;
use proptest::prelude::*;
use proptest::sample::select;

fn agreement_after(start: agreement::State, reports: &[agreement::Reported]) -> agreement::State {
    reports.iter().fold(start, |state, report| {
        match state.step(agreement::Event::Reported(*report)) {
            Step::Advance(next) => next,
            Step::Ignore | Step::Conflict => state,
        }
    })
}

#[test]
fn the_key_rows_of_the_table() {
    let table = [
        (S::Drafted, E::SendStarted, Step::Advance(S::Sending)),
        (S::Sending, E::SendStarted, Step::Ignore),
        (S::Unknown, E::SendStarted, Step::Conflict),
        (S::Sending, E::NotSent, Step::Advance(S::Drafted)),
        (S::Unknown, E::NotSent, Step::Ignore),
        (S::Sending, E::OutcomeUnknown, Step::Advance(S::Unknown)),
        (S::Unknown, E::ConfirmedAbsent, Step::Advance(S::Drafted)),
        (S::Active, E::ConfirmedAbsent, Step::Conflict),
        (S::Sending, E::Rejected, Step::Advance(S::Failed)),
        (S::Active, E::Rejected, Step::Conflict),
        (S::Drafted, E::Withdrawn, Step::Advance(S::Cancelled)),
        (S::Sending, E::Withdrawn, Step::Conflict),
        (S::Active, E::Withdrawn, Step::Conflict),
        (S::Failed, E::Withdrawn, Step::Ignore),
        (
            S::Sending,
            E::Reported(R::Pending),
            Step::Advance(S::Pending),
        ),
        (
            S::Pending,
            E::Reported(R::Created),
            Step::Advance(S::Created),
        ),
        (S::Created, E::Reported(R::Active), Step::Advance(S::Active)),
        (S::Active, E::Reported(R::Pending), Step::Ignore),
        (S::Active, E::Reported(R::Created), Step::Ignore),
        (
            S::Active,
            E::Reported(R::Suspended),
            Step::Advance(S::Suspended),
        ),
        (
            S::Suspended,
            E::Reported(R::Active),
            Step::Advance(S::Active),
        ),
        (
            S::Created,
            E::Reported(R::Declined),
            Step::Advance(S::Declined),
        ),
        (
            S::Created,
            E::Reported(R::Expired),
            Step::Advance(S::Expired),
        ),
        (
            S::Active,
            E::Reported(R::Cancelled),
            Step::Advance(S::Cancelled),
        ),
        (S::Pending, E::Reported(R::Failed), Step::Advance(S::Failed)),
        (S::Cancelled, E::Reported(R::Cancelled), Step::Ignore),
        (S::Cancelled, E::Reported(R::Created), Step::Ignore),
        (S::Cancelled, E::Reported(R::Active), Step::Conflict),
        (S::Expired, E::Reported(R::Declined), Step::Conflict),
        (S::Failed, E::Reported(R::Created), Step::Conflict),
    ];
    for (state, event, expected) in table {
        assert_eq!(state.step(event), expected, "{state} + {event}");
    }
}

#[test]
fn an_agreement_that_has_ended_never_comes_back() {
    for state in S::ALL.iter().filter(|state| state.is_terminal()) {
        for event in E::ALL {
            assert!(
                !matches!(state.step(*event), Step::Advance(_)),
                "{state} + {event}"
            );
        }
    }
}

#[test]
fn whatever_ends_a_living_agreement_is_believed() {
    let ends = [
        (R::Declined, S::Declined),
        (R::Expired, S::Expired),
        (R::Cancelled, S::Cancelled),
        (R::Failed, S::Failed),
    ];
    for state in S::ALL.iter().filter(|state| !state.is_terminal()) {
        for (report, end) in ends {
            assert_eq!(
                state.step(E::Reported(report)),
                Step::Advance(end),
                "{state}"
            );
        }
    }
}

#[test]
fn only_an_active_agreement_is_payable_and_only_an_ended_one_is_lost() {
    let payable: Vec<_> = S::ALL.iter().filter(|state| state.is_payable()).collect();
    let lost: Vec<_> = S::ALL.iter().filter(|state| state.is_lost()).collect();

    assert_eq!(payable, [&S::Active]);
    assert_eq!(lost, [&S::Declined, &S::Expired, &S::Cancelled, &S::Failed]);
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn reports_in_any_order_and_number_end_active(
        start in select(vec![S::Drafted, S::Sending, S::Unknown, S::Pending]),
        mut reports in prop::collection::vec(
            select(vec![R::Pending, R::Created, R::Active]), 0..12),
        at in any::<prop::sample::Index>(),
    ) {
        reports.insert(at.index(reports.len() + 1), R::Active);

        prop_assert_eq!(agreement_after(start, &reports), S::Active);
    }

    #[test]
    fn an_end_told_again_and_again_among_older_reports_is_the_same_end(
        start in select(vec![S::Drafted, S::Sending, S::Unknown, S::Pending]),
        (report, end) in select(vec![
            (R::Declined, S::Declined), (R::Expired, S::Expired),
            (R::Cancelled, S::Cancelled), (R::Failed, S::Failed)]),
        mut reports in prop::collection::vec(select(vec![R::Pending, R::Created]), 0..12),
        at in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        for place in at {
            reports.insert(place.index(reports.len() + 1), report);
        }

        prop_assert_eq!(agreement_after(start, &reports), end);
        reports.reverse();
        prop_assert_eq!(agreement_after(start, &reports), end);
    }

    #[test]
    fn an_agreement_goes_back_and_forth_only_between_active_and_suspended(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        // Every other step goes forward on this line, or back to a draft that never arrived.
        let rank = |state: S| S::ALL.iter().position(|one| *one == state);
        let mut state = S::Drafted;
        for event in events {
            let Step::Advance(next) = state.step(event) else { continue };
            let lifted = (state, next) == (S::Suspended, S::Active);
            let absent = next == S::Drafted && matches!(state, S::Sending | S::Unknown);
            prop_assert!(lifted || absent || rank(state) < rank(next), "{} + {}", state, event);
            state = next;
        }
    }

    #[test]
    fn a_cancellation_holds_whatever_is_heard_before_or_after(
        mut reports in prop::collection::vec(
            select(vec![R::Pending, R::Created, R::Active, R::Suspended]), 0..12),
        at in any::<prop::sample::Index>(),
    ) {
        reports.insert(at.index(reports.len() + 1), R::Cancelled);

        prop_assert_eq!(agreement_after(S::Sending, &reports), S::Cancelled);
    }
}

/// Every pair, in the order of the events' `ALL`: "-" is old news, "!" a conflict, and a word the
/// state it moves to.
#[test]
fn the_whole_table() {
    let table: &[(S, &str)] = &[
        (
            S::Drafted,
            "sending - unknown - - cancelled pending created active suspended \
             declined expired cancelled failed",
        ),
        (
            S::Sending,
            "- drafted unknown drafted failed ! pending created active suspended \
             declined expired cancelled failed",
        ),
        (
            S::Unknown,
            "! - - drafted failed ! pending created active suspended \
             declined expired cancelled failed",
        ),
        (
            S::Pending,
            "! - - ! ! ! - created active suspended declined expired cancelled failed",
        ),
        (
            S::Created,
            "! - - ! ! ! - - active suspended declined expired cancelled failed",
        ),
        (
            S::Active,
            "! - - ! ! ! - - - suspended declined expired cancelled failed",
        ),
        (
            S::Suspended,
            "! - - ! ! ! - - active - declined expired cancelled failed",
        ),
        (S::Declined, "! - - ! ! - - - ! ! - ! ! !"),
        (S::Expired, "! - - ! ! - - - ! ! ! - ! !"),
        (S::Cancelled, "! - - ! ! - - - ! ! ! ! - !"),
        (S::Failed, "! - - - - - - ! ! ! ! ! ! -"),
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
