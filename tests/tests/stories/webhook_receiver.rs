//! The receiver of webhooks: what it takes, what it keeps, and how often it is digested.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use e2e::world::{PlanHandle, World};

use crate::told::weekly;

/// What became of each kept webhook, in the order of their request ids.
async fn outcomes(world: &World) -> Vec<(String, String)> {
    sqlx::query_as("select request_id, outcome from webhook order by request_id")
        .fetch_all(world.pool())
        .await
        .unwrap()
}

fn event(id: &str, kind: &str, uid: &str, body: &Value) -> Value {
    json!({
        "data": {
            "id": id,
            "type": kind,
            "published_at": "2026-01-05T11:00:00.000+11:00",
            "resource_uid": uid,
            "resource_type": "payto_agreement",
            "body": body,
        },
        "links": { "resource": format!("/payto/agreements/{uid}") },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_told_again_under_another_request_id_is_kept_and_digested_once() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let uid = &plan.agreement_uid;
    let told = event("event-1", "payto_agreement.activated", uid, &Value::Null);
    let other = event("event-2", "payto_agreement.activated", uid, &Value::Null);

    for (request_id, told) in [("a", &told), ("a", &told), ("b", &told), ("c", &other)] {
        assert_eq!(world.forge_webhook(request_id, told).await, StatusCode::OK);
        world.settle().await;
    }

    let became = outcomes(&world).await;
    let became: Vec<_> = became
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(became, [("a", "asked"), ("b", "repeated"), ("c", "asked")]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_events_id_told_of_another_object_keeps_nothing_from_being_asked_about() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let kind = "payto_agreement.suspended";
    let forged = event("event-1", kind, "somebody-elses", &Value::Null);
    let real = event("event-1", kind, &plan.agreement_uid, &Value::Null);

    world.suspend(&plan).await;
    for (request_id, told) in [("a", &forged), ("b", &real)] {
        world.forge_webhook(request_id, told).await;
        world.settle().await;
    }

    let became = outcomes(&world).await;
    assert_eq!([&became[0].1, &became[1].1], ["unknown_uid", "asked"]);
    assert_eq!(world.plan(&plan).await.agreement.state, "suspended");
    world.finish().await;
}

/// Every event of the provider's contract, as its own examples write it, about this plan's agreement.
fn every_event(plan: &PlanHandle) -> Vec<Value> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/oligo-client/tests/examples");
    let mut events = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("webhook.") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut event: Value = serde_json::from_str(&text).unwrap();
            event["data"]["id"] = json!(name);
            event["data"]["resource_uid"] = json!(plan.agreement_uid);
            events.push(event);
        }
    }
    assert!(20 < events.len(), "{} examples", events.len());
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_documented_or_not_makes_us_ask() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let uid = &plan.agreement_uid;
    let why = json!({ "code": "ZPUNP07", "title": "t", "detail": "d" });
    let mut events = every_event(&plan);
    for name in ["reason", "failure"] {
        let body = json!({ name: why });
        events.push(event(name, "payto_agreement.failed", uid, &body));
    }
    events.push(event("new", "payto_agreement.renewed", uid, &json!([1, 2])));

    for (number, told) in events.iter().enumerate() {
        let status = world.forge_webhook(&format!("{number:02}"), told).await;
        assert_eq!(status, StatusCode::OK);
    }
    world.settle().await;

    for (told, (_, outcome)) in events.iter().zip(outcomes(&world).await) {
        let expected = match told["data"]["resource_type"].as_str().unwrap() {
            "payto_agreement" => "asked",
            // The uid is an agreement's, and no payment has it.
            "payto_payment" => "unknown_uid",
            _ => "not_ours",
        };
        assert_eq!(outcome, expected, "{}", told["data"]["type"]);
    }
    let told = world.plan(&plan).await;
    let stands = (told.state.as_str(), told.agreement.state.as_str());
    assert_eq!(stands, ("active", "active"), "none of it was believed");
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_kept_whatever_it_is_and_only_its_size_is_held_against_it() {
    let world = World::builder().without_webhooks().build().await;
    let deep = "[".repeat(30_000).into_bytes();
    let nul = br#"{"data":{"id":"\u0000","type":"payto_agreement.activated",
        "resource_uid":"a\u0000b","resource_type":"payto_agreement","body":null}}"#;
    let bodies: [(&str, &str, Vec<u8>); 6] = [
        ("1", "application/json; charset=utf-8", b"{}".to_vec()),
        ("2", "text/plain", b"not JSON".to_vec()),
        ("3", "application/octet-stream", vec![0xff, 0x00, 0x7b]),
        ("4", "application/json", deep),
        ("5", "application/json", nul.to_vec()),
        ("6", "application/json", vec![b' '; 64 * 1024]),
    ];

    for (request_id, media_type, body) in bodies {
        let headers = [
            ("split-request-id", request_id),
            ("content-type", media_type),
        ];
        assert_eq!(
            world.deliver_until_kept(&headers, &body).await,
            StatusCode::OK,
            "{request_id}"
        );
    }
    // Neither a media type nor a request id: the body itself is what makes it the same.
    for _ in 0..2 {
        assert_eq!(world.deliver_until_kept(&[], b"bare").await, StatusCode::OK);
    }
    let too_large = world.deliver(&[], vec![b' '; 64 * 1024 + 1]).await;
    assert_eq!(too_large, StatusCode::PAYLOAD_TOO_LARGE);
    world.settle().await;

    let became = outcomes(&world).await;
    assert_eq!(became.len(), 7);
    assert!(
        became.iter().all(|(_, outcome)| outcome == "unreadable"),
        "{became:?}"
    );
    world.finish().await;
}

