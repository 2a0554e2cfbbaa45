//! A payment as the bank keeps it, and the request that asks for one.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::account::Account;
use crate::agreement::{Agreement, Scripted, read_script};
use crate::cause::Cause;
use crate::clock::sydney_text;
use crate::complaint::Refusal;
use crate::form::{self, Findings, cents, metadata, printable, text};
use crate::settings::{Creditor, Settings};
use crate::terms::{Draft, Standing};
use crate::window::Window;
use crate::words::{PaymentScript, PaymentState, Priority};

/// How many times a payment may be retried.
pub(crate) const RETRIES_MAX: usize = 10;
/// How many submissions a payment may have in any 24 hours, the first one included.
pub(crate) const SUBMISSIONS_PER_DAY: usize = 5;

/// The body of `POST /payto/payments`, well formed.
pub(crate) struct PaymentRequest {
    pub(crate) uid: String,
    pub(crate) agreement_uid: String,
    pub(crate) amount: i64,
    priority: Priority,
    reference: Option<String>,
    description: Option<String>,
    last_payment: Option<bool>,
    metadata: Option<Value>,
    pub(crate) script: Option<Scripted<PaymentScript>>,
}

const KEYS: [&str; 9] = [
    "uid",
    "agreement_uid",
    "amount",
    "priority",
    "reference",
    "description",
    "last_payment",
    "metadata",
    "sandbox",
];

impl PaymentRequest {
    /// # Errors
    ///
    /// Fails with every key that is not allowed, or every field that is wrong.
    pub(crate) fn read(body: &[u8]) -> Result<PaymentRequest, Refusal> {
        let body = Findings::body(body)?;
        let mut findings = Findings::default();
        let request = read_fields(&mut findings, &body);
        findings.conclude(request)
    }

    pub(crate) fn draft(&self, date: NaiveDate) -> Draft {
        Draft {
            amount: self.amount,
            last_payment: self.last_payment,
            date,
        }
    }

    /// The payment this request makes, `created` and submitted for the first time at `now`.
    pub(crate) fn into_payment(
        self,
        agreement: &Agreement,
        window: Option<Window>,
        now: DateTime<Utc>,
    ) -> Payment {
        Payment {
            uid: self.uid,
            agreement_uid: self.agreement_uid,
            debtor: agreement.debtor(),
            account: agreement.account.clone(),
            creditor: agreement.creditor.clone(),
            amount: self.amount,
            priority: self.priority,
            reference: self.reference,
            description: self.description,
            last_payment: self.last_payment,
            metadata: self.metadata,
            state: PaymentState::Created,
            failure: None,
            created_at: now,
            settled_at: None,
            failed_at: None,
            submissions: vec![now],
            window,
            hidden_until: None,
            decided_by_hand: false,
        }
    }
}

fn read_fields(findings: &mut Findings, body: &Value) -> Option<PaymentRequest> {
    let root = findings.root(body, &KEYS)?;
    let uid = findings.required(&root, "uid", form::uid);
    let agreement_uid = findings.required(&root, "agreement_uid", form::uid);
    let amount = findings.required(&root, "amount", cents);
    let priority = findings.choice(&root, "priority", Priority::WORDS, Priority::from_word);
    let reference = findings.optional(&root, "reference", printable(35));
    let description = findings.optional(&root, "description", text(0, 280));
    let last_payment = findings.optional(&root, "last_payment", Value::as_bool);
    let metadata = findings.optional(&root, "metadata", metadata);
    let script = read_script(
        findings,
        &root,
        PaymentScript::WORDS,
        PaymentScript::from_word,
    );
    Some(PaymentRequest {
        uid: uid?,
        agreement_uid: agreement_uid?,
        amount: amount?,
        priority: priority?,
        reference,
        description,
        last_payment,
        metadata,
        script,
    })
}

