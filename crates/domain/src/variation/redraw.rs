//! The arithmetic of a change: a plan in, its new tail out.

use super::change::{Change, Rest};
use super::verdict::{Difference, Edit, Refusal, TailInstalment};
use super::view::{PlanView, Rhythm};
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::schedule::{PlannedInstalment, Schedule};
use crate::violation::Violation;

/// A redrawn tail, not yet judged.
pub(super) struct Draft {
    pub tail: Vec<TailInstalment>,
    pub dropped: Vec<PlannedInstalment>,
    pub difference: Difference,
}

/// Why there is none.
pub(super) enum Stop {
    /// The change was understood, and cannot be done.
    Refused(Refusal),
    /// The change breaks a rule that only shows among the other instalments.
    Broken(Violation),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// Redraws the tail; the change itself is known to be well formed.
pub(super) fn redraw(plan: &PlanView, change: &Change) -> Result<Draft, Stop> {
    let draft = Draft {
        tail: plan.unsent().map(TailInstalment::kept).collect(),
        dropped: Vec::new(),
        difference: Difference::None,
    };
    match *change {
        Change::Pause { from, until } => Ok(draft.paused(plan, from, until)?),
        Change::Skip { sequence, rest } => Ok(draft.skipped(plan, sequence, rest)?),
        Change::Move { sequence, to } => draft.moved(plan, sequence, to),
        Change::Lower {
            from,
            until,
            amount,
            rest,
        } => Ok(draft.lowered(plan, (from, until), amount, rest)?),
        Change::PayOut { on, amount } => draft.paid_out(plan, on, amount),
        Change::ChangeAccount if draft.tail.is_empty() => Err(Refusal::NothingToChange.into()),
        Change::ChangeAccount => Ok(draft),
        Change::End => Ok(draft.ended()?),
    }
}

impl Draft {
    fn paused(
        mut self,
        plan: &PlanView,
        from: BusinessDate,
        until: BusinessDate,
    ) -> Result<Draft, Refusal> {
        let mut affected = self.tail.iter().filter(|one| from <= one.due_date);
        let Some(first) = affected.next().filter(|one| one.due_date <= until) else {
            return Err(Refusal::NothingToChange);
        };
        let rhythm = plan.rhythm.ok_or(Refusal::NoRhythm)?;
        let periods = rhythm.first_index_after(until) - period_of(rhythm, first.due_date);

        let mut next_free = 0;
        for one in self.tail.iter_mut().filter(|one| from <= one.due_date) {
            // Two in one period, since one was moved there, go on into two.
            let period = (period_of(rhythm, one.due_date) + periods).max(next_free);
            one.due_date = rhythm.date(period).ok_or(Refusal::BeyondCalendar)?;
            one.edit = Edit::Changed;
            next_free = period + 1;
        }
        Ok(self)
    }

    fn skipped(mut self, plan: &PlanView, sequence: u32, rest: Rest) -> Result<Draft, Refusal> {
        let place = self.place_of(plan, sequence)?;
        let skipped = self.tail.remove(place);
        self.dropped.push(skipped.planned());
        let cents = skipped.amount.get();

        self.settle(plan, rest, cents, skipped.amount, skipped.due_date)
    }

    fn moved(mut self, plan: &PlanView, sequence: u32, to: BusinessDate) -> Result<Draft, Stop> {
        let place = self.place_of(plan, sequence)?;
        let due_date = self.tail.get(place).map(|one| one.due_date);
        let standing = plan.standing().map(|one| (one.due_date, one.sequence));
        let others = self.tail.iter().map(|one| (one.due_date, one.sequence));
        // Whoever stood before it has to stand before it still, and the same after it; of several
        // on one date, the lower numbers do.
        let passed = others
            .chain(standing)
            .filter(|(_, other)| *other != sequence)
            .find(|(date, other)| {
                let stood = (Some(*date), *other).cmp(&(due_date, sequence));
                stood != date.cmp(&to)
            });
        if let Some((passed, _)) = passed {
            let detail = format!("{to} is not on the same side of {passed} as before");
            return Err(Stop::Broken(Violation::new("/to", "not_in_order", detail)));
        }

        for one in self.tail.iter_mut().filter(|one| one.sequence == sequence) {
            one.due_date = to;
            one.edit = Edit::Changed;
        }
        Ok(self)
    }

    fn lowered(
        mut self,
        plan: &PlanView,
        (from, until): (BusinessDate, BusinessDate),
        amount: Cents,
        rest: Rest,
    ) -> Result<Draft, Refusal> {
        let (mut cents, mut largest) = (0, amount);
        let lowered = self
            .tail
            .iter_mut()
            .filter(|one| from <= one.due_date && one.due_date <= until && amount < one.amount);
        for one in lowered {
            cents += one.amount.get() - amount.get();
            largest = largest.max(one.amount);
            one.amount = amount;
            one.edit = Edit::Changed;
        }
        if cents == 0 {
            return Err(Refusal::NothingToChange);
        }
        self.settle(plan, rest, cents, largest, until)
    }

