//! The one table of keys: what each may hold and what it is for.

use figment::value::Value;
use strsim::damerau_levenshtein;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::text::key_bytes;

/// What a key may hold.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number, both ends included.
    Number(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text that is not empty.
    Text,
    /// An http or https URL.
    Url,
    /// An IP address and a port.
    Address,
    /// An IP address.
    Ip,
    /// A filter of log lines.
    Filter,
    /// A secret of at least this many characters.
    Secret(usize),
    /// A list of secrets of at least this many characters each.
    Secrets(usize),
    /// A secret of 32 bytes in hex.
    HexKey,
    /// A secret: a PostgreSQL URL, which holds a password.
    DatabaseUrl,
}

/// One key, its rule and its purpose.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its path, as in the file: `worker.lease_ms`.
    pub path: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

const fn key(path: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { path, kind, about }
}

const HOUR_MS: u64 = 3_600_000;

/// Every key there is, in the order of the configuration.
pub const KEYS: &[Key] = &[
    key(
        "database.url",
        Kind::DatabaseUrl,
        "PostgreSQL to use; also DATABASE_URL. demo and dev start one of their own",
    ),
    key(
        "database.pool_max",
        Kind::Number(2, 1_000),
        "Most database connections of one process",
    ),
    key("api.listen", Kind::Address, "Where the admin API listens"),
    key(
        "api.public_url",
        Kind::Url,
        "The URL the outside reaches the API by",
    ),
    key(
        "provider.kind",
        Kind::Choice(&["oligo"]),
        "The PayTo provider",
    ),
    key(
        "provider.base_url",
        Kind::Url,
        "The provider's API; https unless it is on this machine or the sandbox",
    ),
    key(
        "provider.token",
        Kind::Secret(1),
        "The bearer token the provider gave you",
    ),
    key(
        "provider.token_file",
        Kind::Text,
        "A file with that token; another token in it is used from then on, without a restart",
    ),
    key(
        "provider.connect_timeout_ms",
        Kind::Number(100, 60_000),
        "Time to connect to the provider",
    ),
    key(
        "provider.total_timeout_ms",
        Kind::Number(500, 120_000),
        "Time for a whole call; after it the outcome is unknown",
    ),
    key(
        "provider.answer_bytes_max",
        Kind::Number(1_024, 16_777_216),
        "Longest answer read from the provider",
    ),
    key(
        "provider.calls_in_flight_max",
        Kind::Number(1, 1_000),
        "Calls of one process to the provider at once",
    ),
    key(
        "provider.calls_per_second",
        Kind::Number(0, 10_000),
        "Calls of one process per second; 0 is without limit",
    ),
    key(
        "provider.calls_per_second_shared",
        Kind::Number(0, 1_000),
        "Calls of all processes together per second, kept in the database; 0 is without limit",
    ),
    key(
        "provider.circuit_failures",
        Kind::Number(0, 1_000),
        "Calls in a row without an answer after which none is made for a while; 0 never pauses",
    ),
    key(
        "provider.circuit_pause_ms",
        Kind::Number(100, HOUR_MS),
        "How long none is made then",
    ),
    key(
        "provider.requester_ip",
        Kind::Ip,
        "Address named as the asker of PayID look-ups; unset: 127.0.0.1",
    ),
    key(
        "provider.webhook_path_tokens",
        Kind::Secrets(16),
        "Secret last part of the path webhooks are sent to, any of which may match",
    ),
    key(
        "provider.webhook_secrets",
        Kind::Secrets(8),
        "Signing secrets of webhooks, any of which may match",
    ),
    key(
        "keys.uid_key",
        Kind::HexKey,
        "Derives provider uids; must never change once money has moved",
    ),
    key("keys.data_key", Kind::HexKey, "Encrypts bank details"),
    key(
        "worker.lease_ms",
        Kind::Number(1_000, HOUR_MS),
        "How long a lease holds without a heartbeat",
    ),
    key(
        "worker.heartbeat_ms",
        Kind::Number(100, HOUR_MS),
        "Time between heartbeats; at most half of worker.lease_ms",
    ),
    key(
        "worker.poll_ms",
        Kind::Number(10, 60_000),
        "Time between looks for due rows when no notice comes",
    ),
    key(
        "worker.batch_max",
        Kind::Number(1, 10_000),
        "Most rows in one batch",
    ),
    key(
        "worker.batches_in_flight",
        Kind::Number(1, 256),
        "Batches of one process at once",
    ),
    key(
        "worker.compare_minutes",
        Kind::Number(0, 1_440),
        "Minutes between comparisons with the provider's lists, made once for all processes; 0 makes none",
    ),
    key(
        "worker.shutdown_timeout_ms",
        Kind::Number(0, HOUR_MS),
        "How long a stopping process waits for its batches",
    ),
    key(
        "collection.opens_hour",
        Kind::Number(0, 23),
        "Sydney hour from which payments are sent",
    ),
    key(
        "collection.closes_hour",
        Kind::Number(1, 23),
        "Sydney hour from which none is sent",
    ),
    key(
        "collection.guard_minutes",
        Kind::Number(0, 240),
        "Minutes kept free at the edges of a window",
    ),
    key(
        "collection.retries_max",
        Kind::Number(0, 10),
        "Most retries of one instalment",
    ),
    key(
        "collection.retry_days_between",
        Kind::Number(1, 31),
        "Days from a failure to the next try",
    ),
    key(
        "collection.catch_up_per_day_max",
        Kind::Number(0, 1_000),
        "Most late payments of one customer a day, as after an outage; 0 is without limit",
    ),
    key(
        "collection.agreement_refresh_hours",
        Kind::Number(1, 24),
        "Age at which an agreement's state is asked again",
    ),
    key(
        "clock.source",
        Kind::Choice(&["real", "sandbox"]),
        "Whose time business time is",
    ),
    key(
        "clock.sandbox_url",
        Kind::Url,
        "The sandbox whose clock is used when clock.source is sandbox",
    ),
    key(
        "log.format",
        Kind::Choice(&["pretty", "json"]),
        "How log lines are written, to stderr",
    ),
    key(
        "log.filter",
        Kind::Filter,
        "Which log lines are written, e.g. info,paydown=debug",
    ),
    key(
        "otlp.endpoint",
        Kind::Url,
        "Collector to send traces to; also OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    key(
        "otlp.service_name",
        Kind::Text,
        "This service's name in traces",
    ),
];

