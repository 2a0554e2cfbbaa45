//! What the database refuses, whoever asks.

use e2e::world::{PlanHandle, World};
use serde_json::json;
use uuid::Uuid;

use crate::told::{sydney, weekly};

/// A world with a plan whose payment is under way, and that payment's id.
async fn with_live_payment() -> (World, PlanHandle, Uuid) {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 06:05")).await;
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from payment where state = 'submitted'")
        .fetch_all(world.pool())
        .await
        .unwrap();
    assert_eq!(ids.len(), 1);
    (world, plan, ids[0])
}

async fn refusal(world: &World, statement: &'static str, id: Uuid) -> String {
    let done = sqlx::query(statement).bind(id).execute(world.pool()).await;
    let error = done.expect_err("the database must refuse this");
    error
        .as_database_error()
        .and_then(|error| error.constraint())
        .unwrap()
        .to_owned()
}

async fn ends(world: World, plan: &PlanHandle) {
    let uid = world.plan(plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_live_payment_for_an_instalment_is_refused_by_the_database() {
    let (world, plan, payment) = with_live_payment().await;

    let refused_by = refusal(
        &world,
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, request_body,
            state, purpose, created_at, wake_at)
         select gen_random_uuid(), 'another', instalment_id, plan_id, agreement_id, 2, amount_cents,
                request_body, 'intended', 'create', created_at, wake_at
         from payment where id = $1",
        payment,
    )
    .await;

    assert_eq!(refused_by, "payment_live_one");
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_cannot_be_taken_twice() {
    let (world, plan, payment) = with_live_payment().await;

    let refused_by = refusal(
        &world,
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, taken_at)
         select agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                taken_at
         from window_slot where payment_id = $1 and reading = 'oligo'",
        payment,
    )
    .await;

    assert_eq!(refused_by, "window_slot_held_once");
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_slots_than_the_count_cannot_be_written() {
    let (world, plan, payment) = with_live_payment().await;

    let beyond = refusal(
        &world,
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, taken_at)
         select agreement_id, slots_allowed, reading, window_first_date, slots_allowed + 1,
                payment_id, taken_at
         from window_slot where payment_id = $1 and reading = 'oligo'",
        payment,
    )
    .await;
    let pretended = refusal(
        &world,
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, taken_at)
         select agreement_id, slots_allowed + 1, reading, window_first_date, slots_allowed + 1,
                payment_id, taken_at
         from window_slot where payment_id = $1 and reading = 'oligo'",
        payment,
    )
    .await;

    assert_eq!(beyond, "window_slot_within_allowance");
    assert_eq!(pretended, "window_slot_allowance_is_the_agreements");
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_payment_cannot_be_put_to_sleep() {
    let (world, plan, payment) = with_live_payment().await;

    let refused_by = refusal(
        &world,
        "update payment set wake_at = null where id = $1",
        payment,
    )
    .await;

    assert_eq!(refused_by, "payment_live_is_awake");
    ends(world, &plan).await;
}
