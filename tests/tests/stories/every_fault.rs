//! Everything that can go wrong between Paydown and its provider, at once.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;

use e2e::world::World;

use crate::told::{AMOUNT, sydney, weekly};

/// The bank's misfortunes, each by the name under which it is counted.
const MISFORTUNES: [&str; 12] = [
    "lost",
    "repeated",
    "delayed",
    "reordered",
    "hung",
    "limited",
    "errors_before",
    "errors_after",
    "garbage",
    "truncated",
    "hidden",
    "settled_late",
];

#[tokio::test(flavor = "multi_thread")]
async fn with_every_fault_at_once_the_banks_ledger_and_ours_end_the_same() {
    let faults = json!({
        "seed": 11,
        "lose_webhooks": 20, "repeat_webhooks": 20, "reorder_webhooks": 20,
        "delay_webhooks": 20, "delay_seconds": 90_000,
        "accept_then_hang_every": 9, "hang_ms": 5_000,
        "latency_ms": 1, "latency_spread_ms": 4,
        "limit_calls": 5, "retry_after_seconds": 0,
        "errors_before": 6, "errors_after": 6, "error_status": 503,
        "garbage": 5, "truncate": 5,
        "hide_payments": 20, "hide_seconds": 600,
        "settle_failed": 50, "settle_failed_after_seconds": 7_200,
    });
    let world = World::builder().faults(faults).workers(2).build().await;
    let mut plans = Vec::new();
    for place in 0..10 {
        let customer = world.register_customer().await;
        // Half of them run short once: money that did not move is where most goes wrong.
        let short_on = if place % 2 == 0 {
            json!(["2026-01-19"])
        } else {
            json!([])
        };
        world
            .payer(
                &customer,
                json!({ "decision": "approve", "short_on": short_on }),
            )
            .await;
        plans.push(
            world
                .register_plan(&customer, weekly("2026-01-12", 4))
                .await,
        );
    }
    world.advance_to(sydney("2026-02-09 20:00")).await;

    let mut never = Vec::new();
    for misfortune in MISFORTUNES {
        if world.struck(misfortune).await == 0 {
            never.push(misfortune);
        }
    }
    assert!(never.is_empty(), "these never struck: {never:?}");

    // The weather clears: whatever is still open is decided, and what came late is heard.
    world.set_faults(&json!({})).await;
    world.advance_by(TimeDelta::days(4)).await;

    for plan in &plans {
        let told = world.plan(plan).await;
        let is_open = |state: &str| matches!(state, "sending" | "unknown" | "intended");
        let payments = told.instalments.iter().flat_map(|one| &one.payments);
        let undecided: Vec<_> = payments.filter(|one| is_open(&one.state)).collect();
        assert!(undecided.is_empty(), "undecided still: {undecided:?}");
    }
    // Payment by payment: what is settled there is settled here, or a question about money that came late.
    let ours = settled_here(&world).await;
    let ledger = world.ledger().await;
    let settled = ledger.payments.iter().filter(|one| one.state == "settled");
    let theirs: BTreeSet<(String, i64)> =
        settled.map(|one| (one.uid.clone(), one.amount)).collect();
    assert_eq!(ours, theirs);
    assert!(
        20 * AMOUNT < ledger.totals.settled_cents,
        "most was collected in spite of it all"
    );
    world.finish().await;
}

/// The uids and amounts of payments that settled, those that are a question because they did so late included.
async fn settled_here(world: &World) -> BTreeSet<(String, i64)> {
    sqlx::query_as::<_, (String, i64)>(
        "select uid, amount_cents from payment p
         where state = 'settled'
            or conflict_state = 'settled' and exists (
              select 1 from exception e where e.subject_id = p.id and e.kind = 'late_settlement')",
    )
    .fetch_all(world.pool())
    .await
    .unwrap()
    .into_iter()
    .collect()
}
