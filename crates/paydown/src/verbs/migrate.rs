//! `paydown migrate`: brings the database's schema up to date.

use std::path::PathBuf;

use crate::config;
use crate::runtime::store;
use crate::telemetry;

/// Migrates, and returns when the schema is this binary's.
///
/// # Errors
///
/// Fails when the database cannot be reached or a migration fails; then that migration is undone.
pub async fn run(file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = config::load(&config::Sources::of_process(file))?.config;
    let _telemetry = telemetry::start(&config.log, &config.otlp)?;
    let store = store(&config).await?;
    store.migrate().await?;
    tracing::info!("the schema is up to date");
    store.close().await;
    Ok(())
}
