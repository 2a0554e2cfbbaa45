//! The laws of the four machines: payment, instalment, agreement, plan.

mod payments;
mod instalments;
mod agreements;
mod plans;
mod words;
