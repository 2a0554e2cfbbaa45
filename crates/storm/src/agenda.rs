//! What the storm means to do, and when: the payers, the bank, the operator, and misfortune that
//! takes its time.

use std::collections::BTreeMap;

use axum::body::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::operators::Act;
use crate::wire::Away;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Deed {
    /// A lender asks for a plan.
    OpenPlan { number: u64 },
    /// A payer does something with an agreement: `approve`, `suspend`, `reactivate`, `cancel`.
    PayerActs {
        agreement_uid: String,
        act: &'static str,
    },
    /// Something is done to a loan.
    OperatorActs { loan: usize, act: Act },
    /// The bank makes up its mind about a payment: `settle`, `fail` or `investigate`.
    BankDecides {
        payment_uid: String,
        outcome: &'static str,
        is_late: bool,
    },
    /// A webhook arrives.
    WebhookArrives { request_id: String, body: Bytes },
    /// The leases of a worker that died run out.
    LeasesRunOut { tokens: Vec<Uuid> },
    /// A request arrives that nobody waits for any more.
    RequestArrives { request: Vec<u8> },
    /// The provider is away, or back.
    ProviderGoes { away: Option<Away> },
    /// The operator stops everything, or lets it go on.
    Collections { scope: &'static str, open: bool },
    /// A person reads what is asked.
    ReadQuestions,
    /// The day is over: the books are compared.
    Check,
}

/// The deeds to come, the earliest first; of the same instant, in the order in which they were
/// meant.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    deeds: BTreeMap<(DateTime<Utc>, u64), Deed>,
    meant: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: DateTime<Utc>, deed: Deed) {
        self.meant += 1;
        self.deeds.insert((at, self.meant), deed);
    }

    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.deeds.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Option<Deed> {
        let due = self
            .deeds
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        Some(due.remove())
    }
}

/// Six in the morning in Sydney, near enough: when a day of collecting begins.
pub(crate) fn morning(date: NaiveDate) -> DateTime<Utc> {
    let before = date.pred_opt().unwrap_or(date);
    before.and_time(chrono::NaiveTime::MIN).and_utc() + chrono::TimeDelta::hours(20)
}
