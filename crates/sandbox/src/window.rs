//! Period windows, found the slow way: by walking the calendar one day at a time.
//!
//! Nothing here counts months or divides days. Each day is asked whether a new period starts on it,
//! so that a mistake in cleverer arithmetic elsewhere cannot be repeated here.

use chrono::{Datelike, Days, NaiveDate};
use serde::Serialize;

use crate::words::{Frequency, MonthEnd};

/// One period of an agreement, both dates included, Sydney calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Window {
    pub(crate) first_date: NaiveDate,
    pub(crate) last_date: NaiveDate,
}

impl Window {
    pub(crate) fn holds(&self, date: NaiveDate) -> bool {
        self.first_date <= date && date <= self.last_date
    }
}

/// The period that holds `date`, for an agreement valid from `anchor`.
///
/// `None` when the frequency has no periods (`adhoc`) or `date` lies before the anchor.
pub(crate) fn window_holding(
    anchor: NaiveDate,
    frequency: Frequency,
    reading: MonthEnd,
    date: NaiveDate,
) -> Option<Window> {
    if frequency == Frequency::Adhoc || date < anchor {
        return None;
    }
    let mut walk = Walk {
        anchor,
        day: anchor,
        day_in_period: 1,
        months_crossed: 0,
    };
    let mut first_date = anchor;
    loop {
        let yesterday = walk.day;
        walk.step()?;
        if walk.starts_period(frequency, reading) {
            if date < walk.day {
                return Some(Window {
                    first_date,
                    last_date: yesterday,
                });
            }
            first_date = walk.day;
            walk.day_in_period = 1;
        }
    }
}

/// A walk over the calendar, from the anchor on.
struct Walk {
    anchor: NaiveDate,
    day: NaiveDate,
    /// 1 on the first day of a period.
    day_in_period: u32,
    /// How many firsts of a month the walk has passed since the anchor.
    months_crossed: u32,
}

impl Walk {
    fn step(&mut self) -> Option<()> {
        self.day = self.day.checked_add_days(Days::new(1))?;
        self.day_in_period += 1;
        if self.day.day() == 1 {
            self.months_crossed += 1;
        }
        Some(())
    }

    fn starts_period(&self, frequency: Frequency, reading: MonthEnd) -> bool {
        match frequency {
            Frequency::Adhoc => false,
            Frequency::Daily => 1 < self.day_in_period,
            Frequency::Weekly => 7 < self.day_in_period,
            Frequency::Fortnightly => 14 < self.day_in_period,
            Frequency::Monthly => self.starts_months(1, reading),
            Frequency::Quarterly => self.starts_months(3, reading),
            Frequency::SemiAnnual => self.starts_months(6, reading),
            Frequency::Annual => self.starts_months(12, reading),
        }
    }

