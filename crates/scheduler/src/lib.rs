//! Finds the rows that are due, has them attended, and records how it went.
//!
//! apalis lives here and nowhere else: one apalis worker for each [`Kind`], under one Monitor, over
//! a `Backend` of our own that leases the rows themselves. There is no table of jobs.
//!
//! Five kinds of task run beside each other, and none waits for another: a fetcher for each worker,
//! which claims only what fits ([`fetch`]); the attendances; one heartbeat; one recorder, which
//! writes how attendances ended ([`ledger`]); and one alarm, which says when to look ([`alarm`]).

use std::sync::Arc;
use std::time::Duration;

use apalis_core::monitor::Monitor;
use apalis_core::worker::builder::WorkerBuilder;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use flows::clock::{Clock, fresh_uuid};
use store::Store;
use store::wake::Kind;

mod attend;
mod alarm;
mod backend;
mod fetch;
mod ledger;

pub use attend::{Attend, AttendError};

use backend::LeaseBackend;
use fetch::Lane;
use ledger::Ledger;

/// How long `run` waits, once the attendances have ended, for their outcomes to be recorded. What
/// is not recorded by then comes free when its lease runs out.
const RECORDING_TIMEOUT: Duration = Duration::from_secs(5);

/// How a scheduler works.
#[derive(Clone, Debug)]
pub struct SchedulerConfig {
    /// How long a lease lasts without a heartbeat: how late the work of a killed process is
    /// resumed.
    pub lease: Duration,
    /// How often leases are extended. At most half of `lease`.
    pub heartbeat: Duration,
    /// How often to look for due rows when nothing says that there are any.
    pub poll: Duration,
    /// The most rows that are attended together. At least 1.
    pub batch_max: usize,
    /// The most batches of one kind that are attended at the same time. At least 1.
    pub batches_in_flight: usize,
    /// How long attendances may go on once the scheduler is told to stop.
    pub shutdown_timeout: Duration,
    /// What this process is called in logs. Two processes may share a name: each run adds an id of
    /// its own.
    pub worker_name: String,
}

impl Default for SchedulerConfig {
    fn default() -> SchedulerConfig {
        SchedulerConfig {
            lease: Duration::from_secs(6),
            heartbeat: Duration::from_secs(2),
            poll: Duration::from_millis(500),
            batch_max: 250,
            batches_in_flight: 4,
            shutdown_timeout: Duration::from_secs(20),
            worker_name: "paydown".to_owned(),
        }
    }
}

impl SchedulerConfig {
    fn check(&self) -> Result<(), SchedulerError> {
        if self.batch_max < 1 || self.batches_in_flight < 1 {
            return Err(SchedulerError::NothingMayRun);
        }
        if Semaphore::MAX_PERMITS < self.batches_in_flight {
            return Err(SchedulerError::NothingMayRun);
        }
        if self.heartbeat.is_zero() || self.lease < self.heartbeat.saturating_mul(2) {
            return Err(SchedulerError::HeartbeatTooSlow);
        }
        Ok(())
    }
}

/// Why a scheduler did not run, or ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The configuration allows no batch, no row in a batch, or more batches than can be counted.
    #[error("batch_max and batches_in_flight must be at least 1, and a countable number")]
    NothingMayRun,
    /// A late heartbeat would lose leases.
    #[error("the heartbeat must be above zero and at most half of the lease")]
    HeartbeatTooSlow,
    /// A worker ended although nobody told it to.
    #[error("a worker ended without being told to: {reason}")]
    WorkerEnded {
        /// What the Monitor said.
        reason: String,
    },
}

