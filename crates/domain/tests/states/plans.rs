//! A plan.

use domain::payment::Step;
use domain::plan::{Event as E, State as S};
use proptest::prelude::*;
use proptest::sample::select;

#[test]
fn the_whole_table() {
    let go = Step::Advance;
    let (ignore, conflict) = (Step::Ignore, Step::Conflict);
    // In the order of Event::ALL: activated, lost, ended, paused, resumed (also to wait),
    // cancelled.
    let table = [
        (
            S::AwaitingAgreement,
            [
                go(S::Active),
                go(S::Blocked),
                go(S::Completed),
                go(S::Paused),
                ignore,
                ignore,
                go(S::Cancelled),
            ],
        ),
        (
            S::Active,
            [
                ignore,
                go(S::Blocked),
                go(S::Completed),
                go(S::Paused),
                ignore,
                ignore,
                go(S::Cancelled),
            ],
        ),
        (
            S::Paused,
            [
                ignore,
                ignore,
                go(S::Completed),
                ignore,
                go(S::Active),
                go(S::AwaitingAgreement),
                go(S::Cancelled),
            ],
        ),
        (
            S::Completed,
            [
                ignore, ignore, ignore, conflict, conflict, conflict, conflict,
            ],
        ),
        (
            S::Cancelled,
            [ignore, ignore, ignore, conflict, conflict, conflict, ignore],
        ),
        (
            S::Blocked,
            [
                go(S::Active),
                ignore,
                go(S::Completed),
                conflict,
                conflict,
                conflict,
                go(S::Cancelled),
            ],
        ),
    ];
    for (state, steps) in table {
        for (event, expected) in E::ALL.iter().zip(steps) {
            assert_eq!(state.step(*event), expected, "{state} + {event}");
        }
    }
}

#[test]
fn only_what_is_completed_or_cancelled_has_ended() {
    let ended: Vec<_> = S::ALL.iter().filter(|state| state.is_final()).collect();

    assert_eq!(ended, [&S::Completed, &S::Cancelled]);
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn a_plan_that_has_ended_stays_as_it_ended(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        let mut state = S::AwaitingAgreement;
        for event in events {
            let Step::Advance(next) = state.step(event) else { continue };
            prop_assert!(!state.is_final(), "{} + {}", state, event);
            state = next;
        }
    }

    #[test]
    fn nothing_but_the_lender_starts_a_paused_plan(
        events in prop::collection::vec(select(E::ALL.to_vec()), 0..40),
    ) {
        let mut state = S::Paused;
        for event in events {
            if matches!(event, E::Resumed | E::ResumedToWait) {
                continue;
            }
            if let Step::Advance(next) = state.step(event) {
                state = next;
            }
            prop_assert_ne!(state, S::Active);
        }
    }
}
