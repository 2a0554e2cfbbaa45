//! Paydown's parts as processes of their own, on a private PostgreSQL: what the demo and `dev` run.
//!
//! The parts are this same binary, configured by environment alone, as they would be anywhere else.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use store::{DataKey, Store};

use crate::http::Http;
use crate::local_postgres::{LocalPostgres, Options};
use crate::verbs::keys::{create_api_key, fresh};

/// How the parts are to run.
#[derive(Debug)]
pub struct Layout {
    /// Where logs and, unless given, the private PostgreSQL live.
    pub dir: PathBuf,
    /// The database's name.
    pub database: &'static str,
    /// Whether the database is made anew.
    pub fresh: bool,
    /// Where the sandbox's clock stands at the start; `None` runs with real time.
    pub start_at: Option<DateTime<Utc>>,
    /// How many worker processes.
    pub workers: usize,
    /// The API's and the sandbox's port; `None` takes free ones.
    pub ports: Option<(u16, u16)>,
    /// Milliseconds the provider has to answer.
    pub provider_timeout_ms: u64,
}

/// The running parts. Dropped, they are killed.
#[derive(Debug)]
pub struct Parts {
    layout: Layout,
    /// The private PostgreSQL; it outlives the parts, to be looked into.
    pub postgres: LocalPostgres,
    /// The database's URL.
    pub database_url: String,
    /// The API.
    pub api: Http,
    /// The sandbox.
    pub sandbox: Http,
    /// A key to the API.
    pub api_key: String,
    data_key: DataKey,
    environment: Vec<(&'static str, String)>,
    processes: Vec<(String, Child)>,
    workers: Vec<Child>,
    workers_started: usize,
}

impl Parts {
    /// Starts PostgreSQL, the sandbox, the API and the workers, and waits until they are ready.
    ///
    /// # Errors
    ///
    /// Fails with the part that did not come up, and where its log is.
    pub async fn start(layout: Layout) -> anyhow::Result<Parts> {
        std::fs::create_dir_all(layout.dir.join("logs"))
            .with_context(|| format!("{} cannot be made", layout.dir.display()))?;
        let postgres =
            LocalPostgres::start(&layout.dir.join("postgres"), Options::default()).await?;
        if layout.fresh {
            postgres.drop_database(layout.database).await?;
        }
        postgres.ensure_database(layout.database).await?;
        let database_url = postgres.url(layout.database);
        let keys = Keys::of(&layout)?;
        let api_key = prepare(&database_url, &keys).await?;

        let (api_port, sandbox_port) = match layout.ports {
            Some(ports) => ports,
            None => (free_port()?, free_port()?),
        };
        let sandbox = Http::new(&format!("http://127.0.0.1:{sandbox_port}"), None)?;
        let api = Http::new(&format!("http://127.0.0.1:{api_port}"), Some(&api_key))?;
        let environment = environment(&layout, &keys, &database_url, (api_port, sandbox_port));
        let mut parts = Parts {
            layout,
            postgres,
            database_url,
            api,
            sandbox,
            api_key,
            data_key: keys.data_key()?,
            environment,
            processes: Vec::new(),
            workers: Vec::new(),
            workers_started: 0,
        };
        parts.start_sandbox(api_port, sandbox_port)?;
        parts
            .wait_for("sandbox", parts.sandbox.clone(), "/sandbox/health")
            .await?;
        let api = parts.spawn("api", &["serve".to_owned()])?;
        parts.processes.push(("api".to_owned(), api));
        parts.wait_for("api", parts.api.clone(), "/readyz").await?;
        for _ in 0..parts.layout.workers {
            parts.start_worker()?;
        }
        Ok(parts)
    }

    fn start_sandbox(&mut self, api_port: u16, sandbox_port: u16) -> anyhow::Result<()> {
        let mut arguments = vec![
            "sandbox".to_owned(),
            format!("--listen=127.0.0.1:{sandbox_port}"),
            format!("--token={SANDBOX_TOKEN}"),
            format!("--webhook-url=http://127.0.0.1:{api_port}/v1/webhooks/oligo"),
        ];
        if let Some(start_at) = self.layout.start_at {
            arguments.push(format!("--start-at={}", start_at.to_rfc3339()));
        }
        let sandbox = self.spawn("sandbox", &arguments)?;
        self.processes.push(("sandbox".to_owned(), sandbox));
        Ok(())
    }

    /// Starts one more worker process.
    ///
    /// # Errors
    ///
    /// Fails when the process cannot be started.
    pub fn start_worker(&mut self) -> anyhow::Result<()> {
        self.workers_started += 1;
        let name = format!("worker-{}", self.workers_started);
        let worker = self.spawn(&name, &["work".to_owned()])?;
        self.workers.push(worker);
        Ok(())
    }

    /// Kills the oldest worker with SIGKILL, at once and without a word. Answers its process id.
    ///
    /// # Errors
    ///
    /// Fails when there is none, or it cannot be killed.
    pub async fn kill_worker(&mut self) -> anyhow::Result<u32> {
        anyhow::ensure!(!self.workers.is_empty(), "there is no worker to kill");
        let mut worker = self.workers.remove(0);
        let id = worker.id().context("the worker has ended by itself")?;
        worker.kill().await?;
        Ok(id)
    }

    /// Forgets every lease there is, as if nobody held any row. Answers how many were held.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn wipe_leases(&self) -> anyhow::Result<u64> {
        let store = Store::connect(&self.database_url, 2, &self.data_key).await?;
        let wiped = store.wipe_leases().await?;
        store.close().await;
        Ok(wiped)
    }

