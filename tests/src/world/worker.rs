//! Workers: each with its own runtime, connections and client, as if it were a process.

use std::sync::Arc;
use std::time::Duration;

use scheduler::{Attend, AttendError, SchedulerConfig};
use store::Store;
use store::wake::Batch;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use flows::clock::Clock;
use flows::{Deps, Settings};

use super::build::provider;

/// What a worker is started with.
#[derive(Clone, Debug)]
pub(super) struct WorkerKit {
    pub(super) clock: Clock,
    pub(super) provider_url: Url,
    pub(super) token: &'static str,
    pub(super) provider_timeout: Duration,
    pub(super) settings: Arc<Settings>,
}

/// A running worker. Dropped, it is killed.
pub(super) struct Worker {
    runtime: Option<Runtime>,
    running: JoinHandle<()>,
    stop: CancellationToken,
}

/// The binary's own, in two lines: the flows attend.
struct Flows(Deps);

impl Attend for Flows {
    async fn attend(&self, batch: Batch) -> Result<(), AttendError> {
        flows::attend::attend(&self.0, &batch)
            .await
            .map_err(AttendError::new)
    }
}

impl WorkerKit {
    /// What the flows need, over this store.
    pub(super) fn deps(&self, store: Store) -> Deps {
        Deps {
            store,
            clock: self.clock.clone(),
            provider: provider(self),
            settings: Arc::clone(&self.settings),
        }
    }

    pub(super) fn start(&self, database_url: &str) -> Worker {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let stop = CancellationToken::new();
        let running = runtime.spawn(run(self.clone(), database_url.to_owned(), stop.clone()));
        Worker {
            runtime: Some(runtime),
            running,
            stop,
        }
    }
}

async fn run(kit: WorkerKit, database_url: String, stop: CancellationToken) {
    let store = crate::database::connect(&database_url)
        .await
        .expect("the database answers");
    let deps = kit.deps(store.clone());
    let config = SchedulerConfig {
        // Short, so that the work of a crashed worker is soon resumed.
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(400),
        poll: Duration::from_millis(100),
        shutdown_timeout: Duration::from_secs(30),
        worker_name: "world".to_owned(),
        ..SchedulerConfig::default()
    };
    let ended = scheduler::run(
        store.clone(),
        kit.clock,
        Arc::new(Flows(deps)),
        config,
        stop,
    )
    .await;
    ended.expect("a worker ends only when told to");
    store.close().await;
}

impl Worker {
    pub(super) fn crash(mut self) {
        self.kill();
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.running).await.expect("a worker winds down");
        self.kill();
    }

    fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
