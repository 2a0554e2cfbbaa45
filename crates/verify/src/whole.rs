//! What holds of the rows as a whole: I9, I11, I21.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use crate::Violation;
use crate::book::Book;
use crate::calendar::MonthEnd;
use crate::rows::{OurPayment, OverdueRow, PlanSums, SlotRow};
use crate::violation::Findings;

/// I21: who holds slots, and whether they are of real periods.
pub(crate) fn slots(book: &mut Book, rows: &[OurPayment], slots: &[SlotRow], found: &mut Findings) {
    let mut held: HashMap<Uuid, Vec<&SlotRow>> = HashMap::new();
    for slot in slots {
        held.entry(slot.payment_id).or_default().push(slot);
    }
    for row in rows {
        let held = held.get(&row.id).map_or(&[][..], Vec::as_slice);
        found.checked("I21", 1);
        let mut tell = |said: String| {
            let violation = Violation::new("I21", said).of_uid(row.uid.clone());
            found.push(
                violation
                    .of_plan(row.plan_id)
                    .of_instalment(row.instalment_id),
            );
        };
        let is_over = matches!(row.state.as_str(), "failed" | "rejected" | "abandoned");
        // A person may have said that it moved money all the same.
        if is_over && !held.is_empty() && !row.is_asked_about(&row.uid) {
            tell(format!(
                "{} slots are held by a payment that is {}",
                held.len(),
                row.state
            ));
        }
        if is_over || row.slots_allowed.is_none() {
            continue;
        }
        for how in MonthEnd::BOTH {
            if !held.iter().any(|slot| slot.reading == how.word()) {
                tell(format!(
                    "{}, and no slot is held by {}",
                    row.state,
                    how.word()
                ));
            }
        }
        let Some(kept) = book.agreements.get_mut(&row.agreement_uid) else {
            continue;
        };
        for (periods, how) in kept.periods.iter_mut().zip(MonthEnd::BOTH) {
            for slot in held.iter().filter(|slot| slot.reading == how.word()) {
                let begins = slot.window_first_date;
                if periods.first_date(begins) != Some(begins) {
                    tell(format!(
                        "a slot is held in a period from {begins}, and none begins then"
                    ));
                }
            }
        }
    }
}

/// I11: what is collected is what has settled, and never more than was planned.
pub(crate) fn sums(
    plans: &[PlanSums],
    settled: &BTreeMap<Uuid, i64>,
    is_final: bool,
    found: &mut Findings,
) {
    for plan in plans {
        let settled = settled.get(&plan.id).copied().unwrap_or(0);
        found.checked("I11", 1);
        let mut tell = |said: String| found.push(Violation::new("I11", said).of_plan(plan.id));
        if plan.total_cents < settled && !plan.is_questioned {
            tell(format!(
                "{settled} cents settled of {} planned",
                plan.total_cents
            ));
        }
        if plan.instalments_cents != plan.total_cents {
            tell(format!(
                "its instalments come to {} cents, not {}",
                plan.instalments_cents, plan.total_cents
            ));
        }
        if settled < plan.collected_cents {
            tell(format!(
                "{} cents are collected, {settled} settled",
                plan.collected_cents
            ));
        }
        if is_final && settled != plan.collected_cents && !plan.is_questioned {
            tell(format!(
                "{} cents are collected, {settled} settled",
                plan.collected_cents
            ));
        }
    }
}

/// More days than an instalment under an ad hoc agreement may take, tried again or not.
const ADHOC_DAYS: i64 = 60;

/// Within how many days after its time an instalment has been ended.
const ENDED_WITHIN: TimeDelta = TimeDelta::days(2);

/// I9: no open instalment that nothing will ever look at, and none for which it is too late.
pub(crate) fn lost(book: &mut Book, rows: &[OverdueRow], today: NaiveDate, found: &mut Findings) {
    for row in rows {
        let mut tell = |said: String| {
            let violation = Violation::new("I9", said).of_plan(row.plan_id);
            found.push(violation.of_instalment(row.id));
        };
        if !row.is_looked_at {
            tell(format!(
                "{} since {}, and nothing looks at it",
                row.state, row.due_date
            ));
        }
        // What is being collected ends with its payment.
        let may_end = row.state != "collecting" && !row.is_held;
        if may_end && is_too_late(book, row, today - ENDED_WITHIN) {
            tell(format!(
                "{} since {}, although its time is over",
                row.state, row.due_date
            ));
        }
    }
}

/// Whether the period after the instalment's own is over as well, by whoever reads the months: nothing is
/// carried further than that.
fn is_too_late(book: &mut Book, row: &OverdueRow, date: NaiveDate) -> bool {
    let Some(kept) = book.agreements.get_mut(&row.agreement_uid) else {
        return false;
    };
    let since = row.due_date.max(kept.agreement.validity_start_date);
    if kept.periods.is_empty() {
        return since + TimeDelta::days(ADHOC_DAYS) < date;
    }
    let mut periods = kept.periods.iter_mut();
    periods.all(|periods| 2 <= periods.begun_between(since, date))
}
