//! Instalments: put off with a reason, or ended with one.

use chrono::NaiveDate;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::instalment::State;
use domain::money::Cents;
use domain::uid::{InstalmentId, PlanId};

use crate::codec::{cents, count, date, understood};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::{complete_plans, lock_plans};
use crate::{Store, StoreError};

/// A step of one instalment.
#[derive(Clone, Debug)]
pub struct InstalmentMove {
    /// Which one.
    pub id: InstalmentId,
    /// Its plan.
    pub plan_id: PlanId,
    /// The version it was decided on.
    pub version: i64,
    /// Where it stood.
    pub from: State,
    /// Where it stands now; may be the same.
    pub to: State,
    /// When to look at it again.
    pub wake_at: Option<Instant>,
    /// The rule it waits for, while it waits.
    pub waiting_because: Option<String>,
    /// The rule that ended it, once it ended.
    pub ended_because: Option<String>,
    /// What caused it, for the journal.
    pub cause: &'static str,
}

/// An instalment that is still to be collected.
#[derive(Clone, Copy, Debug)]
pub struct OpenDue {
    /// Which one.
    pub id: InstalmentId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// Where it stands.
    pub state: State,
}

impl Store {
    /// Records instalments that are put off or ended without a payment being sent. Only those leased under
    /// `token` and unmoved since are written; answers their ids.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing of it is written.
    pub async fn move_instalments(
        &self,
        token: Uuid,
        moves: &[InstalmentMove],
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<Vec<InstalmentId>, StoreError> {
        let mut tx = self.begin().await?;
        let ending: Vec<Uuid> = moves
            .iter()
            .filter(|step| !step.to.is_open())
            .map(|step| step.plan_id.uuid())
            .collect();
        lock_plans(&mut tx, &ending).await?;
        lock_instalments(&mut tx, moves).await?;
        let written = write_moves(&mut tx, moves, Some(token), now).await?;
        let done: Vec<&InstalmentMove> = moves
            .iter()
            .filter(|step| written.contains(&step.id.uuid()))
            .collect();
        let ended: Vec<&InstalmentMove> =
            done.into_iter().filter(|step| !step.to.is_open()).collect();
        let mut events: Vec<NewEvent> = ended
            .iter()
            .map(|step| ended_event(step, fresh_id()))
            .collect();
        let plans: Vec<Uuid> = ended.iter().map(|step| step.plan_id.uuid()).collect();
        events.extend(complete_plans(&mut tx, &plans, now, fresh_id).await?);
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        Ok(written.into_iter().map(InstalmentId::new).collect())
    }

    /// The instalments of a plan that are still open, in due order.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn open_instalments(&self, plan_id: PlanId) -> Result<Vec<OpenDue>, StoreError> {
        let rows: Vec<(Uuid, i32, NaiveDate, i64, String)> = sqlx::query_as(
            "select id, sequence, due_date, amount_cents, state
             from instalment
             where plan_id = $1
               and state in ('scheduled', 'collecting', 'retrying')
             order by due_date, sequence",
        )
        .bind(plan_id.uuid())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, sequence, due_date, amount, state)| {
                Ok(OpenDue {
                    id: InstalmentId::new(id),
                    sequence: count(sequence, id)?,
                    due_date: date(due_date, "due_date", id)?,
                    amount: cents(amount, id)?,
                    state: understood(State::parse(&state), "state", id)?,
                })
            })
            .collect()
    }
}

/// In the order of their ids, as an opened switch wakes them.
async fn lock_instalments(
    tx: &mut PgConnection,
    moves: &[InstalmentMove],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = moves.iter().map(|step| step.id.uuid()).collect();
    sqlx::query("select id from instalment where id = any($1) order by id for no key update")
        .bind(&ids)
        .execute(tx)
        .await?;
    Ok(())
}

/// What the lender is told of an instalment that ended without a payment that says so.
pub(crate) fn ended_event(step: &InstalmentMove, id: Uuid) -> NewEvent {
    let kind = match step.to {
        State::Missed => "instalment.missed",
        State::Scheduled
        | State::Collecting
        | State::Retrying
        | State::Collected
        | State::Failed
        | State::Waived
        | State::Cancelled
        | State::PaidElsewhere => "instalment.ended",
    };
    NewEvent {
        id,
        kind,
        aggregate_id: step.plan_id.uuid(),
        data: json!({
            "plan_id": step.plan_id.to_string(),
            "instalment_id": step.id.to_string(),
            "state": step.to.as_str(),
            "reason": step.ended_because,
        }),
    }
}

/// Writes moves and their journal lines; with a `token`, only rows leased under it.
pub(crate) async fn write_moves(
    tx: &mut PgConnection,
    moves: &[InstalmentMove],
    token: Option<Uuid>,
    now: Instant,
) -> Result<Vec<Uuid>, StoreError> {
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let written: Vec<Uuid> = sqlx::query_scalar(
        "update instalment i
         set state = n.state,
             wake_at = n.wake_at,
             waiting_because = n.waiting_because,
             ended_because = n.ended_because,
             version = i.version + 1
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[],
                     $6::text[])
           as n (id, version, state, wake_at, waiting_because, ended_because)
         where i.id = n.id
           and i.version = n.version
           and ($7::uuid is null or i.lease_token = $7)
         returning i.id",
    )
    .bind(moves.iter().map(|step| step.id.uuid()).collect::<Vec<_>>())
    .bind(moves.iter().map(|step| step.version).collect::<Vec<_>>())
    .bind(
        moves
            .iter()
            .map(|step| step.to.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(moves.iter().map(|step| step.wake_at).collect::<Vec<_>>())
    .bind(
        moves
            .iter()
            .map(|step| step.waiting_because.clone())
            .collect::<Vec<_>>(),
    )
    .bind(
        moves
            .iter()
            .map(|step| step.ended_because.clone())
            .collect::<Vec<_>>(),
    )
    .bind(token)
    .fetch_all(&mut *tx)
    .await?;
    let lines: Vec<JournalLine> = moves
        .iter()
        .filter(|step| step.from != step.to && written.contains(&step.id.uuid()))
        .map(|step| JournalLine {
            subject: "instalment",
            subject_id: step.id.uuid(),
            from_state: step.from.as_str(),
            to_state: step.to.as_str(),
            cause: step.cause,
            detail: step.ended_because.clone(),
        })
        .collect();
    append_journal(tx, &lines, now).await?;
    Ok(written)
}
