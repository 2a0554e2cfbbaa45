//! Unit tests of proposals that leave room to try again.

use super::*;
use crate::fit::FitRule;

/// Frequency and count of what is proposed with so many days to try again.
fn with_room(schedule: &Schedule, today: &str, retry_days: u32) -> (Frequency, Option<u32>) {
    let policy = ProposalPolicy::new(date(today), retry_days);
    let proposal = propose(schedule, &policy).expect("a proposal");
    let demand = Demand::new(Reading::ALL, retry_days);
    assert!(prove(schedule, &proposal.terms, proposal.validity, &demand).is_ok());
    (proposal.terms.frequency(), proposal.terms.count())
}

#[test]
fn a_weekly_plan_leaves_six_days_to_try_again_and_not_seven() {
    let long = regular(Frequency::Weekly, "2026-01-05", 60);

    let weekly = (Frequency::Weekly, Some(1));
    assert_eq!(with_room(&long, "2026-01-01", 6), weekly);
    let adhoc = (Frequency::Adhoc, Some(60));
    assert_eq!(with_room(&long, "2026-01-01", 7), adhoc);

    // Ten weeks and a retry's week lie in one quarter.
    let short = regular(Frequency::Weekly, "2026-01-05", 10);
    let quarterly = (Frequency::Quarterly, Some(10));
    assert_eq!(with_room(&short, "2026-01-01", 7), quarterly);
}

#[test]
fn a_daily_plan_with_retries_is_put_into_one_longer_window_if_one_holds_it() {
    let five = regular(Frequency::Daily, "2026-01-05", 5);

    assert_eq!(
        with_room(&five, "2026-01-01", 0),
        (Frequency::Daily, Some(1))
    );
    assert_eq!(
        with_room(&five, "2026-01-01", 2),
        (Frequency::Weekly, Some(5))
    );
    assert_eq!(
        with_room(&five, "2026-01-01", 3),
        (Frequency::Fortnightly, Some(5))
    );
    let many = regular(Frequency::Daily, "2026-01-05", 400);
    assert_eq!(
        with_room(&many, "2026-01-01", 1),
        (Frequency::Adhoc, Some(400))
    );
}

#[test]
fn a_straddled_month_end_without_room_takes_a_longer_period() {
    let plan = regular(Frequency::Monthly, "2026-01-31", 12);

    assert_eq!(
        with_room(&plan, "2026-01-30", 0),
        (Frequency::Monthly, Some(2))
    );
    assert_eq!(
        with_room(&plan, "2026-01-30", 1),
        (Frequency::Quarterly, Some(3))
    );
}

#[test]
fn an_anchor_is_moved_off_the_first_due_date_only_where_a_short_month_wants_it() {
    let plan = regular(Frequency::Monthly, "2026-01-29", 12);
    let policy = ProposalPolicy::new(date("2026-01-01"), 4);

    let found = propose(&plan, &policy).expect("a proposal");
    assert_eq!(found.validity.start_date, date("2026-01-28"));
    assert_eq!(found.validity.end_date, Some(date("2027-01-27")));

    // No short month, and the 29th would leave a day more: a day that every month has comes first.
    let spring = regular(Frequency::Monthly, "2026-03-29", 3);
    let found = propose(&spring, &policy).expect("a proposal");
    assert_eq!(found.validity.start_date, date("2026-03-28"));
}

#[test]
fn more_instalments_than_a_count_allows_are_adhoc_without_a_count() {
    let dates = |number: u32| regular(Frequency::Daily, "2026-01-05", number);

    assert_eq!(
        with_room(&dates(999), "2026-01-05", 1),
        (Frequency::Adhoc, Some(999))
    );
    assert_eq!(
        with_room(&dates(1_000), "2026-01-05", 1),
        (Frequency::Adhoc, None)
    );
}

#[test]
fn a_long_sparse_schedule_keeps_its_period_where_no_count_for_life_is_left() {
    let sparse = |number: u32| {
        let dense = regular(Frequency::Daily, "2026-01-05", number - 1);
        let mut rows: Vec<_> = dense
            .instalments()
            .iter()
            .map(|one| (one.due_date, one.amount))
            .collect();
        rows.push((date("2035-01-05"), rows[0].1));
        Schedule::explicit(rows).expect("a schedule")
    };

    assert_eq!(
        with_room(&sparse(999), "2026-01-05", 0),
        (Frequency::Adhoc, Some(999))
    );
    assert_eq!(
        with_room(&sparse(1_000), "2026-01-05", 0),
        (Frequency::Daily, Some(1))
    );
}

