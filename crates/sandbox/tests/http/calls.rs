//! What may befall a call, and what the body has to look like.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Rig, TOKEN, adhoc, agreement, codes, payment};

async fn rig_with(faults: Value) -> Rig {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    set(&rig, faults).await;
    rig
}

async fn set(rig: &Rig, faults: Value) {
    let (status, answer) = rig.put("/sandbox/faults", faults).await;
    assert_eq!(status, 200, "{answer}");
}

async fn raw_pay(rig: &Rig, uid: &str) -> reqwest::Result<reqwest::Response> {
    let request = rig.http.post(format!("{}/v1/payto/payments", rig.base));
    let request = request.bearer_auth(TOKEN).timeout(Duration::from_secs(10));
    request.json(&payment(uid, "A1", 100)).send().await
}

async fn is_known(rig: &Rig, uid: &str) -> bool {
    set(rig, json!({})).await;
    rig.get(&format!("/v1/payto/payments/{uid}")).await.0 == 200
}

#[tokio::test]
async fn a_limited_call_is_told_when_to_come_again_and_is_not_carried_out() {
    let rig = rig_with(json!({"limit_calls": 100, "retry_after_seconds": 7})).await;
    let answer = raw_pay(&rig, "P1").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert!(!is_known(&rig, "P1").await);
}

#[tokio::test]
async fn an_error_may_come_before_or_after_the_deed() {
    let rig = rig_with(json!({"errors_before": 100, "error_status": 502})).await;
    assert_eq!(raw_pay(&rig, "P1").await.unwrap().status(), 502);
    assert!(!is_known(&rig, "P1").await);
    set(&rig, json!({"errors_after": 100})).await;
    assert_eq!(raw_pay(&rig, "P2").await.unwrap().status(), 500);
    assert!(is_known(&rig, "P2").await);
}

#[tokio::test]
async fn an_answer_may_be_no_json_although_the_deed_is_done() {
    let rig = rig_with(json!({"garbage": 100})).await;
    let answer = raw_pay(&rig, "P1").await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.is_err());
    assert!(is_known(&rig, "P1").await);
}

#[tokio::test]
async fn an_answer_may_break_off_although_the_deed_is_done() {
    let rig = rig_with(json!({"truncate": 100})).await;
    let answer = raw_pay(&rig, "P1").await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(answer.bytes().await.is_err());
    assert!(is_known(&rig, "P1").await);
}

#[tokio::test]
async fn a_slow_call_outlasts_an_impatient_caller() {
    let rig = rig_with(json!({"latency_ms": 60_000})).await;
    let request = rig.http.get(format!("{}/v1/payto/agreements/A1", rig.base));
    let request = request
        .bearer_auth(TOKEN)
        .timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn faults_strike_only_the_operations_that_are_meant() {
    let rig = rig_with(json!({"errors_before": 100, "operations": ["show_payment"]})).await;
    assert_eq!(raw_pay(&rig, "P1").await.unwrap().status(), 201);
    assert_eq!(rig.get("/v1/payto/payments/P1").await.0, 500);
    let struck = rig.get("/sandbox/faults").await.1;
    assert_eq!(struck["struck"]["errors_before"], 1);
}

#[tokio::test]
async fn the_same_seed_breaks_the_same_calls() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let rig = rig_with(json!({"seed": 5, "errors_before": 50})).await;
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(rig.get("/v1/payto/agreements/A1").await.0);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

#[tokio::test]
async fn a_hidden_payment_is_found_later_and_counts_all_the_while() {
    let rig = rig_with(json!({"hide_payments": 100, "hide_seconds": 60})).await;
    assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
    let list = || rig.get("/v1/payto/payments");
    assert_eq!(rig.get("/v1/payto/payments/P1").await.0, 404);
    assert_eq!(list().await.1["data"], json!([]));
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY00"]);
    rig.pass(60).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
    assert_eq!(list().await.1["data"][0]["uid"], "P1");
}

#[tokio::test]
async fn a_failed_payment_may_settle_by_itself_later() {
    let faults = json!({"settle_failed": 100, "settle_failed_after_seconds": 600});
    let rig = rig_with(faults).await;
    rig.payer(json!({"short_first": 1})).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AM04");
    rig.pass(600).await;
    assert_eq!(rig.payment_state("P1").await, "settled");
}

#[tokio::test]
async fn oligo_may_be_out_now_or_for_a_stretch_of_time() {
    let rig = Rig::start().await;
    rig.put("/sandbox/outages", json!({"down": true})).await;
    assert_eq!(rig.propose(agreement("A1", adhoc())).await.0, 503);
    let window = json!({"from_at": "2026-06-01T01:00:00Z", "until_at": "2026-06-01T02:00:00Z"});
    rig.put("/sandbox/outages", json!({"windows": [window]}))
        .await;
    let mut seen = Vec::new();
    for at in [
        "2026-06-01T00:59:59Z",
        "2026-06-01T01:00:00Z",
        "2026-06-01T02:00:00Z",
    ] {
        rig.wait_until(at).await;
        seen.push(rig.get("/v1/payto/agreements").await.0);
    }
    assert_eq!(seen, [200, 503, 200]);
}

#[tokio::test]
async fn an_outage_may_cut_or_hold_the_connection() {
    let rig = Rig::start().await;
    for how in ["cut", "hang"] {
        let outage = json!({"down": true, "how": how, "hang_ms": 20});
        assert_eq!(rig.put("/sandbox/outages", outage).await.0, 200);
        let request = rig.http.get(format!("{}/v1/payto/agreements", rig.base));
        let lost = request.bearer_auth(TOKEN).send().await.unwrap_err();
        assert!(lost.is_request(), "{how}");
    }
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let rig = Rig::start().await;
    let table = [
        ("application/json; charset=utf-8", r#"{"uid":"A1"}"#, 422),
        ("application/json", "{\"uid\":", 400),
        ("application/json", "[]", 400),
        ("application/json", "", 422),
        ("text/plain", r#"{"uid":"A1"}"#, 400),
        ("application/x-www-form-urlencoded", "uid=A1", 400),
    ];
    for (kind, body, expected) in table {
        let request = rig.http.post(format!("{}/v1/payto/agreements", rig.base));
        let request = request
            .bearer_auth(TOKEN)
            .header("content-type", kind)
            .body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected, "{kind} {body}");
        assert_eq!(answer.headers()["content-type"], "application/json");
        let errors: Value = answer.json().await.unwrap();
        assert!(errors["errors"][0]["title"].is_string());
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_a_400_as_well() {
    let rig = Rig::start().await;
    let mut body = agreement("A1", adhoc());
    body["description"] = json!("x".repeat(70_000));
    let answer = rig.propose(body).await;
    assert_eq!((answer.0, codes(&answer)), (400, vec![""]));
}

#[tokio::test]
async fn a_path_that_names_nothing_possible_is_not_found() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/v1/payto/agreements/%ff").await.0, 404);
    assert_eq!(codes(&rig.retry("%ff", json!({})).await), ["ZPPRY00"]);
}

#[tokio::test]
async fn a_cancellation_with_wrong_fields_is_a_400_for_its_422_has_no_code_for_them() {
    let rig = rig_with(json!({})).await;
    for body in [
        json!({}),
        json!({"reason": "bored"}),
        json!({"reason": "narrative", "why": 1}),
    ] {
        let answer = rig.post("/v1/payto/agreements/A1/cancellation", body).await;
        assert_eq!((answer.0, codes(&answer)), (400, vec![""]));
    }
}
