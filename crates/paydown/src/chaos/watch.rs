//! How long it takes until the rows that a killed worker held are taken up again.
//!
//! A row does not say which process holds it, but the living extend their leases every second. What was held at a
//! kill and is neither extended, finished nor taken over a while later was the victim's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant as Monotonic};

use domain::date::Instant;
use store::Store;
use store::wake::HeldRow;
use uuid::Uuid;

use super::report::Recovery;
use crate::clock_steps::ClockSteps;

/// Longer than the living take to extend a lease, shorter than a lease.
const GRACE: Duration = Duration::from_millis(1_600);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A row that was held when somebody was killed.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    row: HeldRow,
    /// Business time of the kill.
    killed_at: Instant,
    seen: Monotonic,
    is_victims: bool,
}

/// Looks on.
#[derive(Debug)]
pub(super) struct Watch {
    store: Store,
    clock: ClockSteps,
    suspects: RefCell<HashMap<Uuid, Suspect>>,
    recovered_ms: RefCell<Vec<u64>>,
}

impl Watch {
    pub(super) fn new(store: Store, clock: ClockSteps) -> Watch {
        Watch {
            store,
            clock,
            suspects: RefCell::default(),
            recovered_ms: RefCell::default(),
        }
    }

    /// Notes who holds what, right before a kill.
    pub(super) async fn before_kill(&self) {
        // Without the database or the bank nothing can be said of this kill.
        let Ok(reading) = self.clock.read().await else {
            return;
        };
        let Ok(rows) = self.store.held(reading.now_at).await else {
            return;
        };
        let mut suspects = self.suspects.borrow_mut();
        for row in rows {
            let suspect = Suspect {
                row,
                killed_at: reading.now_at,
                seen: Monotonic::now(),
                is_victims: false,
            };
            // The rows of an earlier victim stay its own.
            let known = suspects.entry(row.id).or_insert(suspect);
            if known.row.lease_token != row.lease_token {
                *known = suspect;
            }
        }
    }

    /// Whether rows of a victim wait to be taken up.
    pub(super) fn is_waiting(&self) -> bool {
        !self.suspects.borrow().is_empty()
    }

    /// Looks on for as long as it is polled.
    pub(super) async fn watch(&self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let ids: Vec<Uuid> = self.suspects.borrow().keys().copied().collect();
            if ids.is_empty() {
                continue;
            }
            let Ok(reading) = self.clock.read().await else {
                continue;
            };
            if let Ok(rows) = self.store.held_rows(&ids, reading.now_at).await {
                self.look(&rows, reading.now_at);
            }
        }
    }

    fn look(&self, rows: &[HeldRow], now: Instant) {
        let mut suspects = self.suspects.borrow_mut();
        for row in rows {
            let Some(suspect) = suspects.get_mut(&row.id) else {
                continue;
            };
            let before = suspect.row;
            let is_taken_up = row.lease_token != before.lease_token
                || row.version != before.version
                || !row.is_wanting;
            let is_extended = row.leased_until != before.leased_until;
            match (suspect.is_victims, is_taken_up) {
                (true, true) => {
                    let took = (now - suspect.killed_at).num_milliseconds();
                    let took = u64::try_from(took).unwrap_or(0);
                    self.recovered_ms.borrow_mut().push(took);
                    suspects.remove(&row.id);
                }
                // Whoever holds it lives.
                (false, true) => {
                    suspects.remove(&row.id);
                }
                (_, false) if is_extended => {
                    suspects.remove(&row.id);
                }
                (false, false) if GRACE < suspect.seen.elapsed() => suspect.is_victims = true,
                (_, false) => {}
            }
        }
    }

    /// How it went.
    pub(super) fn recovery(&self) -> Recovery {
        let waiting = self.suspects.borrow();
        let waiting = waiting.values().filter(|suspect| suspect.is_victims);
        Recovery::of(self.recovered_ms.borrow().clone(), waiting.count() as u64)
    }
}
