//! What `paydown fit` says of a plan.

use serde_json::{Value, json};

use super::*;

fn monthly(due: &[&str]) -> Value {
    let instalments: Vec<Value> = due
        .iter()
        .map(|due| json!({"due_date": due, "amount": 28_850}))
        .collect();
    json!({
        "terms": {"type": "fixed", "frequency": "monthly", "amount": 28_850},
        "validity_start_date": "2026-01-31",
        "validity_end_date": null,
        "instalments": instalments,
        "reading": "both",
    })
}

fn with(mut plan: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    plan.pointer_mut(parent).expect("a place")[name] = value;
    plan
}

fn answer(plan: &Value) -> Value {
    let (plan, verdict) = judged(&plan.to_string()).expect("a plan that can be judged");
    serde_json::to_value(answer_of(&plan, &verdict)).expect("serialises")
}

fn wrong(plan: &Value) -> Vec<(String, &'static str)> {
    let Err(broken) = judged(&plan.to_string()) else {
        panic!("judged, though it is wrong");
    };
    broken
        .into_iter()
        .map(|one| (one.pointer, one.code))
        .collect()
}

fn one(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn a_schedule_that_fits_is_told_with_the_terms_it_fits() {
    let plan = monthly(&["2026-01-31", "2026-03-01", "2026-03-31"]);

    let expected = json!({
        "fits": true,
        "terms": {"type": "fixed", "frequency": "monthly", "amount": 28_850},
        "validity_start_date": "2026-01-31",
        "validity_end_date": null,
        "reading": "both",
        "retry_days": 0,
        "instalments": 3,
        "windows_used": 3,
        "fullest_window": 1,
    });
    assert_eq!(answer(&plan), expected);
}

#[test]
fn a_schedule_that_does_not_fit_is_told_by_its_first_counter_example() {
    let plan = monthly(&["2026-01-31", "2026-02-28"]);

    let expected = json!({
        "fits": false,
        "counter_example": {
            "instalment": 2,
            "due_date": "2026-02-28",
            "rule": "too_many_in_period",
            "provider_code": "ZPPAY17",
            "reading": "oligo",
            "window": {"first_date": "2026-01-31", "last_date": "2026-02-28"},
            "detail": "instalment 2 on 2026-02-28 is the second in window \
                       2026-01-31…2026-02-28, which allows 1",
        },
    });
    assert_eq!(answer(&plan), expected);
    let oligo = with(plan.clone(), "/reading", json!("oligo"));
    assert_eq!(answer(&oligo), expected);
    let azupay = with(plan, "/reading", json!("azupay"));
    assert_eq!(answer(&azupay)["fits"], true);
}

#[test]
fn without_terms_an_agreement_is_proposed_that_begins_no_earlier_than_asked() {
    let plan = monthly(&["2026-01-31", "2026-02-28", "2026-03-31"]);
    let plan = with(plan, "/terms", Value::Null);
    let plan = with(plan, "/validity_start_date", json!("2026-01-10"));

    let found = answer(&plan);
    let terms = json!({"type": "fixed", "frequency": "monthly", "amount": 28_850, "count": 1});
    assert_eq!(found["terms"], terms);
    assert_eq!(found["validity_start_date"], "2026-01-28");
    assert_eq!(found["validity_end_date"], "2026-04-27");
    assert!(
        found["reason"]
            .as_str()
            .is_some_and(|text| text.contains("2026-01-28"))
    );

    let late = with(plan.clone(), "/validity_start_date", json!("2026-01-29"));
    assert_eq!(answer(&late)["validity_start_date"], "2026-01-31");
    // Undated, it may begin up to a month before the first instalment.
    let undated = with(plan, "/validity_start_date", Value::Null);
    assert_eq!(answer(&undated)["validity_start_date"], "2026-01-28");
}

#[test]
fn days_to_try_again_are_proved_when_they_are_asked_for() {
    let plan = with(monthly(&["2026-02-26"]), "/retry_days", json!(1));
    assert_eq!(answer(&plan)["fits"], true);

    let more = answer(&with(plan, "/retry_days", json!(2)));
    let found = &more["counter_example"];
    assert_eq!(found["rule"], "no_room_to_retry");
    assert_eq!(found["room_days"], 1);
    assert_eq!(found["reading"], "azupay");
}

#[test]
fn every_wrong_value_is_told_by_its_place_and_rule() {
    let plan = json!({
        "terms": {"type": "fixed", "frequency": "yearly", "amount": "1", "interval": 2},
        "validity_start_date": "2026-02-30",
        "instalments": [
            {"due_date": "2026-01-31", "amount": 0},
            {"amount": 1.5, "note/~": 1},
            7,
        ],
        "reading": "adyen",
        "retry_days": -1,
        "today": "2026-01-01",
    });

    let mut found = wrong(&plan);
    found.sort();
    let expected = [
        ("/instalments/0/amount", "out_of_range"),
        ("/instalments/1/amount", "wrong_type"),
        ("/instalments/1/due_date", "required"),
        ("/instalments/1/note~1~0", "unknown_field"),
        ("/instalments/2", "wrong_type"),
        ("/reading", "unknown_value"),
        ("/retry_days", "out_of_range"),
        ("/terms/amount", "wrong_type"),
        ("/terms/frequency", "unknown_value"),
        ("/terms/interval", "unknown_field"),
        ("/today", "unknown_field"),
        ("/validity_start_date", "not_a_date"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
    assert_eq!(found, expected);
}

#[test]
fn the_parts_that_a_plan_needs_are_asked_for() {
    let plan = monthly(&["2026-01-31"]);

    let undated = with(plan.clone(), "/validity_start_date", Value::Null);
    assert_eq!(wrong(&undated), one("/validity_start_date", "required"));
    assert_eq!(
        wrong(&with(plan.clone(), "/instalments", json!([]))),
        one("/instalments", "out_of_range")
    );
    assert_eq!(wrong(&json!({})), one("/instalments", "required"));
    let ended = with(plan, "/terms", Value::Null);
    let ended = with(ended, "/validity_end_date", json!("2026-12-31"));
    assert_eq!(wrong(&ended), one("/validity_end_date", "needs_terms"));
    let Err(broken) = judged("{") else {
        panic!("half a document");
    };
    assert_eq!(broken[0].code, "not_json");
    assert!(told(&broken[0]).starts_with("the document (not_json): "));
}

#[test]
fn instalments_are_counted_in_due_order_however_they_are_listed() {
    let plan = monthly(&["2026-03-31", "2026-02-28", "2026-01-31"]);
    let found = &answer(&plan)["counter_example"];
    assert_eq!(
        (&found["instalment"], &found["due_date"]),
        (&json!(2), &json!("2026-02-28"))
    );
}

#[test]
fn two_instalments_of_one_date_need_a_count_of_two() {
    let plan = monthly(&["2026-01-31", "2026-01-31"]);
    assert_eq!(answer(&plan)["counter_example"]["instalment"], 2);
    assert_eq!(
        answer(&plan)["counter_example"]["rule"],
        "too_many_in_period"
    );

    let twice = with(plan, "/terms/count", json!(2));
    assert_eq!(answer(&twice)["fits"], true);
}

#[test]
fn an_agreement_is_not_wanted_from_a_date_after_the_first_instalment() {
    let plan = with(monthly(&["2026-01-30"]), "/terms", Value::Null);
    assert_eq!(
        wrong(&plan),
        one("/validity_start_date", "after_first_due_date")
    );
}

#[test]
fn an_object_that_names_a_member_twice_is_malformed() {
    let plan = monthly(&["2026-01-31"]).to_string();
    let twice = plan.replacen("\"amount\":28850", "\"amount\":1,\"amount\":28850", 1);
    assert_ne!(plan, twice);

    let Err(broken) = judged(&twice) else {
        panic!("judged by one of the two");
    };
    assert_eq!(broken[0].code, "not_json");
    assert!(judged(&plan).is_ok());
}

#[test]
fn terms_and_dates_that_oligo_would_refuse_are_told_with_its_code() {
    let plan = with(
        monthly(&["2026-01-31"]),
        "/terms/first_payment_date",
        json!("2026-01-30"),
    );

    let Err(broken) = judged(&plan.to_string()) else {
        panic!("a first payment before the agreement");
    };
    assert_eq!(broken[0].pointer, "/terms/first_payment_date");
    assert!(broken[0].detail.contains("ZPAGR07"), "{}", broken[0]);
    let ended = with(
        monthly(&["2026-01-31"]),
        "/validity_end_date",
        json!("2026-01-30"),
    );
    let expected = one("/validity_end_date", "before_validity_start");
    assert_eq!(wrong(&ended), expected);
}

#[test]
fn people_read_the_same_in_rows() {
    let (plan, verdict) =
        judged(&monthly(&["2026-01-31", "2026-02-28"]).to_string()).expect("a plan");
    let rows = answer_of(&plan, &verdict).rows();

    assert_eq!(rows[0], ["fits", "no"]);
    assert!(rows.contains(&vec!["rule".to_owned(), "too_many_in_period".to_owned()]));
    assert!(rows.contains(&vec![
        "window".to_owned(),
        "2026-01-31 to 2026-02-28".to_owned()
    ]));
}
