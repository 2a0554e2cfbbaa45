//! How a storm is put together: the bank, Paydown's parts, two workers, and the storm's hand on
//! each of them.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiState, KeyMode, WebhookConfig, api_key_digest, new_api_key_secret};
use chrono::{DateTime, TimeDelta, Utc};
use oligo_client::{ClientConfig, OligoClient};
use sandbox::{MonthEnd, Sandbox, SandboxConfig};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use domain::failure::RetryPolicy;
use domain::gate::SendingHours;
use domain::uid::{ApiKeyId, UidKey};
use flows::chores::schedule_comparisons;
use flows::clock::{Clock, ClockHand, SeededIds, fresh_uuid};
use flows::provider::Provider;
use flows::{Deps, Settings};
use store::wake::Kind;
use store::{DataKey, Store, StoreError};
use verify::Verifier;

use crate::agenda::Agenda;
use crate::bank_line::BankLine;
use crate::database_line::DatabaseLine;
use crate::dice::Dice;
use crate::ear::Ear;
use crate::fault::Faults;
use crate::lending::Loan;
use crate::pace;
use crate::report::Broken;
use crate::trace::Trace;
use crate::wire::{Struck, Wires};
use crate::{StormConfig, StormError, first_instant};

const TOKEN: &str = "storm";
const UID_KEY: [u8; 32] = [9; 32];
const DATA_KEY: [u8; 32] = [7; 32];
/// Longer than anything takes: an answer that does not come has its connection broken instead.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
/// A worker's own connections.
const CONNECTIONS: u32 = 3;

/// Statements are planned once, not each time, and never as a walk through a whole table: a storm
/// fills its tables faster than PostgreSQL counts them. Nor are they compiled, or shared among processes: all of
/// them are short.
const PLANNED_ONCE: &str = "options[plan_cache_mode]=force_generic_plan&options[enable_seqscan]=off\
                            &options[jit]=off&options[max_parallel_workers_per_gather]=0";

/// A running storm.
pub(crate) struct Storm {
    pub(crate) config: StormConfig,
    pub(crate) begins_at: DateTime<Utc>,
    pub(crate) dice: AllDice,
    pub(crate) faults: Faults,
    pub(crate) trace: Trace,
    pub(crate) marks: BTreeMap<String, u64>,
    pub(crate) broken: Vec<Broken>,
    pub(crate) agenda: Agenda,
    pub(crate) loans: Vec<Loan>,
    pub(crate) by_agreement: HashMap<String, usize>,
    pub(crate) refused: u64,
    /// How many of a thousand questions a person answers in a day.
    pub(crate) diligence: u64,
    /// How finely time passes.
    pub(crate) tick: TimeDelta,
    /// How many rows one lease takes.
    pub(crate) slice: i64,
    /// In which order the kinds of rows are attended at one instant.
    pub(crate) turns: [Kind; 5],
    pub(crate) clock: Clock,
    pub(crate) hand: ClockHand,
    pub(crate) sandbox: Sandbox,
    pub(crate) bank: SocketAddr,
    pub(crate) api_url: Url,
    pub(crate) api_key: String,
    pub(crate) http: reqwest::Client,
    pub(crate) store: Store,
    pub(crate) receiver: Deps,
    pub(crate) workers: [Worker; 2],
    pub(crate) ear: Ear,
    pub(crate) verifier: Verifier,
    pub(crate) agreements_seen: usize,
    pub(crate) payments_seen: usize,
    pub(crate) days: u64,
    _ids: SeededIds,
    _served: Vec<AbortOnDropHandle<()>>,
}

/// Dice for each part.
#[derive(Debug)]
pub(crate) struct AllDice {
    pub(crate) plans: Dice,
    pub(crate) payers: Dice,
    pub(crate) crew: Dice,
    pub(crate) webhooks: Dice,
    pub(crate) bank: Dice,
    pub(crate) weather: Dice,
    pub(crate) operators: Dice,
    pub(crate) people: Dice,
}

/// One worker and what leads to it.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) deps: Deps,
    pub(crate) wires: Arc<Wires>,
    pub(crate) strikes: mpsc::UnboundedReceiver<Struck>,
    pub(crate) bank: BankLine,
    database_url: String,
    _database: DatabaseLine,
}

impl Worker {
    /// The worker is dead: its connections break. Another process takes its place, with connections of its own.
    pub(crate) async fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.wires.kill().await;
        self.deps.store = connect(&self.database_url).await?;
        Ok(())
    }
}

