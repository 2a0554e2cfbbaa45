//! What waits for a person.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{ExceptionId, PlanId};

use crate::{Store, StoreError};

/// An open question.
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
    /// That object's id.
    pub subject_id: Uuid,
    /// The facts, in a sentence.
    pub detail: String,
    /// Who takes care of it, once someone does.
    pub owner: Option<String>,
    /// What to do next, in a sentence.
    pub next_action: String,
    /// Since when it is open.
    pub opened_at: Instant,
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
    next_action: String,
    opened_at: Instant,
}

impl Store {
    /// The open exceptions after `after`, oldest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn exceptions_open(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ExceptionView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "select id,
                    kind,
                    plan_id,
                    subject,
                    subject_id,
                    detail,
                    owner,
                    next_action,
                    opened_at
             from exception
             where closed_at is null",
        );
        if let Some(after) = after {
            query.push(" and ").push_bind(after).push(" < id");
        }
        query
            .push(" order by id limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(view).collect())
    }
}

fn view(row: Row) -> ExceptionView {
    ExceptionView {
        id: ExceptionId::new(row.id),
        kind: row.kind,
        plan_id: row.plan_id.map(PlanId::new),
        subject: row.subject,
        subject_id: row.subject_id,
        detail: row.detail,
        owner: row.owner,
        next_action: row.next_action,
        opened_at: row.opened_at,
    }
}
