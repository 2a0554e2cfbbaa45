//! The client against a real connection: what is published, and what goes wrong.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]

mod stub;
mod examples;
mod transport;
mod contract;
mod guards;
mod patterns;
mod lists;
mod telemetry;