/// Attends to due rows until `shutdown` is cancelled, then winds down and returns.
///
/// Winding down: nothing more is claimed; what was claimed and not begun is handed back without a
/// trace; attendances under way have `shutdown_timeout` to end, their leases kept alive meanwhile,
/// and are dropped after it. Dropping the returned future does the same with no time at all.
///
/// # Errors
///
/// Fails when `config` allows no work, or when a worker ended by itself. A database that does not
/// answer is waited for and never an error.
pub async fn run(
    store: Store,
    clock: Clock,
    attend: Arc<impl Attend>,
    config: SchedulerConfig,
    shutdown: CancellationToken,
) -> Result<(), SchedulerError> {
    config.check()?;
    let stop = shutdown.child_token();
    let _stop_if_dropped = stop.clone().drop_guard();
    let ended = CancellationToken::new();
    let _end_if_dropped = ended.clone().drop_guard();

    let (bell, _) = watch::channel(0);
    let bell = Arc::new(bell);
    let (ledger, endings) = Ledger::new(clock.clone());
    let tasks = TaskTracker::new();
    let lanes = Kind::ALL.map(|kind| {
        Arc::new(Lane {
            kind,
            store: store.clone(),
            clock: clock.clone(),
            config: config.clone(),
            ledger: Arc::clone(&ledger),
            permits: Arc::new(Semaphore::new(config.batches_in_flight)),
            bell: bell.subscribe(),
            finished: Notify::new(),
            stop: stop.clone(),
            tasks: tasks.clone(),
        })
    });
    let alarm = alarm::run(store.clone(), clock, bell);
    tokio::spawn(ended.clone().run_until_cancelled_owned(alarm));
    let heartbeat = ledger::keep(store.clone(), Arc::clone(&ledger), config.clone());
    tokio::spawn(ended.clone().run_until_cancelled_owned(heartbeat));
    let recorder = ledger::record(store, Arc::clone(&ledger), endings, lanes.clone());
    tokio::spawn(ended.clone().run_until_cancelled_owned(recorder));

    let monitor = monitor(&lanes, &attend, &config, &stop);
    let outcome = tokio::select! {
        ended = monitor.run() => ended.map_err(|error| SchedulerError::WorkerEnded {
            reason: error.to_string(),
        }),
        () = out_of_time(&shutdown, config.shutdown_timeout) => {
            tracing::warn!("attendances still under way at the end of the shutdown are dropped");
            Ok(())
        }
    };

    stop.cancel();
    tasks.close();
    let recorded = async {
        tasks.wait().await;
        ledger.emptied().await;
    };
    if tokio::time::timeout(RECORDING_TIMEOUT, recorded)
        .await
        .is_err()
    {
        tracing::warn!("some outcomes were not recorded; their rows come free with their leases");
    }
    outcome
}

/// One worker for each lane. A worker that ends by itself is started again.
fn monitor(
    lanes: &[Arc<Lane>],
    attend: &Arc<impl Attend>,
    config: &SchedulerConfig,
    stop: &CancellationToken,
) -> Monitor {
    let stop = stop.clone();
    let monitor = Monitor::new().should_restart(move |_, error| {
        tracing::error!(%error, "a worker ended by itself");
        !stop.is_cancelled()
    });
    let boot = fresh_uuid();
    lanes.iter().fold(monitor, |monitor, lane| {
        let name = format!("{}-{boot}-{}", config.worker_name, lane.kind.as_str());
        let (lane, attend) = (Arc::clone(lane), Arc::clone(attend));
        monitor.register(move |_restarts| {
            let attend = Arc::clone(&attend);
            WorkerBuilder::new(name.as_str())
                .backend(LeaseBackend::start(Arc::clone(&lane)))
                .build({
                    let lane = Arc::clone(&lane);
                    move |assignment| {
                        attend::attend_one(Arc::clone(&attend), Arc::clone(&lane), assignment)
                    }
                })
        })
    })
}

/// Ends `timeout` after `shutdown` is cancelled.
async fn out_of_time(shutdown: &CancellationToken, timeout: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(timeout).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_paydown_comes_with_is_allowed() {
        assert!(SchedulerConfig::default().check().is_ok());
    }

    #[test]
    fn a_heartbeat_that_could_lose_leases_is_refused() {
        let lease = Duration::from_secs(6);
        let config = SchedulerConfig {
            lease,
            heartbeat: Duration::from_secs(4),
            ..SchedulerConfig::default()
        };

        assert!(matches!(
            config.check(),
            Err(SchedulerError::HeartbeatTooSlow)
        ));
    }

    #[test]
    fn a_scheduler_that_may_run_nothing_is_refused() {
        let config = SchedulerConfig {
            batches_in_flight: 0,
            ..SchedulerConfig::default()
        };

        assert!(matches!(config.check(), Err(SchedulerError::NothingMayRun)));
    }
}
