//! What a provider said, in words of ours. Everything it can say about a payment or an agreement is here.

use domain::account::PayerAccount;
use domain::agreement;
use domain::date::Instant;
use domain::uid::{AgreementId, PaymentId};
use store::agreements::PayerLookUp;

/// What was learned about one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReport {
    /// Which one.
    pub payment_id: PaymentId,
    /// The sending that was current when the question left. After a later sending only a settlement counts.
    pub send_no: u32,
    /// When the question left.
    pub asked_at: Instant,
    /// The row's version when a question left that was no sending.
    pub asked_of: Option<i64>,
    /// What was learned.
    pub fact: PaymentFact,
}

/// One fact about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentFact {
    /// No byte of the request left.
    NotSent,
    /// The call ended without deciding anything.
    Undecided,
    /// The provider refused to create it, and does not know its uid.
    Refused {
        /// The provider's codes, in its order.
        codes: Vec<String>,
    },
    /// The provider took the retry.
    RetryAccepted,
    /// The provider refused the retry, and says that the payment stands as failed.
    RetryRefused {
        /// The provider's codes, in its order.
        codes: Vec<String>,
    },
    /// The provider does not know the uid.
    Absent,
    /// The provider has it.
    Found(FoundPayment),
}

/// A payment as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPayment {
    /// How it stands.
    pub standing: Standing,
    /// The provider's own word for that.
    pub word: String,
    /// Its amount in cents, where the provider says it.
    pub amount: Option<i64>,
    /// The uid of its agreement, where the provider says it.
    pub agreement_uid: Option<String>,
}

/// How a payment stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On its way. Words that are not understood mean this: never a failure.
    InFlight,
    /// People look into it.
    Investigating,
    /// The money moved.
    Settled,
    /// No money moved.
    Failed {
        /// The code; `UKNWN` where there is none.
        code: String,
        /// The title.
        title: String,
        /// Whether the provider would retry it.
        retryable: bool,
    },
}

/// What was learned about one agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementReport {
    /// Which one.
    pub agreement_id: AgreementId,
    /// The sending that was current when the question left.
    pub send_no: u32,
    /// When the question left: what was confirmed since is newer than the answer.
    pub asked_at: Instant,
    /// What was learned.
    pub fact: AgreementFact,
    /// The name behind the payer's PayID, where it was looked up on the way.
    pub payer: Option<PayerLookUp>,
}

/// One fact about an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgreementFact {
    /// No byte of the request left.
    NotSent,
    /// The payer's PayID could not be looked up, so nothing was sent.
    NotLookedUp(NotLookedUp),
    /// The name behind the payer's PayID has nothing in common with the customer's, so nothing was sent.
    OtherPayer,
    /// The call ended without deciding anything.
    Undecided,
    /// The provider refused to create it, and does not know its uid.
    Refused {
        /// The provider's codes, in its order.
        codes: Vec<String>,
    },
    /// The provider does not know the uid.
    Absent,
    /// The provider has it.
    Found {
        /// How it stands; `None` when the word is not understood.
        state: Option<agreement::Reported>,
        /// The provider's reason: code and title.
        reason: Option<(String, String)>,
        /// The field in which it is not the agreement we hold, if it says so.
        differs: Option<&'static str>,
        /// The account it is collected from, where that is not the one we know.
        account: Option<PayerAccount>,
    },
}

/// Why a PayID could not be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLookedUp {
    /// The provider's limit on look-ups is reached: it clears within a day.
    LimitReached,
    /// Nobody answered, or only that the service is down.
    Unavailable,
    /// The provider refuses to look it up, for a reason that will not pass by itself.
    Refused,
}

impl NotLookedUp {
    /// The rule that the proposal waits for, in `snake_case`.
    pub const fn code(self) -> &'static str {
        match self {
            NotLookedUp::LimitReached => "payid_lookup_limit",
            NotLookedUp::Unavailable => "payid_lookup_unavailable",
            NotLookedUp::Refused => "payid_lookup_refused",
        }
    }
}

/// What came of asking the provider to cancel an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelFact {
    /// No byte of the request left.
    NotSent,
    /// The provider took it; whether it succeeds is to be asked.
    Taken,
    /// The provider refused it, or does not know the agreement: how that stands is to be asked.
    Refused {
        /// The provider's codes, in its order.
        codes: Vec<String>,
    },
    /// The call ended without deciding anything.
    Undecided,
}
