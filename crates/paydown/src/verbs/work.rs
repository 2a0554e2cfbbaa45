//! `paydown work`: one worker process. Run as many as there is work for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use flows::Deps;
use flows::chores::schedule_comparisons;
use scheduler::{Attend, AttendError, SchedulerConfig};
use store::wake::Batch;

use crate::config::{self, WorkerConfig};
use crate::runtime::{deps, stop_on_signal};
use crate::telemetry;

/// Attends to due rows until Ctrl-C or SIGTERM, then hands back what it has not begun and ends.
///
/// # Errors
///
/// Fails when the configuration is incomplete or a worker cannot go on.
pub async fn run(file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = config::load(&config::Sources::of_process(file))?.config;
    let _telemetry = telemetry::start(&config.log, &config.otlp)?;
    let stop = stop_on_signal()?;
    let deps = deps(&config, &stop).await?;
    let (store, clock) = (deps.store.clone(), deps.clock.clone());
    let compare_minutes = config.worker.compare_minutes;
    if 0 < compare_minutes {
        schedule_comparisons(&deps, TimeDelta::minutes(i64::from(compare_minutes))).await?;
    }
    tracing::info!("working");
    let schedule = schedule(&config.worker)?;
    scheduler::run(store.clone(), clock, Arc::new(Flows(deps)), schedule, stop).await?;
    store.close().await;
    Ok(())
}

/// How a scheduler works under this configuration.
///
/// # Errors
///
/// Fails when a number does not fit this machine.
pub fn schedule(config: &WorkerConfig) -> anyhow::Result<SchedulerConfig> {
    Ok(SchedulerConfig {
        lease: Duration::from_millis(config.lease_ms),
        heartbeat: Duration::from_millis(config.heartbeat_ms),
        poll: Duration::from_millis(config.poll_ms),
        batch_max: usize::try_from(config.batch_max)?,
        batches_in_flight: usize::try_from(config.batches_in_flight)?,
        shutdown_timeout: Duration::from_millis(config.shutdown_timeout_ms),
        worker_name: format!("paydown-{}", std::process::id()),
    })
}

/// Attends by the flows.
pub struct Flows(pub Deps);

impl Attend for Flows {
    async fn attend(&self, batch: Batch) -> Result<(), AttendError> {
        flows::attend::attend(&self.0, &batch)
            .await
            .map_err(AttendError::new)
    }
}
