//! The business days of Australia: public holidays by state and territory, and days of the week.
//!
//! The mandate service itself works every day of the year; business days matter to the payer, whose
//! pay arrives on them, and to the lender's people. The holidays are a table that stands beside
//! this module, generated and checked in, so an answer never depends on the machine that gives it.
//! The table covers 2024 to 2040. Outside those years only weekends are known, and
//! [`covers`] says so. It has no part-day holidays, and none of a single town or shire, but a day
//! that a state's capital keeps, such as Melbourne Cup Day, counts for the whole state.

use std::sync::LazyLock;

use chrono::Datelike;

use crate::date::BusinessDate;
use crate::failure::worded;

worded! {
    /// Whose public holidays are meant: a state's, a territory's, or those common to all of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::State;
    ///
    /// assert_eq!(State::parse("nsw"), Some(State::Nsw));
    /// assert_eq!(State::Nsw.as_str(), "nsw");
    /// assert_eq!(State::parse("NSW"), None);
    /// ```
    pub enum State {
        /// Only the days that are holidays in every state and territory.
        National = "national",
        /// The Australian Capital Territory.
        Act = "act",
        /// New South Wales.
        Nsw = "nsw",
        /// The Northern Territory.
        Nt = "nt",
        /// Queensland.
        Qld = "qld",
        /// South Australia.
        Sa = "sa",
        /// Tasmania.
        Tas = "tas",
        /// Victoria.
        Vic = "vic",
        /// Western Australia.
        Wa = "wa",
    }
}

worded! {
    /// A day of the week.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::date::BusinessDate;
    ///
    /// let anzac_day: BusinessDate = "2026-04-25".parse()?;
    /// assert_eq!(Weekday::of(anzac_day), Weekday::Saturday);
    /// assert_eq!(Weekday::parse("saturday"), Some(Weekday::Saturday));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub enum Weekday {
        /// The first day of the week.
        Monday = "monday",
        /// The second.
        Tuesday = "tuesday",
        /// The third.
        Wednesday = "wednesday",
        /// The fourth.
        Thursday = "thursday",
        /// The fifth.
        Friday = "friday",
        /// The sixth; never a business day.
        Saturday = "saturday",
        /// The seventh; never a business day.
        Sunday = "sunday",
    }
}

impl Weekday {
    /// The day of the week on which `date` falls.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::date::BusinessDate;
    ///
    /// // The first of the range: 1970 began on a Thursday.
    /// assert_eq!(Weekday::of(BusinessDate::MIN), Weekday::Thursday);
    /// ```
    pub fn of(date: BusinessDate) -> Weekday {
        match date.naive().weekday() {
            chrono::Weekday::Mon => Weekday::Monday,
            chrono::Weekday::Tue => Weekday::Tuesday,
            chrono::Weekday::Wed => Weekday::Wednesday,
            chrono::Weekday::Thu => Weekday::Thursday,
            chrono::Weekday::Fri => Weekday::Friday,
            chrono::Weekday::Sat => Weekday::Saturday,
            chrono::Weekday::Sun => Weekday::Sunday,
        }
    }

    /// Its place in the week, from 0 for Monday to 6 for Sunday.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    ///
    /// assert_eq!(Weekday::Monday.days_from_monday(), 0);
    /// assert_eq!(Weekday::Sunday.days_from_monday(), 6);
    /// ```
    pub const fn days_from_monday(self) -> u32 {
        match self {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        }
    }
}

/// The first year of the table of holidays.
pub const FIRST_YEAR: i32 = 2024;

/// The last year of the table of holidays.
pub const LAST_YEAR: i32 = 2040;

/// Whether the table of holidays covers the year of `date`; where not, only weekends are known.
///
/// # Examples
///
/// ```
/// use domain::calendar::covers;
///
/// assert!(covers("2024-01-01".parse()?));
/// assert!(!covers("2041-01-01".parse()?));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn covers(date: BusinessDate) -> bool {
    FIRST_YEAR <= date.year() && date.year() <= LAST_YEAR
}

