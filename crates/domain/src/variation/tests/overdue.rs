//! What is owed from before today and was not sent.

use super::*;
use crate::terms::TermsDraft;

/// The plan of four, its first collected when due; asked on `today`.
fn asked_on(today: &str) -> PlanView {
    let mut plan = plan();
    plan.instalments[0].state = State::Collected;
    plan.today = date(today);
    plan
}

/// The same, without its third instalment, the second of which may go into the next window.
fn carrying(today: &str, count: u32) -> PlanView {
    let mut plan = asked_on(today);
    plan.instalments.remove(2);
    plan.instalments[1].may_carry = true;
    let amount = cents(30_000);
    plan.terms = PaymentTerms::undated(Amounts::Fixed { amount }, Frequency::Monthly, Some(count));
    plan
}

#[test]
fn an_overdue_instalment_fits_to_the_last_date_of_its_window() {
    assert_eq!(
        proof(&asked(&asked_on("2026-05-04"), harmless())),
        (4, 4, 1)
    );

    let answer = asked(&asked_on("2026-05-05"), harmless());
    let (because, moved) = another(&answer);
    let over = Because::WindowOver {
        sequence: 2,
        due_date: date("2026-04-05"),
        until: date("2026-05-04"),
    };
    assert_eq!((because, because.code()), (&over, "window_over"));
    assert_eq!(
        over.to_string(),
        "instalment 2, due on 2026-04-05, could be collected until 2026-05-04"
    );
    assert_eq!(
        moved,
        ["2 2026-04-05 to 2026-05-05", "3 2026-05-05 to 2026-05-06"]
    );
    assert_eq!(
        tail(&answer),
        [
            "2 2026-05-05 30000 changed",
            "3 2026-05-06 30000 changed",
            "4 2026-06-06 30000 changed"
        ]
    );
}

#[test]
fn an_overdue_instalment_that_may_go_on_fits_to_the_end_of_the_next_window() {
    for today in ["2026-05-05", "2026-06-04"] {
        let answer = asked(&carrying(today, 1), harmless());
        assert_eq!(proof(&answer), (3, 3, 1), "{today}");
        assert_eq!(tail(&answer)[0], "2 2026-04-05 30000 kept");
    }

    let answer = asked(&carrying("2026-06-05", 1), harmless());
    let over = Because::WindowOver {
        sequence: 2,
        due_date: date("2026-04-05"),
        until: date("2026-06-04"),
    };
    assert_eq!(another(&answer).0, &over);
}

#[test]
fn an_overdue_instalment_leaves_the_next_window_to_whoever_is_due_there() {
    let into_it = Change::Move {
        sequence: 4,
        to: date("2026-06-04"),
    };

    let answer = asked(&carrying("2026-05-05", 1), into_it);
    let over = Because::WindowOver {
        sequence: 2,
        due_date: date("2026-04-05"),
        until: date("2026-05-04"),
    };
    assert_eq!(another(&answer).0, &over);
    let two = asked(&carrying("2026-05-05", 2), into_it);
    assert_eq!(proof(&two), (3, 2, 2));
}

#[test]
fn an_overdue_instalment_finds_no_place_where_one_was_collected() {
    let mut plan = asked_on("2026-05-06");
    plan.instalments[1].may_carry = true;
    plan.instalments[2].state = State::Collected;
    plan.instalments[2].collection_date = Some(date("2026-05-05"));

    let answer = asked(&plan, harmless());
    assert_eq!(
        counter_example(&answer).2,
        "instalment 2 on 2026-04-05, collected on 2026-05-06, finds its window \
         2026-05-05…2026-06-04 full, which allows 1"
    );
    // It passes what was collected, and the plan is still a plan.
    assert_eq!(another(&answer).1, ["2 2026-04-05 to 2026-05-06"]);
    plan.instalments[1].due_date = date("2026-05-06");
    assert!(what_if(&plan, &harmless()).is_ok());
}

#[test]
fn an_overdue_instalment_is_collected_to_the_end_of_the_agreement_only() {
    let on = |today| {
        let amount = cents(30_000);
        let (fixed, dates) = (Amounts::Fixed { amount }, ["2026-03-05", "2026-04-05"]);
        let mut plan = plan_of(&dates, fixed, Some(date("2026-04-10")));
        plan.terms = PaymentTerms::undated(fixed, Frequency::Monthly, Some(2));
        plan.instalments.push(InstalmentView {
            sequence: 3,
            due_date: date("2026-04-06"),
            ..plan.instalments[1]
        });
        plan.today = date(today);
        let to = plan.today;
        asked(&plan, Change::Move { sequence: 3, to })
    };

    assert_eq!(proof(&on("2026-04-10")), (3, 2, 2));
    let over = Because::WindowOver {
        sequence: 2,
        due_date: date("2026-04-05"),
        until: date("2026-04-10"),
    };
    assert_eq!(another(&on("2026-04-11")).0, &over);
}