/// Reads the body of a retry: nothing but `sandbox`.
///
/// # Errors
///
/// Fails with every key that is not allowed, or every field that is wrong.
pub(crate) fn read_retry(body: &[u8]) -> Result<Option<Scripted<PaymentScript>>, Refusal> {
    let body = Findings::body(body)?;
    let mut findings = Findings::default();
    let root = findings.root(&body, &["sandbox"]);
    let script = root.and_then(|root| {
        let words = PaymentScript::WORDS;
        read_script(&mut findings, &root, words, PaymentScript::from_word)
    });
    findings.conclude(Some(script))
}

/// A payment as the bank keeps it.
pub(crate) struct Payment {
    pub(crate) uid: String,
    pub(crate) agreement_uid: String,
    debtor: Value,
    pub(crate) account: Account,
    creditor: Option<Creditor>,
    pub(crate) amount: i64,
    priority: Priority,
    reference: Option<String>,
    description: Option<String>,
    pub(crate) last_payment: Option<bool>,
    pub(crate) metadata: Option<Value>,
    pub(crate) state: PaymentState,
    pub(crate) failure: Option<Cause>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) settled_at: Option<DateTime<Utc>>,
    /// When it failed last.
    pub(crate) failed_at: Option<DateTime<Utc>>,
    /// When it was submitted, the first time and each retry; never empty.
    pub(crate) submissions: Vec<DateTime<Utc>>,
    /// The period of the latest submission.
    pub(crate) window: Option<Window>,
    /// Oligo does not know of it before this instant when it is asked.
    pub(crate) hidden_until: Option<DateTime<Utc>>,
    /// The bank's operator has decided about this submission; it takes no step by itself any more.
    pub(crate) decided_by_hand: bool,
}

impl Payment {
    /// How this payment weighs on the next one; a failed one does not.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let date = crate::clock::sydney_date(self.submitted_at());
        let is_last = self.last_payment == Some(true);
        (self.state != PaymentState::Failed).then_some(Standing { date, is_last })
    }

    pub(crate) fn draft(&self, date: NaiveDate) -> Draft {
        Draft {
            amount: self.amount,
            last_payment: self.last_payment,
            date,
        }
    }

    /// When it was last submitted.
    pub(crate) fn submitted_at(&self) -> DateTime<Utc> {
        self.submissions.last().copied().unwrap_or(self.created_at)
    }

    /// The earliest instant from `now` on at which one more submission is within the daily limit.
    pub(crate) fn retry_allowed_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let blocking = self.submissions.iter().rev().nth(SUBMISSIONS_PER_DAY - 1);
        blocking.map_or(now, |at| now.max(*at + TimeDelta::hours(24)))
    }

    /// The payment object of a response.
    pub(crate) fn wire(&self, settings: &Settings) -> Value {
        let mut answer = json!({
            "uid": self.uid,
            "agreement_uid": self.agreement_uid,
            "state": self.shown_state(settings),
            "amount": self.amount,
            "last_payment": self.last_payment,
            "priority": self.priority,
            "reference": self.reference,
            "description": self.description,
            "debtor": self.debtor,
            "failure": self.failure.as_ref().map(Cause::failure),
            "created_at": sydney_text(self.created_at),
            "metadata": self.metadata,
            "source_payto_refund_uid": null,
            "links": {
                "self": self.link(),
                "agreement": format!("/payto/agreements/{}", self.agreement_uid),
                "source_refund": null,
            },
        });
        settings.add_prose(&mut answer, self.creditor.as_ref(), false);
        answer
    }

    /// The state as answers show it.
    pub(crate) fn shown_state(&self, settings: &Settings) -> PaymentState {
        let is_hidden = self.state == PaymentState::Pending && !settings.show_pending;
        if is_hidden {
            PaymentState::Submitting
        } else {
            self.state
        }
    }

    /// Whether Oligo knows of it at `now` when it is asked.
    pub(crate) fn is_shown(&self, now: DateTime<Utc>) -> bool {
        self.hidden_until.is_none_or(|until| until <= now)
    }

    pub(crate) fn link(&self) -> String {
        format!("/payto/payments/{}", self.uid)
    }
}
