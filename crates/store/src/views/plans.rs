//! Plans as the API shows them: a page of them, or one with everything that belongs to it.

use chrono::NaiveDate;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::fit::Validity;
use domain::terms::PaymentTerms;
use domain::uid::{AgreementId, CustomerId, PlanId};
use domain::{agreement, plan};

use super::instalments::{instalments_of, payments_of};
use super::switches::closure_over;
use crate::codec::{count, date, terms_from_json, understood, validity};
use crate::{Store, StoreError};

pub use super::instalments::{InstalmentView, PaymentView};
pub use super::switches::ClosureView;

/// A plan in a list.
#[derive(Clone, Debug)]
pub struct PlanView {
    /// Its id.
    pub id: PlanId,
    /// The lender's own reference.
    pub external_id: String,
    /// Who repays.
    pub customer_id: CustomerId,
    /// What the agreement is for, in Oligo's word.
    pub purpose: String,
    /// What the payer reads.
    pub description: String,
    /// Where it stands.
    pub state: plan::State,
    /// Why nothing is sent for it until a person decides, where that is so.
    pub frozen_because: Option<String>,
    /// Its pause, while it is paused.
    pub pause: Option<PauseView>,
    /// The retry policy it was accepted with.
    pub policy: serde_json::Value,
    /// How many instalments it has.
    pub instalment_count: u32,
    /// The sum of all its instalments, in cents.
    pub total_cents: i64,
    /// The sum of those collected, in cents.
    pub collected_cents: i64,
    /// When it was accepted.
    pub created_at: Instant,
}

/// The pause of a plan that is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseView {
    /// Since when.
    pub since: Instant,
    /// Why, in the lender's words.
    pub reason: String,
    /// The date on which the plan goes on by itself.
    pub until: Option<BusinessDate>,
}

/// A plan with its latest agreement and every instalment.
#[derive(Clone, Debug)]
pub struct PlanDetail {
    /// The plan.
    pub plan: PlanView,
    /// The latest agreement proposed for it.
    pub agreement: AgreementView,
    /// The widest kill switch over it that is closed.
    pub closure: Option<ClosureView>,
    /// Every instalment, in due order.
    pub instalments: Vec<InstalmentView>,
}

/// An agreement as the API shows it.
#[derive(Clone, Debug)]
pub struct AgreementView {
    /// Its id.
    pub id: AgreementId,
    /// Its uid at the provider.
    pub uid: String,
    /// Where it stands.
    pub state: agreement::State,
    /// Its terms.
    pub terms: PaymentTerms,
    /// Its dates.
    pub validity: Validity,
    /// Why these terms and this anchor.
    pub chosen_because: String,
    /// The provider's code for why it stands where it stands.
    pub reason_code: Option<String>,
    /// The provider's words for it.
    pub reason_detail: Option<String>,
    /// When the provider last said how it stands.
    pub confirmed_at: Option<Instant>,
    /// The rule its proposal waits for, while it waits.
    pub waiting_because: Option<String>,
    /// When something is next done about it by itself.
    pub wake_at: Option<Instant>,
    /// Whether the name behind the payer's PayID is the customer's: `same`, `close` or `different`.
    pub payer_match: Option<String>,
    /// When the payer last moved it to another account, as far as the provider told.
    pub amended_at: Option<Instant>,
    /// Since when it is to be cancelled at the provider.
    pub cancel_wanted_at: Option<Instant>,
    /// Since when nobody attends to it: three processes in a row ended that did.
    pub quarantined_at: Option<Instant>,
}

/// Which plans a page shows.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// Only those in this state.
    pub state: Option<plan::State>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only the one of this external id.
    pub external_id: Option<String>,
}

#[derive(sqlx::FromRow)]
struct PlanRow {
    id: Uuid,
    external_id: String,
    customer_id: Uuid,
    purpose: String,
    description: String,
    state: String,
    frozen_because: Option<String>,
    paused_at: Option<Instant>,
    paused_because: Option<String>,
    paused_until: Option<NaiveDate>,
    policy: serde_json::Value,
    instalment_count: i32,
    total_cents: i64,
    collected_cents: i64,
    created_at: Instant,
}

const PLAN_COLUMNS: &str = "select id,
        external_id,
        customer_id,
        purpose,
        description,
        state,
        frozen_because,
        case when state = 'paused' then paused_at end as paused_at,
        paused_because,
        paused_until,
        policy,
        instalment_count,
        total_cents,
        (select coalesce(sum(amount_cents), 0)::bigint
         from instalment
         where instalment.plan_id = plan.id
           and instalment.state = 'collected') as collected_cents,
        created_at
 from plan
 where true";

