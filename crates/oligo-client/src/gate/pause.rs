//! The pause Oligo asked for, in `Retry-After`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Until when no call is made.
#[derive(Debug)]
pub(super) struct Pause {
    until: Mutex<Option<Instant>>,
    max: Duration,
}

impl Pause {
    /// A pause never lasts longer than `max`, so that one wrong header cannot end collecting.
    pub(super) fn new(max: Duration) -> Pause {
        Pause {
            until: Mutex::new(None),
            max,
        }
    }

    /// How much longer to pause, if at all.
    pub(super) fn check(&self) -> Result<(), Duration> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        });
        if left.is_zero() { Ok(()) } else { Err(left) }
    }

    /// A shorter pause asked for later does not cut a longer one short.
    pub(super) fn ask(&self, wait: Duration) {
        let asked = Instant::now().checked_add(wait.min(self.max));
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_kept_and_never_longer_than_the_most() {
        let pause = Pause::new(Duration::from_secs(60));
        assert_eq!(pause.check(), Ok(()));

        pause.ask(Duration::MAX);
        pause.ask(Duration::from_secs(1));

        let left = pause.check().unwrap_err();
        assert!(Duration::from_secs(50) < left, "{left:?}");
        assert!(left <= Duration::from_secs(60), "{left:?}");
    }

    #[test]
    fn a_pause_of_nothing_holds_nothing_back() {
        let pause = Pause::new(Duration::from_secs(60));
        pause.ask(Duration::ZERO);
        assert_eq!(pause.check(), Ok(()));
    }
}
