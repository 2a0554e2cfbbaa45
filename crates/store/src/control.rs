//! The kill switch.

use domain::date::Instant;

use crate::{Store, StoreError};

impl Store {
    /// Closes or opens collections altogether. Closed, nothing new is sent from this commit on;
    /// what has been sent is followed to its end.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn set_collections(
        &self,
        open: bool,
        reason: &str,
        now: Instant,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "update control set collections_open = $1, changed_at = $2, reason = $3
             where scope = 'all'",
        )
        .bind(open)
        .bind(now)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
