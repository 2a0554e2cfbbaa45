//! Proposals that have to wait: for the provider's limits, for an outage, for another day.

use chrono::TimeDelta;
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, monthly, sydney, weekly};

fn shared_account() -> Value {
    json!({ "type": "bban", "value": "062000-7777777" })
}

/// A plan of another customer each time, who repays from the same account.
async fn from_the_shared_account(world: &World) -> PlanHandle {
    let customer = world
        .register_customer_with("Robin Sample", shared_account())
        .await;
    world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await
}

async fn creations_refused(world: &World) -> usize {
    let refusals = world.ledger().await.refusals;
    let of_limit = |codes: &[String]| codes.iter().any(|code| code == "ZPAGR15");
    refusals.iter().filter(|one| of_limit(&one.codes)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seventh_agreement_for_one_account_is_sent_a_day_after_the_first() {
    let world = World::builder().workers(3).build().await;
    let first_at = world.now();
    for _ in 0..6 {
        from_the_shared_account(&world).await;
        world.advance_by(TimeDelta::minutes(10)).await;
    }
    let seventh = from_the_shared_account(&world).await;
    world.settle().await;
    assert_eq!(world.ledger().await.agreements.len(), 6);

    let told = world.plan(&seventh).await.agreement;
    assert_eq!(told.state, "drafted");
    assert_eq!(
        told.waiting_because.as_deref(),
        Some("creation_budget_spent")
    );
    assert_eq!(told.next_at, Some(first_at + TimeDelta::hours(24)));

    world.advance_to(first_at + TimeDelta::hours(24)).await;
    assert_eq!(world.ledger().await.agreements.len(), 7);
    assert_eq!(
        creations_refused(&world).await,
        0,
        "the provider never had to say it"
    );
    assert_eq!(world.plan(&seventh).await.agreement.waiting_because, None);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_agreements_for_one_account_at_once_are_six_and_one_a_day_later() {
    let mut world = World::builder().workers(0).build().await;
    for _ in 0..7 {
        from_the_shared_account(&world).await;
    }
    for _ in 0..3 {
        world.start_worker();
    }
    let began_at = world.now();
    world.settle().await;
    assert_eq!(world.ledger().await.agreements.len(), 6);

    world.advance_to(began_at + TimeDelta::hours(24)).await;
    assert_eq!(world.ledger().await.agreements.len(), 7);
    assert_eq!(creations_refused(&world).await, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_that_never_left_use_up_no_creation() {
    let world = World::builder().with_wire().build().await;
    world.wire().hang_up().await;
    let plan = from_the_shared_account(&world).await;
    world.advance_by(TimeDelta::hours(2)).await;
    let (tries, creations): (i32, i32) =
        sqlx::query_as("select send_no, cardinality(sent_at) from agreement")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert!(
        6 < tries && creations == 0,
        "{tries} tries, {creations} creations"
    );

    world.wire().pick_up().await;
    world.advance_by(TimeDelta::minutes(6)).await;
    assert_eq!(world.plan(&plan).await.agreement.state, "created");
    assert_eq!(creations_refused(&world).await, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_kept_back_past_its_first_day_is_made_again_with_terms_from_today() {
    let world = World::builder()
        .with_wire()
        .start_at(sydney("2026-01-27 11:00"))
        .build()
        .await;
    world.wire().hang_up().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let plan = world
        .register_plan(&customer, monthly("2026-01-31", 2))
        .await;
    let drafted = world.plan(&plan).await.agreement;
    assert_eq!(drafted.validity_start_date.to_string(), "2026-01-28");

    world.advance_to(sydney("2026-01-29 10:00")).await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-29 10:10")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("active", "active")
    );
    assert_ne!(told.agreement.uid, drafted.uid);
    assert!("2026-01-29" <= told.agreement.validity_start_date.to_string().as_str());
    let events = world.event_types(&plan).await;
    assert_eq!(events[..2], ["plan.registered", "agreement.redrafted"]);
    assert!(world.open_questions().await.is_empty());

    world.advance_to(sydney("2026-02-28 08:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_of_the_lenders_own_whose_first_day_has_passed_are_a_question_for_a_person() {
    let world = World::builder().with_wire().build().await;
    world.wire().hang_up().await;
    let customer = world.register_customer().await;
    let given = json!({
        "schedule": weekly("2026-01-12", 2),
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT },
        "validity_start_date": "2026-01-05",
    });
    let plan = world.register_plan_with(&customer, given).await;
    world.advance_to(sydney("2026-01-06 10:00")).await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-13 10:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("blocked", "cancelled")
    );
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    let ledger = world.ledger().await;
    assert!(ledger.agreements.is_empty() && ledger.refusals.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_first_instalment_fell_due_before_its_proposal_asks_a_person() {
    let world = World::builder().with_wire().build().await;
    world.wire().hang_up().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-06", 2))
        .await;
    world.advance_to(sydney("2026-01-07 10:00")).await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-07 10:10")).await;

    assert_eq!(world.plan(&plan).await.state, "blocked");
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_providers_own_delays_a_proposal_and_loses_nothing() {
    let world = World::builder().with_wire().build().await;
    let body = json!({"errors": [{"title": "t", "detail": "d", "code": "ZPAGR16"}]});
    let to = "/agreements";
    world.wire().set(WireMode::Answer {
        to,
        status: 422,
        body,
    });
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::minutes(1)).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.state, "awaiting_agreement");
    let waits_for = told.agreement.waiting_because;
    assert_eq!(waits_for.as_deref(), Some("provider_creation_limit"));
    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-12 08:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}
