//! A sandbox of the run's own, whose time passes quickly: nobody waits a minute for an
//! investigation.

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use domain::date::BusinessDate;
use flows::clock::Clock;
use sandbox::{Decision, Sandbox, SandboxConfig};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::conformance::Provider;

/// How often its clock is moved, and by how much.
const TICK: Duration = Duration::from_millis(20);
const SECONDS_A_TICK: i64 = 1;

/// A sandbox that is served until it is closed.
pub(super) struct Bank {
    today: BusinessDate,
    stop: CancellationToken,
    served: JoinHandle<Result<(), sandbox::SandboxError>>,
}

impl Bank {
    /// Opens it at noon of today, so that no date passes during a run.
    pub(super) async fn open() -> anyhow::Result<(Provider, Bank)> {
        let today = BusinessDate::of_instant(Clock::real().now());
        let token = HEXLOWER.encode(&rand::random::<[u8; 16]>());
        let sandbox = Sandbox::new(SandboxConfig {
            start_at: Some(today.at_hour(12, 0)),
            payers: Decision::Approve,
            ..SandboxConfig::new(token.clone())
        })?;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.context("a sandbox of its own cannot listen")?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);

        let stop = CancellationToken::new();
        tokio::spawn(hurry(sandbox.clone(), stop.clone()));
        let served = tokio::spawn(sandbox.serve(listener, stop.clone().cancelled_owned()));
        let provider = Provider::new(&base_url, &SecretString::from(token))?;
        let bank = Bank {
            today,
            stop,
            served,
        };
        Ok((provider, bank))
    }

    /// Its date in Sydney.
    pub(super) fn today(&self) -> BusinessDate {
        self.today
    }

    /// Ends it.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.served.await??;
        Ok(())
    }
}

async fn hurry(sandbox: Sandbox, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let next = sandbox.now() + TimeDelta::seconds(SECONDS_A_TICK);
        if sandbox.move_clock(Some(next), Some(false)).await.is_err() {
            return;
        }
        tokio::time::sleep(TICK).await;
    }
}
