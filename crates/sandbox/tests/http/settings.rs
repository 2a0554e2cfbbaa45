//! How the merchant stands with Oligo, how events are told, and what the sandbox says of itself.

use serde_json::{Value, json};

use crate::rig::{Receiver, Rig, TOKEN, adhoc, agreement, codes};
use sandbox::{Decision, SandboxConfig};

#[tokio::test]
async fn a_limit_says_how_much_it_allows_and_a_failed_payment_gives_its_share_back() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let limit = json!({"payments_per_day_cents": 10_000});
    assert_eq!(rig.put("/sandbox/settings", limit).await.0, 200);
    assert_eq!(rig.pay("P1", "A1", 9_000).await.0, 201);
    let answer = rig.pay("P2", "A1", 1_001).await;
    assert_eq!(codes(&answer), ["ZPPAY01"]);
    assert!(
        answer.1["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("$100.00")
    );
    rig.post("/sandbox/payments/P1/outcome", json!({"outcome": "fail"}))
        .await;
    assert_eq!(rig.pay("P2", "A1", 1_001).await.0, 201);
    rig.pass(86_400).await;
    assert_eq!(rig.pay("P3", "A1", 10_000).await.0, 201);
}

#[tokio::test]
async fn settings_stay_until_they_are_changed_or_reset() {
    let rig = Rig::start().await;
    let (_, before) = rig.get("/sandbox/settings").await;
    rig.put("/sandbox/settings", json!({"payment_max_cents": 5}))
        .await;
    let (_, after) = rig
        .put("/sandbox/settings", json!({"agreements_per_day": 3}))
        .await;
    assert_eq!(
        (&after["payment_max_cents"], &after["agreements_per_day"]),
        (&json!(5), &json!(3))
    );
    for wrong in [json!({"colour": 1}), json!([]), json!({"payers": "dance"})] {
        assert_eq!(rig.put("/sandbox/settings", wrong).await.0, 422);
    }
    rig.post("/sandbox/reset", json!({})).await;
    assert_eq!(rig.get("/sandbox/settings").await.1, before);
}

#[tokio::test]
async fn payers_approve_at_once_where_that_is_the_custom() {
    let rig = Rig::with(SandboxConfig {
        start_at: Some("2026-06-01T00:00:00Z".parse().unwrap()),
        payers: Decision::Approve,
        ..SandboxConfig::new(TOKEN)
    })
    .await;
    rig.propose(agreement("A1", adhoc())).await;
    rig.pass(1).await;
    assert_eq!(rig.agreement_state("A1").await, "active");
}

#[tokio::test]
async fn a_bank_may_suspend_after_failures_in_a_row() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.put("/sandbox/settings", json!({"suspend_after_failures": 2}))
        .await;
    for (uid, code, state) in [
        ("P1", "settle", "active"),
        ("P2", "fail", "active"),
        ("P3", "fail", "suspended"),
    ] {
        rig.pay(uid, "A1", 100).await;
        let path = format!("/sandbox/payments/{uid}/outcome");
        rig.post(&path, json!({"outcome": code})).await;
        assert_eq!(rig.agreement_state("A1").await, state, "{uid}");
    }
    let (_, shown) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(shown["data"]["state_reason"]["code"], "MSUC");
}

#[tokio::test]
async fn an_alias_may_have_to_be_resolved_within_the_day() {
    let rig = Rig::start().await;
    rig.put("/sandbox/settings", json!({"alias_must_be_resolved": true}))
        .await;
    let account = json!({"type": "alias_email", "value": "robin@example.com"});
    let mut body = agreement("A1", adhoc());
    body["debtor"]["account_identifier"] = account.clone();
    assert_eq!(codes(&rig.propose(body.clone()).await), ["ZPUNP07"]);
    let mut look = account;
    look["requester"] = json!({"id": "user-1", "remote_ip": "2001:db8::1"});
    let (status, answer) = rig.post("/v1/payto/alias_resolution", look).await;
    assert_eq!(
        (status, &answer["data"]["display_name"]),
        (200, &json!("Sandbox User"))
    );
    rig.pass(86_400).await;
    assert_eq!(rig.propose(body.clone()).await.0, 201);
    rig.pass(1).await;
    body["uid"] = json!("A2");
    assert_eq!(codes(&rig.propose(body).await), ["ZPUNP07"]);
}

