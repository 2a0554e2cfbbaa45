//! The admin API over HTTP and a real database.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "api/harness.rs"]
mod harness;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/creation.rs"]
mod creation;
#[path = "api/reading.rs"]
mod reading;
