//! The books are compared, and in the end everything is told.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::LedgerPart;
use verify::Violation;
use verify::witness::Ledger;

use crate::StormError;
use crate::agenda::Deed;
use crate::fault::Fault;
use crate::report::{Progress, StormReport};
use crate::world::Storm;

/// Questions that only a defect of ours, or a hand in the database, can raise.
const NEVER_ASKED: [&str; 5] = [
    "over_budget",
    "payment_doubled",
    "payment_theirs_only",
    "agreement_theirs_only",
    "database_moved",
];

/// Every so many days it is asked whether anything is lost.
const LOST_EVERY_DAYS: u64 = 7;

impl Storm {
    /// The end of a day.
    pub(crate) async fn check(&mut self) -> Result<(), StormError> {
        self.days += 1;
        let now = self.now();
        self.agenda.add(now + TimeDelta::days(1), Deed::Check);
        let part = LedgerPart {
            agreements_seen: self.agreements_seen,
            payments_seen: self.payments_seen,
            again: self.verifier.unsettled(now).await?,
        };
        let again = part.again.len();
        let ledger = read(self.sandbox.ledger_part(&part))?;
        self.agreements_seen += ledger.agreements.len();
        self.payments_seen += ledger.payments.len() - again;
        let broken = self.verifier.look(&ledger).await?;
        self.tell(broken);
        // On the 1st day, the 2nd, the 4th and so on.
        if self.days.is_power_of_two() {
            self.store.count_rows().await?;
        }
        if self.days.is_multiple_of(LOST_EVERY_DAYS) {
            let broken = self.verifier.nothing_lost(now).await?;
            self.tell(broken);
        }
        Ok(())
    }

    fn tell(&mut self, broken: Vec<Violation>) {
        for violation in broken {
            self.breaks(violation.to_string());
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            days: self.days,
            days_total: self.config.days,
            payments: self.payments_seen as u64,
            violations: self.broken.len() as u64,
        }
    }

    /// Compares everything once more, and tells how it was.
    pub(crate) async fn conclude(mut self, took: Duration) -> Result<StormReport, StormError> {
        let now = self.now();
        let ledger = read(self.sandbox.ledger_part(&LedgerPart::default()))?;
        let broken = self.verifier.conclude(&ledger, now).await?;
        self.tell(broken);
        let settled = ledger
            .payments
            .iter()
            .filter(|payment| payment.has_settled());
        let (collections, collected_cents) = settled.fold((0, 0), |(count, sum), payment| {
            (count + 1, sum + payment.amount)
        });
        for payment in &ledger.payments {
            let (uid, state, count) = (&payment.uid, &payment.state, payment.submitted_at.len());
            self.trace.line(now, &format!("{uid} {state} {count}"));
        }
        for ((subject, from, to), count) in self.verifier.steps() {
            self.marks
                .insert(format!("{subject}: {from} > {to}"), *count);
        }
        for (kind, count) in self.verifier.questions().await? {
            if NEVER_ASKED.contains(&kind.as_str()) {
                self.breaks(format!("I3: {count} questions of kind {kind} were asked"));
            }
            self.marks
                .insert(format!("question {kind}"), count.unsigned_abs());
        }
        let struck = self.faults.struck();
        let unstruck = struck.iter().filter(|(_, count)| **count == 0);
        let mut never: Vec<String> = unstruck
            .map(|(fault, _)| format!("fault: {}", fault.as_str()))
            .collect();
        never.extend(self.verifier.untaken());
        Ok(StormReport {
            seed: self.config.seed,
            plans: self.loans.len() as u64,
            plans_refused: self.refused,
            agreement_days: self.loans.iter().map(|loan| loan.days(now)).sum(),
            collections,
            collected_cents,
            payments: ledger.payments.len() as u64,
            faults: named(struck),
            never,
            steps: self.trace.steps(),
            trace: self.trace.hash(),
            tail: self.trace.tail(),
            violations: self.broken,
            marks: self.marks,
            took,
        })
    }
}

fn named(
    struck: std::collections::BTreeMap<Fault, u64>,
) -> std::collections::BTreeMap<&'static str, u64> {
    struck
        .into_iter()
        .map(|(fault, count)| (fault.as_str(), count))
        .collect()
}

fn read(ledger: serde_json::Value) -> Result<Ledger, StormError> {
    serde_json::from_value(ledger)
        .map_err(|error| StormError::Unexpected(format!("the ledger cannot be read: {error}")))
}
