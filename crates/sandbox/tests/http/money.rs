//! What a payer has: balances, paydays, another account.

use serde_json::{Value, json};

use crate::rig::{ACCOUNT, Receiver, Rig, adhoc};

async fn balance(rig: &Rig) -> Value {
    let (_, payers) = rig.get("/sandbox/payers").await;
    let all = payers["payers"].as_array().unwrap();
    let found = all
        .iter()
        .find(|payer| payer["account"]["value"] == ACCOUNT);
    found.unwrap()["behaviour"]["balance_cents"].clone()
}

async fn pay(rig: &Rig, uid: &str, amount: i64) -> String {
    assert_eq!(rig.pay(uid, "A1", amount).await.0, 201);
    rig.pass(3).await;
    rig.payment_state(uid).await
}

#[tokio::test]
async fn a_balance_goes_down_with_payments_and_up_on_paydays() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let payday = json!({"first_date": "2026-06-04", "every": "fortnightly", "amount_cents": 300});
    rig.payer(json!({"balance_cents": 250, "payday": payday}))
        .await;
    assert_eq!(pay(&rig, "P1", 200).await, "settled");
    assert_eq!(balance(&rig).await, 50);
    assert_eq!(pay(&rig, "P2", 51).await, "failed AM04");
    rig.wait_until("2026-06-03T14:00:00Z").await;
    assert_eq!(balance(&rig).await, 350);
    assert_eq!(rig.retry("P2", json!({})).await.0, 202);
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P2").await, "settled");
    rig.wait_until("2026-06-18T00:00:00Z").await;
    assert_eq!(balance(&rig).await, 599);
}

#[tokio::test]
async fn what_is_missing_when_the_bank_looks_is_what_counts() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.payer(json!({"balance_cents": 100})).await;
    for uid in ["P1", "P2"] {
        assert_eq!(rig.pay(uid, "A1", 100).await.0, 201);
    }
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
    assert_eq!(rig.payment_state("P2").await, "failed AM04");
}

#[tokio::test]
async fn an_agreement_moves_with_its_payer_to_another_account() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.activate("A1", adhoc()).await;
    rig.listen_at(&receiver).await;
    rig.payer(json!({"balance_cents": 0})).await;
    let account = json!({"type": "bban", "value": "062000-555"});
    let body = json!({"account": account, "party_name": "Robin Other"});
    let (status, _) = rig.post("/sandbox/agreements/A1/account", body).await;
    assert_eq!(status, 200);
    receiver.wait_for(1).await;
    let event = &receiver.seen()[0];
    assert_eq!(event.kind(), "payto_agreement.amended");
    let told = &event.body["data"]["body"];
    assert_eq!(told["caused_by"], "debtor");
    assert_eq!(told["changes"]["debtor"]["account_identifier"], account);
    let (_, shown) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(shown["data"]["debtor"], told["changes"]["debtor"]);
    assert_eq!(pay(&rig, "P1", 100).await, "settled");
}

#[tokio::test]
async fn only_a_living_agreement_moves() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let body = json!({"account": {"type": "bban", "value": "062000-555"}});
    let path = "/sandbox/agreements/A1/account";
    let cancel = json!({"decision": "cancel"});
    rig.post("/sandbox/agreements/A1/decision", cancel).await;
    assert_eq!(rig.post(path, body.clone()).await.0, 409);
    assert_eq!(
        rig.post("/sandbox/agreements/A9/account", body).await.0,
        404
    );
}
