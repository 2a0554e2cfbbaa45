//! Which dates a change gives.

use super::*;

#[test]
fn a_pause_moves_what_is_due_in_it_and_later_by_whole_periods() {
    let change = Change::Pause {
        from: date("2026-04-01"),
        until: date("2026-05-04"),
    };
    let answer = asked(&plan(), change);

    assert_eq!(
        tail(&answer),
        [
            "2 2026-05-05 30000 changed",
            "3 2026-06-05 30000 changed",
            "4 2026-07-05 30000 changed"
        ]
    );
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
    assert_eq!(
        (answer.difference, answer.dropped.len()),
        (Difference::None, 0)
    );
}

#[test]
fn a_pause_that_ends_on_a_due_date_moves_past_it() {
    let change = Change::Pause {
        from: date("2026-04-05"),
        until: date("2026-05-05"),
    };

    assert_eq!(asked(&plan(), change).tail[0].due_date, date("2026-06-05"));
}

#[test]
fn what_is_due_before_the_pause_stays() {
    let change = Change::Pause {
        from: date("2026-04-06"),
        until: date("2026-05-05"),
    };

    assert_eq!(
        tail(&asked(&plan(), change)),
        [
            "2 2026-04-05 30000 kept",
            "3 2026-06-05 30000 changed",
            "4 2026-07-05 30000 changed"
        ]
    );
}

#[test]
fn a_plan_on_the_31st_is_on_the_31st_again_after_its_pause() {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let plan = plan_of(&["2026-01-31", "2026-02-28", "2026-03-31"], fixed, None);
    let change = Change::Pause {
        from: date("2026-02-01"),
        until: date("2026-03-01"),
    };

    assert_eq!(
        tail(&asked(&plan, change)),
        ["2 2026-03-31 30000 changed", "3 2026-04-30 30000 changed"]
    );
}

#[test]
fn a_pause_keeps_the_gaps_that_the_plan_had() {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let plan = plan_of(&["2026-03-05", "2026-04-05", "2026-07-05"], fixed, None);
    let change = Change::Pause {
        from: date("2026-04-01"),
        until: date("2026-04-30"),
    };

    assert_eq!(
        tail(&asked(&plan, change)),
        ["2 2026-05-05 30000 changed", "3 2026-08-05 30000 changed"]
    );
}

#[test]
fn two_instalments_moved_into_one_period_leave_a_pause_in_two() {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let plan = plan_of(
        &["2026-03-05", "2026-04-05", "2026-04-20", "2026-05-05"],
        fixed,
        None,
    );
    let change = Change::Pause {
        from: date("2026-04-01"),
        until: date("2026-04-30"),
    };

    assert_eq!(
        tail(&asked(&plan, change)),
        [
            "2 2026-05-05 30000 changed",
            "3 2026-06-05 30000 changed",
            "4 2026-07-05 30000 changed"
        ]
    );
}

#[test]
fn an_instalment_moves_up_to_its_neighbours_and_not_onto_them() {
    let to = |text| Change::Move {
        sequence: 3,
        to: date(text),
    };
    let not_in_order = vec![("/to".to_owned(), "not_in_order")];

    for good in ["2026-04-06", "2026-05-04", "2026-05-06", "2026-06-04"] {
        let answer = asked(&plan(), to(good));
        assert_eq!(
            tail(&answer),
            [
                "2 2026-04-05 30000 kept".to_owned(),
                format!("3 {good} 30000 changed"),
                "4 2026-06-05 30000 kept".to_owned()
            ]
        );
    }
    for bad in ["2026-04-04", "2026-04-05", "2026-06-05", "2026-06-06"] {
        assert_eq!(broken(&plan(), to(bad)), not_in_order, "{bad}");
    }
}

#[test]
fn nothing_moves_onto_the_date_of_what_is_being_collected() {
    let onto = Change::Move {
        sequence: 2,
        to: date("2026-03-05"),
    };
    let after = Change::Move {
        sequence: 2,
        to: date("2026-03-06"),
    };

    assert_eq!(broken(&plan(), onto), [("/to".to_owned(), "not_in_order")]);
    assert_eq!(
        counter_example(&asked(&plan(), after)).1,
        FitRule::TooManyInPeriod
    );
}

#[test]
fn a_second_one_in_a_window_takes_another_agreement_that_holds_both() {
    let change = Change::Move {
        sequence: 3,
        to: date("2026-05-04"),
    };
    let answer = asked(&plan(), change);

    assert_eq!(counter_example(&answer).0, 3);
    let Verdict::NeedsNewAgreement { proposal, .. } = &answer.verdict else {
        panic!("two in one window");
    };
    let listed = answer.tail.iter().map(|one| (one.due_date, one.amount));
    let schedule = Schedule::explicit(listed.collect()).expect("a schedule");
    assert!(prove(&schedule, &proposal.terms, proposal.validity, &Demand::BOTH).is_ok());
}

#[test]
fn an_overdue_instalment_can_be_moved_and_stands_in_no_other_ones_way() {
    let mut plan = plan();
    plan.today = date("2026-04-07");
    plan.instalments[0].state = State::Collected;
    let change = Change::Move {
        sequence: 2,
        to: date("2026-04-07"),
    };

    let answer = asked(&plan, change);
    assert_eq!(tail(&answer)[0], "2 2026-04-07 30000 changed");
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
}

#[test]
fn a_skipped_instalment_at_the_end_is_added_a_period_after_the_last() {
    let change = Change::Skip {
        sequence: 4,
        rest: Rest::ToTheEnd,
    };
    let answer = asked(&plan(), change);

    assert_eq!(
        tail(&answer),
        [
            "2 2026-04-05 30000 kept",
            "3 2026-05-05 30000 kept",
            "5 2026-07-05 30000 added"
        ]
    );
    assert_eq!(answer.dropped[0].sequence, 4);
}

#[test]
fn what_is_added_is_never_due_before_tomorrow() {
    let mut plan = plan();
    plan.instalments.truncate(2);
    plan.instalments[0].state = State::Collected;
    plan.today = date("2026-05-05");
    let change = Change::Skip {
        sequence: 2,
        rest: Rest::ToTheEnd,
    };

    assert_eq!(tail(&asked(&plan, change)), ["3 2026-06-05 30000 added"]);
}

#[test]
fn the_rhythm_is_found_for_every_date_around_its_own() {
    let rhythm = plan().rhythm.expect("a rhythm");
    let next = |text| rhythm.dates_after(date(text)).next();

    assert_eq!(next("2026-03-04"), Some(date("2026-03-05")));
    assert_eq!(next("2026-03-05"), Some(date("2026-04-05")));
    assert_eq!(next("2026-04-04"), Some(date("2026-04-05")));
    assert_eq!(next("1970-01-01"), Some(date("2026-03-05")));
    assert_eq!(next("2200-12-05"), None);
    assert_eq!(next("2200-12-04"), Some(date("2200-12-05")));
    let daily = Rhythm {
        cadence: Cadence::Daily,
        first_date: BusinessDate::MIN,
        ..rhythm
    };
    let last = daily.dates_after(date("2200-12-30")).last();
    assert_eq!(last, Some(BusinessDate::MAX));
}
