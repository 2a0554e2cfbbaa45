//! The gate, rule by rule.

use super::*;
use crate::period::Reading;
use crate::terms::{AmountRefusal, TermsDraft};

mod agreement_rules;
mod carrying;
mod catching_up;
mod clearing;
mod precedence;
mod proposals;

fn date(year: i32, month: u32, day: u32) -> BusinessDate {
    BusinessDate::new(year, month, day).unwrap()
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn variable(frequency: &str, count: Option<i64>) -> PaymentTerms {
    PaymentTerms::from_draft(&TermsDraft {
        kind: "variable".into(),
        frequency: frequency.into(),
        max_amount: Some(50_000),
        count,
        ..TermsDraft::default()
    })
    .unwrap()
}

fn monthly() -> PaymentTerms {
    variable("monthly", None)
}

/// Monthly with a first and a last payment date.
fn dated(first: Option<&str>, last: Option<&str>) -> PaymentTerms {
    PaymentTerms::from_draft(&TermsDraft {
        kind: "variable".into(),
        frequency: "monthly".into(),
        max_amount: Some(50_000),
        first_payment_date: first.map(str::to_owned),
        last_payment_date: last.map(str::to_owned),
        ..TermsDraft::default()
    })
    .unwrap()
}

fn balloon() -> PaymentTerms {
    PaymentTerms::from_draft(&TermsDraft {
        kind: "balloon".into(),
        frequency: "monthly".into(),
        amount: Some(10_000),
        first_payment_amount: Some(20_000),
        last_payment_amount: Some(40_000),
        ..TermsDraft::default()
    })
    .unwrap()
}

/// A payment due today, at nine in the morning of 10 March 2026, that nothing forbids.
fn facts(terms: &PaymentTerms) -> GateFacts<'_> {
    let now = date(2026, 3, 10).at_hour(9, 0);
    GateFacts {
        now,
        database_reconciled: true,
        closed: None,
        plan_frozen: false,
        plan_state: plan::State::Active,
        instalment_state: instalment::State::Scheduled,
        due_date: date(2026, 3, 10),
        amount: cents(10_000),
        agreement_state: agreement::State::Active,
        agreement_confirmed_at: Some(now - TimeDelta::hours(1)),
        terms,
        validity: Validity {
            start_date: date(2026, 1, 5),
            end_date: Some(date(2026, 12, 4)),
        },
        hours: SendingHours::default(),
        purpose: Purpose::First,
        carry: Carry::Never,
        other_live_payment: false,
        first_of_agreement: false,
        last_of_plan: false,
        last_already_made: false,
        consecutive_failures: 0,
        in_flight: 0,
        catch_up: CatchUp::UNLIMITED,
        slots_taken: [0, 0],
        slots_undecided: [0, 0],
    }
}