    /// Where the logs are.
    pub fn logs(&self) -> PathBuf {
        self.layout.dir.join("logs")
    }

    /// Asks every part to end, and waits for it; one that does not end within ten seconds is killed.
    pub async fn stop(mut self) {
        let mut children: Vec<Child> = std::mem::take(&mut self.workers);
        // The workers first: they still need the others to finish what they have begun.
        children.extend(
            std::mem::take(&mut self.processes)
                .into_iter()
                .map(|(_, child)| child),
        );
        for child in &mut children {
            terminate(child);
            let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
            if ended.is_err() {
                tracing::warn!("a part did not end when asked to; killing it");
                // It may have ended in between; there is nothing left to do about either.
                drop(child.kill().await);
            }
        }
    }

    fn spawn(&self, name: &str, arguments: &[String]) -> anyhow::Result<Child> {
        let log = File::create(self.logs().join(format!("{name}.log")))?;
        let mut command = Command::new(std::env::current_exe()?);
        for (variable, _) in std::env::vars_os() {
            // The parts are configured here alone, whatever the shell has set.
            if variable.to_string_lossy().starts_with("PAYDOWN_") || variable == "DATABASE_URL" {
                command.env_remove(variable);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.layout.dir)
            .envs(self.environment.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C on the terminal reaches this process alone; it ends its parts in order.
            .process_group(0)
            .kill_on_drop(true);
        command
            .spawn()
            .with_context(|| format!("{name} cannot be started"))
    }

    async fn wait_for(&mut self, name: &str, http: Http, path: &str) -> anyhow::Result<()> {
        let log = self.logs().join(format!("{name}.log"));
        for _ in 0..300 {
            if http.is_well(path).await {
                return Ok(());
            }
            for (process, child) in &mut self.processes {
                if let Some(status) = child.try_wait()? {
                    anyhow::bail!("{process} ended with {status}; its log: {}", log.display());
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!(
            "{name} did not answer within 30 seconds; its log: {}",
            log.display()
        )
    }
}

const SANDBOX_TOKEN: &str = "sandbox";

/// The keys of the installation in a directory: made once, kept beside its database.
struct Keys {
    uid_key: String,
    data_key: String,
}

impl Keys {
    fn of(layout: &Layout) -> anyhow::Result<Keys> {
        let path = layout.dir.join(format!("{}.keys", layout.database));
        if layout.fresh || !path.exists() {
            write_private(&path, &format!("{}\n{}\n", fresh()?, fresh()?))?;
        }
        let text = std::fs::read_to_string(&path)?;
        let mut lines = text.lines().map(str::to_owned);
        let (Some(uid_key), Some(data_key)) = (lines.next(), lines.next()) else {
            anyhow::bail!("{} does not hold two keys", path.display());
        };
        Ok(Keys { uid_key, data_key })
    }

    fn data_key(&self) -> anyhow::Result<DataKey> {
        let bytes = data_encoding::HEXLOWER.decode(self.data_key.as_bytes())?;
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| anyhow::anyhow!("a data key has 32 bytes"))?;
        Ok(DataKey::new(bytes))
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}

async fn prepare(database_url: &str, keys: &Keys) -> anyhow::Result<String> {
    let store = Store::connect(database_url, 4, &keys.data_key()?).await?;
    store.migrate().await?;
    let api_key = create_api_key(&store, "local", api::KeyMode::Test).await?;
    store.close().await;
    Ok(api_key)
}

fn environment(
    layout: &Layout,
    keys: &Keys,
    database_url: &str,
    (api_port, sandbox_port): (u16, u16),
) -> Vec<(&'static str, String)> {
    let sandbox_url = format!("http://127.0.0.1:{sandbox_port}");
    // Time that is moved by hand need not be asked about every simulated day.
    let refresh_hours = "24";
    vec![
        ("PAYDOWN_DATABASE__URL", database_url.to_owned()),
        ("PAYDOWN_API__LISTEN", format!("127.0.0.1:{api_port}")),
        ("PAYDOWN_PROVIDER__BASE_URL", format!("{sandbox_url}/v1")),
        ("PAYDOWN_PROVIDER__TOKEN", SANDBOX_TOKEN.to_owned()),
        (
            "PAYDOWN_PROVIDER__TOTAL_TIMEOUT_MS",
            layout.provider_timeout_ms.to_string(),
        ),
        (
            "PAYDOWN_PROVIDER__CONNECT_TIMEOUT_MS",
            layout.provider_timeout_ms.min(3_000).to_string(),
        ),
        ("PAYDOWN_KEYS__UID_KEY", keys.uid_key.clone()),
        ("PAYDOWN_KEYS__DATA_KEY", keys.data_key.clone()),
        ("PAYDOWN_WORKER__LEASE_MS", "3000".to_owned()),
        ("PAYDOWN_WORKER__HEARTBEAT_MS", "1000".to_owned()),
        ("PAYDOWN_WORKER__POLL_MS", "200".to_owned()),
        (
            "PAYDOWN_COLLECTION__AGREEMENT_REFRESH_HOURS",
            refresh_hours.to_owned(),
        ),
        ("PAYDOWN_CLOCK__SOURCE", "sandbox".to_owned()),
        ("PAYDOWN_CLOCK__SANDBOX_URL", sandbox_url),
        ("PAYDOWN_LOG__FILTER", "info".to_owned()),
    ]
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn terminate(child: &Child) {
    let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return;
    };
    if let Err(error) = kill(Pid::from_raw(id), Signal::SIGTERM) {
        tracing::debug!(%error, "a part has ended by itself");
    }
}
