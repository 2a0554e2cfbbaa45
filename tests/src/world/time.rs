//! Time: moved from one thing that happens to the next, and at each of them everybody comes to
//! rest.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use domain::date::Instant;
use store::wake::Backlog;

use super::{World, dump};

/// How long, in real time, anything is waited for. Reaching it is a failure with a report.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// How far ahead `run_until_quiet` lets the bank's own business finish: webhooks are posted again
/// for an hour.
const BANK_BUSINESS: TimeDelta = TimeDelta::hours(2);
/// How often the clocks of one world are moved at most: more is a row that spins.
const STEPS_MAX: u32 = 5_000;
/// How long `run_until_quiet` lets payments be under way.
const QUIET_WITHIN: TimeDelta = TimeDelta::days(4);

#[derive(Deserialize)]
struct BankClock {
    next_event_at: Option<Instant>,
}

/// Everybody at rest: when the next thing happens by itself.
struct Rest {
    next_wake_at: Option<Instant>,
    next_event_at: Option<Instant>,
}

impl Rest {
    fn next_at(&self) -> Option<Instant> {
        [self.next_wake_at, self.next_event_at]
            .into_iter()
            .flatten()
            .min()
    }
}

impl World {
    /// Waits, in real time, until nothing is due now: at Paydown or at the bank.
    ///
    /// # Panics
    ///
    /// When that takes longer than a minute, with a report of what is due.
    pub async fn settle(&self) {
        self.rest().await;
    }

    /// Lets `time` pass.
    pub async fn advance_by(&self, time: TimeDelta) {
        self.advance_to(self.now() + time).await;
    }

    /// Lets time pass until `target`, stopping wherever something happens.
    pub async fn advance_to(&self, target: Instant) {
        loop {
            let rest = self.rest().await;
            if target <= self.now() {
                return;
            }
            self.move_clocks(rest.next_at().map_or(target, |next_at| next_at.min(target)))
                .await;
        }
    }

    /// Lets time pass as [`World::advance_to`] does, but does not wait for what happens at `target`
    /// itself: the story goes on in the middle of it.
    pub async fn begin_to_advance_to(&self, target: Instant) {
        loop {
            let next_at = self
                .rest()
                .await
                .next_at()
                .map_or(target, |next_at| next_at.min(target));
            self.move_clocks(next_at).await;
            if target <= next_at {
                return;
            }
        }
    }

    /// Waits, in real time, until a misfortune has struck `count` times at the bank.
    pub async fn until_struck(&self, misfortune: &str, count: u64) {
        self.until(misfortune, async || count <= self.struck(misfortune).await)
            .await;
    }

    /// Waits, in real time, until the bank has taken `count` payments.
    pub async fn until_at_the_bank(&self, count: usize) {
        self.until("payments", async || {
            count <= self.ledger().await.payments.len()
        })
        .await;
    }

    pub(super) async fn until(&self, what: &str, has_come: impl AsyncFn() -> bool) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while !has_come().await {
            if deadline <= tokio::time::Instant::now() {
                panic!("waited in vain for {what}\n{}", dump::of(self).await);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Whether nothing is due and nothing is under way, at this moment.
    pub async fn is_at_rest(&self) -> bool {
        self.look().await.is_some()
    }

    /// Lets time pass until no payment is under way, no webhook is undigested, and the bank has
    /// finished telling.
    ///
    /// # Panics
    ///
    /// When a payment is still under way after four days.
    pub async fn run_until_quiet(&self) {
        let limit = self.now() + QUIET_WITHIN;
        loop {
            let rest = self.rest().await;
            let soon = self.now() + BANK_BUSINESS;
            let bank_is_busy = rest.next_event_at.is_some_and(|at| at <= soon);
            if !bank_is_busy && self.under_way().await == 0 {
                return;
            }
            let next_at = rest.next_at().unwrap_or(limit);
            if limit < next_at {
                panic!("payments are under way for ever\n{}", dump::of(self).await);
            }
            self.move_clocks(next_at).await;
        }
    }

    /// Payments that may still move money, and webhooks nobody has understood yet.
    async fn under_way(&self) -> i64 {
        sqlx::query_scalar(
            "select (select count(*) from payment
                     where state not in ('settled', 'failed', 'rejected', 'abandoned'))
                  + (select count(*) from webhook where digested_at is null)",
        )
        .fetch_one(&self.pool)
        .await
        .expect("the database answers")
    }

    /// Moves both clocks, the bank's first: what Paydown sends at an instant must not reach a bank
    /// that is behind.
    async fn move_clocks(&self, to: Instant) {
        if STEPS_MAX < self.steps.fetch_add(1, Ordering::Relaxed) {
            panic!(
                "something happens again and again\n{}",
                dump::of(self).await
            );
        }
        self.set_bank_clock(to).await;
        self.hand.set(to, false);
    }

    /// Runs all that is due at the bank by `to`, and answers when its webhooks have been answered.
    async fn set_bank_clock(&self, to: Instant) -> BankClock {
        let body = json!({ "now_at": to });
        self.ask_sandbox(Method::PUT, "/sandbox/clock", Some(&body))
            .await
    }

    async fn rest(&self) -> Rest {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            if let Some(rest) = self.look().await {
                return rest;
            }
            if deadline <= tokio::time::Instant::now() {
                panic!("it never comes to rest\n{}", dump::of(self).await);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn look(&self) -> Option<Rest> {
        let now = self.now();
        // Set to where it stands: answered when webhooks already on their way have arrived.
        let bank = self.set_bank_clock(now).await;
        let backlog = self.store.backlog(now).await.expect("the database answers");
        let Backlog {
            due,
            leased,
            next_wake_at,
        } = backlog;
        let bank_rests = bank.next_event_at.is_none_or(|at| now < at);
        // Without workers what is due stays due.
        let paydown_rests = leased == 0 && (due == 0 || self.workers.is_empty());
        (bank_rests && paydown_rests).then_some(Rest {
            next_wake_at,
            next_event_at: bank.next_event_at,
        })
    }
}
