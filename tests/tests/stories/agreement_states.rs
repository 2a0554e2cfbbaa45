//! Every state of an agreement is heard of, with webhooks and without, and said with what it puts at stake.

use chrono::TimeDelta;
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn data_of(world: &World, plan: &PlanHandle, kind: &str) -> Value {
    let events = world.events(plan).await;
    let found = events.into_iter().find(|event| event.r#type == kind);
    found.unwrap_or_else(|| panic!("no {kind}")).data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_names_the_instalments_it_endangers_and_until_when() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    world.suspend(&plan).await;

    let told = data_of(&world, &plan, "agreement.suspended").await;
    assert_eq!(told["endangered_count"], 2);
    assert_eq!(told["endangered_amount"], 2 * AMOUNT);
    let listed = told["endangered_instalments"].as_array().unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|one| {
            json!([
                one["sequence"],
                one["due_date"],
                one["amount"],
                one["until_date"]
            ])
        })
        .collect();
    assert_eq!(
        listed,
        [
            json!([2, "2026-01-19", AMOUNT, "2026-01-25"]),
            json!([3, "2026-01-26", AMOUNT, "2026-02-01"]),
        ]
    );
    let shown = world.plan(&plan).await.endangered_instalments;
    assert_eq!(
        shown,
        told["endangered_instalments"].as_array().unwrap().clone()
    );

    world.reactivate(&plan).await;
    assert!(world.plan(&plan).await.endangered_instalments.is_empty());
    world.advance_to(sydney("2026-01-26 08:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 3 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payers_cancellation_names_the_instalments_it_endangers() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    world.cancel(&plan).await;

    let told = data_of(&world, &plan, "agreement.cancelled").await;
    assert_eq!(told["endangered_count"], 2);
    assert_eq!(world.plan(&plan).await.endangered_instalments.len(), 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_could_not_be_created_blocks_its_plan_and_says_why() {
    let world = World::builder()
        .with_wire()
        .without_webhooks()
        .build()
        .await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.plan(&plan).await.agreement.state, "created");
    // A second plan, of which the provider says that it failed, once it had taken it.
    let (field, value) = ("state", json!("failed"));
    world
        .wire()
        .set(WireMode::OverwriteAgreements { field, value });
    let failing = world
        .register_plan(&world.register_customer().await, weekly("2026-01-12", 1))
        .await;
    world.settle().await;
    world.wire().set(WireMode::Open);

    let told = world.plan(&failing).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("blocked", "failed")
    );
    assert_eq!(told.endangered_instalments.len(), 1);
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_moved_by_its_payer_is_recorded_and_collected_from() {
    const MOVED_TO: &str = "062000-55512121";
    let world = World::builder()
        .with_wire()
        .without_webhooks()
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let (field, value) = ("value", json!(MOVED_TO));
    world
        .wire()
        .set(WireMode::OverwriteAgreements { field, value });
    world.advance_to(sydney("2026-01-19 08:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.frozen_because, told.totals.collected),
        (None, 2 * AMOUNT)
    );
    assert!(told.agreement.amended_at.is_some());
    let events = world.events(&plan).await;
    let amended = events
        .iter()
        .filter(|event| event.r#type == "agreement.amended")
        .collect::<Vec<_>>();
    assert_eq!(amended.len(), 1, "told once, however often it is heard");
    assert_eq!(amended[0].data["changed"], json!(["debtor_account"]));
    assert!(!json!(amended[0].data).to_string().contains("55512121"));
    let causes: Vec<String> =
        sqlx::query_scalar("select cause from journal where cause = 'payer_moved_account'")
            .fetch_all(world.pool())
            .await
            .unwrap();
    assert_eq!(causes.len(), 1);
    let rows: Vec<String> = sqlx::query_scalar("select row_to_json(a)::text from agreement a")
        .fetch_all(world.pool())
        .await
        .unwrap();
    assert!(!rows.concat().contains("55512121"), "it is sealed");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_an_agreement_is_heard_of_without_any_webhook() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-02-16", 2)).await;
    let stands = async || {
        world.advance_by(TimeDelta::hours(25)).await;
        world.plan(&plan).await.agreement.state
    };

    world.suspend(&plan).await;
    assert_eq!(stands().await, "suspended");
    // Suspended, it is asked about again and again.
    assert_eq!(stands().await, "suspended");
    world.reactivate(&plan).await;
    assert_eq!(stands().await, "active");
    world.suspend(&plan).await;
    assert_eq!(stands().await, "suspended");
    world.cancel(&plan).await;
    assert_eq!(stands().await, "cancelled");

    assert_eq!(world.plan(&plan).await.state, "blocked");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_declined_unheard_of_blocks_its_plan() {
    let world = World::builder().without_webhooks().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::minutes(1)).await;
    world.decline(&plan).await;
    assert_eq!(world.plan(&plan).await.agreement.state, "created");

    world.advance_by(TimeDelta::hours(1)).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("blocked", "declined")
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_of_a_suspension_stops_sending_at_once() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.suspend(&plan).await;
    world.advance_to(sydney("2026-01-12 07:00")).await;

    assert_eq!(world.plan(&plan).await.agreement.state, "suspended");
    let ledger = world.ledger().await;
    assert!(
        ledger.payments.is_empty() && ledger.refusals.is_empty(),
        "nothing was tried"
    );
    world.finish().await;
}
