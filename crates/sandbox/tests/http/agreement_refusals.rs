//! Every way to be refused an agreement.

use serde_json::{Value, json};

use crate::rig::{ACCOUNT, Rig, agreement, codes, twice_monthly};

#[tokio::test]
async fn an_unknown_key_anywhere_is_a_400_without_a_code() {
    let rig = Rig::start().await;
    let spoil: [fn(&mut Value); 5] = [
        |body| body["creditor"] = json!({}),
        |body| body["initiator"] = json!({}),
        |body| body["debtor"]["account_identifier"]["number"] = json!("1"),
        |body| body["payment_terms"]["currency"] = json!("AUD"),
        |body| body["sandbox"] = json!({"simulate": "debtor_accept", "speed": 1}),
    ];
    for spoil in spoil {
        let mut body = agreement("A1", twice_monthly());
        spoil(&mut body);
        let answer = rig.propose(body).await;
        assert_eq!((answer.0, codes(&answer)), (400, vec![""]), "{}", answer.1);
        assert_eq!(answer.1["errors"][0]["title"], "Validation Failed");
    }
}

#[tokio::test]
async fn a_missing_or_malformed_field_is_a_422_of_the_schema() {
    let rig = Rig::start().await;
    let spoil: [fn(&mut Value); 14] = [
        |body| body["uid"] = Value::Null,
        |body| body["uid"] = json!("has space"),
        |body| body["uid"] = json!("a".repeat(65)),
        |body| body["purpose"] = json!("fun"),
        |body| body["description"] = json!("caf\u{e9}"),
        |body| body["debtor"] = Value::Null,
        |body| body["debtor"]["party_name"] = json!(""),
        |body| body["debtor"]["account_identifier"]["value"] = json!("062-000 1"),
        |body| body["payment_terms"]["amount"] = json!(100),
        |body| body["payment_terms"]["count"] = json!(0),
        |body| body["payment_terms"]["frequency"] = json!("hourly"),
        |body| body["validity_start_date"] = json!("2026-6-1"),
        |body| body["resolution_requested_before"] = json!("2026-06-02T00:00:00+10:00"),
        |body| body["metadata"] = json!({"nested": {"object": 1}}),
    ];
    for spoil in spoil {
        let mut body = agreement("A1", twice_monthly());
        spoil(&mut body);
        let answer = rig.propose(body).await;
        assert_eq!(
            (answer.0, codes(&answer)),
            (422, vec!["ZPUNP00"]),
            "{}",
            answer.1
        );
    }
}

#[tokio::test]
async fn each_type_of_terms_has_its_own_amounts() {
    let rig = Rig::start().await;
    let table = [
        (json!({"type": "fixed", "frequency": "weekly"}), false),
        (
            json!({"type": "fixed", "frequency": "weekly", "amount": 1, "max_amount": 2}),
            false,
        ),
        (
            json!({"type": "fixed", "frequency": "weekly", "amount": 0}),
            false,
        ),
        (
            json!({"type": "fixed", "frequency": "weekly", "amount": 1_000_000_001}),
            false,
        ),
        (
            json!({"type": "fixed", "frequency": "weekly", "amount": 1_000_000_000}),
            true,
        ),
        (json!({"type": "variable", "frequency": "weekly"}), true),
        (
            json!({"type": "usage_based", "frequency": "weekly", "first_payment_amount": 1}),
            false,
        ),
        (
            json!({"type": "balloon", "frequency": "weekly", "last_payment_amount": 1}),
            false,
        ),
        (
            json!({"type": "balloon", "frequency": "weekly", "amount": 1, "last_payment_amount": 9,
                   "first_payment_amount": 2}),
            true,
        ),
    ];
    for (number, (terms, accepted)) in table.into_iter().enumerate() {
        let (status, answer) = rig
            .propose(agreement(&format!("A{number}"), terms.clone()))
            .await;
        assert_eq!(status == 201, accepted, "{terms} {answer}");
    }
}

