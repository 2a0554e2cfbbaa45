//! Segments: stretches of a schedule, each told by a rule.

use super::{Cadence, Principal, Residue, Split, split_principal};
use super::{DueDay, Extent, Schedule, too_many};
use crate::calendar::Weekday;
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::violation::Violation;

/// The amounts of a segment's instalments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentAmounts {
    /// The same every time.
    Same {
        /// Every instalment's amount.
        amount: Cents,
        /// The last instalment's amount, when it differs.
        final_amount: Option<Cents>,
    },
    /// A sum, in equal parts over the segment's instalments.
    Total {
        /// What all of them come to, to the cent.
        total: Principal,
        /// Which instalment carries the cents that equal parts leave over.
        residue: Residue,
    },
}

/// A stretch of a schedule, told by its rule: a cadence, from a first date, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// How often.
    pub cadence: Cadence,
    /// The first due date, from which all others of the segment are counted.
    pub first_date: BusinessDate,
    /// Which day of a month is meant.
    pub due_day: DueDay,
    /// How far it reaches.
    pub extent: Extent,
    /// What falls due each time.
    pub amounts: SegmentAmounts,
}

impl Segment {
    /// The instalments of the segment, each date counted from the first one.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: `/due_day`, `/first_date`, `/instalments`,
    /// `/last_date`, or `/total` for a sum that its instalments cannot share.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::Weekday;
    /// use domain::money::Cents;
    /// use domain::schedule::{Cadence, DueDay, Extent, Segment, SegmentAmounts, Weekdays};
    ///
    /// let tuesdays_and_fridays = Segment {
    ///     cadence: Cadence::OnWeekdays(Weekdays::new(&[Weekday::Tuesday, Weekday::Friday])?),
    ///     first_date: "2026-06-05".parse()?,
    ///     due_day: DueDay::SameDay,
    ///     extent: Extent::Instalments(3),
    ///     amounts: SegmentAmounts::Same { amount: Cents::new(5_000)?, final_amount: None },
    /// };
    /// let schedule = tuesdays_and_fridays.expand().expect("a Friday");
    /// assert_eq!(schedule.last_due(), "2026-06-12".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expand(&self) -> Result<Schedule, Vec<Violation>> {
        Schedule::explicit(self.listed()?)
    }

    /// The due dates and amounts, in due order.
    fn listed(&self) -> Result<Vec<(BusinessDate, Cents)>, Vec<Violation>> {
        let mut broken = self.misfits();
        match self.dates() {
            Ok(dates) if broken.is_empty() => {
                let amounts = self.shares(dates.len())?;
                Ok(dates.into_iter().zip(amounts).collect())
            }
            Ok(_) => Err(broken),
            Err(violation) => {
                broken.push(violation);
                Err(broken)
            }
        }
    }

    /// Rules broken by the parts, before any date is counted.
    fn misfits(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        let first = self.first_date;
        match self.due_day {
            DueDay::SameDay => {}
            DueDay::LastDayOfMonth => {
                if !self.cadence.is_month_based() {
                    let detail = format!("a {} schedule has no day of the month", self.cadence);
                    let code = "frequency_not_month_based";
                    broken.push(Violation::new("/due_day", code, detail));
                }
                if !first.is_last_of_month() {
                    let detail = format!("{first} is not the last day of its month");
                    let code = "not_last_day_of_month";
                    broken.push(Violation::new("/first_date", code, detail));
                }
            }
        }
        match self.cadence {
            Cadence::OnWeekdays(weekdays) => {
                let weekday = Weekday::of(first);
                if !weekdays.contains(weekday) {
                    let detail = format!("{first} is a {weekday}, not a {weekdays}");
                    let code = "not_on_weekdays";
                    broken.push(Violation::new("/first_date", code, detail));
                }
            }
            Cadence::Daily
            | Cadence::Weekly
            | Cadence::Fortnightly
            | Cadence::FourWeekly
            | Cadence::Monthly
            | Cadence::Quarterly
            | Cadence::SemiAnnual
            | Cadence::Annual => {}
        }
        broken
    }

    /// The due dates, at least one, ascending.
    fn dates(&self) -> Result<Vec<BusinessDate>, Violation> {
        match self.extent {
            Extent::Instalments(count) => self.so_many(count),
            Extent::LastDate(last) => self.until(last),
        }
    }

    fn so_many(&self, count: u32) -> Result<Vec<BusinessDate>, Violation> {
        if count == 0 {
            let detail = "a schedule has at least one instalment";
            return Err(Violation::new("/instalments", "out_of_range", detail));
        }
        if Schedule::INSTALMENTS_MAX < count {
            return Err(too_many("/instalments"));
        }
        let dates: Vec<BusinessDate> = (0..count).map_while(|index| self.date(index)).collect();
        if dates.len() < count as usize {
            let detail = format!("instalment {} falls after 2200-12-31", dates.len() + 1);
            return Err(Violation::new("/instalments", "out_of_range", detail));
        }
        Ok(dates)
    }

    fn until(&self, last: BusinessDate) -> Result<Vec<BusinessDate>, Violation> {
        if last < self.first_date {
            let detail = format!("last_date {last} is before first_date {}", self.first_date);
            return Err(Violation::new("/last_date", "before_first_date", detail));
        }
        // One more than allowed, to see whether there is one.
        let dates: Vec<BusinessDate> = (0..=Schedule::INSTALMENTS_MAX)
            .map_while(|index| self.date(index))
            .take_while(|date| *date <= last)
            .collect();
        if (Schedule::INSTALMENTS_MAX as usize) < dates.len() {
            return Err(too_many("/last_date"));
        }
        Ok(dates)
    }

    fn date(&self, index: u32) -> Option<BusinessDate> {
        self.cadence.date(self.first_date, self.due_day, index)
    }

    /// The amounts of so many instalments.
    fn shares(&self, count: usize) -> Result<Vec<Cents>, Vec<Violation>> {
        match self.amounts {
            SegmentAmounts::Same {
                amount,
                final_amount,
            } => {
                let mut amounts = vec![amount; count];
                if let (Some(last), Some(differing)) = (amounts.last_mut(), final_amount) {
                    *last = differing;
                }
                Ok(amounts)
            }
            SegmentAmounts::Total { total, residue } => {
                let parts = u32::try_from(count).unwrap_or(u32::MAX);
                let at_total = |violation: Violation| Violation {
                    pointer: String::from("/total"),
                    ..violation
                };
                split_principal(total, &Split::Equal { parts, residue })
                    .map_err(|broken| broken.into_iter().map(at_total).collect())
            }
        }
    }
}

