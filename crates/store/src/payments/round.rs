//! One round of arming: what is decided on each row under the locks, before anything is written.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use domain::budget::Overrun;
use domain::gate::{Pass, Refusal};
use domain::uid::{InstalmentId, PlanId};

use super::arm::{ArmPlan, Armed, Decide, Within, is_outdated, still_fits};
use super::due::DueRow;
use super::slots::{HeldSlot, NewSlot, take};
use super::spent::Spent;

/// The facts of a round, and what was decided so far.
pub(super) struct Round {
    plans: HashMap<Uuid, ArmPlan>,
    held: HashSet<Uuid>,
    slots: HashMap<Uuid, Vec<HeldSlot>>,
    spent: HashMap<Uuid, Spent>,
    /// Of each agreement, how many were armed here.
    armed: HashMap<Uuid, u32>,
    /// Of each customer, how many late ones were.
    caught_up: HashMap<Uuid, u32>,
    /// Of each plan, the cents that were armed here.
    added: HashMap<Uuid, i64>,
    pub(super) result: Armed,
    pub(super) passed: Vec<(ArmPlan, DueRow)>,
    pub(super) taken: Vec<NewSlot>,
}

impl Round {
    pub(super) fn new(
        plans: Vec<ArmPlan>,
        held: HashSet<Uuid>,
        slots: HashMap<Uuid, Vec<HeldSlot>>,
        spent: HashMap<Uuid, Spent>,
    ) -> Round {
        let plans = plans.into_iter();
        Round {
            plans: plans
                .map(|plan| (plan.instalment_id().uuid(), plan))
                .collect(),
            held,
            slots,
            spent,
            armed: HashMap::new(),
            caught_up: HashMap::new(),
            added: HashMap::new(),
            result: Armed::default(),
            passed: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Decides on a row.
    ///
    /// # Errors
    ///
    /// Fails when it would exceed a budget: then nothing of the round may be written.
    pub(super) fn decide(
        &mut self,
        mut row: DueRow,
        decide: &Decide<'_>,
        within: &Within<'_>,
    ) -> Result<(), (PlanId, InstalmentId, Overrun)> {
        let id = row.id.uuid();
        let Some(plan) = self.plans.remove(&id).filter(|_| self.held.contains(&id)) else {
            return Ok(());
        };
        if is_outdated(&plan, &row) {
            self.result.outdated.push((plan, row));
            return Ok(());
        }
        if !still_fits(&plan, &row) {
            return Ok(());
        }
        let armed_before = self.armed.entry(row.agreement_id.uuid()).or_default();
        row.in_flight = row.in_flight.saturating_add(*armed_before);
        let caught_up = self.caught_up.entry(row.customer_id.uuid()).or_default();
        row.caught_up = row.caught_up.saturating_add(*caught_up);
        let slots = self.slots.entry(row.agreement_id.uuid()).or_default();
        let pass: Result<Pass, Refusal> = decide(&row, &plan, slots);
        match pass {
            Ok(pass) => {
                let added = self.added.entry(row.plan_id.uuid()).or_default();
                let mut spent = self.spent.remove(&id).unwrap_or_default();
                spent.plan_taken_cents = spent.plan_taken_cents.saturating_add(*added);
                spent.sent_today_cents = spent.sent_today_cents.saturating_add(*added);
                let adds = plan.adds_cents(&row);
                if let Err(overrun) = within(&row, &plan, &spent) {
                    return Err((row.plan_id, row.id, overrun));
                }
                *added = added.saturating_add(adds);
                *armed_before = armed_before.saturating_add(1);
                if matches!(plan, ArmPlan::New { .. }) && row.due_date < pass.today {
                    *caught_up = caught_up.saturating_add(1);
                }
                self.taken.extend(take(&row, &plan, pass, slots));
                self.passed.push((plan, row));
            }
            Err(refusal) => self.result.refused.push((plan, row, refusal)),
        }
        Ok(())
    }
}
