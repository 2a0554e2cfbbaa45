//! What a call passes before it is sent. Whoever is stopped here has sent nothing, so that a pause
//! never uses up an attempt at a payment.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::error::{CallError, Hold};

mod circuit;
mod pause;
mod permits;
mod rate;

pub(crate) use circuit::{Admission, Circuit};
pub use circuit::{CircuitConfig, CircuitState};
use pause::Pause;
pub use permits::{Permits, Wait};
use rate::Rate;
pub use rate::RateConfig;

/// When to try again after a shared limiter that did not answer.
const SHARED_RATE_SILENT: Duration = Duration::from_secs(1);

/// Everything that may hold a call back, shared by all clones of a client.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) circuit: Arc<Circuit>,
    /// Of look-ups alone: that they are down must not stop collecting.
    look_ups: Circuit,
    pause: Pause,
    rate: Option<Rate>,
    permits: Option<Arc<dyn Permits>>,
    permit_timeout: Duration,
}

/// Which circuit a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Everything that agreements and payments need.
    Payments,
    /// The look-up of PayIDs.
    LookUps,
}

/// What a gate is made of.
pub(crate) struct GateConfig {
    pub(crate) circuit: Option<CircuitConfig>,
    pub(crate) pause_max: Duration,
    pub(crate) rate: Option<RateConfig>,
    pub(crate) permits: Option<Arc<dyn Permits>>,
    pub(crate) permit_timeout: Duration,
}

impl Gate {
    pub(crate) fn new(config: GateConfig) -> Gate {
        Gate {
            circuit: Arc::new(Circuit::new(config.circuit)),
            look_ups: Circuit::new(config.circuit),
            pause: Pause::new(config.pause_max),
            rate: config.rate.map(Rate::new),
            permits: config.permits,
            permit_timeout: config.permit_timeout,
        }
    }

    /// Waits for its turn, or says how long it would have to wait.
    pub(crate) async fn pass(&self, lane: Lane) -> Result<Admission<'_>, CallError> {
        let circuit = match lane {
            Lane::Payments => self.circuit.as_ref(),
            Lane::LookUps => &self.look_ups,
        };
        // Asked first, so that a call that cannot go takes no permit from one that can.
        self.pause.check().map_err(held(Hold::RetryAfter))?;
        circuit.peek().map_err(held(Hold::CircuitOpen))?;

        if let Some(rate) = &self.rate {
            rate.take().await.map_err(held(Hold::Rate))?;
        }
        self.take_permit().await?;

        // Asked again: what was so before the wait need not be so after it.
        self.pause.check().map_err(held(Hold::RetryAfter))?;
        circuit.admit().map_err(held(Hold::CircuitOpen))
    }

    async fn take_permit(&self) -> Result<(), CallError> {
        let Some(permits) = &self.permits else {
            return Ok(());
        };
        let permit = timeout(self.permit_timeout, permits.take()).await;
        let silent = Wait {
            retry_in: SHARED_RATE_SILENT,
        };
        permit
            .unwrap_or(Err(silent))
            .map_err(|wait| held(Hold::SharedRate)(wait.retry_in))
    }

    /// Learns from how an admitted call ended.
    pub(crate) fn learn<T>(&self, admission: Admission<'_>, outcome: &Result<T, CallError>) {
        match outcome {
            Ok(_) => admission.answered(),
            Err(error) if error.is_outage() => admission.failed(),
            Err(_) => admission.answered(),
        }
        let asked = outcome.as_ref().err().and_then(asked_to_pause);
        if let Some(wait) = asked {
            self.pause.ask(wait);
        }
    }
}

/// The pause Oligo asks of every call. One asked for with reasons is about that operation only:
/// a look-up of PayIDs that is down must not stop collecting.
fn asked_to_pause(error: &CallError) -> Option<Duration> {
    match error {
        CallError::Refused { .. } => None,
        CallError::RateLimited { .. }
        | CallError::ServerError { .. }
        | CallError::HeldBack { .. }
        | CallError::InvalidRequest(_)
        | CallError::NotSent { .. }
        | CallError::NotFound
        | CallError::Unauthorised
        | CallError::Forbidden
        | CallError::Timeout
        | CallError::Broken { .. }
        | CallError::Redirected { .. }
        | CallError::Unreadable { .. }
        | CallError::TooLarge { .. } => error.retry_in(),
    }
}

fn held(hold: Hold) -> impl Fn(Duration) -> CallError {
    move |retry_in| CallError::HeldBack { hold, retry_in }
}
