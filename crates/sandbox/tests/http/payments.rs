//! A payment's life.

use serde_json::{Value, json};

use crate::rig::{Rig, adhoc, payment, twice_monthly};

#[tokio::test]
async fn a_payment_is_created_submitted_and_settled_within_seconds() {
    let rig = Rig::start().await;
    rig.activate("A1", twice_monthly()).await;
    let (status, answer) = rig.pay("P1", "A1", 48_250).await;
    assert_eq!(status, 201);
    assert_eq!(answer["data"]["state"], "created");
    assert_eq!(answer["data"]["links"]["self"], "/payto/payments/P1");
    assert_eq!(answer["data"]["links"]["agreement"], "/payto/agreements/A1");
    assert_eq!(answer["data"]["failure"], Value::Null);
    assert_eq!(rig.payment_state("P1").await, "created");
    rig.pass(1).await;
    assert_eq!(rig.payment_state("P1").await, "submitting");
    rig.pass(2).await;
    assert_eq!(rig.payment_state("P1").await, "settled");

    let ledger = rig.ledger().await;
    assert_eq!(
        ledger["totals"],
        json!({"settled_count": 1, "settled_cents": 48_250})
    );
    let entry = &ledger["payments"][0];
    assert_eq!(entry["created_date"], "2026-06-01");
    assert_eq!(entry["settled_at"], "2026-06-01T00:00:05Z");
    assert_eq!(entry["submissions"], 1);
    let window = json!({"first_date": "2026-06-01", "last_date": "2026-06-30"});
    assert_eq!(entry["window"], window);
}

#[tokio::test]
async fn a_payer_without_money_fails_payments_on_the_dates_that_were_set() {
    let rig = Rig::start().await;
    rig.payer(json!({"short_on": ["2026-06-01"]})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AM04");
    assert_eq!(rig.payment("P1").await["failure"]["retryable"], true);
    rig.wait_until("2026-06-01T14:00:00Z").await;
    rig.pay("P2", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P2").await, "settled");
}

#[tokio::test]
async fn a_closed_account_fails_every_payment_for_good() {
    let rig = Rig::start().await;
    rig.payer(json!({"closed_from": "2026-06-01"})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AC05");
    assert_eq!(rig.payment("P1").await["failure"]["retryable"], false);
}

#[tokio::test]
async fn a_silent_bank_leaves_a_payment_pending_and_then_under_investigation() {
    let rig = Rig::start().await;
    rig.payer(json!({"silent_on": ["2026-06-01"]})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(34).await;
    assert_eq!(rig.payment_state("P1").await, "submitting");
    rig.pass(1).await;
    assert_eq!(rig.payment_state("P1").await, "pending");
    rig.pass(40 * 3_600).await;
    assert_eq!(rig.payment_state("P1").await, "under_investigation");
    let (status, _) = rig
        .post("/sandbox/payments/P1/outcome", json!({"outcome": "settle"}))
        .await;
    assert_eq!(
        (status, rig.payment_state("P1").await),
        (200, "settled".to_owned())
    );
    let (status, _) = rig
        .post("/sandbox/payments/P1/outcome", json!({"outcome": "fail"}))
        .await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn a_failed_payment_may_turn_out_to_have_settled() {
    let rig = Rig::start().await;
    rig.payer(json!({"short_first": 1})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AM04");
    rig.post("/sandbox/payments/P1/outcome", json!({"outcome": "settle"}))
        .await;
    assert_eq!(rig.payment_state("P1").await, "settled");
}

#[tokio::test]
async fn an_agreement_cancelled_before_submission_fails_the_payment_and_later_does_not() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(1).await;
    rig.pay("P2", "A1", 100).await;
    rig.post(
        "/sandbox/agreements/A1/decision",
        json!({"decision": "cancel"}),
    )
    .await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
    assert_eq!(rig.payment_state("P2").await, "failed NACT");
}

#[tokio::test]
async fn every_scripted_ending_of_a_payment_comes_about() {
    let table = [
        ("auto_settle", "settled"),
        ("requires_investigation", "under_investigation"),
        ("investigate_and_settle", "settled"),
        ("investigate_and_fail", "failed FF10"),
        ("insufficient_funds", "failed AM04"),
        ("debtor_account_closed", "failed AC05"),
        ("financial_infrastructure_unavailable", "failed FF10"),
        ("debtor_alias_not_found", "failed ZPUNP07"),
        ("creditor_alias_not_found", "failed ZPUNP08"),
        ("alias_resolution_service_unavailable", "failed ZPUNP06"),
    ];
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    for (number, (ending, _)) in table.into_iter().enumerate() {
        let mut body = payment(&format!("P{number}"), "A1", 100);
        body["sandbox"] = json!({"simulate": ending, "delay": 5});
        assert_eq!(
            rig.post("/v1/payto/payments", body).await.0,
            201,
            "{ending}"
        );
    }
    rig.pass(5).await;
    assert_eq!(rig.payment_state("P2").await, "under_investigation");
    rig.pass(60).await;
    for (number, (ending, state)) in table.into_iter().enumerate() {
        assert_eq!(
            rig.payment_state(&format!("P{number}")).await,
            state,
            "{ending}"
        );
    }
}
