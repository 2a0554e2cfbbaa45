//! The storm: years of collecting in minutes, with everything going wrong that can.
//!
//! The real flows and the real store run over a real PostgreSQL against the sandbox's bank. Nothing
//! of them knows that it is simulated: the storm sits below, in the wires to the database and to
//! the bank, in the clock, and in what payers, bank and operators do. All of it follows from one
//! seed, one step at a time in one thread, so that a seed brings the same storm about again. After
//! each day [`verify`] compares both sides' books.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

mod dice;
mod fault;
mod trace;
mod wire;
mod database_line;
mod bank_line;
mod ear;
mod plans;
mod agenda;
mod report;
mod pace;
mod world;
mod crew;
mod deeds;
mod hearing;
mod lending;
mod operators;
mod people;
mod weather;
mod watch;

pub use fault::{Fault, FaultChoice, NoSuchFault};
pub use report::{Broken, Progress, StormReport};

use world::Storm;

/// What kind of storm.
#[derive(Clone, Debug)]
pub struct StormConfig {
    /// Everything follows from it.
    pub seed: u64,
    /// How many plans.
    pub plans: u64,
    /// How many days it lasts.
    pub days: u64,
    /// What goes wrong.
    pub faults: FaultChoice,
    /// An empty database, reached through a Unix socket: `postgres://user@%2Fdirectory/name`.
    pub database_url: String,
}

/// Why there was no storm, or why it ended early. A broken law is none: it is reported.
#[derive(Debug, thiserror::Error)]
pub enum StormError {
    /// The database's URL does not lead through a Unix socket.
    #[error("the database has to be reached through a Unix socket")]
    NotLocal,
    /// The machine did not do as asked.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The database did not answer the storm itself.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A flow of Paydown's that the storm itself needs failed.
    #[error(transparent)]
    Flow(#[from] flows::FlowError),
    /// The books could not be compared.
    #[error(transparent)]
    Verify(#[from] verify::VerifyError),
    /// The sandbox did not start.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// The client did not start.
    #[error(transparent)]
    Client(#[from] oligo_client::BuildError),
    /// The API or the sandbox's controls did not answer the storm.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// Something was not said as expected.
    #[error("{0}")]
    Unexpected(String),
}

/// The first possible first day of a storm; the seed adds up to four years.
const FIRST_DAY: (i32, u32, u32) = (2026, 1, 1);

/// How long, after everything has calmed down, until all must be decided.
const CALM: TimeDelta = TimeDelta::days(12);

/// Runs a storm to its end. Blocks: call it from a thread of its own. `progress` hears of every
/// day.
///
/// # Errors
///
/// Fails when the storm itself cannot go on.
pub fn run(
    config: &StormConfig,
    progress: &mut dyn FnMut(&Progress),
) -> Result<StormReport, StormError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        let started = std::time::Instant::now();
        let mut storm = Storm::build(config).await?;
        let end = storm.now() + TimeDelta::days(days(config));
        while storm.now() < end {
            let tomorrow = (storm.now() + TimeDelta::days(1)).min(end);
            storm.run_to(tomorrow).await?;
            progress(&storm.progress());
        }
        storm.calm_down().await?;
        storm.run_to(end + CALM).await?;
        storm.conclude(started.elapsed()).await
    });
    // What was abandoned half way is not waited for.
    runtime.shutdown_background();
    report
}

fn days(config: &StormConfig) -> i64 {
    i64::try_from(config.days).unwrap_or(i64::MAX).min(365 * 20)
}

/// Three in the morning in Sydney, near enough, of the day on which a storm begins.
fn first_instant(offset_days: u64) -> DateTime<Utc> {
    let (year, month, day) = FIRST_DAY;
    let first = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let date = first + chrono::Days::new(offset_days);
    date.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(17)
}
