//! A private PostgreSQL for demos, development and tests, run from the system's own programs.
//!
//! One cluster lives in one directory: `data/`, `run/` (the socket), `server.log`, `lock`. It
//! listens on a Unix socket alone, in a directory only the server's user (and root) can enter, and
//! trusts whoever comes through it: no port to collide, no password to keep, and a URL that stays
//! the same over every restart. By hand: `psql "$(paydown postgres url)"`.
//!
//! The server outlives the process that started it, and the next one uses it again. Whether it runs
//! is asked by connecting; a pid file is believed only when its process is that server. Making,
//! starting and stopping happen under a lock, so any number of processes may ask at once. A crash
//! anywhere leaves a directory that the next start puts right.

mod error;
mod lock;
mod place;
mod postmaster;
mod programs;
mod server;
pub mod testing;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use secrecy::SecretString;
use tokio::process::Command;

use lock::Lock;
use place::Place;
use programs::{Programs, Search};

pub use error::LocalPostgresError;

/// The database `paydown dev` and `paydown demo` use in a local cluster.
pub const DATABASE: &str = "paydown";

/// Every cluster's superuser.
const USER: &str = "paydown";

/// How a cluster runs. Heeded when it starts; one that runs already stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether a commit survives a crash of the machine (`fsync`). A crash of the server alone
    /// loses nothing either way.
    pub durability: bool,
    /// Most connections at once.
    pub connections_max: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            durability: true,
            connections_max: 100,
        }
    }
}

/// How to stop a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopMode {
    /// When every client has gone.
    Smart,
    /// Now; clients are sent away and their transactions rolled back.
    #[default]
    Fast,
    /// Now, as if it crashed; the next start recovers.
    Immediate,
}

impl StopMode {
    fn as_str(self) -> &'static str {
        match self {
            StopMode::Smart => "smart",
            StopMode::Fast => "fast",
            StopMode::Immediate => "immediate",
        }
    }
}

/// The database to work on.
#[derive(Debug, Clone)]
pub enum Database {
    /// A server somebody runs.
    Given(SecretString),
    /// A private local cluster.
    Local(LocalPostgres),
}

impl Database {
    /// Its URL.
    pub fn url(&self) -> SecretString {
        match self {
            Database::Given(url) => url.clone(),
            Database::Local(cluster) => cluster.url(DATABASE).into(),
        }
    }
}

/// The major version of the PostgreSQL that a new private cluster would use, and where its programs are.
///
/// # Errors
///
/// Fails when there is none, or none new enough.
pub fn installed() -> Result<(u32, PathBuf), LocalPostgresError> {
    let Programs { bin_dir, major } = Search::of_process().choose(Path::new("data"), None)?;
    Ok((major, bin_dir))
}

/// The database given, else [`DATABASE`] in the private cluster of `dir`, which is started.
///
/// `given` is `database.url` of the configuration, which `DATABASE_URL` also sets.
///
/// # Errors
///
/// Fails as [`LocalPostgres::start`]. A given server is not contacted.
pub async fn database(
    given: Option<&SecretString>,
    dir: &Path,
) -> Result<Database, LocalPostgresError> {
    if let Some(url) = given {
        return Ok(Database::Given(url.clone()));
    }
    let cluster = LocalPostgres::start(dir, Options::default()).await?;
    cluster.ensure_database(DATABASE).await?;
    Ok(Database::Local(cluster))
}

/// A private cluster: its directory and the programs that run it.
#[derive(Debug, Clone)]
pub struct LocalPostgres {
    place: Place,
    programs: Programs,
    options: Options,
}

impl LocalPostgres {
    /// The cluster of this directory, running or not; nothing is started.
    ///
    /// # Errors
    ///
    /// Fails when PostgreSQL's programs or a user to run them as are missing, or the directory
    /// cannot be used.
    pub fn at(dir: &Path, options: Options) -> Result<LocalPostgres, LocalPostgresError> {
        let place = Place::resolve(dir)?;
        if let Some(reason) = place.moved {
            let (dir, used) = (dir.display(), place.dir.display());
            tracing::warn!("PostgreSQL lives in {used} instead of {dir}: {reason}");
        }
        let programs = Search::of_process().choose(&place.data(), place.made_by())?;
        Ok(LocalPostgres {
            place,
            programs,
            options,
        })
    }

