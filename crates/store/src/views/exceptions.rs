//! What waits for a person, and how it was answered.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{
    AgreementId, CustomerId, ExceptionId, InstalmentId, PaymentId, PlanId, WebhookId,
};

use crate::{Store, StoreError};

/// A question, open or answered.
#[derive(Clone, Debug)]
pub struct ExceptionView {
    /// Its id.
    pub id: ExceptionId,
    /// Its kind, such as `late_settlement`.
    pub kind: String,
    /// The plan it concerns, where there is one.
    pub plan_id: Option<PlanId>,
    /// What it is about, such as `payment`.
    pub subject: String,
    /// That object's id, as it is shown.
    pub subject_id: String,
    /// The facts, in a sentence.
    pub detail: String,
    /// Who takes care of it, once someone does.
    pub owner: Option<String>,
    /// Since when that one does.
    pub assigned_at: Option<Instant>,
    /// What to do next, in a sentence.
    pub next_action: String,
    /// Since when it is open.
    pub opened_at: Instant,
    /// When it was answered.
    pub closed_at: Option<Instant>,
    /// How it was answered.
    pub resolution: Option<String>,
    /// Why, in the words of whoever answered.
    pub resolution_reason: Option<String>,
}

/// Which questions a page shows.
#[derive(Clone, Debug, Default)]
pub struct ExceptionFilter {
    /// Only open ones, or only answered ones.
    pub open: Option<bool>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those that concern this plan.
    pub plan_id: Option<PlanId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    plan_id: Option<Uuid>,
    subject: String,
    subject_id: Uuid,
    detail: String,
    owner: Option<String>,
    assigned_at: Option<Instant>,
    next_action: String,
    opened_at: Instant,
    closed_at: Option<Instant>,
    resolution: Option<String>,
    resolution_reason: Option<String>,
}

const COLUMNS: &str = "select id,
        kind,
        plan_id,
        subject,
        subject_id,
        detail,
        owner,
        assigned_at,
        next_action,
        opened_at,
        closed_at,
        resolution,
        resolution_reason
 from exception
 where true";

impl Store {
    /// The questions after `after` that pass the filter, oldest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn exceptions_page(
        &self,
        filter: &ExceptionFilter,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ExceptionView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        match filter.open {
            Some(true) => query.push(" and closed_at is null"),
            Some(false) => query.push(" and closed_at is not null"),
            None => &mut query,
        };
        if let Some(kind) = &filter.kind {
            query.push(" and kind = ").push_bind(kind.clone());
        }
        if let Some(plan_id) = filter.plan_id {
            query.push(" and plan_id = ").push_bind(plan_id.uuid());
        }
        if let Some(after) = after {
            query.push(" and ").push_bind(after).push(" < id");
        }
        query
            .push(" order by id limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(view).collect())
    }

    /// One question; nothing where there is none of this id.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn exception(&self, id: ExceptionId) -> Result<Option<ExceptionView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push(" and id = ").push_bind(id.uuid());
        let row: Option<Row> = query.build_query_as().fetch_optional(&self.pool).await?;
        Ok(row.map(view))
    }
}

fn view(row: Row) -> ExceptionView {
    ExceptionView {
        id: ExceptionId::new(row.id),
        kind: row.kind,
        plan_id: row.plan_id.map(PlanId::new),
        subject_id: shown_subject(&row.subject, row.subject_id),
        subject: row.subject,
        detail: row.detail,
        owner: row.owner,
        assigned_at: row.assigned_at,
        next_action: row.next_action,
        opened_at: row.opened_at,
        closed_at: row.closed_at,
        resolution: row.resolution,
        resolution_reason: row.resolution_reason,
    }
}

/// A subject's id as everybody outside is shown it.
pub(crate) fn shown_subject(subject: &str, id: Uuid) -> String {
    match subject {
        "customer" => CustomerId::new(id).to_string(),
        "plan" => PlanId::new(id).to_string(),
        "agreement" => AgreementId::new(id).to_string(),
        "instalment" => InstalmentId::new(id).to_string(),
        "payment" => PaymentId::new(id).to_string(),
        "webhook" => WebhookId::new(id).to_string(),
        "exception" => ExceptionId::new(id).to_string(),
        _ => id.to_string(),
    }
}
