//! What a change comes to.

use thiserror::Error;

use super::slots::Counted;
use super::view::InstalmentView;
use crate::date::BusinessDate;
use crate::failure::worded;
use crate::fit::{CounterExample, Proof, Proposal, ProposeError};
use crate::instalment::State;
use crate::money::Cents;
use crate::schedule::PlannedInstalment;

/// What a change would do to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf {
    /// Everything still to be sent, in due order; of a refused change, as it stands.
    pub tail: Vec<TailInstalment>,
    /// The instalments that would be cancelled, in due order.
    pub dropped: Vec<PlannedInstalment>,
    /// Whether the agreement carries it.
    pub verdict: Verdict,
    /// What would no longer be collected.
    pub difference: Difference,
}

worded! {
    /// What a change does to one instalment of the tail.
    pub enum Edit {
        /// Nothing.
        Kept = "kept",
        /// Its date or its amount differs.
        Changed = "changed",
        /// It is new.
        Added = "added",
    }
}

/// One instalment of a redrawn tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TailInstalment {
    /// Its number; of an added one, the next that no instalment has had.
    pub sequence: u32,
    /// Its due date.
    pub due_date: BusinessDate,
    /// Its amount.
    pub amount: Cents,
    /// What the change does to it.
    pub edit: Edit,
}

impl TailInstalment {
    pub(super) fn kept(one: &InstalmentView) -> TailInstalment {
        TailInstalment {
            sequence: one.sequence,
            due_date: one.due_date,
            amount: one.amount,
            edit: Edit::Kept,
        }
    }

    pub(super) fn planned(&self) -> PlannedInstalment {
        PlannedInstalment {
            sequence: self.sequence,
            due_date: self.due_date,
            amount: self.amount,
        }
    }
}

/// An instalment that another agreement collects on a later date than the one it was due on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MovedInstalment {
    /// Its number.
    pub sequence: u32,
    /// When it is due, before the agreement could begin or on a date that the one before it takes.
    pub from_date: BusinessDate,
    /// When it would be due: the first date that is not past and comes after the one before it.
    pub to_date: BusinessDate,
}

/// Money that a change no longer collects, in cents, by its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// None: the sum is conserved to the cent.
    None,
    /// The lender lets the customer off it.
    Waived {
        /// How much; at least one cent.
        cents: i64,
    },
    /// The pay-out figure is below the sum owed by this much.
    Rebate {
        /// How much; at least one cent.
        cents: i64,
    },
    /// It stays owed, and is not collected under this plan.
    NotCollected {
        /// How much; at least one cent.
        cents: i64,
    },
}

impl Difference {
    /// Its name in snake_case.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::Difference;
    ///
    /// assert_eq!(Difference::NotCollected { cents: 5 }.as_str(), "not_collected");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Difference::None => "none",
            Difference::Waived { .. } => "waived",
            Difference::Rebate { .. } => "rebate",
            Difference::NotCollected { .. } => "not_collected",
        }
    }

    /// The sum of the tail before the change, less the sum after it; never negative.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::Difference;
    ///
    /// assert_eq!(Difference::Waived { cents: 30_000 }.cents(), 30_000);
    /// assert_eq!(Difference::None.cents(), 0);
    /// ```
    #[must_use]
    pub const fn cents(self) -> i64 {
        match self {
            Difference::None => 0,
            Difference::Waived { cents }
            | Difference::Rebate { cents }
            | Difference::NotCollected { cents } => cents,
        }
    }
}

/// Whether the agreement carries a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does: everything that counts under it fits, with room for the retries asked for.
    ///
    /// Each takes its slot in the window in which it is collected: what was sent late where it was
    /// sent, what is owed from before today where it can be collected first.
    ///
    /// It speaks of the terms and the dates: an agreement that is lost collects nothing all the
    /// same.
    FitsAsItIs(Proof),
    /// It does not, and Oligo cannot amend it: the payer approves this one instead.
    ///
    /// The proposal carries the tail. What is being collected or retried is decided under the
    /// agreement there is, which is cancelled only after that.
    NeedsNewAgreement {
        /// The narrowest agreement that carries the tail.
        proposal: Proposal,
        /// Why the present one does not.
        because: Because,
        /// What was due before it can begin, and has moved in the tail, by number.
        moved: Vec<MovedInstalment>,
    },
    /// Nothing is left to collect: the agreement may be cancelled.
    NothingLeft,
    /// It cannot be done, and nothing changes.
    Refused {
        /// Why not.
        because: Refusal,
    },
}

