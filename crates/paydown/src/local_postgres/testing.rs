//! Databases for tests: one private cluster for all of them, one database each.
//!
//! The cluster lives in the workspace's target directory and keeps running from one test program to
//! the next; `paydown postgres stop --tests` ends it. Its commits need not survive the machine.
//! A template is migrated once per schema, and every test gets a copy.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::lock::Lock;
use super::{LocalPostgres, LocalPostgresError, Options, drop_arguments};

/// How the tests' cluster runs.
pub const OPTIONS: Options = Options {
    durability: false,
    connections_max: 300,
};

/// A template nobody has copied for this long belongs to a schema that is gone.
const TEMPLATE_KEPT: Duration = Duration::from_secs(3 * 24 * 3_600);

/// The tests' cluster, running. Databases that ended test programs left behind are removed.
///
/// # Errors
///
/// As [`LocalPostgres::start`].
pub async fn test_cluster() -> Result<LocalPostgres, LocalPostgresError> {
    static CLUSTER: OnceCell<LocalPostgres> = OnceCell::const_new();
    CLUSTER
        .get_or_try_init(|| start_in(test_cluster_dir()))
        .await
        .cloned()
}

/// Where the tests' cluster is: in the target directory of the workspace the process runs in.
pub fn test_cluster_dir() -> PathBuf {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|set| !set.is_empty())
            .map(PathBuf::from)
    };
    let start = set("CARGO_MANIFEST_DIR").or_else(|| std::env::current_dir().ok());
    let start = start.unwrap_or_default();
    let workspace = start
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file());
    let workspace = workspace.unwrap_or(&start);
    let target = set("CARGO_TARGET_DIR").unwrap_or_else(|| PathBuf::from("target"));
    workspace.join(target).join("test-postgres")
}

async fn start_in(dir: PathBuf) -> Result<LocalPostgres, LocalPostgresError> {
    let cluster = LocalPostgres::start(&dir, OPTIONS).await?;
    remove_abandoned(&cluster).await?;
    Ok(cluster)
}

/// A test's own database, migrated and empty. Removed when dropped, else by a later test program.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    name: String,
    cluster: LocalPostgres,
    marker: PathBuf,
    /// Tells later programs that somebody uses the database; a crash lets go of it too.
    _in_use: Lock,
}

impl TestDatabase {
    /// A fresh database in the tests' cluster. `schema` stands for the migrations (their
    /// checksums): for each other one, `migrate` is called once with the URL of an empty template.
    /// It must have closed its connections when it returns.
    ///
    /// # Errors
    ///
    /// As [`LocalPostgres::start`]; also when the migration fails.
    pub async fn create<M, F, E>(schema: &[u8], migrate: M) -> Result<Self, LocalPostgresError>
    where
        M: FnOnce(String) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        TestDatabase::create_in(test_cluster().await?, schema, migrate).await
    }

    /// The same in another cluster.
    ///
    /// # Errors
    ///
    /// As [`TestDatabase::create`].
    pub async fn create_in<M, F, E>(
        cluster: LocalPostgres,
        schema: &[u8],
        migrate: M,
    ) -> Result<Self, LocalPostgresError>
    where
        M: FnOnce(String) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (name, marker, in_use, template) = {
            let _lock = Lock::take(&cluster.place.lock()).await?;
            let template = ensure_template(&cluster, schema, migrate).await?;
            let name = fresh_name();
            let marker = marker(&cluster, "databases", &name)?;
            let in_use = Lock::take(&marker).await?;
            (name, marker, in_use, template)
        };
        cluster.copy_database(&template, &name).await?;
        let url = cluster.url(&name);
        Ok(TestDatabase {
            url,
            name,
            cluster,
            marker,
            _in_use: in_use,
        })
    }

    /// The cluster it is in.
    pub fn cluster(&self) -> &LocalPostgres {
        &self.cluster
    }
}

