//! Plans: written whole when they are accepted, completed when their last instalment has ended.

use chrono::NaiveDate;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::fit::Validity;
use domain::money::Cents;
use domain::payment::Step;
use domain::plan;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, CustomerId, InstalmentId, PlanId, ProviderUid};

use crate::codec::{int, terms_to_json, understood};
use crate::idempotency::{self, Claimed, Created, IdempotencyClaim};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::{Store, StoreError};

mod pause;

pub use pause::{Change, Pause, PauseOutcome, PlanToPause};

/// A plan that was proved to fit, with everything that is written when it is accepted.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// The plan's id.
    pub id: PlanId,
    /// The lender's own reference, unique among plans.
    pub external_id: String,
    /// Who repays.
    pub customer_id: CustomerId,
    /// Oligo's word for what the agreement is for, such as `loan`.
    pub purpose: String,
    /// What the payer reads in their bank: 1 to 140 printable ASCII characters.
    pub description: String,
    /// The retry policy, frozen with the plan.
    pub policy: Value,
    /// The agreement to propose.
    pub agreement: NewAgreement,
    /// Every instalment, in due order.
    pub instalments: Vec<NewInstalment>,
    /// The id of the event that tells of it.
    pub event_id: Uuid,
}

/// The first agreement of a new plan.
#[derive(Clone, Debug)]
pub struct NewAgreement {
    /// The agreement's id.
    pub id: AgreementId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// Its terms.
    pub terms: PaymentTerms,
    /// Its dates.
    pub validity: Validity,
    /// How many payments one window (or, ad hoc, its life) allows; `None` is without limit.
    pub slots_allowed: Option<u32>,
    /// Whether the terms were chosen by us; else they are the lender's own.
    pub is_chosen: bool,
    /// Why these terms and this anchor.
    pub chosen_because: String,
}

/// One planned repayment of a new plan.
#[derive(Clone, Copy, Debug)]
pub struct NewInstalment {
    /// The instalment's id.
    pub id: InstalmentId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// When it is due, in Sydney.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// When it is first looked at.
    pub wake_at: Instant,
}

impl Store {
    /// Accepts a plan: plan, every instalment, the drafted agreement, the idempotency row and the event
    /// commit together or not at all.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or when the customer does not exist (`plan_customer_id_fkey`).
    pub async fn open_plan(
        &self,
        plan: &NewPlan,
        claim: Option<&IdempotencyClaim>,
        now: Instant,
    ) -> Result<Created, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(claim) = claim {
            match idempotency::claim(&mut tx, claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => return Ok(Created::Replayed { status, body }),
                Claimed::OtherRequest => return Ok(Created::KeyReused),
            }
        }
        if !insert_plan(&mut tx, plan, now).await? {
            let taken: Uuid = sqlx::query_scalar("select id from plan where external_id = $1")
                .bind(&plan.external_id)
                .fetch_one(&mut *tx)
                .await?;
            tx.rollback().await?;
            return Ok(Created::ExternalIdTaken { id: taken });
        }
        insert_agreement(&mut tx, plan.id, 1, &plan.agreement, now).await?;
        insert_instalments(&mut tx, plan).await?;
        append_events(&mut tx, &[registered(plan)], now).await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(Created::Done)
    }
}

fn registered(plan: &NewPlan) -> NewEvent {
    let total: i64 = plan
        .instalments
        .iter()
        .map(|instalment| instalment.amount.get())
        .sum();
    NewEvent {
        id: plan.event_id,
        kind: "plan.registered",
        aggregate_id: plan.id.uuid(),
        data: json!({
            "plan_id": plan.id.to_string(),
            "external_id": plan.external_id,
            "agreement_id": plan.agreement.id.to_string(),
            "instalments": plan.instalments.len(),
            "total_amount": total,
        }),
    }
}

