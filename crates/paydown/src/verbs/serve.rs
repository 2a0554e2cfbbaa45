//! `paydown serve`: the admin API and the webhook receiver.

use std::path::PathBuf;

use anyhow::Context;

use crate::config;
use crate::runtime::{deps, stop_on_signal};
use crate::telemetry;

/// Serves until Ctrl-C or SIGTERM, then answers what is under way and ends.
///
/// # Errors
///
/// Fails when the configuration is incomplete, or the address cannot be listened on.
pub async fn run(file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = config::load(&config::Sources::of_process(file))?.config;
    let _telemetry = telemetry::start(&config.log, &config.otlp)?;
    let stop = stop_on_signal()?;
    let deps = deps(&config, &stop).await?;
    let listener = tokio::net::TcpListener::bind(config.api.listen)
        .await
        .with_context(|| format!("api.listen: {} cannot be listened on", config.api.listen))?;
    tracing::info!(address = %listener.local_addr()?, "the API is listening");
    let state = api::ApiState {
        store: deps.store.clone(),
        clock: deps.clock.clone(),
        webhook: api::WebhookConfig {
            path_tokens: config.provider.webhook_path_tokens.clone(),
        },
        test_clock: config.clock.source == config::ClockSource::Sandbox,
        version: env!("CARGO_PKG_VERSION"),
        flows: deps,
    };
    let store = state.store.clone();
    api::serve(listener, state, stop.cancelled_owned()).await?;
    store.close().await;
    Ok(())
}
