//! Windows found by walking day by day through the calendar, and the formula beside them.
//!
//! The walk is written from the providers' words and shares nothing with the formula: a period of
//! days begins anew when its days have passed; one of months begins on each `n`-th month's day of
//! the anchor's number, and where the month ends before that number, with the month's last day
//! (Azupay) or on the day after it (Oligo).

use chrono::{Datelike, NaiveDate};
use domain::date::BusinessDate;
use domain::period::{Reading, window, window_holding, windows};
use domain::terms::Frequency;

use crate::{PERIODIC, date};

/// Windows compared from each anchor.
const WINDOWS: usize = 24;

/// How long a period is, for the walk.
enum Length {
    Days(usize),
    Months(u32),
}

const fn length(frequency: Frequency) -> Length {
    match frequency {
        Frequency::Adhoc => panic!("adhoc has no period"),
        Frequency::Daily => Length::Days(1),
        Frequency::Weekly => Length::Days(7),
        Frequency::Fortnightly => Length::Days(14),
        Frequency::Monthly => Length::Months(1),
        Frequency::Quarterly => Length::Months(3),
        Frequency::SemiAnnual => Length::Months(6),
        Frequency::Annual => Length::Months(12),
    }
}

/// The first dates of windows 0 and up.
fn walked(
    anchor: NaiveDate,
    frequency: Frequency,
    reading: Reading,
    count: usize,
) -> Vec<NaiveDate> {
    match length(frequency) {
        Length::Days(days) => walked_by_days(anchor, days, count),
        Length::Months(months) => walked_by_months(anchor, months, reading, count),
    }
}

fn walked_by_days(anchor: NaiveDate, days: usize, count: usize) -> Vec<NaiveDate> {
    anchor.iter_days().step_by(days).take(count).collect()
}

fn walked_by_months(
    anchor: NaiveDate,
    months: u32,
    reading: Reading,
    count: usize,
) -> Vec<NaiveDate> {
    let mut starts = vec![anchor];
    let (mut day, mut months_passed) = (anchor, 0);
    while starts.len() < count {
        let next = day.succ_opt().expect("a day");
        let month_ends = next.day() == 1;
        let wanted = months_passed % months == 0 && months_passed != 0;
        if month_ends {
            let missing = wanted && day.day() < anchor.day();
            months_passed += 1;
            match (missing, reading) {
                (true, Reading::Oligo) => starts.push(next),
                (true, Reading::Azupay) => starts.push(day),
                (false, Reading::Oligo | Reading::Azupay) => {}
            }
        }
        if months_passed != 0 && months_passed % months == 0 && next.day() == anchor.day() {
            starts.push(next);
        }
        day = next;
    }
    starts
}

/// Every start date of eight years, two of them leap years.
fn anchors() -> impl Iterator<Item = BusinessDate> {
    let (from, until) = (date("2024-01-01"), date("2031-12-31"));
    (0..=from.days_until(until)).map(move |days| from.plus_days(days).expect("in range"))
}

#[test]
fn windows_equal_those_found_by_walking_through_the_calendar() {
    for anchor in anchors() {
        for frequency in PERIODIC {
            for reading in Reading::ALL.iter().copied() {
                let starts = walked(anchor.naive(), frequency, reading, WINDOWS + 1);
                let expected: Vec<(NaiveDate, NaiveDate)> = starts
                    .windows(2)
                    .map(|pair| (pair[0], pair[1].pred_opt().expect("a day")))
                    .collect();
                let found: Vec<(NaiveDate, NaiveDate)> = windows(anchor, frequency, reading)
                    .take(WINDOWS)
                    .map(|window| (window.first_date.naive(), window.last_date.naive()))
                    .collect();

                assert_eq!(found, expected, "{anchor} {frequency} {reading}");
            }
        }
    }
}

#[test]
fn the_edges_of_every_window_are_found_to_lie_in_it() {
    for anchor in anchors() {
        for frequency in PERIODIC {
            for reading in Reading::ALL.iter().copied() {
                for (index, found) in (0..).zip(windows(anchor, frequency, reading).take(WINDOWS)) {
                    for edge in [found.first_date, found.last_date] {
                        let held = window_holding(anchor, frequency, reading, edge);
                        assert_eq!(held, Some(found), "{anchor} {frequency} {reading} {edge}");
                    }
                    assert_eq!(found.index, index);
                }
            }
        }
    }
}

#[test]
fn every_date_between_is_found_to_lie_in_the_window_that_the_walk_has_reached() {
    // The days around two Februaries, one of a leap year, and a month of 31 and one of 30 days.
    let anchors = anchors().filter(|anchor| {
        matches!(
            (anchor.year(), anchor.month()),
            (2027 | 2028, 1 | 2 | 8 | 11)
        )
    });
    for anchor in anchors {
        for frequency in PERIODIC {
            for reading in Reading::ALL.iter().copied() {
                let starts = walked(anchor.naive(), frequency, reading, 14);
                for (index, pair) in (0..).zip(starts.windows(2)) {
                    for day in pair[0].iter_days().take_while(|day| *day < pair[1]) {
                        let day = BusinessDate::from_naive(day).expect("in range");
                        let held = window_holding(anchor, frequency, reading, day);
                        let held = held.map(|window| window.index);
                        assert_eq!(held, Some(index), "{anchor} {frequency} {reading} {day}");
                    }
                }
            }
        }
    }
}

#[test]
fn windows_end_with_the_last_one_that_is_whole_before_the_end_of_the_calendar() {
    for reading in Reading::ALL.iter().copied() {
        for frequency in PERIODIC {
            for back in 0..=800 {
                let anchor = BusinessDate::MAX.plus_days(-back).expect("in range");
                let found = windows(anchor, frequency, reading).last();
                let whole = found.map_or(0, |found| found.index as usize + 1);

                let starts = walked(anchor.naive(), frequency, reading, whole + 2);
                let next = |place: usize| starts[place].pred_opt().expect("a day");
                let last_date = found.map(|found| found.last_date.naive());
                assert_eq!(
                    last_date,
                    (0 < whole).then(|| next(whole)),
                    "{anchor} {frequency}"
                );
                let last = BusinessDate::MAX.naive();
                assert!(last < next(whole + 1), "{anchor} {frequency} {reading}");
            }
            let first = window(BusinessDate::MIN, frequency, reading, 0).expect("a window");
            assert_eq!(first.first_date, BusinessDate::MIN);
        }
    }
}
