//! Business dates: calendar dates in Sydney, and the instants that bound them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// The zone of every PayTo date: the provider reads dates in Australia/Sydney.
pub const ZONE: chrono_tz::Tz = chrono_tz::Australia::Sydney;

/// The version of the time zone database compiled in, such as `2025b`: from it follow the instants
/// at which Sydney's clocks change. Dates beyond the changes it knows, from the year 2100 on, are read by
/// the last offset it has.
///
/// # Examples
///
/// ```
/// let version = domain::date::TIME_ZONE_DATA;
/// assert_eq!(version.len(), 5, "a year and a letter: {version}");
/// ```
pub const TIME_ZONE_DATA: &str = chrono_tz::IANA_TZDB_VERSION;

/// A point in time, in UTC.
pub type Instant = DateTime<Utc>;

/// A calendar date in Sydney, from 1970-01-01 to 2200-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(NaiveDate);

/// Why something is not a business date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// The calendar has no such day, such as 30 February.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// A day of the calendar, but outside the range.
    #[error("the date is not between 1970-01-01 and 2200-12-31")]
    OutOfRange,
    /// Text that is not `YYYY-MM-DD`.
    #[error("a date is written YYYY-MM-DD")]
    Malformed,
}

const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date of the calendar");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(2200, 12, 31).expect("a date of the calendar");

impl BusinessDate {
    /// The earliest business date.
    pub const MIN: BusinessDate = BusinessDate(FIRST);
    /// The latest business date.
    pub const MAX: BusinessDate = BusinessDate(LAST);

    /// The date of this year, month (from 1) and day (from 1).
    ///
    /// # Errors
    ///
    /// Fails when the calendar has no such day, or it is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, DateError};
    ///
    /// assert_eq!(BusinessDate::new(2028, 2, 29)?.to_string(), "2028-02-29");
    /// assert_eq!(BusinessDate::new(2026, 2, 29), Err(DateError::NoSuchDay));
    /// assert_eq!(BusinessDate::new(1969, 12, 31), Err(DateError::OutOfRange));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn new(year: i32, month: u32, day: u32) -> Result<BusinessDate, DateError> {
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DateError::NoSuchDay)?;
        BusinessDate::from_naive(date)
    }

    /// The business date of a calendar date.
    ///
    /// # Errors
    ///
    /// Fails when `date` is before 1970-01-01 or after 2200-12-31.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::BusinessDate;
    ///
    /// let date = BusinessDate::new(2026, 1, 31)?;
    /// assert_eq!(BusinessDate::from_naive(date.naive()), Ok(date));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn from_naive(date: NaiveDate) -> Result<BusinessDate, DateError> {
        if FIRST <= date && date <= LAST {
            Ok(BusinessDate(date))
        } else {
            Err(DateError::OutOfRange)
        }
    }

    /// The calendar date, without a zone.
    ///
    /// # Examples
    ///
    /// ```
    /// let date: domain::date::BusinessDate = "2026-01-31".parse()?;
    /// assert_eq!(date.naive().to_string(), "2026-01-31");
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn naive(self) -> NaiveDate {
        self.0
    }

    /// The date on Sydney's calendars at `instant`; beyond the range, the nearest end of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, Instant};
    ///
    /// let afternoon_in_utc: Instant = "2026-06-01T14:00:00Z".parse()?;
    /// assert_eq!(BusinessDate::of_instant(afternoon_in_utc), "2026-06-02".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_instant(instant: Instant) -> BusinessDate {
        // A clamp of the instant first: the local date of chrono's own extremes does not exist.
        let (opening, closing) = (BusinessDate::MIN.opens_at(), BusinessDate::MAX.opens_at());
        let local = instant.clamp(opening, closing).with_timezone(&ZONE);
        BusinessDate(local.date_naive().clamp(FIRST, LAST))
    }

    /// The first instant of the date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, Instant};
    ///
    /// let date: BusinessDate = "2026-01-31".parse()?;
    /// let opens_at: Instant = "2026-01-30T13:00:00Z".parse()?;
    /// assert_eq!(date.opens_at(), opens_at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn opens_at(self) -> Instant {
        sydney(self.0.and_time(NaiveTime::MIN))
    }

    /// The first instant that is no longer of the date: the next date's opening.
    ///
    /// 23, 24 or 25 hours after [`BusinessDate::opens_at`], as daylight saving has it.
    ///
    /// # Examples
    ///
    /// ```
    /// let clocks_go_forward: domain::date::BusinessDate = "2026-10-04".parse()?;
    /// let length = clocks_go_forward.closes_at() - clocks_go_forward.opens_at();
    /// assert_eq!(length.num_hours(), 23);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn closes_at(self) -> Instant {
        sydney(following(self.0).and_time(NaiveTime::MIN))
    }

    /// The instant at which Sydney's clocks show `hour`:`minute` on the date.
    ///
    /// On a day the clocks go forward, an hour they skip means the first instant after the gap;
    /// on a day they go back, an hour they show twice means the first showing. An hour of 24 or
    /// more, or a minute of 60 or more, means the end of the date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, Instant};
    ///
    /// let date: BusinessDate = "2026-07-01".parse()?;
    /// let six: Instant = "2026-06-30T20:00:00Z".parse()?;
    /// assert_eq!(date.at_hour(6, 0), six);
    /// assert_eq!(date.at_hour(24, 0), date.closes_at());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at_hour(self, hour: u32, minute: u32) -> Instant {
        match NaiveTime::from_hms_opt(hour, minute, 0) {
            Some(time) => sydney(self.0.and_time(time)),
            None => self.closes_at(),
        }
    }

    /// The date `days` calendar days later (earlier, when negative); `None` when out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::BusinessDate;
    ///
    /// let date: BusinessDate = "2026-02-28".parse()?;
    /// assert_eq!(date.plus_days(1), Some("2026-03-01".parse()?));
    /// assert_eq!(BusinessDate::MAX.plus_days(1), None);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn plus_days(self, days: i64) -> Option<BusinessDate> {
        let date = self.0.checked_add_signed(TimeDelta::try_days(days)?)?;
        BusinessDate::from_naive(date).ok()
    }

    /// How many calendar days later `other` is; negative when it is earlier.
    ///
    /// # Examples
    ///
    /// ```
    /// let date: domain::date::BusinessDate = "2026-01-31".parse()?;
    /// assert_eq!(date.days_until("2026-03-01".parse()?), 29);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn days_until(self, other: BusinessDate) -> i64 {
        other.0.signed_duration_since(self.0).num_days()
    }

    /// The year, in `1970..=2200`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!("2026-01-31".parse::<domain::date::BusinessDate>()?.year(), 2026);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, from 1 for January.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!("2026-01-31".parse::<domain::date::BusinessDate>()?.month(), 1);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the month, from 1.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!("2026-01-31".parse::<domain::date::BusinessDate>()?.day(), 31);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn day(self) -> u32 {
        self.0.day()
    }

    /// Whether the next date is the first of a month.
    ///
    /// # Examples
    ///
    /// ```
    /// let date: domain::date::BusinessDate = "2028-02-28".parse()?;
    /// assert!(!date.is_last_of_month(), "2028 is a leap year");
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn is_last_of_month(self) -> bool {
        following(self.0).day() == 1
    }

    /// The last date of the same month.
    ///
    /// # Examples
    ///
    /// ```
    /// let date: domain::date::BusinessDate = "2028-02-01".parse()?;
    /// assert_eq!(date.month_end(), "2028-02-29".parse()?);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn month_end(self) -> BusinessDate {
        // The range ends on a month's last day, so the answer never leaves it.
        let days = u32::from(self.0.num_days_in_month());
        BusinessDate(self.0.with_day(days).unwrap_or(self.0))
    }
}

