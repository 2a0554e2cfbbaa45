//! An agreement with what its proposal, and a question about it, need.

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
    /// Its number among its plan's agreements, from 1.
    pub attempt_no: u32,
    /// Whether its terms were chosen by us; else they are the lender's own.
    pub is_chosen: bool,
    /// The rule its proposal waits for, while it waits.
    pub waiting_because: Option<String>,
    /// How it is to be ended, if it is.
    pub cancellation: Option<Cancellation>,
    /// Where its plan stands.
    pub plan_state: plan::State,
    /// When its plan, which is paused, goes on by itself.
    pub plan_resumes_at: Option<Instant>,
    /// Whether an open exception freezes the plan.
    pub plan_frozen: bool,
    /// Whether this database is the one that was last compared with the provider.
    pub is_reconciled: bool,
    /// The plan's retry policy.
    pub policy: Value,
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
    /// The account it is collected from by the provider's last word, where that is another: kind and value.
    pub debtor_account: Option<(String, String)>,
    /// The payer's id.
    pub customer_id: Uuid,
}

/// That an agreement is to be ended at the provider, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// The provider's word for why.
    pub reason: String,
    /// When the provider was last asked for it.
    pub sent_at: Option<Instant>,
    /// When a hint last said that the provider could not do it.
    pub failed_at: Option<Instant>,
    /// How often the provider was asked for it.
    pub tries: u32,
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
    attempt_no: i32,
    terms_from: String,
    waiting_because: Option<String>,
    cancel_reason: Option<String>,
    cancel_sent_at: Option<Instant>,
    cancel_failed_at: Option<Instant>,
    cancel_tries: i32,
    plan_state: String,
    plan_frozen: bool,
    is_reconciled: bool,
    plan_resumes_at: Option<Instant>,
    policy: Value,
    purpose: String,
    description: String,
    name_sealed: Vec<u8>,
    account_kind: String,
    account_sealed: Vec<u8>,
    debtor_account_kind: Option<String>,
    debtor_account_sealed: Option<Vec<u8>>,
    customer_id: Uuid,
}

const SELECT: &str = include_str!("rows.sql");

/// The column of the account the provider tells of, as the vault knows it.
pub(super) const DEBTOR_ACCOUNT: &str = "agreement.debtor_account";

impl Store {
    /// The agreements with these ids.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn agreements(&self, ids: &[AgreementId]) -> Result<Vec<AgreementRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.read_agreements(&mut connection, ids).await
    }

    /// The same, within the caller's transaction.
    pub(crate) async fn read_agreements(
        &self,
        connection: &mut PgConnection,
        ids: &[AgreementId],
    ) -> Result<Vec<AgreementRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Raw> = sqlx::query_as(SELECT)
            .bind(&ids)
            .fetch_all(connection)
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
        let cancellation = match raw.cancel_reason {
            Some(reason) => Some(Cancellation {
                reason,
                sent_at: raw.cancel_sent_at,
                failed_at: raw.cancel_failed_at,
                tries: count(raw.cancel_tries, id)?,
            }),
            None => None,
        };
        let debtor_account = match (raw.debtor_account_kind, raw.debtor_account_sealed) {
            (Some(kind), Some(sealed)) => {
                Some((kind, self.vault.open_text(DEBTOR_ACCOUNT, &sealed)?))
            }
            (_, _) => None,
        };
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
            attempt_no: count(raw.attempt_no, id)?,
            is_chosen: raw.terms_from == "proposed",
            waiting_because: raw.waiting_because,
            cancellation,
            plan_frozen: raw.plan_frozen,
            is_reconciled: raw.is_reconciled,
            plan_resumes_at: raw.plan_resumes_at,
            policy: raw.policy,
            plan_state: understood(plan::State::parse(&raw.plan_state), "plan state", id)?,
            purpose: raw.purpose,
            description: raw.description,
            payer_name: self.vault.open_text("customer.name", &raw.name_sealed)?,
            account_kind: raw.account_kind,
            account_value: self
                .vault
                .open_text("customer.account", &raw.account_sealed)?,
            debtor_account,
            customer_id: raw.customer_id,
        })
    }
}
