//! What would be sent now: the engine's own decisions, on rows that are read and not touched.

use std::collections::HashMap;

use tracing::instrument;

use domain::agreement;
use domain::date::{BusinessDate, Instant};
use domain::gate::{Pass, Refusal};
use domain::money::Cents;
use domain::period::Reading;
use domain::uid::{AgreementId, CustomerId, InstalmentId, PlanId};
use store::payments::{ArmPlan, DueRow, HeldSlot};

use crate::gate_facts::may_send;
use crate::put_off::put_off;
use crate::send_payments::plan;
use crate::{Deps, FlowError};

/// Rows that are read at once.
const AT_ONCE: usize = 500;

/// What would become of an instalment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreseen {
    /// It would be sent.
    Sent {
        /// By a retry of a payment that failed; else by a new one.
        is_retry: bool,
        /// Once the provider has confirmed the agreement, which is asked first.
        once_confirmed: bool,
    },
    /// It waits.
    Waits {
        /// For which rule; nothing where it only waits for its hour.
        rule: Option<String>,
        /// When it is looked at next.
        until: Option<Instant>,
    },
    /// It is past its window, and would be told as missed.
    Missed {
        /// By which rule.
        because: String,
    },
}

/// An instalment that is due, and what would become of it.
#[derive(Clone, Debug)]
pub struct DueNow {
    /// Which one.
    pub id: InstalmentId,
    /// Its plan.
    pub plan_id: PlanId,
    /// The lender's reference of the plan.
    pub plan_external_id: String,
    /// Who owes it.
    pub customer_id: CustomerId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// What would become of it.
    pub foreseen: Foreseen,
}

/// What has been foreseen so far: later ones find the slots, and the day, fuller.
#[derive(Default)]
struct Ahead {
    slots: HashMap<AgreementId, Vec<HeldSlot>>,
    under_way: HashMap<AgreementId, u32>,
    caught_up: HashMap<CustomerId, u32>,
}

/// Everything that is due and that no payment is collecting, oldest first, with what the engine would do with it
/// now. Reads only.
///
/// # Errors
///
/// Fails when the database does.
#[instrument(skip_all)]
pub async fn preview(deps: &Deps) -> Result<Vec<DueNow>, FlowError> {
    let now = deps.clock.now();
    let due = deps
        .store
        .due_instalments(BusinessDate::of_instant(now))
        .await?;
    let wakes: HashMap<InstalmentId, Option<Instant>> =
        due.iter().map(|one| (one.id, one.wake_at)).collect();

    let mut ahead = Ahead::default();
    let mut foreseen = Vec::new();
    for chunk in due.chunks(AT_ONCE) {
        let ids: Vec<InstalmentId> = chunk.iter().map(|one| one.id).collect();
        let rows = deps.store.due_rows(&ids, now).await?;
        for (agreement, held) in deps.store.held_slots(&rows).await? {
            ahead.slots.entry(agreement).or_insert(held);
        }
        for row in rows {
            let wake_at = wakes.get(&row.id).copied().flatten();
            foreseen.push(DueNow {
                id: row.id,
                plan_id: row.plan_id,
                plan_external_id: row.plan_external_id.clone(),
                customer_id: row.customer_id,
                sequence: row.sequence,
                due_date: row.due_date,
                amount: row.amount,
                foreseen: ahead.foresee(deps, row, wake_at, now),
            });
        }
    }
    Ok(foreseen)
}

impl Ahead {
    fn foresee(
        &mut self,
        deps: &Deps,
        mut row: DueRow,
        wake_at: Option<Instant>,
        now: Instant,
    ) -> Foreseen {
        if wake_at.is_some_and(|at| now < at) {
            return Foreseen::Waits {
                rule: row.waiting_because,
                until: wake_at,
            };
        }
        let under_way = self.under_way.get(&row.agreement_id).copied();
        row.in_flight = row.in_flight.saturating_add(under_way.unwrap_or(0));
        let caught_up = self.caught_up.get(&row.customer_id).copied();
        row.caught_up = row.caught_up.saturating_add(caught_up.unwrap_or(0));

        let plan = plan(deps, &row);
        let slots = self.slots.entry(row.agreement_id).or_default();
        let mut answer = may_send(&row, &plan, slots, now, &deps.settings);
        let is_stale = matches!(answer, Err(Refusal::AgreementStale { .. }));
        let once_confirmed = is_stale && row.agreement_state == agreement::State::Active;
        if once_confirmed {
            row.agreement_confirmed_at = Some(now);
            answer = may_send(&row, &plan, slots, now, &deps.settings);
        }

        match answer {
            Ok(pass) => {
                self.take(&row, &plan, pass);
                Foreseen::Sent {
                    is_retry: matches!(plan, ArmPlan::Retry { .. }),
                    once_confirmed,
                }
            }
            Err(refusal) => {
                let step = put_off(&row, &refusal, now, &deps.settings);
                match step.ended_because {
                    Some(because) => Foreseen::Missed { because },
                    None => Foreseen::Waits {
                        rule: Some(refusal.code().to_owned()),
                        until: step.wake_at,
                    },
                }
            }
        }
    }

    /// Notes what a payment takes up.
    fn take(&mut self, row: &DueRow, plan: &ArmPlan, pass: Pass) {
        *self.under_way.entry(row.agreement_id).or_default() += 1;
        if matches!(plan, ArmPlan::New { .. }) && row.due_date < pass.today {
            *self.caught_up.entry(row.customer_id).or_default() += 1;
        }
        let slots = self.slots.entry(row.agreement_id).or_default();
        for (reading, window) in Reading::ALL.iter().zip(pass.windows) {
            slots.push(HeldSlot {
                reading: *reading,
                window_first_date: window
                    .map_or(row.validity.start_date, |window| window.first_date),
                // Counted, not kept: which number it is makes no difference here.
                slot_no: 0,
                payment_id: plan.payment_id(),
                is_undecided: true,
            });
        }
    }
}
