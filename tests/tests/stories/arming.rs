//! What arming waits for: whoever changes the rows it decides on while it runs.
//!
//! Each story holds such a change back, uncommitted, until arming has come to it. That it waits there and heeds
//! what was committed is what makes "stop" mean stop.

use std::time::Duration;

use serde_json::json;
use sqlx::{Postgres, Transaction};

use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

/// How long, in real time, anything is waited for. Reaching it is a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// A world a minute before its only plan's only instalment is due.
async fn about_to_send() -> (World, PlanHandle) {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    (world, plan)
}

/// A change that is made and not committed yet.
async fn begun(world: &World, statement: &'static str) -> Transaction<'static, Postgres> {
    let mut change = world.pool().begin().await.unwrap();
    let done = sqlx::query(statement).execute(&mut *change).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{statement}");
    change
}

/// The connection that waits for a change of ours, with the time its transaction began; nothing once the bank
/// has a payment.
async fn waiting(world: &World) -> Option<(i32, String)> {
    let look = async {
        loop {
            let waits: Option<(i32, String)> = sqlx::query_as(
                "select pid, xact_start::text
                 from pg_stat_activity
                 where datname = current_database() and 0 < cardinality(pg_blocking_pids(pid))",
            )
            .fetch_optional(world.pool())
            .await
            .unwrap();
            if waits.is_some() || !world.ledger().await.payments.is_empty() {
                return waits;
            }
        }
    };
    let looked = tokio::time::timeout(DEADLINE, look).await;
    looked.expect("nobody waits, and nothing is sent")
}

/// Waits until a transaction that waited has ended.
async fn ended(world: &World, (pid, began): (i32, String)) {
    let look = async {
        loop {
            let runs: Option<i32> = sqlx::query_scalar(
                "select pid from pg_stat_activity where pid = $1 and xact_start::text = $2",
            )
            .bind(pid)
            .bind(&began)
            .fetch_optional(world.pool())
            .await
            .unwrap();
            if runs.is_none() {
                return;
            }
        }
    };
    let looked = tokio::time::timeout(DEADLINE, look).await;
    looked.expect("the transaction never ends");
}

/// The connection that is waited for.
async fn waited_for(world: &World) -> i32 {
    waited_for_now(world).await.expect("somebody is waited for")
}

async fn waited_for_now(world: &World) -> Option<i32> {
    sqlx::query_scalar(
        "select (pg_blocking_pids(pid))[1]
         from pg_stat_activity
         where datname = current_database() and 0 < cardinality(pg_blocking_pids(pid))",
    )
    .fetch_optional(world.pool())
    .await
    .unwrap()
}

/// Waits until somebody waits for another connection than this one.
async fn waits_for_another(world: &World, than: i32) {
    let look = async { while waited_for_now(world).await.is_none_or(|pid| pid == than) {} };
    let looked = tokio::time::timeout(DEADLINE, look).await;
    looked.expect("nobody waits for another");
}

/// Commits `statement` while the instalment is being armed, and answers why the instalment waits then.
async fn kept_back_by(world: &World, plan: &PlanHandle, statement: &'static str) -> Option<String> {
    let change = begun(world, statement).await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    waiting(world).await;
    change.commit().await.unwrap();
    world.settle().await;

    let payments = world.ledger().await.payments;
    assert!(
        payments.is_empty(),
        "sent after it was stopped: {payments:?}"
    );
    world.plan(plan).await.instalments[0]
        .waiting_because
        .clone()
}

/// Undoes it behind everybody's back, and the instalment is collected by the time it is looked at again.
async fn goes_on(world: World, plan: &PlanHandle, statement: &'static str, by: &str) {
    begun(&world, statement).await.commit().await.unwrap();
    world.advance_to(sydney(by)).await;
    assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_switch_that_is_closed_while_arming_runs_is_heeded() {
    let (world, plan) = about_to_send().await;
    let closed = "update control set collections_open = false where scope = 'all'";
    let because = kept_back_by(&world, &plan, closed).await;
    assert_eq!(because.as_deref(), Some("collections_stopped"));
    let opened = "update control set collections_open = true where scope = 'all'";
    goes_on(world, &plan, opened, "2026-01-12 12:00").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_frozen_while_arming_runs_is_heeded() {
    let (world, plan) = about_to_send().await;
    let frozen = "update plan set frozen_because = 'a story'";
    let because = kept_back_by(&world, &plan, frozen).await;
    assert_eq!(because.as_deref(), Some("plan_frozen"));
    let freed = "update plan set frozen_because = null";
    goes_on(world, &plan, freed, "2026-01-13 08:00").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_is_suspended_while_arming_runs_is_heeded() {
    let (world, plan) = about_to_send().await;
    let suspended = "update agreement set state = 'suspended'";
    let because = kept_back_by(&world, &plan, suspended).await;
    assert_eq!(because.as_deref(), Some("agreement_not_active"));
    goes_on(
        world,
        &plan,
        "update agreement set state = 'active'",
        "2026-01-12 12:00",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_is_waived_while_arming_runs_is_heeded() {
    let (world, plan) = about_to_send().await;
    // Held at the plan first: an instalment that is being changed would not even be leased.
    let held = begun(&world, "update plan set version = version + 1").await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    waiting(&world).await.expect("arming waits for the plan");
    let waived = "update instalment
                  set state = 'waived', wake_at = null, version = version + 1";
    let waived = begun(&world, waived).await;
    let before = waited_for(&world).await;
    held.commit().await.unwrap();
    waits_for_another(&world, before).await;
    waived.commit().await.unwrap();
    world.settle().await;

    let payments = world.ledger().await.payments;
    assert!(payments.is_empty(), "sent although waived: {payments:?}");
    assert_eq!(world.plan(&plan).await.states(), ["waived"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_lease_another_has_taken_over_arms_nothing() {
    let (world, plan) = about_to_send().await;
    let change = begun(&world, "update plan set version = version + 1").await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    let waits = waiting(&world).await.expect("arming waits for the plan");
    // Another worker holds the row, and has not come to attend it yet.
    let taken = "update instalment
                 set lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour'";
    begun(&world, taken).await.commit().await.unwrap();
    change.commit().await.unwrap();
    ended(&world, waits).await;

    let armed: i64 = sqlx::query_scalar("select count(*) from payment")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(armed, 0);
    let given_back = "update instalment set lease_token = null, leased_until = null";
    goes_on(world, &plan, given_back, "2026-01-12 12:00").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_waits_for_arming_and_names_the_payment_that_it_armed() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().hang_up().await;
    world.advance_to(sydney("2026-01-12 06:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "intended", "nothing has left");
    // As arming does it, to send the payment once more.
    let mut arming = begun(&world, "select id from plan for share").await;
    sqlx::query(
        "update payment
         set state = 'sending', send_no = send_no + 1, last_sent_at = $1, sent_at = array[$1]",
    )
    .bind(world.now())
    .execute(&mut *arming)
    .await
    .unwrap();

    let armed = async {
        waiting(&world).await;
        arming.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.cancel_plan(&plan), armed);

    let named = &answer["payments_in_flight"];
    assert_eq!(named[0]["uid"], json!(told.only_payment().uid), "{named}");
    world.wire().pick_up().await;
    world.finish_but_for(&["I12"]).await;
}