impl Storm {
    pub(crate) async fn build(config: &StormConfig) -> Result<Storm, StormError> {
        let seed = config.seed;
        let faults = Faults::of(&config.faults, seed);
        let mut dice = Dice::new(seed, "world");
        let begins_at = first_instant(dice.below(4 * 365));
        let (clock, hand) = Clock::by_hand(begins_at);
        let ids = hand.seed_ids(u32::try_from(seed & 0xffff_ffff).unwrap_or(0));

        let store = connect(&config.database_url).await?;
        store.migrate().await?;
        let ear = Ear::open().await?;
        let (sandbox, bank, bank_served) = open_bank(begins_at, &ear, seed, &mut dice).await?;

        let settings = Arc::new(settings(&mut dice, config.plans));
        let place = socket_dir(&config.database_url)?;
        let open = |name: &'static str| {
            let line = (config.database_url.clone(), place.clone(), bank);
            let (clock, settings) = (clock.clone(), Arc::clone(&settings));
            open_worker(line, clock, settings, Dice::new(seed, name), faults.clone())
        };
        let workers = [open("first worker").await?, open("second worker").await?];
        let receiver = Deps {
            store: store.clone(),
            ..workers[0].deps.clone()
        };
        let (api_url, api_key, api_served) = open_api(&receiver).await?;
        // Some compare the provider's lists with the rows now and then, some do without.
        let compare_hours: Option<i64> = *dice.pick(pace::comparisons(config.plans));
        if let Some(hours) = compare_hours {
            schedule_comparisons(&receiver, TimeDelta::hours(hours)).await?;
        }
        let mut storm = Storm {
            config: config.clone(),
            begins_at,
            dice: all_dice(seed),
            faults,
            trace: Trace::default(),
            marks: BTreeMap::new(),
            broken: Vec::new(),
            agenda: Agenda::default(),
            loans: Vec::new(),
            by_agreement: HashMap::new(),
            refused: 0,
            diligence: *Dice::new(seed, "diligence").pick(pace::diligence(config.plans)),
            tick: TimeDelta::seconds(*dice.pick(pace::ticks(config.plans))),
            slice: *dice.pick(pace::slices(config.plans)),
            turns: *dice.pick(pace::turns(config.plans)),
            clock,
            hand,
            sandbox,
            bank,
            api_url,
            api_key,
            http: client()?,
            store,
            receiver,
            workers,
            ear,
            verifier: Verifier::connect(&config.database_url, Some(UID_KEY))?,
            agreements_seen: 0,
            payments_seen: 0,
            days: 0,
            _ids: ids,
            _served: vec![bank_served, api_served],
        };
        storm.foresee();
        Ok(storm)
    }

    /// When everything calms down.
    pub(crate) fn ends_at(&self) -> DateTime<Utc> {
        self.begins_at + TimeDelta::days(crate::days(&self.config))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn mark(&mut self, name: impl Into<String>) {
        *self.marks.entry(name.into()).or_default() += 1;
    }

    pub(crate) fn say(&mut self, said: &str) {
        let now = self.now();
        self.trace.line(now, said);
    }

    /// Notes a law that does not hold.
    pub(crate) fn breaks(&mut self, said: String) {
        let at = self.now();
        tracing::error!(target: "storm", %at, "{said}");
        self.broken.push(Broken { at, said });
    }
}

const DATA_KEY_OF: DataKey = DataKey::new(DATA_KEY);

async fn connect(database_url: &str) -> Result<Store, StoreError> {
    let mark = if database_url.contains('?') { '&' } else { '?' };
    let url = format!("{database_url}{mark}{PLANNED_ONCE}");
    Store::connect(&url, CONNECTIONS, &DATA_KEY_OF).await
}

fn all_dice(seed: u64) -> AllDice {
    let dice = |name| Dice::new(seed, name);
    AllDice {
        plans: dice("plans"),
        payers: dice("payers"),
        crew: dice("crew"),
        webhooks: dice("webhooks"),
        bank: dice("bank"),
        weather: dice("weather"),
        operators: dice("operators"),
        people: dice("people"),
    }
}

fn settings(dice: &mut Dice, plans: u64) -> Settings {
    Settings {
        uid_key: UidKey::new(UID_KEY),
        hours: SendingHours::default(),
        retry: RetryPolicy::default(),
        catch_up_per_day_max: Some(2),
        agreement_refresh: TimeDelta::days(*dice.pick(pace::refreshes(plans))),
        // One after the other: the order of calls is part of what a seed decides.
        calls_in_flight_max: 1,
        // As many at a time as if they were in flight together: no time passes between them here.
        calls_prepared_max: *dice.pick(pace::prepared(plans)),
        requester_ip: IpAddr::from([127, 0, 0, 1]),
        webhook_secrets: Vec::new(),
    }
}

