//! The changes that can be asked for.

use super::view::PlanView;
use crate::date::BusinessDate;
use crate::failure::worded;
use crate::money::Cents;
use crate::violation::Violation;

worded! {
    /// The name of a change.
    pub enum ChangeKind {
        /// Nothing is collected for a time, and what was due then and later falls due later.
        Pause = "pause",
        /// One instalment is left out.
        Skip = "skip",
        /// One instalment falls due on another date.
        Move = "move",
        /// Less is collected for a time.
        Lower = "lower",
        /// All that is owed is collected at once.
        PayOut = "pay_out",
        /// The customer pays from another account.
        ChangeAccount = "change_account",
        /// Nothing more is collected.
        End = "end",
    }
}

worded! {
    /// What becomes of money that a change does not collect when it was due.
    pub enum Rest {
        /// It is collected after the plan's last instalment, in the plan's rhythm.
        ToTheEnd = "to_the_end",
        /// It is spread evenly over the later instalments, the first of them taking odd cents.
        Spread = "spread",
        /// It is not collected, and the difference names it.
        Waive = "waive",
    }
}

/// A change of the unsent tail of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing is collected from `from` to `until`, both included.
    ///
    /// Every unsent instalment due on or after `from` moves by the same whole number of periods,
    /// the smallest that brings the first of them past `until`. So the number of instalments, their
    /// amounts and their order stay, the loan ends as many periods later, and a differing last
    /// instalment stays the last. The periods are counted from the rhythm's first date: a plan on
    /// the 31st is on the 31st again after the pause. An instalment that had been moved off the
    /// rhythm returns to it. What was due before `from` and is still owed stays so, and is
    /// collected when it can be, in the pause too.
    Pause {
        /// The first date without a collection; not in the past.
        from: BusinessDate,
        /// The last date without a collection.
        until: BusinessDate,
    },
    /// The instalment numbered `sequence` is left out.
    Skip {
        /// Its number.
        sequence: u32,
        /// What becomes of its amount.
        rest: Rest,
    },
    /// The instalment numbered `sequence` falls due on `to`, between its neighbours.
    Move {
        /// Its number.
        sequence: u32,
        /// Its new due date; not in the past.
        to: BusinessDate,
    },
    /// Each instalment due from `from` to `until` collects at most `amount`.
    ///
    /// Sent to the end, the rest becomes instalments of the largest amount that was lowered, and a
    /// last one of what remains.
    Lower {
        /// The first date of lower instalments; not in the past.
        from: BusinessDate,
        /// The last date of lower instalments.
        until: BusinessDate,
        /// The most that each of them collects.
        amount: Cents,
        /// What becomes of the rest.
        rest: Rest,
    },
    /// One last instalment in place of all that is unsent.
    ///
    /// A pay-out figure below the sum owed leaves a rebate, which the difference names. One above
    /// it is refused: the payer has agreed to no more than the plan.
    PayOut {
        /// When it is due; not in the past.
        on: BusinessDate,
        /// What it collects.
        amount: Cents,
    },
    /// The customer pays from another account. An agreement belongs to one: it takes a new one.
    ChangeAccount,
    /// Nothing more is collected; what was still owed is named.
    End,
}

impl Change {
    /// Its name.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::{Change, ChangeKind};
    ///
    /// assert_eq!(Change::End.kind(), ChangeKind::End);
    /// assert_eq!(ChangeKind::parse("pay_out"), Some(ChangeKind::PayOut));
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Change::Pause { .. } => ChangeKind::Pause,
            Change::Skip { .. } => ChangeKind::Skip,
            Change::Move { .. } => ChangeKind::Move,
            Change::Lower { .. } => ChangeKind::Lower,
            Change::PayOut { .. } => ChangeKind::PayOut,
            Change::ChangeAccount => ChangeKind::ChangeAccount,
            Change::End => ChangeKind::End,
        }
    }

    /// The rules that the change breaks, before anything is redrawn.
    pub(super) fn violations(&self, plan: &PlanView) -> Vec<Violation> {
        let mut broken = Vec::new();
        match self {
            Change::Pause { from, until } | Change::Lower { from, until, .. } => {
                check_not_past(&mut broken, "/from", *from, plan.today);
                if until < from {
                    let detail = format!("until {until} is before from {from}");
                    broken.push(Violation::new("/until", "before_from", detail));
                }
            }
            Change::Skip { sequence, .. } => check_known(&mut broken, *sequence, plan),
            Change::Move { sequence, to } => {
                check_known(&mut broken, *sequence, plan);
                check_not_past(&mut broken, "/to", *to, plan.today);
                let due = plan.instalment(*sequence).map(|one| one.due_date);
                if due == Some(*to) {
                    let detail = format!("instalment {sequence} is due on {to} already");
                    broken.push(Violation::new("/to", "nothing_changes", detail));
                }
            }
            Change::PayOut { on, amount } => {
                check_not_past(&mut broken, "/on", *on, plan.today);
                let owed = plan.unsent_cents();
                if owed < amount.get() {
                    let cents = amount.get();
                    let detail = format!("{cents} cents are more than the {owed} still owed");
                    broken.push(Violation::new("/amount", "more_than_owed", detail));
                }
            }
            Change::ChangeAccount | Change::End => {}
        }
        broken
    }
}

fn check_not_past(
    broken: &mut Vec<Violation>,
    pointer: &str,
    date: BusinessDate,
    today: BusinessDate,
) {
    if date < today {
        let detail = format!("{date} is before today, {today}");
        broken.push(Violation::new(pointer, "in_the_past", detail));
    }
}

fn check_known(broken: &mut Vec<Violation>, sequence: u32, plan: &PlanView) {
    if plan.instalment(sequence).is_none() {
        let detail = format!("the plan has no instalment {sequence}");
        broken.push(Violation::new("/sequence", "unknown_instalment", detail));
    }
}
