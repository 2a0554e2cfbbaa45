//! What Oligo posts to us: a prompt to ask about a resource, never proof of where it stands.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Deserialize;
use serde_json::Value;

use crate::agreement_answers::{Party, Reason, ReportedDebtor, ReportedTerms};
use crate::answer::{Unread, json, moment_in, read_value, without_arrays};
use crate::error::JsonProblem;
use crate::payments::Failure;

/// The most bytes of a webhook that are read.
pub const WEBHOOK_BYTES_MAX: usize = 64 * 1024;

open_words! {
    /// What happened; `type` on the wire. No event says that a retry was taken.
    EventKind {
        /// The payer accepted.
        AgreementActivated = "payto_agreement.activated",
        /// The payer or his bank refused.
        AgreementDeclined = "payto_agreement.declined",
        /// The payer left it unanswered.
        AgreementExpired = "payto_agreement.expired",
        /// It could not be created.
        AgreementFailed = "payto_agreement.failed",
        /// It was ended.
        AgreementCancelled = "payto_agreement.cancelled",
        /// It could not be ended.
        AgreementCancellationFailed = "payto_agreement.cancellation_failed",
        /// It was paused.
        AgreementSuspended = "payto_agreement.suspended",
        /// It could not be paused.
        AgreementSuspensionFailed = "payto_agreement.suspension_failed",
        /// A pause ended.
        AgreementReactivated = "payto_agreement.reactivated",
        /// A pause could not be ended.
        AgreementReactivationFailed = "payto_agreement.reactivation_failed",
        /// Its terms or account changed.
        AgreementAmended = "payto_agreement.amended",
        /// The payer refused a change.
        AgreementAmendmentDeclined = "payto_agreement.amendment_declined",
        /// The payer left a change unanswered.
        AgreementAmendmentExpired = "payto_agreement.amendment_expired",
        /// A change could not be made.
        AgreementAmendmentFailed = "payto_agreement.amendment_failed",
        /// A change was taken back.
        AgreementAmendmentRecalled = "payto_agreement.amendment_recalled",
        /// A change could not be taken back.
        AgreementAmendmentRecallFailed = "payto_agreement.amendment_recall_failed",
        /// Money moved.
        PaymentSettled = "payto_payment.settled",
        /// No money moved in this attempt.
        PaymentFailed = "payto_payment.failed",
        /// No final report yet.
        PaymentPending = "payto_payment.pending",
        /// People look into it.
        PaymentUnderInvestigation = "payto_payment.under_investigation",
        /// A refund was carried out.
        RefundProcessed = "payto_refund.processed",
        /// A refund failed.
        RefundFailed = "payto_refund.failed",
    }
}

open_words! {
    /// What a webhook is about.
    ResourceKind {
        /// An agreement.
        Agreement = "payto_agreement",
        /// A payment.
        Payment = "payto_payment",
        /// A refund.
        Refund = "payto_refund",
    }
}

/// A webhook could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Longer than is read.
    #[error("the webhook is longer than {limit} bytes")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// Not what the contract says.
    #[error("the webhook cannot be read at {path}")]
    Unreadable {
        /// The field that does not fit, dotted; `.` is the whole body.
        path: String,
        /// What is wrong there.
        #[source]
        source: JsonProblem,
    },
}

impl From<Unread> for WebhookError {
    fn from(unread: Unread) -> Self {
        WebhookError::Unreadable {
            path: unread.path,
            source: unread.problem,
        }
    }
}

/// What an agreement was changed to; only what changed is there. Its `Debug` leaves free text out.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ReportedChanges {
    /// Shown to the payer.
    #[serde(default)]
    pub description: Option<String>,
    /// The last Sydney date of the agreement, inclusive.
    #[serde(default)]
    pub validity_end_date: Option<NaiveDate>,
    /// What may be collected.
    #[serde(default)]
    pub payment_terms: Option<ReportedTerms>,
    /// The payer, who may have moved the agreement to another account.
    #[serde(default)]
    pub debtor: Option<ReportedDebtor>,
}

impl fmt::Debug for ReportedChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedChanges")
            .field("validity_end_date", &self.validity_end_date)
            .field("payment_terms", &self.payment_terms)
            .field("debtor", &self.debtor)
            .finish_non_exhaustive()
    }
}

/// What an event says beyond its kind. Which fields are there depends on the kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct EventBody {
    /// The scheme's own id of the agreement.
    #[serde(default)]
    pub mms_agreement_id: Option<String>,
    /// Who brought it about.
    #[serde(default)]
    pub caused_by: Option<Party>,
    /// Why an agreement is where it is. A failed agreement has this or `failure`.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Why it failed.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// What the agreement was changed to.
    #[serde(default)]
    pub changes: Option<ReportedChanges>,
}

impl EventBody {
    /// The code of the failure or the reason, whichever was given.
    pub fn code(&self) -> Option<&str> {
        let failure = self
            .failure
            .as_ref()
            .and_then(|failure| failure.code.as_deref());
        failure.or_else(|| {
            self.reason
                .as_ref()
                .and_then(|reason| reason.code.as_deref())
        })
    }
}

