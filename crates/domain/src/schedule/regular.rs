//! Regular schedules: one segment at one of the frequencies that agreements know.

use super::{Cadence, DueDay, Extent, Schedule, Segment, SegmentAmounts};
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::terms::Frequency;
use crate::violation::Violation;

/// A schedule told by its rule: the same amount, at one frequency.
///
/// The commonest [`Segment`], in the words of agreements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegularSchedule {
    /// How often; adhoc is refused.
    pub frequency: Frequency,
    /// The first due date, from which all others are counted.
    pub first_date: BusinessDate,
    /// Which day of a month is meant.
    pub due_day: DueDay,
    /// How far it reaches.
    pub extent: Extent,
    /// Every instalment's amount.
    pub amount: Cents,
    /// The last instalment's amount, when it differs.
    pub final_amount: Option<Cents>,
}

impl RegularSchedule {
    /// The instalments of the rule, each date counted from the first one.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: `/frequency`, `/due_day`, `/first_date`,
    /// `/instalments` or `/last_date`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::{DueDay, Extent, RegularSchedule};
    /// use domain::terms::Frequency;
    ///
    /// let plan = RegularSchedule {
    ///     frequency: Frequency::Monthly,
    ///     first_date: "2026-01-31".parse()?,
    ///     due_day: DueDay::SameDay,
    ///     extent: Extent::Instalments(3),
    ///     amount: Cents::new(25_000)?,
    ///     final_amount: None,
    /// };
    /// let schedule = plan.expand().expect("dates in range");
    /// assert_eq!(schedule.instalments()[1].due_date, "2026-02-28".parse()?);
    /// assert_eq!(schedule.last_due(), "2026-03-31".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expand(&self) -> Result<Schedule, Vec<Violation>> {
        let Some(cadence) = Cadence::of_frequency(self.frequency) else {
            let detail = "an adhoc schedule has no rule; list its instalments";
            let violation = Violation::new("/frequency", "adhoc_has_no_rule", detail);
            return Err(vec![violation]);
        };
        let segment = Segment {
            cadence,
            first_date: self.first_date,
            due_day: self.due_day,
            extent: self.extent,
            amounts: SegmentAmounts::Same {
                amount: self.amount,
                final_amount: self.final_amount,
            },
        };
        segment.expand()
    }
}
