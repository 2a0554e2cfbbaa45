//! Retrying a payment under its own uid.

use serde_json::{Value, json};

use crate::rig::{Rig, adhoc, codes, twice_monthly};

async fn failed_payment(rig: &Rig, terms: Value) {
    rig.payer(json!({"short_first": 1})).await;
    rig.activate("A1", terms).await;
    assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AM04");
}

#[tokio::test]
async fn a_retry_is_accepted_without_a_body_and_settles_the_same_payment() {
    let rig = Rig::start().await;
    failed_payment(&rig, twice_monthly()).await;
    assert_eq!(rig.retry("P1", json!({})).await, (202, Value::Null));
    assert_eq!(rig.payment_state("P1").await, "submitting");
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
    let ledger = rig.ledger().await;
    assert_eq!(ledger["payments"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["payments"][0]["submissions"], 2);
}

#[tokio::test]
async fn only_a_failed_payment_whose_failure_allows_it_is_retried() {
    let rig = Rig::start().await;
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY00"]);
    rig.payer(json!({"closed_from": "2026-06-01"})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY00"]);
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AC05");
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY00"]);
    assert_eq!(rig.retry("P1", json!({"force": true})).await.0, 400);
}

#[tokio::test]
async fn a_payment_has_five_submissions_in_any_day_and_ten_retries_in_all() {
    let rig = Rig::start().await;
    failed_payment(&rig, adhoc()).await;
    let short = json!({"sandbox": {"simulate": "insufficient_funds"}});
    let mut retries = 0;
    while retries < 10 {
        let answer = rig.retry("P1", short.clone()).await;
        if answer.0 == 202 {
            retries += 1;
            rig.pass(3).await;
        } else {
            assert_eq!(codes(&answer), ["ZPPRY03"]);
            // The first submission counts: after it, four retries a day.
            assert!(retries == 4 || retries == 9, "{retries} retries");
            rig.pass(24 * 3_600).await;
        }
    }
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY01"]);
}

#[tokio::test]
async fn a_retry_stays_within_the_agreements_validity() {
    let rig = Rig::start().await;
    rig.payer(json!({"short_first": 5})).await;
    let end = json!({"validity_end_date": "2026-06-01"});
    rig.activate_from("A1", adhoc(), end).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    for _ in 0..4 {
        assert_eq!(rig.retry("P1", json!({})).await.0, 202);
        rig.pass(3).await;
    }
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY04"]);
    rig.wait_until("2026-06-01T14:00:00Z").await;
    assert_eq!(codes(&rig.retry("P1", json!({})).await), ["ZPPRY02"]);
}

#[tokio::test]
async fn a_retry_that_no_longer_fits_the_period_is_accepted_and_then_fails() {
    let rig = Rig::start().await;
    failed_payment(&rig, twice_monthly()).await;
    rig.pay("P2", "A1", 100).await;
    rig.pay("P3", "A1", 100).await;
    assert_eq!(rig.retry("P1", json!({})).await.0, 202);
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed NAUT");
}

#[tokio::test]
async fn a_retry_on_an_agreement_that_is_not_active_is_accepted_and_then_fails() {
    let rig = Rig::start().await;
    failed_payment(&rig, twice_monthly()).await;
    rig.post(
        "/sandbox/agreements/A1/decision",
        json!({"decision": "suspend"}),
    )
    .await;
    assert_eq!(rig.retry("P1", json!({})).await.0, 202);
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed NACT");
}

#[tokio::test]
async fn a_retry_takes_its_place_in_the_period_of_the_retry() {
    let rig = Rig::start().await;
    let once = json!({"type": "variable", "frequency": "monthly", "max_amount": 100});
    failed_payment(&rig, once).await;
    rig.wait_until("2026-07-01T00:00:00Z").await;
    assert_eq!(rig.retry("P1", json!({})).await.0, 202);
    assert_eq!(codes(&rig.pay("P2", "A1", 100).await), ["ZPPAY17"]);
    let entry = &rig.ledger().await["payments"][0];
    assert_eq!(entry["created_date"], "2026-06-01");
    assert_eq!(entry["submitted_date"], "2026-07-01");
    assert_eq!(entry["window"]["first_date"], "2026-07-01");
}
