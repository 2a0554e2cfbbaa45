//! The sandbox's own account of what happened, for others to be held against.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::agreement::Agreement;
use crate::clock::sydney_date;
use crate::event::Tally;
use crate::payment::Payment;
use crate::terms::Terms;
use crate::window::Window;
use crate::words::{AgreementState, PaymentState};
use crate::world::{RefusalRecord, World};

/// Everything that happened, in order of creation.
#[derive(Serialize)]
pub(crate) struct Ledger {
    agreements: Vec<AgreementEntry>,
    payments: Vec<PaymentEntry>,
    refusals: Vec<RefusalRecord>,
    webhooks: Tally,
    totals: Totals,
}

#[derive(Serialize)]
struct AgreementEntry {
    uid: String,
    state: AgreementState,
    reason_code: Option<&'static str>,
    created_at: DateTime<Utc>,
    terms: Terms,
    validity_start_date: NaiveDate,
    validity_end_date: Option<NaiveDate>,
}

#[derive(Serialize)]
struct PaymentEntry {
    uid: String,
    agreement_uid: String,
    amount: i64,
    last_payment: Option<bool>,
    state: PaymentState,
    created_at: DateTime<Utc>,
    /// The first time, and each retry.
    submitted_at: Vec<DateTime<Utc>>,
    /// Sydney.
    created_date: NaiveDate,
    /// Sydney, of the latest submission; what places the payment in its window.
    submitted_date: NaiveDate,
    settled_at: Option<DateTime<Utc>>,
    /// The last time; kept when it settles after that.
    failed_at: Option<DateTime<Utc>>,
    window: Option<Window>,
    submissions: usize,
    failure_code: Option<&'static str>,
}

#[derive(Serialize)]
struct Totals {
    settled_count: usize,
    settled_cents: i64,
}

impl World {
    pub(crate) fn ledger(&self) -> Ledger {
        let payments: Vec<PaymentEntry> = self
            .payment_order
            .iter()
            .filter_map(|uid| self.payments.get(uid))
            .map(payment_entry)
            .collect();
        let settled = || {
            payments
                .iter()
                .filter(|entry| entry.state == PaymentState::Settled)
        };
        Ledger {
            agreements: self
                .agreement_order
                .iter()
                .filter_map(|uid| self.agreements.get(uid))
                .map(agreement_entry)
                .collect(),
            totals: Totals {
                settled_count: settled().count(),
                settled_cents: settled().map(|entry| entry.amount).sum(),
            },
            payments,
            refusals: self.refusals.clone(),
            webhooks: self.tally,
        }
    }
}

fn agreement_entry(agreement: &Agreement) -> AgreementEntry {
    AgreementEntry {
        uid: agreement.uid.clone(),
        state: agreement.state,
        reason_code: agreement.reason.as_ref().map(|reason| reason.cause.code),
        created_at: agreement.created_at,
        terms: agreement.terms.clone(),
        validity_start_date: agreement.validity_start,
        validity_end_date: agreement.validity_end,
    }
}

fn payment_entry(payment: &Payment) -> PaymentEntry {
    PaymentEntry {
        uid: payment.uid.clone(),
        agreement_uid: payment.agreement_uid.clone(),
        amount: payment.amount,
        last_payment: payment.last_payment,
        state: payment.state,
        created_at: payment.created_at,
        submitted_at: payment.submissions.clone(),
        created_date: sydney_date(payment.created_at),
        submitted_date: sydney_date(payment.submitted_at()),
        settled_at: payment.settled_at,
        failed_at: payment.failed_at,
        window: payment.window,
        submissions: payment.submissions.len(),
        failure_code: payment.failure.map(|failure| failure.code),
    }
}
