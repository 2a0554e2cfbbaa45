//! A plan collected to its end, through the gate, day by day.

use domain::date::BusinessDate;
use domain::gate::{Carry, CatchUp, GateFacts, Purpose, Refusal, SendingHours, gate};
use domain::instalment::State;
use domain::money::Cents;
use domain::variation::{PlanView, WhatIf};
use domain::{agreement, plan};

use super::ledger::Ledger;

/// What is owed and has no payment under way.
#[derive(Clone, Copy, Debug)]
pub struct Owed {
    pub sequence: u32,
    pub due_date: BusinessDate,
    pub amount: Cents,
    pub state: State,
    pub may_carry: bool,
    /// When it is tried first.
    pub from_date: BusinessDate,
}

/// The first date on which anything can be collected.
pub fn opens_date(plan: &PlanView) -> BusinessDate {
    plan.today.max(plan.validity.start_date)
}

/// The ledger of what was made under the agreement, with room for all that is to come.
pub fn ledger(plan: &PlanView, answer: &WhatIf) -> Ledger {
    let due = answer.tail.iter().map(|one| one.due_date);
    let planned = plan
        .instalments
        .iter()
        .filter_map(|one| one.collection_date);
    let last = due.chain(planned).max().unwrap_or(plan.today);
    let until = last.max(opens_date(plan)).plus_days(400);
    let mut ledger = Ledger::new(plan, until.expect("in range"));
    for one in &plan.instalments {
        let is_made = matches!(one.state, State::Collecting | State::Collected);
        let made = one.collection_date.filter(|_| is_made);
        if let Some(date) = made.filter(|date| plan.validity.start_date <= *date) {
            ledger.take(date);
        }
    }
    ledger
}

/// What is still to be collected: what waits for a retry, and the tail.
pub fn owed(plan: &PlanView, answer: &WhatIf) -> Vec<Owed> {
    let retrying = plan
        .instalments
        .iter()
        .filter(|one| one.state == State::Retrying);
    let retrying = retrying.map(|one| Owed {
        sequence: one.sequence,
        due_date: one.due_date,
        amount: one.amount,
        state: State::Retrying,
        may_carry: one.may_carry,
        from_date: one
            .collection_date
            .max(Some(opens_date(plan)))
            .expect("a date"),
    });
    let may_carry = |sequence| {
        let known = plan.instalments.iter().find(|one| one.sequence == sequence);
        known.is_some_and(|one| one.may_carry)
    };
    let tail = answer.tail.iter().map(|one| Owed {
        sequence: one.sequence,
        due_date: one.due_date,
        amount: one.amount,
        state: State::Scheduled,
        may_carry: may_carry(one.sequence),
        from_date: one.due_date.max(opens_date(plan)),
    });
    retrying.chain(tail).collect()
}

/// Sends whatever the gate lets through, each day at nine; the answer is what it never did.
pub fn never_collected(plan: &PlanView, mut owed: Vec<Owed>, ledger: &mut Ledger) -> Vec<Owed> {
    owed.sort_by_key(|one| one.due_date);
    let mut never = Vec::new();
    let mut day = opens_date(plan);
    while let Some(next) = owed.iter().map(|one| one.from_date).min() {
        day = day.max(next);
        let mut place = 0;
        while let Some(one) = owed.get(place).copied() {
            if day < one.from_date {
                place += 1;
                continue;
            }
            match sent(plan, &owed, &one, ledger, day) {
                Ok(()) => ledger.take(day),
                Err(Refusal::NoFreeSlot { .. }) => {
                    place += 1;
                    continue;
                }
                Err(_) => never.push(one),
            }
            owed.remove(place);
        }
        day = day.plus_days(1).expect("in range");
    }
    never
}

fn sent(
    plan: &PlanView,
    owed: &[Owed],
    one: &Owed,
    ledger: &Ledger,
    day: BusinessDate,
) -> Result<(), Refusal> {
    let others = owed.iter().filter(|other| other.sequence != one.sequence);
    let others_due: Vec<_> = others.map(|other| other.due_date).collect();
    let now = day.at_hour(9, 0);
    let facts = GateFacts {
        now,
        database_reconciled: true,
        closed: None,
        plan_frozen: false,
        plan_state: plan::State::Active,
        instalment_state: one.state,
        due_date: one.due_date,
        amount: one.amount,
        agreement_state: agreement::State::Active,
        agreement_confirmed_at: Some(now),
        terms: &plan.terms,
        validity: plan.validity,
        hours: SendingHours::default(),
        purpose: Purpose::First,
        carry: match one.may_carry {
            true => Carry::IntoNextWindow {
                others_due: &others_due,
            },
            false => Carry::Never,
        },
        other_live_payment: false,
        first_of_agreement: ledger.payments == 0,
        last_of_plan: others_due.is_empty(),
        last_already_made: false,
        consecutive_failures: 0,
        in_flight: 0,
        catch_up: CatchUp::UNLIMITED,
        slots_taken: ledger.slots_taken(day),
        slots_undecided: [0, 0],
    };
    gate(&facts).map(|_| ())
}