    /// The cluster of this directory, running: made if it was never made, started if it is
    /// stopped, recovered if it crashed, used as it is if it runs.
    ///
    /// # Errors
    ///
    /// As [`LocalPostgres::at`]; also when a program fails or the server does not answer in time.
    pub async fn start(dir: &Path, options: Options) -> Result<LocalPostgres, LocalPostgresError> {
        let cluster = LocalPostgres::at(dir, options)?;
        let _lock = Lock::take(&cluster.place.lock()).await?;
        cluster.start_locked().await?;
        Ok(cluster)
    }

    /// Stops it. `false`: it was not running.
    ///
    /// # Errors
    ///
    /// Fails when the server does not stop in time.
    pub async fn stop(&self, mode: StopMode) -> Result<bool, LocalPostgresError> {
        let _lock = Lock::take(&self.place.lock()).await?;
        self.stop_locked(mode).await
    }

    /// Crashes it and starts it again: every connection breaks, every commit stays.
    ///
    /// # Errors
    ///
    /// As [`LocalPostgres::stop`] and [`LocalPostgres::start`].
    pub async fn restart_immediate(&self) -> Result<(), LocalPostgresError> {
        let _lock = Lock::take(&self.place.lock()).await?;
        self.stop_locked(StopMode::Immediate).await?;
        self.start_locked().await
    }

    /// The URL of a database in it; it stays the same over restarts.
    pub fn url(&self, database: &str) -> String {
        let socket_dir = self.place.socket_dir();
        let (host, database) = (
            percent_encoded(&socket_dir.to_string_lossy()),
            percent_encoded(database),
        );
        format!("postgres://{USER}@{host}/{database}")
    }

    /// The directory it lives in, which may not be the one asked for.
    pub fn dir(&self) -> &Path {
        &self.place.dir
    }

    /// Why it is not the directory asked for, if it is not.
    pub fn moved(&self) -> Option<&'static str> {
        self.place.moved
    }

    /// What the server writes as it runs.
    pub fn log(&self) -> PathBuf {
        self.place.log()
    }

    /// Whether it answers a connection now.
    pub async fn answers(&self) -> bool {
        self.run(
            "psql",
            &["--no-psqlrc", "--dbname", "postgres", "--command", ""],
        )
        .await
        .is_ok()
    }

    /// Makes a database of this name unless there is one.
    ///
    /// # Errors
    ///
    /// Fails when the server does not answer or refuses.
    pub async fn ensure_database(&self, name: &str) -> Result<(), LocalPostgresError> {
        match self
            .run("createdb", &["--maintenance-db", "postgres", name])
            .await
        {
            Err(LocalPostgresError::Failed { said, .. }) if said.contains("already exists") => {
                Ok(())
            }
            made => made,
        }
    }

    /// Makes a database as a copy of another, which nobody may be connected to.
    ///
    /// # Errors
    ///
    /// Fails when the name is taken, or the server does not answer or refuses.
    pub async fn copy_database(&self, from: &str, name: &str) -> Result<(), LocalPostgresError> {
        let arguments = ["--maintenance-db", "postgres", "--template", from, name];
        self.run("createdb", &arguments).await
    }

    /// Removes a database if there is one, sending its clients away.
    ///
    /// # Errors
    ///
    /// Fails when the server does not answer or refuses.
    pub async fn drop_database(&self, name: &str) -> Result<(), LocalPostgresError> {
        self.run("dropdb", &drop_arguments(name)).await
    }

    /// Runs a client program against this cluster.
    async fn run(
        &self,
        program: &'static str,
        arguments: &[&str],
    ) -> Result<(), LocalPostgresError> {
        let mut command = self.client(program);
        outcome(
            program,
            command.args(arguments).kill_on_drop(true).output().await,
        )
    }

    fn client(&self, program: &str) -> Command {
        let mut command = self.command(program);
        command
            .arg("--host")
            .arg(self.place.socket_dir())
            .args(["--username", USER]);
        command
    }

    fn command(&self, program: &str) -> Command {
        Command::from(self.place.command(&self.program(program)))
    }

    fn program(&self, program: &str) -> PathBuf {
        self.programs.bin_dir.join(program)
    }
}

fn drop_arguments(name: &str) -> [&str; 5] {
    [
        "--if-exists",
        "--force",
        "--maintenance-db",
        "postgres",
        name,
    ]
}

fn outcome(
    program: &'static str,
    output: std::io::Result<Output>,
) -> Result<(), LocalPostgresError> {
    let output = output.map_err(LocalPostgresError::io("run", program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LocalPostgresError::Failed { program, said })
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
