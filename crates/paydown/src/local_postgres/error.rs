//! Why there is no local PostgreSQL, told so that a person can act on it.

use std::path::PathBuf;

use super::programs::MAJOR_MIN;

/// Why a private PostgreSQL cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LocalPostgresError {
    /// PostgreSQL is not installed, or not where we look.
    #[error(
        "no PostgreSQL server programs (initdb, pg_ctl, postgres, psql, createdb, dropdb) found\n  \
         looked in: {}\n  \
         do one of:\n    \
         - Debian, Ubuntu:  sudo apt-get install postgresql\n    \
         - Fedora, RHEL:    sudo dnf install postgresql-server\n    \
         - Arch:            sudo pacman -S postgresql\n    \
         - Alpine:          sudo apk add postgresql\n    \
         - macOS:           brew install postgresql@17\n    \
         - set PG_BIN_DIR to the directory that holds them",
        looked_in.join(", ")
    )]
    ProgramsMissing {
        /// Where they were looked for.
        looked_in: Vec<String>,
    },
    /// Only an older PostgreSQL is installed than Paydown runs on.
    #[error(
        "PostgreSQL {found} in {} is too old: {MAJOR_MIN} or newer is needed",
        bin_dir.display()
    )]
    TooOld {
        /// Its major version.
        found: u32,
        /// Where it is.
        bin_dir: PathBuf,
    },
    /// The data was made by a version that is not installed any more.
    #[error(
        "{} was made by PostgreSQL {made_by}, and only {found:?} is installed\n  \
         install PostgreSQL {made_by} again, or remove that directory to start empty",
        data_dir.display()
    )]
    OtherVersion {
        /// The cluster's data.
        data_dir: PathBuf,
        /// The major version it was made by.
        made_by: u32,
        /// The major versions there are.
        found: Vec<u32>,
    },
    /// PostgreSQL does not run as root, and there is no user to run it as.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to \
         run it as\n  run this as an ordinary user, or: useradd --system postgres"
    )]
    NoUser,
    /// The directory is somebody else's.
    #[error(
        "{} belongs to uid {owner}, not to uid {expected}\n  \
         run this as that user, or remove the directory",
        path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it should be.
        expected: u32,
    },
    /// A file or directory cannot be made, read or removed, or a program not be started.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A program of PostgreSQL's failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// Another process has been starting or stopping the same cluster for too long.
    #[error("another process has held {} for {waited_seconds} s", path.display())]
    LockHeld {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited_seconds: u64,
    },
    /// The server runs and does not answer.
    #[error(
        "PostgreSQL in {} did not answer within {waited_seconds} s\n  {said}\n  \
         try: paydown postgres stop --mode immediate",
        path.display()
    )]
    NotAnswering {
        /// The cluster's directory.
        path: PathBuf,
        /// How long we waited.
        waited_seconds: u64,
        /// The end of its log.
        said: String,
    },
    /// The caller's migration of a test template failed.
    #[error("the migration of the template database failed")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl LocalPostgresError {
    pub(super) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> LocalPostgresError {
        let path = path.into();
        move |source| LocalPostgresError::Io {
            doing,
            path,
            source,
        }
    }
}
