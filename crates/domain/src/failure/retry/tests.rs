//! Whether, when and how.

use super::*;
use crate::calendar::State;
use crate::failure::{RetryPolicyDraft, RetryWhenDraft};

const NO_FUNDS: &str = "AM04";
const OUTAGE: &str = "ZPPAY24";

fn failure(code: &str, retryable: bool) -> Failure {
    Failure {
        code: code.to_owned(),
        retryable,
    }
}

fn date(year: i32, month: u32, day: u32) -> BusinessDate {
    BusinessDate::new(year, month, day).unwrap()
}

/// Nine in the morning of Tuesday 10 March 2026.
fn now() -> Instant {
    date(2026, 3, 10).at_hour(9, 0)
}

fn until(until: BusinessDate) -> Room {
    Room {
        until,
        next_until: None,
    }
}

fn end_of_march() -> Room {
    until(date(2026, 3, 31))
}

fn policy(draft: &RetryPolicyDraft) -> RetryPolicy {
    RetryPolicy::from_draft(draft).unwrap()
}

fn decide(history: RetryHistory<'_>, room: Room) -> RetryDecision {
    let failure = failure(NO_FUNDS, true);
    decide_retry(&RetryPolicy::default(), &failure, history, now(), room)
}

fn decide_code(code: &str, retryable: bool) -> RetryDecision {
    let history = RetryHistory::default();
    let failure = failure(code, retryable);
    decide_retry(
        &RetryPolicy::default(),
        &failure,
        history,
        now(),
        end_of_march(),
    )
}

fn stop(reason: StopReason) -> RetryDecision {
    RetryDecision::Stop { reason }
}

fn again(day: u32) -> RetryDecision {
    RetryDecision::Retry {
        at: date(2026, 3, day).at_hour(6, 0),
        by: RetryBy::SameUid,
    }
}

#[test]
fn an_expired_agreement_is_never_retried_although_its_code_is_flagged_retryable() {
    for code in ["MD20", "AVED"] {
        assert_eq!(decide_code(code, true), stop(StopReason::AfterValidity));
    }
}

#[test]
fn the_next_try_is_at_the_opening_of_the_next_sydney_date() {
    let room = until(date(2026, 3, 11));

    assert_eq!(decide(RetryHistory::default(), room), again(11));
}

#[test]
fn no_retry_moves_past_the_last_date_of_the_window() {
    let decision = decide(RetryHistory::default(), until(date(2026, 3, 10)));

    assert_eq!(decision, stop(StopReason::WindowOver));
}

#[test]
fn a_failure_that_does_not_pass_stops() {
    for code in ["AC05", "FRAD", "G005"] {
        assert_eq!(
            decide_code(code, false),
            stop(StopReason::NotRetryable),
            "{code}"
        );
    }
}

#[test]
fn a_trouble_that_the_provider_does_not_retry_is_tried_again_by_a_new_payment() {
    let at = date(2026, 3, 11).at_hour(6, 0);
    let by = RetryBy::NewPayment;

    assert_eq!(decide_code(OUTAGE, false), RetryDecision::Retry { at, by });
    assert_eq!(decide_code("G005", true), again(11));
}

#[test]
fn the_third_retry_is_made_and_the_fourth_is_not() {
    let made = |retries_made| RetryHistory {
        retries_made,
        ..RetryHistory::default()
    };

    assert_eq!(decide(made(2), end_of_march()), again(11));
    assert_eq!(
        decide(made(3), end_of_march()),
        stop(StopReason::RetriesUsedUp)
    );
}

#[test]
fn no_policy_gets_more_than_ten_retries() {
    let policy = policy(&RetryPolicyDraft {
        retries_max: Some(10),
        ..RetryPolicyDraft::default()
    });
    let decide = |retries_made| {
        let history = RetryHistory {
            retries_made,
            ..RetryHistory::default()
        };
        decide_retry(
            &policy,
            &failure(NO_FUNDS, true),
            history,
            now(),
            end_of_march(),
        )
    };

    assert_eq!(decide(9), again(11));
    assert_eq!(decide(10), stop(StopReason::RetriesUsedUp));
}

#[test]
fn five_failures_in_a_row_stop_an_agreement() {
    let failed = |consecutive_failures| RetryHistory {
        consecutive_failures,
        ..RetryHistory::default()
    };

    assert_eq!(decide(failed(4), end_of_march()), again(11));
    let stopped = stop(StopReason::TooManyFailuresInARow);
    assert_eq!(decide(failed(5), end_of_march()), stopped);
}

#[test]
fn the_sixth_submission_waits_until_24_hours_after_the_first() {
    let opening = date(2026, 3, 10).at_hour(6, 0);
    let first = |at: Instant| [at, now(), now(), now(), now()];
    let minute = TimeDelta::minutes(1);
    let decide = |submitted_at: &[Instant]| {
        let history = RetryHistory {
            submitted_at,
            ..RetryHistory::default()
        };
        decide(history, end_of_march())
    };

    assert_eq!(decide(&[now(); 4]), again(11));
    assert_eq!(decide(&first(opening)), again(11));
    assert_eq!(decide(&first(opening + minute)), again(12));
    assert_eq!(decide(&[now(); 5]), again(12));
}

