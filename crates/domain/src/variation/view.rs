//! A plan as its variations see it.

use super::slots::Counted;
use crate::date::BusinessDate;
use crate::fit::Validity;
use crate::instalment::State;
use crate::money::Cents;
use crate::schedule::{Cadence, DueDay};
use crate::terms::PaymentTerms;
use crate::violation::Violation;

/// More periods than any cadence has in the range of dates: it spans fewer than 85,000 days.
const INDEX_END: u32 = 100_000;

/// A running plan: its instalments, the rhythm they fall due in, and the agreement over them.
///
/// A value read at one moment. Whoever carries out a change checks that the rows are still so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanView {
    /// Every instalment, by ascending sequence number.
    pub instalments: Vec<InstalmentView>,
    /// The rhythm of the due dates, counted from the plan's first; none of a listed schedule.
    pub rhythm: Option<Rhythm>,
    /// What the current agreement allows.
    pub terms: PaymentTerms,
    /// The dates between which it holds.
    pub validity: Validity,
    /// The date of asking, in Sydney.
    pub today: BusinessDate,
    /// Days after each due date that a retry has to find room in; as it was when the plan was
    /// accepted, so that a change is not refused for what was never asked.
    pub retry_days: u32,
}

/// One instalment of a running plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstalmentView {
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// The first date on which it may be collected.
    pub due_date: BusinessDate,
    /// What is to be collected.
    pub amount: Cents,
    /// Where it stands.
    pub state: State,
    /// The date on which its payment takes a slot of the agreement.
    ///
    /// Collecting or collected: the date on which the payment was made; always there, from the due
    /// date to today. Retrying: the date of the next try, if one is planned. Not read otherwise.
    pub collection_date: Option<BusinessDate>,
    /// Whether it may go into the window after its own when it is late, as
    /// [`Carry::IntoNextWindow`](crate::gate::Carry::IntoNextWindow) says: the plan's policy lets
    /// it, and a payment of it has failed.
    pub may_carry: bool,
}

/// How often instalments fall due, counted from one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rhythm {
    /// How often.
    pub cadence: Cadence,
    /// The date all others are counted from.
    pub first_date: BusinessDate,
    /// Which day of a month is meant.
    pub due_day: DueDay,
}

impl Rhythm {
    /// The dates of the rhythm later than `date`, to the end of the date range.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::BusinessDate;
    /// use domain::schedule::{Cadence, DueDay};
    /// use domain::variation::Rhythm;
    ///
    /// let first_date: BusinessDate = "2026-01-31".parse()?;
    /// let rhythm = Rhythm { cadence: Cadence::Monthly, first_date, due_day: DueDay::SameDay };
    /// let later: Vec<_> = rhythm.dates_after("2026-02-28".parse()?).take(2).collect();
    /// assert_eq!(later, ["2026-03-31".parse()?, "2026-04-30".parse()?]);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn dates_after(self, date: BusinessDate) -> impl Iterator<Item = BusinessDate> {
        (self.first_index_after(date)..INDEX_END).map_while(move |index| self.date(index))
    }

    /// The date with this index, from 0; nothing beyond the date range.
    pub(super) fn date(self, index: u32) -> Option<BusinessDate> {
        self.cadence.date(self.first_date, self.due_day, index)
    }

    /// The index of the first date later than `date`, found by halving.
    pub(super) fn first_index_after(self, date: BusinessDate) -> u32 {
        let (mut low, mut high) = (0, INDEX_END);
        while low < high {
            let middle = low.midpoint(high);
            match self.date(middle) {
                Some(found) if found <= date => low = middle + 1,
                // Beyond the date range is later than any date.
                Some(_) | None => high = middle,
            }
        }
        low
    }
}

impl InstalmentView {
    /// Whether nothing has been sent for it, so that it can change.
    const fn is_unsent(&self) -> bool {
        match self.state {
            State::Scheduled => true,
            State::Collecting | State::Retrying | State::Collected => false,
            State::Missed | State::Failed | State::Waived => false,
            State::Cancelled | State::PaidElsewhere => false,
        }
    }

    /// Whether it counts under the agreement although it cannot change: money moved, or may.
    const fn stands(&self) -> bool {
        match self.state {
            State::Collecting | State::Retrying | State::Collected => true,
            State::Scheduled | State::Missed | State::Failed => false,
            State::Waived | State::Cancelled | State::PaidElsewhere => false,
        }
    }

    /// Whether a payment for it was made that has not failed.
    const fn is_made(&self) -> bool {
        match self.state {
            State::Collecting | State::Collected => true,
            State::Scheduled | State::Retrying | State::Missed | State::Failed => false,
            State::Waived | State::Cancelled | State::PaidElsewhere => false,
        }
    }

    /// The payment as it takes its slot; none when no payment was made.
    fn counted(&self) -> Option<Counted> {
        let slot_date = self.collection_date.filter(|_| self.is_made())?;
        Some(Counted {
            sequence: self.sequence,
            due_date: self.due_date,
            amount: self.amount,
            slot_date,
        })
    }
}

