//! The circuit breaker: after failures in a row nothing is sent for a while, then one call tries.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{Instrument, StateMachine};

/// How long the others wait while one call tries whether Oligo is back.
const TRIAL: Duration = Duration::from_secs(1);

/// When a circuit opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitConfig {
    /// Outages in a row that open it: no connection, no answer in time, a lost connection, a 5xx
    /// without reasons. A refusal is an answer and counts as one.
    pub failures: u32,
    /// How long nothing is sent once it is open.
    pub pause: Duration,
}

impl Default for CircuitConfig {
    /// Five failures in a row, 10 s. Ours.
    fn default() -> Self {
        CircuitConfig {
            failures: 5,
            pause: Duration::from_secs(10),
        }
    }
}

/// Where a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls are sent.
    Closed,
    /// One call tries whether Oligo is back; the others are held back.
    HalfOpen,
    /// Nothing is sent. The first call after the pause becomes the trial.
    Open,
}

/// One circuit, with the breaker of the `failsafe` library inside; without one it stays closed.
pub(crate) struct Circuit {
    breaker: Option<Breaker>,
}

struct Breaker {
    machine: StateMachine<ConsecutiveFailures<Constant>, Watcher>,
    watcher: Watcher,
    pause: Duration,
    /// Whether a trial is under way. Held while the machine is asked, so that only one becomes it.
    trial: Mutex<bool>,
}

/// The leave to send one call. Dropped without a word, it says nothing about Oligo.
#[must_use = "a call that was let through says how it ended"]
pub(crate) struct Admission<'a> {
    breaker: Option<&'a Breaker>,
    is_trial: bool,
}

impl Circuit {
    pub(crate) fn new(config: Option<CircuitConfig>) -> Circuit {
        Circuit {
            breaker: config.map(Breaker::new),
        }
    }

    pub(crate) fn state(&self) -> CircuitState {
        self.breaker
            .as_ref()
            .map_or(CircuitState::Closed, |breaker| breaker.watcher.seen().0)
    }

    /// Whether [`Circuit::admit`] would let a call through now, as far as can be told.
    pub(super) fn peek(&self) -> Result<(), Duration> {
        let Some(breaker) = &self.breaker else {
            return Ok(());
        };
        let is_trying = *lock(&breaker.trial);
        match breaker.watcher.seen() {
            (CircuitState::HalfOpen, _) if is_trying => Err(breaker.trial_wait()),
            (CircuitState::Closed | CircuitState::HalfOpen, _) => Ok(()),
            (CircuitState::Open, since) => match breaker.left(since) {
                Duration::ZERO => Ok(()),
                left => Err(left),
            },
        }
    }

    /// Lets one call through, or says how long to wait.
    pub(super) fn admit(&self) -> Result<Admission<'_>, Duration> {
        let Some(breaker) = &self.breaker else {
            return Ok(Admission {
                breaker: None,
                is_trial: false,
            });
        };
        let mut trial = lock(&breaker.trial);
        if !breaker.machine.is_call_permitted() {
            let (_, since) = breaker.watcher.seen();
            // The machine's pause is over a moment after ours would be: never say "now".
            return Err(breaker.left(since).max(Duration::from_millis(1)));
        }
        let is_trial = match breaker.watcher.seen() {
            (CircuitState::HalfOpen, _) if *trial => return Err(breaker.trial_wait()),
            (CircuitState::HalfOpen, _) => true,
            (CircuitState::Closed | CircuitState::Open, _) => false,
        };
        *trial = *trial || is_trial;
        Ok(Admission {
            breaker: Some(breaker),
            is_trial,
        })
    }
}

impl fmt::Debug for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circuit")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl Breaker {
    fn new(config: CircuitConfig) -> Breaker {
        let policy = consecutive_failures(config.failures.max(1), backoff::constant(config.pause));
        let watcher = Watcher::default();
        Breaker {
            machine: StateMachine::new(policy, watcher.clone()),
            watcher,
            pause: config.pause,
            trial: Mutex::new(false),
        }
    }

    fn left(&self, since: Instant) -> Duration {
        self.pause.saturating_sub(since.elapsed())
    }

    fn trial_wait(&self) -> Duration {
        self.pause.min(TRIAL)
    }
}

impl Admission<'_> {
    /// Oligo answered, whatever it said.
    pub(super) fn answered(self) {
        if let Some(breaker) = self.breaker {
            breaker.machine.on_success();
        }
    }

    /// Oligo could not be reached, or did not answer.
    pub(super) fn failed(self) {
        if let Some(breaker) = self.breaker {
            breaker.machine.on_error();
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        // A trial that was given up half-way leaves its place to the next call.
        if let Some(breaker) = self.breaker
            && self.is_trial
        {
            *lock(&breaker.trial) = false;
        }
    }
}

/// Keeps what the breaker tells, since the library does not let its state be read.
#[derive(Clone)]
struct Watcher {
    seen: Arc<Mutex<(CircuitState, Instant)>>,
}

impl Default for Watcher {
    fn default() -> Self {
        Watcher {
            seen: Arc::new(Mutex::new((CircuitState::Closed, Instant::now()))),
        }
    }
}

impl Watcher {
    fn seen(&self) -> (CircuitState, Instant) {
        *lock(&self.seen)
    }

    fn now(&self, state: CircuitState) {
        *lock(&self.seen) = (state, Instant::now());
    }
}

impl Instrument for Watcher {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        tracing::warn!("the circuit to Oligo is open: nothing is sent for a while");
        self.now(CircuitState::Open);
    }

    fn on_half_open(&self) {
        self.now(CircuitState::HalfOpen);
    }

    fn on_closed(&self) {
        self.now(CircuitState::Closed);
    }
}

/// Nothing that panics runs while one of these is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
