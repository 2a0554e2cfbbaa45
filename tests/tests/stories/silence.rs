//! A provider that does not answer, or does not tell.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use e2e::world::{WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_leaves_the_payment_unknown() {
    let world = World::builder()
        .faults(json!({ "accept_then_hang_every": 1, "hang_ms": 5_000 }))
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;

    world.advance_to(sydney("2026-01-12 06:00")).await;
    assert_eq!(world.struck("hung").await, 1);
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "unknown");
    assert_eq!(told.states(), ["collecting"]);

    world.advance_by(TimeDelta::minutes(1)).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (
            told.only_payment().state.as_str(),
            told.only_payment().submissions
        ),
        ("settled", 1)
    );
    assert_eq!(world.ledger().await.payments.len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_are_never_answered_are_counted_once_each() {
    let world = World::builder()
        .faults(json!({ "accept_then_hang_every": 1, "hang_ms": 5_000 }))
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 2 }))
        .await;

    world.advance_to(sydney("2026-01-14 12:00")).await;

    assert_eq!(world.struck("hung").await, 3);
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(told.only_payment().submissions, 3);
    assert_eq!(world.ledger().await.payments[0].submissions, 3);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_word_of_its_agreement_is_collected_within_minutes_of_the_word() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-10 12:00")).await;
    world.wire().set(WireMode::Down);
    world.advance_to(sydney("2026-01-12 06:01")).await;
    let waiting = &world.plan(&plan).await.instalments[0];
    assert_eq!(waiting.state, "scheduled");
    assert_eq!(waiting.waiting_because.as_deref(), Some("agreement_stale"));

    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-12 06:16")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.totals.collected),
        ("completed", AMOUNT)
    );
    assert_eq!(world.ledger().await.payments.len(), 1);
    world.finish().await;
}

/// A world whose bank has forgotten an agreement under which an instalment is due, of which a person has taken note.
async fn with_a_missing_agreement_noted() -> World {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-10 12:00")).await;
    world.bank_forgets().await;
    world.advance_to(sydney("2026-01-12 12:01")).await;
    let waiting = &world.plan(&plan).await.instalments[0];
    assert_eq!(waiting.waiting_because.as_deref(), Some("agreement_stale"));
    assert_eq!(world.open_questions().await, ["agreement_missing"]);

    let (status, told) = world.answer("agreement_missing", "noted").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_agreement_that_was_noted_is_a_question_again_a_day_later() {
    let world = with_a_missing_agreement_noted().await;

    world.advance_by(TimeDelta::hours(23)).await;
    assert!(world.open_questions().await.is_empty());

    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.open_questions().await, ["agreement_missing"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_was_found_and_is_missing_again_is_a_question_at_once() {
    let world = with_a_missing_agreement_noted().await;
    // As the bank's word on it leaves the row.
    sqlx::query("update agreement set absent_since_at = null")
        .execute(world.pool())
        .await
        .unwrap();

    world.advance_by(TimeDelta::hours(3)).await;

    assert_eq!(world.open_questions().await, ["agreement_missing"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_converges_with_webhooks_switched_off() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-19"] }))
        .await;

    world.advance_to(sydney("2026-01-26 06:05")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.totals.collected),
        ("completed", 3 * AMOUNT)
    );
    assert_eq!(world.ledger().await.webhooks.sent, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_investigation_is_waited_for_until_it_settles() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-13 23:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "under_investigation");
    assert_eq!(
        told.states(),
        ["collecting"],
        "no second payment is made beside it"
    );

    world.bank_decides(&told.only_payment().uid, "settle").await;
    world.advance_by(TimeDelta::hours(1)).await;

    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    assert_eq!(world.ledger().await.payments.len(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_all_morning_costs_time_and_nothing_else() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().set(WireMode::Down);

    world.advance_to(sydney("2026-01-12 10:00")).await;
    assert!(world.ledger().await.payments.is_empty());
    assert_eq!(world.plan(&plan).await.only_payment().state, "unknown");

    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-12 11:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(
        told.only_payment().submissions,
        2,
        "sent again once it was known to be absent"
    );
    assert_eq!(world.ledger().await.payments.len(), 1);
    world.finish().await;
}
