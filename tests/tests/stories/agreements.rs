//! The payer's permission: given, refused, forgotten, paused and withdrawn.

use chrono::TimeDelta;

use serde_json::{Value, json};

use e2e::world::{WireMode, World};

use crate::told::{AMOUNT, regular, sydney, weekly};

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_agreement_blocks_the_plan_and_nothing_is_collected() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::seconds(2)).await;
    world.decline(&plan).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("blocked", "declined")
    );
    assert_eq!(
        world.event_types(&plan).await,
        ["plan.registered", "agreement.declined", "plan.blocked"]
    );
    assert_eq!(world.open_questions().await, ["agreement_lost"]);

    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert!(world.ledger().await.payments.is_empty());
    assert_eq!(world.plan(&plan).await.totals.collected, 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_the_payer_ignores_expires_and_blocks_the_plan() {
    let world = World::builder().without_webhooks().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-14", 1))
        .await;
    world.advance_to(sydney("2026-01-10 10:00")).await;
    assert_eq!(world.plan(&plan).await.state, "awaiting_agreement");

    world.advance_to(sydney("2026-01-10 13:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("blocked", "expired")
    );
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    world.advance_to(sydney("2026-01-15 12:00")).await;
    assert!(world.ledger().await.payments.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_agreement_waits_and_goes_on_when_reactivated() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.suspend(&plan).await;

    world.advance_to(sydney("2026-01-13 12:00")).await;
    let waiting = &world.plan(&plan).await.instalments[0];
    assert_eq!(waiting.state, "scheduled");
    assert_eq!(
        waiting.waiting_because.as_deref(),
        Some("agreement_not_active")
    );
    assert!(waiting.payments.is_empty());

    world.reactivate(&plan).await;
    world.advance_by(TimeDelta::seconds(10)).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(told.only_payment().sent_at, [sydney("2026-01-13 12:00")]);
    let told = world.event_types(&plan).await;
    assert_eq!(told[3..5], ["agreement.suspended", "agreement.reactivated"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_whose_window_passes_under_suspension_is_missed_by_name() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.suspend(&plan).await;

    world.advance_to(sydney("2026-01-19 05:00")).await;
    let missed = &world.plan(&plan).await.instalments[0];
    assert_eq!(missed.state, "missed");
    let events = world.events(&plan).await;
    let told = events
        .iter()
        .find(|event| event.r#type == "instalment.missed")
        .unwrap();
    assert_eq!(told.data["reason"], "agreement_not_active", "{}", told.data);

    world.reactivate(&plan).await;
    world.advance_to(sydney("2026-01-19 06:10")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["missed", "collected"]);
    assert_eq!(told.state, "completed");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_cancels_between_two_instalments_is_not_collected_from_again() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world.advance_to(sydney("2026-01-14 12:00")).await;

    world.cancel(&plan).await;

    let next = &world.plan(&plan).await.instalments[1];
    assert_eq!(
        next.summary,
        "$288.50 due on 2026-01-19 waits: the agreement is cancelled, not active; it can be \
         collected until 2026-01-25."
    );
    assert_eq!(next.explanation["next"], "look_again");
    assert_eq!(next.explanation["would_go_if"], "new_agreement");
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.totals.collected),
        ("blocked", AMOUNT)
    );
    assert_eq!(world.ledger().await.payments.len(), 1);
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_cancelled_unheard_of_is_asked_about_before_anything_is_sent() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:00")).await;
    world.cancel(&plan).await;

    world.advance_to(sydney("2026-01-13 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!((told.state.as_str(), told.totals.collected), ("blocked", 0));
    assert!(
        world.ledger().await.payments.is_empty(),
        "the bank took nothing"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_unheard_of_costs_one_refused_payment_at_most() {
    let world = World::builder().without_webhooks().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 00:10")).await;
    world.suspend(&plan).await;

    world.advance_to(sydney("2026-01-12 22:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.agreement.state, "suspended");
    let waiting = &told.instalments[0];
    assert_eq!(waiting.state, "scheduled");
    assert_eq!(
        waiting.waiting_because.as_deref(),
        Some("agreement_not_active")
    );
    assert!(waiting.payments.len() <= 1, "{:?}", waiting.payments);
    let refusals = world.ledger().await.refusals;
    assert!(refusals.len() <= 1, "{refusals:?}");
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_look_at_a_refused_payment_that_is_not_answered_changes_nothing() {
    let world = World::builder()
        .with_wire()
        .without_webhooks()
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 00:10")).await;
    world.suspend(&plan).await;
    world.advance_to(sydney("2026-01-12 06:30")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "rejected");

    world.wire().set(WireMode::LoseQuestions);
    world.advance_to(sydney("2026-01-12 13:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "rejected");
    assert_eq!(told.frozen_because, None);
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_reactivated_unheard_of_is_collected_under_at_once() {
    let world = World::builder()
        .without_webhooks()
        .start_at(sydney("2026-01-05 23:00"))
        .build()
        .await;
    let plan = world.active_plan(regular("daily", "2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-10 22:50")).await;
    world.suspend(&plan).await;
    world.advance_to(sydney("2026-01-11 23:10")).await;
    assert_eq!(world.plan(&plan).await.agreement.state, "suspended");
    world.reactivate(&plan).await;

    world.advance_to(sydney("2026-01-13 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "collected"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_of_another_amount_freezes_the_plan() {
    freezes_before_anything_is_sent("amount", json!(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_of_another_frequency_freezes_the_plan() {
    freezes_before_anything_is_sent("frequency", json!("weekly")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_starts_on_another_day_freezes_the_plan() {
    freezes_before_anything_is_sent("validity_start_date", json!("2026-01-20")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_ends_on_another_day_freezes_the_plan() {
    freezes_before_anything_is_sent("validity_end_date", json!("2026-01-06")).await;
}

async fn freezes_before_anything_is_sent(field: &'static str, value: Value) {
    let world = World::builder().with_wire().build().await;
    world
        .wire()
        .set(WireMode::OverwriteAgreements { field, value });
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;

    world.advance_to(sydney("2026-01-12 07:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("echo_mismatch"));
    assert_eq!(told.states(), ["scheduled"]);
    assert_eq!(world.open_questions().await, ["echo_mismatch"]);
    assert!(world.ledger().await.payments.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_due_before_its_payer_approved_is_collected_as_soon_as_they_do() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-08", 2))
        .await;
    world.advance_to(sydney("2026-01-08 10:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.state, "awaiting_agreement");
    assert!(told.instalments[0].payments.is_empty());

    world.approve(&plan).await;
    world.advance_by(TimeDelta::minutes(2)).await;
    assert_eq!(world.plan(&plan).await.states(), ["collected", "scheduled"]);
    world.finish().await;
}
