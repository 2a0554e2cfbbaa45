//! How a world is put together.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use api::{ApiState, KeyMode, WebhookConfig, api_key_digest, new_api_key_secret};
use chrono::TimeDelta;
use oligo_client::{ClientConfig, OligoClient};
use sandbox::{Sandbox, SandboxConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use domain::date::Instant;
use domain::failure::RetryPolicy;
use domain::gate::SendingHours;
use domain::uid::{ApiKeyId, UidKey};
use flows::clock::{Clock, fresh_uuid};
use flows::provider::Provider;
use flows::{Deps, Settings};

use super::worker::WorkerKit;
use super::{Wire, World};
use crate::database::fresh_database;

const TOKEN: &str = "sandbox-token";

/// What a world is like. Made by [`World::builder`].
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    start_at: Instant,
    workers: usize,
    webhooks: bool,
    faults: Value,
    provider_timeout: Duration,
    retry: RetryPolicy,
    agreement_refresh: TimeDelta,
    wire: bool,
    webhook_secrets: Vec<SecretString>,
}

impl Default for WorldBuilder {
    fn default() -> WorldBuilder {
        WorldBuilder {
            start_at: "2026-01-05T00:00:00Z".parse().expect("an instant"),
            workers: 1,
            webhooks: true,
            faults: Value::Null,
            provider_timeout: Duration::from_millis(500),
            retry: RetryPolicy::default(),
            agreement_refresh: TimeDelta::hours(24),
            wire: false,
            webhook_secrets: Vec::new(),
        }
    }
}

impl WorldBuilder {
    /// When it begins.
    #[must_use]
    pub fn start_at(mut self, start_at: Instant) -> WorldBuilder {
        self.start_at = start_at;
        self
    }

