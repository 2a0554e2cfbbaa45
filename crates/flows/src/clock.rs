//! The only clock. Flows ask it for the time and never the operating system.
//!
//! Real time in production. In the sandbox a clock that is moved by hand, so that years pass in seconds; no
//! flow can tell which one it has.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant as Monotonic;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use domain::date::Instant;

/// Business time: what `wake_at`, windows, sending hours and every recorded instant are measured in.
///
/// Cheap to clone; every clone tells the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    moved: watch::Receiver<u64>,
}

#[derive(Clone, Debug)]
enum Source {
    Real,
    ByHand(watch::Receiver<Setting>),
}

/// Where a clock set by hand stands.
#[derive(Clone, Copy, Debug)]
struct Setting {
    now: Instant,
    set_at: Monotonic,
    running: bool,
}

impl Setting {
    fn reads(self) -> Instant {
        if !self.running {
            return self.now;
        }
        let elapsed = TimeDelta::from_std(self.set_at.elapsed()).unwrap_or(TimeDelta::MAX);
        self.now.checked_add_signed(elapsed).unwrap_or(self.now)
    }
}

impl Clock {
    /// The operating system's clock, in UTC.
    pub fn real() -> Clock {
        // The sender is dropped: this clock never jumps, and says so by a closed channel.
        let (_, moved) = watch::channel(0);
        Clock {
            source: Source::Real,
            moved,
        }
    }

    /// A clock that stands at `start` until its hand moves it.
    pub fn by_hand(start: Instant) -> (Clock, ClockHand) {
        let setting = Setting {
            now: start,
            set_at: Monotonic::now(),
            running: false,
        };
        let (setting, reading) = watch::channel(setting);
        let (moves, moved) = watch::channel(0);
        let hand = ClockHand {
            setting: Arc::new(setting),
            moves: Arc::new(moves),
        };
        (
            Clock {
                source: Source::ByHand(reading),
                moved,
            },
            hand,
        )
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        match &self.source {
            Source::Real => DateTime::<Utc>::from(std::time::SystemTime::now()),
            Source::ByHand(setting) => setting.borrow().reads(),
        }
    }

    /// A mark of the present moment.
    pub fn mark(&self) -> Mark {
        Mark {
            clock: self.clone(),
            at: self.now(),
            monotonic: Monotonic::now(),
        }
    }

    /// Changes whenever the clock is moved by hand. For the real clock the channel is closed from the start.
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.moved.clone()
    }
}

/// A moment to measure an age from, by business time and by the machine's: a process that was stopped, or a
/// clock that was moved, both make it old.
#[derive(Clone, Debug)]
pub struct Mark {
    clock: Clock,
    at: Instant,
    monotonic: Monotonic,
}

impl Mark {
    /// Whether more than `age` has passed by either clock.
    pub fn is_older_than(&self, age: TimeDelta) -> bool {
        let passed = TimeDelta::from_std(self.monotonic.elapsed()).unwrap_or(TimeDelta::MAX);
        age < passed || age < self.clock.now() - self.at
    }
}

/// What moves a clock set by hand.
#[derive(Clone, Debug)]
pub struct ClockHand {
    setting: Arc<watch::Sender<Setting>>,
    moves: Arc<watch::Sender<u64>>,
}

impl ClockHand {
    /// Sets the clock to `now`; from there it stands, or runs with real time.
    pub fn set(&self, now: Instant, running: bool) {
        self.setting.send_replace(Setting {
            now,
            set_at: Monotonic::now(),
            running,
        });
        self.moves
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// From now on this thread mints its ids from `seed` and this clock, until the answer is dropped: so that
    /// a simulation of the same seed makes the same rows.
    #[must_use]
    pub fn seed_ids(&self, seed: u32) -> SeededIds {
        let mint = Mint {
            hand: self.clone(),
            seed,
            minted: 0,
        };
        MINT.with_borrow_mut(|held| *held = Some(mint));
        SeededIds {
            _of_one_thread: PhantomData,
        }
    }
}

/// A new id. Ids are UUIDv7, so rows made later sort later.
pub fn fresh_uuid() -> Uuid {
    let seeded = MINT.with_borrow_mut(|mint| mint.as_mut().map(Mint::next));
    seeded.unwrap_or_else(Uuid::now_v7)
}

thread_local! {
    /// Of a simulation, whose whole Paydown runs in one thread; everywhere else there is none.
    static MINT: RefCell<Option<Mint>> = const { RefCell::new(None) };
}

/// Mints ids that follow from a seed and a clock set by hand.
struct Mint {
    hand: ClockHand,
    seed: u32,
    minted: u64,
}

impl Mint {
    fn next(&mut self) -> Uuid {
        self.minted += 1;
        // Counted up before the seed: what is minted later sorts later.
        let counted = (u128::from(self.minted) << 32) | u128::from(self.seed);
        let [_, _, _, _, _, _, tail @ ..] = counted.to_be_bytes();
        let at = self.hand.setting.borrow().reads().timestamp_millis();
        uuid::Builder::from_unix_timestamp_millis(at.unsigned_abs(), &tail).into_uuid()
    }
}

/// While it lives, the ids of its thread follow from a seed. See [`ClockHand::seed_ids`].
#[derive(Debug)]
pub struct SeededIds {
    /// It speaks of one thread, so it stays there.
    _of_one_thread: PhantomData<*const ()>,
}

impl Drop for SeededIds {
    fn drop(&mut self) {
        MINT.with_borrow_mut(|mint| *mint = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_set_by_hand_stands_still() {
        let (clock, hand) = Clock::by_hand(instant("2026-01-31T00:00:00Z"));
        assert_eq!(clock.now(), clock.now());

        hand.set(instant("2026-02-28T00:00:00Z"), false);

        assert_eq!(clock.now(), instant("2026-02-28T00:00:00Z"));
    }

    #[test]
    fn a_mark_grows_old_when_the_clock_is_moved() {
        let (clock, hand) = Clock::by_hand(instant("2026-01-31T00:00:00Z"));
        let mark = clock.mark();

        hand.set(instant("2026-01-31T00:00:10Z"), false);
        assert!(!mark.is_older_than(TimeDelta::seconds(10)));

        hand.set(instant("2026-01-31T00:00:11Z"), false);
        assert!(mark.is_older_than(TimeDelta::seconds(10)));
    }

    #[test]
    fn ids_of_the_same_seed_are_the_same_and_sort_as_they_were_made() {
        let mint = || {
            let (_, hand) = Clock::by_hand(instant("2026-01-31T00:00:00Z"));
            let _seeded = hand.seed_ids(7);
            let mut minted = vec![fresh_uuid(), fresh_uuid()];
            hand.set(instant("2026-01-31T00:00:10Z"), false);
            minted.push(fresh_uuid());
            minted
        };

        let minted = mint();
        assert_eq!(minted, mint());
        assert!(minted.is_sorted());
        assert_eq!(minted[0].get_version_num(), 7);
        assert_ne!(fresh_uuid(), fresh_uuid(), "afterwards they are as ever");
    }

    #[test]
    fn moving_the_clock_wakes_whoever_watches_it() {
        let (clock, hand) = Clock::by_hand(instant("2026-01-31T00:00:00Z"));
        let moved = clock.moved();
        assert!(!moved.has_changed().unwrap());

        hand.set(instant("2026-02-01T00:00:00Z"), true);

        assert!(moved.has_changed().unwrap());
        assert!(instant("2026-02-01T00:00:00Z") <= clock.now());
    }
}
