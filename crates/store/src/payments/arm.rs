//! Arming: the transaction before the request. The gate runs again under row locks, slots are taken, and the
//! row says `sending` before any byte leaves.
//!
//! This is where "stop" is decided: a cancel, pause or kill switch that commits before this transaction locks
//! its rows wins; one that commits after finds the payment in flight.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use domain::budget::Overrun;
use domain::date::{BusinessDate, Instant};
use domain::gate::{Pass, Refusal};
use domain::money::Cents;
use domain::payment;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid};

use super::arm_writes::{insert_payments, lines, move_instalments, send_payments};
use super::due::{self, DueRow};
use super::round::Round;
use super::slots::{HeldSlot, insert_slots, read_slots, release_slots};
use super::spent::{self, Spent};
use crate::control::hold_switches;
use crate::journal::append_journal;
use crate::{Store, StoreError};

/// One request that is about to be made, if the gate lets it.
#[derive(Clone, Debug)]
pub enum ArmPlan {
    /// A new payment, under a uid of its own.
    New {
        /// For which instalment.
        instalment_id: InstalmentId,
        /// The agreement its body names.
        agreement_id: AgreementId,
        /// The amount its body names.
        amount: Cents,
        /// The new payment's id.
        payment_id: PaymentId,
        /// Its uid, derived from the instalment and the number.
        uid: ProviderUid,
        /// Its number among the instalment's payments, from 1.
        attempt_no: u32,
        /// The request's body, frozen: a repetition sends the same.
        request_body: String,
        /// Oligo's `last_payment`, under balloon terms.
        last_payment: Option<bool>,
    },
    /// The provider's retry of the instalment's newest payment, which failed.
    Retry {
        /// For which instalment.
        instalment_id: InstalmentId,
        /// The payment to retry.
        payment_id: PaymentId,
    },
    /// The same creation again, after it is known not to have arrived.
    Resend {
        /// For which instalment.
        instalment_id: InstalmentId,
        /// The payment to send again.
        payment_id: PaymentId,
    },
}

impl ArmPlan {
    /// The instalment it collects.
    pub fn instalment_id(&self) -> InstalmentId {
        match self {
            ArmPlan::New { instalment_id, .. }
            | ArmPlan::Retry { instalment_id, .. }
            | ArmPlan::Resend { instalment_id, .. } => *instalment_id,
        }
    }

    /// What it adds to the sums of its plan, in cents: a payment that is sent again is counted in them already.
    pub fn adds_cents(&self, row: &DueRow) -> i64 {
        match self {
            ArmPlan::New { .. } | ArmPlan::Retry { .. } => row.amount.get(),
            ArmPlan::Resend { .. } => 0,
        }
    }

    /// The payment it sends.
    pub fn payment_id(&self) -> PaymentId {
        match self {
            ArmPlan::New { payment_id, .. }
            | ArmPlan::Retry { payment_id, .. }
            | ArmPlan::Resend { payment_id, .. } => *payment_id,
        }
    }
}

/// A payment whose row says `sending`: the request may and must now be made.
#[derive(Clone, Debug)]
pub struct ArmedPayment {
    /// The payment.
    pub id: PaymentId,
    /// Its uid.
    pub uid: ProviderUid,
    /// The number of this sending.
    pub send_no: u32,
    /// Whether it is a retry at the provider; else a creation.
    pub is_retry: bool,
    /// The frozen body of its creation.
    pub request_body: String,
}

/// What arming led to. A plan in neither list was taken over by another worker.
#[derive(Debug, Default)]
pub struct Armed {
    /// To be sent now.
    pub armed: Vec<ArmedPayment>,
    /// Refused by the gate, with the row it was refused on.
    pub refused: Vec<(ArmPlan, DueRow, Refusal)>,
    /// Made for an agreement that is no longer the plan's current one.
    pub outdated: Vec<(ArmPlan, DueRow)>,
    /// The budget of last resort that one of them would have exceeded, with its plan and instalment. Then
    /// nothing was armed or refused.
    pub overrun: Option<(PlanId, InstalmentId, Overrun)>,
}

pub(super) type Decide<'a> =
    dyn Fn(&DueRow, &ArmPlan, &[HeldSlot]) -> Result<Pass, Refusal> + Send + Sync + 'a;

/// The budgets of last resort.
pub(super) type Within<'a> =
    dyn Fn(&DueRow, &ArmPlan, &Spent) -> Result<(), Overrun> + Send + Sync + 'a;

