//! Telling the initiator.

use serde_json::{Value, json};

use crate::rig::{Receiver, Rig, adhoc, payment};

async fn rig_with_receiver() -> (Rig, Receiver) {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    (rig, receiver)
}

#[tokio::test]
async fn an_event_names_its_resource_and_carries_no_state() {
    let (rig, receiver) = rig_with_receiver().await;
    rig.activate_from("A1", adhoc(), json!({"metadata": {"loan": "40217"}}))
        .await;
    let mut body = payment("P1", "A1", 100);
    body["sandbox"] = json!({"simulate": "insufficient_funds"});
    rig.post("/v1/payto/payments", body).await;
    rig.pass(3).await;

    let seen = receiver.seen();
    assert_eq!(
        receiver.kinds(),
        ["payto_agreement.activated", "payto_payment.failed"]
    );
    let (activated, failed) = (&seen[0].body, &seen[1].body);
    assert_eq!(activated["data"]["resource_uid"], "A1");
    assert_eq!(activated["data"]["resource_type"], "payto_agreement");
    assert_eq!(
        activated["data"]["resource_metadata"],
        json!({"loan": "40217"})
    );
    assert_eq!(
        activated["data"]["published_at"],
        "2026-06-01T10:00:01.000+10:00"
    );
    assert_eq!(activated["links"]["resource"], "/payto/agreements/A1");
    assert_eq!(
        activated["data"]["body"]["mms_agreement_id"]
            .as_str()
            .unwrap()
            .len(),
        32
    );
    assert_eq!(failed["data"]["body"]["failure"]["code"], "AM04");
    assert_eq!(failed["data"]["body"]["failure"]["retryable"], true);
    assert_eq!(failed["links"]["resource"], "/payto/payments/P1");
    assert!(activated["data"].get("state").is_none());
    assert_ne!(seen[0].request_id, seen[1].request_id);
}

#[tokio::test]
async fn every_turn_of_a_payment_that_has_an_event_is_told() {
    let (rig, receiver) = rig_with_receiver().await;
    rig.payer(json!({"silent_on": ["2026-06-01"]})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(41 * 3_600).await;
    rig.post("/sandbox/payments/P1/outcome", json!({"outcome": "settle"}))
        .await;
    receiver.wait_for(4).await;
    let expected = ["pending", "under_investigation", "settled"];
    let expected = expected.map(|word| format!("payto_payment.{word}"));
    assert_eq!(receiver.kinds()[1..], expected);
    assert_eq!(receiver.seen()[3].body["data"]["body"], Value::Null);
}

#[tokio::test]
async fn an_event_that_is_not_taken_comes_again_every_five_minutes_for_an_hour() {
    let (rig, receiver) = rig_with_receiver().await;
    receiver.answer_with(500);
    rig.activate("A1", adhoc()).await;
    assert_eq!(receiver.seen().len(), 1);
    rig.wait_until("2026-06-01T00:05:00Z").await;
    assert_eq!(receiver.seen().len(), 1);
    rig.wait_until("2026-06-01T00:05:01Z").await;
    assert_eq!(receiver.seen().len(), 2);
    rig.wait_until("2026-06-01T12:00:00Z").await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 13);
    assert!(
        seen.iter()
            .all(|event| event.request_id == seen[0].request_id)
    );
    assert!(seen.iter().all(|event| event.body == seen[0].body));
    assert_eq!(rig.ledger().await["webhooks"]["failed"], 1);
}

#[tokio::test]
async fn an_event_is_delivered_by_any_2xx_or_3xx_and_then_comes_no_more() {
    for status in [200, 204, 302] {
        let (rig, receiver) = rig_with_receiver().await;
        receiver.answer_with(503);
        rig.activate("A1", adhoc()).await;
        receiver.answer_with(status);
        rig.pass(24 * 3_600).await;
        assert_eq!(receiver.seen().len(), 2, "{status}");
        assert_eq!(rig.ledger().await["webhooks"]["delivered"], 1, "{status}");
    }
}

#[tokio::test]
async fn nobody_listening_delays_nothing() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let (_, clock) = rig.get("/sandbox/clock").await;
    let expiry = "2026-06-06T00:00:00Z";
    assert_eq!(clock["next_event_at"], expiry);
}
