//! Everything the gate wants to know of an instalment, in one statement for a set of them.

use chrono::NaiveDate;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::fit::Validity;
use domain::gate::Scope;
use domain::money::Cents;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, CustomerId, InstalmentId, PaymentId, PlanId, ProviderUid};
use domain::{agreement, instalment, payment, plan};

use crate::codec::{cents, count, date, dates, terms_from_json, understood, validity};
use crate::{Store, StoreError};

/// An instalment with its plan, its agreement and its newest payment.
#[derive(Clone, Debug)]
pub struct DueRow {
    /// The instalment.
    pub id: InstalmentId,
    /// Its plan.
    pub plan_id: PlanId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// Whether it is the plan's last.
    pub is_last: bool,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// Where it stands.
    pub state: instalment::State,
    /// The rule it has been waiting for, if it was put off.
    pub waiting_because: Option<String>,
    /// Payments made for it so far, the next one's number less one.
    pub attempts_made: u32,
    /// Its version.
    pub version: i64,
    /// The lender's reference of the plan.
    pub plan_external_id: String,
    /// Where the plan stands.
    pub plan_state: plan::State,
    /// Whether an open exception freezes the plan.
    pub plan_frozen: bool,
    /// The plan's retry policy.
    pub policy: Value,
    /// When the plan's later instalments are due that are open without a payment under way, under a policy
    /// that may put this one into the window after its own; empty under any other.
    pub others_due: Vec<BusinessDate>,
    /// Whether this database is the one that was last compared with the provider.
    pub is_reconciled: bool,
    /// The widest kill switch over it that is closed; nothing where all are open.
    pub closed: Option<Scope>,
    /// The plan's newest agreement.
    pub agreement_id: AgreementId,
    /// Its uid at the provider.
    pub agreement_uid: ProviderUid,
    /// Where it stands.
    pub agreement_state: agreement::State,
    /// When the provider last said so.
    pub agreement_confirmed_at: Option<Instant>,
    /// Its terms.
    pub terms: PaymentTerms,
    /// Its dates.
    pub validity: Validity,
    /// Slots in each of its windows, or over its life; `None` is without limit.
    pub slots_allowed: Option<i32>,
    /// Failures since its last settled payment.
    pub consecutive_failures: u32,
    /// Other payments under it by which money may still move.
    pub in_flight: u32,
    /// Who owes it.
    pub customer_id: CustomerId,
    /// Of an instalment that is late: new payments made today for other late ones of the customer.
    pub caught_up: u32,
    /// Whether no payment under the agreement lives or has settled, this instalment's own left out.
    pub is_first_of_agreement: bool,
    /// Whether a payment under the agreement that was called its last lives or has settled, this
    /// instalment's own left out.
    pub is_last_made: bool,
    /// The instalment's newest payment.
    pub last_payment: Option<LastPayment>,
}

/// The newest payment of an instalment.
#[derive(Clone, Debug)]
pub struct LastPayment {
    /// Its id.
    pub id: PaymentId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// The agreement it was made under.
    pub agreement_id: AgreementId,
    /// Where it stands.
    pub state: payment::State,
    /// Retries of it so far.
    pub retries_made: u32,
    /// When it was submitted, each time.
    pub sent_at: Vec<Instant>,
    /// Why it failed last.
    pub failure_code: Option<String>,
    /// Whether the provider says that failure may be retried.
    pub failure_retryable: Option<bool>,
}

#[derive(FromRow)]
pub(super) struct Raw {
    id: Uuid,
    plan_id: Uuid,
    sequence: i32,
    instalment_count: i32,
    due_date: NaiveDate,
    amount_cents: i64,
    state: String,
    waiting_because: Option<String>,
    attempts_made: i32,
    version: i64,
    external_id: String,
    plan_state: String,
    plan_frozen: bool,
    policy: Value,
    others_due: Vec<NaiveDate>,
    is_reconciled: bool,
    closed: Option<String>,
    agreement_id: Uuid,
    agreement_uid: String,
    agreement_state: String,
    confirmed_at: Option<Instant>,
    terms: Value,
    validity_start_date: NaiveDate,
    validity_end_date: Option<NaiveDate>,
    slots_allowed: Option<i32>,
    consecutive_failures: i32,
    in_flight: i32,
    customer_id: Uuid,
    caught_up: i32,
    is_first: bool,
    is_last_made: bool,
    payment_id: Option<Uuid>,
    payment_uid: Option<String>,
    payment_agreement_id: Option<Uuid>,
    payment_state: Option<String>,
    payment_retries: Option<i32>,
    payment_sent_at: Option<Vec<Instant>>,
    failure_code: Option<String>,
    failure_retryable: Option<bool>,
}

