//! Configuration: defaults, then the file, then the environment; checked whole before all else.
//!
//! Every key stands once in [`keys::KEYS`], with its rule. Secrets are read into [`SecretString`]
//! and never printed.

pub mod keys;
mod layers;
mod rules;
mod text;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

pub use layers::{Loaded, Setting, Sources, load};
pub use rules::{ConfigError, Problem};

/// Everything that can be set. A value of it obeys every rule of [`keys::KEYS`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the rows are.
    pub database: DatabaseConfig,
    /// The admin API.
    pub api: ApiConfig,
    /// The PayTo provider.
    pub provider: ProviderConfig,
    /// The keys this installation derives and encrypts with.
    pub keys: KeysConfig,
    /// How workers lease and batch.
    pub worker: WorkerConfig,
    /// When and how often to collect.
    pub collection: CollectionConfig,
    /// Whose time business time is.
    pub clock: ClockConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Where traces go.
    pub otlp: OtlpConfig,
}

/// `[database]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// The database's URL, password included; absent: a private local cluster.
    #[serde(with = "text::secret")]
    pub url: Option<SecretString>,
    /// Most connections of one process.
    pub pool_max: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        DatabaseConfig {
            url: None,
            pool_max: 16,
        }
    }
}

/// `[api]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The URL the outside reaches this API by.
    #[serde(with = "text::parsed")]
    pub public_url: Option<Url>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        ApiConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
        }
    }
}

/// Which provider's wire is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Oligo.
    #[default]
    Oligo,
}

/// `[provider]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderConfig {
    /// Which provider.
    pub kind: ProviderKind,
    /// Its API's base URL.
    #[serde(with = "text::parsed")]
    pub base_url: Option<Url>,
    /// The bearer token it gave us.
    #[serde(with = "text::secret")]
    pub token: Option<SecretString>,
    /// A file that holds the token; read again while running.
    pub token_file: Option<PathBuf>,
    /// Milliseconds to connect.
    pub connect_timeout_ms: u64,
    /// Milliseconds for a whole call.
    pub total_timeout_ms: u64,
    /// Longest answer read, in bytes.
    pub answer_bytes_max: u64,
    /// Calls of one process in flight at once.
    pub calls_in_flight_max: u32,
    /// Calls of one process per second; 0 is without limit.
    pub calls_per_second: u32,
    /// Calls of all processes together per second; 0 is without limit.
    pub calls_per_second_shared: u32,
    /// Calls in a row without an answer that open the circuit; 0 never opens it.
    pub circuit_failures: u32,
    /// Milliseconds in which nothing is sent once it is open.
    pub circuit_pause_ms: u64,
    /// The address named to the provider as the asker of PayID look-ups.
    #[serde(with = "text::parsed")]
    pub requester_ip: Option<IpAddr>,
    /// The secret last part of the path its webhooks are sent to; several while one is being replaced.
    #[serde(with = "text::secrets")]
    pub webhook_path_tokens: Vec<SecretString>,
    /// Signing secrets of its webhooks; several while one is being replaced.
    #[serde(with = "text::secrets")]
    pub webhook_secrets: Vec<SecretString>,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        ProviderConfig {
            kind: ProviderKind::Oligo,
            base_url: None,
            token: None,
            token_file: None,
            connect_timeout_ms: 3_000,
            total_timeout_ms: 15_000,
            answer_bytes_max: 65_536,
            calls_in_flight_max: 32,
            calls_per_second: 100,
            calls_per_second_shared: 0,
            circuit_failures: 5,
            circuit_pause_ms: 10_000,
            requester_ip: None,
            webhook_path_tokens: Vec::new(),
            webhook_secrets: Vec::new(),
        }
    }
}

/// `[keys]`, each 32 bytes in hex.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// Derives provider uids. Changing it lets a payment be made twice: never do.
    #[serde(with = "text::secret")]
    pub uid_key: Option<SecretString>,
    /// Encrypts bank details.
    #[serde(with = "text::secret")]
    pub data_key: Option<SecretString>,
}

