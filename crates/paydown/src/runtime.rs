//! From configuration to a running part: the database, the clock, the provider and the rules, in one `Deps`.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use domain::failure::{RetryPolicy, RetryPolicyDraft};
use domain::gate::SendingHours;
use domain::uid::UidKey;
use flows::{Deps, Settings};
use store::{DataKey, Store};

use crate::config::{CollectionConfig, Config};
use crate::{follow_clock, provider};

/// Connects the database of `config` and checks that it was written under the same keys.
///
/// # Errors
///
/// Fails when a key is missing or malformed, or the database does not answer.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    let url = config
        .database
        .url
        .as_ref()
        .context("database.url is not set (nor DATABASE_URL): say where the database is")?;
    let data_key = DataKey::new(key_bytes(config.keys.data_key.as_ref(), "keys.data_key")?);
    let store = Store::connect(url.expose_secret(), config.database.pool_max, &data_key)
        .await
        .context("the database cannot be reached")?;
    Ok(store)
}

/// Everything the flows need, ready to work: the clock is set and followed, the keys are the database's.
///
/// # Errors
///
/// Fails when something is missing from the configuration or cannot be reached.
pub async fn deps(config: &Config, stop: &CancellationToken) -> anyhow::Result<Deps> {
    let store = store(config).await?;
    store.check().await.context("the database is not ready")?;
    let uid_key = UidKey::new(key_bytes(config.keys.uid_key.as_ref(), "keys.uid_key")?);
    store.hold_keys(&uid_key.fingerprint()).await?;
    let clock = follow_clock::start(&config.clock, stop).await?;
    let provider = provider::start(&config.provider, &store, stop)?;
    Ok(Deps {
        store,
        clock,
        provider,
        settings: Arc::new(settings(config, uid_key)?),
    })
}

fn settings(config: &Config, uid_key: UidKey) -> anyhow::Result<Settings> {
    let collection = &config.collection;
    let calls_in_flight_max = usize::try_from(config.provider.calls_in_flight_max)?.max(1);
    Ok(Settings {
        uid_key,
        hours: SendingHours {
            opens_hour: collection.opens_hour,
            closes_hour: collection.closes_hour,
            guard_minutes: collection.guard_minutes,
        },
        retry: retry_policy(collection)?,
        catch_up_per_day_max: Some(collection.catch_up_per_day_max).filter(|most| 0 < *most),
        agreement_refresh: TimeDelta::hours(i64::from(collection.agreement_refresh_hours)),
        calls_in_flight_max,
        calls_prepared_max: calls_in_flight_max,
        requester_ip: config
            .provider
            .requester_ip
            .unwrap_or(IpAddr::from([127, 0, 0, 1])),
        webhook_secrets: config.provider.webhook_secrets.clone(),
    })
}

/// The retry policy of a plan that brings none of its own.
fn retry_policy(collection: &CollectionConfig) -> anyhow::Result<RetryPolicy> {
    let draft = RetryPolicyDraft {
        retries_max: Some(i64::from(collection.retries_max)),
        days_between: Some(i64::from(collection.retry_days_between)),
        at_hour: Some(i64::from(collection.opens_hour)),
        ..RetryPolicyDraft::default()
    };
    RetryPolicy::from_draft(&draft).map_err(|broken| {
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("collection: {}", broken.join("; "))
    })
}

fn key_bytes(key: Option<&SecretString>, name: &str) -> anyhow::Result<[u8; 32]> {
    let key = key.with_context(|| {
        format!("{name} is not set; `paydown keys generate` makes one, to be kept for ever")
    })?;
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(key.expose_secret().as_bytes())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.with_context(|| format!("{name} must be 32 bytes in hex: 64 characters"))
}

/// Told to a process: end when your stdin does. `demo` and `dev` hold the stdin of their parts, so that these
/// end even when they themselves are killed.
pub const END_WITH_STDIN: &str = "PAYDOWN_END_WITH_STDIN";

/// Why something that a person runs did not come to its end.
pub const STOPPED: &str = "stopped by a signal";

/// A token that is cancelled by Ctrl-C or SIGTERM: the sign for a part to wind down. Where
/// [`END_WITH_STDIN`] is set, also by the end of stdin.
///
/// # Errors
///
/// Fails when the signals cannot be listened for.
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = stop_on(&[SignalKind::interrupt(), SignalKind::terminate()])?;
    if std::env::var_os(END_WITH_STDIN).is_some() {
        let token = stop.clone();
        // A thread of its own: a read that waits for ever would hold up the end of the runtime.
        std::thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || {
                // An error is an end as well.
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                tracing::info!("whoever started this has ended: winding down");
                token.cancel();
            })?;
    }
    Ok(stop)
}

/// A token that is cancelled by Ctrl-C, SIGTERM or the end of the terminal: the sign for what a person runs there
/// to clear up behind itself.
///
/// # Errors
///
/// Fails when the signals cannot be listened for.
pub fn stop_with_terminal() -> anyhow::Result<CancellationToken> {
    stop_on(&[
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ])
}

fn stop_on(kinds: &[SignalKind]) -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in kinds {
        let mut signals = signal(*kind)?;
        let token = stop.clone();
        tokio::spawn(async move {
            signals.recv().await;
            tracing::info!("asked to stop: winding down");
            token.cancel();
        });
    }
    Ok(stop)
}
