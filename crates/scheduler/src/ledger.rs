//! The leases this process holds: kept alive by one heartbeat, ended by one recorder.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use domain::date::Instant;
use flows::clock::Clock;
use store::wake::{Batch, Finished, Kind};
use store::{Store, StoreError};

use crate::SchedulerConfig;
use crate::fetch::Lane;

/// The back-off after a first failure. It doubles with every further lease, up to [`BACK_OFF_MAX`].
const BACK_OFF: TimeDelta = TimeDelta::seconds(2);
const BACK_OFF_MAX: TimeDelta = TimeDelta::minutes(5);

/// The most outcomes that one statement records.
const OUTCOMES_MAX: usize = 1000;
/// The first pause after an outcome could not be recorded. It doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often to try to record an outcome that the database refuses, rather than does not hear.
const REFUSALS_MAX: u32 = 5;

/// What this process holds.
pub(crate) struct Ledger {
    clock: Clock,
    held: Mutex<HashMap<Uuid, Phase>>,
    count: watch::Sender<usize>,
    endings: mpsc::UnboundedSender<Ending>,
}

/// How far a held lease has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// The outcome is on its way to the database, which may know it already.
    Ending,
}

/// How a held lease ends.
pub(crate) struct Ending {
    kind: Kind,
    token: Uuid,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    Finished(Finished),
    Released,
}

impl Ledger {
    /// An empty ledger, and what its recorder reads.
    pub(crate) fn new(clock: Clock) -> (Arc<Ledger>, mpsc::UnboundedReceiver<Ending>) {
        let (endings, ended) = mpsc::unbounded_channel();
        let (count, _) = watch::channel(0);
        let held = Mutex::new(HashMap::new());
        (
            Arc::new(Ledger {
                clock,
                held,
                count,
                endings,
            }),
            ended,
        )
    }

    /// Takes a leased batch into the books, until the hold is ended or dropped.
    pub(crate) fn hold(self: &Arc<Self>, batch: &Batch) -> Hold {
        self.change(|held| {
            held.insert(batch.token, Phase::Running);
        });
        Hold {
            ledger: Arc::clone(self),
            kind: batch.kind,
            token: batch.token,
            leases: batch.leases,
            state: HoldState::Unbegun,
        }
    }

    /// Ends when nothing is held any more.
    pub(crate) async fn emptied(&self) {
        // Cannot fail: the sender is part of the ledger.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Uuid, Phase>> {
        // No holder of the lock can panic half-way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<Uuid, Phase>)) {
        let mut held = self.held();
        change(&mut held);
        self.count.send_replace(held.len());
    }

    fn end(&self, ending: Ending) {
        self.change(|held| {
            held.insert(ending.token, Phase::Ending);
        });
        // Refused only when the scheduler has ended; then the lease runs out by itself.
        let _ = self.endings.send(ending);
    }

    fn retry_at(&self, leases: i32, retry_after: Option<Duration>) -> Instant {
        let pause = match retry_after {
            Some(asked) => TimeDelta::from_std(asked).unwrap_or(TimeDelta::MAX),
            None => back_off(leases),
        };
        let now = self.clock.now();
        now.checked_add_signed(pause).unwrap_or(now + BACK_OFF_MAX)
    }
}

/// The pause before rows that were leased `leases` times without being finished are due again.
fn back_off(leases: i32) -> TimeDelta {
    let doublings = leases.saturating_sub(1).clamp(0, 16);
    (BACK_OFF * 2_i32.pow(doublings.unsigned_abs())).min(BACK_OFF_MAX)
}

/// A lease in the books. However it goes out of scope, its rows are accounted for: never begun,
/// they are handed back; begun and dropped (a panic, a dropped future), the attendance failed.
pub(crate) struct Hold {
    ledger: Arc<Ledger>,
    kind: Kind,
    token: Uuid,
    leases: i32,
    state: HoldState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HoldState {
    Unbegun,
    Begun,
    Ended,
}

impl Hold {
    /// The attendance begins: from here on it cannot be undone.
    pub(crate) fn begin(&mut self) {
        self.state = HoldState::Begun;
    }

    /// The attendance did its work.
    pub(crate) fn done(mut self) {
        self.end(How::Finished(Finished::Done));
    }

    /// The attendance failed; `retry_after` is what it asked for.
    pub(crate) fn failed(mut self, retry_after: Option<Duration>) {
        let retry_at = self.ledger.retry_at(self.leases, retry_after);
        self.end(How::Finished(Finished::Failed { retry_at }));
    }

