//! What `POST /v1/plans` takes and refuses.

use domain::failure::RetryPolicyDraft;
use serde_json::json;

use super::*;

fn plan(schedule: Value) -> Value {
    json!({
        "external_id": "loan-1",
        "customer_id": CustomerId::new(fresh_uuid()).to_string(),
        "description": "Loan 1 repayments",
        "schedule": schedule,
    })
}

fn monthly() -> Value {
    json!({"frequency": "monthly", "first_date": "2026-01-31", "instalments": 3, "amount": 28850})
}

fn parse(body: &Value) -> Result<PlanRequest, Vec<Violation>> {
    super::parse(body, &RetryPolicy::default())
}

fn broken(body: &Value) -> Vec<(String, &'static str)> {
    let violations = parse(body).unwrap_err();
    violations
        .into_iter()
        .map(|violation| (violation.pointer, violation.code))
        .collect()
}

fn one(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

#[test]
fn a_plan_without_terms_is_a_loan_by_default() {
    let request = parse(&plan(monthly())).unwrap();

    assert_eq!(request.purpose, "loan");
    assert_eq!(request.schedule.instalments().len(), 3);
    assert_eq!(request.schedule.last_due().to_string(), "2026-03-31");
    assert!(request.terms.is_none() && request.validity.is_none());
}

#[test]
fn a_schedule_may_be_listed_or_told_by_its_last_date() {
    let listed = json!({"instalments": [
        {"due_date": "2026-02-01", "amount": 100}, {"due_date": "2026-02-09", "amount": 200},
    ]});
    assert_eq!(parse(&plan(listed)).unwrap().schedule.total_cents(), 300);

    let until = json!({
        "frequency": "weekly", "first_date": "2026-02-02", "last_date": "2026-02-16",
        "amount": 100, "final_amount": 50,
    });
    assert_eq!(parse(&plan(until)).unwrap().schedule.total_cents(), 250);
}

#[test]
fn a_thirtieth_of_february_is_no_date() {
    let body = with(plan(monthly()), "/schedule/first_date", json!("2026-02-30"));
    assert_eq!(broken(&body), one("/schedule/first_date", "no_such_day"));
}

#[test]
fn an_amount_is_a_positive_whole_number_of_cents() {
    for bad in [json!(-5), json!(0), json!(1_000_000_001)] {
        let body = with(plan(monthly()), "/schedule/amount", bad);
        assert_eq!(broken(&body), one("/schedule/amount", "out_of_range"));
    }
    for bad in [json!("100"), json!(1.5), json!(true)] {
        let body = with(plan(monthly()), "/schedule/amount", bad);
        assert_eq!(broken(&body), one("/schedule/amount", "wrong_type"));
    }
}

#[test]
fn a_schedule_needs_one_end_and_takes_no_second() {
    let both = with(plan(monthly()), "/schedule/last_date", json!("2026-12-31"));
    assert_eq!(broken(&both), one("/schedule/last_date", "not_both"));

    let neither = json!({"frequency": "monthly", "first_date": "2026-01-31", "amount": 1});
    assert_eq!(
        broken(&plan(neither)),
        one("/schedule/instalments", "required")
    );

    for bad in [json!(0), json!(-1), json!(9_000_000_000_i64)] {
        let body = with(plan(monthly()), "/schedule/instalments", bad);
        assert_eq!(broken(&body), one("/schedule/instalments", "out_of_range"));
    }
    let many = with(plan(monthly()), "/schedule/instalments", json!(1501));
    assert_eq!(
        broken(&many),
        one("/schedule/instalments", "too_many_instalments")
    );
}

#[test]
fn a_listed_schedule_tells_which_row_is_wrong() {
    let listed = json!({"instalments": [
        {"due_date": "2026-02-01", "amount": 100},
        {"due_date": "2026-02-30", "amount": -1, "note": "x"},
        "2026-03-01",
    ], "frequency": "weekly"});
    let found = broken(&plan(listed));
    let expected = [
        ("/schedule/frequency", "unknown_field"),
        ("/schedule/instalments/1/due_date", "no_such_day"),
        ("/schedule/instalments/1/amount", "out_of_range"),
        ("/schedule/instalments/1/note", "unknown_field"),
        ("/schedule/instalments/2", "wrong_type"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );

    let backwards = json!({"instalments": [
        {"due_date": "2026-02-02", "amount": 1}, {"due_date": "2026-02-01", "amount": 1},
    ]});
    let found = broken(&plan(backwards));
    assert_eq!(
        found,
        one("/schedule/instalments/1/due_date", "not_ascending")
    );
}

#[test]
fn given_terms_need_a_start_and_dates_need_terms() {
    let terms = json!({"type": "fixed", "frequency": "monthly", "amount": 28850});
    let without = with(plan(monthly()), "/payment_terms", terms.clone());
    assert_eq!(broken(&without), one("/validity_start_date", "required"));

    let dated = with(without, "/validity_start_date", json!("2026-01-28"));
    let request = parse(&dated).unwrap();
    assert_eq!(
        request.validity.unwrap().start_date.to_string(),
        "2026-01-28"
    );

    let backwards = with(dated, "/validity_end_date", json!("2026-01-27"));
    assert_eq!(
        broken(&backwards),
        one("/validity_end_date", "before_validity_start")
    );

    let alone = with(plan(monthly()), "/validity_start_date", json!("2026-01-28"));
    assert_eq!(
        broken(&alone),
        one("/validity_start_date", "needs_payment_terms")
    );
}

#[test]
fn broken_terms_are_told_under_their_field() {
    let terms = json!({
        "type": "variable", "frequency": "yearly", "amount": 5, "count": 0, "interval": 1,
    });
    let body = with(plan(monthly()), "/payment_terms", terms);
    let body = with(body, "/validity_start_date", json!("2026-01-28"));
    let found = broken(&body);
    for pointer in [
        "/payment_terms/frequency",
        "/payment_terms/amount",
        "/payment_terms/count",
        "/payment_terms/max_amount",
        "/payment_terms/interval",
    ] {
        assert!(
            found.iter().any(|(at, _)| at == pointer),
            "{pointer} in {found:?}"
        );
    }
}

#[test]
fn a_body_with_nothing_right_tells_everything_wrong() {
    let found = broken(&json!({"customer_id": "pln_x", "purpose": "fun", "start": 1}));
    let expected = [
        ("/external_id", "required"),
        ("/customer_id", "malformed_id"),
        ("/purpose", "unknown_value"),
        ("/description", "required"),
        ("/schedule", "required"),
        ("/start", "unknown_field"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

fn with_policy(policy: Value) -> Value {
    with(plan(monthly()), "/retry_policy", policy)
}

#[test]
fn a_plan_without_a_retry_policy_has_the_configured_one() {
    let configured = RetryPolicy::default().amended_by(&RetryPolicyDraft {
        retries_max: Some(2),
        ..RetryPolicyDraft::default()
    });
    let configured = configured.unwrap();
    let read = |body: &Value| super::parse(body, &configured).unwrap().retry;

    assert_eq!(read(&plan(monthly())), configured);
    assert_eq!(read(&with_policy(json!({}))), configured);
    let amended = read(&with_policy(json!({"at_hour": 9})));
    assert_eq!((amended.retries_max(), amended.at_hour()), (2, 9));
}

#[test]
fn a_retry_policy_may_wait_for_payday_and_use_the_next_window() {
    let policy = json!({
        "version": 1,
        "retries_max": 3,
        "days_between": 2,
        "at_hour": 10,
        "when": {"rule": "after_payday", "state": "nsw", "payday":
            {"rule": "every", "cycle": "fortnightly", "anchor_date": "2026-01-01"}},
        "next_window": true,
    });

    let read = parse(&with_policy(policy.clone())).unwrap().retry;

    assert_eq!(flows::retry_policy::to_json(&read), policy);
}

#[test]
fn every_bad_field_of_a_retry_policy_is_named() {
    let policy = json!({
        "version": 2,
        "retries_max": 11,
        "days_between": "one",
        "at_hour": 24,
        "when": {"rule": "after_payday", "state": "nz", "payday":
            {"rule": "monthly", "day": 32, "weekly": true}},
        "next_window": "yes",
        "colour": "red",
    });

    let mut found = broken(&with_policy(policy));

    found.sort_unstable();
    let expected = [
        ("/retry_policy/at_hour", "out_of_range"),
        ("/retry_policy/colour", "unknown_field"),
        ("/retry_policy/days_between", "wrong_type"),
        ("/retry_policy/next_window", "wrong_type"),
        ("/retry_policy/retries_max", "out_of_range"),
        ("/retry_policy/version", "unknown_value"),
        ("/retry_policy/when/payday/day", "out_of_range"),
        ("/retry_policy/when/payday/weekly", "unknown_field"),
        ("/retry_policy/when/state", "unknown_value"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
    assert_eq!(
        broken(&with_policy(json!(4))),
        one("/retry_policy", "wrong_type")
    );
}
