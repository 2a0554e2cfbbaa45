//! Paydays: on which dates a payer is paid, so that collection can follow the money.

use crate::calendar::Weekday;
use crate::date::BusinessDate;
use crate::failure::worded;
use crate::period::{day_of_month, months_of};

worded! {
    /// A pay cycle that is counted in days.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payday::PayCycle;
    ///
    /// assert_eq!(PayCycle::parse("four_weekly"), Some(PayCycle::FourWeekly));
    /// assert_eq!(PayCycle::FourWeekly.days(), 28);
    /// ```
    pub enum PayCycle {
        /// Every 7 days.
        Weekly = "weekly",
        /// Every 14 days.
        Fortnightly = "fortnightly",
        /// Every 28 days: 13 times a year, not monthly.
        FourWeekly = "four_weekly",
    }
}

impl PayCycle {
    /// Days from one payday to the next: 7, 14 or 28.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payday::PayCycle;
    ///
    /// assert_eq!(PayCycle::Fortnightly.days(), 14);
    /// ```
    pub const fn days(self) -> i64 {
        match self {
            PayCycle::Weekly => 7,
            PayCycle::Fortnightly => 14,
            PayCycle::FourWeekly => 28,
        }
    }
}

/// A day of every month, from 1 to 31; the month's last day where the month lacks it.
///
/// So 31 is the last day of every month, and has that name: [`MonthDay::LAST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthDay(u32);

/// A number that is no day of any month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day of the month is between 1 and 31, and {given} is not")]
pub struct MonthDayError {
    /// The number.
    pub given: u32,
}

impl MonthDay {
    /// The last day of every month.
    pub const LAST: MonthDay = MonthDay(31);

    /// The day `day` of every month.
    ///
    /// # Errors
    ///
    /// Fails when `day` is not in `1..=31`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payday::MonthDay;
    ///
    /// assert_eq!(MonthDay::new(15)?.get(), 15);
    /// assert_eq!(MonthDay::new(31)?, MonthDay::LAST);
    /// assert!(MonthDay::new(0).is_err());
    /// # Ok::<(), domain::payday::MonthDayError>(())
    /// ```
    pub const fn new(day: u32) -> Result<MonthDay, MonthDayError> {
        match day {
            1..=31 => Ok(MonthDay(day)),
            0 | 32.. => Err(MonthDayError { given: day }),
        }
    }

    /// The number, in `1..=31`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(domain::payday::MonthDay::LAST.get(), 31);
    /// ```
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The day in the month of `date`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payday::MonthDay;
    ///
    /// let in_february = MonthDay::new(30)?.in_month_of("2028-02-01".parse()?);
    /// assert_eq!(in_february, "2028-02-29".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_month_of(self, date: BusinessDate) -> BusinessDate {
        let same_month = day_of_month(months_of(date.naive()), self.0);
        same_month
            .and_then(|day| BusinessDate::from_naive(day).ok())
            .unwrap_or_else(|| date.month_end())
    }
}

/// When a payer is paid: a rule, not a list.
///
/// The dates are the nominal ones. Of a payday that is no business day, employers pay on the
/// business day before or on the one after: a collection on the business day after the nominal
/// payday comes after the money of the first, and on the very day of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payday {
    /// Every 7, 14 or 28 days.
    Every {
        /// How many days apart.
        cycle: PayCycle,
        /// Any one payday, past or future; the rhythm reaches both ways from it.
        anchor_date: BusinessDate,
    },
    /// Once a month.
    Monthly(MonthDay),
    /// Every week on this day.
    Weekly(Weekday),
}