    /// How many workers run from the start.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> WorldBuilder {
        self.workers = workers;
        self
    }

    /// The bank tells nothing by itself.
    #[must_use]
    pub fn without_webhooks(mut self) -> WorldBuilder {
        self.webhooks = false;
        self
    }

    /// The bank's misfortunes, as `PUT /sandbox/faults` takes them.
    #[must_use]
    pub fn faults(mut self, faults: Value) -> WorldBuilder {
        self.faults = faults;
        self
    }

    /// How long a worker waits for the provider's answer, in real time.
    #[must_use]
    pub fn provider_timeout(mut self, timeout: Duration) -> WorldBuilder {
        self.provider_timeout = timeout;
        self
    }

    /// The retry policy of the plans opened in it.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> WorldBuilder {
        self.retry = retry;
        self
    }

    /// How long an agreement's state is relied on before it is asked about again.
    #[must_use]
    pub fn agreement_refresh(mut self, refresh: TimeDelta) -> WorldBuilder {
        self.agreement_refresh = refresh;
        self
    }

    /// The secrets webhooks have to be signed with, any of them.
    #[must_use]
    pub fn webhook_secrets(mut self, secrets: &[&str]) -> WorldBuilder {
        let secrets = secrets.iter().map(|secret| SecretString::from(*secret));
        self.webhook_secrets = secrets.collect();
        self
    }

    /// A [`Wire`] between the workers and the bank, on which a test can listen and meddle.
    #[must_use]
    pub fn with_wire(mut self) -> WorldBuilder {
        self.wire = true;
        self
    }

    /// Starts the world.
    ///
    /// # Panics
    ///
    /// When a part of it cannot be started.
    pub async fn build(self) -> World {
        tell_as_asked();
        let database = fresh_database().await;
        let store = database.another_store().await;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect(&database.url)
            .await;
        let pool = pool.expect("the test's database answers");
        let (clock, hand) = Clock::by_hand(self.start_at);
        let (sandbox_url, bank) = self.serve_sandbox().await;
        let wire = if self.wire {
            Some(Wire::start(sandbox_url.clone()).await)
        } else {
            None
        };

        let settings = Arc::new(self.settings());
        store
            .hold_keys(&settings.uid_key.fingerprint())
            .await
            .expect("a new database");
        let provider_url = wire.as_ref().map_or(&sandbox_url, Wire::url);
        let kit = WorkerKit {
            clock: clock.clone(),
            provider_url: provider_url.join("/v1").expect("a path"),
            token: TOKEN,
            provider_timeout: self.provider_timeout,
            settings: Arc::clone(&settings),
        };
        let deps = Deps {
            store: store.clone(),
            clock: clock.clone(),
            provider: provider(&kit),
            settings,
        };
        let (api_url, api) = serve_api(deps).await;

        let secret = new_api_key_secret(KeyMode::Test).expose_secret().to_owned();
        let id = ApiKeyId::new(fresh_uuid());
        let registered = store.create_api_key("lender", api_key_digest(&secret), id, clock.now());
        registered.await.expect("a new key");
        let mut world = World {
            clock,
            hand,
            http: client(),
            api_url,
            api_key: secret,
            sandbox_url,
            kit,
            workers: Vec::new(),
            wire,
            named: AtomicU32::new(0),
            steps: AtomicU32::new(0),
            is_finished: false,
            store,
            pool,
            _servers: vec![bank, api],
            database,
        };
        if self.webhooks {
            world.switch_webhooks_on().await;
        }
        if !self.faults.is_null() {
            world.set_faults(&self.faults).await;
        }
        for _ in 0..self.workers {
            world.start_worker();
        }
        world
    }

    async fn serve_sandbox(&self) -> (Url, AbortOnDropHandle<()>) {
        let mut config = SandboxConfig::new(TOKEN);
        config.start_at = Some(self.start_at);
        let sandbox = Sandbox::new(config).expect("a sandbox");
        let (listener, url) = listen().await;
        let served = tokio::spawn(async move {
            let served = sandbox.serve(listener, std::future::pending()).await;
            served.expect("the sandbox serves");
        });
        (url, AbortOnDropHandle::new(served))
    }

    fn settings(&self) -> Settings {
        Settings {
            uid_key: UidKey::new([9; 32]),
            hours: SendingHours::default(),
            retry: self.retry,
            catch_up_per_day_max: Some(2),
            agreement_refresh: self.agreement_refresh,
            calls_in_flight_max: 16,
            calls_prepared_max: 16,
            requester_ip: IpAddr::from([127, 0, 0, 1]),
            webhook_secrets: self.webhook_secrets.clone(),
        }
    }
}

/// The provider as a worker reaches it.
pub(super) fn provider(kit: &WorkerKit) -> Provider {
    let token = SecretString::from(kit.token.to_owned());
    let mut config = ClientConfig::new(kit.provider_url.clone(), token);
    config.total_timeout = kit.provider_timeout;
    config.connect_timeout = kit.provider_timeout;
    Provider::Oligo(OligoClient::new(config).expect("a client"))
}

async fn serve_api(deps: Deps) -> (Url, AbortOnDropHandle<()>) {
    let state = ApiState {
        store: deps.store.clone(),
        clock: deps.clock.clone(),
        webhook: WebhookConfig::default(),
        test_clock: true,
        version: "0.0.0-test",
        flows: deps,
    };
    let (listener, url) = listen().await;
    let served = tokio::spawn(async move {
        api::serve(listener, state, std::future::pending())
            .await
            .expect("the API serves");
    });
    (url, AbortOnDropHandle::new(served))
}

/// Logs what `RUST_LOG` asks for; nothing when it is not set.
fn tell_as_asked() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let told = tracing_subscriber::fmt()
        .with_test_writer()
        .with_env_filter(filter);
    // An earlier world of the same program has set it up.
    let _ = told.try_init();
}

/// A listener on a free port, and where it is reached.
pub(super) async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let url = format!("http://{address}").parse().expect("a URL");
    (listener, url)
}

/// A client that goes straight to where it is told.
pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}