impl PlanView {
    /// The instalments for which nothing has been sent, in due order: what a change can touch.
    ///
    /// # Examples
    ///
    /// ```
    /// # use domain::fit::Validity;
    /// # use domain::terms::{PaymentTerms, TermsDraft};
    /// use domain::instalment::State;
    /// use domain::money::Cents;
    /// use domain::variation::{InstalmentView, PlanView};
    /// # let terms = PaymentTerms::from_draft(&TermsDraft {
    /// #     kind: "fixed".to_owned(),
    /// #     frequency: "monthly".to_owned(),
    /// #     amount: Some(30_000),
    /// #     ..TermsDraft::default()
    /// # })?;
    /// # let today: domain::date::BusinessDate = "2026-03-01".parse().unwrap();
    ///
    /// let of = |sequence, state| InstalmentView {
    ///     sequence,
    ///     due_date: today.plus_days(i64::from(sequence)).unwrap(),
    ///     amount: Cents::new(30_000).unwrap(),
    ///     state,
    ///     collection_date: None,
    ///     may_carry: false,
    /// };
    /// let plan = PlanView {
    ///     instalments: vec![of(1, State::Missed), of(2, State::Scheduled)],
    ///     # rhythm: None, terms, today, retry_days: 0,
    ///     # validity: Validity { start_date: today, end_date: None },
    ///     // and its rhythm, agreement and date
    /// };
    /// assert_eq!(plan.unsent().map(|one| one.sequence).collect::<Vec<_>>(), [2]);
    /// # Ok::<(), Vec<domain::violation::Violation>>(())
    /// ```
    pub fn unsent(&self) -> impl Iterator<Item = &InstalmentView> {
        self.instalments.iter().filter(|one| one.is_unsent())
    }

    /// What counts and cannot change, in the plan's order.
    pub(super) fn standing(&self) -> impl Iterator<Item = &InstalmentView> {
        self.instalments.iter().filter(|one| one.stands())
    }

    /// What waits for a retry.
    pub(super) fn retrying(&self) -> impl Iterator<Item = &InstalmentView> {
        self.standing().filter(|one| !one.is_made())
    }

    /// The payments that were made under the current agreement and have not failed.
    ///
    /// What was made before the agreement began was made under an earlier one.
    pub(super) fn made(&self) -> impl Iterator<Item = Counted> {
        let start = self.validity.start_date;
        let made = self.instalments.iter().filter_map(InstalmentView::counted);
        made.filter(move |one| start <= one.slot_date)
    }

    /// The first date on which anything can be collected under the current agreement.
    pub(super) fn opens_date(&self) -> BusinessDate {
        self.today.max(self.validity.start_date)
    }

    pub(super) fn instalment(&self, sequence: u32) -> Option<&InstalmentView> {
        self.instalments.iter().find(|one| one.sequence == sequence)
    }

    /// The sum of what has not been sent, in cents.
    pub(super) fn unsent_cents(&self) -> i64 {
        self.unsent().map(|one| one.amount.get()).sum()
    }

    /// The latest date that anything still counts on, today's and the next tries included: what is
    /// added comes later.
    pub(super) fn last_date(&self) -> BusinessDate {
        let due = self.unsent().chain(self.standing());
        let tried = self.standing().filter_map(|one| one.collection_date);
        let last = due.map(|one| one.due_date).chain(tried).max();
        last.map_or(self.today, |last| last.max(self.today))
    }

    /// The first number that no instalment has.
    pub(super) fn next_sequence(&self) -> u32 {
        let last = self.instalments.iter().map(|one| one.sequence).max();
        last.unwrap_or(0).saturating_add(1)
    }

    /// The plan's own broken rules: numbers ascend, so do the dates of what is unsent, and nothing
    /// was sent before it was due or after today.
    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        let (mut number, mut date) = (0, None);
        for (index, one) in self.instalments.iter().enumerate() {
            let mut tell = |field: &str, code, detail| {
                let pointer = format!("/instalments/{index}/{field}");
                broken.push(Violation::new(pointer, code, detail));
            };
            if one.sequence <= number {
                let detail = format!("instalment {} does not follow {number}", one.sequence);
                tell("sequence", "not_ascending", detail);
            }
            number = number.max(one.sequence);
            if one.is_unsent() {
                // What stands may be overtaken: a late instalment moves to a later date.
                if let Some(before) = date.filter(|before| one.due_date < *before) {
                    let detail = format!("{} is before {before}", one.due_date);
                    tell("due_date", "not_ascending", detail);
                }
                date = date.max(Some(one.due_date));
            }
            if one.stands() && self.today < one.due_date {
                let detail = format!("{} is due on {} and was sent", one.sequence, one.due_date);
                tell("due_date", "sent_before_due", detail);
            }
            if let Some((code, detail)) = one.broken_collection_date(self.today) {
                tell("collection_date", code, detail);
            }
        }
        broken
    }
}

impl InstalmentView {
    fn broken_collection_date(&self, today: BusinessDate) -> Option<(&'static str, String)> {
        if !self.is_made() {
            return None;
        }
        let (sequence, due_date) = (self.sequence, self.due_date);
        match self.collection_date {
            None => {
                let detail = format!("{sequence} is {}, which has a date", self.state);
                Some(("required", detail))
            }
            Some(date) if date < due_date => {
                let detail = format!("{sequence} is due on {due_date} and was sent on {date}");
                Some(("sent_before_due", detail))
            }
            Some(date) if today < date => {
                let detail =
                    format!("{sequence} was sent on {date}, which is after today, {today}");
                Some(("in_the_future", detail))
            }
            Some(_) => None,
        }
    }
}