#[tokio::test]
async fn every_date_rule_of_an_agreement_is_kept() {
    let rig = Rig::start().await;
    let table = [
        (
            json!({"validity_start_date": "2026-05-31"}),
            json!({}),
            vec!["ZPAGR04"],
        ),
        (
            json!({"validity_start_date": "2026-06-10", "validity_end_date": "2026-06-09"}),
            json!({}),
            vec!["ZPAGR06"],
        ),
        (
            json!({"validity_start_date": "2026-06-10"}),
            json!({"first_payment_date": "2026-06-09"}),
            vec!["ZPAGR07"],
        ),
        (
            json!({"validity_end_date": "2026-07-01"}),
            json!({"last_payment_date": "2026-07-02"}),
            vec!["ZPAGR08"],
        ),
        (
            json!({"validity_end_date": "2026-05-31"}),
            json!({}),
            vec!["ZPAGR06", "ZPAGR08"],
        ),
        (
            json!({}),
            json!({"first_payment_date": "2026-05-31"}),
            vec!["ZPAGR07", "ZPAGR09"],
        ),
        (
            json!({}),
            json!({"first_payment_date": "2026-06-05", "last_payment_date": "2026-06-04"}),
            vec!["ZPAGR10"],
        ),
        (
            json!({}),
            json!({"last_payment_date": "2026-05-31"}),
            vec!["ZPAGR11"],
        ),
        (
            json!({"resolution_requested_before": "2026-06-06T00:00:01Z"}),
            json!({}),
            vec!["ZPAGR02"],
        ),
        (
            json!({"resolution_requested_before": "2026-05-31T23:59:59Z"}),
            json!({}),
            vec!["ZPAGR03"],
        ),
        (
            json!({"cancel_if_unresolved": true}),
            json!({}),
            vec!["ZPAGR17"],
        ),
    ];
    for (number, (fields, terms, expected)) in table.into_iter().enumerate() {
        let mut body = agreement("A1", twice_monthly());
        body["debtor"]["account_identifier"]["value"] = json!(format!("062000-{number}1"));
        merge(&mut body, &fields);
        merge(&mut body["payment_terms"], &terms);
        let answer = rig.propose(body).await;
        assert_eq!(
            (answer.0, codes(&answer)),
            (422, expected),
            "{fields} {terms}"
        );
    }
}

#[tokio::test]
async fn a_day_may_be_the_first_and_the_last() {
    let rig = Rig::start().await;
    let mut body = agreement("A1", twice_monthly());
    let day = "2026-06-01";
    merge(
        &mut body,
        &json!({"validity_start_date": day, "validity_end_date": day}),
    );
    let dates = json!({"first_payment_date": day, "last_payment_date": day});
    merge(&mut body["payment_terms"], &dates);
    assert_eq!(rig.propose(body).await.0, 201);
}

#[tokio::test]
async fn a_debtor_account_that_cannot_be_is_refused_by_its_branch_or_number() {
    let rig = Rig::start().await;
    let table = [
        ("100000-1234", vec!["ZPAGR14"]),
        ("100000-0000", vec!["ZPAGR14", "ZPAGR12"]),
        ("100001-1234", vec!["ZPUNP01"]),
        ("062000-0000", vec!["ZPAGR12"]),
        ("062000-999999999", vec!["ZPAGR13"]),
    ];
    for (value, expected) in table {
        let mut body = agreement("A1", twice_monthly());
        body["debtor"]["account_identifier"]["value"] = json!(value);
        assert_eq!(codes(&rig.propose(body).await), expected, "{value}");
    }
    let mut body = agreement("A1", twice_monthly());
    body["debtor"]["account_identifier"]["value"] = json!("100002-1234");
    assert_eq!(rig.propose(body).await.0, 201);
}

#[tokio::test]
async fn a_uid_names_one_agreement_for_ever() {
    let rig = Rig::start().await;
    assert_eq!(rig.propose(agreement("A1", twice_monthly())).await.0, 201);
    assert_eq!(
        codes(&rig.propose(agreement("A1", twice_monthly())).await),
        ["ZPAGR00"]
    );
    let (_, ledger) = rig.get("/sandbox/ledger").await;
    assert_eq!(ledger["agreements"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["refusals"][0]["operation"], "create_agreement");
    assert_eq!(ledger["refusals"][0]["uid"], "A1");
    assert_eq!(ledger["refusals"][0]["codes"], json!(["ZPAGR00"]));
}

#[tokio::test]
async fn a_seventh_attempt_on_an_account_within_a_rolling_day_is_refused() {
    let rig = Rig::start().await;
    for number in 0..6 {
        let (status, _) = rig
            .propose(agreement(&format!("A{number}"), twice_monthly()))
            .await;
        assert_eq!(status, 201);
        rig.pass(3_600).await;
    }
    assert_eq!(
        codes(&rig.propose(agreement("A6", twice_monthly())).await),
        ["ZPAGR15"]
    );
    let mut other = agreement("B1", twice_monthly());
    other["debtor"]["account_identifier"]["value"] = json!("062000-87654321");
    assert_eq!(
        rig.propose(other).await.0,
        201,
        "the limit is one account's, not {ACCOUNT}'s"
    );
    rig.wait_until("2026-06-02T00:00:00Z").await;
    assert_eq!(rig.propose(agreement("A6", twice_monthly())).await.0, 201);
}

fn merge(into: &mut Value, more: &Value) {
    for (key, value) in more.as_object().unwrap() {
        into[key] = value.clone();
    }
}
