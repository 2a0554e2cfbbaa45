//! Time: real while anybody has something to do, moved on to the next event while nobody has.

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use serde_json::{Value, json};
use store::Store;
use verify::Verifier;

use domain::date::Instant;

use super::plan::Calendar;
use super::watch::Watch;
use super::{Options, Progress, Shared};
use crate::clock_steps::ClockSteps;
use crate::follow_clock::ClockReading;
use crate::http::Http;
use crate::parts::Parts;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long everything has to be quiet before time is moved.
const QUIET_LOOKS: u32 = 3;
/// What comes due close together is let come due together.
const TOGETHER: TimeDelta = TimeDelta::seconds(10);
/// The faults are over once so many of a hundred instalments have ended.
const CALM_AT_PERCENT: u64 = 95;
/// How long everything may take to be decided once the faults are over, on its clock.
const DECIDED_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// States in which an instalment has ended.
const OPEN: [&str; 3] = ["scheduled", "collecting", "retrying"];

/// Keeps the time.
pub(super) struct Timekeeper<'a> {
    calendar: &'a Calendar,
    options: &'a Options,
    shared: &'a Shared,
    watch: &'a Watch,
    sandbox: Http,
    clock: ClockSteps,
    store: Store,
    observer: Verifier,
    calm_since: Option<Instant>,
    quiet: u32,
}

impl<'a> Timekeeper<'a> {
    pub(super) async fn new(
        parts: &Parts,
        calendar: &'a Calendar,
        options: &'a Options,
        shared: &'a Shared,
        watch: &'a Watch,
    ) -> anyhow::Result<Timekeeper<'a>> {
        Ok(Timekeeper {
            calendar,
            options,
            shared,
            watch,
            sandbox: parts.sandbox.clone(),
            clock: parts.clock(),
            store: parts.store().await?,
            observer: Verifier::connect(&parts.database_url, None)?,
            calm_since: None,
            quiet: 0,
        })
    }

    /// Keeps it until everything is decided, or there is no more time for it.
    ///
    /// # Errors
    ///
    /// Fails when the sandbox does not answer.
    pub(super) async fn keep(&mut self, say: &dyn Fn(Progress)) -> anyhow::Result<()> {
        self.clock.run_on(true).await?;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let reading = self.clock.read().await.context("the bank's clock")?;
            // A database that restarts is asked again.
            if let Ok(is_over) = self.look(&reading).await? {
                say(self.shared.progress());
                if is_over {
                    return Ok(());
                }
            }
        }
    }

    /// Whether it is over; inside, an error of the database.
    async fn look(&mut self, reading: &ClockReading) -> anyhow::Result<Result<bool, ()>> {
        let now = reading.now_at;
        let Ok(states) = self.observer.instalments().await else {
            return Ok(Err(()));
        };
        let (backlog, undigested, quarantined) = (
            self.store.backlog(now).await,
            self.observer.undigested(now).await,
            self.observer.quarantined().await,
        );
        let (Ok(backlog), Ok(undigested), Ok(quarantined)) = (backlog, undigested, quarantined)
        else {
            return Ok(Err(()));
        };
        let ended = states
            .iter()
            .filter(|(state, _)| !OPEN.contains(&state.as_str()));
        self.shared.ended.set(ended.map(|(_, count)| count).sum());
        if self.calm_since.is_none() && self.is_enough(now) {
            self.calm_down().await?;
            self.calm_since = Some(now);
        }
        let is_past = |at: Instant| at <= now;
        let is_quiet = backlog.due == 0
            && backlog.leased == 0
            && !reading.next_event_at.is_some_and(is_past)
            && !self.shared.halted.get()
            && quarantined <= self.shared.kept.get();
        self.quiet = if is_quiet { self.quiet + 1 } else { 0 };

        if let Some(since) = self.calm_since {
            let is_all = self.shared.ended.get() == self.options.collections;
            // A webhook may wait for its turn without being due.
            let is_decided = is_all && undigested == 0 && QUIET_LOOKS <= self.quiet;
            if is_decided || since + DECIDED_WITHIN < now {
                return Ok(Ok(true));
            }
        }
        if QUIET_LOOKS <= self.quiet {
            let next = [backlog.next_wake_at, reading.next_event_at];
            self.move_on(now, next.into_iter().flatten().min()).await?;
        }
        Ok(Ok(false))
    }

    /// The provider's bad days are over, and nobody breaks anything any more.
    async fn calm_down(&self) -> anyhow::Result<()> {
        let faults: Value = self.sandbox.get("/sandbox/faults").await?;
        let struck = faults.get("struck").cloned().unwrap_or(faults);
        self.shared.struck.replace(struck);
        let none = json!({});
        self.sandbox.put::<Value>("/sandbox/faults", &none).await?;
        self.shared.calm.set(true);
        Ok(())
    }

    /// Whether the faults have lasted long enough: nearly all is done, or will not be.
    fn is_enough(&self, now: Instant) -> bool {
        let (ended, all) = (self.shared.ended.get(), self.options.collections);
        let is_nearly_all = all * CALM_AT_PERCENT <= ended * 100;
        let is_restarted = self.options.restarts <= self.shared.tally.borrow().restarts;
        let is_late = self.calendar.last_due_at() < now;
        self.shared.is_registered.get() && (is_nearly_all && is_restarted || is_late)
    }

    async fn move_on(&mut self, now: Instant, next: Option<Instant>) -> anyhow::Result<()> {
        // While a victim's rows wait, every second counts.
        let together = if self.watch.is_waiting() {
            TimeDelta::milliseconds(1)
        } else {
            TOGETHER
        };
        let Some(next) = next.map(|next| next + together) else {
            return Ok(());
        };
        let is_early = !self.shared.is_registered.get();
        let bound = self.calendar.first_due_at() - TimeDelta::hours(1);
        let next = if is_early { next.min(bound) } else { next };
        let latest = self.calm_since.map(|since| since + DECIDED_WITHIN);
        let next = latest.map_or(next, |latest| next.min(latest));
        if now + TimeDelta::milliseconds(200) < next {
            self.clock.set(next, true).await?;
            self.quiet = 0;
        }
        Ok(())
    }
}