async fn open_bank(
    begins_at: DateTime<Utc>,
    ear: &Ear,
    seed: u64,
    dice: &mut Dice,
) -> Result<(Sandbox, SocketAddr, AbortOnDropHandle<()>), StormError> {
    let mut config = SandboxConfig::new(TOKEN);
    config.start_at = Some(begins_at);
    config.webhook_url = Some(ear.url().to_owned());
    config.seed = seed;
    config.reading = *dice.pick(&[MonthEnd::Oligo, MonthEnd::Azupay]);
    let sandbox = Sandbox::new(config)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let served = sandbox.clone();
    let served = tokio::spawn(async move {
        if let Err(error) = served.serve(listener, std::future::pending()).await {
            tracing::error!(%error, "the bank has closed");
        }
    });
    Ok((sandbox, address, AbortOnDropHandle::new(served)))
}

async fn open_worker(
    (database_url, postgres, bank): (String, PathBuf, SocketAddr),
    clock: Clock,
    settings: Arc<Settings>,
    dice: Dice,
    faults: Faults,
) -> Result<Worker, StormError> {
    let (wires, strikes) = Wires::new(dice, faults);
    let wires = Arc::new(wires);
    let database = DatabaseLine::open(&postgres, &wires)?;
    let line = BankLine::open(bank, &wires).await?;
    let url = through(&database_url, database.socket_dir())?;
    let base = format!("http://{}/v1", line.address());
    let base = base
        .parse()
        .map_err(|_| StormError::Unexpected("no URL".to_owned()))?;
    let mut config = ClientConfig::new(base, SecretString::from(TOKEN.to_owned()));
    config.connect_timeout = CALL_TIMEOUT;
    config.total_timeout = CALL_TIMEOUT;
    let deps = Deps {
        store: connect(&url).await?,
        clock,
        provider: Provider::Oligo(OligoClient::new(config)?),
        settings,
    };
    Ok(Worker {
        deps,
        wires,
        strikes,
        bank: line,
        database_url: url,
        _database: database,
    })
}

async fn open_api(deps: &Deps) -> Result<(Url, String, AbortOnDropHandle<()>), StormError> {
    let secret = new_api_key_secret(KeyMode::Test).expose_secret().to_owned();
    let id = ApiKeyId::new(fresh_uuid());
    let (digest, now) = (api_key_digest(&secret), deps.clock.now());
    deps.store.create_api_key("storm", digest, id, now).await?;
    let state = ApiState {
        store: deps.store.clone(),
        clock: deps.clock.clone(),
        flows: deps.clone(),
        webhook: WebhookConfig::default(),
        test_clock: true,
        version: "0.0.0-storm",
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let url = url
        .parse()
        .map_err(|_| StormError::Unexpected("no URL".to_owned()))?;
    let served = tokio::spawn(async move {
        if let Err(error) = api::serve(listener, state, std::future::pending()).await {
            tracing::error!(%error, "the API has closed");
        }
    });
    Ok((url, secret, AbortOnDropHandle::new(served)))
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().build()
}

/// The directory of PostgreSQL's socket, out of the database's URL.
fn socket_dir(database_url: &str) -> Result<PathBuf, StormError> {
    let url: Url = database_url.parse().map_err(|_| StormError::NotLocal)?;
    let host = url.host_str().unwrap_or_default();
    let decoded = url::form_urlencoded::parse(host.as_bytes()).next();
    let (dir, _) = decoded.ok_or(StormError::NotLocal)?;
    if dir.starts_with('/') {
        Ok(PathBuf::from(&*dir))
    } else {
        Err(StormError::NotLocal)
    }
}

/// The same database by way of a line.
fn through(database_url: &str, line: &std::path::Path) -> Result<String, StormError> {
    let encoded: String =
        url::form_urlencoded::byte_serialize(line.as_os_str().as_encoded_bytes()).collect();
    let url: Url = database_url.parse().map_err(|_| StormError::NotLocal)?;
    let (user, name) = (url.username(), url.path());
    Ok(format!("postgres://{user}@{encoded}{name}?sslmode=disable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_on_the_network_is_none_for_a_storm() {
        let local = "postgres://paydown@%2Ftmp%2Fpg%2Frun/paydown";
        assert_eq!(socket_dir(local).unwrap(), PathBuf::from("/tmp/pg/run"));
        assert!(matches!(
            socket_dir("postgres://a@db.example/p"),
            Err(StormError::NotLocal)
        ));
        let through = through(local, std::path::Path::new("/tmp/storm1")).unwrap();
        assert_eq!(
            through,
            "postgres://paydown@%2Ftmp%2Fstorm1/paydown?sslmode=disable"
        );
    }
}