impl Schedule {
    /// The schedule of these segments, one after another.
    ///
    /// Each begins on a date of its own, after the last date of the segment before it, so where a
    /// weekly stretch ends and a monthly one begins is the caller's word and never a guess.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: those of [`Segment::expand`] under
    /// `/segments/<index from 0>`, and `/segments` for their number or that of all instalments.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::schedule::{Cadence, DueDay, Extent, Schedule, Segment, SegmentAmounts};
    ///
    /// let weekly = Segment {
    ///     cadence: Cadence::Weekly,
    ///     first_date: "2026-01-07".parse()?,
    ///     due_day: DueDay::SameDay,
    ///     extent: Extent::Instalments(8),
    ///     amounts: SegmentAmounts::Same { amount: Cents::new(2_500)?, final_amount: None },
    /// };
    /// let then_monthly = Segment {
    ///     cadence: Cadence::Monthly,
    ///     first_date: "2026-03-15".parse()?,
    ///     extent: Extent::Instalments(12),
    ///     ..weekly
    /// };
    /// let schedule = Schedule::of_segments(&[weekly, then_monthly]).expect("in order");
    /// assert_eq!(schedule.instalments().len(), 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_segments(segments: &[Segment]) -> Result<Schedule, Vec<Violation>> {
        if segments.is_empty() {
            let detail = "a schedule has at least one segment";
            return Err(vec![Violation::new("/segments", "out_of_range", detail)]);
        }
        // Each has an instalment at least, so so many segments are too many whatever they hold.
        if (Schedule::INSTALMENTS_MAX as usize) < segments.len() {
            return Err(vec![too_many("/segments")]);
        }

        let mut broken = Vec::new();
        let mut all: Vec<(BusinessDate, Cents)> = Vec::new();
        for (place, segment) in segments.iter().enumerate() {
            let under = format!("/segments/{place}");
            if let Some((before, _)) = all.last().copied()
                && segment.first_date <= before
            {
                let first = segment.first_date;
                let detail = format!("{first} is not after {before}, the last date before it");
                let violation = Violation::new("/first_date", "not_ascending", detail);
                broken.push(violation.under(&under));
            }
            match segment.listed() {
                Ok(listed) => all.extend(listed),
                Err(own) => broken.extend(own.into_iter().map(|one| one.under(&under))),
            }
        }
        if (Schedule::INSTALMENTS_MAX as usize) < all.len() {
            broken.push(too_many("/segments"));
        }
        match broken.is_empty() {
            true => Schedule::explicit(all),
            false => Err(broken),
        }
    }
}
