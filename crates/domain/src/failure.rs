//! Why a payment failed, what would help, and when to try again.
//!
//! A failed payment is over at the provider, so trying again can never collect twice. Trying
//! too often does harm of another kind: banks suspend an agreement after seven failures in a row.

mod codes;
mod policy;
mod retry;

pub use codes::{Cause, FAILURE_CODES, FailureCode, failure_code};
pub use policy::{PaydayDraft, RetryPolicy, RetryPolicyDraft, RetryWhen, RetryWhenDraft};
pub(crate) use retry::budget_free_at;
pub use retry::{
    FAILURES_IN_A_ROW_MAX, RETRIES_IN_ALL_MAX, RetryBy, RetryDecision, RetryHistory,
    SUBMISSIONS_IN_24H_MAX, StopReason, decide_retry, submissions_in_24h,
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

/// What would help after a failure with this code.
///
/// The flag, as it stands on the wire, speaks of the provider's `/retry` alone: it decides *how* a
/// passing trouble is tried again, never whether. Of a code nobody knows, the flag is all there is
/// to go by.
///
/// # Examples
///
/// ```
/// use domain::failure::{Remedy, remedy};
///
/// assert_eq!(remedy("AM04", true), Remedy::RetrySameUid);
/// assert_eq!(remedy("ZPPAY24", false), Remedy::NewPayment);
/// assert_eq!(remedy("AC05", false), Remedy::NeedsPerson);
/// // Flagged retryable by the provider, and no retry outside the validity is taken.
/// assert_eq!(remedy("MD20", true), Remedy::Never);
/// ```
#[must_use]
pub fn remedy(code: &str, retryable_flag: bool) -> Remedy {
    match failure_code(code).map(|known| known.cause) {
        Some(Cause::Hopeless | Cause::ValidityOver) => Remedy::Never,
        Some(Cause::ForAPerson) => Remedy::NeedsPerson,
        Some(Cause::Funds | Cause::Passing) | None if retryable_flag => Remedy::RetrySameUid,
        Some(Cause::Funds | Cause::Passing) => Remedy::NewPayment,
        None => Remedy::NeedsPerson,
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
    fn fraud_and_a_missing_or_expired_agreement_are_never_tried_again() {
        for code in ["FRAD", "MD01", "AVED", "MD20"] {
            assert_eq!(remedy(code, false), Remedy::Never, "{code}");
            assert_eq!(remedy(code, true), Remedy::Never, "{code}");
        }
    }
}
