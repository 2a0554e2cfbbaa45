//! Unit tests of segments.

use super::*;
use crate::calendar::Weekday;

fn weekly(first: &str, instalments: u32) -> Segment {
    Segment {
        cadence: Cadence::Weekly,
        first_date: date(first),
        due_day: DueDay::SameDay,
        extent: Extent::Instalments(instalments),
        amounts: SegmentAmounts::Same {
            amount: cents(100),
            final_amount: None,
        },
    }
}

fn amounts(schedule: &Schedule) -> Vec<i64> {
    let instalments = schedule.instalments().iter();
    instalments.map(|one| one.amount.get()).collect()
}

#[test]
fn segments_follow_one_another_and_are_numbered_through() {
    let monthly = Segment {
        cadence: Cadence::Monthly,
        ..weekly("2026-01-31", 3)
    };
    let schedule =
        Schedule::of_segments(&[weekly("2026-01-07", 2), monthly]).expect("in due order");

    assert_eq!(
        due(&schedule),
        [
            "2026-01-07",
            "2026-01-14",
            "2026-01-31",
            "2026-02-28",
            "2026-03-31"
        ]
    );
    let numbers = schedule.instalments().iter().map(|one| one.sequence);
    assert!(numbers.eq(1..=5));
}

#[test]
fn a_segment_begins_after_the_one_before_it() {
    let after = |first| Schedule::of_segments(&[weekly("2026-01-07", 2), weekly(first, 1)]);

    assert!(after("2026-01-15").is_ok());
    let expected = [("/segments/1/first_date".to_owned(), "not_ascending")];
    assert_eq!(codes(after("2026-01-14")), expected);
    assert_eq!(codes(after("2026-01-10")), expected);
}

#[test]
fn every_fault_of_every_segment_is_told_at_once() {
    let none = weekly("2026-01-07", 0);
    let month_end = Segment {
        due_day: DueDay::LastDayOfMonth,
        ..weekly("2026-01-07", 1)
    };

    let expected = [
        ("/segments/0/instalments".to_owned(), "out_of_range"),
        (
            "/segments/1/due_day".to_owned(),
            "frequency_not_month_based",
        ),
        ("/segments/1/first_date".to_owned(), "not_last_day_of_month"),
    ];
    assert_eq!(codes(Schedule::of_segments(&[none, month_end])), expected);
    let nothing = [("/segments".to_owned(), "out_of_range")];
    assert_eq!(codes(Schedule::of_segments(&[])), nothing);
}

#[test]
fn the_dates_and_the_parts_of_a_segment_are_told_together() {
    let both = Segment {
        due_day: DueDay::LastDayOfMonth,
        cadence: Cadence::Monthly,
        ..weekly("2026-01-07", 0)
    };

    let expected = [
        ("/first_date".to_owned(), "not_last_day_of_month"),
        ("/instalments".to_owned(), "out_of_range"),
    ];
    assert_eq!(codes(both.expand()), expected);
}

#[test]
fn all_segments_together_have_at_most_1500_instalments() {
    let first = Segment {
        cadence: Cadence::Daily,
        ..weekly("2026-01-01", 1_499)
    };
    let with = |count| Schedule::of_segments(&[first, weekly("2031-01-01", count)]);

    assert_eq!(with(1).expect("1,500").instalments().len(), 1_500);
    let many = [("/segments".to_owned(), "too_many_instalments")];
    assert_eq!(codes(with(2)), many);
}

#[test]
fn there_are_at_most_1500_segments() {
    let single = |days| Segment {
        first_date: date("2026-01-01").plus_days(days).expect("a date"),
        ..weekly("2026-01-01", 1)
    };
    let fits: Vec<Segment> = (0..1_500).map(single).collect();
    let over: Vec<Segment> = (0..1_501).map(single).collect();

    assert!(Schedule::of_segments(&fits).is_ok());
    let many = [("/segments".to_owned(), "too_many_instalments")];
    assert_eq!(codes(Schedule::of_segments(&over)), many);
}

#[test]
fn a_segment_on_weekdays_begins_on_one_of_them() {
    let fridays = Weekdays::new(&[Weekday::Friday]).expect("a day");
    let from = |first| {
        let segment = Segment {
            cadence: Cadence::OnWeekdays(fridays),
            ..weekly(first, 2)
        };
        segment.expand()
    };

    assert_eq!(
        due(&from("2026-06-05").expect("a Friday")),
        ["2026-06-05", "2026-06-12"]
    );
    let expected = [("/first_date".to_owned(), "not_on_weekdays")];
    assert_eq!(codes(from("2026-06-04")), expected);
    let told = from("2026-06-04").expect_err("a Thursday");
    assert_eq!(told[0].detail, "2026-06-04 is a thursday, not a friday");
}

#[test]
fn a_sum_is_shared_by_the_instalments_of_a_segment() {
    let of = |total, residue| Segment {
        amounts: SegmentAmounts::Total {
            total: Principal::new(total).expect("a sum"),
            residue,
        },
        ..weekly("2026-01-07", 3)
    };

    let last = of(100, Residue::Last).expand().expect("cents enough");
    assert_eq!(amounts(&last), [33, 33, 34]);
    let first = of(101, Residue::First).expand().expect("cents enough");
    assert_eq!(amounts(&first), [35, 33, 33]);
    let expected = [("/total".to_owned(), "part_out_of_range")];
    assert_eq!(codes(of(2, Residue::Last).expand()), expected);
}

#[test]
fn the_final_amount_is_the_segments_last() {
    let with_final = Segment {
        amounts: SegmentAmounts::Same {
            amount: cents(100),
            final_amount: Some(cents(7)),
        },
        ..weekly("2026-01-07", 2)
    };
    let schedule = Schedule::of_segments(&[with_final, weekly("2026-02-01", 1)]);

    assert_eq!(amounts(&schedule.expect("in due order")), [100, 7, 100]);
}