    /// Whether a period of `months` months starts today.
    fn starts_months(&self, months: u32, reading: MonthEnd) -> bool {
        let turns_this_month = self.months_crossed.is_multiple_of(months);
        if turns_this_month && self.day.day() == self.anchor.day() {
            return true;
        }
        match reading {
            MonthEnd::Oligo => {
                // The month that ended yesterday should have turned and lacked the anchor's day.
                let turned_last_month =
                    1 < self.months_crossed && (self.months_crossed - 1).is_multiple_of(months);
                let yesterday = self.day.pred_opt();
                self.day.day() == 1
                    && turned_last_month
                    && yesterday.is_some_and(|last| last.day() < self.anchor.day())
            }
            MonthEnd::Azupay => {
                let is_last_of_month = self.day.succ_opt().is_some_and(|next| next.day() == 1);
                turns_this_month && is_last_of_month && self.day.day() < self.anchor.day()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frequency, anchor, then the same period's first and last date by Oligo and by Azupay.
    #[rustfmt::skip]
    const MONTH_BASED: [(&str, &str, [&str; 2], [&str; 2]); 45] = [
        ("monthly", "2026-07-01", ["2026-07-01", "2026-07-31"], ["2026-07-01", "2026-07-31"]),
        ("monthly", "2026-07-01", ["2026-08-01", "2026-08-31"], ["2026-08-01", "2026-08-31"]),
        ("monthly", "2026-01-15", ["2026-01-15", "2026-02-14"], ["2026-01-15", "2026-02-14"]),
        ("monthly", "2026-01-15", ["2026-02-15", "2026-03-14"], ["2026-02-15", "2026-03-14"]),
        ("monthly", "2026-01-15", ["2026-03-15", "2026-04-14"], ["2026-03-15", "2026-04-14"]),
        ("monthly", "2026-02-28", ["2026-02-28", "2026-03-27"], ["2026-02-28", "2026-03-27"]),
        ("monthly", "2026-02-28", ["2026-03-28", "2026-04-27"], ["2026-03-28", "2026-04-27"]),
        ("monthly", "2026-02-28", ["2026-04-28", "2026-05-27"], ["2026-04-28", "2026-05-27"]),
        ("monthly", "2026-01-29", ["2026-01-29", "2026-02-28"], ["2026-01-29", "2026-02-27"]),
        ("monthly", "2026-01-29", ["2026-03-01", "2026-03-28"], ["2026-02-28", "2026-03-28"]),
        ("monthly", "2026-01-29", ["2026-03-29", "2026-04-28"], ["2026-03-29", "2026-04-28"]),
        ("monthly", "2028-01-29", ["2028-01-29", "2028-02-28"], ["2028-01-29", "2028-02-28"]),
        ("monthly", "2028-01-29", ["2028-02-29", "2028-03-28"], ["2028-02-29", "2028-03-28"]),
        ("monthly", "2026-01-30", ["2026-01-30", "2026-02-28"], ["2026-01-30", "2026-02-27"]),
        ("monthly", "2026-01-30", ["2026-03-01", "2026-03-29"], ["2026-02-28", "2026-03-29"]),
        ("monthly", "2026-01-30", ["2026-03-30", "2026-04-29"], ["2026-03-30", "2026-04-29"]),
        ("monthly", "2026-01-30", ["2026-04-30", "2026-05-29"], ["2026-04-30", "2026-05-29"]),
        ("monthly", "2026-01-31", ["2026-01-31", "2026-02-28"], ["2026-01-31", "2026-02-27"]),
        ("monthly", "2026-01-31", ["2026-03-01", "2026-03-30"], ["2026-02-28", "2026-03-30"]),
        ("monthly", "2026-01-31", ["2026-03-31", "2026-04-30"], ["2026-03-31", "2026-04-29"]),
        ("monthly", "2026-01-31", ["2026-05-01", "2026-05-30"], ["2026-04-30", "2026-05-30"]),
        ("monthly", "2026-01-31", ["2026-05-31", "2026-06-30"], ["2026-05-31", "2026-06-29"]),
        ("monthly", "2026-01-31", ["2026-07-01", "2026-07-30"], ["2026-06-30", "2026-07-30"]),
        ("monthly", "2028-01-31", ["2028-01-31", "2028-02-29"], ["2028-01-31", "2028-02-28"]),
        ("monthly", "2028-01-31", ["2028-03-01", "2028-03-30"], ["2028-02-29", "2028-03-30"]),
        ("monthly", "2028-01-31", ["2028-03-31", "2028-04-30"], ["2028-03-31", "2028-04-29"]),
        ("monthly", "2026-10-31", ["2026-10-31", "2026-11-30"], ["2026-10-31", "2026-11-29"]),
        ("monthly", "2026-10-31", ["2026-12-01", "2026-12-30"], ["2026-11-30", "2026-12-30"]),
        ("monthly", "2026-10-31", ["2026-12-31", "2027-01-30"], ["2026-12-31", "2027-01-30"]),
        ("monthly", "2026-10-31", ["2027-01-31", "2027-02-28"], ["2027-01-31", "2027-02-27"]),
        ("quarterly", "2026-08-31", ["2026-08-31", "2026-11-30"], ["2026-08-31", "2026-11-29"]),
        ("quarterly", "2026-08-31", ["2026-12-01", "2027-02-28"], ["2026-11-30", "2027-02-27"]),
        ("quarterly", "2026-08-31", ["2027-03-01", "2027-05-30"], ["2027-02-28", "2027-05-30"]),
        ("quarterly", "2026-08-31", ["2027-05-31", "2027-08-30"], ["2027-05-31", "2027-08-30"]),
        ("quarterly", "2026-11-30", ["2026-11-30", "2027-02-28"], ["2026-11-30", "2027-02-27"]),
        ("quarterly", "2026-11-30", ["2027-03-01", "2027-05-29"], ["2027-02-28", "2027-05-29"]),
        ("quarterly", "2026-11-30", ["2027-05-30", "2027-08-29"], ["2027-05-30", "2027-08-29"]),
        ("semi_annual", "2026-08-31", ["2026-08-31", "2027-02-28"], ["2026-08-31", "2027-02-27"]),
        ("semi_annual", "2026-08-31", ["2027-03-01", "2027-08-30"], ["2027-02-28", "2027-08-30"]),
        ("semi_annual", "2026-08-31", ["2027-08-31", "2028-02-29"], ["2027-08-31", "2028-02-28"]),
        ("annual", "2028-02-29", ["2028-02-29", "2029-02-28"], ["2028-02-29", "2029-02-27"]),
        ("annual", "2028-02-29", ["2029-03-01", "2030-02-28"], ["2029-02-28", "2030-02-27"]),
        ("annual", "2028-02-29", ["2030-03-01", "2031-02-28"], ["2030-02-28", "2031-02-27"]),
        ("annual", "2028-02-29", ["2031-03-01", "2032-02-28"], ["2031-02-28", "2032-02-28"]),
        ("annual", "2028-02-29", ["2032-02-29", "2033-02-28"], ["2032-02-29", "2033-02-27"]),
    ];

    /// Frequency, anchor, the first period's first and last date; no reading changes them.
    const DAY_BASED: [(&str, &str, [&str; 2]); 7] = [
        ("daily", "2026-06-01", ["2026-06-01", "2026-06-01"]),
        ("daily", "2026-10-04", ["2026-10-04", "2026-10-04"]),
        ("daily", "2026-04-05", ["2026-04-05", "2026-04-05"]),
        ("weekly", "2026-09-29", ["2026-09-29", "2026-10-05"]),
        ("weekly", "2026-03-31", ["2026-03-31", "2026-04-06"]),
        ("fortnightly", "2026-09-22", ["2026-09-22", "2026-10-05"]),
        ("fortnightly", "2026-03-31", ["2026-03-31", "2026-04-13"]),
    ];

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn assert_period(frequency: &str, anchor: &str, reading: MonthEnd, [first, last]: [&str; 2]) {
        let frequency = Frequency::from_word(frequency).unwrap();
        let expected = Window {
            first_date: day(first),
            last_date: day(last),
        };
        for date in [first, last].map(day) {
            let found = window_holding(day(anchor), frequency, reading, date);
            assert_eq!(
                found,
                Some(expected),
                "{frequency:?} from {anchor}, {reading:?}, {date}"
            );
        }
    }

    #[test]
    fn month_based_periods_end_where_each_reading_says() {
        for (frequency, anchor, oligo, azupay) in MONTH_BASED {
            assert_period(frequency, anchor, MonthEnd::Oligo, oligo);
            assert_period(frequency, anchor, MonthEnd::Azupay, azupay);
        }
    }

    #[test]
    fn day_based_periods_count_calendar_days_across_daylight_saving() {
        for (frequency, anchor, period) in DAY_BASED {
            assert_period(frequency, anchor, MonthEnd::Oligo, period);
            assert_period(frequency, anchor, MonthEnd::Azupay, period);
        }
    }

    #[test]
    fn the_next_period_begins_the_day_after_the_last() {
        for frequency in [
            "daily",
            "weekly",
            "fortnightly",
            "monthly",
            "quarterly",
            "annual",
        ] {
            let frequency = Frequency::from_word(frequency).unwrap();
            let anchor = day("2024-01-31");
            let mut date = anchor;
            for _ in 0..20 {
                let window = window_holding(anchor, frequency, MonthEnd::Oligo, date).unwrap();
                assert_eq!(window.first_date, date);
                date = window.last_date.succ_opt().unwrap();
            }
        }
    }

    #[test]
    fn an_adhoc_agreement_has_no_periods_and_none_lies_before_the_anchor() {
        let anchor = day("2026-06-10");
        let before = day("2026-06-09");
        assert_eq!(
            window_holding(anchor, Frequency::Adhoc, MonthEnd::Oligo, anchor),
            None
        );
        assert_eq!(
            window_holding(anchor, Frequency::Daily, MonthEnd::Oligo, before),
            None
        );
    }
}
