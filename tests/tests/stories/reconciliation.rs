//! The provider's lists against our rows.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use e2e::world::{PlanHandle, WireMode, World, WorldBuilder};
use flows::reconcile::{Depth, DifferenceKind, Outcome, Reconciliation};

use crate::operators::set_collections;
use crate::told::{AMOUNT, sydney, weekly};

/// What differed, and what became of it.
fn told(found: &Reconciliation) -> Vec<(&'static str, DifferenceKind, Outcome)> {
    let differences = found.differences.iter();
    differences
        .map(|one| (one.subject, one.kind, one.outcome))
        .collect()
}

async fn collections_are_open(world: &World) -> bool {
    sqlx::query_scalar("select bool_and(collections_open) from control")
        .fetch_one(world.pool())
        .await
        .unwrap()
}

/// A plan of two weeks, the first of which is collected.
async fn collected(builder: WorldBuilder) -> (World, PlanHandle) {
    let world = builder.build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_lists_and_the_rows_agree_nothing_is_found() {
    let (world, _) = collected(World::builder()).await;
    for depth in [
        Depth::Recent,
        Depth::Whole,
        Depth::Restored {
            written_until: None,
        },
    ] {
        let found = world.reconcile(depth).await;

        assert!(
            found.is_clean() && found.differences.is_empty(),
            "{found:?}"
        );
        assert!(0 < found.payments, "{depth:?}");
    }
    world.advance_to(sydney("2026-01-20 12:00")).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_told_nobody_is_found_on_its_list() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    assert_eq!(world.plan(&plan).await.only_payment().state, "submitted");
    world.bank_decides(&uid, "settle").await;
    world.suspend(&plan).await;

    let found = world.reconcile(Depth::Whole).await;

    assert!(found.is_clean(), "{found:?}");
    let state = DifferenceKind::State;
    let converged = |subject| (subject, state, Outcome::Converged);
    assert_eq!(told(&found), [converged("agreement"), converged("payment")]);
    let now = world.plan(&plan).await;
    assert_eq!(
        (now.totals.collected, now.agreement.state.as_str()),
        (AMOUNT, "suspended")
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_not_ours_closes_collections_and_a_person_is_asked_once() {
    let (world, plan) = collected(World::builder()).await;
    world.advance_to(sydney("2026-01-19 05:00")).await;
    world
        .pay_behind_our_back(&plan.agreement_uid, "somebody-elses", AMOUNT)
        .await;

    let found = world.reconcile(Depth::Recent).await;

    assert_eq!(
        told(&found),
        [("payment", DifferenceKind::TheirsOnly, Outcome::Asked)]
    );
    assert!(!collections_are_open(&world).await);
    assert_eq!(world.open_questions().await, ["payment_theirs_only"]);
    world.advance_to(sydney("2026-01-19 12:00")).await;
    let waiting = world.plan(&plan).await.instalments[1]
        .waiting_because
        .clone();
    assert_eq!(waiting.as_deref(), Some("collections_stopped"));

    let (status, _) = world.answer("payment_theirs_only", "noted").await;
    assert_eq!(status, StatusCode::OK);
    set_collections(&world, true).await;
    world.reconcile(Depth::Recent).await;
    assert!(
        collections_are_open(&world).await,
        "what was looked into closes nothing again"
    );
    assert!(world.open_questions().await.is_empty());
    world.cancel_plan(&plan).await;
    world.finish_but_for(&["I3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_under_one_uid_close_collections() {
    let (world, plan) = collected(World::builder().with_wire()).await;
    world.wire().set(WireMode::DoubleLists);

    let found = world.reconcile(Depth::Recent).await;

    assert_eq!(
        told(&found),
        [("payment", DifferenceKind::Doubled, Outcome::Asked)]
    );
    assert!(!collections_are_open(&world).await);
    assert_eq!(world.open_questions().await, ["payment_doubled"]);
    world.wire().set(WireMode::Open);
    world.cancel_plan(&plan).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_provider_forgot_is_a_question_for_a_person() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.plan(&plan).await.state, "completed");
    world.bank_forgets().await;

    let found = world.reconcile(Depth::Recent).await;

    assert_eq!(
        told(&found),
        [("payment", DifferenceKind::OursOnly, Outcome::Asked)]
    );
    assert_eq!(world.open_questions().await, ["payment_ours_only"]);
    assert!(
        collections_are_open(&world).await,
        "no money moved that we do not know of"
    );
    world.finish_but_for(&["I10", "I11"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_that_the_provider_forgot_ends_by_a_persons_word_and_holds_no_place() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world.bank_forgets().await;
    world.reconcile(Depth::Recent).await;
    world.advance_by(TimeDelta::hours(3)).await;
    assert_eq!(world.plan(&plan).await.states(), ["collecting"]);

    let (status, told) = world.answer("payment_ours_only", "not_collected").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let now = world.plan(&plan).await;
    assert_eq!(now.only_payment().state, "rejected");
    assert_eq!((now.states(), now.totals.collected), (vec!["failed"], 0));
    let held: i64 =
        sqlx::query_scalar("select count(*) from window_slot where released_at is null")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!(held, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_breaks_off_is_told_and_changes_nothing() {
    let (world, plan) = collected(World::builder().with_wire()).await;
    world.wire().set(WireMode::Down);

    let found = world.reconcile(Depth::Whole).await;

    assert!(!found.is_complete && !found.is_clean());
    assert!(world.open_questions().await.is_empty());
    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_is_made_again_and_again_once_for_all_workers() {
    let (world, plan) = collected(World::builder().workers(3)).await;
    world.advance_to(sydney("2026-01-19 05:00")).await;
    world
        .pay_behind_our_back(&plan.agreement_uid, "somebody-elses", AMOUNT)
        .await;
    let scheduled = sqlx::query(
        "update chore set every_seconds = 900, wake_at = $1 where name = 'compare_recent'",
    );
    scheduled
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
    world.chore_is_done("compare_recent", world.now()).await;
    world.advance_by(TimeDelta::minutes(15)).await;
    world.chore_is_done("compare_recent", world.now()).await;

    let (runs, next_in): (i64, i64) = sqlx::query_as(
        "select version, extract(epoch from wake_at - $1)::bigint from chore
         where name = 'compare_recent'",
    )
    .bind(world.now())
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(
        (runs, next_in),
        (3, 900),
        "twice, and again in a quarter of an hour"
    );
    assert_eq!(world.open_questions().await, ["payment_theirs_only"]);
    world.cancel_plan(&plan).await;
    world.finish_but_for(&["I3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_in_quarantine_that_moved_is_told() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 07:00")).await;
    let crashed = sqlx::query("update payment set leases = 4, crashes = 3, wake_at = $1");
    crashed
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
    world.settle().await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;

    let found = world.reconcile(Depth::Recent).await;

    assert_eq!(
        told(&found),
        [("payment", DifferenceKind::State, Outcome::Asked)]
    );
    assert_eq!(
        world.open_questions().await,
        ["quarantined", "payment_differs"]
    );
    assert_eq!(world.plan(&plan).await.only_payment().state, "submitted");
    world.answer("quarantined", "release").await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}