/// One event as Oligo posts it. Its `Debug` leaves the caller's own keys out.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The event's id; the same when it is posted again.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// When it was posted, when that can be read.
    pub published_at: Option<DateTime<FixedOffset>>,
    /// The uid of what it happened to. Whoever wrote the body chose it: look it up, do not trust.
    pub resource_uid: String,
    /// What it happened to.
    pub resource_kind: ResourceKind,
    /// What else is said. Empty for a kind this crate does not know, and where it cannot be read.
    pub body: EventBody,
    /// The caller's own keys, on the events that carry them.
    pub resource_metadata: Option<Value>,
    /// Where the resource stands: a path, or a whole URL. Never followed by this crate.
    pub link: Option<String>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("published_at", &self.published_at)
            .field("resource_uid", &self.resource_uid)
            .field("resource_kind", &self.resource_kind)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl Envelope {
    /// Reads a webhook's raw body. Kinds, parties and keys this crate does not know are no error.
    ///
    /// # Errors
    ///
    /// Fails when `raw` is longer than [`WEBHOOK_BYTES_MAX`], is not JSON, or lacks the id, the
    /// kind or the resource.
    pub fn parse(raw: &[u8]) -> Result<Envelope, WebhookError> {
        if WEBHOOK_BYTES_MAX < raw.len() {
            return Err(WebhookError::TooLarge {
                limit: WEBHOOK_BYTES_MAX,
            });
        }
        let wire: WireWebhook = read_value(without_arrays(json(raw)?, None))?;
        let event = wire.data;
        let body = read_event_body(&event.kind, event.body);
        Ok(Envelope {
            id: event.id,
            kind: event.kind,
            published_at: event.published_at.as_ref().and_then(moment_in),
            resource_uid: event.resource_uid,
            resource_kind: event.resource_type,
            body,
            resource_metadata: event.resource_metadata,
            link: wire
                .links
                .and_then(|links| links.get("resource")?.as_str().map(str::to_owned)),
        })
    }
}

#[derive(Deserialize)]
struct WireWebhook {
    data: WireEvent,
    #[serde(default)]
    links: Option<Value>,
}

#[derive(Deserialize)]
struct WireEvent {
    id: String,
    #[serde(rename = "type")]
    kind: EventKind,
    #[serde(default)]
    published_at: Option<Value>,
    resource_uid: String,
    resource_type: ResourceKind,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    resource_metadata: Option<Value>,
}

/// What a known kind of event says besides what happened to what. A body of another shape says nothing; that
/// the event happened is news all the same.
fn read_event_body(kind: &EventKind, body: Option<Value>) -> EventBody {
    match (kind, body) {
        // What a new kind carries may have any shape.
        (EventKind::Unrecognised(_), _) | (_, None) => EventBody::default(),
        (_, Some(body)) => read_value(body).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(kind: &str, body: &str) -> String {
        format!(
            concat!(
                r#"{{"data":{{"id":"018f2c6e-5a77-0c1d-9b3e-2f6a7d4c8e10","type":"{}","#,
                r#""published_at":"2026-09-15T09:00:04.120+10:00","resource_uid":"U-1","#,
                r#""resource_type":"payto_agreement","body":{}}},"#,
                r#""links":{{"resource":"https://oligo.test/payto/agreements/U-1"}}}}"#,
            ),
            kind, body
        )
    }

    fn parse(kind: &str, body: &str) -> Result<Envelope, WebhookError> {
        Envelope::parse(webhook(kind, body).as_bytes())
    }

    #[test]
    fn a_failed_agreement_may_say_why_under_either_name() {
        for name in ["reason", "failure"] {
            let body = format!(r#"{{"{name}":{{"code":"ZPUNP07","title":"t","detail":"d"}}}}"#);
            let event = parse("payto_agreement.failed", &body).unwrap();
            assert_eq!(event.body.code(), Some("ZPUNP07"), "{name}");
        }
    }

    #[test]
    fn a_new_kind_of_event_is_read_whatever_it_carries() {
        for body in ["null", "[1,2]", r#""text""#, r#"{"reason":5}"#] {
            let event = parse("payto_agreement.renewed", body).unwrap();
            let expected = EventKind::Unrecognised("payto_agreement.renewed".to_owned());
            assert_eq!(event.kind, expected);
            assert_eq!(event.body, EventBody::default());
        }
    }

    #[test]
    fn a_known_event_with_a_body_of_the_wrong_shape_is_news_all_the_same() {
        for body in [
            r#"{"failure":{"retryable":"yes"}}"#,
            r#"{"reason":"CTAM"}"#,
            "[]",
        ] {
            let event = parse("payto_agreement.suspended", body).unwrap();
            assert_eq!(event.resource_uid, "U-1", "{body}");
            assert_eq!(event.body, EventBody::default(), "{body}");
        }
    }

    #[test]
    fn a_webhook_longer_than_the_limit_is_not_read() {
        let mut raw = webhook("payto_payment.settled", "null").into_bytes();
        raw.resize(WEBHOOK_BYTES_MAX, b' ');
        assert!(Envelope::parse(&raw).is_ok());
        raw.push(b' ');
        let limit = WEBHOOK_BYTES_MAX;
        assert_eq!(Envelope::parse(&raw), Err(WebhookError::TooLarge { limit }));
    }

    #[test]
    fn a_webhook_that_names_no_resource_is_unreadable() {
        let raw = br#"{"data":{"id":"1","type":"payto_payment.settled"}}"#;
        assert!(matches!(
            Envelope::parse(raw),
            Err(WebhookError::Unreadable { .. })
        ));
        assert!(matches!(
            Envelope::parse(b"\xff{"),
            Err(WebhookError::Unreadable { .. })
        ));
    }
}
