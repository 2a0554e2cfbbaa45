//! Plans that bring a retry policy of their own.

use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney};

/// Two instalments under weekly terms, with a week between their windows when `due` leaves one.
async fn plan_with(world: &World, due: [&str; 2], policy: Value) -> PlanHandle {
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let plan = json!({
        "schedule": { "instalments": due.map(|date| json!({ "due_date": date, "amount": AMOUNT })) },
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 1 },
        "validity_start_date": "2026-01-12",
        "retry_policy": policy,
    });
    let plan = world.register_plan_with(&customer, plan).await;
    world.advance_to(sydney("2026-01-06 12:00")).await;
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_instalment_is_collected_in_the_next_window_by_a_new_payment() {
    let world = World::builder().build().await;
    let policy = json!({ "days_between": 7, "next_window": true });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-27"], policy).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-13"] }))
        .await;

    world.advance_to(sydney("2026-01-13 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["retrying", "scheduled"]);
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-20 06:00"))
    );

    world.advance_to(sydney("2026-01-27 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "collected"]);
    let payments = &told.instalments[0].payments;
    let states: Vec<&str> = payments.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["failed", "settled"]);
    assert_ne!(payments[0].uid, payments[1].uid);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_in_the_next_window_is_told_with_the_end_of_that_window() {
    let world = World::builder().build().await;
    let policy = json!({ "days_between": 7, "next_window": true });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-27"], policy).await;
    world
        .payer(
            &plan.customer,
            json!({ "short_on": ["2026-01-13"], "silent_on": ["2026-01-20"] }),
        )
        .await;
    world.advance_to(sydney("2026-01-20 07:00")).await;

    let told = &world.plan(&plan).await.instalments[0];
    assert_eq!(told.state, "collecting");
    let numbers = &told.explanation["numbers"];
    assert_eq!(numbers["collectable_until"], "2026-01-25");

    world.bank_decides(&told.payments[1].uid, "settle").await;
    world.advance_to(sydney("2026-01-27 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["collected", "collected"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_instalment_never_takes_the_window_of_the_next_one() {
    let world = World::builder().build().await;
    let policy = json!({ "days_between": 7, "next_window": true });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-22"], policy).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-13"] }))
        .await;

    world.advance_to(sydney("2026-01-22 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["failed", "collected"]);
    assert_eq!(world.open_questions().await, ["instalment_failed"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_is_tried_again_on_the_business_day_after_payday() {
    let world = World::builder().build().await;
    let policy = json!({
        "at_hour": 9,
        "when": {
            "rule": "after_payday",
            "state": "nsw",
            "payday": { "rule": "weekday", "weekday": "thursday" },
        },
    });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-27"], policy).await;
    let short = json!({ "short_on": ["2026-01-13", "2026-01-14", "2026-01-15"] });
    world.payer(&plan.customer, short).await;

    world.advance_to(sydney("2026-01-13 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-16 09:00"))
    );

    world.advance_to(sydney("2026-01-27 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "collected"]);
    assert_eq!(told.instalments[0].payments[0].submissions, 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_carried_into_the_next_window_is_sent_again_there_when_it_never_arrived() {
    let world = World::builder().with_wire().build().await;
    let policy = json!({ "days_between": 7, "next_window": true });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-27"], policy).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-13"] }))
        .await;
    world.advance_to(sydney("2026-01-20 05:59")).await;
    world.wire().hang_up().await;
    world.advance_to(sydney("2026-01-20 06:30")).await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-20 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "scheduled"]);
    assert_eq!(told.instalments[0].payments.len(), 2);
    world.advance_to(sydney("2026-01-27 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["collected", "collected"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_carried_into_the_next_window_and_lost_is_resent_there_once_known_absent() {
    let world = World::builder().with_wire().build().await;
    let policy = json!({ "days_between": 7, "next_window": true });
    let plan = plan_with(&world, ["2026-01-13", "2026-01-27"], policy).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-13"] }))
        .await;
    world.advance_to(sydney("2026-01-20 05:59")).await;
    world.wire().set(WireMode::SwallowPayments);
    world.advance_to(sydney("2026-01-20 06:02")).await;
    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-20 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "scheduled"]);
    assert_eq!(told.instalments[0].payments[1].submissions, 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_planned_for_an_hour_without_sending_is_made_on_its_day() {
    let world = World::builder().build().await;
    let plan = plan_with(
        &world,
        ["2026-01-17", "2026-01-27"],
        json!({ "at_hour": 23 }),
    )
    .await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-17"] }))
        .await;

    // The 18th is the last day of its window.
    world.advance_to(sydney("2026-01-17 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-18 21:00"))
    );
    world.advance_to(sydney("2026-01-27 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["collected", "collected"]);
    world.finish().await;
}
