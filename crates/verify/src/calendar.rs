//! Periods of an agreement, found by walking the calendar a day at a time.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Australia::Sydney;

/// How a period ends in a month that lacks the anchor's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MonthEnd {
    /// With that month; the next begins on the 1st. Oligo's text.
    MonthCloses,
    /// On the day before that month's last; the next begins on the last day. As Azupay counts.
    LastDayOpens,
}

impl MonthEnd {
    pub(crate) const BOTH: [MonthEnd; 2] = [MonthEnd::MonthCloses, MonthEnd::LastDayOpens];

    /// The name under which Paydown's rows know it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            MonthEnd::MonthCloses => "oligo",
            MonthEnd::LastDayOpens => "azupay",
        }
    }
}

/// The Sydney date of an instant.
pub(crate) fn sydney_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Sydney).date_naive()
}

/// The first dates of an agreement's periods, as far as anybody has asked.
#[derive(Debug)]
pub(crate) struct Periods {
    anchor: NaiveDate,
    frequency: Frequency,
    month_end: MonthEnd,
    starts: Vec<NaiveDate>,
    walked_to: NaiveDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Days(u32),
    Months(u32),
}

fn frequency(word: &str) -> Option<Frequency> {
    match word {
        "daily" => Some(Frequency::Days(1)),
        "weekly" => Some(Frequency::Days(7)),
        "fortnightly" => Some(Frequency::Days(14)),
        "monthly" => Some(Frequency::Months(1)),
        "quarterly" => Some(Frequency::Months(3)),
        "semi_annual" => Some(Frequency::Months(6)),
        "annual" => Some(Frequency::Months(12)),
        _ => None,
    }
}

impl Periods {
    /// The periods of an agreement valid from `anchor`; `None` where it has none (`adhoc`).
    pub(crate) fn of(anchor: NaiveDate, word: &str, month_end: MonthEnd) -> Option<Periods> {
        Some(Periods {
            anchor,
            frequency: frequency(word)?,
            month_end,
            starts: vec![anchor],
            walked_to: anchor,
        })
    }

    /// The first date of the period that holds `date`; `None` before the anchor.
    pub(crate) fn first_date(&mut self, date: NaiveDate) -> Option<NaiveDate> {
        while self.walked_to < date {
            let day = self.walked_to.succ_opt()?;
            if self.begins(day) {
                self.starts.push(day);
            }
            self.walked_to = day;
        }
        let after = self.starts.partition_point(|start| *start <= date);
        self.starts.get(after.checked_sub(1)?).copied()
    }

    /// How many periods have begun after `since`, by `until`.
    pub(crate) fn begun_between(&mut self, since: NaiveDate, until: NaiveDate) -> usize {
        self.first_date(until);
        let begun = self.starts.iter();
        begun
            .filter(|start| since < **start && **start <= until)
            .count()
    }

    fn begins(&self, day: NaiveDate) -> bool {
        match self.frequency {
            Frequency::Days(length) => {
                let held = self.starts.last().copied().unwrap_or(self.anchor);
                i64::from(length) <= (day - held).num_days()
            }
            Frequency::Months(length) => self.begins_by_month(day, length),
        }
    }

    fn begins_by_month(&self, day: NaiveDate, length: u32) -> bool {
        let turns = |month: i32| 0 < month && month.rem_euclid(length.cast_signed()) == 0;
        let months = month_number(day) - month_number(self.anchor);
        let wanted = self.anchor.day();
        if turns(months) && day.day() == wanted {
            return true;
        }
        match self.month_end {
            MonthEnd::MonthCloses => {
                let last = day.pred_opt();
                day.day() == 1 && turns(months - 1) && last.is_some_and(|last| last.day() < wanted)
            }
            MonthEnd::LastDayOpens => {
                let is_last = day.succ_opt().is_some_and(|next| next.day() == 1);
                turns(months) && is_last && day.day() < wanted
            }
        }
    }
}

fn month_number(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(anchor: &str, word: &str, month_end: MonthEnd, date: &str) -> String {
        let mut periods = Periods::of(anchor.parse().unwrap(), word, month_end).unwrap();
        periods
            .first_date(date.parse().unwrap())
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_month_without_the_anchors_day_is_read_in_two_ways() {
        use MonthEnd::{LastDayOpens, MonthCloses};
        let table = [
            ("2026-01-31", "2026-02-28", "2026-01-31", "2026-02-28"),
            ("2026-01-31", "2026-03-01", "2026-03-01", "2026-02-28"),
            ("2026-01-31", "2026-03-31", "2026-03-31", "2026-03-31"),
            ("2028-01-29", "2028-02-29", "2028-02-29", "2028-02-29"),
            ("2026-01-15", "2026-02-14", "2026-01-15", "2026-01-15"),
        ];
        for (anchor, date, closes, opens) in table {
            let found = [MonthCloses, LastDayOpens].map(|how| first(anchor, "monthly", how, date));
            assert_eq!(found, [closes, opens], "{date} from {anchor}");
        }
    }

    #[test]
    fn years_from_the_29th_of_february_begin_on_its_eve_or_the_day_after() {
        use MonthEnd::{LastDayOpens, MonthCloses};
        let found =
            [MonthCloses, LastDayOpens].map(|how| first("2028-02-29", "annual", how, "2029-03-01"));
        assert_eq!(found, ["2029-03-01", "2029-02-28"]);
    }

    #[test]
    fn weeks_are_seven_dates_whatever_the_clocks_do() {
        let found = first("2026-10-01", "weekly", MonthEnd::MonthCloses, "2026-10-08");
        assert_eq!(found, "2026-10-08");
        let found = first(
            "2026-10-01",
            "fortnightly",
            MonthEnd::MonthCloses,
            "2026-10-14",
        );
        assert_eq!(found, "2026-10-01");
    }

    #[test]
    fn an_ad_hoc_agreement_has_no_periods() {
        let anchor = "2026-10-01".parse().unwrap();
        assert!(Periods::of(anchor, "adhoc", MonthEnd::MonthCloses).is_none());
    }
}
