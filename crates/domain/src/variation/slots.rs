//! Where what counts under an agreement takes its slots: when it is collected, not when it is due.

use std::collections::BTreeMap;

use super::verdict::{Because, TailInstalment};
use super::view::PlanView;
use crate::date::BusinessDate;
use crate::fit::{CounterExample, FitRule};
use crate::gate::{Carry, room};
use crate::money::Cents;
use crate::period::{Reading, index_holding, window};
use crate::terms::Allowance;

/// An instalment that takes a slot of the agreement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub sequence: u32,
    pub due_date: BusinessDate,
    pub amount: Cents,
    /// When it is collected: the date of its payment, or the first on which one can be made.
    pub slot_date: BusinessDate,
}

/// How full the windows are, as a [`Proof`](crate::fit::Proof) tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fullness {
    pub windows_used: u32,
    pub fullest_window: u32,
}

/// Everything that takes a slot: first what stands, which cannot give way, then the tail.
///
/// What waits for a retry takes none once its room is over: it is never collected again.
///
/// # Errors
///
/// Fails with the first instalment of the tail that is too late for its window, and for the next.
pub(super) fn counted(plan: &PlanView, tail: &[TailInstalment]) -> Result<Vec<Counted>, Because> {
    let waiting = Waiting::of(plan, tail);
    let mut counted: Vec<Counted> = plan.made().collect();
    for one in plan.retrying() {
        let last_date = waiting.last_date(one.sequence, one.due_date);
        if waiting.opens_date <= last_date {
            let opens_date = waiting.opens_date;
            let next_try = one.collection_date.unwrap_or(opens_date).max(opens_date);
            counted.push(Counted {
                sequence: one.sequence,
                due_date: one.due_date,
                amount: one.amount,
                slot_date: next_try.min(last_date),
            });
        }
    }
    for one in tail {
        let slot_date = one.due_date.max(waiting.opens_date);
        if one.due_date < slot_date {
            let until = waiting.last_date(one.sequence, one.due_date);
            if until < slot_date {
                return Err(Because::WindowOver {
                    sequence: one.sequence,
                    due_date: one.due_date,
                    until,
                });
            }
        }
        counted.push(Counted {
            sequence: one.sequence,
            due_date: one.due_date,
            amount: one.amount,
            slot_date,
        });
    }
    Ok(counted)
}

/// What is owed and has no payment under way.
struct Waiting<'a> {
    plan: &'a PlanView,
    /// The first date on which anything can be collected now.
    opens_date: BusinessDate,
    /// The number and due date of each.
    owed: Vec<(u32, BusinessDate)>,
}

impl Waiting<'_> {
    fn of<'a>(plan: &'a PlanView, tail: &[TailInstalment]) -> Waiting<'a> {
        let retrying = plan.retrying().map(|one| (one.sequence, one.due_date));
        let unsent = tail.iter().map(|one| (one.sequence, one.due_date));
        Waiting {
            plan,
            opens_date: plan.opens_date(),
            owed: retrying.chain(unsent).collect(),
        }
    }

    /// The last date on which the gate lets an instalment through.
    fn last_date(&self, sequence: u32, due_date: BusinessDate) -> BusinessDate {
        let others = self.owed.iter().filter(|other| other.0 != sequence);
        let others_due: Vec<BusinessDate> = others.map(|other| other.1).collect();
        let known = self.plan.instalment(sequence);
        let carry = match known.is_some_and(|one| one.may_carry) {
            true => Carry::IntoNextWindow {
                others_due: &others_due,
            },
            false => Carry::Never,
        };
        room(&self.plan.terms, self.plan.validity, due_date, carry).last_date()
    }
}

/// Counts the slots in every window, by every reading.
///
/// # Errors
///
/// Fails with the first instalment, in the order given, that finds its window full.
pub(super) fn tally(plan: &PlanView, counted: &[Counted]) -> Result<Fullness, CounterExample> {
    let allowed = match plan.terms.allowance() {
        Allowance::PerWindow(count) => count,
        // Counted by number alone, which proving the terms does.
        Allowance::Lifetime(_) | Allowance::Unlimited => return Ok(Fullness::default()),
    };
    let (anchor, frequency) = (plan.validity.start_date, plan.terms.frequency());
    let empty = |reading: &Reading| (*reading, BTreeMap::new());
    let mut readings: Vec<_> = Reading::ALL.iter().map(empty).collect();
    let mut fullest_window = 0;
    for one in counted {
        for (reading, windows) in &mut readings {
            let index = index_holding(anchor, frequency, *reading, one.slot_date);
            let held = windows.entry(index).or_insert(0);
            if allowed <= *held {
                return Err(one.without_a_place(plan, *reading, index, allowed));
            }
            *held += 1;
            fullest_window = fullest_window.max(*held);
        }
    }

    let used = readings.iter().map(|(_, windows)| windows.len()).max();
    Ok(Fullness {
        windows_used: u32::try_from(used.unwrap_or(0)).unwrap_or(u32::MAX),
        fullest_window,
    })
}

/// An agreement that names the date of its first payment takes no payment once that has passed
/// without one.
///
/// # Errors
///
/// Fails with the first instalment due.
pub(super) fn check_first_date(plan: &PlanView, counted: &[Counted]) -> Result<(), CounterExample> {
    let first = counted.iter().min_by_key(|one| one.due_date);
    let Some((first, date)) = first.zip(plan.terms.first_payment_date()) else {
        return Ok(());
    };
    if plan.opens_date() <= date || plan.made().next().is_some() {
        return Ok(());
    }
    let passed = format!("would be the first payment, which had to be on {date} exactly");
    Err(first.refuted(FitRule::FirstDateMismatch, &passed))
}

impl Counted {
    fn without_a_place(
        &self,
        plan: &PlanView,
        reading: Reading,
        index: Option<u32>,
        allowed: u32,
    ) -> CounterExample {
        let (anchor, frequency) = (plan.validity.start_date, plan.terms.frequency());
        let window = index.and_then(|index| window(anchor, frequency, reading, index));
        let place = window.map_or_else(String::new, |window| format!(" {window}"));
        let full = format!("finds its window{place} full, which allows {allowed}");
        CounterExample {
            reading: Some(reading),
            window,
            ..self.refuted(FitRule::TooManyInPeriod, &full)
        }
    }

    fn refuted(&self, rule: FitRule, reason: &str) -> CounterExample {
        let Counted {
            sequence,
            due_date,
            amount: _,
            slot_date,
        } = *self;
        let collected = if due_date < slot_date {
            format!(", collected on {slot_date},")
        } else {
            String::new()
        };
        CounterExample {
            instalment: sequence,
            due_date,
            rule,
            provider_code: rule.provider_code().unwrap_or_default(),
            reading: None,
            window: None,
            room_days: None,
            detail: format!("instalment {sequence} on {due_date}{collected} {reason}"),
        }
    }
}
