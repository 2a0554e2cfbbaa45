//! When each refusal ceases to hold.

use super::*;

fn assert_clears(refusal: &Refusal, clears: Clears) {
    assert_eq!(refusal.clears(), clears, "{refusal}");
    assert_eq!(refusal.is_for_ever(), clears == Clears::Never, "{refusal}");
}

fn no_free_slot(window: Option<Window>) -> Refusal {
    Refusal::NoFreeSlot {
        reading: Reading::Oligo,
        window,
        allowed: 1,
        may_be_freed: false,
    }
}

fn budget_spent(clear_at: Option<Instant>) -> Refusal {
    Refusal::RetryBudgetSpent {
        retries_made: 4,
        submissions_in_24h: 5,
        clear_at,
    }
}

#[test]
fn what_time_alone_changes_says_when() {
    let day = date(2026, 3, 10);
    let window = Window {
        index: 0,
        first_date: day,
        last_date: day,
    };
    let at = day.at_hour(9, 0);
    let expected = [
        (Refusal::NotDueYet { due_date: day }, day.opens_at()),
        (Refusal::BeforeValidity { start_date: day }, day.opens_at()),
        (no_free_slot(Some(window)), day.closes_at()),
        (budget_spent(Some(at)), at),
        (Refusal::OutsideSendingHours { opens_at: at }, at),
        (Refusal::NearWindowEdge { clear_at: at }, at),
    ];
    for (refusal, at) in expected {
        assert_clears(&refusal, Clears::At(at));
    }
}

#[test]
fn what_waits_for_something_says_for_what() {
    let stale = Refusal::AgreementStale { confirmed_at: None };
    let expected = [
        (
            Refusal::CollectionsStopped { scope: Scope::Plan },
            Awaited::CollectionsOpened,
        ),
        (Refusal::PlanFrozen, Awaited::ExceptionResolved),
        (Refusal::OtherPaymentLive, Awaited::OtherPaymentEnded),
        (stale, Awaited::AgreementConfirmed),
        (amount_refused("ZPPAY18"), Awaited::FirstPaymentSettled),
        (no_free_slot(None), Awaited::SlotFreed),
        (
            Refusal::TooManyFailuresInARow {
                count: 5,
                in_flight: 0,
            },
            Awaited::StreakBroken,
        ),
    ];
    for (refusal, awaited) in expected {
        assert_clears(&refusal, Clears::When(awaited));
    }
}

#[test]
fn what_nothing_changes_never_clears() {
    let date = date(2026, 3, 10);
    let window = Window {
        index: 0,
        first_date: date,
        last_date: date,
    };
    let expected = [
        Refusal::WindowOver { window },
        Refusal::RoomOver { until: date },
        Refusal::AfterValidity { end_date: date },
        Refusal::AfterLastPaymentDate { date },
        Refusal::FirstPaymentDateMismatch { date },
        Refusal::LastPaymentMade,
        amount_refused("ZPPAY15"),
        budget_spent(None),
    ];
    for refusal in expected {
        assert_clears(&refusal, Clears::Never);
    }
}

fn amount_refused(code: &'static str) -> Refusal {
    let (expected, given) = (cents(1), cents(2));
    Refusal::AmountRefused(AmountRefusal {
        code,
        expected,
        given,
    })
}

#[test]
fn what_a_plan_that_does_not_collect_waits_for_depends_on_its_state() {
    use plan::State as S;
    let expected = [
        (
            S::AwaitingAgreement,
            Clears::When(Awaited::AgreementActivated),
        ),
        (S::Active, Clears::When(Awaited::AgreementActivated)),
        (S::Paused, Clears::When(Awaited::PlanResumed)),
        (S::Completed, Clears::Never),
        (S::Cancelled, Clears::Never),
        (S::Blocked, Clears::When(Awaited::AgreementActivated)),
    ];
    assert_eq!(expected.map(|(state, _)| state), *S::ALL);
    for (state, clears) in expected {
        assert_eq!(Refusal::PlanNotActive { state }.clears(), clears, "{state}");
    }
}

