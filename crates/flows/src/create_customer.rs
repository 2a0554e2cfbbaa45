//! Registers who repays.

use store::StoreError;
use store::customers::NewCustomer;
use store::idempotency::{Created, IdempotencyClaim};

use crate::Deps;

/// Registers a customer with one payer account.
///
/// # Errors
///
/// Fails when the database does; then nothing is written.
pub async fn create_customer(
    deps: &Deps,
    customer: &NewCustomer,
    claim: Option<&IdempotencyClaim>,
) -> Result<Created, StoreError> {
    deps.store
        .create_customer(customer, claim, deps.clock.now())
        .await
}