/// The refusal of the payment of [`facts`] after a change, with the refusal's own promises checked.
fn refusal(terms: &PaymentTerms, change: impl FnOnce(&mut GateFacts<'_>)) -> Refusal {
    let mut facts = facts(terms);
    change(&mut facts);
    let refusal = gate(&facts).unwrap_err();
    match refusal.clears() {
        Clears::At(at) => assert!(facts.now < at, "{refusal} clears in the past"),
        Clears::When(_) => assert!(!refusal.is_for_ever(), "{refusal} clears and does not"),
        Clears::Never => assert!(refusal.is_for_ever()),
    }
    assert!(!refusal.to_string().is_empty());
    refusal
}

#[test]
fn a_payment_that_nothing_forbids_passes_with_its_windows() {
    let terms = monthly();
    let held = Window {
        index: 2,
        first_date: date(2026, 3, 5),
        last_date: date(2026, 4, 4),
    };

    let pass = gate(&facts(&terms)).unwrap();

    assert_eq!(
        pass,
        Pass {
            today: date(2026, 3, 10),
            windows: [Some(held), Some(held)],
            slots_allowed: Some(1),
            last_payment: None,
        }
    );
}

#[test]
fn the_kill_switch_stops_everything() {
    for scope in Scope::ALL.iter().copied() {
        let refusal = refusal(&monthly(), |facts| facts.closed = Some(scope));

        assert_eq!(refusal, Refusal::CollectionsStopped { scope });
        assert!(!refusal.is_for_ever());
        assert!(refusal.to_string().ends_with(scope.stopped()), "{refusal}");
    }
}

#[test]
fn a_frozen_plan_collects_nothing() {
    assert_eq!(
        refusal(&monthly(), |facts| facts.plan_frozen = true),
        Refusal::PlanFrozen
    );
}

#[test]
fn only_an_active_plan_collects() {
    for state in plan::State::ALL
        .iter()
        .filter(|state| **state != plan::State::Active)
    {
        let refusal = refusal(&monthly(), |facts| facts.plan_state = *state);

        assert_eq!(refusal, Refusal::PlanNotActive { state: *state });
        assert_eq!(refusal.is_for_ever(), state.is_final(), "{state}");
    }
}

#[test]
fn each_purpose_needs_its_own_state_of_the_instalment() {
    use instalment::State as S;
    let retry = Purpose::Retry {
        retries_made: 0,
        submitted_at: &[],
    };
    let table = [
        (Purpose::First, vec![S::Scheduled, S::Retrying]),
        (Purpose::Resend, vec![S::Collecting]),
        (retry, vec![S::Retrying]),
    ];
    let terms = monthly();
    for (purpose, wanted) in table {
        for state in S::ALL {
            let mut facts = facts(&terms);
            (facts.purpose, facts.instalment_state) = (purpose, *state);
            let expected = Refusal::InstalmentNotOwed { state: *state };
            assert_eq!(expected.is_for_ever(), !state.is_open(), "{state}");
            match gate(&facts) {
                Ok(_) => assert!(wanted.contains(state), "{purpose:?} passes in {state}"),
                Err(refusal) => {
                    assert!(!wanted.contains(state), "{purpose:?} refused in {state}");
                    assert_eq!(refusal, expected);
                }
            }
        }
    }
}

#[test]
fn nothing_is_collected_before_its_due_date() {
    let due_date = date(2026, 3, 11);
    let refusal = refusal(&monthly(), |facts| facts.due_date = due_date);

    assert_eq!(refusal, Refusal::NotDueYet { due_date });
    assert_eq!(refusal.clears(), Clears::At(due_date.opens_at()));
}

#[test]
fn an_instalment_with_a_live_payment_gets_no_second_one() {
    let refusal = refusal(&monthly(), |facts| facts.other_live_payment = true);

    assert_eq!(refusal, Refusal::OtherPaymentLive);
}

#[test]
fn a_late_instalment_is_not_stacked_onto_the_next_window() {
    let last_day = date(2026, 3, 4);
    let refusal = refusal(&monthly(), |facts| facts.due_date = last_day);

    let window = Window {
        index: 1,
        first_date: date(2026, 2, 5),
        last_date: last_day,
    };
    assert_eq!(refusal, Refusal::WindowOver { window });
    assert!(refusal.is_for_ever());
}

#[test]
fn a_window_is_over_when_it_is_over_under_either_reading() {
    let terms = monthly();
    let on = |today: BusinessDate| {
        let mut facts = facts(&terms);
        facts.validity.start_date = date(2026, 1, 31);
        facts.due_date = date(2026, 2, 15);
        facts.now = today.at_hour(9, 0);
        facts.agreement_confirmed_at = Some(facts.now);
        gate(&facts)
    };

    assert!(on(date(2026, 2, 27)).is_ok());
    let last_date = date(2026, 2, 27);
    let window = Window {
        index: 0,
        first_date: date(2026, 1, 31),
        last_date,
    };
    assert_eq!(on(date(2026, 2, 28)), Err(Refusal::WindowOver { window }));
}

#[test]
fn a_retry_keeps_within_the_providers_budgets() {
    let terms = monthly();
    let now = facts(&terms).now;
    let hours_ago = |hours| now - TimeDelta::hours(hours);
    let day_ago = hours_ago(24);
    let submitted = [
        hours_ago(1),
        day_ago,
        hours_ago(20),
        hours_ago(3),
        hours_ago(2),
        now,
    ];
    let retry = |retries_made, submitted_at| {
        gate(&GateFacts {
            instalment_state: instalment::State::Retrying,
            purpose: Purpose::Retry {
                retries_made,
                submitted_at,
            },
            ..facts(&terms)
        })
    };

    assert!(
        retry(9, &submitted[..5]).is_ok(),
        "the one of 24 hours ago is over"
    );
    let spent = retry(10, &[]).unwrap_err();
    assert_eq!(
        spent,
        Refusal::RetryBudgetSpent {
            retries_made: 10,
            submissions_in_24h: 0,
            clear_at: None,
        }
    );
    assert_eq!(spent.clears(), Clears::Never);
    let today = retry(4, &submitted).unwrap_err();
    let clear_at = hours_ago(20) + TimeDelta::hours(24);
    assert_eq!(
        today,
        Refusal::RetryBudgetSpent {
            retries_made: 4,
            submissions_in_24h: 5,
            clear_at: Some(clear_at),
        }
    );
    assert_eq!(today.clears(), Clears::At(clear_at));
}

#[test]
fn nothing_is_sent_outside_the_sending_hours() {
    let terms = monthly();
    let at = |hour, minute| {
        let now = date(2026, 3, 10).at_hour(hour, minute);
        gate(&GateFacts {
            now,
            agreement_confirmed_at: Some(now),
            ..facts(&terms)
        })
    };
    let this_morning = date(2026, 3, 10).at_hour(6, 0);
    let tomorrow = date(2026, 3, 11).at_hour(6, 0);

    assert_eq!(
        at(5, 59),
        Err(Refusal::OutsideSendingHours {
            opens_at: this_morning
        })
    );
    assert!(at(6, 0).is_ok());
    assert!(at(21, 59).is_ok());
    assert_eq!(
        at(22, 0),
        Err(Refusal::OutsideSendingHours { opens_at: tomorrow })
    );
}

#[test]
fn nothing_is_sent_near_the_midnight_at_which_a_window_turns() {
    let terms = monthly();
    let hours = SendingHours {
        opens_hour: 0,
        closes_hour: 24,
        guard_minutes: 15,
    };
    let at = |today: BusinessDate, hour, minute| {
        let now = today.at_hour(hour, minute);
        let facts = facts(&terms);
        gate(&GateFacts {
            now,
            hours,
            due_date: today,
            agreement_confirmed_at: Some(now),
            ..facts
        })
    };
    let (first, last) = (date(2026, 3, 5), date(2026, 4, 4));
    let opened = Refusal::NearWindowEdge {
        clear_at: first.at_hour(0, 15),
    };
    let closing = Refusal::NearWindowEdge {
        clear_at: date(2026, 4, 5).at_hour(0, 15),
    };

    assert_eq!(at(first, 0, 14), Err(opened));
    assert!(at(first, 0, 15).is_ok());
    assert!(at(last, 23, 44).is_ok());
    assert_eq!(at(last, 23, 45), Err(closing));
    assert!(at(date(2026, 3, 10), 0, 0).is_ok(), "no window turns");
    assert!(at(date(2026, 3, 10), 23, 59).is_ok(), "no window turns");
}

#[test]
fn a_try_planned_for_an_hour_without_sending_is_moved_within_its_date() {
    let hours = SendingHours::default();
    let day = date(2026, 7, 1);
    let nearest = |hour, minute| hours.nearest(day.at_hour(hour, minute));

    assert_eq!(nearest(5, 59), day.at_hour(6, 0));
    assert_eq!(nearest(6, 0), day.at_hour(6, 0));
    assert_eq!(nearest(21, 59), day.at_hour(21, 59));
    assert_eq!(nearest(22, 0), day.at_hour(21, 0));
    let short = SendingHours {
        opens_hour: 21,
        closes_hour: 22,
        ..hours
    };
    assert_eq!(short.nearest(day.at_hour(23, 0)), day.at_hour(21, 0));
    let none_before = SendingHours {
        opens_hour: 22,
        closes_hour: 22,
        ..hours
    };
    assert_eq!(none_before.nearest(day.at_hour(23, 0)), day.at_hour(22, 0));
}

#[test]
fn a_database_that_was_not_compared_with_the_provider_sends_nothing() {
    let terms = monthly();

    let refusal = refusal(&terms, |facts| facts.database_reconciled = false);

    assert_eq!(refusal, Refusal::DatabaseNotReconciled);
    assert_eq!(refusal.clears(), Clears::When(Awaited::DatabaseReconciled));
}
