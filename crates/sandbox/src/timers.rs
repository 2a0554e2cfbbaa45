//! Everything that is to happen later, in one queue ordered by instant and then by arrival.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::agreement::Reason;
use crate::cause::Cause;
use crate::words::{AgreementState, Party};

/// Something to happen at its instant, if it still makes sense by then.
pub(crate) enum Timer {
    /// A pending agreement reaches the payer's bank.
    ReachBank { agreement: String },
    /// An agreement in `from` comes to an end or to life.
    Agreement {
        agreement: String,
        from: AgreementState,
        ending: Ending,
    },
    /// The initiator's cancellation takes effect, or is beaten by the debtor's own.
    Cancel {
        agreement: String,
        reason: Reason,
        beaten: bool,
    },
    /// An agreement's validity is over.
    ValidityEnd { agreement: String },
    /// A payment's submission takes its next step.
    Payment {
        payment: String,
        submission: usize,
        step: Step,
    },
    /// A failed payment settles all the same.
    LateSettlement { payment: String, submission: usize },
    /// An event that waits to be overtaken waits no longer.
    Release { event: u64 },
    /// An attempt to deliver an event, the first being number 0.
    Deliver { event: u64, attempt: u32 },
}

/// How an unanswered agreement moves on.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    Approved,
    Declined(Cause),
    Failed(Cause),
    Expired,
    Cancelled(Party, Cause),
}

/// One step of a payment's submission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Submit,
    Pending,
    Investigate,
    /// The payer's bank looks for the money: settles, or fails without it.
    Collect,
    Settle,
    Fail(Cause),
}

/// The queue.
#[derive(Default)]
pub(crate) struct Timers {
    queue: BTreeMap<(DateTime<Utc>, u64), Timer>,
    arrivals: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: DateTime<Utc>, timer: Timer) {
        self.arrivals += 1;
        self.queue.insert((at, self.arrivals), timer);
    }

    /// The instant of the earliest timer.
    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due by `limit`.
    pub(crate) fn take_due(&mut self, limit: DateTime<Utc>) -> Option<(DateTime<Utc>, Timer)> {
        let first = self.queue.first_entry()?;
        if limit < first.key().0 {
            return None;
        }
        let ((at, _), timer) = first.remove_entry();
        Some((at, timer))
    }
}
