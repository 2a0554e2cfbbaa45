//! What is done again and again, once for all processes: rows that are leased as any other.

use serde_json::Value;
use uuid::Uuid;

use domain::date::Instant;

use crate::{Store, StoreError};

/// A chore that has come due.
#[derive(Clone, Debug)]
pub struct ChoreRow {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub name: String,
    /// How often, in seconds; nothing for one that is done only when it is woken.
    pub every_seconds: Option<i32>,
    /// Its version.
    pub version: i64,
}

/// How the last run of a chore ended.
#[derive(Clone, Debug)]
pub struct ChoreView {
    /// What it does.
    pub name: String,
    /// When it was last done to its end.
    pub done_at: Option<Instant>,
    /// What it found then.
    pub outcome: Option<Value>,
    /// When it is done next.
    pub wake_at: Option<Instant>,
}

impl Store {
    /// The chores with these ids, by their names.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn chores(&self, ids: &[Uuid]) -> Result<Vec<ChoreRow>, StoreError> {
        let rows: Vec<(Uuid, String, Option<i32>, i64)> = sqlx::query_as(
            "select id, name, every_seconds, version
             from chore
             where id = any($1)
             order by name",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, name, every_seconds, version)| ChoreRow {
                id,
                name,
                every_seconds,
                version,
            })
            .collect())
    }

    /// Has a chore done every so often from now on, the first time at `first_at` unless it is awake already; of two
    /// processes that start at once, both say the same.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn schedule_chore(
        &self,
        name: &str,
        every_seconds: i32,
        first_at: Instant,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "update chore
             set every_seconds = $2,
                 wake_at = coalesce(least(wake_at, $3 + $2 * interval '1 second'), $3)
             where name = $1",
        )
        .bind(name)
        .bind(every_seconds)
        .bind(first_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records what a chore leased under `token` found, and when it is done next; `done_at` where it was done to its end.
    /// One that was woken meanwhile stays awake.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn finish_chore(
        &self,
        token: Uuid,
        row: &ChoreRow,
        done_at: Option<Instant>,
        outcome: &Value,
        wake_at: Option<Instant>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "update chore
             set done_at = coalesce($4, done_at),
                 outcome = $5,
                 wake_at = $6,
                 version = version + 1
             where id = $1 and lease_token = $2 and version = $3",
        )
        .bind(row.id)
        .bind(token)
        .bind(row.version)
        .bind(done_at)
        .bind(outcome)
        .bind(wake_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Every chore.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn all_chores(&self) -> Result<Vec<ChoreView>, StoreError> {
        type Row = (String, Option<Instant>, Option<Value>, Option<Instant>);
        let rows: Vec<Row> =
            sqlx::query_as("select name, done_at, outcome, wake_at from chore order by name")
                .fetch_all(&self.pool)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(name, done_at, outcome, wake_at)| ChoreView {
                name,
                done_at,
                outcome,
                wake_at,
            })
            .collect())
    }
}
