//! Repayment schedules: which amounts fall due on which dates.

use std::fmt;

use crate::date::BusinessDate;
use crate::money::Cents;
use crate::violation::Violation;

mod align;
mod cadence;
mod principal;
mod regular;
mod segment;

pub use align::{Aligned, Alignment, Edges, Outcome, Placement, Roll, align};
pub use cadence::{Cadence, NoWeekday, Weekdays};
pub use principal::{Principal, PrincipalError, Residue, Split, split_principal};
pub use regular::RegularSchedule;
pub use segment::{Segment, SegmentAmounts};

/// One instalment as a schedule plans it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlannedInstalment {
    /// Its place in due order, from 1.
    pub sequence: u32,
    /// The first date on which it may be collected.
    pub due_date: BusinessDate,
    /// What is to be collected.
    pub amount: Cents,
}

/// 1 to 1,500 instalments with due dates that never descend, numbered from 1.
///
/// # Examples
///
/// ```
/// use domain::money::Cents;
/// use domain::schedule::Schedule;
///
/// let listed = vec![("2026-05-01".parse()?, Cents::new(10_000)?)];
/// let schedule = Schedule::explicit(listed).expect("one instalment");
/// assert_eq!(schedule.instalments()[0].sequence, 1);
/// assert_eq!(schedule.first_due(), schedule.last_due());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<PlannedInstalment>);

/// Which day of a month a schedule means, when it is counted in months.
///
/// Where a month lacks the day, the instalment falls due on the month's last day, as lenders and
/// banks expect of a monthly debit. There is deliberately no policy that moves it to the first of
/// the next month: such a plan on the 31st would collect twice in March and never in February.
/// A plan on the 30th that begins on 28 February is two segments: that one date, then the 30ths.
///
/// # Examples
///
/// ```
/// use domain::schedule::DueDay;
///
/// assert_eq!(DueDay::parse("last_day_of_month"), Some(DueDay::LastDayOfMonth));
/// assert_eq!(DueDay::SameDay.as_str(), "same_day");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DueDay {
    /// The first date's day; the month's last day where the month lacks it.
    SameDay,
    /// The last day of each month.
    LastDayOfMonth,
}

impl DueDay {
    /// Every way to mean a day.
    pub const ALL: &'static [DueDay] = &[DueDay::SameDay, DueDay::LastDayOfMonth];

    /// Its name in snake_case, as the database stores it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::DueDay;
    ///
    /// assert_eq!(DueDay::LastDayOfMonth.as_str(), "last_day_of_month");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            DueDay::SameDay => "same_day",
            DueDay::LastDayOfMonth => "last_day_of_month",
        }
    }

    /// The due day called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::DueDay;
    ///
    /// assert_eq!(DueDay::parse("same_day"), Some(DueDay::SameDay));
    /// assert_eq!(DueDay::parse("first_of_next_month"), None);
    /// ```
    pub fn parse(text: &str) -> Option<DueDay> {
        DueDay::ALL.iter().copied().find(|day| day.as_str() == text)
    }
}

impl fmt::Display for DueDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a schedule's rule reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// So many instalments.
    Instalments(u32),
    /// Every instalment due on or before this date.
    LastDate(BusinessDate),
}

impl Schedule {
    /// The most instalments of one schedule: more than 28 years of weeks.
    pub const INSTALMENTS_MAX: u32 = 1_500;

    /// The schedule of exactly these due dates and amounts, already in due order. Several may be
    /// due on one date: whether an agreement allows that is for its count to say.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: `/instalments` for their number,
    /// `/instalments/<index from 0>/due_date` for a date before the one before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::Schedule;
    ///
    /// let amount = Cents::new(10_000)?;
    /// let (may, june) = ("2026-05-01".parse()?, "2026-06-01".parse()?);
    /// let schedule = Schedule::explicit(vec![(may, amount), (june, amount)]);
    /// assert_eq!(schedule.expect("in due order").total_cents(), 20_000);
    ///
    /// let broken = Schedule::explicit(vec![(june, amount), (may, amount)]);
    /// let broken = broken.expect_err("not in due order");
    /// assert_eq!(broken[0].pointer, "/instalments/1/due_date");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explicit(listed: Vec<(BusinessDate, Cents)>) -> Result<Schedule, Vec<Violation>> {
        if listed.is_empty() {
            let detail = "a schedule has at least one instalment";
            return Err(vec![Violation::new("/instalments", "out_of_range", detail)]);
        }
        if (Schedule::INSTALMENTS_MAX as usize) < listed.len() {
            return Err(vec![too_many("/instalments")]);
        }
        let broken: Vec<Violation> = listed
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[1].0 < pair[0].0)
            .map(|(index, pair)| {
                let pointer = format!("/instalments/{}/due_date", index + 1);
                let detail = format!("{} is before {}, the date before it", pair[1].0, pair[0].0);
                Violation::new(pointer, "not_ascending", detail)
            })
            .collect();
        if !broken.is_empty() {
            return Err(broken);
        }

        let numbered = (1..)
            .zip(listed)
            .map(|(sequence, (due_date, amount))| PlannedInstalment {
                sequence,
                due_date,
                amount,
            });
        Ok(Schedule(numbered.collect()))
    }

    /// The instalments in due order, at least one.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::Schedule;
    ///
    /// let amount = Cents::new(10_000)?;
    /// let listed = vec![("2026-05-01".parse()?, amount), ("2026-06-01".parse()?, amount)];
    /// let schedule = Schedule::explicit(listed).expect("in due order");
    /// assert_eq!(schedule.instalments()[1].sequence, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn instalments(&self) -> &[PlannedInstalment] {
        &self.0
    }

    /// The earliest due date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::Schedule;
    ///
    /// let amount = Cents::new(10_000)?;
    /// let listed = vec![("2026-05-01".parse()?, amount), ("2026-06-01".parse()?, amount)];
    /// let schedule = Schedule::explicit(listed).expect("in due order");
    /// assert_eq!(schedule.first_due(), "2026-05-01".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn first_due(&self) -> BusinessDate {
        self.0
            .first()
            .map_or(BusinessDate::MIN, |instalment| instalment.due_date)
    }

    /// The latest due date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::Schedule;
    ///
    /// let amount = Cents::new(10_000)?;
    /// let listed = vec![("2026-05-01".parse()?, amount), ("2026-06-01".parse()?, amount)];
    /// let schedule = Schedule::explicit(listed).expect("in due order");
    /// assert_eq!(schedule.last_due(), "2026-06-01".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn last_due(&self) -> BusinessDate {
        self.0
            .last()
            .map_or(BusinessDate::MAX, |instalment| instalment.due_date)
    }

    /// The sum of all amounts, in cents; at most 1.5 million million.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::Schedule;
    ///
    /// let amount = Cents::new(10_000)?;
    /// let listed = vec![("2026-05-01".parse()?, amount), ("2026-06-01".parse()?, amount)];
    /// let schedule = Schedule::explicit(listed).expect("in due order");
    /// assert_eq!(schedule.total_cents(), 20_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn total_cents(&self) -> i64 {
        self.0
            .iter()
            .map(|instalment| instalment.amount.get())
            .sum()
    }
}

fn too_many(pointer: &str) -> Violation {
    let detail = format!(
        "a schedule has at most {} instalments",
        Schedule::INSTALMENTS_MAX
    );
    Violation::new(pointer, "too_many_instalments", detail)
}

#[cfg(test)]
mod tests;
