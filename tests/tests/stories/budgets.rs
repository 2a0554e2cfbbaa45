//! The circuit of last resort: rows that were changed by hand, so that a payment too many would be made, stop
//! everything before it is.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use e2e::database::connect;
use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn tamper(world: &World, statement: &'static str) {
    let touched = sqlx::query(statement).execute(world.pool()).await.unwrap();
    assert!(0 < touched.rows_affected(), "{statement}");
}

async fn switches(world: &World) -> Value {
    let path = "/v1/collections";
    let (_, text) = world.ask_anything(Method::GET, path, None).await;
    serde_json::from_str(&text).unwrap()
}

async fn question(world: &World) -> String {
    assert_eq!(world.open_questions().await, ["over_budget"]);
    sqlx::query_scalar("select detail from exception where kind = 'over_budget'")
        .fetch_one(world.pool())
        .await
        .unwrap()
}

/// A plan of which one of two instalments is collected, and another plan that is due a week later.
async fn half_collected(world: &World) -> (PlanHandle, PlanHandle) {
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let other = world.active_plan(weekly("2026-01-19", 1)).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["collected", "scheduled"]);
    (plan, other)
}

/// Nothing more than `payments` has reached the bank, although everything is due and a worker runs.
async fn everything_stands_still(world: &World, payments: usize) {
    world.advance_by(TimeDelta::hours(3)).await;
    assert_eq!(world.ledger().await.payments.len(), payments);
    let all = switches(world).await["data"][0].clone();
    assert_eq!(
        (&all["scope"], &all["collections"]),
        (&json!("all"), &json!("closed"))
    );
    let reason = all["reason"].as_str().unwrap();
    assert!(reason.starts_with("stopped by itself at ins_"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_were_reset_by_hand_stop_everything_before_a_second_payment() {
    let world = World::builder().build().await;
    let (plan, other) = half_collected(&world).await;
    // As if nothing had ever been made for it: the next one would be a second collection.
    tamper(
        &world,
        "update payment set state = 'failed', wake_at = null",
    )
    .await;
    tamper(&world, "update window_slot set released_at = taken_at").await;
    tamper(
        &world,
        "update instalment
         set state = 'scheduled', attempts_made = 0, wake_at = '2026-01-12T00:00:00Z'
         where state = 'collected'",
    )
    .await;
    everything_stands_still(&world, 1).await;
    assert_eq!(
        question(&world).await,
        "the instalment counts 0 payments, and there are 1 (attempts_disagree)"
    );
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("over_budget"));

    // A person mends the rows and opens collections: everybody else is collected.
    tamper(&world, "update payment set state = 'settled'").await;
    tamper(&world, "update window_slot set released_at = null").await;
    tamper(
        &world,
        "update instalment
         set state = 'collected', attempts_made = 1, wake_at = null, waiting_because = null
         where id in (select instalment_id from payment)",
    )
    .await;
    world.advance_to(sydney("2026-01-19 08:00")).await;
    assert_eq!(world.plan(&other).await.totals.collected, 0);
    world.open_collections("all").await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.plan(&other).await.totals.collected, AMOUNT);
    assert_eq!(
        world.ledger().await.payments.len(),
        2,
        "the plan stays frozen"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_that_were_lost_stop_everything_before_another_is_made() {
    let world = World::builder().build().await;
    half_collected(&world).await;
    tamper(&world, "delete from window_slot").await;
    let kept = "create table kept as select * from payment";
    sqlx::query(kept).execute(world.pool()).await.unwrap();
    tamper(&world, "delete from payment").await;
    tamper(
        &world,
        "update instalment
         set state = 'retrying', wake_at = '2026-01-12T00:00:00Z'
         where state = 'collected'",
    )
    .await;
    everything_stands_still(&world, 1).await;
    assert_eq!(
        question(&world).await,
        "the instalment counts 1 payments, and there are 0 (attempts_disagree)"
    );

    tamper(&world, "insert into payment select * from kept").await;
    tamper(
        &world,
        "update instalment set state = 'collected', wake_at = null, waiting_because = null
         where id in (select instalment_id from payment)",
    )
    .await;
    world.finish_but_for(&["I21"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_raised_by_hand_beyond_what_was_agreed_in_all_stops_everything() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let body = json!({
        "schedule": weekly("2026-01-12", 1),
        "payment_terms": { "type": "variable", "frequency": "weekly", "max_amount": 10 * AMOUNT },
        "validity_start_date": "2026-01-06",
    });
    world.register_plan_with(&customer, body).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    tamper(
        &world,
        "update instalment set amount_cents = amount_cents * 2",
    )
    .await;

    everything_stands_still(&world, 0).await;
    let detail = question(&world).await;
    assert!(detail.ends_with("(more_than_agreed)"), "{detail}");
    tamper(
        &world,
        "update instalment set amount_cents = amount_cents / 2",
    )
    .await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_went_around_the_gate_is_found_within_the_minute_and_stops_everything() {
    let world = World::builder().build().await;
    let later = world.active_plan(weekly("2026-06-01", 1)).await;
    let other = world.active_plan(weekly("2026-01-12", 1)).await;
    let next = world.active_plan(weekly("2026-01-13", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    // A payment that no gate has seen, for what is due months later.
    sqlx::query(
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, request_body,
            state, purpose, created_at)
         select gen_random_uuid(), 'stray', i.id, i.plan_id, a.id, 1, i.amount_cents, '{}',
                'settled', 'create', $1
         from instalment i
         join agreement a on a.plan_id = i.plan_id
         where i.due_date = '2026-06-01'",
    )
    .bind(world.now())
    .execute(world.pool())
    .await
    .unwrap();

    everything_stands_still(&world, 1).await;
    assert_eq!(world.plan(&other).await.totals.collected, AMOUNT);
    let detail = question(&world).await;
    assert!(detail.ends_with("due on 2026-06-01"), "{detail}");
    let frozen = world.plan(&later).await.frozen_because;
    assert_eq!(frozen.as_deref(), Some("over_budget"));

    // Opened by a person, everybody else goes on: it is told once.
    world.open_collections("all").await;
    world.advance_to(sydney("2026-01-13 08:00")).await;
    assert_eq!(world.plan(&next).await.totals.collected, AMOUNT);
    tamper(&world, "delete from payment where uid = 'stray'").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_with_a_clock_that_is_behind_finds_nothing_wrong_with_a_later_day() {
    let world = World::builder().build().await;
    half_collected(&world).await;
    for date in ["2026-01-10", "2026-01-11", "2026-01-12"] {
        let behind = sydney(&format!("{date} 23:30"));
        // A process that has not looked before looks at the whole day.
        let store = connect(world.database_url()).await.unwrap();
        assert_eq!(store.day_overrun(behind).await.unwrap(), None, "{date}");
    }
    world.finish().await;
}
