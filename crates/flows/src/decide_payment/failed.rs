//! A payment that failed: by its plan's policy the instalment is tried again, or it ends.

use chrono::TimeDelta;
use serde_json::json;

use domain::date::{BusinessDate, Instant};
use domain::failure::{
    FAILURES_IN_A_ROW_MAX, Failure, RetryDecision, RetryHistory, StopReason, decide_retry,
};
use domain::instalment;
use domain::payment::{Event, State, Step};
use domain::plan;
use store::instalments::InstalmentMove;
use store::payments::{PaymentRow, PaymentWrite, ProviderFailure, Streak, TakeBack};

use crate::cancel_plan::PLAN_CANCELLED;

use super::{Decision, next_look};
use crate::report::{FoundPayment, PaymentFact, PaymentReport, Standing};
use crate::retry_policy::{from_json, room_after_failure};
use crate::tell::{exception, payment_exception};

/// How many retries of one payment may end without anyone hearing of them, before its failures count as
/// theirs.
const UNHEARD_OF_MAX: usize = 3;

impl Decision<'_> {
    /// No money moved by it.
    pub(super) fn failed(mut self, failure: ProviderFailure, asked_at: Instant) -> PaymentWrite {
        match self.row.state.step(Event::Failed) {
            Step::Advance(to) => {
                let is_unheard_of = self.is_unheard_of();
                if is_unheard_of && !self.is_lost(asked_at) {
                    return self.ask_once_more(asked_at);
                }
                self.write.to = to;
                self.write.wake_at = next_look(self.row, to, self.now);
                if is_unheard_of && !self.are_too_many_unheard_of() && self.retry_once_more() {
                    return self.write;
                }
                self.write.streak = Streak::Add(self.row.consecutive_failures);
                self.held_back();
                self.after_failure(&failure);
                self.write.failure = Some(failure);
                self.write
            }
            Step::Ignore => self.write,
            Step::Conflict => self.conflict(Event::Failed),
        }
    }

    /// Whether this may be the failure that was retried, and not the retry's own: of a retry nobody heard of,
    /// the provider tells nothing that says which. Like a creation it is held for lost when nothing was to be
    /// seen of it twice, the second time well after its sending.
    fn is_unheard_of(&self) -> bool {
        match self.row.state {
            State::Sending | State::Unknown => self.row.is_retry,
            State::Intended
            | State::Submitted
            | State::UnderInvestigation
            | State::Settled
            | State::Failed
            | State::Rejected
            | State::Abandoned => false,
        }
    }

    /// Whether so many retries were lost already that the failure is believed to be the last one's own.
    fn are_too_many_unheard_of(&self) -> bool {
        let row = self.row;
        // The creation and the retries that count are known; the other submissions are not.
        let known = 1 + row.retries_made as usize;
        UNHEARD_OF_MAX <= row.sent_at.len().saturating_sub(known)
    }

    /// Takes the retry back and plans another; false where the instalment's room has none.
    fn retry_once_more(&mut self) -> bool {
        let row = self.row;
        let policy = from_json(&row.policy, &self.settings.retry);
        let room_ends = room_after_failure(row, &policy).last_date();
        let hours = self.settings.hours;
        let next_morning = self.today().plus_days(1).map(|date| hours.opens_at(date));
        let soon = self.now + TimeDelta::hours(1);
        let is_open = |at: &Instant| {
            let date = BusinessDate::of_instant(*at);
            date <= room_ends && hours.opens_at(date) <= *at && *at < hours.closes_at(date)
        };
        let Some(at) = [next_morning, Some(soon)]
            .into_iter()
            .flatten()
            .find(is_open)
        else {
            return false;
        };
        self.write.take_back = TakeBack::Retry;
        self.write.cause = "retry_unheard_of";
        self.write.instalment = self.instalment(
            instalment::Event::PaymentFailedRetryable,
            Some(at),
            "retry_unheard_of",
        );
        true
    }

    /// One more failure would bring the bank to suspend the agreement: a person is asked before that.
    fn held_back(&mut self) {
        let count = self.row.consecutive_failures + 1;
        if count < FAILURES_IN_A_ROW_MAX {
            return;
        }
        self.write.exceptions.push(exception(
            "agreement_held_back",
            self.row.plan_id,
            ("agreement", self.row.agreement_id.uuid()),
            format!("{count} payments failed in a row; nothing more is sent under the agreement"),
            "Agree with the customer how the plan goes on, before the bank suspends the agreement.",
        ));
    }

    /// Decides by the plan's policy whether and when the instalment is tried again.
    fn after_failure(&mut self, failure: &ProviderFailure) {
        if self.row.plan_state == plan::State::Cancelled {
            return self.after_cancellation(failure);
        }
        let row = self.row;
        let policy = from_json(&row.policy, &self.settings.retry);
        let decision = decide_retry(
            &policy,
            &Failure {
                code: failure.code.clone(),
                retryable: failure.retryable,
            },
            RetryHistory {
                retries_made: row.tries_made.saturating_sub(1),
                submitted_at: &row.sent_at,
                consecutive_failures: row.consecutive_failures + 1,
            },
            self.now,
            room_after_failure(row, &policy),
        );
        let facts = json!({ "failure_code": failure.code, "failure_title": failure.title });
        match decision {
            RetryDecision::Retry { at, by: _ } => {
                let at = self.settings.hours.nearest(at);
                self.write.instalment = self.instalment(
                    instalment::Event::PaymentFailedRetryable,
                    Some(at),
                    "payment_failed",
                );
                self.tell(
                    "payment.failed",
                    merged(facts, json!({ "retry_at": stamp(at) })),
                );
            }
            RetryDecision::Stop { reason } => {
                self.stop(reason, &failure.code);
                let ended = json!({ "retry_at": null, "stopped_because": reason.as_str() });
                self.tell("payment.failed", merged(facts.clone(), ended));
                self.tell(
                    "instalment.failed",
                    merged(facts, json!({ "stopped_because": reason.as_str() })),
                );
            }
        }
    }

    /// Its plan was cancelled while the payment was under way: nothing is tried again, and the instalment is
    /// cancelled by whoever attends it next.
    fn after_cancellation(&mut self, failure: &ProviderFailure) {
        let now = Some(self.now);
        let event = instalment::Event::PaymentFailedRetryable;
        self.write.instalment = self.instalment(event, now, PLAN_CANCELLED);
        self.tell(
            "payment.failed",
            json!({
                "failure_code": failure.code,
                "failure_title": failure.title,
                "retry_at": null,
                "stopped_because": PLAN_CANCELLED,
            }),
        );
    }

    fn stop(&mut self, reason: StopReason, code: &str) {
        let step = self.instalment(
            instalment::Event::PaymentFailed,
            None,
            "payment_failed_for_good",
        );
        self.write.instalment = step.map(|step| InstalmentMove {
            ended_because: Some(format!("{}:{code}", reason.as_str())),
            ..step
        });
        self.write.exceptions.push(payment_exception(
            "instalment_failed",
            self.row,
            format!("the instalment was not collected: {code}, {reason}"),
            "Agree with the customer how the instalment is paid.",
        ));
    }
}

/// Whether a failure was asked about before it was heard that the retry is under way: it may be the one that was
/// retried, and its answer was only slow.
pub(super) fn may_be_the_failure_before(row: &PaymentRow, report: &PaymentReport) -> bool {
    let is_failure = matches!(
        &report.fact,
        PaymentFact::Found(FoundPayment {
            standing: Standing::Failed { .. },
            ..
        })
    );
    let is_under_way = matches!(row.state, State::Submitted | State::UnderInvestigation);
    let has_moved = report
        .asked_of
        .is_some_and(|version| version != row.version);
    is_failure && row.is_retry && is_under_way && has_moved
}

fn merged(mut facts: serde_json::Value, more: serde_json::Value) -> serde_json::Value {
    if let (Some(facts), serde_json::Value::Object(more)) = (facts.as_object_mut(), more) {
        facts.extend(more);
    }
    facts
}

fn stamp(at: Instant) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
