//! The laws of the four machines: payment, instalment, agreement, plan.

mod payments;
mod instalments;
mod agreements;
mod plans;
mod words;

use proptest::prelude::ProptestConfig;

/// So many cases of each law.
fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        ..ProptestConfig::default()
    }
}