impl Drop for TestDatabase {
    /// Not waited for: a test should not pay for it, and what is left is removed later.
    fn drop(&mut self) {
        let mut command = self.cluster.client("dropdb").into_std();
        command
            .args(drop_arguments(&self.name))
            .stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let marker = self.marker.clone();
        if let Ok(mut child) = command.spawn() {
            std::thread::spawn(move || {
                if child.wait().is_ok_and(|status| status.success()) {
                    let _ = fs::remove_file(marker);
                }
            });
        }
    }
}

async fn ensure_template<M, F, E>(
    cluster: &LocalPostgres,
    schema: &[u8],
    migrate: M,
) -> Result<String, LocalPostgresError>
where
    M: FnOnce(String) -> F,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let hash = HEXLOWER.encode(&Sha256::digest(schema)[..8]);
    let template = format!("paydown_template_{hash}");
    let ready = marker(cluster, "templates", &template)?;
    if let Ok(file) = File::options().write(true).open(&ready) {
        // Told by the time of its last use; that this may fail costs a migration later.
        let _ = file.set_modified(SystemTime::now());
        return Ok(template);
    }
    // Without its marker it may be half migrated.
    cluster.drop_database(&template).await?;
    cluster.ensure_database(&template).await?;
    let migrated = migrate(cluster.url(&template)).await;
    migrated.map_err(|error| LocalPostgresError::Migration(error.into()))?;
    File::create(&ready).map_err(LocalPostgresError::io("make", &ready))?;
    Ok(template)
}

async fn remove_abandoned(cluster: &LocalPostgres) -> Result<(), LocalPostgresError> {
    let _lock = Lock::take(&cluster.place.lock()).await?;
    for (name, marker) in markers(cluster, "databases") {
        if let Some(_unused) = Lock::try_take(&marker) {
            remove_database(cluster, &name, &marker).await;
        }
    }
    for (name, marker) in markers(cluster, "templates") {
        let used = fs::metadata(&marker)
            .and_then(|marker| marker.modified())
            .ok();
        let age = used
            .and_then(|used| used.elapsed().ok())
            .unwrap_or_default();
        if TEMPLATE_KEPT < age {
            remove_database(cluster, &name, &marker).await;
        }
    }
    Ok(())
}

/// Best effort: what cannot be removed now is tried again by the next test program.
async fn remove_database(cluster: &LocalPostgres, name: &str, marker: &Path) {
    match cluster.drop_database(name).await {
        Ok(()) => {
            let _ = fs::remove_file(marker);
        }
        Err(error) => warn_kept(name, &error),
    }
}

fn warn_kept(name: &str, error: &dyn Display) {
    tracing::warn!("test database {name} is kept: {error}");
}

fn markers(cluster: &LocalPostgres, kind: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(cluster.dir().join(kind))
        .into_iter()
        .flatten()
        .flatten();
    let named = entries.filter_map(|entry| {
        let path = entry.path();
        Some((path.file_name().and_then(OsStr::to_str)?.to_owned(), path))
    });
    named.collect()
}

fn marker(cluster: &LocalPostgres, kind: &str, name: &str) -> Result<PathBuf, LocalPostgresError> {
    let dir = cluster.dir().join(kind);
    fs::create_dir_all(&dir).map_err(LocalPostgresError::io("make", &dir))?;
    Ok(dir.join(name))
}

fn fresh_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_millis();
    let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    format!("test_{since:x}_{process}_{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_crashed_test_program_left_is_removed_and_what_is_in_use_is_kept() {
        let migrate = async |_| Ok::<(), String>(());
        let used = TestDatabase::create(b"nothing", migrate)
            .await
            .expect("made");
        let cluster = used.cluster();
        let left = fresh_name();
        let left_marker = marker(cluster, "databases", &left).expect("a path");
        cluster
            .copy_database("template0", &left)
            .await
            .expect("made");
        File::create(&left_marker).expect("made, and locked by nobody");

        remove_abandoned(cluster).await.expect("removed");

        let taken = async |name: &str| cluster.copy_database("template0", name).await.is_err();
        assert!(taken(&used.name).await, "the one in use is kept");
        assert!(!taken(&left).await, "the one left is gone");
        assert!(!left_marker.exists());
        cluster.drop_database(&left).await.expect("removed");
    }
}
