//! Many workers, and leases that are taken from them.

use uuid::Uuid;

use domain::uid::InstalmentId;
use e2e::world::{PlanHandle, World};
use flows::send_payments::send_payments;

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

/// Instalments of one date, added by hand beyond what the agreement's `count` for their window allows; with a
/// token each, under which it is leased.
async fn too_many_for_one_window(
    world: &World,
    plan: &PlanHandle,
    count: i32,
) -> Vec<(InstalmentId, Uuid)> {
    let added = "with plan_row as (
           select id from plan
         ), added as (
           insert into instalment
             (id, plan_id, sequence, due_date, amount_cents, state, wake_at)
           select gen_random_uuid(), p.id, n, '2026-01-12', $2, 'scheduled', $3
           from plan_row p, generate_series(4, $1) as n
         )
         update plan set instalment_count = $1, total_cents = $1 * $2";
    sqlx::query(added)
        .bind(count)
        .bind(AMOUNT)
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
    let leased: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "update instalment
         set lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour', leases = 1
         returning id, lease_token",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(world.plan(plan).await.instalments.len(), leased.len());
    leased
        .into_iter()
        .map(|(id, token)| (InstalmentId::new(id), token))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_workers_racing_for_one_window_make_exactly_as_many_payments_as_it_allows() {
    let mut world = World::builder().build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, serde_json::json!({ "decision": "approve" }))
        .await;
    let plan = world
        .register_plan_with(
            &customer,
            serde_json::json!({
                "schedule": { "instalments": [
                    { "due_date": "2026-01-12", "amount": AMOUNT },
                    { "due_date": "2026-01-12", "amount": AMOUNT },
                    { "due_date": "2026-01-12", "amount": AMOUNT },
                ] },
                "payment_terms": {
                    "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 3,
                },
                "validity_start_date": "2026-01-06",
            }),
        )
        .await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.stop_workers().await;
    world.advance_to(sydney("2026-01-12 06:01")).await;
    let leased = too_many_for_one_window(&world, &plan, 64).await;
    let mut processes = Vec::new();
    for _ in &leased {
        processes.push(world.another_process(1).await);
    }

    let sending = processes.iter().zip(&leased).map(|(deps, (id, token))| {
        let (deps, id, token) = (deps.clone(), *id, *token);
        tokio::spawn(async move { send_payments(&deps, token, &[id]).await })
    });
    for sent in futures::future::join_all(sending).await {
        sent.unwrap().unwrap();
    }

    let made: i64 = sqlx::query_scalar("select count(*) from payment")
        .fetch_one(world.pool())
        .await
        .unwrap();
    let slots: Vec<(String, i64)> = sqlx::query_as(
        "select reading, count(*) from window_slot group by reading order by reading",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(made, 3);
    assert_eq!(slots, [("azupay".to_owned(), 3), ("oligo".to_owned(), 3)]);
    let ledger = world.ledger().await;
    assert_eq!(ledger.payments.len(), 3);
    assert!(ledger.refusals.is_empty(), "{:?}", ledger.refusals);
    let waiting: i64 = sqlx::query_scalar(
        "select count(*) from instalment where waiting_because = 'no_free_slot'",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(waiting, 61);
    for deps in processes {
        deps.store.wipe_leases().await.unwrap();
        deps.store.close().await;
    }
    world.start_worker();
    world.finish().await;
}