impl Verdict {
    /// Its name in snake_case.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::{Refusal, Verdict};
    ///
    /// assert_eq!(Verdict::NothingLeft.as_str(), "nothing_left");
    /// let refused = Verdict::Refused { because: Refusal::NothingToChange };
    /// assert_eq!(refused.as_str(), "refused");
    /// ```
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Verdict::FitsAsItIs(_) => "fits_as_it_is",
            Verdict::NeedsNewAgreement { .. } => "needs_new_agreement",
            Verdict::NothingLeft => "nothing_left",
            Verdict::Refused { .. } => "refused",
        }
    }
}

/// Why a change takes another agreement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Because {
    /// This instalment does not fit the terms there are.
    #[error("{0}")]
    DoesNotFit(CounterExample),
    /// This instalment is late, and the agreement leaves no date to collect it on: its own window
    /// is over, and it may not go into the next or finds no place there.
    #[error("instalment {sequence}, due on {due_date}, could be collected until {until}")]
    WindowOver {
        /// Its number.
        sequence: u32,
        /// Its due date.
        due_date: BusinessDate,
        /// The last date on which it could be collected.
        until: BusinessDate,
    },
    /// An agreement belongs to one account of the payer.
    #[error("an agreement belongs to one account of the payer")]
    PayerAccountChanges,
}

impl Because {
    /// Its name in snake_case.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::Because;
    ///
    /// assert_eq!(Because::PayerAccountChanges.code(), "payer_account_changes");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Because::DoesNotFit(_) => "does_not_fit",
            Because::WindowOver { .. } => "window_over",
            Because::PayerAccountChanges => "payer_account_changes",
        }
    }

    /// The counter-example by the plan's own number and date: the proof counted only what counts,
    /// and from the agreement's first date.
    pub(super) fn does_not_fit(found: CounterExample, counted: &[Counted]) -> Because {
        let place = counted.get(found.instalment.saturating_sub(1) as usize);
        let (sequence, due_date) = place.map_or((found.instalment, found.due_date), |one| {
            (one.sequence, one.due_date)
        });
        let detail = match found
            .detail
            .strip_prefix(&named(found.instalment, found.due_date))
        {
            Some(rest) => named(sequence, due_date) + rest,
            None => found.detail.clone(),
        };
        Because::DoesNotFit(CounterExample {
            instalment: sequence,
            due_date,
            detail,
            ..found
        })
    }
}

fn named(sequence: u32, due_date: BusinessDate) -> String {
    format!("instalment {sequence} on {due_date} ")
}

/// Why a change cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It would leave everything as it is: no unsent instalment is concerned.
    #[error("no unsent instalment is concerned")]
    NothingToChange,
    /// The instalment is not unsent any more.
    #[error("instalment {sequence} is {state}, and only a scheduled one can change")]
    NotUnsent {
        /// Its number.
        sequence: u32,
        /// Where it stands.
        state: State,
    },
    /// A listed schedule has no rhythm to find later dates in.
    #[error("the plan has no rhythm to find later dates in")]
    NoRhythm,
    /// The dates would leave the calendar.
    #[error("the plan would reach past {}", BusinessDate::MAX)]
    BeyondCalendar,
    /// The plan would have more instalments than one may.
    #[error("the plan would have more instalments than one may")]
    TooManyInstalments,
    /// No later instalment takes what is to be spread.
    #[error("no later instalment takes what is to be spread")]
    NothingLater,
    /// An instalment would be larger than one payment may be.
    #[error("instalment {sequence} would be larger than one payment may be")]
    AmountTooLarge {
        /// Its number.
        sequence: u32,
    },
    /// It takes another agreement, and none can be proposed.
    #[error(transparent)]
    NoAgreementFits(ProposeError),
}

impl Refusal {
    /// Its name in snake_case.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::variation::Refusal;
    ///
    /// assert_eq!(Refusal::NoRhythm.code(), "no_rhythm");
    /// assert_eq!(Refusal::NoRhythm.to_string(), "the plan has no rhythm to find later dates in");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::NothingToChange => "nothing_to_change",
            Refusal::NotUnsent { .. } => "not_unsent",
            Refusal::NoRhythm => "no_rhythm",
            Refusal::BeyondCalendar => "beyond_calendar",
            Refusal::TooManyInstalments => "too_many_instalments",
            Refusal::NothingLater => "nothing_later",
            Refusal::AmountTooLarge { .. } => "amount_too_large",
            Refusal::NoAgreementFits(_) => "no_agreement_fits",
        }
    }
}
