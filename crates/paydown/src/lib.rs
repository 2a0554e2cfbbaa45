//! The binary's parts: configuration, telemetry, a local PostgreSQL, and the verbs of the command
//! line.

pub mod cli;
pub mod chaos;
pub mod clock_steps;
pub mod config;
pub mod conformance;
pub mod demo;
pub mod follow_clock;
pub mod http;
pub mod laws;
pub mod local_postgres;
mod output;
pub mod parts;
pub mod provider;
pub mod runtime;
pub mod telemetry;
pub mod verbs;