#[test]
fn an_overdue_instalment_without_a_period_has_28_days() {
    let on = |today| {
        let mut plan = asked_on(today);
        let amount = cents(30_000);
        plan.terms = PaymentTerms::undated(Amounts::Fixed { amount }, Frequency::Adhoc, Some(4));
        asked(&plan, harmless())
    };

    assert_eq!(proof(&on("2026-05-03")), (4, 0, 0));
    let over = Because::WindowOver {
        sequence: 2,
        due_date: date("2026-04-05"),
        until: date("2026-05-03"),
    };
    assert_eq!(another(&on("2026-05-04")).0, &over);
}

#[test]
fn a_day_overdue_is_due_today_under_another_agreement() {
    for (today, moved) in [
        ("2026-04-05", vec![]),
        ("2026-04-06", vec!["2 2026-04-05 to 2026-04-06"]),
    ] {
        let answer = asked(&asked_on(today), Change::ChangeAccount);
        assert_eq!(
            another(&answer),
            (
                &Because::PayerAccountChanges,
                moved.into_iter().map(str::to_owned).collect()
            )
        );
        let Verdict::NeedsNewAgreement { proposal, .. } = &answer.verdict else {
            panic!("an agreement belongs to one account");
        };
        assert_eq!(proposal.validity.start_date, date(today));
        assert_eq!(answer.tail[0].due_date, date(today));
        assert_eq!(answer.tail[1].edit, Edit::Kept);
        assert_eq!(answer.difference, Difference::None);
        let listed = answer.tail.iter().map(|one| (one.due_date, one.amount));
        let schedule = Schedule::explicit(listed.collect()).expect("a schedule");
        assert!(prove(&schedule, &proposal.terms, proposal.validity, &Demand::BOTH).is_ok());
    }
}

#[test]
fn lower_amounts_take_the_overdue_instalment_along() {
    let lower = Change::Lower {
        from: date("2026-05-05"),
        until: date("2026-05-05"),
        amount: cents(20_000),
        rest: Rest::ToTheEnd,
    };
    let answer = asked(&asked_on("2026-04-06"), lower);

    assert_eq!(counter_example(&answer).1, FitRule::AmountNotExact);
    assert_eq!(another(&answer).1, ["2 2026-04-05 to 2026-04-06"]);
    assert_eq!(
        tail(&answer),
        [
            "2 2026-04-06 30000 changed",
            "3 2026-05-05 20000 changed",
            "4 2026-06-05 30000 kept",
            "5 2026-07-05 10000 added"
        ]
    );
}

/// A daily plan with its second overdue, asked on 8 March.
fn daily(dates: &[&str]) -> PlanView {
    let amount = cents(30_000);
    let mut plan = plan_of(dates, Amounts::Fixed { amount }, None);
    plan.terms = PaymentTerms::undated(Amounts::Fixed { amount }, Frequency::Daily, None);
    plan.rhythm = plan.rhythm.map(|rhythm| Rhythm {
        cadence: Cadence::Daily,
        ..rhythm
    });
    plan.today = date("2026-03-08");
    plan
}

#[test]
fn what_is_overdue_moves_only_as_far_as_the_one_before_it_needs() {
    let mut plan = daily(&["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-09"]);
    let change = Change::Skip {
        sequence: 4,
        rest: Rest::ToTheEnd,
    };

    let answer = asked(&plan, change);
    assert_eq!(
        another(&answer).1,
        ["2 2026-03-06 to 2026-03-08", "3 2026-03-07 to 2026-03-09"]
    );
    assert_eq!(tail(&answer)[2], "5 2026-03-10 30000 added".to_owned());
    // Another overdue one pushes what is added, too, which stays added.
    plan.instalments[3].due_date = date("2026-03-08");
    plan.instalments.push(InstalmentView {
        sequence: 5,
        due_date: date("2026-03-09"),
        ..plan.instalments[3]
    });
    let answer = asked(&plan, change);
    assert_eq!(
        tail(&answer),
        [
            "2 2026-03-08 30000 changed",
            "3 2026-03-09 30000 changed",
            "5 2026-03-10 30000 changed",
            "6 2026-03-11 30000 added"
        ]
    );
}

