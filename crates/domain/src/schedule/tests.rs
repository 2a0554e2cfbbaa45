//! Unit tests of schedules.

use super::*;
use crate::terms::Frequency;

mod alignments;
mod cadences;
mod principals;
mod segments;

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("a test's amount")
}

fn regular(frequency: Frequency, first: &str, extent: Extent) -> RegularSchedule {
    RegularSchedule {
        frequency,
        first_date: date(first),
        due_day: DueDay::SameDay,
        extent,
        amount: cents(100),
        final_amount: None,
    }
}

fn due(schedule: &Schedule) -> Vec<String> {
    schedule
        .instalments()
        .iter()
        .map(|instalment| instalment.due_date.to_string())
        .collect()
}

fn codes(result: Result<Schedule, Vec<Violation>>) -> Vec<(String, &'static str)> {
    let violations = result.expect_err("a schedule with faults");
    violations
        .into_iter()
        .map(|violation| (violation.pointer, violation.code))
        .collect()
}

#[test]
fn a_plan_on_the_31st_collects_on_the_last_day_of_a_short_month() {
    let plan = regular(Frequency::Monthly, "2026-01-31", Extent::Instalments(4));

    let dates = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"];
    assert_eq!(due(&plan.expand().expect("a schedule")), dates);
}

#[test]
fn a_plan_on_the_last_day_of_february_stays_on_the_28th_or_on_the_last_day_as_told() {
    let same = regular(Frequency::Monthly, "2026-02-28", Extent::Instalments(3));
    let last = RegularSchedule {
        due_day: DueDay::LastDayOfMonth,
        ..same
    };

    assert_eq!(
        due(&same.expand().expect("dates")),
        ["2026-02-28", "2026-03-28", "2026-04-28"]
    );
    assert_eq!(
        due(&last.expand().expect("dates")),
        ["2026-02-28", "2026-03-31", "2026-04-30"]
    );
}

#[test]
fn a_fortnightly_plan_counts_days_across_daylight_saving() {
    let plan = regular(Frequency::Fortnightly, "2026-09-25", Extent::Instalments(3));

    assert_eq!(
        due(&plan.expand().expect("dates")),
        ["2026-09-25", "2026-10-09", "2026-10-23"]
    );
}

#[test]
fn a_last_date_is_included_when_an_instalment_falls_on_it() {
    let until = |last| {
        regular(
            Frequency::Weekly,
            "2026-01-05",
            Extent::LastDate(date(last)),
        )
    };
    let length = |last| until(last).expand().expect("dates").instalments().len();

    assert_eq!(length("2026-01-05"), 1);
    assert_eq!(length("2026-01-18"), 2);
    assert_eq!(length("2026-01-19"), 3);
    let codes = codes(until("2026-01-04").expand());
    assert_eq!(codes, [("/last_date".into(), "before_first_date")]);
}

#[test]
fn the_final_amount_is_the_last_instalments() {
    let plan = RegularSchedule {
        final_amount: Some(cents(42)),
        ..regular(Frequency::Monthly, "2026-01-05", Extent::Instalments(3))
    };
    let schedule = plan.expand().expect("a schedule");

    let amounts: Vec<i64> = schedule
        .instalments()
        .iter()
        .map(|instalment| instalment.amount.get())
        .collect();
    assert_eq!(amounts, [100, 100, 42]);
    assert_eq!(schedule.total_cents(), 242);
    assert_eq!(schedule.first_due(), date("2026-01-05"));
    assert_eq!(schedule.last_due(), date("2026-03-05"));
}

#[test]
fn an_adhoc_schedule_has_no_rule() {
    let plan = regular(Frequency::Adhoc, "2026-01-05", Extent::Instalments(3));

    assert_eq!(
        codes(plan.expand()),
        [("/frequency".into(), "adhoc_has_no_rule")]
    );
}

#[test]
fn last_days_of_months_need_months_and_a_last_day() {
    let plan = RegularSchedule {
        due_day: DueDay::LastDayOfMonth,
        ..regular(Frequency::Weekly, "2026-01-05", Extent::Instalments(3))
    };

    let expected = [
        ("/due_day".into(), "frequency_not_month_based"),
        ("/first_date".into(), "not_last_day_of_month"),
    ];
    assert_eq!(codes(plan.expand()), expected);
}

#[test]
fn a_schedule_has_1_to_1500_instalments() {
    let daily = |extent| regular(Frequency::Daily, "2026-01-01", extent).expand();

    assert_eq!(
        codes(daily(Extent::Instalments(0))),
        [("/instalments".into(), "out_of_range")]
    );
    assert_eq!(
        daily(Extent::Instalments(1_500))
            .expect("1,500")
            .instalments()
            .len(),
        1_500
    );
    let many = [("/instalments".into(), "too_many_instalments")];
    assert_eq!(codes(daily(Extent::Instalments(1_501))), many);
    let (fits, over) = (
        date("2026-01-01").plus_days(1_499),
        date("2026-01-01").plus_days(1_500),
    );
    assert!(daily(Extent::LastDate(fits.expect("a date"))).is_ok());
    let many = [("/last_date".into(), "too_many_instalments")];
    assert_eq!(codes(daily(Extent::LastDate(over.expect("a date")))), many);
}

#[test]
fn a_schedule_does_not_outlast_the_date_range() {
    let plan = regular(Frequency::Annual, "2199-06-01", Extent::Instalments(3));

    assert_eq!(
        codes(plan.expand()),
        [("/instalments".into(), "out_of_range")]
    );
    let last_day = RegularSchedule {
        due_day: DueDay::LastDayOfMonth,
        ..regular(
            Frequency::Monthly,
            "2200-11-30",
            Extent::LastDate(BusinessDate::MAX),
        )
    };
    assert_eq!(
        due(&last_day.expand().expect("dates")),
        ["2200-11-30", "2200-12-31"]
    );
}

#[test]
fn listed_instalments_are_numbered_in_due_order() {
    let listed = vec![
        (date("2026-01-05"), cents(1)),
        (date("2026-01-06"), cents(2)),
    ];
    let schedule = Schedule::explicit(listed).expect("a schedule");

    let numbers: Vec<u32> = schedule
        .instalments()
        .iter()
        .map(|one| one.sequence)
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn instalments_are_listed_in_due_order_and_may_share_a_date() {
    let listed = ["2026-01-05", "2026-01-05", "2026-01-04"].map(|text| (date(text), cents(1)));

    let expected = [("/instalments/2/due_date".into(), "not_ascending")];
    assert!(Schedule::explicit(listed[..2].to_vec()).is_ok());
    assert_eq!(codes(Schedule::explicit(listed.to_vec())), expected);
    assert_eq!(
        codes(Schedule::explicit(Vec::new())),
        [("/instalments".into(), "out_of_range")]
    );
}

#[test]
fn a_due_day_is_read_from_the_word_it_is_shown_as() {
    let words = [
        (DueDay::SameDay, "same_day"),
        (DueDay::LastDayOfMonth, "last_day_of_month"),
    ];
    for (day, word) in words {
        assert_eq!(day.as_str(), word);
        assert_eq!(day.to_string(), word);
        assert_eq!(DueDay::parse(word), Some(day));
    }
    assert_eq!(DueDay::parse(""), None);
    assert_eq!(DueDay::ALL.len(), words.len());
}
