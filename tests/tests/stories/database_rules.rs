//! What the database refuses, whoever asks.

use e2e::database::connect;
use e2e::world::{PlanHandle, World};
use paydown::local_postgres::testing;
use serde_json::json;
use sqlx::postgres::PgPool;
use store::{MIGRATOR, StoreError};
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
async fn an_instalment_that_was_collected_gets_no_second_payment() {
    let (world, plan, payment) = with_live_payment().await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "settled");

    let refused_by = refusal(
        &world,
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, request_body,
            state, purpose, created_at, wake_at)
         select gen_random_uuid(), 'another', instalment_id, plan_id, agreement_id, 2, amount_cents,
                request_body, 'intended', 'create', created_at, created_at
         from payment where id = $1",
        payment,
    )
    .await;

    assert_eq!(refused_by, "payment_live_one");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_outcome_is_unknown_keeps_its_slots() {
    let world = World::builder()
        .faults(json!({ "accept_then_hang_every": 1, "hang_ms": 5_000 }))
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 06:00")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "unknown");

    let held: i64 =
        sqlx::query_scalar("select count(*) from window_slot where released_at is null")
            .fetch_one(world.pool())
            .await
            .unwrap();

    assert_eq!(held, 2, "one under each reading");
    world.finish().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_holds_a_slot_under_each_reading() {
    let (world, plan, payment) = with_live_payment().await;

    let held: Vec<String> = sqlx::query_scalar(
        "select reading from window_slot where payment_id = $1 and released_at is null
         order by reading",
    )
    .bind(payment)
    .fetch_all(world.pool())
    .await
    .unwrap();

    assert_eq!(held, ["azupay", "oligo"]);
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_and_a_number_are_given_to_one_payment_only() {
    let (world, plan, payment) = with_live_payment().await;

    // Both of payments that ended without money: no other rule forbids them.
    let uid = refusal(
        &world,
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, request_body,
            state, purpose, created_at)
         select gen_random_uuid(), uid, instalment_id, plan_id, agreement_id, 2, amount_cents,
                request_body, 'failed', 'create', created_at
         from payment where id = $1",
        payment,
    )
    .await;
    let number = refusal(
        &world,
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, request_body,
            state, purpose, created_at)
         select gen_random_uuid(), 'another', instalment_id, plan_id, agreement_id, attempt_no,
                amount_cents, request_body, 'failed', 'create', created_at
         from payment where id = $1",
        payment,
    )
    .await;

    assert_eq!(
        (&*uid, &*number),
        ("payment_uid_unique", "payment_attempt_unique")
    );
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_payment_of_nothing_or_of_too_much_can_be_written() {
    let (world, plan, payment) = with_live_payment().await;

    for statement in [
        "update payment set amount_cents = 0 where id = $1",
        "update payment set amount_cents = 1000000001 where id = $1",
    ] {
        let refused_by = refusal(&world, statement, payment).await;
        assert_eq!(refused_by, "payment_amount_in_range", "{statement}");
    }
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_has_ended_cannot_be_woken() {
    let (world, plan, payment) = with_live_payment().await;

    let refused_by = refusal(
        &world,
        "update instalment set state = 'failed', wake_at = 'epoch'
         where id = (select instalment_id from payment where id = $1)",
        payment,
    )
    .await;

    assert_eq!(refused_by, "instalment_ended_sleeps");
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_gets_no_second_agreement_while_one_stands_and_no_number_twice() {
    let (world, plan, payment) = with_live_payment().await;

    let beside = refusal(
        &world,
        "insert into agreement
           (id, plan_id, attempt_no, uid, provider, state, terms, validity_start_date,
            chosen_because, created_at)
         select gen_random_uuid(), plan_id, 2, 'another', provider, 'drafted', terms,
                validity_start_date, chosen_because, created_at
         from agreement where id = (select agreement_id from payment where id = $1)",
        payment,
    )
    .await;
    let number = refusal(
        &world,
        "insert into agreement
           (id, plan_id, attempt_no, uid, provider, state, terms, validity_start_date,
            chosen_because, created_at)
         select gen_random_uuid(), plan_id, attempt_no, 'another', provider, 'cancelled', terms,
                validity_start_date, chosen_because, created_at
         from agreement where id = (select agreement_id from payment where id = $1)",
        payment,
    )
    .await;

    assert_eq!(
        (&*beside, &*number),
        ("agreement_current_one", "agreement_attempt_unique")
    );
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_to_be_cancelled_cannot_be_put_to_sleep_or_cancelled_unwanted() {
    let (world, plan, payment) = with_live_payment().await;

    let asleep = refusal(
        &world,
        "update agreement set cancel_wanted_at = created_at, wake_at = null
         where id = (select agreement_id from payment where id = $1)",
        payment,
    )
    .await;
    let unwanted = refusal(
        &world,
        "update agreement set cancel_sent_at = created_at
         where id = (select agreement_id from payment where id = $1)",
        payment,
    )
    .await;

    assert_eq!(
        (&*asleep, &*unwanted),
        (
            "agreement_cancel_is_awake",
            "agreement_cancel_is_wanted_first"
        )
    );
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_given_to_one_event_of_a_plan_only() {
    let (world, plan, payment) = with_live_payment().await;

    let refused_by = refusal(
        &world,
        "insert into event (id, type, aggregate_id, sequence, data, created_at)
         select gen_random_uuid(), type, aggregate_id, sequence, data, created_at
         from event
         where aggregate_id = (select plan_id from payment where id = $1) and sequence = 1",
        payment,
    )
    .await;

    assert_eq!(refused_by, "event_sequence_unique");
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_open_once_and_may_be_asked_again_after_it_was_answered() {
    let (world, plan, payment) = with_live_payment().await;
    let ask = "insert into exception
                 (id, kind, subject, subject_id, detail, next_action, opened_at)
               values (gen_random_uuid(), 'late_settlement', 'payment', $1, '', '', 'epoch')";
    let asked = sqlx::query(ask).bind(payment);
    asked.execute(world.pool()).await.unwrap();

    assert_eq!(refusal(&world, ask, payment).await, "exception_open_once");
    sqlx::query("update exception set closed_at = 'epoch', resolution = 'noted'")
        .execute(world.pool())
        .await
        .unwrap();
    let again = sqlx::query(ask).bind(payment);
    assert_eq!(
        again.execute(world.pool()).await.unwrap().rows_affected(),
        1
    );
    sqlx::query("delete from exception")
        .execute(world.pool())
        .await
        .unwrap();
    ends(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_migrate_an_empty_database_once() {
    let nothing = |_| async { Ok::<(), StoreError>(()) };
    let empty = testing::TestDatabase::create(b"empty", nothing)
        .await
        .unwrap();
    let starting = (0..6).map(|_| async {
        let store = connect(&empty.url).await?;
        store.migrate().await
    });

    let begun: Vec<Result<(), StoreError>> = futures::future::join_all(starting).await;

    assert!(begun.iter().all(Result::is_ok), "{begun:?}");
    let pool = PgPool::connect(&empty.url).await.unwrap();
    let counted: (i64, i64) = sqlx::query_as(
        "select (select count(*) from _sqlx_migrations where success),
                (select count(*) from pg_index where not indisvalid)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let known = i64::try_from(MIGRATOR.iter().count()).unwrap();
    assert_eq!(counted, (known, 0), "each once, and no index half built");
}