const SELECT: &str = include_str!("due_rows.sql");

impl Store {
    /// The instalments with these ids, oldest due first, read without locks: good enough to decide what to
    /// try, never to send on. What of them is late is so at `now`.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn due_rows(
        &self,
        ids: &[InstalmentId],
        now: Instant,
    ) -> Result<Vec<DueRow>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let mut connection = self.pool.acquire().await?;
        read(&mut connection, &ids, now).await
    }
}

pub(super) async fn read(
    connection: &mut PgConnection,
    ids: &[Uuid],
    now: Instant,
) -> Result<Vec<DueRow>, StoreError> {
    let today = BusinessDate::of_instant(now);
    let rows: Vec<Raw> = sqlx::query_as(SELECT)
        .bind(ids)
        .bind(today.naive())
        .bind(today.opens_at())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(DueRow::try_from).collect()
}

impl TryFrom<Raw> for DueRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<DueRow, StoreError> {
        let id = raw.id;
        let last_payment = last_payment(&raw)?;
        let closed = raw.closed.as_deref().map(Scope::parse);
        let closed = closed.map(|scope| understood(scope, "scope", id));
        Ok(DueRow {
            id: InstalmentId::new(id),
            plan_id: PlanId::new(raw.plan_id),
            sequence: count(raw.sequence, id)?,
            is_last: raw.sequence == raw.instalment_count,
            due_date: date(raw.due_date, "due_date", id)?,
            amount: cents(raw.amount_cents, id)?,
            state: understood(instalment::State::parse(&raw.state), "state", id)?,
            waiting_because: raw.waiting_because,
            attempts_made: count(raw.attempts_made, id)?,
            version: raw.version,
            plan_external_id: raw.external_id,
            plan_state: understood(plan::State::parse(&raw.plan_state), "plan state", id)?,
            plan_frozen: raw.plan_frozen,
            policy: raw.policy,
            others_due: dates(raw.others_due, "other due_date", id)?,
            is_reconciled: raw.is_reconciled,
            closed: closed.transpose()?,
            agreement_id: AgreementId::new(raw.agreement_id),
            agreement_uid: understood(
                ProviderUid::parse(&raw.agreement_uid).ok(),
                "agreement uid",
                id,
            )?,
            agreement_state: understood(
                agreement::State::parse(&raw.agreement_state),
                "agreement state",
                id,
            )?,
            agreement_confirmed_at: raw.confirmed_at,
            terms: understood(terms_from_json(&raw.terms), "terms", id)?,
            validity: validity(raw.validity_start_date, raw.validity_end_date, id)?,
            slots_allowed: raw.slots_allowed,
            consecutive_failures: count(raw.consecutive_failures, id)?,
            in_flight: count(raw.in_flight, id)?,
            customer_id: CustomerId::new(raw.customer_id),
            caught_up: count(raw.caught_up, id)?,
            is_first_of_agreement: raw.is_first,
            is_last_made: raw.is_last_made,
            last_payment,
        })
    }
}

fn last_payment(raw: &Raw) -> Result<Option<LastPayment>, StoreError> {
    let (Some(id), Some(uid), Some(agreement_id), Some(state)) = (
        raw.payment_id,
        &raw.payment_uid,
        raw.payment_agreement_id,
        &raw.payment_state,
    ) else {
        return Ok(None);
    };
    Ok(Some(LastPayment {
        id: PaymentId::new(id),
        uid: understood(ProviderUid::parse(uid).ok(), "payment uid", id)?,
        agreement_id: AgreementId::new(agreement_id),
        state: understood(payment::State::parse(state), "payment state", id)?,
        retries_made: count(raw.payment_retries.unwrap_or(0), id)?,
        sent_at: raw.payment_sent_at.clone().unwrap_or_default(),
        failure_code: raw.failure_code.clone(),
        failure_retryable: raw.failure_retryable,
    }))
}
