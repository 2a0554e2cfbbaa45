//! `paydown postgres`: the private PostgreSQL of demos, development and tests.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::local_postgres::testing::{self, test_cluster_dir};
use crate::local_postgres::{DATABASE, LocalPostgres, Options, StopMode};
use crate::output;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Start it, if it is not running, and print its URL.
    Start(Which),
    /// Stop it, if it is running.
    Stop {
        /// Which one.
        #[command(flatten)]
        which: Which,
        /// How.
        #[arg(long, value_enum, default_value_t = Mode::Fast)]
        mode: Mode,
    },
    /// Print its URL, running or not: psql "$(paydown postgres url)".
    Url(Which),
}

/// Which private PostgreSQL.
#[derive(Debug, Args)]
pub struct Which {
    /// Its directory.
    #[arg(long, default_value = ".paydown/postgres")]
    dir: PathBuf,
    /// The tests' one, in the target directory.
    #[arg(long, conflicts_with = "dir")]
    tests: bool,
    /// The database in it.
    #[arg(long, default_value = DATABASE)]
    database: String,
}

/// How to stop it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Mode {
    /// When every client has gone.
    Smart,
    /// Now; clients are sent away.
    Fast,
    /// Now, as if it crashed.
    Immediate,
}

impl From<Mode> for StopMode {
    fn from(mode: Mode) -> StopMode {
        match mode {
            Mode::Smart => StopMode::Smart,
            Mode::Fast => StopMode::Fast,
            Mode::Immediate => StopMode::Immediate,
        }
    }
}

impl Which {
    fn dir_and_options(&self) -> (PathBuf, Options) {
        if self.tests {
            (test_cluster_dir(), testing::OPTIONS)
        } else {
            (self.dir.clone(), Options::default())
        }
    }

    fn cluster(&self) -> anyhow::Result<LocalPostgres> {
        let (dir, options) = self.dir_and_options();
        let cluster = LocalPostgres::at(&dir, options)?;
        if let Some(reason) = cluster.moved() {
            let (asked, used) = (dir.display(), cluster.dir().display());
            eprintln!("note: it lives in {used} instead of {asked}: {reason}");
        }
        Ok(cluster)
    }
}

/// Starts or stops a private PostgreSQL, or prints its URL.
///
/// # Errors
///
/// Fails when PostgreSQL's programs are missing or do not do as asked.
pub async fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Start(which) => {
            let (dir, options) = which.dir_and_options();
            let cluster = which.cluster()?;
            LocalPostgres::start(&dir, options).await?;
            cluster.ensure_database(&which.database).await?;
            output::text(&cluster.url(&which.database))?;
        }
        Action::Stop { which, mode } => {
            let was_running = which.cluster()?.stop((*mode).into()).await?;
            output::text(if was_running {
                "stopped"
            } else {
                "was not running"
            })?;
        }
        Action::Url(which) => output::text(&which.cluster()?.url(&which.database))?,
    }
    Ok(())
}
