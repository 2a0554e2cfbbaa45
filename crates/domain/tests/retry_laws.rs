//! The laws of trying again, for all policies, codes, histories and rooms.

use chrono::TimeDelta;
use domain::calendar::{State, Weekday, is_business_day};
use domain::date::{BusinessDate, Instant};
use domain::failure::{
    Cause, FAILURE_CODES, Failure, PaydayDraft, RETRIES_IN_ALL_MAX, RetryBy, RetryDecision,
    RetryHistory, RetryPolicy, RetryPolicyDraft, RetryWhen, RetryWhenDraft, SUBMISSIONS_IN_24H_MAX,
    decide_retry, failure_code, submissions_in_24h,
};
use domain::gate::Room;
use domain::payday::PayCycle;
use proptest::prelude::*;

fn day(days: i64) -> BusinessDate {
    let first = BusinessDate::new(2026, 1, 1).expect("a date");
    first.plus_days(days).expect("in range")
}

fn a_payday() -> impl Strategy<Value = PaydayDraft> {
    let words = |all: Vec<&'static str>| prop::sample::select(all).prop_map(str::to_owned);
    let cycles = PayCycle::ALL.iter().map(|cycle| cycle.as_str()).collect();
    let weekdays = Weekday::ALL
        .iter()
        .map(|weekday| weekday.as_str())
        .collect();
    prop_oneof![
        (words(cycles), 0_i64..3_000).prop_map(|(cycle, anchor)| PaydayDraft {
            rule: "every".into(),
            cycle: Some(cycle),
            anchor_date: Some(day(anchor).to_string()),
            ..PaydayDraft::default()
        }),
        (1_i64..=31).prop_map(|day| PaydayDraft {
            rule: "monthly".into(),
            day: Some(day),
            ..PaydayDraft::default()
        }),
        words(weekdays).prop_map(|weekday| PaydayDraft {
            rule: "weekday".into(),
            weekday: Some(weekday),
            ..PaydayDraft::default()
        }),
    ]
}

prop_compose! {
    fn a_policy()(
        retries_max in 0_i64..=10, days_between in 1_i64..=31, soon in any::<bool>(),
        at_hour in 0_i64..24, next_window in any::<bool>(),
        payday in prop::option::of(a_payday()),
        state in prop::sample::select(State::ALL)
    ) -> RetryPolicy {
        let when = payday.map(|payday| RetryWhenDraft {
            rule: "after_payday".into(),
            payday: Some(payday),
            state: Some(state.as_str().to_owned()),
        });
        let draft = RetryPolicyDraft {
            version: Some(1),
            retries_max: Some(retries_max),
            days_between: Some(if soon { 1 } else { days_between }),
            at_hour: Some(at_hour),
            when,
            next_window: Some(next_window),
        };
        RetryPolicy::from_draft(&draft).expect("in range")
    }
}

fn a_failure() -> impl Strategy<Value = Failure> {
    let codes = FAILURE_CODES.iter().map(|known| known.code);
    let codes: Vec<&str> = codes.chain(["G005", "", "am04"]).collect();
    let passing = vec!["AM04", "FF10", "ZPPAY24", "AG07"];
    let code = prop_oneof![prop::sample::select(codes), prop::sample::select(passing)];
    (code, any::<bool>()).prop_map(|(code, retryable)| Failure {
        code: code.to_owned(),
        retryable,
    })
}

/// A case: everything that is decided on.
#[derive(Clone, Debug)]
struct Case {
    policy: RetryPolicy,
    failure: Failure,
    now: Instant,
    retries_made: u32,
    consecutive_failures: u32,
    submitted_at: Vec<Instant>,
    room: Room,
}

impl Case {
    fn decide(&self) -> RetryDecision {
        let history = RetryHistory {
            retries_made: self.retries_made,
            submitted_at: &self.submitted_at,
            consecutive_failures: self.consecutive_failures,
        };
        decide_retry(&self.policy, &self.failure, history, self.now, self.room)
    }
}