async fn insert_plan(
    tx: &mut PgConnection,
    plan: &NewPlan,
    now: Instant,
) -> Result<bool, StoreError> {
    let total: i64 = plan
        .instalments
        .iter()
        .map(|instalment| instalment.amount.get())
        .sum();
    let done = sqlx::query(
        "insert into plan
           (id, external_id, customer_id, purpose, description, state, policy,
            instalment_count, total_cents, created_at)
         values ($1, $2, $3, $4, $5, 'awaiting_agreement', $6, $7, $8, $9)
         on conflict (external_id) do nothing",
    )
    .bind(plan.id.uuid())
    .bind(&plan.external_id)
    .bind(plan.customer_id.uuid())
    .bind(&plan.purpose)
    .bind(&plan.description)
    .bind(&plan.policy)
    .bind(i32::try_from(plan.instalments.len()).unwrap_or(i32::MAX))
    .bind(total)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a drafted agreement of a plan, to be taken up at once.
pub(crate) async fn insert_agreement(
    tx: &mut PgConnection,
    plan_id: PlanId,
    attempt_no: u32,
    agreement: &NewAgreement,
    now: Instant,
) -> Result<(), StoreError> {
    let terms_from = if agreement.is_chosen {
        "proposed"
    } else {
        "given"
    };
    sqlx::query(
        "insert into agreement
           (id, plan_id, attempt_no, uid, provider, state, terms, validity_start_date,
            validity_end_date, slots_allowed, chosen_because, terms_from, created_at, wake_at)
         values ($1, $2, $3, $4, 'oligo', 'drafted', $5, $6, $7, $8, $9, $10, $11, $11)",
    )
    .bind(agreement.id.uuid())
    .bind(plan_id.uuid())
    .bind(int(attempt_no))
    .bind(agreement.uid.as_str())
    .bind(terms_to_json(&agreement.terms))
    .bind(agreement.validity.start_date.naive())
    .bind(agreement.validity.end_date.map(BusinessDate::naive))
    .bind(agreement.slots_allowed.map(int))
    .bind(&agreement.chosen_because)
    .bind(terms_from)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_instalments(tx: &mut PgConnection, plan: &NewPlan) -> Result<(), StoreError> {
    let rows = &plan.instalments;
    let due_dates: Vec<NaiveDate> = rows.iter().map(|row| row.due_date.naive()).collect();
    sqlx::query(
        "insert into instalment (id, plan_id, sequence, due_date, amount_cents, state, wake_at)
         select id, $1, sequence, due_date, amount_cents, 'scheduled', wake_at
         from unnest($2::uuid[], $3::integer[], $4::date[], $5::bigint[], $6::timestamptz[])
           as n (id, sequence, due_date, amount_cents, wake_at)",
    )
    .bind(plan.id.uuid())
    .bind(rows.iter().map(|row| row.id.uuid()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| int(row.sequence)).collect::<Vec<_>>())
    .bind(due_dates)
    .bind(rows.iter().map(|row| row.amount.get()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.wake_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Completes those of `plan_ids` of which no instalment is open any more, and lets their agreements sleep.
///
/// The plans' rows are locked first, so of two transactions that each end one of the last two instalments
/// the later sees both.
pub(crate) async fn complete_plans(
    tx: &mut PgConnection,
    plan_ids: &[Uuid],
    now: Instant,
    fresh_id: fn() -> Uuid,
) -> Result<Vec<NewEvent>, StoreError> {
    if plan_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = plan_ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let locked: Vec<(Uuid, String)> = sqlx::query_as(
        "select id, state from plan where id = any($1) order by id for no key update",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let sums: Vec<(Uuid, i64, i64, i64)> = sqlx::query_as(
        "select plan_id,
                count(*) filter (where state in ('scheduled', 'collecting', 'retrying')),
                count(*) filter (where state = 'collected'),
                coalesce(sum(amount_cents) filter (where state = 'collected'), 0)::bigint
         from instalment
         where plan_id = any($1)
         group by plan_id",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;

    let mut completed = Vec::new();
    let mut lines = Vec::new();
    let mut events = Vec::new();
    for (id, state) in locked {
        let from = understood(plan::State::parse(&state), "state", id)?;
        let Some(&(_, open, collected, cents)) = sums.iter().find(|sum| sum.0 == id) else {
            continue;
        };
        if open != 0 {
            continue;
        }
        let Step::Advance(to) = from.step(plan::Event::InstalmentsEnded) else {
            continue;
        };
        completed.push(id);
        lines.push(plan_line(id, from, to, "instalments_ended"));
        events.push(NewEvent {
            id: fresh_id(),
            kind: "plan.completed",
            aggregate_id: id,
            data: json!({
                "plan_id": PlanId::new(id).to_string(),
                "instalments_collected": collected,
                "amount_collected": cents,
            }),
        });
    }
    if !completed.is_empty() {
        sqlx::query(
            "update plan set state = 'completed', version = version + 1 where id = any($1)",
        )
        .bind(&completed)
        .execute(&mut *tx)
        .await?;
        sqlx::query("update agreement set wake_at = null where plan_id = any($1)")
            .bind(&completed)
            .execute(&mut *tx)
            .await?;
        append_journal(tx, &lines, now).await?;
    }
    Ok(events)
}

pub(crate) fn plan_line(
    id: Uuid,
    from: plan::State,
    to: plan::State,
    cause: &'static str,
) -> JournalLine {
    JournalLine {
        subject: "plan",
        subject_id: id,
        from_state: from.as_str(),
        to_state: to.as_str(),
        cause,
        detail: None,
    }
}

/// Freezes plans, each for a reason; the first reason of a frozen plan stays.
pub(crate) async fn freeze_plans(
    tx: &mut PgConnection,
    frozen: &[(PlanId, &'static str)],
) -> Result<(), StoreError> {
    if frozen.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update plan p
         set frozen_because = coalesce(p.frozen_because, n.because), version = p.version + 1
         from unnest($1::uuid[], $2::text[]) as n (id, because)
         where p.id = n.id",
    )
    .bind(frozen.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(
        frozen
            .iter()
            .map(|(_, because)| *because)
            .collect::<Vec<_>>(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks plans, their agreements before them: the order in which everything locks.
pub(crate) async fn lock_plans(tx: &mut PgConnection, plan_ids: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query("select id from agreement where plan_id = any($1) order by id for no key update")
        .bind(plan_ids)
        .execute(&mut *tx)
        .await?;
    sqlx::query("select id from plan where id = any($1) order by id for no key update")
        .bind(plan_ids)
        .execute(tx)
        .await?;
    Ok(())
}
