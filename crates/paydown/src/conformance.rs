//! What a provider of PayTo is held to, as data, and the run that holds one to it.
//!
//! The cases stand in `conformance/*.json`, each with the place in Oligo's papers it rests on. They are
//! sent as raw HTTP, so that bodies the client refuses to write can be sent too; every success is
//! read with the client's types as well, so that what Oligo says and what Paydown understands are
//! held against each other. Nothing but what Oligo itself offers is used: the same cases run
//! against the sandbox and against Oligo.

mod case;
mod suite;
mod vars;
mod provider;
mod check;
mod reading;
mod report;
mod judge;
mod run;
mod clean;

pub use case::{Case, Grade, Operation};
pub use provider::{Provider, ProviderError};
pub use report::{CaseReport, Difference, Report, Verdict};
pub use run::{CannotRun, Orders, run};
pub use suite::{Suite, SuiteError};
pub use vars::Payer;