#[test]
fn an_open_instalment_may_yet_move_and_an_ended_one_may_not() {
    for state in instalment::State::ALL {
        let expected = match state.is_open() {
            true => Clears::When(Awaited::InstalmentMoved),
            false => Clears::Never,
        };
        assert_eq!(
            Refusal::InstalmentNotOwed { state: *state }.clears(),
            expected
        );
    }
}

#[test]
fn a_lost_agreement_is_lost_and_any_other_may_become_active() {
    for state in agreement::State::ALL {
        let expected = match state.is_lost() {
            true => Clears::Never,
            false => Clears::When(Awaited::AgreementActivated),
        };
        assert_eq!(
            Refusal::AgreementNotActive { state: *state }.clears(),
            expected
        );
    }
}

#[test]
fn what_is_awaited_is_read_back_from_its_word() {
    for awaited in Awaited::ALL {
        assert_eq!(Awaited::parse(awaited.as_str()), Some(*awaited));
    }
    assert_eq!(Awaited::parse("payday"), None);
}

#[test]
fn on_the_last_date_of_the_calendar_sending_opens_no_more() {
    let terms = variable("adhoc", None);
    let last = BusinessDate::MAX;
    let now = last.at_hour(23, 0);
    let refused = gate(&GateFacts {
        now,
        due_date: last,
        agreement_confirmed_at: Some(now),
        validity: Validity {
            start_date: last,
            end_date: None,
        },
        ..facts(&terms)
    });

    let opens_at = last.closes_at();
    assert_eq!(refused, Err(Refusal::OutsideSendingHours { opens_at }));
}

#[test]
fn a_refusal_tells_what_it_is_about() {
    let window = Window {
        index: 0,
        first_date: date(2026, 3, 5),
        last_date: date(2026, 4, 4),
    };
    let full = |window| Refusal::NoFreeSlot {
        reading: Reading::Oligo,
        window,
        allowed: 2,
        may_be_freed: false,
    };
    assert_eq!(
        full(Some(window)).to_string(),
        "the window 2026-03-05…2026-04-04 allows 2, and all are taken or needed"
    );
    assert_eq!(
        full(None).to_string(),
        "the agreement allows 2 in all, and all are taken"
    );

    let stale = |confirmed_at| Refusal::AgreementStale { confirmed_at }.to_string();
    assert_eq!(
        stale(None),
        "the agreement's state is not fresh: never confirmed by the provider"
    );
    let at = Some(date(2026, 3, 9).at_hour(9, 0));
    assert_eq!(
        stale(at),
        "the agreement's state is not fresh: last confirmed at 2026-03-08 22:00:00 UTC, more than \
         24 hours ago"
    );
}

#[test]
fn five_failures_in_a_row_hold_an_agreement_back() {
    let terms = monthly();
    assert!(
        gate(&GateFacts {
            consecutive_failures: 4,
            ..facts(&terms)
        })
        .is_ok()
    );

    let refusal = refusal(&terms, |facts| facts.consecutive_failures = 5);
    let refused = |count, in_flight| Refusal::TooManyFailuresInARow { count, in_flight };
    assert_eq!(refusal, refused(5, 0));
    // Those under way may fail too: four and one are as many as five.
    let after = |consecutive_failures, in_flight| {
        gate(&GateFacts {
            consecutive_failures,
            in_flight,
            ..facts(&terms)
        })
        .err()
    };
    assert_eq!(after(4, 1), Some(refused(4, 1)));
    assert_eq!(after(1, 4), Some(refused(1, 4)));
    assert_eq!(after(1, 3), None);
    assert_eq!(after(0, 4), None);
    assert_eq!(after(0, 5), Some(refused(0, 5)));
    assert_eq!(after(5, u32::MAX), Some(refused(5, u32::MAX)));
}
