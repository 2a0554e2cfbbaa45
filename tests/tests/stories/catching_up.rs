//! After a stop: what came due meanwhile is collected a few payments a day, and none of it is lost.

use chrono::TimeDelta;
use serde_json::json;

use e2e::world::{PlanHandle, World};
use flows::catch_up::{Foreseen, preview};

use crate::operators::set_collections;
use crate::told::{AMOUNT, sydney, weekly};

/// Three plans of one customer, due on Monday 12 January and collectable until Sunday 18 January, with collections
/// stopped until `opened`.
async fn stopped_until(opened: &str) -> (World, Vec<PlanHandle>) {
    let world = World::builder().workers(2).build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let mut plans = Vec::new();
    let body = json!({
        "schedule": weekly("2026-01-12", 1),
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 1 },
        "validity_start_date": "2026-01-12",
    });
    for _ in 0..3 {
        plans.push(world.register_plan_with(&customer, body.clone()).await);
    }
    world.advance_by(TimeDelta::seconds(31)).await;
    set_collections(&world, false).await;
    world.advance_to(sydney(opened)).await;
    assert!(world.ledger().await.payments.is_empty());
    set_collections(&world, true).await;
    (world, plans)
}

/// Everything that was held back is looked at now.
async fn wake(world: &World) {
    let woken = sqlx::query("update instalment set wake_at = $1 where state = 'scheduled'")
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(woken.rows_affected(), 3);
    world.settle().await;
}

async fn waiting(world: &World, plans: &[PlanHandle]) -> Vec<String> {
    let mut waiting = Vec::new();
    for plan in plans {
        waiting.extend(
            world.plan(plan).await.instalments[0]
                .waiting_because
                .clone(),
        );
    }
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn late_instalments_of_one_customer_are_collected_two_a_day_over_all_plans() {
    let (world, plans) = stopped_until("2026-01-14 12:00").await;
    wake(&world).await;

    assert_eq!(world.ledger().await.payments.len(), 2);
    assert_eq!(waiting(&world, &plans).await, ["catch_up_spent"]);

    world.advance_to(sydney("2026-01-15 05:00")).await;
    assert_eq!(world.ledger().await.payments.len(), 2, "not at night");
    world.advance_to(sydney("2026-01-15 07:00")).await;
    assert_eq!(world.ledger().await.payments.len(), 3);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_beforehand_is_what_happens() {
    let (world, plans) = stopped_until("2026-01-14 12:00").await;
    let woken = world.now();
    sqlx::query("update instalment set wake_at = $1 where state = 'scheduled'")
        .bind(woken + TimeDelta::seconds(1))
        .execute(world.pool())
        .await
        .unwrap();
    let shown = preview(&world.deps()).await.unwrap();
    let waits: Vec<_> = shown
        .iter()
        .map(|one| matches!(one.foreseen, Foreseen::Waits { .. }))
        .collect();
    assert_eq!(waits, [true; 3], "each waits for its hour");

    // The same as if it were time, with nobody at work yet.
    sqlx::query("update instalment set wake_at = null where state = 'scheduled'")
        .execute(world.pool())
        .await
        .unwrap();
    let shown = preview(&world.deps()).await.unwrap();
    let of = |one: &flows::catch_up::DueNow| one.plan_id.to_string();
    let sent = shown
        .iter()
        .filter(|one| matches!(one.foreseen, Foreseen::Sent { .. }));
    let sent: Vec<String> = sent.map(of).collect();
    let held: Vec<_> = shown
        .iter()
        .filter_map(|one| match &one.foreseen {
            Foreseen::Waits { rule, .. } => rule.as_deref(),
            Foreseen::Sent { .. } | Foreseen::Missed { .. } => None,
        })
        .collect();
    assert_eq!((sent.len(), held), (2, vec!["catch_up_spent"]));

    wake(&world).await;
    for plan in &plans {
        let is_sent = !world.plan(plan).await.instalments[0].payments.is_empty();
        assert_eq!(is_sent, sent.contains(&plan.id), "{}", plan.id);
    }
    world.advance_to(sydney("2026-01-15 07:00")).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_window_is_shown_as_missed_beforehand() {
    let (world, plans) = stopped_until("2026-01-14 12:00").await;
    // Nobody looks at them until their window is over.
    sqlx::query("update instalment set wake_at = null")
        .execute(world.pool())
        .await
        .unwrap();
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let shown = preview(&world.deps()).await.unwrap();
    let missed = shown
        .iter()
        .filter(|one| matches!(one.foreseen, Foreseen::Missed { .. }));
    assert_eq!(missed.count(), plans.len());
    assert!(world.ledger().await.payments.is_empty());

    wake(&world).await;
    for plan in &plans {
        assert_eq!(world.plan(plan).await.states(), ["missed"]);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_last_day_of_their_window_late_instalments_are_all_collected() {
    let (world, plans) = stopped_until("2026-01-18 12:00").await;
    wake(&world).await;

    assert_eq!(world.ledger().await.payments.len(), 3);
    assert!(waiting(&world, &plans).await.is_empty());
    world.finish().await;
}
