//! What an operator does.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use e2e::world::{WireMode, World};

use crate::told::{AMOUNT, regular, sydney, weekly};

/// Opens or closes the kill switch of everything.
pub async fn set_collections(world: &World, open: bool) {
    let moved = sqlx::query(
        "update control set collections_open = $1, changed_at = $2, reason = 'a story'
         where scope = 'all'",
    )
    .bind(open)
    .bind(world.now())
    .execute(world.pool())
    .await
    .unwrap();
    assert_eq!(moved.rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_stops_sending_and_opening_it_lets_collection_go_on() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    set_collections(&world, false).await;

    world.advance_to(sydney("2026-01-13 12:00")).await;
    let waiting = &world.plan(&plan).await.instalments[0];
    assert_eq!(waiting.state, "scheduled");
    assert_eq!(
        waiting.waiting_because.as_deref(),
        Some("collections_stopped")
    );
    assert!(world.ledger().await.payments.is_empty());

    set_collections(&world, true).await;
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_holds_retries_back_too() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    set_collections(&world, false).await;

    world.advance_to(sydney("2026-01-14 12:00")).await;
    assert_eq!(world.ledger().await.payments[0].submissions, 1);

    set_collections(&world, true).await;
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.ledger().await.payments[0].submissions, 2);
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_started_when_the_kill_switch_closes_does_not_start() {
    const PLANS: usize = 80;
    // Longer than the bank is held.
    let patient = Duration::from_secs(60);
    let world = World::builder()
        .with_wire()
        .provider_timeout(patient)
        .build()
        .await;
    for _ in 0..PLANS {
        let customer = world.register_customer().await;
        world
            .payer(&customer, json!({ "decision": "approve" }))
            .await;
        world
            .register_plan(&customer, weekly("2026-01-12", 1))
            .await;
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().set(WireMode::HoldPayments);
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    world.wire().kept(1).await;
    set_collections(&world, false).await;
    let started: i64 = sqlx::query_scalar("select count(*) from payment")
        .fetch_one(world.pool())
        .await
        .unwrap();
    let started = usize::try_from(started).unwrap();
    assert!(started < PLANS, "all {started} had started");

    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.ledger().await.payments.len(), started);

    set_collections(&world, true).await;
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.ledger().await.totals.settled_count, PLANS);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_opened_on_the_last_evening_of_a_daily_window_still_collects() {
    let world = World::builder().build().await;
    let plan = world.active_plan(regular("daily", "2026-01-12", 2)).await;
    set_collections(&world, false).await;
    world.advance_to(sydney("2026-01-12 21:05")).await;
    assert_eq!(world.plan(&plan).await.states(), ["scheduled", "scheduled"]);

    set_collections(&world, true).await;
    world.advance_to(sydney("2026-01-13 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "collected"]);
    world.finish().await;
}
