//! What is sent to end an agreement.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::check::{Checker, FieldProblem};

closed_words! {
    /// Why an agreement is cancelled: Oligo's 29 words.
    CancelReason {
        /// The payer's account number is wrong.
        InvalidDebtorAccountNumber = "invalid_debtor_account_number",
        /// An account is closed.
        ClosedAccountNumber = "closed_account_number",
        /// The payer's account is closed.
        ClosedDebtorAccountNumber = "closed_debtor_account_number",
        /// The account is blocked.
        BlockedAccount = "blocked_account",
        /// The payer's account is of the wrong type.
        InvalidDebtorAccountType = "invalid_debtor_account_type",
        /// The account may not be used so.
        TransactionForbidden = "transaction_forbidden",
        /// The account does not support it.
        TransactionNotSupported = "transaction_not_supported",
        /// The currency is not allowed.
        NotAllowedCurrency = "not_allowed_currency",
        /// The amount is not allowed.
        NotAllowedAmount = "not_allowed_amount",
        /// The amount is over the agreed limit.
        AmountExceedsAgreedLimit = "amount_exceeds_agreed_limit",
        /// The payer has died.
        CustomerDeceased = "customer_deceased",
        /// The payer's bank offers no agreements.
        NoMandateServiceAgent = "no_mandate_service_agent",
        /// The payer has no agreements.
        NoMandateServiceCustomer = "no_mandate_service_customer",
        /// The payer asked.
        CustomerRequested = "customer_requested",
        /// The party that collects asked.
        InitiatingPartyRequested = "initiating_party_requested",
        /// The agreement has run out.
        MandateExpired = "mandate_expired",
        /// Fraud is suspected.
        SuspectedFraudulent = "suspected_fraudulent",
        /// The payer gave no reason.
        NoReasonCustomer = "no_reason_customer",
        /// A bank gave no reason.
        NoReasonAgent = "no_reason_agent",
        /// The narrative says why.
        Narrative = "narrative",
        /// A regulation demands it.
        Regulatory = "regulatory",
        /// A service of the payer's bank.
        NoServiceDebtor = "no_service_debtor",
        /// The contract was changed.
        ContractAmended = "contract_amended",
        /// The payer cancelled the contract.
        DebtorCancellationRequested = "debtor_cancellation_requested",
        /// The contract has run out.
        ContractExpired = "contract_expired",
        /// The last collection has taken place.
        MandateSuspendedFinalCollection = "mandate_suspended_final_collection",
        /// The only collection has taken place.
        MandateSuspendedOneCollection = "mandate_suspended_one_collection",
        /// Too many collections failed in a row.
        MandateSuspendedFailedCollections = "mandate_suspended_failed_collections",
        /// The payer did not answer.
        NoAnswer = "no_answer",
    }
}

impl CancelReason {
    /// Whether it is one of the five that the later contract of Oligo's upstream, Zepto's, still
    /// takes from an initiator. The others may be refused.
    pub const fn is_taken_everywhere(self) -> bool {
        matches!(
            self,
            CancelReason::CustomerRequested
                | CancelReason::InitiatingPartyRequested
                | CancelReason::MandateExpired
                | CancelReason::MandateSuspendedFinalCollection
                | CancelReason::MandateSuspendedOneCollection
        )
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