#[test]
fn an_added_instalment_that_is_pushed_on_stays_added() {
    let plan = daily(&["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"]);
    let change = Change::Skip {
        sequence: 2,
        rest: Rest::ToTheEnd,
    };

    let answer = asked(&plan, change);
    assert_eq!(
        tail(&answer),
        [
            "3 2026-03-08 30000 changed",
            "4 2026-03-09 30000 changed",
            "5 2026-03-10 30000 added"
        ]
    );
    assert_eq!(
        another(&answer).1,
        [
            "3 2026-03-07 to 2026-03-08",
            "4 2026-03-08 to 2026-03-09",
            "5 2026-03-09 to 2026-03-10"
        ]
    );
}

#[test]
fn an_instalment_that_is_pushed_back_to_where_it_was_is_kept() {
    let mut plan = daily(&["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-10"]);
    let change = Change::Move {
        sequence: 4,
        to: date("2026-03-09"),
    };

    let answer = asked(&plan, change);
    assert_eq!(tail(&answer)[2], "4 2026-03-10 30000 kept");
    assert_eq!(another(&answer).1[2], "4 2026-03-09 to 2026-03-10");
    // A day later it is not where it was.
    plan.instalments[3].due_date = date("2026-03-11");
    plan.instalments[2].due_date = date("2026-03-08");
    let answer = asked(&plan, change);
    assert_eq!(tail(&answer)[2], "4 2026-03-10 30000 changed");
}

#[test]
fn what_is_due_before_the_agreement_begins_is_collected_from_its_first_date() {
    let with = |amount: i64| {
        let dates = ["2026-03-05", "2026-04-05", "2026-04-08", "2026-06-05"];
        let fixed = Amounts::Fixed {
            amount: cents(30_000),
        };
        let mut plan = plan_of(&dates, fixed, None);
        plan.terms = PaymentTerms::undated(fixed, Frequency::Monthly, Some(2));
        plan.validity.start_date = date("2026-04-10");
        plan.instalments[2].amount = cents(amount);
        asked(&plan, harmless())
    };

    assert_eq!(proof(&with(30_000)), (3, 2, 2));
    let answer = with(29_999);
    let (instalment, rule, detail) = counter_example(&answer);
    assert_eq!((instalment, rule), (3, FitRule::AmountNotExact));
    assert!(
        detail.starts_with("instalment 3 on 2026-04-08 is for"),
        "{detail}"
    );
    let Because::DoesNotFit(found) = another(&answer).0 else {
        panic!("an amount that the terms do not allow");
    };
    assert_eq!(found.due_date, date("2026-04-08"));
    // Another agreement begins today, and on that date nothing is overdue.
    assert_eq!(another(&answer).1, Vec::<String>::new());
}

#[test]
fn an_agreement_whose_first_date_has_passed_without_a_payment_takes_none() {
    let fixed = TermsDraft {
        kind: "fixed".into(),
        frequency: "monthly".into(),
        amount: Some(30_000),
        first_payment_date: Some("2026-03-05".into()),
        ..TermsDraft::default()
    };
    let with = |state, today, start| {
        let mut plan = plan();
        plan.terms = PaymentTerms::from_draft(&fixed).expect("terms");
        plan.validity.start_date = date(start);
        plan.today = date(today);
        plan.instalments[0].state = state;
        asked(&plan, harmless())
    };
    let passed = (FitRule::FirstDateMismatch, 1);
    let found = |answer: &WhatIf| {
        let (instalment, rule, _) = counter_example(answer);
        (rule, instalment)
    };

    for state in [State::Scheduled, State::Retrying] {
        assert_eq!(proof(&with(state, "2026-03-05", "2026-03-01")).0, 4);
        assert_eq!(found(&with(state, "2026-03-06", "2026-03-01")), passed);
    }
    assert_eq!(
        counter_example(&with(State::Scheduled, "2026-03-06", "2026-03-01")).2,
        "instalment 1 on 2026-03-05, collected on 2026-03-06, would be the first payment, which \
         had to be on 2026-03-05 exactly"
    );
    let collected = with(State::Collected, "2026-03-06", "2026-03-01");
    assert_eq!(proof(&collected).0, 4);
    // Collected under an earlier agreement, it was no payment of this one.
    let earlier = with(State::Collected, "2026-03-06", "2026-03-06");
    assert_eq!(found(&earlier), (FitRule::FirstDateMismatch, 2));
}

#[test]
fn nothing_overdue_moves_past_the_calendar() {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let on = |today| {
        let mut plan = plan_of(&["2200-12-29", "2200-12-30", "2200-12-31"], fixed, None);
        plan.today = date(today);
        plan.instalments[0].state = State::Missed;
        plan
    };

    let answer = asked(&on("2200-12-30"), Change::ChangeAccount);
    assert_eq!(another(&answer).1, Vec::<String>::new());
    let late = refusal(&on("2200-12-31"), Change::ChangeAccount);
    assert_eq!(late, Refusal::BeyondCalendar);
}
