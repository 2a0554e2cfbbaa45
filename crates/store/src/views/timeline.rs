//! The journal of one plan and of everything that belongs to it.

use sqlx::FromRow;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::PlanId;

use super::exceptions::shown_subject;
use crate::{Store, StoreError};

/// One line of the journal.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// Its place in the journal.
    pub number: i64,
    /// What it is about: `plan`, `agreement`, `instalment`, `payment`, `exception` or `control`.
    pub subject: String,
    /// That object's id; of a switch, the plan's or the agreement's that it is over.
    pub subject_id: String,
    /// Where it stood.
    pub from_state: String,
    /// Where it stands since; may be the same.
    pub to_state: String,
    /// What caused it.
    pub cause: String,
    /// The facts, where there are any: a provider's code, a person's reason.
    pub detail: Option<String>,
    /// When, in business time.
    pub at: Instant,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    subject: String,
    subject_id: Uuid,
    from_state: String,
    to_state: String,
    cause: String,
    detail: Option<String>,
    at: Instant,
    is_plan: bool,
}

impl Store {
    /// The lines about a plan, its agreement, its instalments, its payments, its questions and its switches, after
    /// `after`, in the order of their numbers; `None` where there is no such plan.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn timeline_page(
        &self,
        plan_id: PlanId,
        after: i64,
        limit: u32,
    ) -> Result<Option<Vec<TimelineEntry>>, StoreError> {
        let is_known: bool = sqlx::query_scalar("select exists (select 1 from plan where id = $1)")
            .bind(plan_id.uuid())
            .fetch_one(&self.pool)
            .await?;
        if !is_known {
            return Ok(None);
        }
        let rows: Vec<Row> = sqlx::query_as(
            "select id, subject, subject_id, from_state, to_state, cause, detail, at,
                    subject_id = $1 as is_plan
             from journal
             where subject_id = any(array(
                     select $1
                     union all select id from agreement where plan_id = $1
                     union all select id from instalment where plan_id = $1
                     union all select m.id
                               from payment m
                               join agreement a on a.id = m.agreement_id
                               where a.plan_id = $1
                     union all select id from exception where plan_id = $1))
               and $2 < id
             order by id
             limit $3",
        )
        .bind(plan_id.uuid())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(Some(rows.into_iter().map(entry).collect()))
    }
}

fn entry(row: Row) -> TimelineEntry {
    let shown = match row.subject.as_str() {
        "control" if row.is_plan => "plan",
        "control" => "agreement",
        subject => subject,
    };
    TimelineEntry {
        number: row.id,
        subject_id: shown_subject(shown, row.subject_id),
        subject: row.subject,
        from_state: row.from_state,
        to_state: row.to_state,
        cause: row.cause,
        detail: row.detail,
        at: row.at,
    }
}
