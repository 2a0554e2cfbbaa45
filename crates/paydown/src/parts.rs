//! Paydown's parts as processes of their own, on a private PostgreSQL: what the demo and `dev` run.
//!
//! The parts are this same binary, configured by environment alone, as they would be anywhere else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Monotonic};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use domain::date::Instant;
use flows::clock::Clock;
use store::{DataKey, Store};

use crate::clock_steps::ClockSteps;
use crate::http::Http;
use crate::local_postgres::{LocalPostgres, Options};
use crate::runtime::STOPPED;
use crate::verbs::keys::{create_api_key, revoke_named};

mod keys;
mod misfortune;
mod place;
mod process;

use keys::Keys;
pub(crate) use keys::{key_of_uids, write_private};
use place::Held;
use process::{Process, Starter};

/// Where logs and the private PostgreSQL live unless told.
pub const DIR: &str = ".paydown";

/// How the parts are to run.
#[derive(Debug)]
pub struct Layout {
    /// Which verb runs them; told to the next that wants the same directory.
    pub verb: &'static str,
    /// Where logs and, unless given, the private PostgreSQL live.
    pub dir: PathBuf,
    /// The database's name.
    pub database: &'static str,
    /// Whether the database is made anew.
    pub fresh: bool,
    /// Where the sandbox's clock stands at the start; `None` runs with real time.
    pub start_at: Option<Instant>,
    /// How many worker processes.
    pub workers: usize,
    /// The API's and the sandbox's port; `None` takes free ones.
    pub ports: Option<(u16, u16)>,
    /// Milliseconds the provider has to answer.
    pub provider_timeout_ms: u64,
    /// What payers do with agreements, unless told otherwise: the sandbox's word for it.
    pub payers: &'static str,
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
    /// The newest instant of a database that was kept and is not empty.
    pub kept_until: Option<Instant>,
    ports: (u16, u16),
    clock_runs: bool,
    uid_key: [u8; 32],
    data_key: DataKey,
    starter: Starter,
    processes: Vec<Process>,
    workers: Vec<Process>,
    workers_started: usize,
    _held: Held,
}

impl Parts {
    /// Starts PostgreSQL, the sandbox, the API and the workers, and waits until they are ready.
    ///
    /// # Errors
    ///
    /// Fails with the part that did not come up, and where its log is; when the directory or a port is somebody
    /// else's, before anything is touched; and when `stop` is cancelled meanwhile. No part is left running.
    pub async fn start(layout: Layout, stop: &CancellationToken) -> anyhow::Result<Parts> {
        let prepared = stop.run_until_cancelled(Parts::prepare(layout)).await;
        let mut parts = prepared.context(STOPPED)??;
        match stop.run_until_cancelled(parts.bring_up()).await {
            Some(Ok(())) => Ok(parts),
            Some(Err(error)) => {
                parts.stop().await;
                Err(error)
            }
            None => {
                parts.stop().await;
                anyhow::bail!(STOPPED)
            }
        }
    }

    async fn prepare(mut layout: Layout) -> anyhow::Result<Parts> {
        let held = place::hold(&layout.dir, layout.verb)?;
        let ports = place::ports(layout.ports)?;
        let logs = layout.dir.join("logs");
        std::fs::create_dir_all(&logs)
            .with_context(|| format!("{} cannot be made", logs.display()))?;
        let postgres =
            LocalPostgres::start(&layout.dir.join("postgres"), Options::default()).await?;
        if layout.fresh {
            postgres.drop_database(layout.database).await?;
        }
        postgres.ensure_database(layout.database).await?;
        let database_url = postgres.url(layout.database);
        let keys = Keys::of(&layout)?;
        let prepared = prepare(&database_url, &keys).await?;
        let clock_runs = layout.start_at.is_none();
        // A clock that went back would find everything in the database still to come.
        let later = |newest: &Instant| Clock::real().now() < *newest;
        layout.start_at = layout.start_at.or(prepared.newest_at.filter(later));

        let [api, sandbox] = [ports.0, ports.1].map(|port| format!("http://127.0.0.1:{port}"));
        let environment = environment(&layout, &keys, &database_url, ports);
        Ok(Parts {
            starter: Starter::new(layout.dir.clone(), environment),
            layout,
            ports,
            clock_runs,
            postgres,
            database_url,
            api: Http::new(&api, Some(&prepared.api_key))?,
            sandbox: Http::new(&sandbox, None)?,
            api_key: prepared.api_key,
            kept_until: prepared.newest_at,
            uid_key: keys.uid_key()?,
            data_key: keys.data_key()?,
            processes: Vec::new(),
            workers: Vec::new(),
            workers_started: 0,
            _held: held,
        })
    }

