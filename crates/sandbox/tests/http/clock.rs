//! The sandbox's clock.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use sandbox::SandboxConfig;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::rig::{Receiver, Rig, START, TOKEN, adhoc, agreement, twice_monthly};

#[tokio::test]
async fn a_frozen_clock_shows_its_start_and_the_next_event() {
    let rig = Rig::start().await;
    let (_, clock) = rig.get("/sandbox/clock").await;
    let expected = json!({"now_at": START, "running": false, "version": 0, "next_event_at": null});
    assert_eq!(clock, expected);
    rig.propose(agreement("A1", twice_monthly())).await;
    let (_, clock) = rig.get("/sandbox/clock").await;
    assert_eq!(clock["next_event_at"], "2026-06-01T00:00:01Z");
}

#[tokio::test]
async fn the_clock_never_goes_back() {
    let rig = Rig::start().await;
    let (status, problem) = rig
        .put("/sandbox/clock", json!({"now_at": "2026-05-31T23:59:59Z"}))
        .await;
    assert_eq!((status, &problem["status"]), (409, &json!(409)));
    assert_eq!(rig.get("/sandbox/clock").await.1["version"], 0);
}

#[tokio::test]
async fn one_long_move_runs_everything_at_its_own_instant_and_in_order() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    rig.payer(json!({"decision": "approve", "decide_after_seconds": 3_600}))
        .await;
    rig.propose(agreement("A1", twice_monthly())).await;
    rig.pass(1_800).await;
    rig.propose(agreement("A2", twice_monthly())).await;
    rig.wait_until("2026-07-01T00:00:00Z").await;
    let told: Vec<(String, String)> = receiver
        .seen()
        .iter()
        .map(|event| {
            let text = |key: &str| event.body["data"][key].as_str().unwrap().to_owned();
            (text("resource_uid"), text("published_at"))
        })
        .collect();
    let expected = [
        ("A1".to_owned(), "2026-06-01T11:00:01.000+10:00".to_owned()),
        ("A2".to_owned(), "2026-06-01T11:30:01.000+10:00".to_owned()),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn two_moves_at_once_run_every_timer_once() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    rig.activate("A1", adhoc()).await;
    for number in 0..20 {
        rig.pay(&format!("P{number}"), "A1", 100).await;
    }
    let later = json!({"now_at": "2026-06-02T00:00:00Z"});
    let (first, second) = tokio::join!(
        rig.put("/sandbox/clock", later.clone()),
        rig.put("/sandbox/clock", later)
    );
    assert_eq!((first.0, second.0), (200, 200));
    let settled = receiver
        .kinds()
        .iter()
        .filter(|kind| *kind == "payto_payment.settled")
        .count();
    assert_eq!(settled, 20);
    assert_eq!(rig.ledger().await["totals"]["settled_cents"], 2_000);
}

#[tokio::test]
async fn a_long_poll_ends_when_the_clock_is_moved_and_not_before() {
    let rig = Rig::start().await;
    let (_, held) = rig.get("/sandbox/clock?after_version=0&wait_ms=20").await;
    assert_eq!(held["version"], 0);
    let (polled, ()) = tokio::join!(
        rig.get("/sandbox/clock?after_version=0&wait_ms=60000"),
        rig.wait_until("2026-06-01T00:00:10Z"),
    );
    assert!(0 < polled.1["version"].as_u64().unwrap());
    assert_eq!(polled.1["now_at"], "2026-06-01T00:00:10Z");
}

#[tokio::test]
async fn a_running_clock_needs_no_hand() {
    let rig = Rig::with(SandboxConfig::new(TOKEN)).await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    let (_, clock) = rig.get("/sandbox/clock").await;
    assert_eq!(clock["running"], true);
    rig.payer(json!({"decision": "approve"})).await;
    rig.propose(agreement("A1", twice_monthly())).await;
    receiver.wait_for(1).await;
    assert_eq!(rig.agreement_state("A1").await, "active");
    // Frozen, then set running again, it goes on from where it stood.
    let (_, frozen) = rig.put("/sandbox/clock", json!({"running": false})).await;
    assert_eq!(frozen["running"], false);
    let (_, running) = rig.put("/sandbox/clock", json!({"running": true})).await;
    assert_eq!(running["running"], true);
    assert!(frozen["now_at"].as_str() <= running["now_at"].as_str());
}