impl Store {
    /// The newest plans before `before` that pass the filter, newest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn plans_page(
        &self,
        filter: &PlanFilter,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<PlanView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(PLAN_COLUMNS);
        if let Some(state) = filter.state {
            query.push(" and state = ").push_bind(state.as_str());
        }
        if let Some(customer_id) = filter.customer_id {
            query
                .push(" and customer_id = ")
                .push_bind(customer_id.uuid());
        }
        if let Some(external_id) = &filter.external_id {
            query
                .push(" and external_id = ")
                .push_bind(external_id.clone());
        }
        if let Some(before) = before {
            query.push(" and id < ").push_bind(before);
        }
        // Ids are UUIDv7: their order is the order of creation.
        query
            .push(" order by id desc limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<PlanRow> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(plan_view).collect()
    }

    /// The id of the plan with this external id.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn plan_id_by_external_id(
        &self,
        external_id: &str,
    ) -> Result<Option<PlanId>, StoreError> {
        let id: Option<Uuid> = sqlx::query_scalar("select id from plan where external_id = $1")
            .bind(external_id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(id.map(PlanId::new))
    }

    /// A plan with everything that belongs to it, all as of one moment.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn plan_detail(&self, id: PlanId) -> Result<Option<PlanDetail>, StoreError> {
        let mut tx = self
            .begin_by("begin isolation level repeatable read, read only")
            .await?;
        let mut query = QueryBuilder::<Postgres>::new(PLAN_COLUMNS);
        query.push(" and id = ").push_bind(id.uuid());
        let row: Option<PlanRow> = query.build_query_as().fetch_optional(&mut *tx).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let agreement = agreement_of(&mut tx, id).await?;
        let closure = closure_over(&mut tx, id.uuid(), agreement.id.uuid()).await?;
        let payments = payments_of(&mut tx, id).await?;
        let instalments = instalments_of(&mut tx, id, payments).await?;
        tx.commit().await?;
        Ok(Some(PlanDetail {
            plan: plan_view(row)?,
            agreement,
            closure,
            instalments,
        }))
    }
}

fn plan_view(row: PlanRow) -> Result<PlanView, StoreError> {
    let until = row
        .paused_until
        .map(|until| date(until, "paused_until", row.id));
    let until = until.transpose()?;
    let reason = row.paused_because.unwrap_or_default();
    let pause = row.paused_at.map(|since| PauseView {
        since,
        reason,
        until,
    });
    Ok(PlanView {
        id: PlanId::new(row.id),
        external_id: row.external_id,
        customer_id: CustomerId::new(row.customer_id),
        purpose: row.purpose,
        description: row.description,
        state: understood(plan::State::parse(&row.state), "state", row.id)?,
        frozen_because: row.frozen_because,
        pause,
        policy: row.policy,
        instalment_count: count(row.instalment_count, row.id)?,
        total_cents: row.total_cents,
        collected_cents: row.collected_cents,
        created_at: row.created_at,
    })
}

#[derive(sqlx::FromRow)]
struct AgreementRow {
    id: Uuid,
    uid: String,
    state: String,
    terms: serde_json::Value,
    validity_start_date: NaiveDate,
    validity_end_date: Option<NaiveDate>,
    chosen_because: String,
    reason_code: Option<String>,
    reason_detail: Option<String>,
    confirmed_at: Option<Instant>,
    waiting_because: Option<String>,
    wake_at: Option<Instant>,
    payer_match: Option<String>,
    amended_at: Option<Instant>,
    cancel_wanted_at: Option<Instant>,
    quarantined_at: Option<Instant>,
}

async fn agreement_of(tx: &mut PgConnection, id: PlanId) -> Result<AgreementView, StoreError> {
    let row: AgreementRow = sqlx::query_as(
        "select id,
                uid,
                state,
                terms,
                validity_start_date,
                validity_end_date,
                chosen_because,
                reason_code,
                reason_detail,
                confirmed_at,
                waiting_because,
                wake_at,
                payer_match,
                amended_at,
                cancel_wanted_at,
                quarantined_at
         from agreement
         where plan_id = $1
         order by attempt_no desc
         limit 1",
    )
    .bind(id.uuid())
    .fetch_one(tx)
    .await?;
    Ok(AgreementView {
        id: AgreementId::new(row.id),
        uid: row.uid,
        state: understood(agreement::State::parse(&row.state), "state", row.id)?,
        terms: understood(terms_from_json(&row.terms), "terms", row.id)?,
        validity: validity(row.validity_start_date, row.validity_end_date, row.id)?,
        chosen_because: row.chosen_because,
        reason_code: row.reason_code,
        reason_detail: row.reason_detail,
        confirmed_at: row.confirmed_at,
        waiting_because: row.waiting_because,
        wake_at: row.wake_at,
        payer_match: row.payer_match,
        amended_at: row.amended_at,
        cancel_wanted_at: row.cancel_wanted_at,
        quarantined_at: row.quarantined_at,
    })
}
