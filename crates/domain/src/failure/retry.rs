//! Whether a failed instalment is tried again, and when.

use chrono::TimeDelta;

use super::{Failure, Remedy, VALIDITY_OVER, remedy, worded};
use crate::date::{BusinessDate, Instant};

/// The most retries one payment may ever have: Oligo's limit for `/retry`.
pub const RETRIES_IN_ALL_MAX: u32 = 10;

/// The most submissions of one payment within 24 hours, the first one counted: Oligo's limit.
pub const SUBMISSIONS_IN_24H_MAX: u32 = 5;

/// The failures in a row after which an agreement is left alone.
///
/// Ours, and below the seven at which a bank suspends the agreement (`MSUC`).
pub const FAILURES_IN_A_ROW_MAX: u32 = 5;

worded! {
    /// Why an instalment is not tried again.
    pub enum StopReason {
        /// The failure does not pass by itself.
        NotRetryable = "not_retryable",
        /// Every retry the policy or the provider allows has been made.
        RetriesUsedUp = "retries_used_up",
        /// The next try would fall after the last date on which the instalment may be collected.
        WindowOver = "window_over",
        /// One more failure brings the agreement too near to suspension by the payer's bank.
        TooManyFailuresInARow = "too_many_failures_in_a_row",
        /// The payer's bank says that the agreement's validity is over.
        AfterValidity = "after_validity",
    }
}

/// How often and when a lender tries a failed instalment again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most retries of one instalment; above [`RETRIES_IN_ALL_MAX`] it has no effect.
    pub retries_max: u32,
    /// Days from the failure's Sydney date to the next try. Nought counts as one: the same day
    /// meets the same empty account.
    pub days_between: u32,
    /// The hour in Sydney at which a retry is made, `0..=23`.
    pub at_hour: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            // One instalment's failures alone stay below `FAILURES_IN_A_ROW_MAX`: the next gets its try.
            retries_max: 3,
            days_between: 1,
            at_hour: 6,
        }
    }
}

/// What has been tried so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryHistory {
    /// Tries of this instalment after its first.
    pub retries_made: u32,
    /// Submissions of the payment in the last 24 hours, the first one counted.
    pub submissions_in_24h: u32,
    /// Failures of the agreement since its last settled payment.
    pub consecutive_failures: u32,
}

/// Whether a failed instalment is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// It is, at this instant.
    Retry {
        /// When.
        at: Instant,
    },
    /// It is not.
    Stop {
        /// Why not.
        reason: StopReason,
    },
}

/// Decides whether a failed instalment is tried again, and when.
///
/// `room_until` is the last date on which the instalment may be collected
/// (see [`room_until`](crate::gate::room_until)): a retry never moves into the next window,
/// where it would take the next instalment's place.
#[must_use]
pub fn decide_retry(
    policy: RetryPolicy,
    failure: &Failure,
    history: RetryHistory,
    now: Instant,
    room_until: BusinessDate,
) -> RetryDecision {
    if VALIDITY_OVER.contains(&failure.code.as_str()) {
        return RetryDecision::Stop {
            reason: StopReason::AfterValidity,
        };
    }
    match remedy(&failure.code, failure.retryable) {
        Remedy::RetrySameUid | Remedy::NewPayment => {}
        Remedy::NeedsPerson | Remedy::Never => {
            return RetryDecision::Stop {
                reason: StopReason::NotRetryable,
            };
        }
    }
    if FAILURES_IN_A_ROW_MAX <= history.consecutive_failures {
        return RetryDecision::Stop {
            reason: StopReason::TooManyFailuresInARow,
        };
    }
    if policy.retries_max.min(RETRIES_IN_ALL_MAX) <= history.retries_made {
        return RetryDecision::Stop {
            reason: StopReason::RetriesUsedUp,
        };
    }

    match next_try(policy, history, now) {
        Some((date, at)) if date <= room_until => RetryDecision::Retry { at },
        Some(_) | None => RetryDecision::Stop {
            reason: StopReason::WindowOver,
        },
    }
}