impl Store {
    /// Arms `plans`, whose rows are leased under `token`: runs `decide` on each under locks and writes all
    /// that pass, if all of them keep `within` the budgets of last resort; else nothing at all. `wake_at` is when
    /// a payment that was never heard of again is asked about.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is written and nothing may be sent.
    pub async fn arm_payments(
        &self,
        token: Uuid,
        plans: Vec<ArmPlan>,
        now: Instant,
        wake_at: Instant,
        decide: &Decide<'_>,
        within: &Within<'_>,
    ) -> Result<Armed, StoreError> {
        let mut tx = self.begin().await?;
        let held = lock(&mut tx, token, &plans, now).await?;
        let ids: Vec<Uuid> = plans
            .iter()
            .map(|plan| plan.instalment_id().uuid())
            .collect();
        let rows = due::read(&mut tx, &ids, now).await?;
        let (slots, outlasted) = read_slots(&mut tx, &rows).await?;
        release_slots(&mut tx, &outlasted, now).await?;
        let spent = spent::read(&mut tx, &ids, now).await?;

        let mut round = Round::new(plans, held, slots, spent);
        for row in rows {
            if let Err(overrun) = round.decide(row, decide, within) {
                tx.rollback().await?;
                return Ok(Armed {
                    overrun: Some(overrun),
                    ..Armed::default()
                });
            }
        }
        let Round {
            mut result,
            passed,
            taken,
            ..
        } = round;

        let payments: Vec<Uuid> = passed
            .iter()
            .map(|(plan, _)| plan.payment_id().uuid())
            .collect();
        insert_payments(&mut tx, token, &passed, now, wake_at).await?;
        result.armed = send_payments(&mut tx, token, &payments, &passed, now, wake_at).await?;
        move_instalments(&mut tx, &passed).await?;
        insert_slots(&mut tx, &taken, now).await?;
        append_journal(&mut tx, &lines(&passed), now).await?;
        tx.commit().await?;
        Ok(result)
    }
}

/// Locks in the one order that everything locks in (switch, customer, agreement, plan, …) and
/// answers the instalments whose work is still this worker's.
async fn lock(
    tx: &mut PgConnection,
    token: Uuid,
    plans: &[ArmPlan],
    now: Instant,
) -> Result<HashSet<Uuid>, StoreError> {
    let instalments: Vec<Uuid> = plans
        .iter()
        .map(|plan| plan.instalment_id().uuid())
        .collect();
    let payments: Vec<Uuid> = plans.iter().map(|plan| plan.payment_id().uuid()).collect();
    hold_switches(tx).await?;
    lock_late_customers(tx, &instalments, now).await?;
    sqlx::query(
        "select a.id
         from agreement a
         where a.plan_id in (select plan_id from instalment where id = any($1))
         order by a.id
         for no key update",
    )
    .bind(&instalments)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "select p.id
         from plan p
         where p.id in (select plan_id from instalment where id = any($1))
         order by p.id
         for share",
    )
    .bind(&instalments)
    .execute(&mut *tx)
    .await?;
    let leased: Vec<(Uuid, Option<Uuid>)> = sqlx::query_as(
        "select id, lease_token from instalment where id = any($1) order by id for no key update",
    )
    .bind(&instalments)
    .fetch_all(&mut *tx)
    .await?;
    let resent: Vec<(Uuid, Option<Uuid>)> = sqlx::query_as(
        "select instalment_id, lease_token
         from payment
         where id = any($1)
         order by id
         for no key update",
    )
    .bind(&payments)
    .fetch_all(&mut *tx)
    .await?;
    let ours = |(id, lease): (Uuid, Option<Uuid>)| (lease == Some(token)).then_some(id);
    // A resend is the payment's work; everything else is the instalment's.
    let by_instalment: HashSet<Uuid> = leased.into_iter().filter_map(ours).collect();
    let by_payment: HashSet<Uuid> = resent.into_iter().filter_map(ours).collect();
    Ok(plans
        .iter()
        .filter_map(|plan| {
            let id = plan.instalment_id().uuid();
            let held = match plan {
                ArmPlan::New { .. } | ArmPlan::Retry { .. } => by_instalment.contains(&id),
                ArmPlan::Resend { .. } => by_payment.contains(&id),
            };
            held.then_some(id)
        })
        .collect())
}

/// Those of late instalments: a customer's late payments are counted over all plans.
async fn lock_late_customers(
    tx: &mut PgConnection,
    instalments: &[Uuid],
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "select c.id
         from customer c
         where c.id in (
           select p.customer_id
           from instalment i
           join plan p on p.id = i.plan_id
           where i.id = any($1) and i.due_date < $2)
         order by c.id
         for no key update",
    )
    .bind(instalments)
    .bind(BusinessDate::of_instant(now).naive())
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a payment that is to be sent again was made under an agreement that another one has replaced.
pub(super) fn is_outdated(plan: &ArmPlan, row: &DueRow) -> bool {
    match plan {
        ArmPlan::New { .. } | ArmPlan::Retry { .. } => false,
        ArmPlan::Resend { payment_id, .. } => row.last_payment.as_ref().is_some_and(|last| {
            last.id == *payment_id
                && last.state == payment::State::Intended
                && last.agreement_id != row.agreement_id
        }),
    }
}

/// Whether the row is still what the plan was made for; if not, another worker was faster.
pub(super) fn still_fits(plan: &ArmPlan, row: &DueRow) -> bool {
    // The newest payment, if it was made under the agreement that the gate decides on.
    let newest = |id: &PaymentId, state: payment::State| {
        row.last_payment.as_ref().is_some_and(|last| {
            last.id == *id && last.state == state && last.agreement_id == row.agreement_id
        })
    };
    match plan {
        ArmPlan::New {
            attempt_no,
            agreement_id,
            amount,
            ..
        } => {
            // The body was written before the locks: it must still say what the row says.
            *attempt_no == row.attempts_made + 1
                && *agreement_id == row.agreement_id
                && *amount == row.amount
        }
        ArmPlan::Retry { payment_id, .. } => newest(payment_id, payment::State::Failed),
        ArmPlan::Resend { payment_id, .. } => newest(payment_id, payment::State::Intended),
    }
}
