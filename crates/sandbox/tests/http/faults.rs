//! Misfortune on demand.

use std::time::Duration;

use serde_json::json;

use crate::rig::{Receiver, Rig, TOKEN, adhoc, payment};

async fn rig_with_faults(faults: serde_json::Value) -> (Rig, Receiver) {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.activate("A1", adhoc()).await;
    rig.listen_at(&receiver).await;
    let (status, answer) = rig.put("/sandbox/faults", faults).await;
    assert_eq!(status, 200, "{answer}");
    (rig, receiver)
}

async fn pay_and_wait(rig: &Rig, count: usize) {
    for number in 0..count {
        assert_eq!(rig.pay(&format!("P{number}"), "A1", 100).await.0, 201);
    }
    rig.pass(3).await;
}

fn paid_uids(receiver: &Receiver) -> Vec<String> {
    let uid = |body: &serde_json::Value| body["data"]["resource_uid"].as_str().unwrap().to_owned();
    let mut uids: Vec<String> = receiver
        .seen()
        .iter()
        .map(|event| uid(&event.body))
        .collect();
    uids.sort();
    uids
}

#[tokio::test]
async fn a_lost_event_never_leaves_although_the_payment_settled() {
    let (rig, receiver) = rig_with_faults(json!({"seed": 1, "lose_webhooks": 100})).await;
    pay_and_wait(&rig, 3).await;
    rig.pass(3_600).await;
    assert!(receiver.seen().is_empty());
    assert_eq!(rig.payment_state("P0").await, "settled");
    assert_eq!(rig.get("/sandbox/faults").await.1["struck"]["lost"], 3);
    assert_eq!(rig.ledger().await["webhooks"]["lost"], 3);
}

#[tokio::test]
async fn the_same_seed_loses_the_same_events() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (rig, receiver) = rig_with_faults(json!({"seed": 42, "lose_webhooks": 50})).await;
        pay_and_wait(&rig, 20).await;
        runs.push(paid_uids(&receiver));
    }
    assert_eq!(runs[0], runs[1]);
    assert!(
        (1..20).contains(&runs[0].len()),
        "{} arrived",
        runs[0].len()
    );
}

#[tokio::test]
async fn a_repeated_event_comes_twice_under_one_request_id() {
    let (rig, receiver) = rig_with_faults(json!({"repeat_webhooks": 100})).await;
    pay_and_wait(&rig, 1).await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].request_id, seen[1].request_id);
    assert_eq!(rig.ledger().await["webhooks"]["repeated"], 1);
}

#[tokio::test]
async fn an_event_comes_as_often_as_was_asked_for() {
    let faults = json!({"repeat_webhooks": 100, "repeat_times": 4});
    let (rig, receiver) = rig_with_faults(faults).await;
    pay_and_wait(&rig, 1).await;
    assert_eq!(receiver.seen().len(), 5);
    for times in [0, 21] {
        let faults = json!({"repeat_webhooks": 100, "repeat_times": times});
        let (status, told) = rig.put("/sandbox/faults", faults).await;
        assert_eq!(
            (status, &told["detail"]),
            (422, &json!("repeat_times is 1 to 20"))
        );
    }
}

#[tokio::test]
async fn a_delayed_event_comes_late() {
    let faults = json!({"delay_webhooks": 100, "delay_seconds": 600});
    let (rig, receiver) = rig_with_faults(faults).await;
    pay_and_wait(&rig, 1).await;
    rig.pass(599).await;
    assert!(receiver.seen().is_empty());
    rig.pass(1).await;
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn an_accepted_payment_may_never_be_answered() {
    let faults = json!({"accept_then_hang_every": 2, "hang_ms": 30});
    let (rig, _receiver) = rig_with_faults(faults).await;
    assert_eq!(rig.pay("P0", "A1", 100).await.0, 201);
    let request = rig
        .http
        .post(format!("{}/v1/payto/payments", rig.base))
        .bearer_auth(TOKEN);
    let lost = request.json(&payment("P1", "A1", 100)).send().await;
    assert!(
        lost.unwrap_err().is_request(),
        "the connection closes without an answer"
    );
    assert_eq!(rig.payment_state("P1").await, "created");
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
    assert_eq!(rig.get("/sandbox/faults").await.1["struck"]["hung"], 1);
}

#[tokio::test]
async fn a_refused_payment_does_not_count_towards_the_next_hanging_one() {
    let faults = json!({"accept_then_hang_every": 2, "hang_ms": 30});
    let (rig, _receiver) = rig_with_faults(faults).await;
    for _ in 0..4 {
        assert_eq!(rig.pay("P0", "A1", 65_001).await.0, 422);
    }
    assert_eq!(rig.pay("P0", "A1", 100).await.0, 201);
}

#[tokio::test]
async fn an_accepted_retry_may_never_be_answered() {
    let (rig, _receiver) = rig_with_faults(json!({})).await;
    rig.payer(json!({"short_first": 1})).await;
    pay_and_wait(&rig, 1).await;
    rig.put(
        "/sandbox/faults",
        json!({"accept_then_hang_every": 1, "hang_ms": 30}),
    )
    .await;
    let url = format!("{}/v1/payto/payments/P0/retry", rig.base);
    let lost = rig
        .http
        .post(url)
        .bearer_auth(TOKEN)
        .json(&json!({}))
        .send()
        .await;
    assert!(lost.is_err());
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P0").await, "settled");
    assert_eq!(rig.ledger().await["payments"][0]["submissions"], 2);
}

#[tokio::test]
async fn a_hanging_answer_holds_the_caller_for_as_long_as_it_says() {
    let faults = json!({"accept_then_hang_every": 1, "hang_ms": 60_000});
    let (rig, _receiver) = rig_with_faults(faults).await;
    let request = rig
        .http
        .post(format!("{}/v1/payto/payments", rig.base))
        .bearer_auth(TOKEN);
    let body = payment("P1", "A1", 100);
    let waited = request
        .json(&body)
        .timeout(Duration::from_millis(150))
        .send()
        .await;
    assert!(waited.unwrap_err().is_timeout());
    assert_eq!(rig.payment_state("P1").await, "created");
}
