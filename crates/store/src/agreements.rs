//! Agreements: read with what their proposal needs, armed before a request, recorded after an answer.

use chrono::NaiveDate;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::fit::Validity;
use domain::plan;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, PlanId, ProviderUid};

use crate::codec::{count, terms_from_json, understood, validity};
use crate::exceptions::{NewException, open_exceptions};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::plan_line;
use crate::{Store, StoreError};

/// An agreement with the plan and the payer it is for.
#[derive(Clone, Debug)]
pub struct AgreementRow {
    /// Its id.
    pub id: AgreementId,
    /// Its plan.
    pub plan_id: PlanId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// Where it stands.
    pub state: State,
    /// Its terms.
    pub terms: PaymentTerms,
    /// Its dates.
    pub validity: Validity,
    /// How often its creation was sent.
    pub send_no: u32,
    /// When its creation was last sent.
    pub last_sent_at: Option<Instant>,
    /// When the provider first said, since then, that it does not know it.
    pub absent_since_at: Option<Instant>,
    /// When the provider last said how it stands.
    pub confirmed_at: Option<Instant>,
    /// When it was drafted.
    pub created_at: Instant,
    /// The row's version.
    pub version: i64,
    /// Where its plan stands.
    pub plan_state: plan::State,
    /// Oligo's word for what it is for.
    pub purpose: String,
    /// What the payer reads.
    pub description: String,
    /// The payer's name.
    pub payer_name: String,
    /// The kind of the payer's account, in Oligo's words.
    pub account_kind: String,
    /// The payer's account or PayID.
    pub account_value: String,
    /// The payer's id.
    pub customer_id: Uuid,
}

#[derive(FromRow)]
struct Raw {
    id: Uuid,
    plan_id: Uuid,
    uid: String,
    state: String,
    terms: Value,
    validity_start_date: NaiveDate,
    validity_end_date: Option<NaiveDate>,
    send_no: i32,
    last_sent_at: Option<Instant>,
    absent_since_at: Option<Instant>,
    confirmed_at: Option<Instant>,
    created_at: Instant,
    version: i64,
    plan_state: String,
    purpose: String,
    description: String,
    name_sealed: Vec<u8>,
    account_kind: String,
    account_sealed: Vec<u8>,
    customer_id: Uuid,
}

const SELECT: &str = include_str!("agreements/rows.sql");

/// A step of one agreement, decided on the row at `version`.
#[derive(Clone, Debug)]
pub struct AgreementWrite {
    /// Which one.
    pub id: AgreementId,
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
    /// The agreements with these ids.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn agreements(&self, ids: &[AgreementId]) -> Result<Vec<AgreementRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Raw> = sqlx::query_as(SELECT)
            .bind(&ids)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter()
            .map(|raw| self.agreement_row(raw))
            .collect()
    }

    /// The ids of the agreements with these uids.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn agreement_ids_by_uid(
        &self,
        uids: &[String],
    ) -> Result<Vec<(String, AgreementId)>, StoreError> {
        let rows: Vec<(String, Uuid)> =
            sqlx::query_as("select uid, id from agreement where uid = any($1)")
                .bind(uids)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(uid, id)| (uid, AgreementId::new(id)))
            .collect())
    }

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

    fn agreement_row(&self, raw: Raw) -> Result<AgreementRow, StoreError> {
        let id = raw.id;
        Ok(AgreementRow {
            id: AgreementId::new(id),
            plan_id: PlanId::new(raw.plan_id),
            uid: understood(ProviderUid::parse(&raw.uid).ok(), "uid", id)?,
            state: understood(State::parse(&raw.state), "state", id)?,
            terms: understood(terms_from_json(&raw.terms), "terms", id)?,
            validity: validity(raw.validity_start_date, raw.validity_end_date, id)?,
            send_no: count(raw.send_no, id)?,
            last_sent_at: raw.last_sent_at,
            absent_since_at: raw.absent_since_at,
            confirmed_at: raw.confirmed_at,
            created_at: raw.created_at,
            version: raw.version,
            plan_state: understood(plan::State::parse(&raw.plan_state), "plan state", id)?,
            purpose: raw.purpose,
            description: raw.description,
            payer_name: self.vault.open_text("customer.name", &raw.name_sealed)?,
            account_kind: raw.account_kind,
            account_value: self
                .vault
                .open_text("customer.account", &raw.account_sealed)?,
            customer_id: raw.customer_id,
        })
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