/// The name of the public holiday that `state` keeps on `date`, in Australian English.
///
/// `None` on a working day, in a year the table does not cover, and on a Saturday or Sunday
/// whatever is kept on it: such a day is no business day anyhow. For [`State::National`], the name
/// most states use on a date that all of them keep.
///
/// # Examples
///
/// ```
/// use domain::calendar::{State, holiday};
///
/// let cup_day = "2026-11-03".parse()?;
/// assert_eq!(holiday(State::Vic, cup_day), Some("Melbourne Cup Day"));
/// assert_eq!(holiday(State::Nsw, cup_day), None);
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn holiday(state: State, date: BusinessDate) -> Option<&'static str> {
    let from = TABLE.partition_point(|row| row.date < date);
    let to = TABLE.partition_point(|row| row.date <= date);
    let rows = TABLE.get(from..to)?;
    // A state keeps one holiday on a date, so it stands in one of the rows; a test looks.
    let keepers: u32 = rows.iter().map(|row| row.states.count_ones()).sum();
    match state {
        State::National if keepers < STATES => None,
        State::National => {
            let by_most = rows.iter().max_by_key(|row| row.states.count_ones());
            by_most.map(|row| row.name)
        }
        State::Act
        | State::Nsw
        | State::Nt
        | State::Qld
        | State::Sa
        | State::Tas
        | State::Vic
        | State::Wa => {
            let own = rows.iter().find(|row| row.states & bit(state) != 0);
            own.map(|row| row.name)
        }
    }
}

/// Whether `date` is a business day of `state`: neither Saturday nor Sunday nor a public holiday.
///
/// # Examples
///
/// ```
/// use domain::calendar::{State, is_business_day};
///
/// // Anzac Day 2026 is a Saturday; some states keep the Monday after it too.
/// let monday = "2026-04-27".parse()?;
/// assert!(is_business_day(State::Vic, monday));
/// assert!(!is_business_day(State::Nsw, monday));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn is_business_day(state: State, date: BusinessDate) -> bool {
    match Weekday::of(date) {
        Weekday::Saturday | Weekday::Sunday => false,
        Weekday::Monday
        | Weekday::Tuesday
        | Weekday::Wednesday
        | Weekday::Thursday
        | Weekday::Friday => holiday(state, date).is_none(),
    }
}

/// The first business day of `state` on or after `date`; `None` past the end of the date range.
///
/// # Examples
///
/// ```
/// use domain::calendar::{State, next_business_day};
///
/// // Good Friday to Easter Monday.
/// let tuesday = next_business_day(State::Nsw, "2026-04-03".parse()?);
/// assert_eq!(tuesday, Some("2026-04-07".parse()?));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn next_business_day(state: State, date: BusinessDate) -> Option<BusinessDate> {
    walk(state, date, 1)
}

/// The last business day of `state` on or before `date`; `None` before the date range.
///
/// # Examples
///
/// ```
/// use domain::calendar::{State, previous_business_day};
///
/// let thursday = previous_business_day(State::Nsw, "2026-04-06".parse()?);
/// assert_eq!(thursday, Some("2026-04-02".parse()?));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn previous_business_day(state: State, date: BusinessDate) -> Option<BusinessDate> {
    walk(state, date, -1)
}

/// The nearest business day from `date` on, going `step` days at a time.
fn walk(state: State, date: BusinessDate, step: i64) -> Option<BusinessDate> {
    let mut days = std::iter::successors(Some(date), |day| day.plus_days(step));
    days.find(|day| is_business_day(state, *day))
}

/// One holiday on one date, with the states that keep it by this name.
struct Row {
    date: BusinessDate,
    /// One [`bit`] for each state.
    states: u16,
    name: &'static str,
}

/// The table as text: comment lines, then `date,states,name`, ascending by date.
const TEXT: &str = include_str!("calendar/holidays.csv");

/// The table, read once. A test reads every line, so none is ever left out.
static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| lines().filter_map(parse).collect());

/// The lines of the table that are no comments.
fn lines() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter(|line| !line.starts_with('#'))
}

/// The row that a line writes; `None` when it is not one.
fn parse(line: &'static str) -> Option<Row> {
    let (date, rest) = line.split_once(',')?;
    let (words, name) = rest.split_once(',')?;
    let states = words.split(' ').try_fold(0, |states, word| {
        State::parse(word).map(|state| states | bit(state))
    })?;

    Some(Row {
        date: date.parse().ok()?,
        states,
        name,
    })
}

/// How many states and territories there are.
const STATES: u32 = 8;

/// The bit of a state in a row's set of them; national is no state, and has none.
const fn bit(state: State) -> u16 {
    match state {
        State::National => 0,
        State::Act => 1,
        State::Nsw => 1 << 1,
        State::Nt => 1 << 2,
        State::Qld => 1 << 3,
        State::Sa => 1 << 4,
        State::Tas => 1 << 5,
        State::Vic => 1 << 6,
        State::Wa => 1 << 7,
    }
}

#[cfg(test)]
mod tests;
