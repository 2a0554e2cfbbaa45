//! What a caller in the same process may see of the sandbox: how it goes on, and the ledger in
//! parts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::payment::Payment;

/// Which part of the ledger is meant: what was made after these many, and these payments.
#[derive(Clone, Debug, Default)]
pub struct LedgerPart {
    /// How many agreements are known already.
    pub agreements_seen: usize,
    /// How many payments are known already.
    pub payments_seen: usize,
    /// Uids of known payments to tell again.
    pub again: Vec<String>,
}

#[derive(Serialize)]
struct PaymentEntry<'a> {
    uid: &'a str,
    agreement_uid: &'a str,
    amount: i64,
    last_payment: Option<bool>,
    state: &'static str,
    created_at: DateTime<Utc>,
    /// The first time, and each retry.
    submitted_at: &'a [DateTime<Utc>],
    settled_at: Option<DateTime<Utc>>,
    /// The last time; kept when it settles after that.
    failed_at: Option<DateTime<Utc>>,
}

impl Sandbox {
    /// When something happens here by itself next, as the clock stands.
    #[must_use]
    pub fn next_event_at(&self) -> Option<DateTime<Utc>> {
        self.world().timers.next_at()
    }

    /// A part of the ledger: `agreements` and `payments` in order of creation, then the payments
    /// asked for again.
    #[must_use]
    pub fn ledger_part(&self, part: &LedgerPart) -> Value {
        let world = self.world();
        let agreements = world.agreement_order.iter().skip(part.agreements_seen);
        let agreements = agreements.filter_map(|uid| world.agreements.get(uid));
        let agreements: Vec<Value> = agreements
            .map(|agreement| {
                json!({
                    "uid": agreement.uid,
                    "state": agreement.state,
                    "terms": agreement.terms,
                    "validity_start_date": agreement.validity_start,
                    "validity_end_date": agreement.validity_end,
                })
            })
            .collect();
        let payments = world.payment_order.iter().skip(part.payments_seen);
        let payments: Vec<PaymentEntry<'_>> = payments
            .chain(&part.again)
            .filter_map(|uid| world.payments.get(uid))
            .map(entry)
            .collect();
        json!({ "agreements": agreements, "payments": payments })
    }
}

fn entry(payment: &Payment) -> PaymentEntry<'_> {
    PaymentEntry {
        uid: &payment.uid,
        agreement_uid: &payment.agreement_uid,
        amount: payment.amount,
        last_payment: payment.last_payment,
        state: payment.state.word(),
        created_at: payment.created_at,
        submitted_at: &payment.submissions,
        settled_at: payment.settled_at,
        failed_at: payment.failed_at,
    }
}