    fn paid_out(mut self, plan: &PlanView, on: BusinessDate, amount: Cents) -> Result<Draft, Stop> {
        if let Some(last) = plan.standing().map(|one| one.due_date).max()
            && on <= last
        {
            let detail = format!("{on} is not after {last}, which is collected or being collected");
            return Err(Stop::Broken(Violation::new("/on", "not_in_order", detail)));
        }
        self.dropped = self.tail.iter().map(TailInstalment::planned).collect();
        self.tail = vec![TailInstalment {
            sequence: plan.next_sequence(),
            due_date: on,
            amount,
            edit: Edit::Added,
        }];
        self.difference = match plan.unsent_cents() - amount.get() {
            0 => Difference::None,
            cents @ (..0 | 1..) => Difference::Rebate { cents },
        };
        Ok(self)
    }

    fn ended(mut self) -> Result<Draft, Refusal> {
        if self.tail.is_empty() {
            return Err(Refusal::NothingToChange);
        }
        self.dropped = self.tail.iter().map(TailInstalment::planned).collect();
        self.tail.clear();
        let cents = self.dropped.iter().map(|one| one.amount.get()).sum();
        self.difference = Difference::NotCollected { cents };
        Ok(self)
    }

    /// Finds a place for `cents` that are no longer collected when they were due.
    ///
    /// `usual` is the size of instalments added for them; only what is due later than `after`
    /// takes a share of what is spread.
    fn settle(
        mut self,
        plan: &PlanView,
        rest: Rest,
        cents: i64,
        usual: Cents,
        after: BusinessDate,
    ) -> Result<Draft, Refusal> {
        match rest {
            Rest::ToTheEnd => self.add(plan, cents, usual)?,
            Rest::Spread => self.spread(cents, after)?,
            Rest::Waive => self.difference = Difference::Waived { cents },
        }
        Ok(self)
    }

    /// Adds instalments of `usual` for `cents` after the plan's last, and one for what remains.
    fn add(&mut self, plan: &PlanView, mut cents: i64, usual: Cents) -> Result<(), Refusal> {
        let rhythm = plan.rhythm.ok_or(Refusal::NoRhythm)?;
        let mut dates = rhythm.dates_after(plan.last_date());
        let mut sequence = plan.next_sequence();
        while 0 < cents {
            if (Schedule::INSTALMENTS_MAX as usize) <= self.tail.len() {
                return Err(Refusal::TooManyInstalments);
            }
            // The smaller of two amounts is an amount.
            let amount = Cents::new(cents.min(usual.get())).unwrap_or(usual);
            self.tail.push(TailInstalment {
                sequence,
                due_date: dates.next().ok_or(Refusal::BeyondCalendar)?,
                amount,
                edit: Edit::Added,
            });
            cents -= amount.get();
            sequence = sequence.saturating_add(1);
        }
        Ok(())
    }

    /// Adds an equal share of `cents` to each later instalment; the first of them take odd cents.
    fn spread(&mut self, cents: i64, after: BusinessDate) -> Result<(), Refusal> {
        let is_later = |one: &&mut TailInstalment| after < one.due_date;
        let later: Vec<_> = self.tail.iter_mut().filter(is_later).collect();
        let Some(count) = i64::try_from(later.len()).ok().filter(|count| 0 < *count) else {
            return Err(Refusal::NothingLater);
        };
        let (share, odd) = (cents / count, cents % count);
        for (place, one) in (0..).zip(later) {
            let extra = share + i64::from(place < odd);
            if extra == 0 {
                continue;
            }
            let sequence = one.sequence;
            one.amount = Cents::new(one.amount.get() + extra)
                .map_err(|_| Refusal::AmountTooLarge { sequence })?;
            one.edit = Edit::Changed;
        }
        Ok(())
    }

    /// Where the instalment stands in the tail.
    fn place_of(&self, plan: &PlanView, sequence: u32) -> Result<usize, Refusal> {
        let place = self.tail.iter().position(|one| one.sequence == sequence);
        place.ok_or_else(|| match plan.instalment(sequence) {
            Some(one) => Refusal::NotUnsent {
                sequence,
                state: one.state,
            },
            None => Refusal::NothingToChange,
        })
    }
}

/// The period that holds a date: the index of the last date of the rhythm not after it.
fn period_of(rhythm: Rhythm, date: BusinessDate) -> u32 {
    rhythm.first_index_after(date).saturating_sub(1)
}