/// `[worker]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// Milliseconds a lease holds without a heartbeat.
    pub lease_ms: u64,
    /// Milliseconds between heartbeats.
    pub heartbeat_ms: u64,
    /// Milliseconds between looks for due rows when no notice comes.
    pub poll_ms: u64,
    /// Most rows in one batch.
    pub batch_max: u32,
    /// Batches of one process in flight at once.
    pub batches_in_flight: u32,
    /// Minutes between two comparisons of the fleet with the provider's lists; 0 makes none.
    pub compare_minutes: u32,
    /// Milliseconds a stopping process waits for its batches.
    pub shutdown_timeout_ms: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        WorkerConfig {
            lease_ms: 6_000,
            heartbeat_ms: 2_000,
            poll_ms: 500,
            batch_max: 250,
            batches_in_flight: 4,
            compare_minutes: 15,
            shutdown_timeout_ms: 20_000,
        }
    }
}

/// `[collection]`; hours are Sydney's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectionConfig {
    /// Hour from which payments are sent.
    pub opens_hour: u32,
    /// Hour from which none is sent any more.
    pub closes_hour: u32,
    /// Minutes kept free at a window's edges.
    pub guard_minutes: u32,
    /// Most retries of one instalment.
    pub retries_max: u32,
    /// Days from a failure to the next try.
    pub retry_days_between: u32,
    /// Most late payments of one customer a day; 0 is without limit.
    pub catch_up_per_day_max: u32,
    /// Hours after which an agreement's state is asked again.
    pub agreement_refresh_hours: u32,
}

impl Default for CollectionConfig {
    fn default() -> Self {
        CollectionConfig {
            opens_hour: 6,
            closes_hour: 22,
            guard_minutes: 15,
            retries_max: 3,
            retry_days_between: 1,
            catch_up_per_day_max: 2,
            agreement_refresh_hours: 24,
        }
    }
}

/// Whose time business time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// This machine's.
    #[default]
    Real,
    /// The sandbox's, which can be advanced.
    Sandbox,
}

/// `[clock]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// Whose time.
    pub source: ClockSource,
    /// The sandbox's URL.
    #[serde(with = "text::parsed")]
    pub sandbox_url: Option<Url>,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person.
    #[default]
    Pretty,
    /// For a machine: one object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// Which are, in the syntax of `tracing`'s `EnvFilter`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig {
            format: LogFormat::Pretty,
            filter: "info".to_owned(),
        }
    }
}

/// `[otlp]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OtlpConfig {
    /// The collector's base URL; absent: `OTEL_EXPORTER_OTLP_ENDPOINT`, else no traces are sent.
    #[serde(with = "text::parsed")]
    pub endpoint: Option<Url>,
    /// The service's name in traces.
    pub service_name: String,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        OtlpConfig {
            endpoint: None,
            service_name: "paydown".to_owned(),
        }
    }
}

/// What collecting cannot do without, present and in shape.
pub struct Required<'a> {
    /// The provider's base URL.
    pub base_url: &'a Url,
    /// The provider's bearer token.
    pub token: &'a SecretString,
    /// The key provider uids are derived with.
    pub uid_key: [u8; 32],
    /// The key bank details are encrypted with.
    pub data_key: [u8; 32],
}

impl Config {
    /// What `serve` and `work` cannot do without.
    ///
    /// # Errors
    ///
    /// Names every absent key at once, and how to come by it.
    pub fn required(&self) -> Result<Required<'_>, ConfigError> {
        let key = |key: &Option<SecretString>| {
            key.as_ref()
                .and_then(|key| text::key_bytes(key.expose_secret()))
        };
        let found = (
            self.provider.base_url.as_ref(),
            self.provider.token.as_ref(),
            key(&self.keys.uid_key),
            key(&self.keys.data_key),
        );
        if let (Some(base_url), Some(token), Some(uid_key), Some(data_key)) = found {
            return Ok(Required {
                base_url,
                token,
                uid_key,
                data_key,
            });
        }
        let absent = [
            (
                "provider.base_url",
                found.0.is_none(),
                "must be set: the provider's API",
            ),
            (
                "provider.token",
                found.1.is_none(),
                "must be set: the provider gives it to you",
            ),
            ("keys.uid_key", found.2.is_none(), MAKE_A_KEY),
            ("keys.data_key", found.3.is_none(), MAKE_A_KEY),
        ];
        let problems = absent.into_iter().filter(|(_, absent, _)| *absent);
        Err(ConfigError::Invalid(
            problems
                .map(|(key, _, rule)| Problem::new(key, "not set anywhere", rule))
                .collect(),
        ))
    }
}

const MAKE_A_KEY: &str = "must be set: `paydown keys generate` prints fresh ones, once; keep them";