/// Signed with `1234` at 2018-01-01 02:00:00 UTC: the provider's own example.
const SIGNATURE: &str =
    "1514772000.f04cb05adb985b29d84616fbf3868e8e58403ff819cdc47ad8fc47e6acbce29f";
const SIGNED: &[u8] = b"full payload of the request";

#[tokio::test(flavor = "multi_thread")]
async fn while_a_signing_secret_is_replaced_the_old_and_the_new_one_are_taken() {
    for (secrets, expected) in [
        (["1234", "new-secret"], StatusCode::OK),
        (["old-secret", "1234"], StatusCode::OK),
        (["old-secret", "new-secret"], StatusCode::UNAUTHORIZED),
    ] {
        let world = World::builder()
            .without_webhooks()
            .start_at("2018-01-01T02:04:59Z".parse().unwrap())
            .webhook_secrets(&secrets)
            .build()
            .await;
        let signed = [("split-signature", SIGNATURE)];
        assert_eq!(
            world.deliver_until_kept(&signed, SIGNED).await,
            expected,
            "{secrets:?}"
        );

        let refused = StatusCode::UNAUTHORIZED;
        assert_eq!(
            world.deliver(&[], SIGNED.to_vec()).await,
            refused,
            "unsigned"
        );
        let changed = [SIGNED, b"."].concat();
        assert_eq!(world.deliver(&signed, changed).await, refused, "changed");
        world.advance_by(chrono::TimeDelta::seconds(2)).await;
        assert_eq!(
            world.deliver_until_kept(&signed, SIGNED).await,
            refused,
            "too old"
        );

        let kept: i64 = sqlx::query_scalar("select count(*) from webhook where signed")
            .fetch_one(world.pool())
            .await
            .unwrap();
        assert_eq!(kept, i64::from(expected == StatusCode::OK));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_answered_without_a_word_to_the_provider() {
    let mut world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.stop_workers().await;
    world.wire().hang_up().await;

    let told = event(
        "1",
        "payto_agreement.activated",
        &plan.agreement_uid,
        &Value::Null,
    );
    assert_eq!(world.forge_webhook("1", &told).await, StatusCode::OK);

    world.wire().pick_up().await;
    world.start_worker();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_kept_at_once_is_asked_for_again_and_kept_once() {
    let mut world = World::builder().without_webhooks().build().await;
    world.stop_workers().await;
    let mut tx = world.pool().begin().await.unwrap();
    sqlx::query("lock table webhook in access exclusive mode")
        .execute(&mut *tx)
        .await
        .unwrap();

    // Answered while the table is locked: the answer does not wait for it.
    let headers = [("split-request-id", "1")];
    let status = world.deliver(&headers, b"{}".to_vec()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    tx.rollback().await.unwrap();
    let status = world.deliver(&headers, b"{}".to_vec()).await;
    assert_eq!(status, StatusCode::OK);

    world.start_worker();
    world.settle().await;
    assert_eq!(outcomes(&world).await.len(), 1);
    world.finish().await;
}
