//! Payments: what is sent to make one, and what Oligo tells about it.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agreement_answers::{Links, ReportedDebtor};
use crate::answer::moment;
use crate::check::{Checker, FieldProblem, Metadata};
use crate::reason_codes::ReasonCode;
use crate::words::Reported;

closed_words! {
    /// How soon a payment is carried out.
    Priority {
        /// The payer is absent, as in loan collections.
        Unattended = "unattended",
        /// The payer is present and waits; goes before the unattended.
        Attended = "attended",
    }
}

open_words! {
    /// Where a payment stands. While neither settled nor failed, money may still move.
    PaymentState {
        /// Taken by Oligo.
        Created = "created",
        /// Put onto the network; cannot be taken back.
        Submitting = "submitting",
        /// No final report yet; resent by Oligo for some forty hours.
        Pending = "pending",
        /// Resends are used up; people look into it.
        UnderInvestigation = "under_investigation",
        /// No money moved in this attempt.
        Failed = "failed",
        /// Money moved. Final.
        Settled = "settled",
    }
}

/// The body that makes a payment. Its `Debug` leaves free text out.
///
/// Its JSON is the same text each time: fields in this order, those that are `None` left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// The caller's own permanent id of this payment, 1 to 64 of Oligo's uid characters.
    pub uid: String,
    /// The agreement to collect under.
    pub agreement_uid: String,
    /// The amount in cents, 1 to 1,000,000,000.
    pub amount: i64,
    /// How soon it is carried out.
    pub priority: Priority,
    /// On both parties' statements, 1 to 35 printable ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// On both parties' statements, 1 to 280 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is the last one. Balloon agreements must have it, others must not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_payment: Option<bool>,
    /// The caller's own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl CreatePayment {
    /// Checks every limit Oligo states that does not depend on the agreement.
    ///
    /// # Errors
    ///
    /// Names every wrong field, in the order of the body.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        checker.uid("uid", &self.uid);
        checker.uid("agreement_uid", &self.agreement_uid);
        checker.amount("amount", self.amount);
        if let Some(reference) = &self.reference {
            checker.printable("reference", reference, 35);
        }
        if let Some(description) = &self.description {
            checker.length("description", description, 280);
        }
        checker.metadata(self.metadata.as_ref());
        checker.finish()
    }
}

impl fmt::Debug for CreatePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatePayment")
            .field("uid", &self.uid)
            .field("agreement_uid", &self.agreement_uid)
            .field("amount", &self.amount)
            .field("priority", &self.priority)
            .field("last_payment", &self.last_payment)
            .finish_non_exhaustive()
    }
}

/// Why a payment, or an action on an agreement, failed. Its `Debug` leaves free text out.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failure {
    /// The scheme's or Oligo's code: `AM04`, `ZPPAY24`, …
    #[serde(default)]
    pub code: Option<String>,
    /// The code in a few words.
    #[serde(default)]
    pub title: Option<String>,
    /// The code in a sentence; not to be matched on.
    #[serde(default)]
    pub detail: Option<String>,
    /// Whether Oligo's retry operation takes this payment. Not said for agreements.
    #[serde(default)]
    pub retryable: Option<bool>,
}

impl Failure {
    /// The code as a word of Oligo's lists.
    pub fn reason_code(&self) -> Option<ReasonCode> {
        self.code.as_deref().map(ReasonCode::from)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("retryable", &self.retryable)
            .finish_non_exhaustive()
    }
}

/// A payment as Oligo reports it. Its `Debug` leaves free text out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The caller's own id.
    pub uid: String,
    /// The agreement it is made under.
    #[serde(default)]
    pub agreement_uid: Option<String>,
    /// Where it stands. An earlier form of the contract calls it `status`.
    #[serde(alias = "status")]
    pub state: PaymentState,
    /// The amount in cents.
    #[serde(default)]
    pub amount: Option<i64>,
    /// How soon it is carried out.
    #[serde(default)]
    pub priority: Option<Reported<Priority>>,
    /// On both parties' statements.
    #[serde(default)]
    pub reference: Option<String>,
    /// On both parties' statements.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it is the last one of a balloon agreement.
    #[serde(default)]
    pub last_payment: Option<bool>,
    /// Why it failed, when it did.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// The payer.
    #[serde(default)]
    pub debtor: Option<ReportedDebtor>,
    /// Who is paid. In Oligo's guide, not in its schema.
    #[serde(default)]
    pub creditor: Option<ReportedDebtor>,
    /// The refund it carries out. Oligo has no refunds of its own any more.
    #[serde(default)]
    pub source_payto_refund_uid: Option<String>,
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

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("uid", &self.uid)
            .field("agreement_uid", &self.agreement_uid)
            .field("state", &self.state)
            .field("amount", &self.amount)
            .field("failure", &self.failure)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Problem;

    fn collection() -> CreatePayment {
        CreatePayment {
            uid: "PAY-7f3c0001-01".to_owned(),
            agreement_uid: "AGR-7f3c0001".to_owned(),
            amount: 48_250,
            priority: Priority::Unattended,
            reference: Some("Loan 40217".to_owned()),
            description: None,
            last_payment: None,
            metadata: None,
        }
    }

    #[test]
    fn a_payment_read_back_from_its_text_is_written_as_the_same_text() {
        let mut request = collection();
        request.metadata = Some(Metadata::from([
            ("z".to_owned(), serde_json::json!(1)),
            ("a".to_owned(), serde_json::json!("one")),
        ]));
        let text = serde_json::to_string(&request).unwrap();
        let again: CreatePayment = serde_json::from_str(&text).unwrap();
        assert_eq!(again, request);
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
        assert!(text.starts_with(r#"{"uid":"PAY-7f3c0001-01","agreement_uid":"AGR-7f3c0001","#));
        assert!(text.ends_with(r#""metadata":{"a":"one","z":1}}"#));
    }

    #[test]
    fn a_frozen_text_with_a_key_we_would_not_send_again_does_not_parse() {
        let text = concat!(
            r#"{"uid":"P","agreement_uid":"A","amount":1,"priority":"unattended","#,
            r#""creditor_reference":"x"}"#,
        );
        assert!(serde_json::from_str::<CreatePayment>(text).is_err());
    }

    #[test]
    fn an_amount_outside_oligos_range_is_refused_before_it_is_sent() {
        for cents in [i64::MIN, -1, 0, 1_000_000_001] {
            let mut request = collection();
            request.amount = cents;
            let problems = request.validate().unwrap_err();
            let problem = Problem::OutOfRange {
                min: 1,
                max: 1_000_000_000,
            };
            assert_eq!(
                problems,
                [FieldProblem {
                    field: "amount".to_owned(),
                    problem
                }]
            );
        }
        for cents in [1, 1_000_000_000] {
            let mut request = collection();
            request.amount = cents;
            assert_eq!(request.validate(), Ok(()));
        }
    }

    #[test]
    fn a_reference_longer_than_a_statement_line_is_refused_before_it_is_sent() {
        let mut request = collection();
        request.reference = Some("x".repeat(36));
        request.description = Some("y".repeat(281));
        let problems = request.validate().unwrap_err();
        let fields: Vec<&str> = problems.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["reference", "description"]);
    }
}
