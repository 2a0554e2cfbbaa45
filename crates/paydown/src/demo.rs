//! The demo: four loans through their whole life, on real parts, in about a minute.
//!
//! Everything that a lender would do goes through the public API; the payers act at the simulated bank; the
//! clock is moved; webhooks are lost, a worker is killed. At the end every cent, window and count is compared
//! with the provider's own ledger.

mod loans;
mod play;
mod compare;
mod show;

pub use loans::Loan;
pub use play::{Options, run};
