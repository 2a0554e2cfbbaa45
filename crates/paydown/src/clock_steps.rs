//! Moves the sandbox's clock the way time passes: from one thing that happens to the next.
//!
//! Each step goes to the earliest of: the next row that wants attention, the sandbox's next event, the
//! target. Before the next step everything that is due has been attended, so no time is skipped under work.

use std::time::{Duration, Instant as Monotonic};

use anyhow::Context;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use domain::date::Instant;

use crate::follow_clock::ClockReading;
use crate::http::{Http, Refused};

/// How long everything that is due may take, in real time, before a step is given up. Longer than a lease, a
/// restart of the database and a provider that hangs together.
const SETTLE_MAX: Duration = Duration::from_secs(120);

/// The smallest step there is.
const TICK: TimeDelta = TimeDelta::milliseconds(1);

const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What the API says of the work there is.
#[derive(Clone, Debug, Deserialize)]
struct Backlog {
    now_at: Instant,
    due: i64,
    leased: i64,
    next_wake_at: Option<Instant>,
}

/// The clock of a running Paydown with its sandbox.
#[derive(Clone, Debug)]
pub struct ClockSteps {
    api: Http,
    sandbox: Http,
}

impl ClockSteps {
    /// Moves the clock that both follow.
    pub fn new(api: Http, sandbox: Http) -> ClockSteps {
        ClockSteps { api, sandbox }
    }

    /// What the clock says.
    ///
    /// # Errors
    ///
    /// Fails when the sandbox does not answer.
    pub async fn read(&self) -> anyhow::Result<ClockReading> {
        self.sandbox.get("/sandbox/clock").await
    }

    /// Moves to the next thing that happens, at most to `target`, without waiting for what it leads to.
    /// Answers where the clock stands then.
    ///
    /// # Errors
    ///
    /// Fails when a part does not answer for two minutes.
    pub async fn step(&self, target: Instant) -> anyhow::Result<Instant> {
        let settled = self.settle().await?;
        let next = [settled.next_wake_at, settled.next_event_at, Some(target)];
        // An instant is told in milliseconds, so what is next may seem to be now; time must still pass.
        let next = next
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(target)
            .max(settled.now_at + TICK)
            .min(target.max(settled.now_at));
        self.set(next, false).await?;
        Ok(next)
    }

    /// Moves to `target`, attending everything on the way, and leaves the clock standing or running.
    ///
    /// # Errors
    ///
    /// Fails when a part does not answer for two minutes, or work does not end.
    pub async fn advance(&self, target: Instant, running: bool) -> anyhow::Result<()> {
        while self.step(target).await? < target {}
        self.settle().await?;
        self.set(target, running).await
    }

    /// Waits until nothing is due at the clock's time, at Paydown or at the sandbox.
    ///
    /// # Errors
    ///
    /// Fails, with what is still due, when that does not come about within two minutes; at once when a part
    /// refuses to tell.
    pub async fn settle(&self) -> anyhow::Result<Settled> {
        let deadline = Monotonic::now() + SETTLE_MAX;
        loop {
            let pause = match self.look().await {
                Ok(Some(settled)) => return Ok(settled),
                // What is due may be under way.
                Ok(None) => LOOK_EVERY,
                Err(error) if Refused::is_final(&error) => return Err(error),
                // A part that does not answer may be restarting.
                Err(_) => Duration::from_millis(200),
            };
            if deadline < Monotonic::now() {
                let backlog = self.api.get::<Value>("/v1/test/backlog").await;
                let due = backlog.context("what is due was not attended within two minutes")?;
                anyhow::bail!("what is due was not attended within two minutes: {due}");
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn look(&self) -> anyhow::Result<Option<Settled>> {
        let clock = self.read().await?;
        let backlog: Backlog = self.api.get("/v1/test/backlog").await?;
        let is_quiet = backlog.due == 0 && backlog.leased == 0;
        // The API must have heard of the clock's last move, or it answers for an earlier time.
        // Its answers end at the millisecond.
        let heard_ms = backlog.now_at.timestamp_millis();
        let is_told = clock.running || heard_ms == clock.now_at.timestamp_millis();
        let is_past = |event_at: Instant| event_at <= clock.now_at;
        if !is_quiet || !is_told || clock.next_event_at.is_some_and(is_past) {
            return Ok(None);
        }
        Ok(Some(Settled {
            now_at: clock.now_at,
            next_wake_at: backlog.next_wake_at,
            next_event_at: clock.next_event_at,
        }))
    }

    /// Sets the clock, standing or running. The provider's events up to then have happened on return.
    ///
    /// # Errors
    ///
    /// Fails when the sandbox refuses: a clock goes forward only.
    pub async fn set(&self, now_at: Instant, running: bool) -> anyhow::Result<()> {
        let body = json!({ "now_at": now_at.to_rfc3339(), "running": running });
        self.sandbox.put::<Value>("/sandbox/clock", &body).await?;
        Ok(())
    }

    /// Lets the clock run with real time, or stand, from where it is.
    ///
    /// # Errors
    ///
    /// Fails when the sandbox does not answer.
    pub async fn run_on(&self, running: bool) -> anyhow::Result<()> {
        let body = json!({ "running": running });
        self.sandbox.put::<Value>("/sandbox/clock", &body).await?;
        Ok(())
    }
}

/// A moment at which nothing is due.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    /// The clock's time.
    pub now_at: Instant,
    /// When Paydown has something to do next.
    pub next_wake_at: Option<Instant>,
    /// When something happens at the sandbox next.
    pub next_event_at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_part_that_refuses_to_tell_ends_the_wait_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let refusal = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\n\r\nrevoked";
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(refusal).await;
            }
        });
        let part = || Http::new(&url, None).expect("a client");
        let clock = ClockSteps::new(part(), part());

        let waited = tokio::time::timeout(Duration::from_secs(5), clock.settle()).await;
        let refused = waited.expect("at once").expect_err("refused").to_string();
        assert!(
            refused.contains("401") && refused.ends_with("revoked"),
            "{refused}"
        );
    }
}
