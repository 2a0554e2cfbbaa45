//! The sandbox over HTTP, as its initiator and its operators see it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]
mod rig;
mod agreements;
mod agreement_refusals;
mod payments;
mod payment_refusals;
mod retries;
mod webhooks;
mod clock;
mod faults;
mod every_code;
mod every_cause;
mod lists;
mod calls;
mod money;
mod settings;
mod prose;
mod readme;
