//! Why a payment failed, what would help, and when to try again.
//!
//! A failed payment is over at the provider, so trying again can never collect twice. Trying
//! too often does harm of another kind: banks suspend an agreement after seven failures in a row.

mod retry;

pub use retry::{
    FAILURES_IN_A_ROW_MAX, RETRIES_IN_ALL_MAX, RetryDecision, RetryHistory, RetryPolicy,
    SUBMISSIONS_IN_24H_MAX, StopReason, decide_retry,
};

/// Declares an enum whose variants each have one word, which is also the database's text.
macro_rules! worded {
    (
        $(#[$enum_meta:meta])*
        pub enum $name:ident { $($(#[$meta:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$enum_meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$meta])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The variant's word, in `snake_case`: the database's text for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The variant of a word, or nothing where no variant has that word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use worded;

/// What the provider says of a payment that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason code, as the provider writes it: `AM04`.
    pub code: String,
    /// Whether the provider would take this payment again under its own uid.
    pub retryable: bool,
}

worded! {
    /// What would help after a failure.
    pub enum Remedy {
        /// The same payment again, under its uid.
        RetrySameUid = "retry_same_uid",
        /// The trouble passes, but the provider takes only a new payment for it.
        NewPayment = "new_payment",
        /// A person has to put something right first: an account, a name, the agreement.
        NeedsPerson = "needs_person",
        /// Nothing under this agreement.
        Never = "never",
    }
}

/// Codes of trouble that may be gone tomorrow: no funds, a limit, a bank or a network down.
///
/// `NACT` and `MCGP` stand here because a suspension may be lifted and a grace period ends: while
/// the agreement is known to be suspended, the gate holds the new payment back.
const PASSING: &[&str] = &[
    "AB01", "AB02", "AB03", "AB04", "AB08", "AC06", "AG07", "AM04", "AM21", "ED05", "ED06", "FF10",
    "FF11", "MCGP", "MS03", "NACT", "NARR", "SL13", "SL14", "TD03", "TM01", "UKNWN", "ZPPAY24",
    "ZPUNP06",
];

/// Codes that say the validity of the agreement is over, whatever their flag: `MD20` is flagged
/// retryable, and a retry outside the validity dates is refused all the same.
const VALIDITY_OVER: &[&str] = &["AVED", "MD20"];

/// Codes after which this agreement collects nothing more: no agreement, fraud.
const HOPELESS: &[&str] = &["FRAD", "MD01"];

/// Codes whose cause somebody has to put right: the account, the parties, our own message.
const FOR_A_PERSON: &[&str] = &[
    "AC02", "AC03", "AC05", "AC07", "AC13", "AC14", "AC15", "AG01", "AG03", "AGNT", "AM01", "AM02",
    "AM03", "AM06", "AM09", "AM12", "AM19", "BE05", "BE06", "BE08", "BE22", "BVSD", "CH20", "CH21",
    "CURR", "CUST", "DT02", "DT04", "FF04", "FF08", "MD02", "MS02", "NAUT", "RC05", "RR02", "RR03",
    "RR04", "SL01", "SL11", "SL12", "ZPUNP01", "ZPUNP02", "ZPUNP07", "ZPUNP08",
];

/// What would help after a failure with this code.
///
/// The flag speaks of the provider's `/retry` alone: it decides *how* a passing trouble is tried
/// again, never whether. Of a code nobody knows, the flag is all there is to go by.
#[must_use]
pub fn remedy(code: &str, retryable_flag: bool) -> Remedy {
    if HOPELESS.contains(&code) || VALIDITY_OVER.contains(&code) {
        Remedy::Never
    } else if FOR_A_PERSON.contains(&code) {
        Remedy::NeedsPerson
    } else if retryable_flag {
        Remedy::RetrySameUid
    } else if PASSING.contains(&code) {
        Remedy::NewPayment
    } else {
        Remedy::NeedsPerson
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_FUNDS: &str = "AM04";

    #[test]
    fn insufficient_funds_are_retried_under_the_same_uid() {
        assert_eq!(remedy(NO_FUNDS, true), Remedy::RetrySameUid);
    }

    #[test]
    fn trouble_that_passes_but_is_not_retryable_takes_a_new_payment() {
        for code in ["ZPPAY24", "ED06", "MS03", "UKNWN"] {
            assert_eq!(remedy(code, false), Remedy::NewPayment, "{code}");
        }
    }

    #[test]
    fn a_closed_account_needs_a_person_whatever_the_flag() {
        assert_eq!(remedy("AC05", false), Remedy::NeedsPerson);
        assert_eq!(remedy("AC05", true), Remedy::NeedsPerson);
    }

    #[test]
    fn an_unknown_code_goes_by_its_flag() {
        assert_eq!(remedy("G005", true), Remedy::RetrySameUid);
        assert_eq!(remedy("G005", false), Remedy::NeedsPerson);
    }

    #[test]
    fn no_code_stands_in_two_lists() {
        let all: Vec<_> = [PASSING, VALIDITY_OVER, HOPELESS, FOR_A_PERSON]
            .into_iter()
            .flatten()
            .collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();

        assert_eq!(all.len(), distinct.len());
        assert_eq!(all.len(), 72, "Oligo knows 72 codes");
    }

    #[test]
    fn fraud_and_a_missing_or_expired_agreement_are_never_tried_again() {
        for code in ["FRAD", "MD01", "AVED", "MD20"] {
            assert_eq!(remedy(code, false), Remedy::Never, "{code}");
            assert_eq!(remedy(code, true), Remedy::Never, "{code}");
        }
    }
}
