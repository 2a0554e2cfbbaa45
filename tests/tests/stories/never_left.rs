//! Requests that never left, or of which nobody knows whether they arrived: neither a try nor a
//! failure.

use std::time::Duration;

use serde_json::json;

use domain::failure::{RetryPolicy, RetryPolicyDraft};
use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

/// Refused connections from a minute before six in the morning until half past six.
async fn refused_for_half_an_hour(world: &World, date: &str) {
    world.advance_to(sydney(&format!("{date} 05:59"))).await;
    world.wire().hang_up().await;
    world.advance_to(sydney(&format!("{date} 06:30"))).await;
    world.wire().pick_up().await;
}

/// Failures in a row under the only agreement.
async fn streak(world: &World) -> i32 {
    sqlx::query_scalar("select consecutive_failures from agreement")
        .fetch_one(world.pool())
        .await
        .unwrap()
}

async fn times_told(world: &World, plan: &PlanHandle, kind: &str) -> usize {
    let events = world.event_types(plan).await;
    events.iter().filter(|told| *told == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_hour_of_refused_connections_costs_no_retry_and_no_day() {
    let only_one = RetryPolicy::from_draft(&RetryPolicyDraft {
        retries_max: Some(1),
        ..RetryPolicyDraft::default()
    });
    let world = World::builder()
        .with_wire()
        .retry(only_one.unwrap())
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;

    refused_for_half_an_hour(&world, "2026-01-13").await;
    assert_eq!(world.ledger().await.payments[0].submissions, 1);
    world.advance_to(sydney("2026-01-13 21:00")).await;

    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!(payment.state, "settled");
    assert_eq!((payment.submissions, payment.retries_made), (2, 1));
    assert_eq!(world.ledger().await.payments[0].submissions, 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_never_left_use_up_no_budget_however_often() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 3 }))
        .await;

    for date in ["2026-01-13", "2026-01-14", "2026-01-15"] {
        refused_for_half_an_hour(&world, date).await;
    }
    world.advance_to(sydney("2026-01-18 21:00")).await;

    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!(payment.state, "settled");
    assert_eq!((payment.submissions, payment.retries_made), (4, 3));
    assert_eq!(world.ledger().await.payments[0].submissions, 4);
    assert_eq!(times_told(&world, &plan, "payment.failed").await, 3);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_that_never_left_are_no_submissions() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;

    refused_for_half_an_hour(&world, "2026-01-12").await;
    assert!(world.ledger().await.payments.is_empty());
    world.advance_to(sydney("2026-01-12 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "failed");
    assert_eq!(told.only_payment().submissions, 1, "the bank saw one");
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-13 06:00"))
    );
    world.advance_to(sydney("2026-01-13 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_a_retry_left_is_no_failure() {
    // Longer than the story takes: the worker must still be waiting when it dies.
    let patient = Duration::from_secs(300);
    let mut world = World::builder()
        .with_wire()
        .provider_timeout(patient)
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;
    world.advance_to(sydney("2026-01-13 05:59")).await;
    world.wire().set(WireMode::SwallowPayments);
    world.begin_to_advance_to(sydney("2026-01-13 06:00")).await;
    world.wire().kept(1).await;
    world.crash_workers();
    world.wire().set(WireMode::Open);

    world.start_worker();
    world.advance_to(sydney("2026-01-13 12:00")).await;

    assert_eq!(streak(&world).await, 1, "the bank saw one failure");
    assert_eq!(times_told(&world, &plan, "payment.failed").await, 1);
    assert_eq!(world.plan(&plan).await.states(), ["retrying", "scheduled"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_lost_on_the_way_morning_after_morning_do_not_hold_the_agreement_back() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world.wire().set(WireMode::LoseRetries);
    world.advance_to(sydney("2026-01-15 12:00")).await;
    assert_eq!(streak(&world).await, 1, "the bank saw one failure");
    assert_eq!(times_told(&world, &plan, "payment.failed").await, 1);
    world.advance_to(sydney("2026-01-18 12:00")).await;
    let bank = world.ledger().await;
    assert_eq!(bank.payments[0].submissions, 1);

    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-26 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states()[1], "collected");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_whose_payment_never_left_before_its_window_passed_is_told_as_missed() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().hang_up().await;

    world.advance_to(sydney("2026-01-19 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["missed", "scheduled"]);
    assert_eq!(told.only_payment().state, "abandoned");
    assert_eq!(times_told(&world, &plan, "instalment.missed").await, 1);

    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["missed", "collected"]);
    assert_eq!(told.state, "completed");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_about_a_payment_that_never_left_changes_nothing() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    refused_for_half_an_hour(&world, "2026-01-12").await;
    let before = world.plan(&plan).await.only_payment().clone();
    assert_eq!(before.state, "intended");

    let body = json!({
        "data": {
            "id": "018f2c6e-5a77-0c1d-9b3e-2f6a7d4c8e10",
            "type": "payto_payment.failed",
            "published_at": "2026-01-12T06:30:00+11:00",
            "resource_uid": before.uid,
            "resource_type": "payto_payment",
            "body": {},
            "resource_metadata": null,
        },
        "links": { "resource": format!("/v1/payto/payments/{}", before.uid) },
    });
    let taken = world.forge_webhook("forged", &body).await;
    assert_eq!(taken, reqwest::StatusCode::OK);
    world.settle().await;

    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "intended");
    assert_eq!(told.only_payment().failure_code, None);
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(told.only_payment().uid, before.uid);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_never_left_is_given_up_when_its_plan_gets_another_agreement() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().hang_up().await;
    world.advance_to(sydney("2026-01-12 06:10")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "intended");

    another_agreement(&world).await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-12 08:00")).await;

    let made: Vec<(String, i32)> = sqlx::query_as(
        "select m.state, a.attempt_no
         from payment m
         join agreement a on a.id = m.agreement_id
         order by m.attempt_no",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    let expected = [("abandoned".to_owned(), 1), ("settled".to_owned(), 2)];
    assert_eq!(made, expected);
    assert_eq!(world.plan(&plan).await.states(), ["collected", "scheduled"]);
    assert_eq!(world.ledger().await.payments.len(), 1);
    world.finish_but_for(&["I12"]).await;
}

/// What an operator would do whose payer is to agree once more.
async fn another_agreement(world: &World) {
    for statement in [
        "update agreement set state = 'cancelled', wake_at = null where created_at < $1",
        "update plan set state = 'awaiting_agreement' where created_at < $1",
        "insert into agreement
           (id, plan_id, attempt_no, uid, provider, state, terms, validity_start_date,
            validity_end_date, slots_allowed, chosen_because, terms_from, created_at,
            wake_at)
         select gen_random_uuid(), plan_id, 2, uid || 'b', provider, 'drafted', terms,
                validity_start_date, validity_end_date, slots_allowed, chosen_because, terms_from, $1, $1
         from agreement",
    ] {
        let asked = sqlx::query(statement).bind(world.now());
        let done = asked.execute(world.pool()).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
}
