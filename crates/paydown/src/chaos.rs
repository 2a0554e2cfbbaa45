//! Collecting with real processes while everything is broken on purpose: workers and the API are killed, workers
//! halted for longer than their leases, leases wiped, PostgreSQL crashed, and the provider has its bad days.
//!
//! A private PostgreSQL that keeps its commits, the sandbox, the API and the workers are processes of this very
//! binary. Time is real; it is moved on only while nobody has anything to do. What three kills in a row put into
//! quarantine a person lets go on. In the end the faults stop, everything has to be decided, and `verify` compares
//! both sides.

mod crew;
mod lender;
mod person;
mod plan;
mod report;
mod time;
mod watch;

use std::cell::{Cell, RefCell};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant as Monotonic;

use anyhow::Context;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use verify::Verifier;
use verify::witness::Ledger;

use crate::laws::Findings;
use crate::local_postgres::{LocalPostgres, Options as PostgresOptions, StopMode};
use crate::parts::{Layout, Parts};
use crate::runtime::STOPPED;

use crew::Crew;
use lender::Lender;
use person::Person;
use plan::Calendar;
use report::Tally;
pub use report::{Recovery, Report};
use time::Timekeeper;
use watch::Watch;

/// What kind of chaos.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many instalments come due.
    pub collections: u64,
    /// Milliseconds from one kill to the next: the least and the most.
    pub kills_every: (u64, u64),
    /// How often PostgreSQL is crashed and started again.
    pub restarts: u64,
    /// Where the dice begin.
    pub seed: u64,
    /// Worker processes.
    pub workers: usize,
    /// Another binary, which every second worker runs.
    pub old_binary: Option<PathBuf>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Plans registered.
    pub plans: u64,
    /// Instalments that have ended, of [`Options::collections`].
    pub ended: u64,
    /// Processes killed.
    pub kills: u64,
    /// Times that PostgreSQL was crashed.
    pub restarts: u64,
    /// Whether the faults are over.
    pub calm: bool,
}

/// What everybody in it knows.
#[derive(Debug, Default)]
struct Shared {
    tally: RefCell<Tally>,
    /// Plans that the API acknowledged.
    registered: Cell<u64>,
    is_registered: Cell<bool>,
    /// Instalments that have ended.
    ended: Cell<u64>,
    /// How often each of the provider's misfortunes struck.
    struck: RefCell<Value>,
    /// Whether a worker is halted: time is not moved meanwhile.
    halted: Cell<bool>,
    calm: Cell<bool>,
    /// Questions about rows in quarantine that nobody will answer.
    kept: Cell<u64>,
}

impl Shared {
    fn progress(&self) -> Progress {
        let tally = self.tally.borrow();
        Progress {
            plans: self.registered.get(),
            ended: self.ended.get(),
            kills: tally.kills(),
            restarts: tally.restarts,
            calm: self.calm.get(),
        }
    }
}

/// Holds it, and tells how it went. Every process that was started has ended when this returns.
///
/// # Errors
///
/// Fails when a part does not come up, or `stop` is cancelled; not when a law was broken, which is told.
pub async fn hold(
    options: &Options,
    stop: &CancellationToken,
    say: &dyn Fn(Progress),
) -> anyhow::Result<Report> {
    let yard = Yard::new()?;
    let began = Monotonic::now();
    let held = match Parts::start(layout(yard.path()), stop).await {
        Ok(mut parts) => {
            let chaos = break_everything(options, &mut parts, say);
            let held = stop.run_until_cancelled(chaos).await;
            parts.resume_workers();
            parts.stop().await;
            held.context(STOPPED).and_then(|held| held)
        }
        Err(error) => Err(error),
    };
    let is_done_with = stop.is_cancelled() || held.as_ref().is_ok_and(Report::is_well);
    let kept = yard.close(is_done_with).await?;
    let mut report = match (held, &kept) {
        (Err(error), Some(dir)) => {
            return Err(error.context(format!("everything is kept in {}", dir.display())));
        }
        (held, _) => held?,
    };
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report.kept_in = kept;
    Ok(report)
}

fn layout(dir: &Path) -> Layout {
    Layout {
        verb: "chaos",
        dir: dir.to_owned(),
        database: "paydown_chaos",
        fresh: true,
        start_at: Some(plan::begins_at()),
        workers: 0,
        ports: None,
        provider_timeout_ms: 2_000,
        payers: "approve",
    }
}

