//! Period windows: the stretches of dates in which an agreement allows `count` payments.
//!
//! The anchor is the agreement's validity start date. Every window is computed from the anchor and
//! its own index, never from the window before it, so nothing drifts through short months.

use std::fmt;

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::date::{BusinessDate, Instant};
use crate::terms::Frequency;

/// How a provider reads "a month later" when that month lacks the anchor's day.
///
/// The two differ on one kind of date only: the last day of a month shorter than the anchor's day.
/// Which one a payer's bank follows is not published, so a careful caller satisfies both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// The short month's last day ends the old window (Oligo's words).
    Oligo,
    /// The short month's last day begins the new window (Azupay's words).
    Azupay,
}

impl Reading {
    /// Every reading.
    pub const ALL: &'static [Reading] = &[Reading::Oligo, Reading::Azupay];

    /// Its name in snake_case, as the database stores it.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(domain::period::Reading::Oligo.as_str(), "oligo");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Reading::Oligo => "oligo",
            Reading::Azupay => "azupay",
        }
    }

    /// The reading called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::period::Reading;
    ///
    /// assert_eq!(Reading::parse(Reading::Azupay.as_str()), Some(Reading::Azupay));
    /// assert_eq!(Reading::parse("Azupay"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Reading> {
        Reading::ALL
            .iter()
            .copied()
            .find(|reading| reading.as_str() == text)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One period of an agreement: both dates belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its place after the anchor, from 0.
    pub index: u32,
    /// The first date of it.
    pub first_date: BusinessDate,
    /// The last date of it, never before the first.
    pub last_date: BusinessDate,
}

impl Window {
    /// The first instant of the window: midnight in Sydney.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::Instant;
    /// use domain::period::{Reading, window};
    /// use domain::terms::Frequency;
    ///
    /// let held = window("2026-01-31".parse()?, Frequency::Monthly, Reading::Oligo, 0);
    /// let opens_at: Instant = "2026-01-30T13:00:00Z".parse()?;
    /// assert_eq!(held.map(|window| window.opens_at()), Some(opens_at));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn opens_at(self) -> Instant {
        self.first_date.opens_at()
    }

    /// The first instant after the window.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::period::{Reading, window};
    /// use domain::terms::Frequency;
    ///
    /// let anchor = "2026-01-31".parse()?;
    /// let at = |index| window(anchor, Frequency::Monthly, Reading::Oligo, index).expect("in range");
    /// assert_eq!(at(0).closes_at(), at(1).opens_at());
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn closes_at(self) -> Instant {
        self.last_date.closes_at()
    }

    /// Whether `date` belongs to the window.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::period::{Reading, window};
    /// use domain::terms::Frequency;
    ///
    /// let week = window("2026-03-02".parse()?, Frequency::Weekly, Reading::Oligo, 0);
    /// let week = week.expect("in range");
    /// assert!(week.contains("2026-03-08".parse()?));
    /// assert!(!week.contains("2026-03-09".parse()?));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn contains(self, date: BusinessDate) -> bool {
        self.first_date <= date && date <= self.last_date
    }
}

impl fmt::Display for Window {
    /// `2026-01-31…2026-02-28`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…{}", self.first_date, self.last_date)
    }
}

/// The `index`-th window after `anchor`; `None` when adhoc, or not wholly in the date range.
///
/// Any index may be asked for, and none takes longer than another.
///
/// # Examples
///
/// ```
/// use domain::period::{Reading, window};
/// use domain::terms::Frequency;
///
/// let anchor = "2026-01-31".parse()?;
/// let shown = |reading| window(anchor, Frequency::Monthly, reading, 1).map(|one| one.to_string());
/// assert_eq!(shown(Reading::Oligo).as_deref(), Some("2026-03-01…2026-03-30"));
/// assert_eq!(shown(Reading::Azupay).as_deref(), Some("2026-02-28…2026-03-30"));
/// assert_eq!(window(anchor, Frequency::Monthly, Reading::Oligo, u32::MAX), None);
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn window(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    index: u32,
) -> Option<Window> {
    let length = frequency.length()?;
    let first = start(anchor, length, reading, i64::from(index))?;
    let next = start(anchor, length, reading, i64::from(index) + 1)?;

    Some(Window {
        index,
        first_date: BusinessDate::from_naive(first).ok()?,
        last_date: BusinessDate::from_naive(next.pred_opt()?).ok()?,
    })
}

/// The window that holds `date`.
///
/// `None` when adhoc, when `date` is before `anchor`, or when the window leaves the date range.
///
/// # Examples
///
/// ```
/// use domain::period::{Reading, window_holding};
/// use domain::terms::Frequency;
///
/// let (anchor, date) = ("2026-01-31".parse()?, "2026-02-28".parse()?);
/// let index = |reading| {
///     window_holding(anchor, Frequency::Monthly, reading, date).map(|window| window.index)
/// };
/// assert_eq!((index(Reading::Oligo), index(Reading::Azupay)), (Some(0), Some(1)));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn window_holding(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    date: BusinessDate,
) -> Option<Window> {
    window(
        anchor,
        frequency,
        reading,
        index_holding(anchor, frequency, reading, date)?,
    )
}

