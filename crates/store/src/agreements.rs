//! Agreements: read with what their proposal needs, armed before a request, recorded after an answer.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::plan;
use domain::uid::{AgreementId, PlanId};

use crate::exceptions::{NewException, open_exceptions};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::{freeze_plans, plan_line};
use crate::{Store, StoreError};

mod rows;

pub use rows::AgreementRow;

/// A step of one agreement, decided on the row at `version`.
#[derive(Clone, Debug)]
pub struct AgreementWrite {
    /// Which one.
    pub id: AgreementId,
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
    /// When the provider first said that it does not know it.
    pub absent_since_at: Option<Instant>,
    /// When the provider last said how it stands.
    pub confirmed_at: Option<Instant>,
    /// The provider's reason, code and text, where it gave one.
    pub reason: Option<(String, String)>,
    /// Why the plan is frozen from now on.
    pub freeze: Option<&'static str>,
    /// The plan's step that follows.
    pub plan: Option<PlanMove>,
    /// What caused it, for the journal.
    pub cause: &'static str,
    /// What the lender is told.
    pub events: Vec<NewEvent>,
    /// The question it raises.
    pub exception: Option<NewException>,
}

/// A plan's step that follows from its agreement's.
#[derive(Clone, Copy, Debug)]
pub struct PlanMove {
    /// Which plan.
    pub id: PlanId,
    /// Where it must stand.
    pub from: plan::State,
    /// Where it stands then.
    pub to: plan::State,
    /// Whether its waiting instalments are to be looked at at once.
    pub wakes_instalments: bool,
}

impl Store {
    /// Marks drafted agreements as being sent, before any byte leaves: those leased under `token` whose plan
    /// still wants them. Answers the ones that may be sent.
    ///
    /// A plan that was cancelled in a transaction that committed before is not proposed any more.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing may be sent.
    pub async fn arm_agreements(
        &self,
        token: Uuid,
        ids: &[AgreementId],
        now: Instant,
        wake_at: Instant,
    ) -> Result<Vec<AgreementId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let mut tx = self.pool.begin().await?;
        let armed: Vec<Uuid> = sqlx::query_scalar(include_str!("agreements/arm.sql"))
            .bind(&ids)
            .bind(token)
            .bind(now)
            .bind(wake_at)
            .fetch_all(&mut *tx)
            .await?;
        let lines: Vec<JournalLine> = armed
            .iter()
            .map(|id| line(*id, State::Drafted, State::Sending, "proposal_sent", None))
            .collect();
        append_journal(&mut tx, &lines, now).await?;
        tx.commit().await?;
        Ok(armed.into_iter().map(AgreementId::new).collect())
    }

    /// Records decided steps. Answers the ids that were written; the others moved meanwhile and must be
    /// read and decided again.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing of it is written.
    pub async fn record_agreements(
        &self,
        writes: &[AgreementWrite],
        now: Instant,
    ) -> Result<Vec<AgreementId>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let written = update_agreements(&mut tx, writes).await?;
        let done: Vec<&AgreementWrite> = writes
            .iter()
            .filter(|write| written.contains(&write.id.uuid()))
            .collect();
        let moved = done.iter().filter(|write| write.from != write.to);
        let mut lines: Vec<JournalLine> = moved
            .map(|write| {
                let detail = write.reason.as_ref().map(|(code, _)| code.clone());
                line(write.id.uuid(), write.from, write.to, write.cause, detail)
            })
            .collect();
        for plan_move in done.iter().filter_map(|write| write.plan) {
            if move_plan(&mut tx, plan_move, now).await? {
                let id = plan_move.id.uuid();
                lines.push(plan_line(
                    id,
                    plan_move.from,
                    plan_move.to,
                    "agreement_changed",
                ));
            }
        }
        let frozen: Vec<(PlanId, &'static str)> = done
            .iter()
            .filter_map(|write| write.freeze.map(|because| (write.plan_id, because)))
            .collect();
        freeze_plans(&mut tx, &frozen).await?;
        append_journal(&mut tx, &lines, now).await?;
        let exceptions: Vec<NewException> = done
            .iter()
            .filter_map(|write| write.exception.clone())
            .collect();
        open_exceptions(&mut tx, &exceptions, now).await?;
        let events: Vec<NewEvent> = done
            .iter()
            .flat_map(|write| write.events.iter().cloned())
            .collect();
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        if done
            .iter()
            .any(|write| write.plan.is_some_and(|plan| plan.wakes_instalments))
        {
            self.poker.poke();
        }
        Ok(written.into_iter().map(AgreementId::new).collect())
    }
}

async fn update_agreements(
    tx: &mut PgConnection,
    writes: &[AgreementWrite],
) -> Result<Vec<Uuid>, StoreError> {
    let reason = |pick: fn(&(String, String)) -> &String| {
        writes
            .iter()
            .map(|write| write.reason.as_ref().map(pick).cloned())
            .collect::<Vec<_>>()
    };
    let written = sqlx::query_scalar(
        "update agreement a
         set state = n.state,
             wake_at = n.wake_at,
             absent_since_at = n.absent_since_at,
             confirmed_at = n.confirmed_at,
             reason_code = coalesce(n.reason_code, a.reason_code),
             reason_detail = coalesce(n.reason_detail, a.reason_detail),
             version = a.version + 1
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                     $6::timestamptz[], $7::text[], $8::text[])
           as n (id, version, state, wake_at, absent_since_at, confirmed_at, reason_code,
                 reason_detail)
         where a.id = n.id and a.version = n.version
         returning a.id",
    )
    .bind(
        writes
            .iter()
            .map(|write| write.id.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(writes.iter().map(|write| write.version).collect::<Vec<_>>())
    .bind(
        writes
            .iter()
            .map(|write| write.to.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(writes.iter().map(|write| write.wake_at).collect::<Vec<_>>())
    .bind(
        writes
            .iter()
            .map(|write| write.absent_since_at)
            .collect::<Vec<_>>(),
    )
    .bind(
        writes
            .iter()
            .map(|write| write.confirmed_at)
            .collect::<Vec<_>>(),
    )
    .bind(reason(|(code, _)| code))
    .bind(reason(|(_, detail)| detail))
    .fetch_all(tx)
    .await?;
    Ok(written)
}

/// Moves a plan that still stands where it was seen. Its waiting instalments may have been put off until
/// their agreement is there: then they are looked at now.
async fn move_plan(
    tx: &mut PgConnection,
    plan_move: PlanMove,
    now: Instant,
) -> Result<bool, StoreError> {
    let id = plan_move.id.uuid();
    let done = sqlx::query(
        "update plan set state = $3, version = version + 1 where id = $1 and state = $2",
    )
    .bind(id)
    .bind(plan_move.from.as_str())
    .bind(plan_move.to.as_str())
    .execute(&mut *tx)
    .await?;
    if plan_move.wakes_instalments {
        sqlx::query(
            "update instalment
             set wake_at = $2
             where plan_id = $1
               and waiting_because is not null
               and state in ('scheduled', 'retrying')
               and $2 < wake_at",
        )
        .bind(id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(done.rows_affected() == 1)
}

fn line(
    id: Uuid,
    from: State,
    to: State,
    cause: &'static str,
    detail: Option<String>,
) -> JournalLine {
    JournalLine {
        subject: "agreement",
        subject_id: id,
        from_state: from.as_str(),
        to_state: to.as_str(),
        cause,
        detail,
    }
}
