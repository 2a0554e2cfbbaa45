//! The circuit of last resort: what may be sent for one instalment, one plan, one day at most, whatever any
//! other rule says.
//!
//! It believes no count that something keeps: it is asked with what is found when rows are counted, and with the
//! journal beside the states. In a Paydown whose rows are whole it never speaks. Where it does, rows were lost,
//! restored or changed by hand, or there is a defect: then nothing is sent at all until a person has looked.

use thiserror::Error;

use crate::date::BusinessDate;
use crate::payment;

/// A payment made for the instalment before, as its row and its journal tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Where its row says it stands.
    pub state: payment::State,
    /// Where the last line of its journal says it stands; nothing where it has none.
    pub journaled: Option<payment::State>,
    /// When its uid was first to be sent: a Sydney date.
    pub first_sent_date: BusinessDate,
}

/// What was counted, for one request that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct BudgetFacts<'a> {
    /// Today, in Sydney.
    pub today: BusinessDate,
    /// Whether it is a new payment, under a uid of its own.
    pub is_new: bool,
    /// What it adds to the sums, in cents: nothing where it is counted in them already.
    pub adds_cents: i64,
    /// How many payments the instalment says were made for it.
    pub attempts_made: u32,
    /// How many retries its plan allows.
    pub retries_max: u32,
    /// How often a person has said today that it is to be collected again.
    pub asked_again: u32,
    /// The payments that are found.
    pub earlier: &'a [Earlier],
    /// What was agreed to be repaid in all, in cents.
    pub plan_total_cents: i64,
    /// The sum of the plan's payments that have taken money or may yet, in cents.
    pub plan_taken_cents: i64,
    /// The sum of the plan's instalments that are due by today and open, or were sent today, in cents.
    pub due_today_cents: i64,
    /// The sum of the plan's payments first sent today that have taken money or may yet, in cents.
    pub sent_today_cents: i64,
}

/// Why nothing may be sent at all until a person has looked. The order is the precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Overrun {
    /// Payments are missing, or were not counted.
    #[error("the instalment counts {counted} payments, and there are {found}")]
    AttemptsDisagree {
        /// How many the instalment counts.
        counted: u32,
        /// How many there are.
        found: u32,
    },
    /// A payment stands where nothing that happened has brought it.
    #[error("an earlier payment is {state}, and its journal ends with {journaled}")]
    StateWithoutJournal {
        /// Where its row says it stands.
        state: payment::State,
        /// Where its journal does.
        journaled: payment::State,
    },
    /// More payments in a day than one, its retries, and those a person asked for.
    #[error("this would be payment {uids} of one instalment in a day, which has {allowed}")]
    TooManyInADay {
        /// How many it would be.
        uids: u32,
        /// One, the retries its plan allows, and those a person asked for.
        allowed: u32,
    },
    /// More money in a day than is due.
    #[error("{sent_cents} cents would be sent of the plan in a day on which {due_cents} are due")]
    MoreThanDue {
        /// What would have been sent.
        sent_cents: i64,
        /// What is due.
        due_cents: i64,
    },
    /// More money in all than was agreed.
    #[error("{taken_cents} cents would be taken of the plan, which is of {total_cents}")]
    MoreThanAgreed {
        /// What would have been taken.
        taken_cents: i64,
        /// What was agreed.
        total_cents: i64,
    },
}

impl Overrun {
    /// Its word, in `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AttemptsDisagree { .. } => "attempts_disagree",
            Self::StateWithoutJournal { .. } => "state_without_journal",
            Self::TooManyInADay { .. } => "too_many_in_a_day",
            Self::MoreThanDue { .. } => "more_than_due",
            Self::MoreThanAgreed { .. } => "more_than_agreed",
        }
    }
}

