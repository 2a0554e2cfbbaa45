//! Rules between keys, and how broken ones are told: all of them at once.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use url::{Host, Url};

use super::{ClockSource, Config};

/// One broken rule of the configuration. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as in the file: `worker.lease_ms`.
    pub key: String,
    /// Where its value came from: a file, a variable, or "default".
    pub source: String,
    /// What is not so, as the end of a sentence that starts with the key.
    pub rule: String,
}

impl Problem {
    pub(super) fn new(
        key: impl Into<String>,
        source: impl Into<String>,
        rule: impl Into<String>,
    ) -> Problem {
        Problem {
            key: key.into(),
            source: source.into(),
            rule: rule.into(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser says; it does not quote the line, which may hold a secret.
        message: String,
    },
    /// Rules are broken, every one of them listed.
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
}

fn listed(problems: &[Problem]) -> String {
    let plural = if problems.len() == 1 { "" } else { "s" };
    let lines = problems.iter().map(|Problem { key, source, rule }| {
        if source == key {
            format!("\n  {key} {rule}")
        } else {
            format!("\n  {key} {rule} ({source})")
        }
    });
    format!(
        "{} error{plural} in the configuration:{}",
        problems.len(),
        lines.collect::<String>()
    )
}

/// A broken rule between keys: those it is about, and what must be so. It is told of the first.
pub(super) struct Broken {
    pub keys: &'static [&'static str],
    pub rule: String,
}

/// Every rule between keys that does not hold.
pub(super) fn broken(config: &Config) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, keys: &'static [&'static str], rule: &str| {
        if !holds {
            broken.push(Broken {
                keys,
                rule: rule.to_owned(),
            });
        }
    };

    let hours = &config.collection;
    must(
        hours.opens_hour < hours.closes_hour,
        &["collection.opens_hour", "collection.closes_hour"],
        "must be before collection.closes_hour",
    );
    must(
        hours.closes_hour <= hours.opens_hour
            || 2 * hours.guard_minutes < 60 * (hours.closes_hour - hours.opens_hour),
        &[
            "collection.guard_minutes",
            "collection.opens_hour",
            "collection.closes_hour",
        ],
        "must leave time to send: twice as much must be shorter than the hours of sending",
    );
    must(
        2 * config.worker.heartbeat_ms <= config.worker.lease_ms,
        &["worker.heartbeat_ms", "worker.lease_ms"],
        "must be at most half of worker.lease_ms, so that one lost heartbeat loses no lease",
    );
    must(
        config.provider.connect_timeout_ms <= config.provider.total_timeout_ms,
        &["provider.connect_timeout_ms", "provider.total_timeout_ms"],
        "must be at most provider.total_timeout_ms",
    );
    must(
        config.provider.token.is_none() || config.provider.token_file.is_none(),
        &["provider.token", "provider.token_file"],
        "must not be set beside provider.token_file: which of the two counts?",
    );
    must(
        !same_keys(config),
        &["keys.data_key", "keys.uid_key"],
        "must not be the same key as keys.uid_key",
    );
    clock_rules(config, must);
    broken
}

/// Time that can be advanced must never meet real money, nor a token travel in the clear.
fn clock_rules(config: &Config, mut must: impl FnMut(bool, &'static [&'static str], &str)) {
    let base_url = config.provider.base_url.as_ref();
    match config.clock.source {
        ClockSource::Real => must(
            base_url.is_none_or(|url| url.scheme() == "https" || is_this_machine(url)),
            &["provider.base_url"],
            "must be https: the provider's token travels with every call",
        ),
        ClockSource::Sandbox => {
            let sandbox_url = config.clock.sandbox_url.as_ref();
            must(
                sandbox_url.is_some(),
                &["clock.sandbox_url"],
                "must be set when clock.source is sandbox",
            );
            let same_host = |(one, other): (&Url, &Url)| one.host() == other.host();
            must(
                base_url.zip(sandbox_url).is_none_or(same_host),
                &["provider.base_url", "clock.sandbox_url"],
                "must be on the host of clock.sandbox_url: a clock that can be advanced would \
                 collect real money early",
            );
        }
    }
}

fn same_keys(config: &Config) -> bool {
    let (Some(uid), Some(data)) = (&config.keys.uid_key, &config.keys.data_key) else {
        return false;
    };
    uid.expose_secret()
        .eq_ignore_ascii_case(data.expose_secret())
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
