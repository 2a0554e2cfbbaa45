//! A whole Paydown in one test: a database, the API, workers, a sandbox bank, and the time of all
//! of them.
//!
//! Everything is the real thing: PostgreSQL, HTTP on both sides, apalis workers that run the real
//! flows, each in a runtime of its own so that one can be killed. Only time is the test's: the
//! sandbox's clock and Paydown's stand still and are moved together, from one thing that happens to
//! the next.
//!
//! A world ends with [`World::finish`], which holds Paydown's rows against the bank's own ledger.
//! One that is dropped without it fails its test.

use std::sync::atomic::AtomicU32;

use sqlx::postgres::PgPool;
use store::Store;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use domain::date::Instant;
use flows::clock::{Clock, ClockHand};

mod build;
mod worker;
mod wire;
mod views;
mod calls;
mod questions;
mod time;
mod checks;
mod dump;

pub use build::WorldBuilder;
pub use calls::{Customer, PlanHandle};
pub use views::{
    Agreement, Event, Instalment, Ledger, LedgerPayment, LedgerRefusal, LedgerWebhooks, Payment,
    Plan, Window,
};
pub use wire::{Wire, WireMode};

use crate::database::TestDatabase;
use worker::{Worker, WorkerKit};

/// A small world with one lender in it. See the module.
pub struct World {
    clock: Clock,
    hand: ClockHand,
    http: reqwest::Client,
    api_url: Url,
    api_key: String,
    sandbox_url: Url,
    kit: WorkerKit,
    workers: Vec<Worker>,
    wire: Option<Wire>,
    named: AtomicU32,
    steps: AtomicU32,
    is_finished: bool,
    store: Store,
    pool: PgPool,
    _servers: Vec<AbortOnDropHandle<()>>,
    // Last: the database goes when everyone has left it.
    database: TestDatabase,
}

impl World {
    /// A world with one worker, webhooks, no misfortune, and Paydown's own rules; it is Monday,
    /// 2026-01-05, 11:00 in Sydney.
    pub fn builder() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// What time it is, for everybody.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The database, for looking at it and for playing an operator.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What a worker of this world works with.
    pub fn deps(&self) -> flows::Deps {
        self.kit.deps(self.store.clone())
    }

    /// Where the database is.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Somebody who holds this world's rows against its bank, and the key of its uids.
    pub fn verifier(&self, uid_key: [u8; 32]) -> verify::Verifier {
        verify::Verifier::connect(&self.database.url, Some(uid_key)).expect("a URL of PostgreSQL")
    }

    /// The wire between the workers and the bank.
    ///
    /// # Panics
    ///
    /// When the world was built without one.
    pub fn wire(&self) -> &Wire {
        self.wire.as_ref().expect("build the world with a wire")
    }

    /// What the flows of one more process would have, with at most `connections_max` connections of its own.
    ///
    /// # Panics
    ///
    /// When the database cannot be reached.
    pub async fn another_process(&self, connections_max: u32) -> flows::Deps {
        let key = crate::database::data_key();
        let store = Store::connect(&self.database.url, connections_max, &key).await;
        let store = store.expect("the test's database answers");
        self.kit.deps(store)
    }

    /// How many workers are running.
    pub fn workers_running(&self) -> usize {
        self.workers.len()
    }

    /// Starts one more worker.
    pub fn start_worker(&mut self) {
        self.workers.push(self.kit.start(&self.database.url));
    }

    /// Kills every worker where it stands: nothing is handed back, nothing is recorded, its
    /// connections break. What it held comes free when its leases run out.
    pub fn crash_workers(&mut self) {
        for worker in self.workers.drain(..) {
            worker.crash();
        }
    }

    /// Lets every worker finish what it has begun, and ends it.
    pub async fn stop_workers(&mut self) {
        for worker in self.workers.drain(..) {
            worker.stop().await;
        }
    }

    /// Runs until nothing is under way, and holds Paydown's rows against the bank's ledger.
    ///
    /// # Panics
    ///
    /// When they do not agree, or one of Paydown's own laws is broken; every difference is told.
    pub async fn finish(self) {
        self.finish_but_for(&[]).await;
    }

    /// As [`World::finish`], for a story that has changed rows by hand, or the bank's books: `paydown verify` is
    /// right to tell that these laws are broken, and has to.
    ///
    /// # Panics
    ///
    /// As [`World::finish`].
    pub async fn finish_but_for(mut self, laws: &[&str]) {
        self.come_to_rest_but_for(laws).await;
        self.pool.close().await;
        self.store.close().await;
    }

    /// As [`World::finish`], but leaves the database and the bank, to be looked into and meddled
    /// with. No worker runs any more.
    ///
    /// # Panics
    ///
    /// As [`World::finish`].
    pub async fn come_to_rest(&mut self) {
        self.come_to_rest_but_for(&[]).await;
    }

    async fn come_to_rest_but_for(&mut self, laws: &[&str]) {
        self.run_until_quiet().await;
        self.stop_workers().await;
        let broken = checks::broken(self, laws).await;
        self.is_finished = true;
        if !broken.is_empty() {
            let told = dump::of(self).await;
            panic!(
                "the world does not add up:\n- {}\n{told}",
                broken.join("\n- ")
            );
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(
            self.is_finished || std::thread::panicking(),
            "a world must be finished: `world.finish().await` checks what it did",
        );
    }
}