prop_compose! {
    fn a_case()(
        policy in a_policy(), failure in a_failure(), today in 0_i64..3_000,
        minute in 0_i64..1_440, retries_made in 0_u32..12, consecutive_failures in 0_u32..7,
        ago in prop::collection::vec(0_i64..2_000, 0..8),
        left in -2_i64..60, next in prop::option::of(1_i64..40)
    ) -> Case {
        let now = day(today).opens_at() + TimeDelta::minutes(minute);
        let until = day(today.max(2) + left);
        Case {
            policy,
            failure,
            now,
            retries_made,
            consecutive_failures,
            submitted_at: ago.into_iter().map(|minutes| now - TimeDelta::minutes(minutes)).collect(),
            room: Room { until, next_until: next.and_then(|days| until.plus_days(days)) },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn no_decision_goes_beyond_a_budget(case in a_case()) {
        let RetryDecision::Retry { at, .. } = case.decide() else { return Ok(()) };

        prop_assert!(case.retries_made < case.policy.retries_max());
        prop_assert!(case.retries_made < RETRIES_IN_ALL_MAX);
        prop_assert!(case.consecutive_failures < 5);
        prop_assert!(submissions_in_24h(&case.submitted_at, at) < SUBMISSIONS_IN_24H_MAX);
    }

    #[test]
    fn a_retry_lies_on_a_later_day_and_inside_the_room(case in a_case()) {
        let RetryDecision::Retry { at, by } = case.decide() else { return Ok(()) };
        let (today, date) = (BusinessDate::of_instant(case.now), BusinessDate::of_instant(at));

        prop_assert!(case.now < at);
        prop_assert!(i64::from(case.policy.days_between()) <= today.days_until(date));
        prop_assert_eq!(at, date.at_hour(case.policy.at_hour(), 0));
        prop_assert!(date <= case.room.last_date());
        if case.room.until < date {
            prop_assert!(case.policy.next_window());
            prop_assert_eq!(by, RetryBy::NewPayment);
        }
    }

    #[test]
    fn more_failures_never_yield_more_or_earlier_retries(
        case in a_case(), retries in 0_u32..3, failures in 0_u32..3,
        ago in prop::collection::vec(0_i64..2_000, 0..4)
    ) {
        let mut worse = case.clone();
        worse.retries_made += retries;
        worse.consecutive_failures += failures;
        let more = ago.into_iter().map(|minutes| case.now - TimeDelta::minutes(minutes));
        worse.submitted_at.extend(more);

        if let RetryDecision::Retry { at: later, .. } = worse.decide() {
            match case.decide() {
                RetryDecision::Retry { at, .. } => prop_assert!(at <= later),
                RetryDecision::Stop { reason } => prop_assert!(false, "stopped by {}", reason),
            }
        }
    }

    #[test]
    fn more_room_never_takes_a_retry_away(case in a_case(), more in 0_i64..30) {
        let mut roomier = case.clone();
        roomier.room.until = case.room.until.plus_days(more).expect("in range");
        roomier.room.next_until = case.room.next_until.and_then(|next| next.plus_days(more));

        if let RetryDecision::Retry { at, .. } = case.decide() {
            let kept = matches!(roomier.decide(), RetryDecision::Retry { at: then, .. } if then == at);
            prop_assert!(kept);
        }
    }

    #[test]
    fn an_empty_account_is_tried_on_a_business_day_after_a_payday(case in a_case()) {
        let RetryDecision::Retry { at, .. } = case.decide() else { return Ok(()) };
        let RetryWhen::AfterPayday { payday, state } = case.policy.when() else { return Ok(()) };
        let cause = failure_code(&case.failure.code).map(|known| known.cause);
        if cause != Some(Cause::Funds) {
            return Ok(());
        }

        let date = BusinessDate::of_instant(at);
        prop_assert!(is_business_day(state, date));
        // Going back from it, no other business day comes before the payday.
        let mut day = date.plus_days(-1).expect("in range");
        while payday.next_on_or_after(day) != Some(day) {
            prop_assert!(!is_business_day(state, day), "{} lies between", day);
            day = day.plus_days(-1).expect("in range");
        }
    }

    #[test]
    fn a_policy_is_read_back_from_its_parts(policy in a_policy()) {
        prop_assert_eq!(RetryPolicy::from_draft(&policy.to_draft()), Ok(policy));
    }
}

#[test]
fn the_extremes_of_time_are_answered() {
    let failure = Failure {
        code: "AM04".to_owned(),
        retryable: true,
    };
    for now in [Instant::MIN_UTC, Instant::MAX_UTC] {
        for until in [BusinessDate::MIN, BusinessDate::MAX] {
            let history = RetryHistory {
                submitted_at: &[Instant::MIN_UTC, Instant::MAX_UTC, now, now, now, now],
                ..RetryHistory::default()
            };
            let room = Room {
                until,
                next_until: None,
            };
            let decision = decide_retry(&RetryPolicy::default(), &failure, history, now, room);
            assert!(matches!(decision, RetryDecision::Stop { .. }) || until == BusinessDate::MAX);
        }
    }
}
