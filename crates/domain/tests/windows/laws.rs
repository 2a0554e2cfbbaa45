//! What holds for windows of every anchor, frequency and reading.

use domain::date::BusinessDate;
use domain::period::{Reading, window, window_holding, windows};
use domain::terms::Frequency;
use proptest::prelude::*;

use crate::PERIODIC;

/// Any date of the whole range, its edges more often than by chance.
fn any_date() -> impl Strategy<Value = BusinessDate> {
    let days = BusinessDate::MIN.days_until(BusinessDate::MAX);
    prop_oneof![
        8 => 0..=days,
        1 => 0..=800_i64,
        1 => days - 800..=days,
    ]
    .prop_map(|days| BusinessDate::MIN.plus_days(days).expect("in range"))
}

/// A date from which a century can be counted.
fn an_anchor() -> impl Strategy<Value = BusinessDate> {
    (0_i64..36_525).prop_map(|days| BusinessDate::MIN.plus_days(days).expect("in range"))
}

fn a_frequency() -> impl Strategy<Value = Frequency> {
    prop::sample::select(PERIODIC.to_vec())
}

fn a_reading() -> impl Strategy<Value = Reading> {
    prop::sample::select(Reading::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn windows_follow_each_other_without_gap_or_overlap(
        anchor in an_anchor(), frequency in a_frequency(), reading in a_reading()
    ) {
        let mut next = anchor;
        for (index, window) in (0..).zip(windows(anchor, frequency, reading).take(30)) {
            prop_assert_eq!(window.index, index);
            prop_assert_eq!(window.first_date, next);
            prop_assert!(window.first_date <= window.last_date);
            next = window.last_date.plus_days(1).expect("in range");
        }
        prop_assert!(anchor < next);
    }

    #[test]
    fn a_window_closes_at_the_instant_at_which_the_next_one_opens(
        anchor in an_anchor(), index in 0_u32..400,
        frequency in a_frequency(), reading in a_reading()
    ) {
        let at = |index| window(anchor, frequency, reading, index);
        if let (Some(this), Some(next)) = (at(index), at(index + 1)) {
            prop_assert_eq!(this.closes_at(), next.opens_at());
            prop_assert!(this.opens_at() < this.closes_at());
        }
    }

    #[test]
    fn the_window_holding_a_date_is_the_one_found_by_its_index(
        anchor in an_anchor(), days in 0_i64..36_525,
        frequency in a_frequency(), reading in a_reading()
    ) {
        let day = anchor.plus_days(days).expect("in range");
        let held = window_holding(anchor, frequency, reading, day).expect("a window");

        prop_assert!(held.contains(day));
        prop_assert_eq!(window(anchor, frequency, reading, held.index), Some(held));
        for edge in [held.first_date, held.last_date] {
            prop_assert_eq!(window_holding(anchor, frequency, reading, edge), Some(held));
        }
    }

    #[test]
    fn a_later_date_never_lies_in_an_earlier_window(
        anchor in an_anchor(), days in 0_i64..36_525, more in 0_i64..800,
        frequency in a_frequency(), reading in a_reading()
    ) {
        let index = |days| {
            let day = anchor.plus_days(days).expect("in range");
            window_holding(anchor, frequency, reading, day).expect("a window").index
        };

        prop_assert!(index(days) <= index(days + more));
    }

    #[test]
    fn the_next_date_lies_in_the_same_window_or_begins_the_next(
        anchor in an_anchor(), days in 0_i64..36_525,
        frequency in a_frequency(), reading in a_reading()
    ) {
        let held = |days| {
            let day = anchor.plus_days(days).expect("in range");
            (day, window_holding(anchor, frequency, reading, day).expect("a window"))
        };
        let ((_, this), (day, next)) = (held(days), held(days + 1));

        if this != next {
            prop_assert_eq!(next.index, this.index + 1);
            prop_assert_eq!(next.first_date, day);
        }
    }

    #[test]
    fn the_readings_differ_only_on_the_last_day_of_a_month_shorter_than_the_anchors_day(
        anchor in an_anchor(), days in 0_i64..36_525, frequency in a_frequency()
    ) {
        let day = anchor.plus_days(days).expect("in range");
        let index = |reading| {
            window_holding(anchor, frequency, reading, day).expect("a window").index
        };
        let (oligo, azupay) = (index(Reading::Oligo), index(Reading::Azupay));

        if oligo != azupay {
            prop_assert_eq!(oligo + 1, azupay);
            prop_assert!(frequency.is_month_based());
            prop_assert!(day.is_last_of_month() && day.day() < anchor.day());
        }
    }

    #[test]
    fn a_window_of_months_begins_on_the_anchors_day_or_at_the_end_of_a_month_without_it(
        anchor in an_anchor(), index in 0_u32..400, reading in a_reading(),
        frequency in prop::sample::select(PERIODIC[3..].to_vec())
    ) {
        prop_assert!(frequency.is_month_based());
        let Some(found) = window(anchor, frequency, reading, index) else { return Ok(()) };
        let first = found.first_date;

        if first.day() != anchor.day() {
            match reading {
                Reading::Oligo => {
                    prop_assert_eq!(first.day(), 1);
                    let month_end = first.plus_days(-1).expect("in range");
                    prop_assert!(month_end.day() < anchor.day());
                }
                Reading::Azupay => {
                    prop_assert!(first.is_last_of_month() && first.day() < anchor.day());
                }
            }
        }
    }

    #[test]
    fn no_anchor_index_or_date_is_too_much(
        anchor in any_date(), day in any_date(),
        index in prop_oneof![any::<u32>(), 0_u32..3_000, Just(u32::MAX)],
        frequency in prop::sample::select(Frequency::ALL.to_vec()), reading in a_reading()
    ) {
        if let Some(found) = window(anchor, frequency, reading, index) {
            prop_assert!(anchor <= found.first_date && found.first_date <= found.last_date);
            prop_assert_eq!(found.index, index);
            let held = window_holding(anchor, frequency, reading, found.first_date);
            prop_assert_eq!(held, Some(found));
        }
        let held = window_holding(anchor, frequency, reading, day);
        prop_assert!(held.is_none_or(|held| held.contains(day)));
        prop_assert!(anchor <= day || held.is_none(), "no window is before the first");
        if let (None, true) = (held, anchor <= day && frequency != Frequency::Adhoc) {
            // Only a window that outlasts the calendar holds a date and cannot be told.
            prop_assert!(day.days_until(BusinessDate::MAX) < 366);
        }
    }
}
