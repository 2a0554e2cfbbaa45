//! What Oligo tells about an agreement. Only its uid and state are always there.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::AccountKind;
use crate::agreements::{Frequency, Purpose, TermsKind};
use crate::answer::moment;
use crate::reason_codes::ReasonCode;
use crate::words::Reported;

open_words! {
    /// Where an agreement stands.
    AgreementState {
        /// Taken by Oligo, not yet by the scheme.
        Pending = "pending",
        /// At the payer's bank, unanswered.
        Created = "created",
        /// Accepted by the payer: payable.
        Active = "active",
        /// Paused: not payable.
        Suspended = "suspended",
        /// Ended by either party or a bank. Final.
        Cancelled = "cancelled",
        /// Refused by the payer or his bank. Final.
        Declined = "declined",
        /// Could not be created. Final.
        Failed = "failed",
        /// Left unanswered for five days. Final.
        Expired = "expired",
    }
}

open_words! {
    /// Who brought something about.
    Party {
        /// The payer or his bank.
        Debtor = "debtor",
        /// The party that collects.
        Initiator = "initiator",
    }
}

/// Why an agreement is where it is. Its `Debug` leaves free text out.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reason {
    /// The scheme's or Oligo's code: `MD16`, `ZPUNP07`, `MMS.API.9006`, …
    #[serde(default)]
    pub code: Option<String>,
    /// The code in a few words.
    #[serde(default)]
    pub title: Option<String>,
    /// The code in a sentence; not to be matched on.
    #[serde(default)]
    pub detail: Option<String>,
    /// What a person wrote about it.
    #[serde(default)]
    pub narrative: Option<String>,
}

impl Reason {
    /// The code as a word of Oligo's lists.
    pub fn reason_code(&self) -> Option<ReasonCode> {
        self.code.as_deref().map(ReasonCode::from)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason")
            .field("code", &self.code)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

/// An account as Oligo reports it. Its `Debug` leaves the value out.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportedAccount {
    /// What the value is; `type` on the wire.
    #[serde(default, rename = "type")]
    pub kind: Option<Reported<AccountKind>>,
    /// The account number or PayID.
    #[serde(default)]
    pub value: Option<String>,
}

impl fmt::Debug for ReportedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedAccount")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A payer as Oligo reports it. Its `Debug` leaves the names out.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportedDebtor {
    /// The payer's name.
    #[serde(default)]
    pub party_name: Option<String>,
    /// Who ultimately owes.
    #[serde(default)]
    pub ultimate_party_name: Option<String>,
    /// The account collected from. The payer may move it at his bank.
    #[serde(default)]
    pub account_identifier: Option<ReportedAccount>,
}

impl fmt::Debug for ReportedDebtor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedDebtor")
            .field("account_identifier", &self.account_identifier)
            .finish_non_exhaustive()
    }
}

/// Payment terms as Oligo reports them. Amounts in cents, dates in Sydney.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportedTerms {
    /// How the amounts are bound; `type` on the wire.
    #[serde(default, rename = "type")]
    pub kind: Option<Reported<TermsKind>>,
    /// The length of one period.
    #[serde(default)]
    pub frequency: Option<Reported<Frequency>>,
    /// The amount of each payment.
    #[serde(default)]
    pub amount: Option<i64>,
    /// The most one payment may be.
    #[serde(default)]
    pub max_amount: Option<i64>,
    /// Payments per period.
    #[serde(default)]
    pub count: Option<i64>,
    /// The amount of the first payment.
    #[serde(default)]
    pub first_payment_amount: Option<i64>,
    /// The amount of the last payment.
    #[serde(default)]
    pub last_payment_amount: Option<i64>,
    /// The date of the first payment.
    #[serde(default)]
    pub first_payment_date: Option<NaiveDate>,
    /// The date of the last payment.
    #[serde(default)]
    pub last_payment_date: Option<NaiveDate>,
}

/// Who collects, as some of Oligo's answers tell. Its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportedInitiator {
    /// The name shown to the payer.
    #[serde(default)]
    pub name: Option<String>,
    /// The registered name.
    #[serde(default)]
    pub legal_name: Option<String>,
    /// The business number.
    #[serde(default)]
    pub abn: Option<String>,
}

