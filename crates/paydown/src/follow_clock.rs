//! Business time from the sandbox: asks its clock, waits for it to be moved, and moves ours after it.
//!
//! The flows cannot tell. A sandbox that does not answer leaves the clock where it stands: time that nobody
//! tells does not pass.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use url::Url;

use domain::date::Instant;
use flows::clock::{Clock, ClockHand};

use crate::config::{ClockConfig, ClockSource};

/// How long one question waits for the clock to be moved.
const WAIT: Duration = Duration::from_secs(20);

/// How the sandbox's clock stands.
#[derive(Clone, Debug, Deserialize)]
pub struct ClockReading {
    /// Its time.
    pub now_at: Instant,
    /// Whether it runs with real time.
    pub running: bool,
    /// Grows whenever it is moved.
    pub version: u64,
    /// When something happens at the sandbox next.
    pub next_event_at: Option<Instant>,
}

/// The clock that `config` asks for; a sandbox's is followed until `stop`.
///
/// # Errors
///
/// Fails when the sandbox's clock cannot be read at the start.
pub async fn start(config: &ClockConfig, stop: &CancellationToken) -> anyhow::Result<Clock> {
    match config.source {
        ClockSource::Real => Ok(Clock::real()),
        ClockSource::Sandbox => {
            let url = config
                .sandbox_url
                .clone()
                .context("clock.sandbox_url is not set")?;
            let url = url.join("/sandbox/clock")?;
            let http = reqwest::Client::builder().no_proxy().build()?;
            let first = read(&http, &url, None)
                .await
                .context("the sandbox's clock cannot be read")?;
            let (clock, hand) = Clock::by_hand(first.now_at);
            hand.set(first.now_at, first.running);
            let following = follow(http, url, hand, first.version);
            tokio::spawn(stop.clone().run_until_cancelled_owned(following));
            Ok(clock)
        }
    }
}

async fn follow(http: reqwest::Client, url: Url, hand: ClockHand, mut version: u64) {
    loop {
        match read(&http, &url, Some(version)).await {
            Ok(reading) if reading.version != version => {
                version = reading.version;
                hand.set(reading.now_at, reading.running);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the sandbox's clock cannot be read; asking again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn read(
    http: &reqwest::Client,
    url: &Url,
    after_version: Option<u64>,
) -> anyhow::Result<ClockReading> {
    let mut request = http.get(url.clone()).timeout(WAIT + Duration::from_secs(5));
    if let Some(version) = after_version {
        let wait_ms = u64::try_from(WAIT.as_millis())?;
        request = request.query(&[("after_version", version), ("wait_ms", wait_ms)]);
    }
    Ok(request.send().await?.error_for_status()?.json().await?)
}
