//! Forgetting every lease: what an operator may do by hand, and what nothing may depend on.

use crate::wake::Kind;
use crate::{Store, StoreError};

impl Store {
    /// Forgets every lease, as if nobody held any row. Safe at any time: a lease is for liveness; whoever
    /// works on a row finds out that the row is not theirs any more. Answers how many rows were held.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then no lease is forgotten.
    pub async fn wipe_leases(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let mut wiped = 0;
        for kind in Kind::ALL {
            let statement = match kind {
                Kind::Agreement => {
                    "update agreement
                     set lease_token = null, leased_until = null
                     where lease_token is not null"
                }
                Kind::Instalment => {
                    "update instalment
                     set lease_token = null, leased_until = null
                     where lease_token is not null"
                }
                Kind::Payment => {
                    "update payment
                     set lease_token = null, leased_until = null
                     where lease_token is not null"
                }
                Kind::Webhook => {
                    "update webhook
                     set lease_token = null, leased_until = null
                     where lease_token is not null"
                }
                Kind::Chore => {
                    "update chore
                     set lease_token = null, leased_until = null
                     where lease_token is not null"
                }
            };
            wiped += sqlx::query(statement)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        self.poker.poke();
        Ok(wiped)
    }
}
