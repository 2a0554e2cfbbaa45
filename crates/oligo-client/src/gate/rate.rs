//! How many calls this process makes.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::time::{Instant, sleep};

/// How many calls one process makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateConfig {
    /// Calls per second in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once after a rest.
    pub burst: NonZeroU32,
    /// The longest a call waits for its turn; one that would wait longer is held back.
    pub wait_max: Duration,
}

impl Default for RateConfig {
    /// 20 calls a second, 20 at once, 2 s of waiting. Ours: Oligo publishes no limit.
    fn default() -> Self {
        let twenty = NonZeroU32::MIN.saturating_add(19);
        RateConfig {
            per_second: twenty,
            burst: twenty,
            wait_max: Duration::from_secs(2),
        }
    }
}

pub(super) struct Rate {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    wait_max: Duration,
}

impl Rate {
    pub(super) fn new(config: RateConfig) -> Rate {
        let clock = DefaultClock::default();
        let quota = Quota::per_second(config.per_second).allow_burst(config.burst);
        Rate {
            limiter: DefaultDirectRateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            wait_max: config.wait_max,
        }
    }

    /// Waits for this call's turn, or says at once how long it would have to wait.
    pub(super) async fn take(&self) -> Result<(), Duration> {
        let started = Instant::now();
        loop {
            let Err(not_until) = self.limiter.check() else {
                return Ok(());
            };
            let wait = not_until.wait_time_from(self.clock.now());
            if self.wait_max < started.elapsed().saturating_add(wait) {
                return Err(wait);
            }
            sleep(wait).await;
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate")
            .field("wait_max", &self.wait_max)
            .finish_non_exhaustive()
    }
}