    async fn bring_up(&mut self) -> anyhow::Result<()> {
        self.start_sandbox()?;
        self.wait_for("sandbox", self.sandbox.clone(), "/sandbox/health")
            .await?;
        if self.clock_runs {
            self.clock().run_on(true).await?;
        }
        let api = self.starter.start(None, "api", &["serve".to_owned()])?;
        self.processes.push(api);
        self.wait_for("api", self.api.clone(), "/readyz").await?;
        for _ in 0..self.layout.workers {
            self.start_worker(None)?;
        }
        Ok(())
    }

    fn start_sandbox(&mut self) -> anyhow::Result<()> {
        let (api_port, sandbox_port) = self.ports;
        let mut arguments = vec![
            "sandbox".to_owned(),
            format!("--listen=127.0.0.1:{sandbox_port}"),
            format!("--token={SANDBOX_TOKEN}"),
            format!("--webhook-url=http://127.0.0.1:{api_port}/v1/webhooks/oligo"),
            format!("--payers={}", self.layout.payers),
        ];
        if let Some(start_at) = self.layout.start_at {
            arguments.push(format!("--start-at={}", start_at.to_rfc3339()));
        }
        let sandbox = self.starter.start(None, "sandbox", &arguments)?;
        self.processes.push(sandbox);
        Ok(())
    }

    /// The clock that all parts follow.
    pub fn clock(&self) -> ClockSteps {
        ClockSteps::new(self.api.clone(), self.sandbox.clone())
    }

    /// Starts one more worker process, of this program or of another.
    ///
    /// # Errors
    ///
    /// Fails when the process cannot be started.
    pub fn start_worker(&mut self, program: Option<&Path>) -> anyhow::Result<()> {
        self.workers_started += 1;
        let name = format!("worker-{}", self.workers_started);
        let worker = self.starter.start(program, &name, &["work".to_owned()])?;
        self.workers.push(worker);
        Ok(())
    }

    /// A store of one's own over the parts' database.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::connect(&self.database_url, 2, &self.data_key).await?)
    }

    /// The key of uids.
    pub fn uid_key(&self) -> [u8; 32] {
        self.uid_key
    }

    /// Forgets every lease there is, as if nobody held any row, as soon as somebody holds one. Answers how many
    /// were held: none, if nobody held one within the time given.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn wipe_leases(&self, within: Duration) -> anyhow::Result<u64> {
        let store = self.store().await?;
        let deadline = Monotonic::now() + within;
        let mut wiped = store.wipe_leases().await?;
        while wiped == 0 && Monotonic::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
            wiped = store.wipe_leases().await?;
        }
        store.close().await;
        Ok(wiped)
    }

    /// Where the logs are.
    pub fn logs(&self) -> PathBuf {
        self.starter.logs()
    }

    /// An option that leads another verb to a file of ours; nothing where it looks there by itself.
    pub fn option(&self, name: &str, file: &str) -> String {
        let usual = std::path::absolute(DIR).is_ok_and(|usual| usual == self.layout.dir);
        if usual {
            return String::new();
        }
        format!(" {name} {:?}", self.layout.dir.join(file))
    }

    /// Asks every part to end, and waits for it; one that does not end within ten seconds is killed.
    pub async fn stop(mut self) {
        // The workers first, the sandbox last: each needs those after it to finish what it has begun.
        let mut groups = vec![std::mem::take(&mut self.workers)];
        let others = std::mem::take(&mut self.processes).into_iter().rev();
        groups.extend(others.map(|process| vec![process]));
        for mut group in groups {
            group.iter().for_each(Process::terminate);
            for process in &mut group {
                process.end_within(Duration::from_secs(10)).await;
            }
        }
    }

    async fn wait_for(&mut self, name: &str, http: Http, path: &str) -> anyhow::Result<()> {
        for _ in 0..300 {
            let is_well = http.is_well(path).await;
            // Asked afterwards: a stranger at our port may have answered for a part that has ended.
            self.must_live()?;
            if is_well {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = self.starter.log(name);
        anyhow::bail!(
            "{name} did not answer within 30 seconds; its log: {}",
            log.display()
        )
    }

    fn must_live(&mut self) -> anyhow::Result<()> {
        for process in &mut self.processes {
            if let Some(status) = process.ended()? {
                let log = self.starter.log(process.name());
                let name = process.name();
                anyhow::bail!("{name} ended with {status}; its log: {}", log.display());
            }
        }
        Ok(())
    }
}

const SANDBOX_TOKEN: &str = "sandbox";

/// What there is in a database made ready.
struct Prepared {
    api_key: String,
    newest_at: Option<Instant>,
}

async fn prepare(database_url: &str, keys: &Keys) -> anyhow::Result<Prepared> {
    let store = Store::connect(database_url, 4, &keys.data_key()?).await?;
    store.migrate().await?;
    let newest_at = store.newest_at().await?;
    // The last start's key, of a database that was kept: nobody needs it any more.
    revoke_named(&store, "local").await?;
    let api_key = create_api_key(&store, "local", api::KeyMode::Test).await?;
    store.close().await;
    Ok(Prepared { api_key, newest_at })
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
