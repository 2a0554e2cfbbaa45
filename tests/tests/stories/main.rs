//! Stories: what becomes of a plan, from its registration to its end, over real PostgreSQL and the
//! sandbox bank.
//!
//! Each is a world of its own ([`e2e::world::World`]), and each world ends by holding Paydown's
//! rows against the bank's ledger.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod told;
mod collecting;
mod agreements;
mod failures;
mod policies;
mod silence;
mod held_over;
mod never_left;
mod money_moved_late;
mod webhooks;
mod webhook_receiver;
mod payid;
mod proposals;
mod agreement_states;
mod cancellation;
mod operators;
mod switches;
mod pauses;
mod catching_up;
mod budgets;
mod questions;
mod quarantine;
mod reconciliation;
mod restores;
mod crashes;
mod every_fault;
mod races;
mod arming;
mod records;
mod database_rules;
mod requests;
