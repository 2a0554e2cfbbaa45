//! What a change of a running plan would do: to its dates, to its sum, and to its agreement.
//!
//! Oligo cannot amend the terms of an agreement. So every change ends in one of two ways: what is
//! still to be collected fits the agreement as it is, proved instalment by instalment, or the
//! payer has to approve another agreement. [`what_if`] says which, without changing anything.
//!
//! Only the unsent tail can change: the instalments that are `scheduled`. What is collected, being
//! collected or waiting for a retry stands. What the customer still owes is conserved to the cent,
//! or the [`Difference`] says by how much it is not.
//!
//! What is late counts where it is collected, not where it was due: a payment takes its slot in the
//! window of its own date, and an instalment owed from before today in that of the first date on
//! which the gate would let it through. Another agreement cannot begin in the past, so there it
//! falls due on the first date that is left, and the verdict names it.

mod change;
#[cfg(test)]
mod tests;
mod redraw;
mod slots;
mod verdict;
mod view;

pub use change::{Change, ChangeKind, Rest};
pub use verdict::{
    Because, Difference, Edit, MovedInstalment, Refusal, TailInstalment, Verdict, WhatIf,
};
pub use view::{InstalmentView, PlanView, Rhythm};

use redraw::{Draft, Stop};

use crate::date::BusinessDate;
use crate::fit::{CounterExample, Demand, Proof, Proposal, ProposalPolicy, propose, prove};
use crate::money::Cents;
use crate::period::Reading;
use crate::schedule::Schedule;
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
///     let (state, collection_date, may_carry) = (State::Scheduled, None, false);
///     InstalmentView { sequence, due_date, amount, state, collection_date, may_carry }
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

    let mut draft = match redraw::redraw(plan, change) {
        Ok(draft) => draft,
        Err(Stop::Refused(refusal)) => return Ok(refused(plan, refusal)),
        Err(Stop::Broken(violation)) => return Err(vec![violation]),
    };

    Ok(match judge(plan, change, &mut draft) {
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
fn judge(plan: &PlanView, change: &Change, draft: &mut Draft) -> Verdict {
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
            Ok(proof) => return Verdict::FitsAsItIs(proof),
            Err(Unfit::ByTerms(because)) => because,
            Err(Unfit::ByAny(because)) => return Verdict::Refused { because },
        },
    };
    match under_another(plan, draft) {
        Ok((proposal, moved)) => Verdict::NeedsNewAgreement {
            proposal,
            because,
            moved,
        },
        Err(because) => Verdict::Refused { because },
    }
}

/// Why the agreement as it is does not carry a tail.
enum Unfit {
    /// Its terms do not, and others may.
    ByTerms(Because),
    /// No agreement does.
    ByAny(Refusal),
}

impl From<Because> for Unfit {
    fn from(because: Because) -> Unfit {
        Unfit::ByTerms(because)
    }
}

impl From<CounterExample> for Unfit {
    fn from(found: CounterExample) -> Unfit {
        Unfit::ByTerms(Because::DoesNotFit(found))
    }
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Unfit {
        Unfit::ByAny(refusal)
    }
}

/// Proves what counts under the agreement as it is: what stands, and the tail.
///
/// First that each finds a slot when it is collected; then the terms, for each on its due date,
/// from which the days to try again are counted.
fn fits(plan: &PlanView, draft: &Draft) -> Result<Proof, Unfit> {
    let mut counted = slots::counted(plan, &draft.tail)?;
    slots::check_first_date(plan, &counted)?;
    let fullness = slots::tally(plan, &counted)?;

    counted.sort_by_key(|one| (one.due_date, one.sequence));
    let due = counted.iter().map(|one| (one.due_date, one.amount));
    let schedule = scheduled(plan.validity.start_date, due)?;
    let demand = Demand::new(Reading::ALL, plan.retry_days);
    let proof = prove(&schedule, &plan.terms, plan.validity, &demand)
        .map_err(|found| Because::does_not_fit(found, &counted))?;

    Ok(Proof {
        instalments: proof.instalments,
        windows_used: fullness.windows_used,
        fullest_window: fullness.fullest_window,
    })
}

/// The agreement that would carry the tail, and what has to move since none begins in the past.
fn under_another(
    plan: &PlanView,
    draft: &mut Draft,
) -> Result<(Proposal, Vec<MovedInstalment>), Refusal> {
    let due = draft.tail.iter().map(|one| (one.due_date, one.amount));
    let schedule = scheduled(plan.today, due)?;
    let policy = ProposalPolicy {
        today: plan.today,
        retry_days: plan.retry_days,
    };
    let proposal = propose(&schedule, &policy).map_err(Refusal::NoAgreementFits)?;

    let mut moved = Vec::new();
    for (one, planned) in draft.tail.iter_mut().zip(schedule.instalments()) {
        if one.due_date < planned.due_date {
            moved.push(MovedInstalment {
                sequence: one.sequence,
                from_date: one.due_date,
                to_date: planned.due_date,
            });
            one.due_date = planned.due_date;
            // Pushed on, one that was to be earlier may be back where it was.
            one.edit = match plan.instalment(one.sequence).map(TailInstalment::kept) {
                Some(TailInstalment {
                    due_date, amount, ..
                }) if (due_date, amount) == (one.due_date, one.amount) => Edit::Kept,
                Some(_) => Edit::Changed,
                None => Edit::Added,
            };
        }
    }
    Ok((proposal, moved))
}

/// The schedule of these, given in due order: none is due before `first`. What moves there takes a
/// date of its own, and whatever it meets goes on; those planned for one date stay together.
fn scheduled(
    first: BusinessDate,
    due: impl Iterator<Item = (BusinessDate, Cents)>,
) -> Result<Schedule, Refusal> {
    let mut before: Option<(BusinessDate, BusinessDate)> = None;
    let mut listed = Vec::new();
    for (date, amount) in due {
        let earliest = match before {
            None => first,
            Some((planned, placed)) if planned == date && planned == placed => placed,
            Some((_, placed)) => placed.plus_days(1).ok_or(Refusal::BeyondCalendar)?,
        };
        let placed = date.max(earliest);
        before = Some((date, placed));
        listed.push((placed, amount));
    }
    Schedule::explicit(listed).map_err(|_| Refusal::TooManyInstalments)
}
