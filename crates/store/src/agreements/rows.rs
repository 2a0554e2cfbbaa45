//! An agreement with what its proposal, and a question about it, need.

use chrono::NaiveDate;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::fit::Validity;
use domain::plan;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, PlanId, ProviderUid};

use crate::codec::{count, terms_from_json, understood, validity};
use crate::{Store, StoreError};

/// An agreement with the plan and the payer it is for. Its `Debug` leaves the payer out.
#[derive(Clone)]
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

impl std::fmt::Debug for AgreementRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgreementRow")
            .field("id", &self.id)
            .field("uid", &self.uid)
            .field("state", &self.state)
            .field("terms", &self.terms)
            .field("validity", &self.validity)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
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

const SELECT: &str = include_str!("rows.sql");

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
