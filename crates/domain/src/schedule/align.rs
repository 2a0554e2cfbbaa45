//! Alignment: due dates moved to business days or after paydays, within their windows.

use super::Schedule;
use crate::calendar::{State, next_business_day, previous_business_day};
use crate::date::BusinessDate;
use crate::payday::Payday;
use crate::period::{Reading, index_holding};
use crate::terms::Frequency;
use crate::violation::Violation;

/// Which dates an aligned schedule collects on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Roll {
    /// The due date, or the first business day after it.
    NextBusinessDay,
    /// The due date, or the last business day before it.
    PreviousBusinessDay,
    /// The business day after a payday: the first such day on or after the due date.
    ///
    /// The day after, because pay that arrives during a day is not there in its morning.
    AfterPayday(Payday),
}

/// How due dates are moved: to which days, by whose holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Alignment {
    /// Whose public holidays are no business days.
    pub state: State,
    /// Which dates are meant.
    pub roll: Roll,
}

/// The edges that no due date is moved across: an agreement's windows and its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edges {
    /// The validity start date: the anchor of all windows, and an edge itself.
    pub anchor_date: BusinessDate,
    /// How long the windows are; none when adhoc.
    pub frequency: Frequency,
    /// The last date on which the agreement allows a payment, when there is one.
    pub last_date: Option<BusinessDate>,
}

impl Edges {
    /// Whether a payment moved from one date to the other leaves its window, under either reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Edges;
    /// use domain::terms::Frequency;
    ///
    /// let monthly = Edges {
    ///     anchor_date: "2026-01-15".parse()?,
    ///     frequency: Frequency::Monthly,
    ///     last_date: None,
    /// };
    /// assert!(monthly.lie_between("2026-02-14".parse()?, "2026-02-16".parse()?));
    /// assert!(!monthly.lie_between("2026-02-15".parse()?, "2026-02-16".parse()?));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn lie_between(&self, one: BusinessDate, other: BusinessDate) -> bool {
        self.place(one) != self.place(other)
    }

    /// Where a date lies: before the anchor, after the last date, and in which windows.
    fn place(&self, date: BusinessDate) -> (bool, bool, Option<u32>, Option<u32>) {
        let index = |reading| index_holding(self.anchor_date, self.frequency, reading, date);
        (
            date < self.anchor_date,
            self.last_date.is_some_and(|last| last < date),
            index(Reading::Oligo),
            index(Reading::Azupay),
        )
    }
}

/// What alignment did to an instalment, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was due on such a date already.
    AlreadyAligned,
    /// It was moved.
    Moved,
    /// It keeps its date: the one wanted lies across an edge of the agreement.
    KeptAtEdge {
        /// The date it would have been moved to.
        wanted_date: BusinessDate,
    },
    /// It keeps its date: the one wanted lies outside the date range.
    KeptOutOfRange,
}

impl Outcome {
    /// Its name in snake_case; stable, for programs.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(domain::schedule::Outcome::Moved.as_str(), "moved");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::AlreadyAligned => "already_aligned",
            Outcome::Moved => "moved",
            Outcome::KeptAtEdge { .. } => "kept_at_edge",
            Outcome::KeptOutOfRange => "kept_out_of_range",
        }
    }
}

/// Where alignment put one instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The instalment's sequence number, from 1.
    pub sequence: u32,
    /// The due date it had.
    pub from_date: BusinessDate,
    /// The due date it has; the same one, unless it was moved.
    pub to_date: BusinessDate,
    /// What was done, and why.
    pub outcome: Outcome,
}

/// A schedule after alignment, and what became of each instalment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aligned {
    /// The schedule: the same amounts, on the dates of the placements.
    pub schedule: Schedule,
    /// One for each instalment, in due order.
    pub placements: Vec<Placement>,
}

