//! Why something ended later: a payment failed, an agreement was declined, cancelled or suspended.

use serde_json::{Value, json};

use crate::codes::{self, Code, Role};

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
        json!({"code": self.code, "title": self.title, "detail": self.detail(),
               "retryable": self.retryable})
    }

    /// An agreement's `reason`.
    pub(crate) fn reason(&self) -> Value {
        json!({"code": self.code, "title": self.title, "detail": self.detail()})
    }

    /// Upstream errors say whom to ask; the others say no more than their title.
    fn detail(&self) -> String {
        if self.code.starts_with("MMS.") {
            format!("Contact Oligo for more information: {}", self.title)
        } else {
            self.title.to_owned()
        }
    }
}

impl From<Code> for Cause {
    fn from(code: Code) -> Cause {
        Cause::of(code.code, code.title, code.retryable)
    }
}

/// The cause of this code, if the code may stand in that role.
pub(crate) fn of_role(role: Role, code: &str) -> Option<Cause> {
    codes::code(code)
        .filter(|found| found.stands_as(role))
        .map(Cause::from)
}

pub(crate) const AC05: Cause = Cause::of("AC05", "Closed Debtor Account", false);
pub(crate) const AC13: Cause = Cause::of("AC13", "Invalid Debtor Account Type", false);
pub(crate) const AM04: Cause = Cause::of("AM04", "Insufficient Funds", true);
pub(crate) const AVED: Cause = Cause::of("AVED", "After Validity End Date", false);
pub(crate) const BVSD: Cause = Cause::of("BVSD", "Before Validity Start Date", false);
pub(crate) const FF10: Cause = Cause::of("FF10", "Bank System Processing Error", true);
pub(crate) const MD16: Cause = Cause::of("MD16", "Requested By Customer", false);
pub(crate) const MD20: Cause = Cause::of("MD20", "Agreement Expired", true);
pub(crate) const MMS_API_9006: Cause = Cause::of("MMS.API.9006", "Timeout", false);
pub(crate) const MMS_API_9104: Cause = Cause::of("MMS.API.9104", "MandateStatusInvalid", false);
pub(crate) const MSUC: Cause = Cause::of(
    "MSUC",
    "Mandate Suspended 7 Consecutive Unsuccessful Collections",
    false,
);
pub(crate) const NACT: Cause = Cause::of("NACT", "Not Active", false);
pub(crate) const NAUT: Cause = Cause::of("NAUT", "Not Authorised", false);
pub(crate) const NOAS: Cause = Cause::of("NOAS", "No Answer From Customer", false);
pub(crate) const ZPUNP06: Cause = Cause::of("ZPUNP06", "Error resolving alias", false);
pub(crate) const ZPUNP07: Cause = Cause::of("ZPUNP07", "Debtor alias not found", false);
pub(crate) const ZPUNP08: Cause = Cause::of("ZPUNP08", "Creditor alias not found", false);

/// What a cancellation reason of the wire becomes on the agreement.
pub(crate) fn cancellation(reason: &str) -> Option<Cause> {
    let found = CANCELLATIONS.iter().find(|(word, _)| *word == reason)?;
    of_role(Role::Ending, found.1)
}

/// The words of [`cancellation`].
pub(crate) fn cancellation_reasons() -> [&'static str; 29] {
    CANCELLATIONS.map(|(word, _)| word)
}

/// Every cancellation reason and its code.
const CANCELLATIONS: [(&str, &str); 29] = [
    ("invalid_debtor_account_number", "AC02"),
    ("closed_account_number", "AC04"),
    ("closed_debtor_account_number", "AC05"),
    ("blocked_account", "AC06"),
    ("invalid_debtor_account_type", "AC13"),
    ("transaction_forbidden", "AG01"),
    ("transaction_not_supported", "AG03"),
    ("not_allowed_currency", "AM03"),
    ("not_allowed_amount", "AM12"),
    ("amount_exceeds_agreed_limit", "AM14"),
    ("customer_deceased", "MD07"),
    ("no_mandate_service_agent", "MD08"),
    ("no_mandate_service_customer", "MD09"),
    ("customer_requested", "MD16"),
    ("initiating_party_requested", "MD17"),
    ("mandate_expired", "MD20"),
    ("suspected_fraudulent", "MD21"),
    ("no_reason_customer", "MS02"),
    ("no_reason_agent", "MS03"),
    ("narrative", "NARR"),
    ("regulatory", "RR04"),
    ("no_service_debtor", "SL01"),
    ("contract_amended", "CTAM"),
    ("debtor_cancellation_requested", "CTCA"),
    ("contract_expired", "CTEX"),
    ("mandate_suspended_final_collection", "MCFC"),
    ("mandate_suspended_one_collection", "MCOC"),
    ("mandate_suspended_failed_collections", "MSUC"),
    ("no_answer", "NOAS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_causes_are_rows_of_the_table() {
        let named = [
            AC05,
            AC13,
            AM04,
            AVED,
            BVSD,
            FF10,
            MD16,
            MD20,
            MMS_API_9006,
            MMS_API_9104,
            MSUC,
            NACT,
            NAUT,
            NOAS,
            ZPUNP06,
            ZPUNP07,
            ZPUNP08,
        ];
        for cause in named {
            assert_eq!(codes::code(cause.code).map(Cause::from), Some(cause));
        }
    }

    #[test]
    fn every_cancellation_reason_has_its_code() {
        for (reason, code) in CANCELLATIONS {
            assert_eq!(cancellation(reason).map(|cause| cause.code), Some(code));
        }
    }
}