impl Payday {
    /// The first payday on or after `date`; `None` when it falls after the date range.
    ///
    /// Counted from the anchor, or from the month of `date`, never from another payday: nothing
    /// drifts.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payday::{MonthDay, PayCycle, Payday};
    ///
    /// let fortnightly = Payday::Every {
    ///     cycle: PayCycle::Fortnightly,
    ///     anchor_date: "2026-01-01".parse()?,
    /// };
    /// let next = fortnightly.next_on_or_after("2026-01-02".parse()?);
    /// assert_eq!(next, Some("2026-01-15".parse()?));
    ///
    /// let last_day = Payday::Monthly(MonthDay::LAST);
    /// let next = last_day.next_on_or_after("2026-02-10".parse()?);
    /// assert_eq!(next, Some("2026-02-28".parse()?));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn next_on_or_after(&self, date: BusinessDate) -> Option<BusinessDate> {
        match *self {
            Payday::Every { cycle, anchor_date } => {
                date.plus_days(date.days_until(anchor_date).rem_euclid(cycle.days()))
            }
            Payday::Monthly(day) => {
                let this_month = day.in_month_of(date);
                if date <= this_month {
                    return Some(this_month);
                }
                let next_month = date.month_end().plus_days(1)?;
                Some(day.in_month_of(next_month))
            }
            Payday::Weekly(weekday) => {
                let ahead = i64::from(weekday.days_from_monday())
                    - i64::from(Weekday::of(date).days_from_monday());
                date.plus_days(ahead.rem_euclid(7))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().expect("a test's date")
    }

    fn next(payday: Payday, from: &str) -> Option<String> {
        let found = payday.next_on_or_after(date(from))?;
        Some(found.to_string())
    }

    #[test]
    fn a_cycle_counts_days_from_its_anchor_both_ways() {
        let expected = [
            (PayCycle::Weekly, 7, "2026-06-11", "2026-05-28"),
            (PayCycle::Fortnightly, 14, "2026-06-18", "2026-05-21"),
            (PayCycle::FourWeekly, 28, "2026-07-02", "2026-05-07"),
        ];
        for (cycle, days, after, before) in expected {
            let payday = Payday::Every {
                cycle,
                anchor_date: date("2026-06-04"),
            };

            assert_eq!(cycle.days(), days);
            assert_eq!(next(payday, "2026-06-04"), Some("2026-06-04".into()));
            assert_eq!(next(payday, "2026-06-05"), Some(after.into()));
            assert_eq!(next(payday, after), Some(after.into()));
            assert_eq!(next(payday, before), Some(before.into()));
        }
    }

    #[test]
    fn a_monthly_payday_falls_on_the_last_day_of_a_month_that_lacks_its_day() {
        let on = |day| Payday::Monthly(MonthDay::new(day).expect("a day"));

        assert_eq!(next(on(15), "2026-06-15"), Some("2026-06-15".into()));
        assert_eq!(next(on(15), "2026-06-16"), Some("2026-07-15".into()));
        assert_eq!(next(on(30), "2026-02-01"), Some("2026-02-28".into()));
        assert_eq!(next(on(30), "2028-02-01"), Some("2028-02-29".into()));
        assert_eq!(next(on(30), "2026-01-31"), Some("2026-02-28".into()));
        assert_eq!(next(on(31), "2026-04-30"), Some("2026-04-30".into()));
        assert_eq!(next(on(31), "2026-05-01"), Some("2026-05-31".into()));
    }

    #[test]
    fn a_weekday_comes_within_seven_days() {
        let tuesdays = Payday::Weekly(Weekday::Tuesday);

        assert_eq!(next(tuesdays, "2026-06-02"), Some("2026-06-02".into()));
        assert_eq!(next(tuesdays, "2026-06-03"), Some("2026-06-09".into()));
        assert_eq!(next(tuesdays, "2026-06-08"), Some("2026-06-09".into()));
        let sundays = Payday::Weekly(Weekday::Sunday);
        assert_eq!(next(sundays, "2026-06-01"), Some("2026-06-07".into()));
    }

    #[test]
    fn no_payday_falls_after_the_date_range() {
        // The range ends on a Wednesday, the 31st of December 2200.
        assert_eq!(next(Payday::Weekly(Weekday::Thursday), "2200-12-31"), None);
        let first = Payday::Monthly(MonthDay::new(1).expect("a day"));
        assert_eq!(next(first, "2200-12-02"), None);
        assert_eq!(
            next(Payday::Monthly(MonthDay::LAST), "2200-12-31"),
            Some("2200-12-31".into())
        );
    }

    #[test]
    fn a_day_of_the_month_is_between_1_and_31() {
        assert_eq!(MonthDay::new(0), Err(MonthDayError { given: 0 }));
        assert_eq!(MonthDay::new(1).map(MonthDay::get), Ok(1));
        assert_eq!(MonthDay::new(31), Ok(MonthDay::LAST));
        assert_eq!(MonthDay::new(32), Err(MonthDayError { given: 32 }));
    }
}
