//! Customers: who repays, and from which account. Names and accounts are sealed before they are written.

use serde_json::json;
use uuid::Uuid;

use domain::account::PayerAccount;
use domain::date::Instant;
use domain::uid::CustomerId;

use crate::idempotency::{self, Claimed, Created, IdempotencyClaim};
use crate::journal::{self, NewEvent};
use crate::{Store, StoreError};

/// The column of a customer's name, as the vault knows it.
pub(crate) const NAME: &str = "customer.name";
/// The column of a customer's account, as the vault knows it.
pub(crate) const ACCOUNT: &str = "customer.account";

/// A customer to create.
pub struct NewCustomer {
    /// Its id (UUIDv7).
    pub id: CustomerId,
    /// The id of the event that tells of it (UUIDv7).
    pub event_id: Uuid,
    /// The lender's own id, unique among customers.
    pub external_id: String,
    /// The payer's name: 1 to 140 printable ASCII characters.
    pub name: String,
    /// The account to collect from.
    pub account: PayerAccount,
}

impl std::fmt::Debug for NewCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCustomer")
            .field("id", &self.id)
            .field("external_id", &self.external_id)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Creates a customer, with the event that tells of it and the answer kept under its key.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing was written.
    pub async fn create_customer(
        &self,
        customer: &NewCustomer,
        idempotency: Option<&IdempotencyClaim>,
        now: Instant,
    ) -> Result<Created, StoreError> {
        let kind = customer.account.kind().as_str();
        let value = customer.account.value();
        let name_sealed = self.vault.seal(NAME, customer.name.as_bytes())?;
        let account_sealed = self.vault.seal(ACCOUNT, value.as_bytes())?;
        let account_fingerprint = self.vault.fingerprint(format!("{kind} {value}").as_bytes());
        let created = NewEvent {
            id: customer.event_id,
            kind: "customer.created",
            aggregate_id: customer.id.uuid(),
            data: json!({
                "customer_id": customer.id.to_string(),
                "external_id": customer.external_id,
            }),
        };

        let mut tx = self.begin().await?;
        if let Some(claim) = idempotency {
            match idempotency::claim(&mut tx, claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => {
                    return Ok(Created::Replayed { status, body });
                }
                Claimed::OtherRequest => return Ok(Created::KeyReused),
            }
        }
        let inserted = sqlx::query(
            "insert into customer
               (id, external_id, name_sealed, account_kind, account_sealed,
                account_fingerprint, account_hint, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict on constraint customer_external_id_unique do nothing",
        )
        .bind(customer.id.uuid())
        .bind(&customer.external_id)
        .bind(name_sealed)
        .bind(kind)
        .bind(account_sealed)
        .bind(account_fingerprint)
        .bind(customer.account.hint())
        .bind(now)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if inserted == 0 {
            let id = sqlx::query_scalar("select id from customer where external_id = $1")
                .bind(&customer.external_id)
                .fetch_one(&mut *tx)
                .await?;
            // Not committed: the key stays free for the corrected request.
            return Ok(Created::ExternalIdTaken { id });
        }
        journal::append_events(&mut tx, &[created], now).await?;
        tx.commit().await?;
        Ok(Created::Done)
    }
}
