//! What an operator does.

use chrono::TimeDelta;

use e2e::world::World;

use crate::told::{AMOUNT, sydney, weekly};

async fn set_collections(world: &World, open: bool) {
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
        .payer(&plan.customer, serde_json::json!({ "short_first": 1 }))
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
