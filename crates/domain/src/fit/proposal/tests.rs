//! Unit tests of proposals.

use super::*;
use crate::money::Cents;
use crate::schedule::{DueDay, Extent, RegularSchedule};

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn regular(frequency: Frequency, first: &str, instalments: u32) -> Schedule {
    let plan = RegularSchedule {
        frequency,
        first_date: date(first),
        due_day: DueDay::SameDay,
        extent: Extent::Instalments(instalments),
        amount: Cents::new(10_000).expect("an amount"),
        final_amount: None,
    };
    plan.expand().expect("a schedule")
}

fn listed(dates: &[&str]) -> Schedule {
    let amount = Cents::new(10_000).expect("an amount");
    let listed = dates.iter().map(|text| (date(text), amount)).collect();
    Schedule::explicit(listed).expect("a schedule")
}

/// Frequency, count and dates of what is proposed.
fn shape(schedule: &Schedule, today: &str) -> (Frequency, Option<u32>, String, String) {
    let Proposal {
        terms,
        validity,
        reason,
    } = propose(schedule, date(today)).expect("a proposal");
    assert!(reason.contains("no first payment date"));
    let end = validity.end_date.expect("an end");
    (
        terms.frequency(),
        terms.count(),
        validity.start_date.to_string(),
        end.to_string(),
    )
}

fn wanted(
    frequency: Frequency,
    count: u32,
    dates: [&str; 2],
) -> (Frequency, Option<u32>, String, String) {
    (
        frequency,
        Some(count),
        dates[0].to_owned(),
        dates[1].to_owned(),
    )
}

#[test]
fn a_plan_on_the_5th_is_anchored_on_its_first_due_date() {
    let plan = regular(Frequency::Monthly, "2026-01-05", 12);

    let expected = wanted(Frequency::Monthly, 1, ["2026-01-05", "2027-01-04"]);
    assert_eq!(shape(&plan, "2025-11-01"), expected);
}

#[test]
fn a_plan_on_the_31st_is_anchored_on_the_28th_where_both_readings_agree() {
    let plan = regular(Frequency::Monthly, "2026-01-31", 12);

    let expected = wanted(Frequency::Monthly, 1, ["2026-01-28", "2027-01-27"]);
    assert_eq!(shape(&plan, "2025-11-01"), expected);
}

#[test]
fn each_regular_spacing_is_given_its_own_frequency_with_a_count_of_one() {
    for frequency in Frequency::ALL
        .iter()
        .copied()
        .filter(|one| one.length().is_some())
    {
        let proposed = shape(&regular(frequency, "2026-01-15", 8), "2026-01-15");
        assert_eq!((proposed.0, proposed.1), (frequency, Some(1)));
    }
}

#[test]
fn dates_moved_off_weekends_are_still_monthly() {
    let plan = listed(&[
        "2026-01-05",
        "2026-02-04",
        "2026-03-06",
        "2026-04-06",
        "2026-05-04",
    ]);

    let (frequency, count, ..) = shape(&plan, "2025-11-01");
    assert_eq!((frequency, count), (Frequency::Monthly, Some(1)));
}

#[test]
fn an_anchor_too_late_for_the_28th_takes_a_count_of_two_rather_than_a_straddled_window() {
    let plan = regular(Frequency::Monthly, "2026-01-31", 12);

    let (frequency, count, start, _) = shape(&plan, "2026-01-30");
    assert_eq!((frequency, count), (Frequency::Monthly, Some(2)));
    assert!(date("2026-01-30") <= date(&start));
}

#[test]
fn a_fee_beside_a_monthly_instalment_takes_a_count_of_two() {
    let plan = listed(&[
        "2026-01-05",
        "2026-01-06",
        "2026-02-05",
        "2026-03-05",
        "2026-04-05",
    ]);

    let (frequency, count, ..) = shape(&plan, "2025-11-01");
    assert_eq!((frequency, count), (Frequency::Monthly, Some(2)));
}

#[test]
fn a_burst_that_no_period_describes_is_adhoc_with_a_count_for_life() {
    let plan = listed(&["2026-01-05", "2026-01-06", "2026-01-07", "2026-07-01"]);

    let expected = wanted(Frequency::Adhoc, 4, ["2026-01-05", "2026-07-29"]);
    assert_eq!(shape(&plan, "2025-11-01"), expected);
}

#[test]
fn a_lone_instalment_gets_a_month() {
    let expected = wanted(Frequency::Monthly, 1, ["2026-01-05", "2026-02-04"]);

    assert_eq!(shape(&listed(&["2026-01-05"]), "2026-01-01"), expected);
}

#[test]
fn unequal_amounts_make_variable_terms_up_to_the_largest() {
    let cents = |cents| Cents::new(cents).expect("an amount");
    let plan = [
        ("2026-01-05", 100),
        ("2026-02-05", 900),
        ("2026-03-05", 500),
    ];
    let plan = plan
        .map(|(due, amount)| (date(due), cents(amount)))
        .to_vec();
    let plan = Schedule::explicit(plan).expect("a schedule");

    let proposal = propose(&plan, date("2026-01-01")).expect("a proposal");
    assert_eq!(
        proposal.terms.amounts(),
        Amounts::Variable {
            max_amount: cents(900)
        }
    );
}

#[test]
fn nothing_is_proposed_for_a_schedule_that_began_yesterday() {
    let (first_due, today) = (date("2026-01-05"), date("2026-01-06"));

    let refused = propose(&listed(&["2026-01-05"]), today);
    assert_eq!(
        refused,
        Err(ProposeError::FirstDueInPast { first_due, today })
    );
}
