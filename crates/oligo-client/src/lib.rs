//! Oligo's PayTo wire contract, and nothing of ours.
//!
//! Requests are closed: a word Oligo does not know cannot be written. Answers are open: a word we
//! do not know is kept as it came, a key we do not know is ignored. Every failure of a call says
//! how much is known about what Oligo did: see [`CallError::certainty`].
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
pub mod error;
mod answer;
mod client;
mod call;
pub mod webhook;
pub mod signature;

pub use account::{AccountIdentifier, AccountKind, uid_is_valid};
pub use agreement_answers::{
    Agreement, AgreementState, Links, Party, Reason, ReportedAccount, ReportedDebtor, ReportedTerms,
};
pub use agreements::{CreateAgreement, Debtor, Frequency, PaymentTermsBody, Purpose, TermsKind};
pub use alias::{Requester, ResolveAlias, ResolvedAlias};
pub use cancellation::{CancelAgreement, CancelReason};
pub use check::{FieldProblem, Metadata, Problem};
pub use client::{ClientConfig, OligoClient};
pub use codes::ErrorCode;
pub use error::{BuildError, CallError, Certainty, JsonProblem, ProviderError};
pub use payments::{CreatePayment, Failure, Payment, PaymentState, Priority};
pub use signature::{SignatureError, verify_signature};
pub use webhook::{Envelope, EventBody, EventKind, ResourceKind, WebhookError};
pub use words::Reported;
