//! The body that cancels a plan.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a plan is cancelled.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanCancellation, example = json!({"reason": "customer_requested"}))]
#[serde(deny_unknown_fields)]
pub struct CancellationBody {
    /// One of the provider's words. The first five are taken by every version of its contract; it may refuse
    /// the others.
    reason: CancelReasonBody,
}

/// Why an agreement ends, in the provider's words.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelReason)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum CancelReasonBody {
    CustomerRequested,
    InitiatingPartyRequested,
    MandateExpired,
    MandateSuspendedFinalCollection,
    MandateSuspendedOneCollection,
    InvalidDebtorAccountNumber,
    ClosedAccountNumber,
    ClosedDebtorAccountNumber,
    BlockedAccount,
    InvalidDebtorAccountType,
    TransactionForbidden,
    TransactionNotSupported,
    NotAllowedCurrency,
    NotAllowedAmount,
    AmountExceedsAgreedLimit,
    CustomerDeceased,
    NoMandateServiceAgent,
    NoMandateServiceCustomer,
    SuspectedFraudulent,
    NoReasonCustomer,
    NoReasonAgent,
    Narrative,
    Regulatory,
    NoServiceDebtor,
    ContractAmended,
    DebtorCancellationRequested,
    ContractExpired,
    MandateSuspendedFailedCollections,
    NoAnswer,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use flows::provider::cancel_reasons;
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_reasons_described_are_those_taken() {
        let described = serde_json::to_value(CancelReasonBody::schema()).unwrap();
        let described = described["enum"].as_array().unwrap().iter();
        let described: BTreeSet<&str> = described.map(|word| word.as_str().unwrap()).collect();

        assert_eq!(described, cancel_reasons().collect());
    }
}