impl Key {
    /// The environment variable that sets it: `PAYDOWN_WORKER__LEASE_MS`.
    pub fn variable(&self) -> String {
        format!("PAYDOWN_{}", self.path.to_uppercase().replace('.', "__"))
    }

    /// The key of this path.
    pub fn of_path(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The key whose path is written most like this one.
    pub fn nearest(path: &str) -> &'static Key {
        KEYS.iter()
            .min_by_key(|key| damerau_levenshtein(key.path, path))
            .unwrap_or(&KEYS[0])
    }
}

impl Kind {
    /// The rule, as the end of a sentence that starts with the key's name.
    pub fn rule(self) -> String {
        match self {
            Kind::Number(least, most) => format!("must be a whole number from {least} to {most}"),
            Kind::Choice(words) => format!("must be one of: {}", words.join(", ")),
            Kind::Text => "must be text, not empty".to_owned(),
            Kind::Url => "must be an http or https URL".to_owned(),
            Kind::Address => "must be an IP address and a port, like 127.0.0.1:8080".to_owned(),
            Kind::Ip => "must be an IP address, like 203.0.113.7".to_owned(),
            Kind::Filter => "must be a filter like info,paydown=debug".to_owned(),
            Kind::Secret(least) => format!("must be text of {least} characters or more"),
            Kind::Secrets(least) => {
                format!("must be a list of texts of {least} characters or more")
            }
            Kind::HexKey => "must be 32 bytes in hex: 64 digits".to_owned(),
            Kind::DatabaseUrl => "must be a postgres:// or postgresql:// URL".to_owned(),
        }
    }

    /// Whether the value obeys the rule.
    pub fn allows(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Kind::Number(least, most) => {
                whole_number(value).is_some_and(|number| (least..=most).contains(&number))
            }
            Kind::Choice(words) => text.is_some_and(|text| words.contains(&text)),
            Kind::Text => text.is_some_and(|text| !text.trim().is_empty()),
            Kind::Url => text.is_some_and(|text| has_scheme(text, &["http", "https"])),
            Kind::Address => text.is_some_and(|text| text.parse::<std::net::SocketAddr>().is_ok()),
            Kind::Ip => text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            Kind::Filter => text.is_some_and(|text| EnvFilter::try_new(text).is_ok()),
            Kind::Secret(least) => text.is_some_and(|text| least <= text.trim().len()),
            Kind::Secrets(least) => value
                .as_array()
                .is_some_and(|list| list.iter().all(|one| Kind::Secret(least).allows(one))),
            Kind::HexKey => text.is_some_and(|text| key_bytes(text).is_some()),
            Kind::DatabaseUrl => text.is_some_and(is_database_url),
        }
    }

    /// The value an environment variable's text stands for. A list is written with commas.
    pub fn read(self, text: &str) -> Value {
        match self {
            Kind::Number(..) => match text.trim().parse::<u64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(text),
            },
            Kind::Secrets(_) => text
                .split(',')
                .map(|one| Value::from(one.trim()))
                .collect::<Vec<_>>()
                .into(),
            Kind::Choice(_)
            | Kind::Text
            | Kind::Url
            | Kind::Address
            | Kind::Ip
            | Kind::Filter
            | Kind::Secret(_)
            | Kind::HexKey
            | Kind::DatabaseUrl => Value::from(text),
        }
    }
}

/// TOML's integers are signed and the environment's are not; a float is neither.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    let number = value.to_i128();
    let number = number.or_else(|| value.to_u128().and_then(|number| number.try_into().ok()));
    number.and_then(|number| number.try_into().ok())
}

fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| url.has_host() && schemes.contains(&url.scheme()))
}

/// Without a host too: `postgres:///paydown?host=/run/postgresql` names a socket.
fn is_database_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| ["postgres", "postgresql"].contains(&url.scheme()))
}

#[cfg(test)]
mod tests;