/// Whether a request keeps within every budget.
///
/// # Errors
///
/// The first budget it exceeds, in the order of [`Overrun`].
///
/// # Examples
///
/// ```
/// use domain::budget::{BudgetFacts, Earlier, Overrun, within_budget};
/// use domain::payment;
///
/// let today: domain::date::BusinessDate = "2026-03-10".parse()?;
/// let facts = BudgetFacts {
///     today,
///     is_new: true,
///     adds_cents: 28_850,
///     attempts_made: 0,
///     retries_max: 3,
///     asked_again: 0,
///     earlier: &[],
///     plan_total_cents: 346_200,
///     plan_taken_cents: 28_850,
///     due_today_cents: 28_850,
///     sent_today_cents: 0,
/// };
/// assert_eq!(within_budget(&facts), Ok(()));
///
/// // A payment that the instalment does not know of.
/// let state = payment::State::Settled;
/// let earlier = [Earlier { state, journaled: Some(state), first_sent_date: today }];
/// let found = within_budget(&BudgetFacts { earlier: &earlier, ..facts });
/// assert_eq!(found, Err(Overrun::AttemptsDisagree { counted: 0, found: 1 }));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn within_budget(facts: &BudgetFacts<'_>) -> Result<(), Overrun> {
    let found = u32::try_from(facts.earlier.len()).unwrap_or(u32::MAX);
    if found != facts.attempts_made {
        let counted = facts.attempts_made;
        return Err(Overrun::AttemptsDisagree { counted, found });
    }
    for one in facts.earlier {
        // One without a journal was written by a repair, and contradicts nothing.
        if let Some(journaled) = one.journaled.filter(|journaled| *journaled != one.state) {
            let state = one.state;
            return Err(Overrun::StateWithoutJournal { state, journaled });
        }
    }
    let uids = uids_today(facts);
    let asked_for = facts.retries_max.saturating_add(facts.asked_again);
    let allowed = asked_for.saturating_add(1);
    if allowed < uids {
        return Err(Overrun::TooManyInADay { uids, allowed });
    }
    let sent_cents = facts.sent_today_cents.saturating_add(facts.adds_cents);
    if facts.is_new && facts.due_today_cents < sent_cents {
        let due_cents = facts.due_today_cents;
        return Err(Overrun::MoreThanDue {
            sent_cents,
            due_cents,
        });
    }
    let taken_cents = facts.plan_taken_cents.saturating_add(facts.adds_cents);
    if facts.plan_total_cents < taken_cents {
        let total_cents = facts.plan_total_cents;
        return Err(Overrun::MoreThanAgreed {
            taken_cents,
            total_cents,
        });
    }
    Ok(())
}

