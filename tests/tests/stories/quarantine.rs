//! Rows that ended three processes in a row: left alone, told, and attended to again by a person's word.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

/// Two plans, of one of which the payment under way has crashed three times.
async fn one_payment_in_quarantine() -> (World, PlanHandle, PlanHandle) {
    let world = World::builder().without_webhooks().build().await;
    let bad = world.active_plan(weekly("2026-01-12", 2)).await;
    let good = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&bad.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 07:00")).await;
    // As three processes would have left it.
    let crashed =
        sqlx::query("update payment set leases = 4, crashes = 3, wake_at = $1 where uid = $2");
    let uid = world.plan(&bad).await.only_payment().uid.clone();
    crashed
        .bind(world.now())
        .bind(&uid)
        .execute(world.pool())
        .await
        .unwrap();
    world.settle().await;
    (world, bad, good)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_in_quarantine_is_told_and_everything_else_goes_on() {
    let (world, bad, good) = one_payment_in_quarantine().await;

    let question = world.question("quarantined").await;
    assert_eq!(question["subject"], json!("payment"));
    assert_eq!(question["resolutions"], json!(["release"]));
    assert_eq!(question["plan_id"], json!(bad.id));
    let told = world.plan(&bad).await;
    assert_eq!(
        told.instalments[0].explanation["code"],
        json!("quarantined")
    );
    assert!(
        world
            .event_types(&bad)
            .await
            .contains(&"payment.quarantined".to_owned())
    );

    let uid = told.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;
    world.advance_to(sydney("2026-01-19 12:00")).await;
    assert_eq!(world.plan(&good).await.totals.collected, 2 * AMOUNT);
    // Undecided as it is, it holds the only place of this week as well.
    let waiting = &world.plan(&bad).await.instalments[1];
    assert_eq!(waiting.waiting_because.as_deref(), Some("no_free_slot"));

    let (status, told) = world.answer("quarantined", "release").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.plan(&bad).await.totals.collected, 2 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_released_from_quarantine_is_sent_if_it_never_left() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().hang_up().await;
    world.advance_to(sydney("2026-01-12 06:10")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "intended");
    sqlx::query("update payment set leases = 4, crashes = 3, wake_at = $1")
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
    world.settle().await;
    world.wire().pick_up().await;

    let (status, told) = world.answer("quarantined", "release").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_to(sydney("2026-01-12 12:00")).await;

    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    assert_eq!(world.ledger().await.payments[0].submissions, 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_in_quarantine_is_neither_sent_nor_missed_until_it_is_released() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    sqlx::query("update instalment set leases = 4, crashes = 3")
        .execute(world.pool())
        .await
        .unwrap();
    world.advance_to(sydney("2026-01-13 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].explanation["code"],
        json!("quarantined")
    );
    assert!(world.ledger().await.payments.is_empty());
    assert_eq!(
        world.question("quarantined").await["subject"],
        json!("instalment")
    );

    world.answer("quarantined", "release").await;
    world.advance_to(sydney("2026-01-13 13:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_in_quarantine_is_discarded_and_nothing_is_lost_by_it() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    sqlx::query(
        "insert into webhook
           (id, provider, request_id, body_sealed, signed, received_at, wake_at, leases, crashes)
         values (gen_random_uuid(), 'oligo', 'crashes', '', false, $1, $1, 4, 3)",
    )
    .bind(world.now())
    .execute(world.pool())
    .await
    .unwrap();
    world.advance_to(sydney("2026-01-12 12:00")).await;

    let (status, told) = world.answer("quarantined", "discard").await;

    assert_eq!(status, StatusCode::OK, "{told}");
    let outcome: String = sqlx::query_scalar("select outcome from webhook")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(outcome, "discarded");
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}
