//! Oligo's PayTo wire contract, and nothing of ours.
//!
//! Requests are closed: a word Oligo does not know cannot be written. Answers are open: a word we
//! do not know is kept as it came, a key we do not know is ignored. Every failure of a call says
//! how much is known about what Oligo did: see [`CallError::certainty`].
//!
//! What holds a call back (a pause Oligo asked for, an open circuit, a limit of calls) does so
//! before anything is sent, and says for how long.
//!
//! Deliberately absent: any retry. The caller has the uid and the exact body on disk and decides.

#[macro_use]
mod words;
mod check;
pub mod account;
pub mod agreements;
pub mod cancellation;
pub mod agreement_answers;
pub mod payments;
pub mod alias;
mod codes;
mod reason_codes;
pub mod error;
mod answer;
mod token;
mod gate;
mod meter;
mod config;
mod client;
mod call;
pub mod lists;
pub mod webhook;
pub mod signature;
#[cfg(test)]
mod hostile;

pub use account::{AccountIdentifier, AccountKind, uid_is_valid};
pub use agreement_answers::{
    Agreement, AgreementState, Links, Party, Reason, ReportedAccount, ReportedDebtor,
    ReportedInitiator, ReportedTerms,
};
pub use agreements::{CreateAgreement, Debtor, Frequency, PaymentTermsBody, Purpose, TermsKind};
pub use alias::{Requester, ResolveAlias, ResolvedAlias};
pub use cancellation::{CancelAgreement, CancelReason};
pub use check::{FieldProblem, Metadata, Problem};
pub use client::OligoClient;
pub use codes::ErrorCode;
pub use config::ClientConfig;
pub use error::{BuildError, CallError, Certainty, Hold, JsonProblem, ProviderError};
pub use gate::{CircuitConfig, CircuitState, Permits, RateConfig, Wait};
pub use lists::{ListAgreements, ListPayments, Page, Pager, Refunds};
pub use payments::{CreatePayment, Failure, Payment, PaymentState, Priority};
pub use reason_codes::ReasonCode;
pub use signature::{SignatureError, verify_signature, verify_signature_in_time};
pub use webhook::{Envelope, EventBody, EventKind, ReportedChanges, ResourceKind, WebhookError};
pub use words::Reported;
