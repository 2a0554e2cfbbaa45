//! What is sent to end an agreement.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::check::{Checker, FieldProblem};

closed_words! {
    /// Why an agreement is cancelled: the reasons that hold for every version of the contract.
    ///
    /// Oligo's list has 24 more, which its upstream no longer takes from an initiator.
    CancelReason {
        /// The payer asked.
        CustomerRequested = "customer_requested",
        /// The party that collects asked.
        InitiatingPartyRequested = "initiating_party_requested",
        /// The agreement has run out.
        MandateExpired = "mandate_expired",
        /// The last collection has taken place.
        MandateSuspendedFinalCollection = "mandate_suspended_final_collection",
        /// The only collection has taken place.
        MandateSuspendedOneCollection = "mandate_suspended_one_collection",
    }
}

/// The body that cancels an agreement. Its `Debug` leaves the narrative out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelAgreement {
    /// Why.
    pub reason: CancelReason,
    /// More about why, 1 to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
}

impl CancelAgreement {
    /// Checks every limit Oligo states.
    ///
    /// # Errors
    ///
    /// Names every wrong field.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        if let Some(narrative) = &self.narrative {
            checker.length("narrative", narrative, 256);
        }
        checker.finish()
    }
}

impl fmt::Debug for CancelAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelAgreement")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrative_is_one_to_256_characters() {
        let reason = CancelReason::CustomerRequested;
        for (length, valid) in [(0, false), (1, true), (256, true), (257, false)] {
            let request = CancelAgreement {
                reason,
                narrative: Some("x".repeat(length)),
            };
            assert_eq!(request.validate().is_ok(), valid, "{length}");
        }
        assert_eq!(
            CancelAgreement {
                reason,
                narrative: None
            }
            .validate(),
            Ok(())
        );
    }
}
