//! The bank's ledger as it is read: the other side of every comparison.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

/// What the bank says happened, or the part of it that is new.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Ledger {
    /// Agreements, in order of creation.
    pub agreements: Vec<TheirAgreement>,
    /// Payments, in order of creation.
    pub payments: Vec<TheirPayment>,
}

/// An agreement at the bank.
#[derive(Clone, Debug, Deserialize)]
pub struct TheirAgreement {
    /// Its uid.
    pub uid: String,
    /// Where it stands.
    pub state: String,
    /// What it allows.
    pub terms: Terms,
    /// Its first date, in Sydney.
    pub validity_start_date: NaiveDate,
    /// Its last date, in Sydney.
    pub validity_end_date: Option<NaiveDate>,
}

/// Payment terms in Oligo's words. Amounts are in cents.
#[derive(Clone, Debug, Deserialize)]
pub struct Terms {
    /// `fixed`, `variable`, `usage_based` or `balloon`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `adhoc`, `daily`, … `annual`.
    pub frequency: String,
    /// Of `fixed` and `balloon`.
    pub amount: Option<i64>,
    /// Of `variable` and `usage_based`.
    pub max_amount: Option<i64>,
    /// Payments a period; of `adhoc`, in all.
    pub count: Option<u64>,
    /// Of `balloon`.
    pub first_payment_amount: Option<i64>,
    /// Of `balloon`.
    pub last_payment_amount: Option<i64>,
    /// The only date of the first payment.
    pub first_payment_date: Option<NaiveDate>,
    /// The last date of any payment.
    pub last_payment_date: Option<NaiveDate>,
}

/// A payment at the bank.
#[derive(Clone, Debug, Deserialize)]
pub struct TheirPayment {
    /// Its uid.
    pub uid: String,
    /// Under which agreement.
    pub agreement_uid: String,
    /// In cents.
    pub amount: i64,
    /// Whether it was marked as the last one.
    pub last_payment: Option<bool>,
    /// Where it stands.
    pub state: String,
    /// When the bank took it.
    pub created_at: DateTime<Utc>,
    /// When it was submitted: the first time, and each retry. Never empty.
    pub submitted_at: Vec<DateTime<Utc>>,
    /// When the money moved.
    pub settled_at: Option<DateTime<Utc>>,
    /// When it failed last, even if it has settled since.
    pub failed_at: Option<DateTime<Utc>>,
}

impl TheirPayment {
    /// Whether no money moved by it, nor will by itself.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state == "failed"
    }

    /// Whether its money has moved.
    #[must_use]
    pub fn has_settled(&self) -> bool {
        self.state == "settled"
    }

    /// Whether it had failed by then, and was not submitted again since.
    #[must_use]
    pub fn had_failed_by(&self, at: DateTime<Utc>) -> bool {
        let submitted_at = self.last_submitted_at();
        submitted_at <= at
            && match self.failed_at {
                // What it failed of before it was submitted again is no end of it.
                Some(failed_at) => submitted_at <= failed_at && failed_at <= at,
                // A ledger that was kept before failures had a time.
                None => self.has_failed(),
            }
    }

    /// Whether it had failed when `next` was submitted.
    #[must_use]
    pub fn gave_way_to(&self, next: &TheirPayment) -> bool {
        self.had_failed_by(next.last_submitted_at())
    }

    /// Whether nothing had decided by then what becomes of it.
    #[must_use]
    pub fn was_open_at(&self, at: DateTime<Utc>) -> bool {
        let ends = [self.settled_at, self.failed_at];
        let submitted_at = self.last_submitted_at();
        // What it failed of before it was submitted again is no end of it.
        let is_over = |end: DateTime<Utc>| submitted_at <= end && end <= at;
        submitted_at <= at && !ends.into_iter().flatten().any(is_over)
    }

    /// When it was submitted last.
    #[must_use]
    pub fn last_submitted_at(&self) -> DateTime<Utc> {
        self.submitted_at.last().copied().unwrap_or(self.created_at)
    }
}
