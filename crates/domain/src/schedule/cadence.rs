//! Cadences: how often instalments fall due.

use std::fmt;

use super::DueDay;
use crate::calendar::Weekday;
use crate::date::BusinessDate;
use crate::period::{day_of_month, months_of};
use crate::terms::Frequency;

/// How often instalments fall due; wider than the frequencies of agreements.
///
/// A schedule's cadence and its agreement's frequency are different things: four-weekly
/// instalments fit a monthly agreement that allows two in a window, for example. Whether a
/// schedule fits is proved by [`crate::fit::prove`], not by its cadence's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Every day.
    Daily,
    /// Every 7 days.
    Weekly,
    /// Every 14 days.
    Fortnightly,
    /// Every 28 days: 13 times a year.
    FourWeekly,
    /// Every month.
    Monthly,
    /// Every 3 months.
    Quarterly,
    /// Every 6 months.
    SemiAnnual,
    /// Every 12 months.
    Annual,
    /// Every week on these days.
    OnWeekdays(Weekdays),
}

/// The stride of a cadence, in the calendar's own units.
enum Stride {
    Days(i64),
    Months(i64),
    Weekdays(Weekdays),
}

impl Cadence {
    /// Every cadence but those on given weekdays, from the shortest to the longest.
    pub const ALL: &'static [Cadence] = &[
        Cadence::Daily,
        Cadence::Weekly,
        Cadence::Fortnightly,
        Cadence::FourWeekly,
        Cadence::Monthly,
        Cadence::Quarterly,
        Cadence::SemiAnnual,
        Cadence::Annual,
    ];

    /// Its name in snake_case; [`Frequency`]'s word where there is such a frequency.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Cadence;
    ///
    /// assert_eq!(Cadence::FourWeekly.as_str(), "four_weekly");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Cadence::Daily => "daily",
            Cadence::Weekly => "weekly",
            Cadence::Fortnightly => "fortnightly",
            Cadence::FourWeekly => "four_weekly",
            Cadence::Monthly => "monthly",
            Cadence::Quarterly => "quarterly",
            Cadence::SemiAnnual => "semi_annual",
            Cadence::Annual => "annual",
            Cadence::OnWeekdays(_) => "on_weekdays",
        }
    }

    /// The cadence called `text`; those on given weekdays have more to them than a word.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Cadence;
    ///
    /// assert_eq!(Cadence::parse("quarterly"), Some(Cadence::Quarterly));
    /// assert_eq!(Cadence::parse("on_weekdays"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Cadence> {
        Cadence::ALL
            .iter()
            .copied()
            .find(|cadence| cadence.as_str() == text)
    }

    /// The cadence of a frequency; `None` for adhoc, which has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Cadence;
    /// use domain::terms::Frequency;
    ///
    /// assert_eq!(Cadence::of_frequency(Frequency::Weekly), Some(Cadence::Weekly));
    /// assert_eq!(Cadence::of_frequency(Frequency::Adhoc), None);
    /// ```
    pub const fn of_frequency(frequency: Frequency) -> Option<Cadence> {
        match frequency {
            Frequency::Adhoc => None,
            Frequency::Daily => Some(Cadence::Daily),
            Frequency::Weekly => Some(Cadence::Weekly),
            Frequency::Fortnightly => Some(Cadence::Fortnightly),
            Frequency::Monthly => Some(Cadence::Monthly),
            Frequency::Quarterly => Some(Cadence::Quarterly),
            Frequency::SemiAnnual => Some(Cadence::SemiAnnual),
            Frequency::Annual => Some(Cadence::Annual),
        }
    }

    /// Whether it is counted in months, so that short months matter.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Cadence;
    ///
    /// assert!(Cadence::Monthly.is_month_based());
    /// assert!(!Cadence::FourWeekly.is_month_based());
    /// ```
    pub const fn is_month_based(self) -> bool {
        match self.stride() {
            Stride::Months(_) => true,
            Stride::Days(_) | Stride::Weekdays(_) => false,
        }
    }

    /// The due date with this `index`, from 0 for `first_date` itself.
    ///
    /// Counted from `first_date` and `index` alone, so a plan on the 31st that passed through
    /// February is on the 31st again in March. On given weekdays, the first one on or after
    /// `first_date` has the index 0. `None` when the date is outside the date range.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::{Cadence, DueDay};
    ///
    /// let first = "2026-01-31".parse()?;
    /// let date = |index| Cadence::Monthly.date(first, DueDay::SameDay, index);
    /// assert_eq!(date(1), Some("2026-02-28".parse()?));
    /// assert_eq!(date(2), Some("2026-03-31".parse()?));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn date(
        self,
        first_date: BusinessDate,
        due_day: DueDay,
        index: u32,
    ) -> Option<BusinessDate> {
        match self.stride() {
            Stride::Days(days) => first_date.plus_days(days * i64::from(index)),
            Stride::Months(months) => {
                let month = months_of(first_date.naive()) + months * i64::from(index);
                let last_day = day_of_month(month + 1, 1)?.pred_opt()?;
                let date = match due_day {
                    DueDay::SameDay => day_of_month(month, first_date.day()).unwrap_or(last_day),
                    DueDay::LastDayOfMonth => last_day,
                };
                BusinessDate::from_naive(date).ok()
            }
            Stride::Weekdays(weekdays) => {
                let ahead = weekdays.days_ahead(Weekday::of(first_date), index)?;
                first_date.plus_days(ahead)
            }
        }
    }

    const fn stride(self) -> Stride {
        match self {
            Cadence::Daily => Stride::Days(1),
            Cadence::Weekly => Stride::Days(7),
            Cadence::Fortnightly => Stride::Days(14),
            Cadence::FourWeekly => Stride::Days(28),
            Cadence::Monthly => Stride::Months(1),
            Cadence::Quarterly => Stride::Months(3),
            Cadence::SemiAnnual => Stride::Months(6),
            Cadence::Annual => Stride::Months(12),
            Cadence::OnWeekdays(weekdays) => Stride::Weekdays(weekdays),
        }
    }
}