async fn break_everything(
    options: &Options,
    parts: &mut Parts,
    say: &dyn Fn(Progress),
) -> anyhow::Result<Report> {
    for place in 0..options.workers {
        let old = options.old_binary.as_deref();
        parts.start_worker(old.filter(|_| place % 2 == 1))?;
    }
    set_faults(parts, options.seed).await?;
    let shared = Shared::default();
    let calendar = Calendar::of(options.collections);
    let watch = Watch::new(parts.store().await?, parts.clock());
    let lender = Lender::new(parts.api.clone(), &calendar, &shared);
    let mut timekeeper = Timekeeper::new(parts, &calendar, options, &shared, &watch).await?;
    let books = Books::of(parts);
    let mut person = Person::new(parts.api.clone(), &shared);
    let mut crew = Crew::new(parts, options, &shared, &watch).await?;

    let everybody = async { tokio::try_join!(lender.register(), timekeeper.keep(say)) };
    tokio::select! {
        done = everybody => { done?; }
        ended = crew.strike() => return Err(ended.err().context("nobody breaks anything")?),
        ended = watch.watch() => return Err(ended.err().context("nobody watches")?),
        never = person.answer() => match never {},
    }
    books.compare(options, &shared, &watch).await
}

/// The provider's bad days, each kind seldom.
async fn set_faults(parts: &Parts, seed: u64) -> anyhow::Result<()> {
    let faults = json!({
        "seed": seed,
        "lose_webhooks": 5, "repeat_webhooks": 5, "reorder_webhooks": 2,
        "delay_webhooks": 2, "delay_seconds": 20,
        "accept_then_hang_every": 100, "hang_ms": 3_000,
        "latency_ms": 5, "latency_spread_ms": 60,
        "limit_calls": 1, "retry_after_seconds": 1,
        "errors_before": 1, "errors_after": 1, "error_status": 503,
        "garbage": 1, "truncate": 1,
        "hide_payments": 1, "hide_seconds": 20,
    });
    let put = parts.sandbox.put::<Value>("/sandbox/faults", &faults);
    put.await.map(drop)
}

/// Where both sides' books are.
struct Books {
    sandbox: crate::http::Http,
    clock: crate::clock_steps::ClockSteps,
    database_url: String,
    uid_key: [u8; 32],
}

impl Books {
    fn of(parts: &Parts) -> Books {
        Books {
            sandbox: parts.sandbox.clone(),
            clock: parts.clock(),
            database_url: parts.database_url.clone(),
            uid_key: parts.uid_key(),
        }
    }

    /// Everything has come to rest: both sides' books are compared.
    async fn compare(
        self,
        options: &Options,
        shared: &Shared,
        watch: &Watch,
    ) -> anyhow::Result<Report> {
        // Nothing comes due any more while the books are read.
        self.clock.run_on(false).await?;
        let now = self.clock.read().await?.now_at;
        let ledger: Ledger = self.sandbox.get("/sandbox/ledger").await?;
        let mut verifier = Verifier::connect(&self.database_url, Some(self.uid_key))?;
        verifier.read_stops().await?;
        let violations = verifier.conclude(&ledger, now).await?;
        let counts = verifier.counts().await?;
        shared.tally.borrow_mut().kept = verifier.quarantined().await?;
        Ok(Report::new(
            options,
            shared.tally.take(),
            watch.recovery(),
            verifier.instalments().await?,
            shared
                .registered
                .get()
                .abs_diff(counts.plans.unsigned_abs()),
            shared.struck.take(),
            Findings::new(violations, verifier.checked()),
        ))
    }
}

/// A directory of its own, with a PostgreSQL that ends with it.
struct Yard(TempDir);

impl Yard {
    fn new() -> anyhow::Result<Yard> {
        let mut place = tempfile::Builder::new();
        // PostgreSQL may run as another user, who has to enter.
        let permissions = Permissions::from_mode(0o755);
        place.prefix("paydown-chaos").permissions(permissions);
        Ok(Yard(
            place.tempdir().context("no directory for PostgreSQL")?,
        ))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Ends PostgreSQL, and removes everything unless it is worth a look. Answers where it was kept.
    async fn close(self, is_done_with: bool) -> anyhow::Result<Option<PathBuf>> {
        let cluster = LocalPostgres::at(&self.path().join("postgres"), PostgresOptions::default())?;
        cluster.stop(StopMode::Immediate).await?;
        Ok((!is_done_with).then(|| self.0.keep()))
    }
}
