//! A payment with what deciding on a report of it needs.

use chrono::NaiveDate;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::fit::Validity;
use domain::money::Cents;
use domain::payment::State;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid};
use domain::{instalment, plan};

use crate::codec::{cents, count, date, dates, terms_from_json, understood, validity};
use crate::{Store, StoreError};

/// A payment with its instalment, plan and agreement.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// Its id.
    pub id: PaymentId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// The instalment it collects.
    pub instalment_id: InstalmentId,
    /// The plan.
    pub plan_id: PlanId,
    /// The agreement it rests on.
    pub agreement_id: AgreementId,
    /// That agreement's uid.
    pub agreement_uid: ProviderUid,
    /// What it collects.
    pub amount: Cents,
    /// Where it stands.
    pub state: State,
    /// Whether the last request was a retry (the first was a creation).
    pub is_retry: bool,
    /// How often a request was sent for it. A report is of this sending, or of none.
    pub send_no: u32,
    /// Retries of it so far.
    pub retries_made: u32,
    /// When it was submitted, each time.
    pub sent_at: Vec<Instant>,
    /// When it was last submitted.
    pub last_sent_at: Option<Instant>,
    /// Since when it lives no more.
    pub ended_at: Option<Instant>,
    /// When the provider first said, since then, that it does not know it.
    pub absent_since_at: Option<Instant>,
    /// The provider's own word for its state, as last heard.
    pub provider_state: Option<String>,
    /// What the provider said although it could not be true, if it did: a person has been asked.
    pub conflict_state: Option<State>,
    /// Its version.
    pub version: i64,
    /// Where the instalment stands.
    pub instalment_state: instalment::State,
    /// The instalment's version.
    pub instalment_version: i64,
    /// How often the instalment was tried, retries included, this payment's own among them.
    pub tries_made: u32,
    /// When the instalment is due.
    pub due_date: BusinessDate,
    /// The instalment's place in the plan.
    pub sequence: u32,
    /// Where the plan stands.
    pub plan_state: plan::State,
    /// The plan's retry policy.
    pub policy: Value,
    /// When the plan's later instalments are due that are open without a payment under way, under a policy
    /// that may put this one into the window after its own; empty under any other.
    pub others_due: Vec<BusinessDate>,
    /// The agreement's terms.
    pub terms: PaymentTerms,
    /// The agreement's dates.
    pub validity: Validity,
    /// The agreement's failures since its last settled payment.
    pub consecutive_failures: u32,
}

#[derive(FromRow)]
struct Raw {
    id: Uuid,
    uid: String,
    instalment_id: Uuid,
    plan_id: Uuid,
    agreement_id: Uuid,
    agreement_uid: String,
    amount_cents: i64,
    state: String,
    purpose: String,
    send_no: i32,
    retries_made: i32,
    sent_at: Vec<Instant>,
    last_sent_at: Option<Instant>,
    ended_at: Option<Instant>,
    absent_since_at: Option<Instant>,
    provider_state: Option<String>,
    conflict_state: Option<String>,
    version: i64,
    instalment_state: String,
    instalment_version: i64,
    tries_made: i32,
    due_date: NaiveDate,
    sequence: i32,
    plan_state: String,
    policy: Value,
    others_due: Vec<NaiveDate>,
    terms: Value,
    validity_start_date: NaiveDate,
    validity_end_date: Option<NaiveDate>,
    consecutive_failures: i32,
}

const SELECT: &str = include_str!("payment_rows.sql");

impl Store {
    /// The payments with these ids.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn payments(&self, ids: &[PaymentId]) -> Result<Vec<PaymentRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        read_payments(&mut connection, ids).await
    }

    /// The payments of these instalments of which a request may have left, and none of which lives.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn ended_payments(
        &self,
        instalments: &[InstalmentId],
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let instalments: Vec<Uuid> = instalments.iter().map(|id| id.uuid()).collect();
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select id
             from payment
             where instalment_id = any($1)
               and state in ('failed', 'rejected', 'abandoned')
               and 0 < cardinality(sent_at)",
        )
        .bind(&instalments)
        .fetch_all(&self.pool)
        .await?;
        let ids: Vec<PaymentId> = ids.into_iter().map(PaymentId::new).collect();
        self.payments(&ids).await
    }

    /// The ids of the payments with these uids.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn payment_ids_by_uid(
        &self,
        uids: &[String],
    ) -> Result<Vec<(String, PaymentId)>, StoreError> {
        let rows: Vec<(String, Uuid)> =
            sqlx::query_as("select uid, id from payment where uid = any($1)")
                .bind(uids)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(uid, id)| (uid, PaymentId::new(id)))
            .collect())
    }
}

pub(crate) async fn read_payments(
    connection: &mut PgConnection,
    ids: &[PaymentId],
) -> Result<Vec<PaymentRow>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Raw> = sqlx::query_as(SELECT)
        .bind(&ids)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(PaymentRow::try_from).collect()
}

impl TryFrom<Raw> for PaymentRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<PaymentRow, StoreError> {
        let id = raw.id;
        let uid = |text: &str| understood(ProviderUid::parse(text).ok(), "uid", id);
        Ok(PaymentRow {
            id: PaymentId::new(id),
            uid: uid(&raw.uid)?,
            instalment_id: InstalmentId::new(raw.instalment_id),
            plan_id: PlanId::new(raw.plan_id),
            agreement_id: AgreementId::new(raw.agreement_id),
            agreement_uid: uid(&raw.agreement_uid)?,
            amount: cents(raw.amount_cents, id)?,
            state: understood(State::parse(&raw.state), "state", id)?,
            is_retry: raw.purpose == "retry",
            send_no: count(raw.send_no, id)?,
            retries_made: count(raw.retries_made, id)?,
            sent_at: raw.sent_at,
            last_sent_at: raw.last_sent_at,
            ended_at: raw.ended_at,
            absent_since_at: raw.absent_since_at,
            provider_state: raw.provider_state,
            conflict_state: raw
                .conflict_state
                .map(|word| understood(State::parse(&word), "conflict_state", id))
                .transpose()?,
            version: raw.version,
            instalment_state: understood(
                instalment::State::parse(&raw.instalment_state),
                "instalment state",
                id,
            )?,
            instalment_version: raw.instalment_version,
            tries_made: count(raw.tries_made, id)?,
            due_date: date(raw.due_date, "due_date", id)?,
            sequence: count(raw.sequence, id)?,
            plan_state: understood(plan::State::parse(&raw.plan_state), "plan state", id)?,
            policy: raw.policy,
            others_due: dates(raw.others_due, "other due_date", id)?,
            terms: understood(terms_from_json(&raw.terms), "terms", id)?,
            validity: validity(raw.validity_start_date, raw.validity_end_date, id)?,
            consecutive_failures: count(raw.consecutive_failures, id)?,
        })
    }
}