/// The date and instant of the next try; nothing where the calendar ends first.
fn next_try(
    policy: RetryPolicy,
    history: RetryHistory,
    now: Instant,
) -> Option<(BusinessDate, Instant)> {
    let today = BusinessDate::of_instant(now);
    let days = i64::from(policy.days_between.max(1));
    let date = today.plus_days(days)?;
    let at = date.at_hour(policy.at_hour.min(23), 0);
    let budget_is_free = history.submissions_in_24h < SUBMISSIONS_IN_24H_MAX;
    if budget_is_free || TimeDelta::hours(24) <= at - now {
        return Some((date, at));
    }

    // By then every submission counted now is more than 24 hours old.
    let date = date.plus_days(1)?;
    Some((date, date.at_hour(policy.at_hour.min(23), 0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    const NO_FUNDS: &str = "AM04";

    fn failure(code: &str, retryable: bool) -> Failure {
        Failure {
            code: code.to_owned(),
            retryable,
        }
    }

    fn date(year: i32, month: u32, day: u32) -> BusinessDate {
        BusinessDate::new(year, month, day).unwrap()
    }

    /// 2026-03-10, 09:00 in Sydney.
    fn now() -> Instant {
        chrono::Utc.with_ymd_and_hms(2026, 3, 9, 22, 0, 0).unwrap()
    }

    fn decide(history: RetryHistory, room_until: BusinessDate) -> RetryDecision {
        decide_retry(
            RetryPolicy::default(),
            &failure(NO_FUNDS, true),
            history,
            now(),
            room_until,
        )
    }

    fn stop(reason: StopReason) -> RetryDecision {
        RetryDecision::Stop { reason }
    }

    #[test]
    fn an_expired_agreement_is_never_retried_although_its_code_is_flagged_retryable() {
        let decision = decide_retry(
            RetryPolicy::default(),
            &failure("MD20", true),
            RetryHistory::default(),
            now(),
            date(2026, 3, 31),
        );
        assert_eq!(decision, stop(StopReason::AfterValidity));
    }

    #[test]
    fn the_next_try_is_at_the_opening_of_the_next_sydney_date() {
        let decision = decide(RetryHistory::default(), date(2026, 3, 11));

        assert_eq!(
            decision,
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
    }

    #[test]
    fn no_retry_moves_past_the_last_date_of_the_window() {
        let decision = decide(RetryHistory::default(), date(2026, 3, 10));

        assert_eq!(decision, stop(StopReason::WindowOver));
    }

    #[test]
    fn a_failure_that_does_not_pass_stops() {
        let decision = decide_retry(
            RetryPolicy::default(),
            &failure("AC05", false),
            RetryHistory::default(),
            now(),
            date(2026, 3, 31),
        );

        assert_eq!(decision, stop(StopReason::NotRetryable));
    }

    #[test]
    fn the_third_retry_is_made_and_the_fourth_is_not() {
        let room = date(2026, 3, 31);
        let two = RetryHistory {
            retries_made: 2,
            ..RetryHistory::default()
        };
        let three = RetryHistory {
            retries_made: 3,
            ..RetryHistory::default()
        };

        assert_eq!(
            decide(two, room),
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
        assert_eq!(decide(three, room), stop(StopReason::RetriesUsedUp));
    }

    #[test]
    fn no_policy_gets_more_than_ten_retries() {
        let policy = RetryPolicy {
            retries_max: 50,
            ..RetryPolicy::default()
        };
        let decide = |retries_made| {
            let history = RetryHistory {
                retries_made,
                ..RetryHistory::default()
            };
            decide_retry(
                policy,
                &failure(NO_FUNDS, true),
                history,
                now(),
                date(2026, 3, 31),
            )
        };

        assert_eq!(
            decide(9),
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
        assert_eq!(decide(10), stop(StopReason::RetriesUsedUp));
    }

    #[test]
    fn five_failures_in_a_row_stop_an_agreement() {
        let room = date(2026, 3, 31);
        let four = RetryHistory {
            consecutive_failures: 4,
            ..RetryHistory::default()
        };
        let five = RetryHistory {
            consecutive_failures: 5,
            ..RetryHistory::default()
        };

        assert_eq!(
            decide(four, room),
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
        assert_eq!(decide(five, room), stop(StopReason::TooManyFailuresInARow));
    }

    #[test]
    fn five_submissions_within_24_hours_put_the_next_try_off_by_a_day() {
        let room = date(2026, 3, 31);
        let four = RetryHistory {
            submissions_in_24h: 4,
            ..RetryHistory::default()
        };
        let five = RetryHistory {
            submissions_in_24h: 5,
            ..RetryHistory::default()
        };

        assert_eq!(
            decide(four, room),
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
        assert_eq!(
            decide(five, room),
            RetryDecision::Retry {
                at: date(2026, 3, 12).at_hour(6, 0)
            }
        );
    }

    #[test]
    fn nought_days_between_tries_count_as_one() {
        let policy = RetryPolicy {
            days_between: 0,
            ..RetryPolicy::default()
        };
        let room = date(2026, 3, 31);
        let history = RetryHistory::default();

        let decision = decide_retry(policy, &failure(NO_FUNDS, true), history, now(), room);

        assert_eq!(
            decision,
            RetryDecision::Retry {
                at: date(2026, 3, 11).at_hour(6, 0)
            }
        );
    }
}
