//! What is remembered of the bank's side, so that a look costs what has changed and not what there
//! is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::calendar::{MonthEnd, Periods};
use crate::rows::OurPayment;
use crate::witness::{Ledger, TheirAgreement, TheirPayment};

/// When a failure is believed; a full comparison looks at all of them.
const FAILED_FOR_GOOD: TimeDelta = TimeDelta::days(45);

/// Both sides of a payment that the bank knows.
#[derive(Debug)]
pub(crate) struct Entry {
    pub theirs: TheirPayment,
    /// Our row's instalment and plan; `None` until it was found.
    pub ours: Option<(Uuid, Uuid)>,
    /// When we sent it, each time, by our row.
    pub sent_at: Vec<DateTime<Utc>>,
    /// Its number among its instalment's payments, by our row.
    pub attempt_no: i32,
}

/// How long after its sending a payment is not yet held to have been lost on the way.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(5);

impl Entry {
    /// Whether it reached the bank so long after we sent it that we were right to hold it for lost, and
    /// to send `next` for its instalment.
    pub fn came_after(&self, next: &Entry) -> bool {
        self.attempt_no < next.attempt_no && self.is_late(self.theirs.created_at)
    }

    /// Whether its last submission reached the bank so long after we sent it.
    pub fn was_submitted_late(&self) -> bool {
        self.is_late(self.theirs.last_submitted_at())
    }

    /// Whether a retry of it reached the bank so long after we sent it that we held it for lost: the payment
    /// stands as failed for us, and has no place.
    pub fn was_retried_late(&self) -> bool {
        1 < self.theirs.submitted_at.len() && self.was_submitted_late()
    }

    fn is_late(&self, came_at: DateTime<Utc>) -> bool {
        let sent = self.sent_at.iter().filter(|at| **at <= came_at).max();
        sent.is_some_and(|at| *at + LOST_AFTER <= came_at)
    }
}

/// An agreement and its payments.
#[derive(Debug)]
pub(crate) struct Kept {
    pub agreement: TheirAgreement,
    pub payments: Vec<String>,
    /// Its periods under each reading; none for an ad hoc agreement.
    pub periods: Vec<Periods>,
}

/// Everything the bank has told so far.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub entries: HashMap<String, Entry>,
    pub agreements: HashMap<String, Kept>,
    pub of_instalment: HashMap<Uuid, Vec<String>>,
    pub settled_of_plan: BTreeMap<Uuid, i64>,
    open: BTreeSet<String>,
}

impl Book {
    /// Takes in what is new, and answers with the uids of the payments that are new or have
    /// changed.
    pub(crate) fn take(&mut self, part: &Ledger) -> BTreeSet<String> {
        for agreement in &part.agreements {
            if let Some(kept) = self.agreements.get_mut(&agreement.uid) {
                agreement.state.clone_into(&mut kept.agreement.state);
                continue;
            }
            let kept = Kept {
                periods: periods(agreement),
                agreement: agreement.clone(),
                payments: Vec::new(),
            };
            self.agreements.insert(agreement.uid.clone(), kept);
        }
        let mut touched = BTreeSet::new();
        for theirs in &part.payments {
            if self.take_payment(theirs) {
                touched.insert(theirs.uid.clone());
            }
        }
        touched
    }

    fn take_payment(&mut self, theirs: &TheirPayment) -> bool {
        if let Some(entry) = self.entries.get_mut(&theirs.uid) {
            let is_same = entry.theirs.state == theirs.state
                && entry.theirs.submitted_at.len() == theirs.submitted_at.len();
            let settles = theirs.has_settled() && !entry.theirs.has_settled();
            if let Some((_, plan)) = entry.ours.filter(|_| settles) {
                *self.settled_of_plan.entry(plan).or_default() += theirs.amount;
            }
            entry.theirs = theirs.clone();
            return !is_same;
        }
        if let Some(kept) = self.agreements.get_mut(&theirs.agreement_uid) {
            kept.payments.push(theirs.uid.clone());
        }
        let entry = Entry {
            theirs: theirs.clone(),
            ours: None,
            sent_at: Vec::new(),
            attempt_no: 0,
        };
        self.entries.insert(theirs.uid.clone(), entry);
        self.open.insert(theirs.uid.clone());
        true
    }

    /// Ties the bank's payments to our rows.
    pub(crate) fn tie(&mut self, rows: &[OurPayment]) {
        for row in rows {
            let Some(entry) = self.entries.get_mut(&row.uid) else {
                continue;
            };
            entry.sent_at.clone_from(&row.sent_at);
            entry.attempt_no = row.attempt_no;
            if entry.ours.is_none() {
                entry.ours = Some((row.instalment_id, row.plan_id));
                let of_instalment = self.of_instalment.entry(row.instalment_id).or_default();
                of_instalment.push(row.uid.clone());
                if entry.theirs.has_settled() {
                    *self.settled_of_plan.entry(row.plan_id).or_default() += entry.theirs.amount;
                }
            }
        }
    }

    /// The bank's payments for an instalment, in the order in which it took them.
    pub(crate) fn payments_of(&self, instalment: Uuid) -> Vec<&Entry> {
        let uids = self.of_instalment.get(&instalment).into_iter().flatten();
        let mut payments: Vec<&Entry> = uids.filter_map(|uid| self.entries.get(uid)).collect();
        let place = |entry: &&Entry| (entry.theirs.created_at, entry.theirs.uid.clone());
        payments.sort_by_key(place);
        payments
    }

    /// What was taken up again here, it may be weeks after its failure, changes there as well. Answers with
    /// those of them that are known.
    pub(crate) fn reopen(&mut self, uids: Vec<String>) -> Vec<String> {
        let known = uids.into_iter();
        let known: Vec<String> = known.filter(|uid| self.entries.contains_key(uid)).collect();
        self.open.extend(known.iter().cloned());
        known
    }

    /// The payments that may still change: not what has settled, nor what failed weeks before
    /// `now`.
    pub(crate) fn unsettled(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let entries = &self.entries;
        self.open.retain(|uid| {
            entries.get(uid).is_some_and(|entry| {
                let is_old = entry.theirs.last_submitted_at() + FAILED_FOR_GOOD < now;
                !(entry.theirs.has_settled() || is_old && entry.theirs.has_failed())
            })
        });
        self.open.iter().cloned().collect()
    }
}

fn periods(agreement: &TheirAgreement) -> Vec<Periods> {
    let anchor = agreement.validity_start_date;
    let of = |how| Periods::of(anchor, &agreement.terms.frequency, how);
    MonthEnd::BOTH.into_iter().filter_map(of).collect()
}
