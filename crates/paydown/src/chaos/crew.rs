//! Those who break things, by dice: and whoever starts again what they broke.

use std::time::{Duration, Instant as Monotonic};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use store::Store;

use super::watch::Watch;
use super::{Options, Shared};
use crate::parts::Parts;

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Milliseconds for which a worker is halted: longer than its lease, which is 3 s.
const HALT_MS: (u64, u64) = (4_000, 6_000);
/// Milliseconds from one halt to the next, and from one wipe of all leases to the next.
const HALT_EVERY_MS: (u64, u64) = (6_000, 12_000);
const WIPE_EVERY_MS: (u64, u64) = (2_000, 5_000);

/// The crew.
pub(super) struct Crew<'a> {
    parts: &'a mut Parts,
    options: &'a Options,
    shared: &'a Shared,
    watch: &'a Watch,
    store: Store,
    dice: StdRng,
    kill_at: Monotonic,
    halt_at: Monotonic,
    wipe_at: Monotonic,
    /// Who is halted, and until when.
    halted: Option<(usize, Monotonic)>,
}

impl<'a> Crew<'a> {
    pub(super) async fn new(
        parts: &'a mut Parts,
        options: &'a Options,
        shared: &'a Shared,
        watch: &'a Watch,
    ) -> anyhow::Result<Crew<'a>> {
        let now = Monotonic::now();
        let mut crew = Crew {
            store: parts.store().await?,
            parts,
            options,
            shared,
            watch,
            dice: StdRng::seed_from_u64(options.seed),
            kill_at: now,
            halt_at: now,
            wipe_at: now,
            halted: None,
        };
        crew.kill_at = crew.after(options.kills_every);
        crew.halt_at = crew.after(HALT_EVERY_MS);
        crew.wipe_at = crew.after(WIPE_EVERY_MS);
        Ok(crew)
    }

    fn after(&mut self, (least, most): (u64, u64)) -> Monotonic {
        Monotonic::now() + Duration::from_millis(self.dice.random_range(least..=most))
    }

    /// Breaks things until it is calm, and keeps every part running for as long as it is polled.
    ///
    /// # Errors
    ///
    /// Fails when a part cannot be started again, or PostgreSQL.
    pub(super) async fn strike(&mut self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let ended = self.parts.mend()?;
            self.shared.tally.borrow_mut().ended_by_themselves += ended;
            let now = Monotonic::now();
            if self.halted.is_some_and(|(_, until)| until <= now) || self.shared.calm.get() {
                self.let_go_on();
            }
            if self.shared.calm.get() {
                continue;
            }
            if self.is_restart_due() {
                self.parts.postgres.restart_immediate().await?;
                self.shared.tally.borrow_mut().restarts += 1;
            }
            if self.kill_at <= now {
                self.kill().await?;
                self.kill_at = self.after(self.options.kills_every);
            }
            if self.halt_at <= now && self.halted.is_none() {
                self.halt();
                self.halt_at = self.after(HALT_EVERY_MS);
            }
            // While the database is away there is nothing to wipe.
            if self.wipe_at <= now
                && let Ok(wiped) = self.store.wipe_leases().await
            {
                let mut tally = self.shared.tally.borrow_mut();
                tally.wipes += u64::from(0 < wiped);
                tally.leases_wiped += wiped;
                drop(tally);
                self.wipe_at = self.after(WIPE_EVERY_MS);
            }
        }
    }

    /// The crashes of PostgreSQL are spread over the whole of the work.
    fn is_restart_due(&self) -> bool {
        let made = self.shared.tally.borrow().restarts;
        let (ended, all) = (self.shared.ended.get(), self.options.collections);
        made < self.options.restarts && all * (made + 1) <= ended * (self.options.restarts + 1)
    }

    /// Kills a worker, or the API, and starts it again at once.
    async fn kill(&mut self) -> anyhow::Result<()> {
        let workers = self.parts.workers();
        let place = self.dice.random_range(0..=workers);
        if place == workers {
            self.parts.strike_api().await?;
            self.shared.tally.borrow_mut().kills_of_api += 1;
        } else {
            if self.halted.is_some_and(|(halted, _)| halted == place) {
                self.let_go_on();
            }
            self.watch.before_kill().await;
            self.parts.strike_worker(place).await?;
            self.shared.tally.borrow_mut().kills_of_workers += 1;
        }
        self.parts.mend()?;
        Ok(())
    }

    fn halt(&mut self) {
        let workers = self.parts.workers();
        if workers < 2 {
            return;
        }
        let place = self.dice.random_range(0..workers);
        self.parts.halt_worker(place, true);
        self.shared.halted.set(true);
        self.shared.tally.borrow_mut().freezes += 1;
        let until = self.after(HALT_MS);
        self.halted = Some((place, until));
    }

    fn let_go_on(&mut self) {
        if let Some((place, _)) = self.halted.take() {
            self.parts.halt_worker(place, false);
            self.shared.halted.set(false);
        }
    }
}