/// Moves every due date as `alignment` says, but none across one of the `edges`.
///
/// Every date is moved by itself, from where the schedule planned it. An instalment that would
/// leave its window keeps its date, and its [`Placement`] says so: as no window gains or loses an
/// instalment, a schedule that fitted its agreement's counts before fits them after. A date that
/// the terms name for the first or the last payment is not known here; prove the aligned schedule.
///
/// # Errors
///
/// Fails when two instalments of different dates would fall due on one date or change places, as
/// daily ones over a weekend would. Pointers: `/instalments/<index from 0>/due_date`.
///
/// # Examples
///
/// ```
/// use domain::calendar::State;
/// use domain::money::Cents;
/// use domain::schedule::{Alignment, Edges, Outcome, Roll, Schedule, align};
/// use domain::terms::Frequency;
///
/// // A Saturday; and a Sunday that is the last day of its window.
/// let amount = Cents::new(10_000)?;
/// let dates = ["2026-05-16".parse()?, "2026-06-14".parse()?];
/// let schedule = Schedule::explicit(dates.map(|date| (date, amount)).to_vec()).expect("ordered");
/// let alignment = Alignment { state: State::Nsw, roll: Roll::NextBusinessDay };
/// let edges = Edges {
///     anchor_date: "2026-05-15".parse()?,
///     frequency: Frequency::Monthly,
///     last_date: None,
/// };
///
/// let aligned = align(&schedule, alignment, Some(edges)).expect("still ordered");
/// assert_eq!(aligned.placements[0].to_date, "2026-05-18".parse()?);
/// assert_eq!(aligned.placements[1].to_date, dates[1]);
/// let wanted_date = "2026-06-15".parse()?;
/// assert_eq!(aligned.placements[1].outcome, Outcome::KeptAtEdge { wanted_date });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn align(
    schedule: &Schedule,
    alignment: Alignment,
    edges: Option<Edges>,
) -> Result<Aligned, Vec<Violation>> {
    let instalments = schedule.instalments();
    let placements: Vec<Placement> = instalments
        .iter()
        .map(|instalment| {
            let from_date = instalment.due_date;
            let (to_date, outcome) = alignment.place(from_date, edges);
            Placement {
                sequence: instalment.sequence,
                from_date,
                to_date,
                outcome,
            }
        })
        .collect();
    let broken = met(&placements);
    if !broken.is_empty() {
        return Err(broken);
    }
    let listed = placements
        .iter()
        .zip(instalments)
        .map(|(placement, instalment)| (placement.to_date, instalment.amount))
        .collect();

    Ok(Aligned {
        schedule: Schedule::explicit(listed)?,
        placements,
    })
}

/// The instalments that alignment would move onto the one before, or past it. Those that were
/// planned for one date stay together.
fn met(placements: &[Placement]) -> Vec<Violation> {
    let pairs = placements.windows(2).enumerate();
    let meets = |pair: &[Placement]| {
        pair[0].from_date < pair[1].from_date && pair[1].to_date <= pair[0].to_date
    };
    pairs
        .filter(|(_, pair)| meets(pair))
        .map(|(index, pair)| {
            let pointer = format!("/instalments/{}/due_date", index + 1);
            let detail = format!(
                "{} would move to {}, which is not after {}",
                pair[1].from_date, pair[1].to_date, pair[0].to_date
            );
            Violation::new(pointer, "not_ascending", detail)
        })
        .collect()
}

impl Alignment {
    /// Where an instalment due on `date` goes.
    fn place(self, date: BusinessDate, edges: Option<Edges>) -> (BusinessDate, Outcome) {
        match self.wanted(date) {
            None => (date, Outcome::KeptOutOfRange),
            Some(wanted_date) if wanted_date == date => (date, Outcome::AlreadyAligned),
            Some(wanted_date) => match edges {
                Some(edges) if edges.lie_between(date, wanted_date) => {
                    (date, Outcome::KeptAtEdge { wanted_date })
                }
                Some(_) | None => (wanted_date, Outcome::Moved),
            },
        }
    }

    /// The date wanted in place of `date`; `None` when it is outside the date range.
    fn wanted(self, date: BusinessDate) -> Option<BusinessDate> {
        match self.roll {
            Roll::NextBusinessDay => next_business_day(self.state, date),
            Roll::PreviousBusinessDay => previous_business_day(self.state, date),
            Roll::AfterPayday(payday) => after_payday(self.state, payday, date),
        }
    }
}

/// Days before a due date from which paydays are looked for.
///
/// Longer than any run of days without business, which a test measures: a payday before them has
/// its business day before the due date.
const LOOK_BACK_DAYS: i64 = 10;

/// The first date on or after `date` that is the business day after a payday.
fn after_payday(state: State, payday: Payday, date: BusinessDate) -> Option<BusinessDate> {
    let from = date.plus_days(-LOOK_BACK_DAYS).unwrap_or(BusinessDate::MIN);
    let following = |paid: &BusinessDate| payday.next_on_or_after(paid.plus_days(1)?);

    std::iter::successors(payday.next_on_or_after(from), following)
        .map_while(|paid| next_business_day(state, paid.plus_days(1)?))
        .find(|day| date <= *day)
}