#[test]
fn an_adhoc_agreement_lasts_28_days_and_a_long_period_takes_over_where_they_are_too_few() {
    let plan = listed(&["2026-01-05", "2026-01-06", "2026-01-07", "2026-07-01"]);
    let end = |retry_days| {
        let policy = ProposalPolicy::new(date("2026-01-01"), retry_days);
        let found = propose(&plan, &policy).map_err(|error| match error {
            ProposeError::NothingFits(found) => found.rule,
            ProposeError::FirstDueInPast { .. } => panic!("nothing is due in the past"),
        })?;
        let end_date = found.validity.end_date.map(|end| end.to_string());
        Ok((found.terms.frequency(), end_date.unwrap_or_default()))
    };

    assert_eq!(end(3), Ok((Frequency::Adhoc, "2026-07-29".to_owned())));
    assert_eq!(end(28), Ok((Frequency::Adhoc, "2026-07-29".to_owned())));
    assert_eq!(
        end(29),
        Ok((Frequency::SemiAnnual, "2026-12-31".to_owned()))
    );
    assert_eq!(end(367), Err(FitRule::NoRoomToRetry));
}

#[test]
fn several_instalments_of_one_date_are_one_in_the_rhythm() {
    let due = ["2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10"];
    let twice: Vec<&str> = due.into_iter().flat_map(|due| [due, due]).collect();
    let policy = ProposalPolicy::new(date("2026-01-01"), 4);

    let found = propose(&listed(&twice), &policy).expect("a proposal");
    assert_eq!(
        (found.terms.frequency(), found.terms.count()),
        (Frequency::Monthly, Some(2))
    );
}

#[test]
fn no_count_is_proposed_that_no_provider_takes() {
    let count = |instalments: usize| {
        let policy = ProposalPolicy::new(date("2026-01-01"), 0);
        let found = propose(&listed(&vec!["2026-01-10"; instalments]), &policy);
        found.expect("a proposal").terms.count()
    };

    assert_eq!(count(999), Some(999));
    assert_eq!(count(1_000), None);
}

#[test]
fn the_reason_of_a_periodic_agreement_tells_its_numbers() {
    let plan = regular(Frequency::Monthly, "2026-01-31", 12);
    let policy = ProposalPolicy::new(date("2025-11-01"), 4);

    let reason = propose(&plan, &policy).expect("a proposal").reason;
    let expected = "A monthly agreement from 2026-01-28, a day that every month has, with a count \
                    of 1 holds all 12 instalments in 12 windows and leaves at least 27 days after \
                    each due date to try again, where 4 are wanted. Every amount is $100.00, so \
                    the terms are fixed. It names no first payment date, which the provider would \
                    hold the first payment to exactly.";
    assert_eq!(reason, expected);
    let late = ProposalPolicy::new(date("2026-01-30"), 0);
    let reason = propose(&plan, &late).expect("a proposal").reason;
    assert!(
        reason.contains("2026-01-31, which not every month has, with"),
        "{reason}"
    );
    let weekly = regular(Frequency::Weekly, "2026-01-05", 3);
    let reason = propose(&weekly, &policy).expect("a proposal").reason;
    assert!(
        reason.starts_with("A weekly agreement from 2026-01-05 with"),
        "{reason}"
    );
}

#[test]
fn the_reason_of_an_adhoc_agreement_tells_its_numbers() {
    let cents = |cents| Cents::new(cents).expect("an amount");
    let rows = [("2026-01-05", 100), ("2026-01-06", 250), ("2026-07-01", 90)];
    let rows = rows
        .map(|(due, amount)| (date(due), cents(amount)))
        .to_vec();
    let plan = Schedule::explicit(rows).expect("a schedule");
    let policy = ProposalPolicy::new(date("2026-01-01"), 3);

    let reason = propose(&plan, &policy).expect("a proposal").reason;
    let expected = "No period holds the 3 due dates narrowly with 3 days after each to try again, \
                    so an adhoc agreement from 2026-01-05 to 2026-07-29 for 3 payments in all is \
                    proposed. The amounts are from $0.90 to $2.50, so the terms are variable. It \
                    names no first payment date, which the provider would hold the first payment \
                    to exactly.";
    assert_eq!(reason, expected);
}

#[test]
fn retries_that_outlast_the_calendar_are_told_by_the_instalment() {
    let plan = listed(&["2200-12-30"]);
    let asked = |retry_days| propose(&plan, &ProposalPolicy::new(date("2200-12-01"), retry_days));

    assert!(asked(1).is_ok());
    let Err(ProposeError::NothingFits(found)) = asked(2) else {
        panic!("an agreement beyond the calendar");
    };
    assert_eq!(
        (found.rule, found.room_days),
        (FitRule::NoRoomToRetry, Some(1))
    );
}

#[test]
fn a_longer_period_that_holds_one_due_date_each_is_preferred_to_none_at_all() {
    let shape = |dates: &[&str], today, retry_days| {
        let policy = ProposalPolicy::new(date(today), retry_days);
        let found = propose(&listed(dates), &policy).expect("a proposal");
        (found.terms.frequency(), found.terms.count())
    };

    let uneven = [
        "2028-02-29",
        "2028-06-06",
        "2028-08-08",
        "2028-11-09",
        "2028-12-25",
    ];
    assert_eq!(
        shape(&uneven, "2027-12-21", 5),
        (Frequency::Quarterly, Some(1))
    );
    let five_days_apart = ["2028-02-29", "2028-03-05"];
    assert_eq!(
        shape(&five_days_apart, "2028-02-20", 0),
        (Frequency::Weekly, Some(1))
    );
}
