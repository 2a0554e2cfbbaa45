//! What the API and the bank's ledger say, as far as stories read it.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use domain::date::Instant;

/// A plan as `GET /v1/plans/{id}` tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Plan {
    /// Where it stands.
    pub state: String,
    /// Why nothing is sent for it, where that is so.
    pub frozen_because: Option<String>,
    /// What is due and what is collected.
    pub totals: Totals,
    /// Its agreement.
    pub agreement: Agreement,
    /// Its instalments, in due order.
    pub instalments: Vec<Instalment>,
    /// What its agreement keeps from being collected.
    pub endangered_instalments: Vec<Value>,
}

impl Plan {
    /// The state of each instalment, in due order.
    pub fn states(&self) -> Vec<&str> {
        self.instalments
            .iter()
            .map(|instalment| instalment.state.as_str())
            .collect()
    }

    /// The only payment of the only, or first, instalment.
    ///
    /// # Panics
    ///
    /// When it has none or several.
    pub fn only_payment(&self) -> &Payment {
        match self.instalments[0].payments.as_slice() {
            [payment] => payment,
            several => panic!("one payment was expected: {several:?}"),
        }
    }
}

/// Sums, in cents.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Totals {
    /// Of all instalments.
    pub due: i64,
    /// Of those collected.
    pub collected: i64,
}

/// An agreement as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Agreement {
    /// Its uid at the provider.
    pub uid: String,
    /// Where it stands.
    pub state: String,
    /// Its first date.
    pub validity_start_date: NaiveDate,
    /// Why these terms and dates.
    pub chosen_because: String,
    /// What its proposal waits for, while it waits.
    pub waiting_because: Option<String>,
    /// When something is next done about it.
    pub next_at: Option<Instant>,
    /// Whether the name behind the payer's PayID is the customer's.
    pub payer_match: Option<String>,
    /// When the payer last moved it to another account.
    pub amended_at: Option<Instant>,
    /// Since when it is to be cancelled.
    pub cancellation_requested_at: Option<Instant>,
}

/// An instalment as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Instalment {
    /// When it is due.
    pub due_date: NaiveDate,
    /// What is due, in cents.
    pub amount: i64,
    /// Where it stands.
    pub state: String,
    /// Where it stands and why, in a sentence.
    pub summary: String,
    /// The same for programs.
    pub explanation: Value,
    /// What holds it back, while something does.
    pub waiting_because: Option<String>,
    /// When something happens to it next.
    pub next_at: Option<Instant>,
    /// The attempts, oldest first.
    pub payments: Vec<Payment>,
}

/// An attempt as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Payment {
    /// Its uid at the provider.
    pub uid: String,
    /// Where it stands.
    pub state: String,
    /// Retries of it so far.
    pub retries_made: u32,
    /// How often it was sent.
    pub submissions: usize,
    /// The code of its last failure.
    pub failure_code: Option<String>,
    /// When it was sent.
    pub sent_at: Vec<Instant>,
}

/// An event as `GET /v1/events` tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// What happened.
    pub r#type: String,
    /// Its number within its plan.
    pub sequence: i64,
    /// The facts.
    pub data: Value,
}

/// The bank's own account of what happened.
#[derive(Clone, Debug, Deserialize)]
pub struct Ledger {
    /// Every agreement, in order of creation.
    pub agreements: Vec<LedgerAgreement>,
    /// Every payment, in order of creation.
    pub payments: Vec<LedgerPayment>,
    /// Every call it refused.
    pub refusals: Vec<LedgerRefusal>,
    /// How its events were told.
    pub webhooks: LedgerWebhooks,
    /// Sums over settled payments.
    pub totals: LedgerTotals,
}

/// An agreement in the bank's ledger.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerAgreement {
    /// Its uid.
    pub uid: String,
    /// Where it stands.
    pub state: String,
    /// Its terms.
    pub terms: LedgerTerms,
}

/// How much an agreement allows.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerTerms {
    /// Its period.
    pub frequency: String,
    /// Payments in each period; over its life under `adhoc`.
    pub count: Option<usize>,
}

/// A payment in the bank's ledger.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerPayment {
    /// Its uid.
    pub uid: String,
    /// Its agreement's uid.
    pub agreement_uid: String,
    /// Its amount in cents.
    pub amount: i64,
    /// Where it stands.
    pub state: String,
    /// The Sydney date of its latest submission.
    pub submitted_date: NaiveDate,
    /// The period it counts in, found by walking the calendar.
    pub window: Option<Window>,
    /// How often it was submitted.
    pub submissions: usize,
}

/// A period, both dates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Window {
    /// Its first date.
    pub first_date: NaiveDate,
    /// Its last date.
    pub last_date: NaiveDate,
}

/// A call the bank refused.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerRefusal {
    /// Which call.
    pub operation: String,
    /// Why.
    pub codes: Vec<String>,
}

/// How the bank's events were told.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct LedgerWebhooks {
    /// Posts, copies included.
    pub sent: u64,
    /// Events that never left.
    pub lost: u64,
    /// Events sent more than once.
    pub repeated: u64,
    /// Events held back at first.
    pub delayed: u64,
    /// Events that waited for the next one.
    pub reordered: u64,
    /// Events that were taken.
    pub delivered: u64,
}

/// Sums over the bank's settled payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct LedgerTotals {
    /// How many.
    pub settled_count: usize,
    /// How much, in cents.
    pub settled_cents: i64,
}
