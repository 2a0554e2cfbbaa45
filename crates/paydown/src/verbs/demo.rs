//! `paydown demo`: four loans collected end to end, compared with the provider's ledger.

use crate::demo::{self, Options};

/// # Errors
///
/// Fails when a part does not come up, or anything disagrees with the provider's ledger.
pub async fn run(options: Options) -> anyhow::Result<()> {
    demo::run(options).await
}
