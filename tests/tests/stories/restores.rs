//! A database that is not the one it was: nothing is sent from it until it has been compared with the provider, and what
//! its lost rows did is found by its uids.

use chrono::TimeDelta;
use serde_json::json;

use domain::date::Instant;
use e2e::world::{PlanHandle, WireMode, World, WorldBuilder};

use crate::told::{AMOUNT, sydney, weekly};

/// What a backup does not hold that was written before the day's payments: every payment, and what they did.
const BEFORE_ANY_PAYMENT: &[&str] = &[
    "delete from window_slot",
    "delete from payment",
    "update instalment
     set state = 'scheduled', attempts_made = 0, retries_made = 0, ended_because = null,
         wake_at = '2026-01-11T19:00:00Z', leases = 0, version = 1
     where sequence = 1",
    "update plan set state = 'active'",
];

/// The database as it is after a restore: without what `lost` takes away, and under another identity.
/// Answers when that was.
async fn restored(world: &mut World, lost: &[&'static str]) -> Instant {
    world.stop_workers().await;
    let since = world.now();
    for change in lost {
        sqlx::query(*change).execute(world.pool()).await.unwrap();
    }
    sqlx::query("update db_fence set timeline_id = timeline_id + 1")
        .execute(world.pool())
        .await
        .unwrap();
    // A process that starts looks at once which database it has come to.
    world.start_fresh_worker().await;
    since
}

async fn collected(builder: WorldBuilder) -> (World, PlanHandle) {
    let world = builder.build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_row_collected_is_found_by_its_uid_and_not_collected_again() {
    let (mut world, plan) = collected(World::builder().with_wire()).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.wire().set(WireMode::Down);
    let since = restored(&mut world, BEFORE_ANY_PAYMENT).await;

    world.advance_by(TimeDelta::hours(3)).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].waiting_because.as_deref(),
        Some("database_not_reconciled")
    );
    assert_eq!(world.open_questions().await, ["database_moved"]);
    assert!(told.instalments[0].payments.is_empty());

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(2)).await;
    world.chore_is_done("compare_restored", since).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.states(), told.totals.collected),
        (vec!["collected", "scheduled"], AMOUNT)
    );
    assert_eq!(
        told.only_payment().uid,
        uid,
        "the same payment, by the same uid"
    );
    assert!(
        world
            .event_types(&plan)
            .await
            .contains(&"payment.adopted".to_owned())
    );
    assert!(
        world.open_questions().await.is_empty(),
        "answered by itself"
    );
    assert_eq!(world.ledger().await.payments.len(), 1);

    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    assert_eq!(world.ledger().await.totals.settled_count, 2);
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_is_not_missed_while_nobody_knows_whether_it_was_collected() {
    let (mut world, plan) = collected(World::builder().with_wire()).await;
    world.wire().set(WireMode::Down);
    let since = restored(&mut world, BEFORE_ANY_PAYMENT).await;
    // Its week is over, and the next one has begun.
    world.advance_to(sydney("2026-01-21 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["scheduled", "scheduled"]);

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(2)).await;
    world.chore_is_done("compare_restored", since).await;
    world.advance_by(TimeDelta::hours(2)).await;

    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    assert_eq!(world.ledger().await.totals.settled_count, 2);
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_lost_payments_each_is_made_again_in_its_turn() {
    let mut world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "fail_with": "UKNWN" }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world
        .payer(&plan.customer, json!({ "fail_with": null }))
        .await;
    world.advance_to(sydney("2026-01-16 12:00")).await;
    let before = world.plan(&plan).await;
    let states = |told: &e2e::world::Plan| -> Vec<(String, String)> {
        let payments = told.instalments[0].payments.iter();
        payments
            .map(|payment| (payment.uid.clone(), payment.state.clone()))
            .collect()
    };
    assert_eq!(before.totals.collected, AMOUNT);
    assert_eq!(
        states(&before).len(),
        2,
        "a new payment followed the failed one"
    );

    let since = restored(&mut world, BEFORE_ANY_PAYMENT).await;
    world.chore_is_done("compare_restored", since).await;

    let told = world.plan(&plan).await;
    assert_eq!(states(&told), states(&before));
    assert_eq!(told.totals.collected, AMOUNT);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.ledger().await.totals.settled_count, 2);
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_was_sent_after_the_backup_is_found_as_it_stands() {
    let mut world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let since = restored(
        &mut world,
        &[
            "update agreement
             set state = 'drafted', send_no = 0, sent_at = '{}', first_sent_at = null,
                 last_sent_at = null, confirmed_at = null, wake_at = created_at",
            "update plan set state = 'awaiting_agreement'",
        ],
    )
    .await;
    world.chore_is_done("compare_restored", since).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("active", "active")
    );
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    assert_eq!(
        world.ledger().await.agreements.len(),
        1,
        "it was proposed once"
    );
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_cannot_be_told_from_its_original_is_compared_by_hand() {
    let (mut world, plan) = collected(World::builder()).await;
    world.stop_workers().await;
    for change in BEFORE_ANY_PAYMENT {
        sqlx::query(*change).execute(world.pool()).await.unwrap();
    }
    let since = world.now();
    world.close_fence().await;
    world.start_worker();
    world.chore_is_done("compare_restored", since).await;

    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.ledger().await.totals.settled_count, 2);
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_the_provider_does_not_have_is_given_up_before_the_one_it_has() {
    let mut world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    // The first payment is refused, and leaves nothing at the bank; the second fails there.
    world.advance_to(sydney("2026-01-12 00:10")).await;
    world.suspend(&plan).await;
    world.advance_to(sydney("2026-01-12 06:30")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "rejected");
    world.reactivate(&plan).await;
    world
        .payer(&plan.customer, json!({ "fail_with": "UKNWN" }))
        .await;
    world.advance_to(sydney("2026-01-12 16:00")).await;
    let states = |told: &e2e::world::Plan| -> Vec<String> {
        let payments = told.instalments[0].payments.iter();
        payments.map(|payment| payment.state.clone()).collect()
    };
    assert_eq!(states(&world.plan(&plan).await), ["rejected", "failed"]);
    world
        .payer(&plan.customer, json!({ "fail_with": null }))
        .await;

    let since = restored(&mut world, BEFORE_ANY_PAYMENT).await;
    world.chore_is_done("compare_restored", since).await;
    let told = world.plan(&plan).await;
    assert_eq!(states(&told), ["abandoned", "failed"]);

    // What follows them is sent, and stops nothing.
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(states(&told), ["abandoned", "failed", "settled"]);
    assert_eq!(told.totals.collected, 2 * AMOUNT);
    assert!(world.open_questions().await.is_empty());
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cancellation_leaves_a_database_that_has_not_been_compared() {
    let (mut world, plan) = collected(World::builder().with_wire()).await;
    world.stop_workers().await;
    // Nothing that is asked is answered, so that nothing is compared.
    world.wire().set(WireMode::LoseQuestions);
    let since = world.now();
    world.close_fence().await;
    world.cancel_plan(&plan).await;
    world.start_worker();
    world.advance_by(TimeDelta::minutes(30)).await;
    let state = || async { world.ledger().await.agreements[0].state.clone() };
    assert_eq!(state().await, "active");

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(30)).await;
    world.chore_is_done("compare_restored", since).await;
    world.advance_by(TimeDelta::minutes(5)).await;
    assert_eq!(state().await, "cancelled");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_compared_once_is_verified_as_any_other() {
    let (mut world, _) = collected(World::builder()).await;
    let since = world.now();
    world.close_fence().await;
    world.chore_is_done("compare_restored", since).await;
    world.close_collections("all").await;
    world.open_collections("all").await;
    world.come_to_rest().await;

    let mut verifier = world.verifier([9; 32]);
    verifier.read_stops().await.unwrap();
    let told = verifier.conclude(&world.witness().await, world.now()).await;
    assert_eq!(told.unwrap(), []);
}