#[test]
fn a_budget_that_is_spent_past_a_short_day_puts_the_try_off_by_another_day() {
    // On Sunday 4 October 2026 the clocks go forward: that day has 23 hours.
    let now = date(2026, 10, 3).closes_at() - TimeDelta::minutes(1);
    let policy = policy(&RetryPolicyDraft {
        at_hour: Some(0),
        ..RetryPolicyDraft::default()
    });
    let history = RetryHistory {
        submitted_at: &[now; 5],
        ..RetryHistory::default()
    };
    let room = until(date(2026, 10, 31));

    let decision = decide_retry(&policy, &failure(NO_FUNDS, true), history, now, room);

    let at = date(2026, 10, 6).at_hour(0, 0);
    let by = RetryBy::SameUid;
    assert_eq!(decision, RetryDecision::Retry { at, by });
}

#[test]
fn the_days_between_two_tries_are_the_policys() {
    let policy = policy(&RetryPolicyDraft {
        days_between: Some(3),
        at_hour: Some(14),
        ..RetryPolicyDraft::default()
    });
    let history = RetryHistory::default();

    let decision = decide_retry(
        &policy,
        &failure(NO_FUNDS, true),
        history,
        now(),
        end_of_march(),
    );

    let at = date(2026, 3, 13).at_hour(14, 0);
    let by = RetryBy::SameUid;
    assert_eq!(decision, RetryDecision::Retry { at, by });
}

#[test]
fn the_next_window_is_used_by_a_new_payment_and_only_where_the_policy_says_so() {
    let decide = |next_window, last_day| {
        let policy = policy(&RetryPolicyDraft {
            days_between: Some(2),
            next_window: Some(next_window),
            ..RetryPolicyDraft::default()
        });
        let room = Room {
            until: date(2026, 3, 11),
            next_until: Some(date(2026, 3, last_day)),
        };
        let history = RetryHistory::default();
        decide_retry(&policy, &failure(NO_FUNDS, true), history, now(), room)
    };

    let at = date(2026, 3, 12).at_hour(6, 0);
    let by = RetryBy::NewPayment;
    assert_eq!(decide(true, 12), RetryDecision::Retry { at, by });
    assert_eq!(decide(true, 11), stop(StopReason::WindowOver));
    assert_eq!(decide(false, 31), stop(StopReason::WindowOver));
}

#[test]
fn an_empty_account_waits_for_the_business_day_after_payday_and_an_outage_does_not() {
    let policy = policy(&RetryPolicyDraft {
        when: Some(RetryWhenDraft {
            rule: "after_payday".into(),
            payday: Some(crate::failure::PaydayDraft {
                rule: "weekday".into(),
                weekday: Some("thursday".into()),
                ..crate::failure::PaydayDraft::default()
            }),
            state: Some(State::Nsw.as_str().to_owned()),
        }),
        ..RetryPolicyDraft::default()
    });
    let on = |code, retryable| {
        let history = RetryHistory::default();
        let failure = failure(code, retryable);
        decide_retry(&policy, &failure, history, now(), end_of_march())
    };

    assert_eq!(on(NO_FUNDS, true), again(13));
    let (at, by) = (date(2026, 3, 11).at_hour(6, 0), RetryBy::NewPayment);
    assert_eq!(on(OUTAGE, false), RetryDecision::Retry { at, by });
    assert_eq!(on("FF10", true), again(11));
}

#[test]
fn nothing_is_tried_after_the_end_of_the_calendar() {
    let now = BusinessDate::MAX.at_hour(9, 0);
    let policy = RetryPolicy::default();
    let room = until(BusinessDate::MAX);

    let decision = decide_retry(
        &policy,
        &failure(NO_FUNDS, true),
        RetryHistory::default(),
        now,
        room,
    );

    assert_eq!(decision, stop(StopReason::WindowOver));
}

#[test]
fn submissions_are_counted_over_24_hours_to_the_nanosecond() {
    let nanosecond = TimeDelta::nanoseconds(1);
    let day = TimeDelta::hours(24);

    assert_eq!(submissions_in_24h(&[now() - day], now()), 0);
    assert_eq!(submissions_in_24h(&[now() - day + nanosecond], now()), 1);
    assert_eq!(submissions_in_24h(&[now()], now()), 1);
    assert_eq!(submissions_in_24h(&[now() + nanosecond], now()), 0);
}

#[test]
fn a_budget_is_free_when_the_event_that_is_too_many_drops_out() {
    let hours_ago = |hours| now() - TimeDelta::hours(hours);
    let events = [hours_ago(3), hours_ago(1), hours_ago(2), hours_ago(30)];
    let day = TimeDelta::hours(24);

    assert_eq!(budget_free_at(&events, 4, now()), now());
    assert_eq!(budget_free_at(&events, 3, now()), hours_ago(3) + day);
    assert_eq!(budget_free_at(&events, 2, now()), hours_ago(2) + day);
    assert_eq!(budget_free_at(&events, 1, now()), hours_ago(1) + day);
}