impl fmt::Debug for ReportedInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedInitiator").finish_non_exhaustive()
    }
}

/// Where a resource stands in Oligo's API: a path, or a whole URL. Never followed by this crate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    /// The resource itself; `self` on the wire.
    #[serde(default, rename = "self")]
    pub own: Option<String>,
    /// The agreement a payment is made under.
    #[serde(default)]
    pub agreement: Option<String>,
    /// The refund a payment carries out.
    #[serde(default)]
    pub source_refund: Option<String>,
}

/// An agreement as Oligo reports it. Its `Debug` leaves free text out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The caller's own id.
    pub uid: String,
    /// Where it stands. An earlier form of the contract calls it `status`.
    #[serde(alias = "status")]
    pub state: AgreementState,
    /// Who brought it there.
    #[serde(default)]
    pub state_caused_by: Option<Party>,
    /// Why it is there.
    #[serde(default)]
    pub state_reason: Option<Reason>,
    /// The scheme's own id, once it has one.
    #[serde(default)]
    pub mms_agreement_id: Option<String>,
    /// Why money is collected.
    #[serde(default)]
    pub purpose: Option<Reported<Purpose>>,
    /// Shown to the payer.
    #[serde(default)]
    pub description: Option<String>,
    /// What may be collected.
    #[serde(default)]
    pub payment_terms: Option<ReportedTerms>,
    /// The payer.
    #[serde(default)]
    pub debtor: Option<ReportedDebtor>,
    /// Who is paid. In Oligo's guide, not in its schema.
    #[serde(default)]
    pub creditor: Option<ReportedDebtor>,
    /// Who collects. In Oligo's guide, not in its schema.
    #[serde(default)]
    pub initiator: Option<ReportedInitiator>,
    /// The first Sydney date of the agreement.
    #[serde(default)]
    pub validity_start_date: Option<NaiveDate>,
    /// The last Sydney date of the agreement, inclusive.
    #[serde(default)]
    pub validity_end_date: Option<NaiveDate>,
    /// When the payer is asked to have answered, when that can be read.
    #[serde(default, deserialize_with = "moment")]
    pub resolution_requested_before: Option<DateTime<FixedOffset>>,
    /// Whether Oligo cancels it if unanswered at that moment.
    #[serde(default)]
    pub cancel_if_unresolved: Option<bool>,
    /// When Oligo took it, when that can be read.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// The caller's own keys, as they came.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// Where it stands in Oligo's API.
    #[serde(default)]
    pub links: Option<Links>,
}

impl fmt::Debug for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agreement")
            .field("uid", &self.uid)
            .field("state", &self.state)
            .field("state_caused_by", &self.state_caused_by)
            .field("state_reason", &self.state_reason)
            .field("mms_agreement_id", &self.mms_agreement_id)
            .field("payment_terms", &self.payment_terms)
            .field("debtor", &self.debtor)
            .field("validity_start_date", &self.validity_start_date)
            .field("validity_end_date", &self.validity_end_date)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_needs_only_a_uid_and_a_state() {
        let agreement: Agreement =
            serde_json::from_str(r#"{"uid":"A","state":"active","new":{"key":1}}"#).unwrap();
        assert_eq!(agreement.state, AgreementState::Active);
        assert!(serde_json::from_str::<Agreement>(r#"{"uid":"A"}"#).is_err());
        assert!(serde_json::from_str::<Agreement>(r#"{"state":"active"}"#).is_err());
    }

    #[test]
    fn a_word_oligo_adds_later_is_kept_and_does_not_fail_the_answer() {
        let text = concat!(
            r#"{"uid":"A","state":"frozen","state_caused_by":"zepto_admin","#,
            r#""purpose":"charity","payment_terms":{"type":"tiered","frequency":"hourly"}}"#,
        );
        let agreement: Agreement = serde_json::from_str(text).unwrap();
        assert_eq!(
            agreement.state,
            AgreementState::Unrecognised("frozen".to_owned())
        );
        assert_eq!(
            agreement.state_caused_by,
            Some(Party::Unrecognised("zepto_admin".to_owned()))
        );
        let terms = agreement.payment_terms.unwrap();
        assert_eq!(
            terms.kind,
            Some(Reported::Unrecognised("tiered".to_owned()))
        );
    }
}
