//! Codes of what happened later: why a payment failed, why an agreement ended.

use serde_json::{Value, json};

/// A reason with its wire code and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    /// Whether a payment that failed for it may be retried under its uid.
    pub(crate) retryable: bool,
}

impl Cause {
    const fn of(code: &'static str, title: &'static str, retryable: bool) -> Cause {
        Cause {
            code,
            title,
            retryable,
        }
    }

    /// A payment's `failure`.
    pub(crate) fn failure(&self) -> Value {
        json!({"code": self.code, "title": self.title, "detail": self.title,
               "retryable": self.retryable})
    }

    /// An agreement's `reason`.
    pub(crate) fn reason(&self) -> Value {
        json!({"code": self.code, "title": self.title, "detail": self.title})
    }
}

pub(crate) const AC05: Cause = Cause::of("AC05", "Closed Debtor Account", false);
pub(crate) const AC06: Cause = Cause::of("AC06", "Blocked Account", true);
pub(crate) const AC13: Cause = Cause::of("AC13", "Invalid Debtor Account Type", false);
pub(crate) const AG01: Cause = Cause::of("AG01", "Transaction Forbidden", false);
pub(crate) const AG07: Cause = Cause::of("AG07", "Unsuccesful Direct Debit", true);
pub(crate) const AB01: Cause = Cause::of("AB01", "Aborted Clearing Timeout", true);
pub(crate) const AM04: Cause = Cause::of("AM04", "Insufficient Funds", true);
pub(crate) const AM21: Cause = Cause::of("AM21", "Limit Exceeded", true);
pub(crate) const AVED: Cause = Cause::of("AVED", "After Validity End Date", false);
pub(crate) const BVSD: Cause = Cause::of("BVSD", "Before Validity Start Date", false);
pub(crate) const ED06: Cause = Cause::of("ED06", "Settlement System Not Available", false);
pub(crate) const FF10: Cause = Cause::of("FF10", "Bank System Processing Error", true);
pub(crate) const FRAD: Cause = Cause::of("FRAD", "Fraudulent Origin", false);
pub(crate) const MS03: Cause = Cause::of("MS03", "Not Specified Reason Agent Generated", false);
pub(crate) const NACT: Cause = Cause::of("NACT", "Not Active", false);
pub(crate) const NAUT: Cause = Cause::of("NAUT", "Not Authorised", false);
pub(crate) const SL13: Cause = Cause::of(
    "SL13",
    "Maximum number of Direct Debit Transactions exceeded",
    true,
);
pub(crate) const SL14: Cause = Cause::of(
    "SL14",
    "Maximum Direct Debit Transaction Amount exceeded",
    true,
);
pub(crate) const UKNWN: Cause = Cause::of("UKNWN", "Unknown Error", false);
pub(crate) const ZPPAY24: Cause = Cause::of("ZPPAY24", "Participant not available", false);
pub(crate) const ZPUNP06: Cause = Cause::of("ZPUNP06", "Error resolving alias", false);
pub(crate) const ZPUNP07: Cause = Cause::of("ZPUNP07", "Debtor alias not found", false);
pub(crate) const ZPUNP08: Cause = Cause::of("ZPUNP08", "Creditor alias not found", false);
pub(crate) const MD16: Cause = Cause::of("MD16", "Requested By Customer", false);
pub(crate) const MD20: Cause = Cause::of("MD20", "Agreement Expired", true);
pub(crate) const NOAS: Cause = Cause::of("NOAS", "No Answer From Customer", false);
pub(crate) const MMS_API_9006: Cause = Cause::of("MMS.API.9006", "Timeout", false);
pub(crate) const MMS_API_9104: Cause = Cause::of("MMS.API.9104", "MandateStatusInvalid", false);

/// The failures an operator may give a payment.
const FAILURES: [Cause; 24] = [
    AC05, AC06, AC13, AG01, AG07, AB01, AM04, AM21, AVED, BVSD, ED06, FF10, FRAD, MS03, NACT, NAUT,
    SL13, SL14, UKNWN, ZPPAY24, ZPUNP06, ZPUNP07, ZPUNP08, MD20,
];

/// The payment failure with this code.
pub(crate) fn failure(code: &str) -> Option<Cause> {
    FAILURES.into_iter().find(|cause| cause.code == code)
}

/// What a cancellation reason of the wire becomes on the agreement.
pub(crate) fn cancellation(reason: &str) -> Option<Cause> {
    let found = CANCELLATIONS.iter().find(|(word, _, _)| *word == reason)?;
    Some(Cause::of(found.1, found.2, false))
}

/// Every cancellation reason: its word, its code, the code's title.
const CANCELLATIONS: [(&str, &str, &str); 29] = [
    (
        "invalid_debtor_account_number",
        "AC02",
        "Invalid Debtor Account",
    ),
    ("closed_account_number", "AC04", "Closed Account Number"),
    (
        "closed_debtor_account_number",
        "AC05",
        "Closed Debtor Account",
    ),
    ("blocked_account", "AC06", "Blocked Account"),
    (
        "invalid_debtor_account_type",
        "AC13",
        "Invalid Debtor Account Type",
    ),
    ("transaction_forbidden", "AG01", "Transaction Forbidden"),
    (
        "transaction_not_supported",
        "AG03",
        "Transaction Not Supported",
    ),
    ("not_allowed_currency", "AM03", "Not Allowed Currency"),
    ("not_allowed_amount", "AM12", "Invalid Amount"),
    (
        "amount_exceeds_agreed_limit",
        "AM14",
        "Amount Exceeds Agreed Limit",
    ),
    ("customer_deceased", "MD07", "End Customer Deceased"),
    (
        "no_mandate_service_agent",
        "MD08",
        "No Mandate Service By Agent",
    ),
    (
        "no_mandate_service_customer",
        "MD09",
        "No Agreement Service On Customer",
    ),
    ("customer_requested", "MD16", "Requested By Customer"),
    (
        "initiating_party_requested",
        "MD17",
        "Requested By Initiating Party",
    ),
    ("mandate_expired", "MD20", "Agreement Expired"),
    (
        "suspected_fraudulent",
        "MD21",
        "Agreement Cancelled Due To Fraud",
    ),
    (
        "no_reason_customer",
        "MS02",
        "Not Specified Reason Customer Generated",
    ),
    (
        "no_reason_agent",
        "MS03",
        "Not Specified Reason Agent Generated",
    ),
    ("narrative", "NARR", "Narrative"),
    ("regulatory", "RR04", "Regulatory Reason"),
    (
        "no_service_debtor",
        "SL01",
        "Specific Service offered by Debtor Agent",
    ),
    ("contract_amended", "CTAM", "Contract Amended"),
    (
        "debtor_cancellation_requested",
        "CTCA",
        "Contract Cancellation Initiated By Debtor",
    ),
    ("contract_expired", "CTEX", "Contract Expired"),
    (
        "mandate_suspended_final_collection",
        "MCFC",
        "Mandate Suspended Final Collection",
    ),
    (
        "mandate_suspended_one_collection",
        "MCOC",
        "Mandate Suspended Once Off Collection",
    ),
    (
        "mandate_suspended_failed_collections",
        "MSUC",
        "Mandate Suspended 7 Consecutive Unsuccessful Collections",
    ),
    ("no_answer", "NOAS", "No Answer From Customer"),
];
