//! Many workers, and leases that are taken from them.

use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn plans_due_together(world: &World, count: usize) -> Vec<PlanHandle> {
    let mut plans = Vec::new();
    for _ in 0..count {
        let customer = world.register_customer().await;
        world
            .payer(&customer, serde_json::json!({ "decision": "approve" }))
            .await;
        plans.push(
            world
                .register_plan(&customer, weekly("2026-01-12", 1))
                .await,
        );
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    plans
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_racing_send_each_instalment_once() {
    let world = World::builder().workers(3).build().await;
    let plans = plans_due_together(&world, 40).await;

    world.advance_to(sydney("2026-01-12 06:05")).await;

    for plan in &plans {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    let ledger = world.ledger().await;
    assert_eq!(ledger.payments.len(), 40);
    assert!(
        ledger
            .payments
            .iter()
            .all(|payment| payment.submissions == 1)
    );
    assert!(
        ledger.refusals.is_empty(),
        "no uid was sent twice: {:?}",
        ledger.refusals
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_wiped_in_mid_run_change_nothing() {
    let mut world = World::builder().workers(2).build().await;
    let plans = plans_due_together(&world, 30).await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;

    let mut wiped = 0;
    while wiped < 20 {
        for table in ["instalment", "payment", "webhook", "agreement"] {
            let statement = format!(
                "update {table} set lease_token = null, leased_until = null
                 where lease_token is not null"
            );
            let done = sqlx::query(sqlx::AssertSqlSafe(statement));
            wiped += done.execute(world.pool()).await.unwrap().rows_affected();
        }
        if world.is_at_rest().await {
            break;
        }
    }
    assert!(0 < wiped, "no lease was ever taken away");
    // What was under way without its lease has ended when its worker has.
    world.stop_workers().await;
    world.start_worker();
    world.advance_to(sydney("2026-01-12 07:00")).await;

    for plan in &plans {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    assert_eq!(world.ledger().await.totals.settled_count, 30);
    world.finish().await;
}
