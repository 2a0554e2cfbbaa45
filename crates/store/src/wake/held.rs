//! What is held now and not done: for whoever watches over a fleet of workers.

use sqlx::FromRow;
use uuid::Uuid;

use domain::date::Instant;

use crate::{Store, StoreError};

/// A row of any kind, as a lease left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct HeldRow {
    /// The row.
    pub id: Uuid,
    /// Under which lease it is, or was last.
    pub lease_token: Option<Uuid>,
    /// Until when the lease lasts, by the database's clock.
    pub leased_until: Option<Instant>,
    /// Grows with every step of the row.
    pub version: i64,
    /// Whether its work is not done: it is due, or a payment whose request may be under way.
    pub is_wanting: bool,
}

impl Store {
    /// The rows under a lease that has not run out, whose work is not done at the business time `now`.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn held(&self, now: Instant) -> Result<Vec<HeldRow>, StoreError> {
        let rows = sqlx::query_as(include_str!("held.sql"))
            .bind(now)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows)
    }

    /// These rows as they are at the business time `now`, whoever holds them.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn held_rows(&self, ids: &[Uuid], now: Instant) -> Result<Vec<HeldRow>, StoreError> {
        let rows = sqlx::query_as(include_str!("held_rows.sql"))
            .bind(now)
            .bind(ids)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows)
    }
}
