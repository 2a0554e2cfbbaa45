//! One process at a time makes, starts or stops a cluster.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::LocalPostgresError;

const WAIT: Duration = Duration::from_secs(180);

/// A held lock. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for its turn. Asked for again and again rather than waited for, so that a caller
    /// that gives up leaves no thread behind and a stopped holder is told of.
    pub async fn take(path: &Path) -> Result<Lock, LocalPostgresError> {
        let file = open(path)?;
        let deadline = Instant::now() + WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let waited_seconds = WAIT.as_secs();
                    return Err(LocalPostgresError::LockHeld {
                        path: path.into(),
                        waited_seconds,
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(LocalPostgresError::io("lock", path)(error));
                }
            }
        }
    }

    /// Takes it if nobody has it.
    pub fn try_take(path: &Path) -> Option<Lock> {
        let file = open(path).ok()?;
        file.try_lock().ok().map(|()| Lock { _file: file })
    }
}

fn open(path: &Path) -> Result<File, LocalPostgresError> {
    let mut options = OpenOptions::new();
    let options = options.create(true).write(true).truncate(false);
    options
        .open(path)
        .map_err(LocalPostgresError::io("open", path))
}