/// The uids of today by which money may have moved, this one's among them. What was refused, or is known not to
/// have arrived, counts for nothing.
fn uids_today(facts: &BudgetFacts<'_>) -> u32 {
    use payment::State as S;
    let counts = |state: S| match state {
        S::Intended | S::Sending | S::Unknown | S::Submitted | S::UnderInvestigation => true,
        S::Settled | S::Failed => true,
        S::Rejected | S::Abandoned => false,
    };
    let today = facts
        .earlier
        .iter()
        .filter(|one| one.first_sent_date == facts.today);
    let made = today.filter(|one| counts(one.state)).count();
    u32::try_from(made)
        .unwrap_or(u32::MAX)
        .saturating_add(u32::from(facts.is_new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use payment::State as S;

    fn today() -> BusinessDate {
        "2026-03-10".parse().unwrap()
    }

    fn earlier(state: S) -> Earlier {
        Earlier {
            state,
            journaled: Some(state),
            first_sent_date: today(),
        }
    }

    /// A second payment, after one that failed today: exactly what is allowed.
    fn facts(earlier: &[Earlier]) -> BudgetFacts<'_> {
        BudgetFacts {
            today: today(),
            is_new: true,
            adds_cents: 100,
            attempts_made: u32::try_from(earlier.len()).unwrap(),
            retries_max: 1,
            asked_again: 0,
            earlier,
            plan_total_cents: 300,
            plan_taken_cents: 200,
            due_today_cents: 150,
            sent_today_cents: 50,
        }
    }

    #[test]
    fn what_keeps_to_every_budget_to_the_cent_passes() {
        assert_eq!(within_budget(&facts(&[earlier(S::Failed)])), Ok(()));
        assert_eq!(within_budget(&facts(&[])), Ok(()));
    }

    #[test]
    fn attempts_that_were_reset_or_lost_are_found() {
        let one = [earlier(S::Failed)];
        for counted in [0, 2] {
            let found = within_budget(&BudgetFacts {
                attempts_made: counted,
                ..facts(&one)
            });
            assert_eq!(found, Err(Overrun::AttemptsDisagree { counted, found: 1 }));
        }
    }

    #[test]
    fn a_state_that_nothing_journaled_has_brought_about_is_found() {
        let changed = [Earlier {
            journaled: Some(S::Settled),
            ..earlier(S::Failed)
        }];
        let overrun = Overrun::StateWithoutJournal {
            state: S::Failed,
            journaled: S::Settled,
        };
        assert_eq!(within_budget(&facts(&changed)), Err(overrun));
        let repaired = [Earlier {
            journaled: None,
            ..earlier(S::Failed)
        }];
        assert_eq!(within_budget(&facts(&repaired)), Ok(()));
    }

    #[test]
    fn one_payment_and_its_retries_are_all_of_a_day() {
        let two = [earlier(S::Failed), earlier(S::Failed)];
        let overrun = Overrun::TooManyInADay {
            uids: 3,
            allowed: 2,
        };
        assert_eq!(within_budget(&facts(&two)), Err(overrun));

        let by_a_person = BudgetFacts {
            asked_again: 1,
            ..facts(&two)
        };
        assert_eq!(within_budget(&by_a_person), Ok(()));
        let again = BudgetFacts {
            is_new: false,
            ..facts(&two)
        };
        assert_eq!(
            within_budget(&again),
            Ok(()),
            "a uid that is sent again is no new one"
        );
        let yesterday = [
            earlier(S::Failed),
            Earlier {
                first_sent_date: "2026-03-09".parse().unwrap(),
                ..earlier(S::Failed)
            },
        ];
        assert_eq!(within_budget(&facts(&yesterday)), Ok(()));
        for state in [S::Rejected, S::Abandoned] {
            let nothing_moved = [earlier(S::Failed), earlier(state)];
            assert_eq!(within_budget(&facts(&nothing_moved)), Ok(()), "{state}");
        }
    }

    #[test]
    fn no_more_is_sent_in_a_day_than_is_due_and_no_more_in_all_than_was_agreed() {
        let beyond = BudgetFacts {
            due_today_cents: 149,
            ..facts(&[])
        };
        let overrun = Overrun::MoreThanDue {
            sent_cents: 150,
            due_cents: 149,
        };
        assert_eq!(within_budget(&beyond), Err(overrun));
        let beyond = BudgetFacts {
            plan_total_cents: 299,
            ..facts(&[])
        };
        let overrun = Overrun::MoreThanAgreed {
            taken_cents: 300,
            total_cents: 299,
        };
        assert_eq!(within_budget(&beyond), Err(overrun));
    }

    #[test]
    fn the_first_budget_that_is_exceeded_is_the_answer() {
        let changed = Earlier {
            journaled: Some(S::Settled),
            ..earlier(S::Failed)
        };
        let all = [changed, earlier(S::Failed), earlier(S::Failed)];
        let mut facts = BudgetFacts {
            attempts_made: 9,
            due_today_cents: 0,
            plan_total_cents: 0,
            ..facts(&all)
        };
        let code = |facts: &BudgetFacts<'_>| within_budget(facts).unwrap_err().code();

        assert_eq!(code(&facts), "attempts_disagree");
        facts.attempts_made = 3;
        assert_eq!(code(&facts), "state_without_journal");
        let all = [earlier(S::Failed); 3];
        facts.earlier = &all;
        assert_eq!(code(&facts), "too_many_in_a_day");
        facts.retries_max = 9;
        assert_eq!(code(&facts), "more_than_due");
        facts.due_today_cents = 150;
        assert_eq!(code(&facts), "more_than_agreed");
    }
}