    fn end(&mut self, how: How) {
        self.state = HoldState::Ended;
        self.ledger.end(Ending {
            kind: self.kind,
            token: self.token,
            how,
        });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        match self.state {
            HoldState::Unbegun => self.end(How::Released),
            HoldState::Begun => {
                let retry_at = self.ledger.retry_at(self.leases, None);
                self.end(How::Finished(Finished::Failed { retry_at }));
            }
            HoldState::Ended => {}
        }
    }
}

/// Extends every lease in the books, for as long as it is polled.
pub(crate) async fn keep(store: Store, ledger: Arc<Ledger>, config: SchedulerConfig) {
    let mut beat = tokio::time::interval(config.heartbeat);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let tokens: Vec<Uuid> = ledger.held().keys().copied().collect();
        if tokens.is_empty() {
            continue;
        }
        match store.heartbeat(&tokens, config.lease).await {
            Ok(kept) => forget_lost(&ledger, &tokens, &kept),
            Err(error) => tracing::warn!(%error, "leases could not be extended"),
        }
    }
}

/// Strikes out the leases that someone else has taken. Their attendances go on: what they write is
/// fenced by the rows, not by the lease.
fn forget_lost(ledger: &Ledger, asked: &[Uuid], kept: &[Uuid]) {
    ledger.change(|held| {
        for token in asked
            .iter()
            .filter(|token| kept.binary_search(token).is_err())
        {
            // While an outcome is being recorded, the rows no longer bear the token: nothing is
            // lost.
            if held.get(token) == Some(&Phase::Running) {
                held.remove(token);
                tracing::warn!(%token, "a lease was lost while its rows were attended");
            }
        }
    });
}

/// Records endings in the order they come, many at a time, for as long as it is polled.
pub(crate) async fn record(
    store: Store,
    ledger: Arc<Ledger>,
    mut endings: mpsc::UnboundedReceiver<Ending>,
    lanes: [Arc<Lane>; Kind::ALL.len()],
) {
    let mut ended = Vec::new();
    while 0 < endings.recv_many(&mut ended, OUTCOMES_MAX).await {
        let (mut silences, mut refusals) = (0, 0);
        while let Err(error) = write(&store, &ended).await {
            tracing::warn!(%error, count = ended.len(), "outcomes could not be recorded");
            if error.is_transient() {
                silences += 1;
            } else {
                refusals += 1;
            }
            if REFUSALS_MAX < refusals {
                tracing::error!("outcomes are given up; their rows come free with their leases");
                break;
            }
            let doublings = (silences + refusals - 1_u32).min(16);
            tokio::time::sleep(PAUSE.saturating_mul(2_u32.pow(doublings)).min(PAUSE_MAX)).await;
        }

        ledger.change(|held| {
            for ending in &ended {
                held.remove(&ending.token);
            }
        });
        for lane in &lanes {
            if ended.iter().any(|ending| ending.kind == lane.kind) {
                lane.finished.notify_one();
            }
        }
        ended.clear();
    }
}

async fn write(store: &Store, ended: &[Ending]) -> Result<(), StoreError> {
    for kind in Kind::ALL {
        let mut finished = Vec::new();
        for ending in ended.iter().filter(|ending| ending.kind == kind) {
            match ending.how {
                How::Finished(how) => finished.push((ending.token, how)),
                How::Released => {
                    store.release(kind, ending.token).await?;
                }
            }
        }
        store.finish(kind, &finished).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_with_every_lease_up_to_five_minutes() {
        let seconds: Vec<i64> = [0, 1, 2, 3, 8, 9, i32::MAX]
            .map(|leases| back_off(leases).num_seconds())
            .into();

        assert_eq!(seconds, [2, 2, 4, 8, 256, 300, 300]);
    }

    fn batch() -> Batch {
        Batch {
            kind: Kind::Webhook,
            token: Uuid::from_u128(7),
            ids: vec![Uuid::from_u128(1)],
            leased_before: false,
            leases: 1,
        }
    }

    #[test]
    fn a_batch_dropped_before_it_began_is_handed_back() {
        let (ledger, mut endings) = Ledger::new(Clock::real());

        drop(ledger.hold(&batch()));

        assert!(matches!(endings.try_recv().unwrap().how, How::Released));
    }

    #[test]
    fn an_attendance_that_was_dropped_counts_as_failed() {
        let now = "2026-02-02T06:00:00Z".parse().unwrap();
        let (ledger, mut endings) = Ledger::new(Clock::by_hand(now).0);
        let mut hold = ledger.hold(&batch());

        hold.begin();
        drop(hold);

        let How::Finished(Finished::Failed { retry_at }) = endings.try_recv().unwrap().how else {
            panic!("the attendance did not fail");
        };
        assert_eq!(retry_at, now + TimeDelta::seconds(2));
    }
}
