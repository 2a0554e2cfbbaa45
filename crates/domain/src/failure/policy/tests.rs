//! A policy from its parts and back, and the days it chooses.

use super::*;
use crate::calendar::Weekday;
use crate::payday::{MonthDay, PayCycle};

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn broken(draft: &RetryPolicyDraft) -> Vec<(String, &'static str)> {
    let broken = RetryPolicy::from_draft(draft).expect_err("a draft with faults");
    let told = broken.into_iter().map(|fault| {
        assert!(!fault.detail.is_empty());
        (fault.pointer, fault.code)
    });
    told.collect()
}

fn after(payday: PaydayDraft) -> RetryPolicyDraft {
    RetryPolicyDraft {
        when: Some(RetryWhenDraft {
            rule: "after_payday".into(),
            payday: Some(payday),
            state: None,
        }),
        ..RetryPolicyDraft::default()
    }
}

fn payday(rule: &str) -> PaydayDraft {
    PaydayDraft {
        rule: rule.into(),
        ..PaydayDraft::default()
    }
}

fn one(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn the_default_policy_retries_four_times_on_the_days_that_follow() {
    let policy = RetryPolicy::default();

    let numbers = (
        policy.retries_max(),
        policy.days_between(),
        policy.at_hour(),
    );
    assert_eq!(numbers, (3, 1, 6));
    assert_eq!(
        (policy.when(), policy.next_window()),
        (RetryWhen::NextDays, false)
    );
}

#[test]
fn each_number_of_a_policy_has_its_range() {
    type Set = fn(&mut RetryPolicyDraft, i64);
    let ranges: [(&str, Set, i64, i64); 3] = [
        (
            "/retries_max",
            |draft, number| draft.retries_max = Some(number),
            0,
            10,
        ),
        (
            "/days_between",
            |draft, number| draft.days_between = Some(number),
            1,
            31,
        ),
        (
            "/at_hour",
            |draft, number| draft.at_hour = Some(number),
            0,
            23,
        ),
    ];
    for (pointer, set, first, last) in ranges {
        let with = |number| {
            let mut draft = RetryPolicyDraft::default();
            set(&mut draft, number);
            draft
        };
        for number in [first, last] {
            let policy = RetryPolicy::from_draft(&with(number)).expect("in range");
            let mut read = policy.to_draft();
            set(&mut read, number);
            assert_eq!(read, policy.to_draft(), "{pointer} {number}");
        }
        for number in [first - 1, last + 1, i64::MIN, i64::MAX] {
            assert_eq!(
                broken(&with(number)),
                one(pointer, "out_of_range"),
                "{number}"
            );
        }
    }
}

#[test]
fn a_policy_is_of_version_1_and_of_no_other() {
    let version = |version| RetryPolicyDraft {
        version: Some(version),
        ..RetryPolicyDraft::default()
    };

    assert!(RetryPolicy::from_draft(&version(1)).is_ok());
    for other in [0, 2] {
        assert_eq!(broken(&version(other)), one("/version", "unknown_value"));
    }
}

#[test]
fn every_fault_of_a_policy_is_told_at_once() {
    let draft = RetryPolicyDraft {
        version: Some(7),
        retries_max: Some(11),
        days_between: Some(0),
        at_hour: Some(24),
        when: Some(RetryWhenDraft {
            rule: "whenever".into(),
            ..RetryWhenDraft::default()
        }),
        next_window: None,
    };

    let expected = [
        ("/version", "unknown_value"),
        ("/retries_max", "out_of_range"),
        ("/days_between", "out_of_range"),
        ("/at_hour", "out_of_range"),
        ("/when/rule", "unknown_value"),
    ];
    assert_eq!(
        broken(&draft),
        expected.map(|(at, code)| (at.to_owned(), code))
    );
}

#[test]
fn what_a_draft_leaves_out_stays_as_it_was() {
    let first = RetryPolicyDraft {
        retries_max: Some(2),
        days_between: Some(3),
        at_hour: Some(9),
        next_window: Some(true),
        ..after(PaydayDraft {
            day: Some(15),
            ..payday("monthly")
        })
    };
    let policy = RetryPolicy::from_draft(&first).expect("in range");

    assert_eq!(policy.amended_by(&RetryPolicyDraft::default()), Ok(policy));
    let draft = RetryPolicyDraft {
        next_window: Some(false),
        ..RetryPolicyDraft::default()
    };
    let amended = policy.amended_by(&draft).expect("in range");
    assert!(!amended.next_window());
    assert_eq!(
        (
            amended.retries_max(),
            amended.days_between(),
            amended.at_hour()
        ),
        (2, 3, 9)
    );
    let fifteenth = Payday::Monthly(MonthDay::new(15).expect("a day"));
    let state = State::National;
    assert_eq!(
        amended.when(),
        RetryWhen::AfterPayday {
            payday: fifteenth,
            state
        }
    );
}

#[test]
fn every_kind_of_payday_is_read_and_written_back() {
    let anchor_date = date("2026-01-01");
    let paydays = [
        Payday::Every {
            cycle: PayCycle::Fortnightly,
            anchor_date,
        },
        Payday::Monthly(MonthDay::LAST),
        Payday::Weekly(Weekday::Thursday),
    ];
    for payday in paydays {
        for state in State::ALL.iter().copied() {
            let policy = RetryPolicy {
                when: RetryWhen::AfterPayday { payday, state },
                ..RetryPolicy::default()
            };
            assert_eq!(RetryPolicy::from_draft(&policy.to_draft()), Ok(policy));
        }
    }
    let default = RetryPolicy::default();
    assert_eq!(RetryPolicy::from_draft(&default.to_draft()), Ok(default));
}

#[test]
fn a_payday_needs_its_own_fields_and_has_no_others() {
    let at = |name: &str| format!("/when/payday/{name}");
    let all = |rule: &str| PaydayDraft {
        rule: rule.into(),
        cycle: Some("weekly".into()),
        anchor_date: Some("2026-01-01".into()),
        day: Some(1),
        weekday: Some("monday".into()),
    };

    let missing = [
        ("every", vec!["cycle", "anchor_date"]),
        ("monthly", vec!["day"]),
        ("weekday", vec!["weekday"]),
    ];
    for (rule, needed) in missing {
        let required: Vec<_> = needed.iter().map(|name| (at(name), "required")).collect();
        assert_eq!(broken(&after(payday(rule))), required, "{rule}");
        let forbidden: Vec<_> = ["cycle", "anchor_date", "day", "weekday"]
            .iter()
            .filter(|name| !needed.contains(name))
            .map(|name| (at(name), "forbidden"))
            .collect();
        assert_eq!(broken(&after(all(rule))), forbidden, "{rule}");
    }
    assert_eq!(
        broken(&after(payday("yearly"))),
        one("/when/payday/rule", "unknown_value")
    );
}

#[test]
fn what_a_paydays_fields_say_is_checked() {
    let every = |cycle: &str, anchor_date: &str| PaydayDraft {
        cycle: Some(cycle.into()),
        anchor_date: Some(anchor_date.into()),
        ..payday("every")
    };
    let both = broken(&after(every("hourly", "2026-02-30")));
    let expected = [
        ("/when/payday/cycle".to_owned(), "unknown_value"),
        ("/when/payday/anchor_date".to_owned(), "not_a_date"),
    ];
    assert_eq!(both, expected);
    for day in [-1, 0, 32] {
        let draft = PaydayDraft {
            day: Some(day),
            ..payday("monthly")
        };
        assert_eq!(
            broken(&after(draft)),
            one("/when/payday/day", "out_of_range")
        );
    }
    let someday = PaydayDraft {
        weekday: Some("someday".into()),
        ..payday("weekday")
    };
    assert_eq!(
        broken(&after(someday)),
        one("/when/payday/weekday", "unknown_value")
    );
}

#[test]
fn the_next_days_have_no_payday_and_payday_has_a_known_state() {
    let friday = PaydayDraft {
        weekday: Some("friday".into()),
        ..payday("weekday")
    };
    let when = |rule: &str, payday: Option<&PaydayDraft>, state: Option<&str>| RetryPolicyDraft {
        when: Some(RetryWhenDraft {
            rule: rule.into(),
            payday: payday.cloned(),
            state: state.map(str::to_owned),
        }),
        ..RetryPolicyDraft::default()
    };

    let forbidden = [
        ("/when/payday".to_owned(), "forbidden"),
        ("/when/state".to_owned(), "forbidden"),
    ];
    assert_eq!(
        broken(&when("next_days", Some(&friday), Some("nsw"))),
        forbidden
    );
    let missing = when("after_payday", None, Some("nsw"));
    assert_eq!(broken(&missing), one("/when/payday", "required"));
    let abroad = when("after_payday", Some(&friday), Some("nz"));
    assert_eq!(broken(&abroad), one("/when/state", "unknown_value"));
}

fn days(payday: Payday, earliest: &str) -> String {
    let policy = RetryPolicy {
        when: RetryWhen::AfterPayday {
            payday,
            state: State::Nsw,
        },
        ..RetryPolicy::default()
    };
    let chosen = policy.date_from(date(earliest), Some(Cause::Funds));
    chosen.map_or("none".to_owned(), |day| day.to_string())
}

#[test]
fn the_day_after_payday_is_the_first_business_day_after_it() {
    let thursdays = Payday::Weekly(Weekday::Thursday);
    let fridays = Payday::Weekly(Weekday::Friday);

    assert_eq!(days(thursdays, "2026-03-11"), "2026-03-13");
    assert_eq!(days(thursdays, "2026-03-13"), "2026-03-13");
    assert_eq!(days(thursdays, "2026-03-14"), "2026-03-20");
    assert_eq!(
        days(fridays, "2026-03-14"),
        "2026-03-16",
        "Friday's pay is there on Monday"
    );
    assert_eq!(days(fridays, "2026-03-17"), "2026-03-23");
    assert_eq!(
        days(thursdays, "2026-04-02"),
        "2026-04-07",
        "Easter is between"
    );
    assert_eq!(days(thursdays, "2026-04-03"), "2026-04-07");
}

#[test]
fn a_payday_that_comes_once_a_month_is_waited_for() {
    let last = Payday::Monthly(MonthDay::LAST);

    assert_eq!(days(last, "2026-03-11"), "2026-04-01");
    assert_eq!(days(last, "2026-04-02"), "2026-05-01");
    assert_eq!(days(last, "2200-12-31"), "none");
    assert_eq!(days(last, "1970-01-01"), "1970-02-02");
}

#[test]
fn what_is_not_about_money_does_not_wait_for_payday() {
    let policy = RetryPolicy {
        when: RetryWhen::AfterPayday {
            payday: Payday::Weekly(Weekday::Thursday),
            state: State::Nsw,
        },
        ..RetryPolicy::default()
    };
    let wednesday = date("2026-03-11");

    assert_eq!(policy.date_from(wednesday, None), Some(wednesday));
    for cause in Cause::ALL.iter().filter(|cause| **cause != Cause::Funds) {
        assert_eq!(
            policy.date_from(wednesday, Some(*cause)),
            Some(wednesday),
            "{cause}"
        );
    }
    let plain = RetryPolicy::default();
    for cause in Cause::ALL {
        assert_eq!(
            plain.date_from(wednesday, Some(*cause)),
            Some(wednesday),
            "{cause}"
        );
    }
}
