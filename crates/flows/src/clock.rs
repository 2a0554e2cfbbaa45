//! The only clock. Flows ask it for the time and never the operating system.
//!
//! Real time in production. In the sandbox a clock that is moved by hand, so that years pass in seconds; no
//! flow can tell which one it has.

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
}

/// A new id. Ids are UUIDv7, so rows made later sort later.
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
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
    fn moving_the_clock_wakes_whoever_watches_it() {
        let (clock, hand) = Clock::by_hand(instant("2026-01-31T00:00:00Z"));
        let moved = clock.moved();
        assert!(!moved.has_changed().unwrap());

        hand.set(instant("2026-02-01T00:00:00Z"), true);

        assert!(moved.has_changed().unwrap());
        assert!(instant("2026-02-01T00:00:00Z") <= clock.now());
    }
}