#[tokio::test]
async fn an_event_is_signed_with_each_secret_at_the_instant_of_the_attempt() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    let (_, shown) = rig
        .put("/sandbox/webhooks", json!({"secrets": ["old", "new"]}))
        .await;
    assert_eq!(
        (&shown["secrets"], &shown["url"]),
        (&json!(2), &json!(receiver.url))
    );
    receiver.answer_with(500);
    rig.activate("A1", adhoc()).await;
    rig.pass(300).await;
    let signed: Vec<Vec<String>> = receiver
        .seen()
        .iter()
        .map(|event| {
            event
                .signature
                .clone()
                .unwrap()
                .split('.')
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let instants: Vec<&str> = signed.iter().map(|parts| parts[0].as_str()).collect();
    // 10:00:01 in Sydney on 1 June 2026, and five minutes later.
    assert_eq!(instants, ["1780272001", "1780272301"]);
    assert!(
        signed
            .iter()
            .all(|parts| parts.len() == 3 && parts[1] != parts[2])
    );
    assert!(receiver.seen()[0].text.starts_with('{'));
}

#[tokio::test]
async fn an_event_comes_again_only_once_where_that_is_the_rule() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.put(
        "/sandbox/webhooks",
        json!({"url": receiver.url, "redelivery": "once"}),
    )
    .await;
    receiver.answer_with(500);
    rig.activate("A1", adhoc()).await;
    rig.pass(86_400).await;
    assert_eq!(receiver.seen().len(), 2);
}

#[tokio::test]
async fn any_answer_takes_an_event_where_that_is_the_rule() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.put(
        "/sandbox/webhooks",
        json!({"url": receiver.url, "taken_by": "any_answer"}),
    )
    .await;
    receiver.answer_with(500);
    rig.activate("A1", adhoc()).await;
    rig.pass(86_400).await;
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn an_event_may_be_overtaken_by_the_next_one() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.activate("A1", adhoc()).await;
    rig.listen_at(&receiver).await;
    let decide = |what: &'static str| {
        let body = json!({"decision": what});
        rig.post("/sandbox/agreements/A1/decision", body)
    };
    rig.put("/sandbox/faults", json!({"reorder_webhooks": 100}))
        .await;
    decide("suspend").await;
    decide("reactivate").await;
    rig.pass(5).await;
    let expected = ["payto_agreement.reactivated", "payto_agreement.suspended"];
    assert_eq!(receiver.kinds(), expected);
    // With nothing to overtake it, an event leaves after a minute all the same.
    decide("cancel").await;
    rig.pass(59).await;
    assert_eq!(receiver.seen().len(), 2);
    rig.pass(1).await;
    assert_eq!(receiver.kinds()[2], "payto_agreement.cancelled");
}

#[tokio::test]
async fn a_silent_payment_can_be_shown_as_oligos_schema_has_it() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.post(
        "/sandbox/payments/P1/outcome",
        json!({"outcome": "pending"}),
    )
    .await;
    assert_eq!(rig.payment_state("P1").await, "pending");
    rig.put("/sandbox/settings", json!({"show_pending": false}))
        .await;
    assert_eq!(rig.payment_state("P1").await, "submitting");
    let (_, list) = rig.get("/v1/payto/payments?state=submitting").await;
    assert_eq!(list["data"][0]["uid"], "P1");
}

#[tokio::test]
async fn the_controls_are_listed_and_every_listed_get_answers() {
    let rig = Rig::start().await;
    let (status, listed) = rig.get("/sandbox").await;
    assert_eq!(status, 200);
    let controls = listed["controls"].as_array().unwrap();
    let gets = controls.iter().filter(|control| control["method"] == "GET");
    for control in gets {
        let path = control["path"].as_str().unwrap();
        assert_eq!(rig.get(path).await.0, 200, "{path}");
    }
    let puts = controls.iter().filter(|control| control["method"] == "PUT");
    for control in puts {
        let path = control["path"].as_str().unwrap();
        assert_ne!(control["body"], Value::Null, "{path}");
        assert_eq!(
            rig.put(path, control["body"].clone()).await.0,
            200,
            "{path}"
        );
    }
}
