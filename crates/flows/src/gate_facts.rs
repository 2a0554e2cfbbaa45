//! From a row and its agreement's slots to the facts the gate decides on.

use domain::date::{BusinessDate, Instant};
use domain::gate::{CatchUp, GateFacts, Pass, Purpose, Refusal, gate};
use domain::payment;
use domain::period::{Reading, window_holding};
use domain::terms::{Allowance, PaymentTerms};
use store::payments::{ArmPlan, DueRow, HeldSlot, LastPayment, crossing};

use crate::Settings;
use crate::retry_policy::carry;

/// Whether `plan` may be sent now, on the facts of `row` and the slots its agreement holds.
pub(crate) fn may_send(
    row: &DueRow,
    plan: &ArmPlan,
    slots: &[HeldSlot],
    now: Instant,
    settings: &Settings,
) -> Result<Pass, Refusal> {
    let today = BusinessDate::of_instant(now);
    let last = row.last_payment.as_ref();
    let lives = |last: &LastPayment| last.state.is_live() || last.state == payment::State::Settled;
    let own = plan.payment_id();
    let (slots_taken, slots_undecided) = slots_taken(row, plan, slots, today);
    gate(&GateFacts {
        now,
        database_reconciled: row.is_reconciled,
        closed: row.closed,
        plan_frozen: row.plan_frozen,
        plan_state: row.plan_state,
        instalment_state: row.state,
        due_date: row.due_date,
        amount: row.amount,
        agreement_state: row.agreement_state,
        agreement_confirmed_at: row.agreement_confirmed_at,
        terms: &row.terms,
        validity: row.validity,
        hours: settings.hours,
        purpose: purpose(plan, last),
        carry: carry(row, settings),
        other_live_payment: last.is_some_and(|last| lives(last) && last.id != own),
        first_of_agreement: row.is_first_of_agreement,
        last_of_plan: row.is_last,
        last_already_made: row.is_last_made,
        consecutive_failures: row.consecutive_failures,
        in_flight: row.in_flight,
        catch_up: CatchUp {
            made_today: row.caught_up,
            a_day_max: settings.catch_up_per_day_max,
        },
        slots_taken,
        slots_undecided,
    })
}

fn purpose<'a>(plan: &ArmPlan, last: Option<&'a LastPayment>) -> Purpose<'a> {
    match plan {
        ArmPlan::New { .. } => Purpose::First,
        ArmPlan::Resend { .. } => Purpose::Resend,
        ArmPlan::Retry { .. } => Purpose::Retry {
            retries_made: last.map_or(0, |last| last.retries_made),
            submitted_at: last.map_or(&[], |last| &last.sent_at),
        },
    }
}

/// Slots taken in today's windows by others, one count for each reading, and how many of them by payments that are
/// undecided. One that was sent in an earlier window takes a slot of today's as well until it has ended.
fn slots_taken(
    row: &DueRow,
    plan: &ArmPlan,
    slots: &[HeldSlot],
    today: BusinessDate,
) -> ([u32; 2], [u32; 2]) {
    let own = plan.payment_id();
    let of = |reading: Reading| {
        let first_date = slot_date(&row.terms, row, reading, today);
        let here = slots
            .iter()
            .filter(|slot| slot.reading == reading && slot.window_first_date == first_date)
            .filter(|slot| slot.payment_id != own);
        let undecided = here.clone().filter(|slot| slot.is_undecided).count();
        let crossing = crossing(slots, reading, first_date, own).len();
        (here.count() + crossing, undecided + crossing)
    };
    let counts = [Reading::Oligo, Reading::Azupay].map(of);
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (
        counts.map(|(taken, _)| narrow(taken)),
        counts.map(|(_, undecided)| narrow(undecided)),
    )
}

/// What slots of a payment sent on `date` are filed under, in the order of [`Reading::ALL`].
pub(crate) fn slot_dates(row: &DueRow, date: BusinessDate) -> [BusinessDate; 2] {
    [Reading::Oligo, Reading::Azupay].map(|reading| slot_date(&row.terms, row, reading, date))
}

/// What slots of today are filed under: the window's first date, or the validity's start for a count over
/// the agreement's life.
fn slot_date(
    terms: &PaymentTerms,
    row: &DueRow,
    reading: Reading,
    today: BusinessDate,
) -> BusinessDate {
    let anchor = row.validity.start_date;
    match terms.allowance() {
        Allowance::PerWindow(_) => {
            window_holding(anchor, terms.frequency(), reading, today.max(anchor))
                .map_or(anchor, |window| window.first_date)
        }
        Allowance::Lifetime(_) | Allowance::Unlimited => anchor,
    }
}
