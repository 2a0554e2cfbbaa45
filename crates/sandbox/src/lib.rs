//! A bank, and Oligo's HTTP face on it, on a clock that can be moved by hand.
//!
//! The sandbox is an independent witness: it imports nothing of Paydown's, keeps its own ledger and
//! finds period windows by walking the calendar day by day, so that a mistake of Paydown's cannot
//! be repeated here. What it does differently from the real Oligo is listed in its README.

mod words;
mod complaint;
mod codes;
mod cause;
mod account;
mod form;
mod window;
mod clock;
mod terms;
mod judge;
mod settings;
mod agreement;
mod payment;
mod timers;
mod money;
mod bank;
mod faults;
mod outages;
mod refusals;
mod signature;
mod event;
mod world;
mod operations;
mod paying;
mod alias;
mod listing;
mod life;
mod settling;
mod ledger;
mod witness;
mod cut;
mod server;
mod face;
mod blows;
mod control;

use std::future::Future;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;

pub use judge::{JudgedDates, JudgedPayment, judge};
pub use server::{ClockBackwards, Sandbox};
pub use witness::LedgerPart;
pub use words::{Decision, MonthEnd, Redelivery, TakenBy};

/// How a sandbox starts.
#[derive(Clone)]
pub struct SandboxConfig {
    /// The bearer token Oligo's face asks for.
    pub token: String,
    /// Where events are posted; none: nowhere, until it is set.
    pub webhook_url: Option<String>,
    /// The clock starts frozen at this instant; none: at the real time, running.
    pub start_at: Option<DateTime<Utc>>,
    /// How month-based periods end in months that lack the anchor's day.
    pub reading: MonthEnd,
    /// What the faults' dice start from.
    pub seed: u64,
    /// What a payer does whom nobody has told what to do, with an agreement that says nothing.
    pub payers: Decision,
    /// The secrets events are signed with, one signature each; none: no signature.
    pub webhook_secrets: Vec<String>,
    /// How long an event that was not taken keeps coming.
    pub redelivery: Redelivery,
    /// Which answers take an event.
    pub taken_by: TakenBy,
}

impl SandboxConfig {
    /// A running clock, Oligo's reading, no webhooks, seed 0, payers who wait to be asked, unsigned
    /// events that come for an hour until a 2xx or 3xx takes them.
    #[must_use]
    pub fn new(token: impl Into<String>) -> SandboxConfig {
        SandboxConfig {
            token: token.into(),
            webhook_url: None,
            start_at: None,
            reading: MonthEnd::Oligo,
            seed: 0,
            payers: Decision::Ask,
            webhook_secrets: Vec::new(),
            redelivery: Redelivery::Hour,
            taken_by: TakenBy::Success,
        }
    }
}

/// Why a sandbox could not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The client that posts webhooks.
    #[error("the webhook client could not be built")]
    WebhookClient {
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The listener.
    #[error("the listener failed")]
    Listener {
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// Runs a sandbox on `listener` until `shutdown` completes.
///
/// # Errors
///
/// Fails when the webhook client cannot be built or the listener fails.
pub async fn serve(
    listener: TcpListener,
    config: SandboxConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), SandboxError> {
    Sandbox::new(config)?.serve(listener, shutdown).await
}
