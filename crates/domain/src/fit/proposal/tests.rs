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
    } = propose(schedule, &ProposalPolicy::new(date(today), 0)).expect("a proposal");
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
fn a_shorter_period_with_four_days_to_try_again_is_preferred_to_a_count_of_two() {
    let until = |last| {
        let early = [
            "2026-01-20",
            "2026-02-05",
            "2026-02-20",
            "2026-03-20",
            "2026-04-20",
        ];
        listed(&[&early[..], &[last]].concat())
    };
    let proposed = |last| {
        let (frequency, count, ..) = shape(&until(last), "2026-01-20");
        (frequency, count)
    };

    // The last due date is the 10th or the 11th day of its fortnight: four or three are left.
    assert_eq!(proposed("2026-05-21"), (Frequency::Fortnightly, Some(1)));
    assert_eq!(proposed("2026-05-22"), (Frequency::Monthly, Some(2)));
}

#[test]
fn an_agreement_allows_at_most_twice_the_payments_that_are_due() {
    let until = |last| listed(&["2026-01-05", "2026-01-06", "2026-02-05", "2026-03-05", last]);
    let proposed = |last| {
        let (frequency, count, ..) = shape(&until(last), "2025-11-01");
        (frequency, count)
    };

    // Five windows of two are ten payments for five; six are twelve.
    assert_eq!(proposed("2026-05-05"), (Frequency::Monthly, Some(2)));
    assert_eq!(proposed("2026-06-05"), (Frequency::Adhoc, Some(5)));
}

#[test]
fn a_burst_that_no_period_describes_is_adhoc_with_a_count_for_life() {
    let plan = listed(&["2026-01-05", "2026-01-06", "2026-01-07", "2026-07-01"]);

    let expected = wanted(Frequency::Adhoc, 4, ["2026-01-05", "2026-07-29"]);
    assert_eq!(shape(&plan, "2025-11-01"), expected);
}

#[test]
fn a_period_takes_as_many_payments_as_a_provider_counts_and_no_more() {
    let plan = |first| {
        let mut dates = vec!["2026-01-05"; first];
        dates.resize(1_500, "2026-02-05");
        listed(&dates)
    };

    // Too many for a count over the agreement's life: 1,500 are due.
    let expected = wanted(Frequency::Monthly, 999, ["2026-01-05", "2026-03-04"]);
    assert_eq!(shape(&plan(999), "2025-11-01"), expected);
    let (frequency, count, ..) = shape(&plan(1_000), "2025-11-01");
    assert_eq!((frequency, count), (Frequency::Adhoc, None));
}

#[test]
fn a_smaller_count_is_preferred_to_more_days_to_try_again() {
    let plan = listed(&[
        "2026-01-05",
        "2026-03-04",
        "2026-03-05",
        "2026-04-05",
        "2026-05-05",
    ]);

    // Any other anchor leaves more days, and two due dates in one window.
    let expected = wanted(Frequency::Monthly, 1, ["2026-01-05", "2026-06-04"]);
    assert_eq!(shape(&plan, "2025-11-01"), expected);
}

#[test]
fn of_anchors_with_one_count_the_one_that_leaves_the_most_days_is_taken() {
    let plan = listed(&["2026-01-20", "2026-03-18", "2026-04-18", "2026-05-18"]);

    // From the 20th a count of one does too, but leaves a day after the 18th.
    let expected = wanted(Frequency::Monthly, 1, ["2026-01-18", "2026-06-17"]);
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

    let proposal = propose(&plan, &ProposalPolicy::new(date("2026-01-01"), 0)).expect("a proposal");
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

    let refused = propose(&listed(&["2026-01-05"]), &ProposalPolicy::new(today, 0));
    assert_eq!(
        refused,
        Err(ProposeError::FirstDueInPast { first_due, today })
    );
}

mod retries;
