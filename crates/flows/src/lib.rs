//! The use cases, one file each, always in the same beats: read, decide, write, call.
//!
//! A flow takes a slice of ids, reads it with one statement, decides each row in memory by `domain`, writes
//! all with one statement, calls the provider concurrently, and records the answers. Whatever a provider says
//! (the answer to a call, the reply to a question, a webhook that made us ask) enters by one door:
//! [`apply_report`] for payments, [`apply_agreement_report`] for agreements.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;

use domain::failure::RetryPolicy;
use domain::gate::SendingHours;
use domain::uid::UidKey;
use store::{Store, StoreError};

pub mod clock;
mod compare_names;
pub mod provider;
pub mod report;
pub mod create_customer;
pub mod retry_policy;
pub mod open_plan;
pub mod propose_agreement;
mod begin_again;
pub mod apply_agreement_report;
pub mod endangered;
pub mod cancel_plan;
pub mod pause_plan;
pub mod turn_switch;
pub mod cancel_agreements;
pub mod send_payments;
mod put_off;
pub mod catch_up;
mod gate_facts;
mod day_budget;
pub mod resend_payments;
pub mod ask_provider;
pub mod apply_report;
mod decide_payment;
mod tell;
pub mod answer_exception;
pub mod receive_webhook;
pub mod digest_webhook;
pub mod reconcile;
pub mod chores;
pub mod attend;

/// What every flow needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: clock::Clock,
    /// The provider.
    pub provider: provider::Provider,
    /// The rules that configuration sets.
    pub settings: Arc<Settings>,
}

/// The rules that configuration sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key from which provider uids are derived.
    pub uid_key: UidKey,
    /// When payments are sent.
    pub hours: SendingHours,
    /// The retry policy new plans are given.
    pub retry: RetryPolicy,
    /// The most new payments of one customer a day for instalments whose due date is over, at least 1; `None`
    /// is without limit.
    pub catch_up_per_day_max: Option<u32>,
    /// How long an agreement's state is relied on before it is asked about again.
    pub agreement_refresh: TimeDelta,
    /// The most provider calls one batch has in flight.
    pub calls_in_flight_max: usize,
    /// The most payments, or proposals, that are let pass before they are called out, at least 1: as many as may
    /// be in flight, or some wait behind others after the gate has let them pass.
    pub calls_prepared_max: usize,
    /// The address given to the provider as the asker of a PayID look-up.
    pub requester_ip: IpAddr,
    /// The secrets webhooks may be signed with; empty when the provider signs none.
    pub webhook_secrets: Vec<SecretString>,
}

/// Why a flow did not finish. What it wrote stays; what it did not is found again by `wake_at`.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The database did not do as asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows kept moving under the decision; they are attended again.
    #[error("{0} rows kept moving while they were decided on")]
    KeptMoving(usize),
    /// A frozen request body cannot be read back.
    #[error("the frozen request of payment {uid} cannot be read")]
    FrozenBody {
        /// The payment's uid.
        uid: String,
    },
}

/// How often rows that moved are read and decided again before the batch is given back.
const ROUNDS_MAX: usize = 5;
