//! Registers who repays.

use domain::date::Instant;
use store::StoreError;
use store::customers::NewCustomer;
use store::idempotency::{Created, IdempotencyClaim};

use crate::Deps;

/// Registers a customer with one payer account. `now` is when: the time its caller was told.
///
/// # Errors
///
/// Fails when the database does; then nothing is written.
pub async fn create_customer(
    deps: &Deps,
    customer: &NewCustomer,
    claim: Option<&IdempotencyClaim>,
    now: Instant,
) -> Result<Created, StoreError> {
    deps.store.create_customer(customer, claim, now).await
}