#[tokio::test]
async fn a_long_poll_does_not_hold_up_the_end() {
    let rig = Rig::start().await;
    let url = format!("{}/sandbox/clock?after_version=0&wait_ms=60000", rig.base);
    let polling = tokio::spawn(rig.http.get(url).send());
    assert_eq!(rig.get("/sandbox/health").await.0, 200);
    tokio::time::timeout(Duration::from_secs(10), rig.stop())
        .await
        .unwrap();
    drop(polling.await);
}

#[tokio::test]
async fn a_reset_forgets_everything_but_the_time() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let before = rig.now().await;
    assert_eq!(rig.post("/sandbox/reset", json!({})).await.0, 204);
    assert_eq!(rig.get("/v1/payto/agreements/A1").await.0, 404);
    let ledger = rig.ledger().await;
    assert_eq!(
        (&ledger["agreements"], &ledger["refusals"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(rig.now().await, before);
}

/// A receiver that tells what the sandbox's clock shows, then waits for leave to answer.
async fn watchful_receiver(rig: &Rig, leave: Arc<Semaphore>) -> (String, UnboundedReceiver<Value>) {
    let (shown, watched) = unbounded_channel();
    let (http, url) = (rig.http.clone(), format!("{}/sandbox/clock", rig.base));
    let receive = async move || {
        let clock: Value = http.get(url).send().await.unwrap().json().await.unwrap();
        shown.send(clock["now_at"].clone()).unwrap();
        leave.acquire().await.unwrap().forget();
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(receive));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, watched)
}

#[tokio::test]
async fn whoever_is_told_of_an_event_finds_the_clock_at_its_instant() {
    let rig = Rig::start().await;
    let (url, mut watched) = watchful_receiver(&rig, Arc::new(Semaphore::new(9))).await;
    rig.put("/sandbox/webhooks", json!({"url": url})).await;
    rig.activate("A1", adhoc()).await;
    rig.pay("P1", "A1", 100).await;
    rig.wait_until("2026-06-02T00:00:00Z").await;
    assert_eq!(watched.recv().await.unwrap(), "2026-06-01T00:00:01Z");
    assert_eq!(watched.recv().await.unwrap(), "2026-06-01T00:00:05Z");
}

#[tokio::test]
async fn a_second_move_waits_for_the_first() {
    let rig = Rig::start().await;
    let leave = Arc::new(Semaphore::new(0));
    let (url, mut watched) = watchful_receiver(&rig, leave.clone()).await;
    rig.put("/sandbox/webhooks", json!({"url": url})).await;
    rig.payer(json!({"decision": "approve"})).await;
    rig.propose(agreement("A1", twice_monthly())).await;
    let moves = |to: &str| {
        let request = rig.http.put(format!("{}/sandbox/clock", rig.base));
        request.json(&json!({"now_at": to}))
    };
    let first = tokio::spawn(moves("2026-06-01T01:00:00Z").send());
    assert_eq!(watched.recv().await.unwrap(), "2026-06-01T00:00:01Z");
    let hurried = moves("2026-06-01T02:00:00Z").timeout(Duration::from_millis(150));
    assert!(hurried.send().await.unwrap_err().is_timeout());
    assert_eq!(
        rig.get("/sandbox/clock").await.1["now_at"],
        "2026-06-01T00:00:01Z"
    );
    leave.add_permits(1);
    let moved: Value = first.await.unwrap().unwrap().json().await.unwrap();
    assert!(moved["now_at"].as_str() < Some("2026-06-01T02:00:01Z"));
    rig.wait_until("2026-06-01T03:00:00Z").await;
    assert_eq!(rig.agreement_state("A1").await, "active");
}
