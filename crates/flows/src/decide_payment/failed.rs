//! A payment that failed: by its plan's policy the instalment is tried again, or it ends.

use serde_json::json;

use domain::date::Instant;
use domain::failure::{
    Failure, RetryDecision, RetryHistory, RetryPolicy, StopReason, decide_retry,
};
use domain::gate::room_until;
use domain::instalment;
use domain::payment::{Event, Step};
use store::instalments::InstalmentMove;
use store::payments::{PaymentRow, PaymentWrite, ProviderFailure, Streak};

use super::Decision;
use crate::Settings;
use crate::gate_facts::submissions_in_24h;
use crate::tell::payment_exception;

impl Decision<'_> {
    /// No money moved by it.
    pub(super) fn failed(mut self, failure: ProviderFailure) -> PaymentWrite {
        match self.row.state.step(Event::Failed) {
            Step::Advance(to) => {
                self.write.to = to;
                self.write.wake_at = None;
                self.write.streak = Streak::Add;
                self.after_failure(&failure);
                self.write.failure = Some(failure);
                self.write
            }
            Step::Ignore => self.write,
            Step::Conflict => self.conflict(Event::Failed),
        }
    }

    /// Decides by the plan's policy whether and when the instalment is tried again.
    fn after_failure(&mut self, failure: &ProviderFailure) {
        let row = self.row;
        let decision = decide_retry(
            policy(row, self.settings),
            &Failure {
                code: failure.code.clone(),
                retryable: failure.retryable,
            },
            RetryHistory {
                retries_made: row.retries_made,
                submissions_in_24h: submissions_in_24h(&row.sent_at, self.now),
                consecutive_failures: row.consecutive_failures + 1,
            },
            self.now,
            room_until(&row.terms, row.validity, row.due_date),
        );
        let facts = json!({ "failure_code": failure.code, "failure_title": failure.title });
        match decision {
            RetryDecision::Retry { at } => {
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
        self.write.exception = Some(payment_exception(
            "instalment_failed",
            self.row,
            format!("the instalment was not collected: {code}, {reason}"),
            "Agree with the customer how the instalment is paid.",
        ));
    }
}

/// The policy the plan was accepted with.
fn policy(row: &PaymentRow, settings: &Settings) -> RetryPolicy {
    let number = |key: &str, default: u32| {
        row.policy
            .get(key)
            .and_then(serde_json::Value::as_u64)
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(default)
    };
    RetryPolicy {
        retries_max: number("retries_max", settings.retry.retries_max),
        days_between: number("days_between", settings.retry.days_between),
        at_hour: number("at_hour", settings.retry.at_hour),
    }
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