impl fmt::Display for Cadence {
    /// Its word; with the days, such as `on_weekdays tuesday and friday`, where it has some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Cadence::OnWeekdays(weekdays) => write!(f, " {weekdays}"),
            Cadence::Daily
            | Cadence::Weekly
            | Cadence::Fortnightly
            | Cadence::FourWeekly
            | Cadence::Monthly
            | Cadence::Quarterly
            | Cadence::SemiAnnual
            | Cadence::Annual => Ok(()),
        }
    }
}

/// One to seven days of the week, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weekdays {
    /// Whether each day is in the set, from Monday.
    chosen: [bool; 7],
}

/// A set of weekdays without a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a schedule on weekdays names at least one of them")]
pub struct NoWeekday;

impl Weekdays {
    /// The set of these days, in any order; a day named twice counts once.
    ///
    /// # Errors
    ///
    /// Fails when no day is named.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::schedule::Weekdays;
    ///
    /// let days = Weekdays::new(&[Weekday::Friday, Weekday::Tuesday])?;
    /// assert_eq!(days.to_string(), "tuesday and friday");
    /// assert!(Weekdays::new(&[]).is_err());
    /// # Ok::<(), domain::schedule::NoWeekday>(())
    /// ```
    pub fn new(days: &[Weekday]) -> Result<Weekdays, NoWeekday> {
        let mut chosen = [false; 7];
        for (place, weekday) in chosen.iter_mut().zip(Weekday::ALL) {
            *place = days.contains(weekday);
        }
        match days.is_empty() {
            true => Err(NoWeekday),
            false => Ok(Weekdays { chosen }),
        }
    }

    /// Whether `weekday` is one of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::schedule::Weekdays;
    ///
    /// let days = Weekdays::new(&[Weekday::Tuesday])?;
    /// assert!(days.contains(Weekday::Tuesday));
    /// assert!(!days.contains(Weekday::Friday));
    /// # Ok::<(), domain::schedule::NoWeekday>(())
    /// ```
    pub fn contains(self, weekday: Weekday) -> bool {
        self.iter().any(|one| one == weekday)
    }

    /// The days from Monday on.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::schedule::Weekdays;
    ///
    /// let days = Weekdays::new(&[Weekday::Friday, Weekday::Monday])?;
    /// assert!(days.iter().eq([Weekday::Monday, Weekday::Friday]));
    /// # Ok::<(), domain::schedule::NoWeekday>(())
    /// ```
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        let named = Weekday::ALL.iter().copied().zip(self.chosen);
        named.filter(|(_, chosen)| *chosen).map(|(day, _)| day)
    }

    /// Days from a date on the weekday `from` to the chosen day with this `index` from it on.
    fn days_ahead(self, from: Weekday, index: u32) -> Option<i64> {
        let start = from.days_from_monday();
        let mut offsets: Vec<u32> = self
            .iter()
            .map(|day| (day.days_from_monday() + 7 - start) % 7)
            .collect();
        offsets.sort_unstable();
        let in_week = u32::try_from(offsets.len()).ok()?;
        let weeks = index.checked_div(in_week)?;
        let place = index.checked_rem(in_week)?;
        let offset = offsets.get(usize::try_from(place).ok()?)?;

        Some(i64::from(weeks) * 7 + i64::from(*offset))
    }
}

impl fmt::Display for Weekdays {
    /// `tuesday and friday`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, day) in self.iter().enumerate() {
            match place {
                0 => write!(f, "{day}")?,
                1.. => write!(f, " and {day}")?,
            }
        }
        Ok(())
    }
}
