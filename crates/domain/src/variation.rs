//! What a change of a running plan would do: to its dates, to its sum, and to its agreement.
//!
//! Oligo cannot amend the terms of an agreement. So every change ends in one of two ways: what is
//! still to be collected fits the agreement as it is, proved instalment by instalment, or the
//! payer has to approve another agreement. [`what_if`] says which, without changing anything.
//!
//! Only the unsent tail can change: the instalments that are `scheduled`. What is collected, being
//! collected or waiting for a retry stands. What the customer still owes is conserved to the cent,
//! or the [`Difference`] says by how much it is not.

mod change;
#[cfg(test)]
mod tests;
mod redraw;
mod verdict;
mod view;

pub use change::{Change, ChangeKind, Rest};
pub use verdict::{Because, Difference, Edit, Refusal, TailInstalment, Verdict, WhatIf};
pub use view::{InstalmentView, PlanView, Rhythm};

use redraw::{Draft, Stop};

use crate::fit::{Demand, ProposalPolicy, propose, prove};
use crate::period::Reading;
use crate::schedule::{PlannedInstalment, Schedule};
use crate::violation::Violation;

/// What `change` would do to `plan`, on the date `plan.today`.
///
/// Nothing is decided by asking: the same question gives the same answer.
///
/// # Errors
///
/// Fails with every broken rule of the input at once: dates in the past or in the wrong order, an
/// instalment that is not in the plan, more money than is owed. Pointers are the names of the
/// change's fields (`/to`), or `/instalments/<index from 0>/…` for the plan's own. What is well
/// formed but cannot be done is no error: it is [`Verdict::Refused`].
///
/// # Examples
///
/// ```
/// use domain::fit::Validity;
/// use domain::instalment::State;
/// use domain::money::Cents;
/// use domain::schedule::{Cadence, DueDay};
/// use domain::terms::{PaymentTerms, TermsDraft};
/// use domain::variation::{Change, InstalmentView, PlanView, Rest, Rhythm, Verdict, what_if};
/// # use domain::{date::BusinessDate, violation::Violation};
///
/// # fn date(text: &str) -> BusinessDate { text.parse().unwrap() }
/// let amount = Cents::new(30_000).unwrap();
/// let first_date = date("2026-03-05");
/// let rhythm = Rhythm { cadence: Cadence::Monthly, first_date, due_day: DueDay::SameDay };
/// let dates = rhythm.dates_after(date("2026-03-04"));
/// let instalments = (1..=3).zip(dates).map(|(sequence, due_date)| {
///     InstalmentView { sequence, due_date, amount, state: State::Scheduled }
/// });
/// let plan = PlanView {
///     instalments: instalments.collect(),
///     rhythm: Some(rhythm),
///     terms: PaymentTerms::from_draft(&TermsDraft {
///         kind: "fixed".to_owned(),
///         frequency: "monthly".to_owned(),
///         amount: Some(30_000),
///         ..TermsDraft::default()
///     })?,
///     validity: Validity { start_date: first_date, end_date: None },
///     today: date("2026-03-01"),
///     retry_days: 0,
/// };
///
/// // The second instalment goes to the end: one more month, and the agreement allows it.
/// let answer = what_if(&plan, &Change::Skip { sequence: 2, rest: Rest::ToTheEnd })?;
/// assert!(matches!(answer.verdict, Verdict::FitsAsItIs(_)));
/// assert_eq!(answer.tail.last().unwrap().due_date, date("2026-06-05"));
/// assert_eq!(answer.difference.cents(), 0);
/// # Ok::<(), Vec<Violation>>(())
/// ```
pub fn what_if(plan: &PlanView, change: &Change) -> Result<WhatIf, Vec<Violation>> {
    let mut broken = plan.violations();
    broken.extend(change.violations(plan));
    if !broken.is_empty() {
        return Err(broken);
    }

    let draft = match redraw::redraw(plan, change) {
        Ok(draft) => draft,
        Err(Stop::Refused(refusal)) => return Ok(refused(plan, refusal)),
        Err(Stop::Broken(violation)) => return Err(vec![violation]),
    };

    Ok(match judge(plan, change, &draft) {
        Verdict::Refused { because } => refused(plan, because),
        verdict @ (Verdict::FitsAsItIs(_)
        | Verdict::NeedsNewAgreement { .. }
        | Verdict::NothingLeft) => WhatIf {
            tail: draft.tail,
            dropped: draft.dropped,
            verdict,
            difference: draft.difference,
        },
    })
}

/// Nothing changes.
fn refused(plan: &PlanView, because: Refusal) -> WhatIf {
    WhatIf {
        tail: plan.unsent().map(TailInstalment::kept).collect(),
        dropped: Vec::new(),
        verdict: Verdict::Refused { because },
        difference: Difference::None,
    }
}

/// Whether the agreement carries the plan as redrawn; if not, which other one would.
fn judge(plan: &PlanView, change: &Change, draft: &Draft) -> Verdict {
    if draft.tail.is_empty() {
        return Verdict::NothingLeft;
    }
    let because = match change {
        Change::ChangeAccount => Because::PayerAccountChanges,
        Change::Pause { .. }
        | Change::Skip { .. }
        | Change::Move { .. }
        | Change::Lower { .. }
        | Change::PayOut { .. }
        | Change::End => match fits(plan, draft) {
            Ok(verdict) => return verdict,
            Err(because) => because,
        },
    };

    let listed = draft.tail.iter().map(|one| (one.due_date, one.amount));
    let Ok(schedule) = Schedule::explicit(listed.collect()) else {
        return Verdict::Refused {
            because: Refusal::TooManyInstalments,
        };
    };
    let policy = ProposalPolicy {
        today: plan.today,
        retry_days: plan.retry_days,
    };
    match propose(&schedule, &policy) {
        Ok(proposal) => Verdict::NeedsNewAgreement { proposal, because },
        Err(error) => Verdict::Refused {
            because: Refusal::NoAgreementFits(error),
        },
    }
}

/// Proves what counts under the agreement as it is: what stands, and the tail.
fn fits(plan: &PlanView, draft: &Draft) -> Result<Verdict, Because> {
    let counted = draft.counted(plan);
    let listed = counted.iter().map(|one| (one.due_date, one.amount));
    let Ok(schedule) = Schedule::explicit(listed.collect()) else {
        return Ok(Verdict::Refused {
            because: Refusal::TooManyInstalments,
        });
    };
    let demand = Demand::new(Reading::ALL, plan.retry_days);
    match prove(&schedule, &plan.terms, plan.validity, &demand) {
        Ok(proof) => Ok(Verdict::FitsAsItIs(proof)),
        Err(found) => Err(Because::does_not_fit(found, &counted)),
    }
}

impl Draft {
    /// What counts under the agreement, in due order: what stands, and the redrawn tail.
    fn counted(&self, plan: &PlanView) -> Vec<PlannedInstalment> {
        let mut counted: Vec<PlannedInstalment> = plan.counting().collect();
        counted.extend(self.tail.iter().map(TailInstalment::planned));
        counted.sort_by_key(|one| one.due_date);
        counted
    }
}