/// All windows from `anchor` to the end of the date range; none when adhoc.
///
/// # Examples
///
/// ```
/// use domain::period::{Reading, windows};
/// use domain::terms::Frequency;
///
/// let anchor = "2028-02-29".parse()?;
/// let years = windows(anchor, Frequency::Annual, Reading::Oligo).take(2);
/// let shown: Vec<String> = years.map(|window| window.to_string()).collect();
/// assert_eq!(shown, ["2028-02-29…2029-02-28", "2029-03-01…2030-02-28"]);
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn windows(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
) -> impl Iterator<Item = Window> {
    (0..=u32::MAX).map_while(move |index| window(anchor, frequency, reading, index))
}

/// The index of the window that holds `date`, even of a window that outlasts the date range.
pub(crate) fn index_holding(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    date: BusinessDate,
) -> Option<u32> {
    if date < anchor {
        return None;
    }
    let length = frequency.length()?;
    let index = match length {
        Length::Days(days) => anchor.days_until(date) / days,
        Length::Months(months) => {
            // The start of this index lies in the date's month or before it, or, when pushed out
            // of a short month, on the first of the next: never can a later index hold the date.
            let index = (months_of(date.naive()) - months_of(anchor.naive())) / months;
            if start(anchor, length, reading, index)? <= date.naive() {
                index
            } else {
                index - 1
            }
        }
    };

    u32::try_from(index).ok()
}

/// The length of a period, in the calendar's own units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// So many days.
    Days(i64),
    /// So many months.
    Months(i64),
}

impl Frequency {
    /// The length of this frequency's period; `None` for adhoc, which has none.
    pub(crate) const fn length(self) -> Option<Length> {
        match self {
            Frequency::Adhoc => None,
            Frequency::Daily => Some(Length::Days(1)),
            Frequency::Weekly => Some(Length::Days(7)),
            Frequency::Fortnightly => Some(Length::Days(14)),
            Frequency::Monthly => Some(Length::Months(1)),
            Frequency::Quarterly => Some(Length::Months(3)),
            Frequency::SemiAnnual => Some(Length::Months(6)),
            Frequency::Annual => Some(Length::Months(12)),
        }
    }
}

/// The first date of the `index`-th window.
fn start(anchor: BusinessDate, length: Length, reading: Reading, index: i64) -> Option<NaiveDate> {
    match length {
        Length::Days(days) => anchor
            .naive()
            .checked_add_signed(TimeDelta::try_days(days.checked_mul(index)?)?),
        Length::Months(months) => {
            let month = months_of(anchor.naive()).checked_add(months.checked_mul(index)?)?;
            match (day_of_month(month, anchor.day()), reading) {
                (Some(day), Reading::Oligo | Reading::Azupay) => Some(day),
                (None, Reading::Oligo) => day_of_month(month + 1, 1),
                (None, Reading::Azupay) => day_of_month(month + 1, 1)?.pred_opt(),
            }
        }
    }
}

/// The date's month, counted from January of the year 0.
pub(crate) fn months_of(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// The day `day` of the month counted as [`months_of`] does; `None` when the month lacks it.
pub(crate) fn day_of_month(months: i64, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(months.div_euclid(12)).ok()?;
    let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().expect("a test's date")
    }

    #[test]
    fn a_reading_goes_by_one_name() {
        let names: Vec<_> = Reading::ALL
            .iter()
            .map(|reading| reading.as_str())
            .collect();
        assert_eq!(names, ["oligo", "azupay"]);
        for reading in Reading::ALL {
            assert_eq!(Reading::parse(reading.as_str()), Some(*reading));
            assert_eq!(reading.to_string(), reading.as_str());
        }
        assert_eq!(Reading::parse("Oligo"), None);
    }

    #[test]
    fn adhoc_has_no_windows() {
        let anchor = date("2026-01-31");

        assert_eq!(window(anchor, Frequency::Adhoc, Reading::Oligo, 0), None);
        assert_eq!(
            window_holding(anchor, Frequency::Adhoc, Reading::Oligo, anchor),
            None
        );
        assert_eq!(
            windows(anchor, Frequency::Adhoc, Reading::Azupay).count(),
            0
        );
    }

    #[test]
    fn no_window_holds_a_date_before_the_anchor() {
        let held = window_holding(
            date("2026-01-31"),
            Frequency::Weekly,
            Reading::Oligo,
            date("2026-01-30"),
        );

        assert_eq!(held, None);
    }

    #[test]
    fn the_last_day_of_a_short_month_is_read_in_two_ways() {
        let shown = |reading| {
            window(date("2026-01-31"), Frequency::Monthly, reading, 0)
                .expect("the first window")
                .to_string()
        };

        assert_eq!(shown(Reading::Oligo), "2026-01-31…2026-02-28");
        assert_eq!(shown(Reading::Azupay), "2026-01-31…2026-02-27");
    }

    #[test]
    fn windows_end_where_the_date_range_ends() {
        let last = windows(date("2200-12-01"), Frequency::Weekly, Reading::Oligo).last();

        assert_eq!(
            last.map(|window| window.last_date),
            Some(date("2200-12-28"))
        );
        let edge = date("2200-12-30");
        assert_eq!(
            window_holding(date("2200-12-01"), Frequency::Weekly, Reading::Oligo, edge),
            None
        );
    }

    #[test]
    fn a_window_opens_and_closes_at_midnight_in_sydney_across_daylight_saving() {
        let held =
            window(date("2026-09-29"), Frequency::Weekly, Reading::Oligo, 0).expect("a week");

        assert_eq!((held.closes_at() - held.opens_at()).num_hours(), 167);
        assert!(held.contains(date("2026-10-05")));
        assert!(!held.contains(date("2026-10-06")));
    }
}
