//! `paydown verify`: holds the database against the sandbox's ledger, law by law.
//!
//! Only the sandbox has a ledger. What a real provider says is compared payment by payment, not law by law.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;
use verify::witness::Ledger;
use verify::{Verifier, Violation};

use domain::date::Instant;
use flows::clock::Clock;

use crate::config;
use crate::follow_clock::ClockReading;
use crate::http::Http;
use crate::laws::Findings;
use crate::output;
use crate::parts::{DIR, key_of_uids};

/// The exit code where nothing can be said.
const NO_VERDICT: u8 = 2;

/// How often running books are looked at before what they say is believed, and how far apart.
const LOOKS: u32 = 3;
const APART: Duration = Duration::from_secs(1);

/// Which books.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The sandbox, such as http://127.0.0.1:8090 [default: the one `paydown dev` started here].
    #[arg(long, value_name = "URL", conflicts_with = "ledger")]
    sandbox: Option<Url>,
    /// A ledger that was kept: what GET /sandbox/ledger answered.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// The database [default: database.url of the configuration, else that of `paydown dev`].
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The time of the books [default: the sandbox's].
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    /// Nothing is under way any more: also check what has to hold then.
    #[arg(long)]
    at_rest: bool,
    /// The directory of `paydown dev`.
    #[arg(long, default_value = DIR, value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Compares, and prints each law. Exits with 0 when all hold, 1 when one does not, 2 when nothing can be said.
///
/// # Errors
///
/// Never fails: what goes wrong is told here, so that 1 has one meaning.
pub async fn run(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    match compare(arguments, file).await {
        Ok(holds) => Ok(ExitCode::from(u8::from(!holds))),
        Err(error) => {
            eprintln!("Error: {}", crate::cli::told(&error));
            Ok(ExitCode::from(NO_VERDICT))
        }
    }
}

async fn compare(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<bool> {
    let books = Books::of(arguments, file)?;
    let findings = if arguments.at_rest {
        let (violations, verifier) = books.look(true).await?;
        Findings::new(violations, verifier.checked())
    } else {
        books.look_again().await?
    };
    if arguments.json {
        output::json(&findings)?;
    } else {
        findings.print()?;
    }
    Ok(findings.holds)
}

/// Where both sides are.
struct Books {
    database_url: String,
    uid_key: Option<[u8; 32]>,
    bank: Bank,
    at: Option<Instant>,
}

enum Bank {
    Sandbox(Http),
    Kept(PathBuf),
}

impl Books {
    fn of(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<Books> {
        let config = config::load(&config::Sources::of_process(file))?.config;
        let dev = Dev::read(&arguments.dir);
        let configured = config.database.url.as_ref();
        let configured = configured.map(|url| url.expose_secret().to_owned());
        let given = arguments.database_url.clone().or(configured);
        let is_devs = given.is_none();
        let database_url = match given {
            Some(url) => url,
            None => dev.get("database")?,
        };
        let bank = match (&arguments.ledger, &arguments.sandbox) {
            (Some(kept), _) => Bank::Kept(kept.clone()),
            (None, Some(url)) => Bank::Sandbox(Http::new(url.as_str(), None)?),
            (None, None) => Bank::Sandbox(Http::new(&dev.get("sandbox")?, None)?),
        };
        let uid_key = match &config.keys.uid_key {
            Some(key) => Some(hex_key(key.expose_secret())?),
            None if is_devs => Some(key_of_uids(&arguments.dir, "paydown")?),
            None => None,
        };
        Ok(Books {
            database_url,
            uid_key,
            bank,
            at: arguments.at,
        })
    }

    /// What does not hold each time, of books that are being written: one side is read before the other, so a
    /// difference that passes is none.
    async fn look_again(&self) -> anyhow::Result<Findings> {
        let (mut broken, mut verifier) = self.look(false).await?;
        for _ in 1..LOOKS {
            if broken.is_empty() {
                break;
            }
            tokio::time::sleep(APART).await;
            let (again, later) = self.look(false).await?;
            broken.retain(|violation| again.contains(violation));
            verifier = later;
        }
        Ok(Findings::new(broken, verifier.checked()))
    }

    async fn look(&self, at_rest: bool) -> anyhow::Result<(Vec<Violation>, Verifier)> {
        let (ledger, told_at) = self.read().await?;
        let now = self.at.unwrap_or(told_at);
        let mut verifier = Verifier::connect(&self.database_url, self.uid_key)?;
        verifier.read_stops().await?;
        if at_rest {
            let broken = verifier.conclude(&ledger, now).await?;
            return Ok((broken, verifier));
        }
        let mut broken = verifier.look(&ledger).await?;
        broken.extend(verifier.nothing_lost(now).await?);
        Ok((broken, verifier))
    }

    /// The bank's ledger, and what time it is.
    async fn read(&self) -> anyhow::Result<(Ledger, Instant)> {
        match &self.bank {
            Bank::Sandbox(http) => {
                let clock: ClockReading = http.get("/sandbox/clock").await?;
                Ok((http.get("/sandbox/ledger").await?, clock.now_at))
            }
            Bank::Kept(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let ledger = serde_json::from_str(&text)
                    .with_context(|| format!("{} is no ledger", path.display()))?;
                Ok((ledger, Clock::real().now()))
            }
        }
    }
}

/// What `paydown dev` wrote down.
struct Dev {
    path: PathBuf,
    written: Option<Value>,
}

impl Dev {
    fn read(dir: &Path) -> Dev {
        let path = dir.join("dev.json");
        let text = std::fs::read_to_string(&path).ok();
        let written = text.and_then(|text| serde_json::from_str(&text).ok());
        Dev { path, written }
    }

    fn get(&self, key: &str) -> anyhow::Result<String> {
        let told = self.written.as_ref().and_then(|written| written.get(key));
        let told = told.and_then(Value::as_str).map(str::to_owned);
        told.with_context(|| {
            let path = self.path.display();
            format!(
                "no {key} in {path}: is `paydown dev` running there? Else say where both sides are: \
                 --database-url, and --sandbox or --ledger"
            )
        })
    }
}

fn hex_key(hex: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
    let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    bytes.context("keys.uid_key must be 32 bytes in hex: 64 characters")
}