impl fmt::Debug for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for BusinessDate {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for BusinessDate {
    type Err = DateError;

    /// Reads exactly `YYYY-MM-DD`: ten ASCII characters, no blank, no sign.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, DateError};
    ///
    /// assert!("2026-01-31".parse::<BusinessDate>().is_ok());
    /// assert_eq!("2026-1-31".parse::<BusinessDate>(), Err(DateError::Malformed));
    /// ```
    fn from_str(text: &str) -> Result<BusinessDate, DateError> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(place, byte)| match place {
                4 | 7 => *byte == b'-',
                // Every other place of the ten holds a digit.
                0..4 | 5..7 | 8.. => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(DateError::Malformed);
        }
        let number = |part: &str| part.parse::<u32>().map_err(|_| DateError::Malformed);
        let year = i32::try_from(number(&text[0..4])?).map_err(|_| DateError::Malformed)?;

        BusinessDate::new(year, number(&text[5..7])?, number(&text[8..10])?)
    }
}

/// The day after `date`; the calendar of chrono reaches far beyond our range.
fn following(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1))
        .unwrap_or(NaiveDate::MAX)
}

/// The first instant at which Sydney's clocks show `local` or later on that day.
fn sydney(local: NaiveDateTime) -> Instant {
    let mut candidate = local;
    // Sydney's gaps are an hour long; a minute at a time finds the gap's end, to the minute.
    for _ in 0..=180 {
        if let Some(found) = candidate.and_local_timezone(ZONE).earliest() {
            return found.with_timezone(&Utc);
        }
        candidate += TimeDelta::minutes(1);
    }
    // No zone skips more than three hours of a day in our range; eastern standard time, if one did.
    local.and_utc() - TimeDelta::hours(10)
}

#[cfg(test)]
mod tests;
