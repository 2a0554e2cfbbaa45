//! Money that moved when nobody expected it any more: by a payment that had failed, or by one that
//! was given up.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use domain::failure::{RetryPolicy, RetryPolicyDraft};
use e2e::world::{PlanHandle, WireMode, World, WorldBuilder};

use crate::operators::set_collections;
use crate::told::{AMOUNT, sydney, weekly};

/// A plan of two instalments within one week, of which each week allows two payments: a second
/// payment for the first instalment would be taken by the bank.
async fn two_a_week(world: &World, due_dates: [&str; 2]) -> PlanHandle {
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let instalments = due_dates.map(|date| json!({ "due_date": date, "amount": AMOUNT }));
    let plan = json!({
        "schedule": { "instalments": instalments },
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 2 },
        "validity_start_date": "2026-01-12",
        "validity_end_date": "2026-02-01",
    });
    let plan = world.register_plan_with(&customer, plan).await;
    world.advance_by(TimeDelta::seconds(31)).await;
    plan
}

/// A world whose only payment has failed in a way that only a new payment can follow, tomorrow at
/// eight: two hours after the provider is asked about the old one once more.
pub async fn failed_for_a_new_payment(builder: WorldBuilder) -> (World, PlanHandle, String) {
    let at_eight = RetryPolicy::from_draft(&RetryPolicyDraft {
        at_hour: Some(8),
        ..RetryPolicyDraft::default()
    });
    let world = builder.retry(at_eight.unwrap()).build().await;
    let plan = two_a_week(&world, ["2026-01-12", "2026-01-16"]).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 07:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_fails(&uid, "UKNWN").await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "failed");
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-13 08:00"))
    );
    (world, plan, uid)
}

/// A world whose only payment, sent on 12 January, the bank failed at `at` in a way that nothing can follow; `after`
/// that.
async fn failed_for_good(builder: WorldBuilder, at: &str, after: TimeDelta) -> (World, String) {
    let world = builder.build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 06:30")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.advance_to(sydney(at)).await;
    world.bank_fails(&uid, "AC05").await;
    world.advance_by(after).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "failed");
    assert_eq!(told.instalments[0].state, "failed", "nothing follows it");
    (world, uid)
}

/// The first instalment was paid by the payment that had failed: nothing more is sent for it, nor
/// for anything else, until a person has looked.
async fn is_paid_once_and_asked_about(world: World, plan: &PlanHandle) {
    world.advance_to(sydney("2026-01-17 12:00")).await;
    let told = world.plan(plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    assert_eq!(told.instalments[0].payments.len(), 1, "no second payment");
    assert_eq!(world.open_questions().await, ["late_settlement"]);
    let ledger = world.ledger().await;
    assert_eq!(
        (ledger.totals.settled_count, ledger.payments.len()),
        (1, 1),
        "{:?}",
        ledger.payments
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_told_while_the_provider_is_down_is_heard_once_it_answers() {
    let builder = World::builder().with_wire();
    let (world, plan, uid) = failed_for_a_new_payment(builder).await;
    world.wire().set(WireMode::Down);
    world.bank_decides(&uid, "settle").await;
    world.advance_by(TimeDelta::minutes(5)).await;
    let undigested: i64 =
        sqlx::query_scalar("select count(*) from webhook where digested_at is null")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!(undigested, 1, "a webhook waits for its question's answer");
    assert_eq!(world.plan(&plan).await.frozen_because, None);

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(10)).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    is_paid_once_and_asked_about(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_is_heard_of_after_a_silence_that_outlasts_the_looks() {
    let builder = World::builder().without_webhooks().with_wire();
    let failing = failed_for_good(builder, "2026-01-12 06:30", TimeDelta::minutes(20));
    let (world, uid) = failing.await;

    world.wire().set(WireMode::LoseQuestions);
    world.bank_decides(&uid, "settle").await;
    world.advance_to(sydney("2026-01-22 12:00")).await;
    let asked = world.open_questions().await;
    assert!(!asked.contains(&"late_settlement".to_owned()), "{asked:?}");

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::hours(2)).await;
    let asked = world.open_questions().await;
    assert!(asked.contains(&"late_settlement".to_owned()), "{asked:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_of_a_payment_that_failed_long_after_its_sending_is_heard_of() {
    let builder = World::builder().without_webhooks();
    let failing = failed_for_good(builder, "2026-01-16 12:00", TimeDelta::hours(2));
    let (world, uid) = failing.await;

    world.bank_decides(&uid, "settle").await;
    world.advance_by(TimeDelta::hours(24)).await;
    let asked = world.open_questions().await;
    assert!(asked.contains(&"late_settlement".to_owned()), "{asked:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_asked_again_before_a_new_payment_follows_one_that_failed() {
    let builder = World::builder().without_webhooks();
    let (world, plan, uid) = failed_for_a_new_payment(builder).await;
    world.advance_to(sydney("2026-01-13 07:00")).await;
    world.bank_decides(&uid, "settle").await;
    assert_eq!(
        world.plan(&plan).await.frozen_because,
        None,
        "nobody has told"
    );

    world.advance_to(sydney("2026-01-13 08:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    is_paid_once_and_asked_about(world, &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_new_payment_follows_one_that_failed_while_the_provider_does_not_say_that_it_did() {
    let builder = World::builder().without_webhooks().with_wire();
    let (world, plan, _) = failed_for_a_new_payment(builder).await;
    world.advance_to(sydney("2026-01-13 07:59")).await;
    world.wire().set(WireMode::LoseQuestions);

    world.advance_to(sydney("2026-01-13 12:30")).await;
    let waiting = &world.plan(&plan).await.instalments[0];
    assert_eq!(waiting.payments.len(), 1, "no new payment was even made");
    assert_eq!(world.ledger().await.payments.len(), 1);

    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::hours(2)).await;
    let told = world.plan(&plan).await;
    let states: Vec<&str> = told.instalments[0]
        .payments
        .iter()
        .map(|payment| payment.state.as_str())
        .collect();
    assert_eq!(states, ["failed", "settled"]);
    assert_eq!((told.totals.collected, told.frozen_because), (AMOUNT, None));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_payment_is_not_sent_again_before_the_provider_has_spoken_of_the_first_again() {
    let builder = World::builder().without_webhooks().with_wire();
    let (world, plan, uid) = failed_for_a_new_payment(builder).await;
    world.advance_to(sydney("2026-01-13 07:59")).await;
    world.wire().set(WireMode::SwallowPayments);
    world.advance_to(sydney("2026-01-13 08:04")).await;
    let second = &world.plan(&plan).await.instalments[0].payments[1];
    assert_eq!(
        (second.state.as_str(), second.sent_at.len()),
        ("unknown", 1)
    );
    assert_eq!(world.ledger().await.payments.len(), 1, "it never arrived");

    // The first one settles after all, and nobody tells.
    world.bank_decides(&uid, "settle").await;
    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(15)).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    assert_eq!(world.open_questions().await, ["late_settlement"]);
    let ledger = world.ledger().await;
    assert_eq!((ledger.totals.settled_count, ledger.payments.len()), (1, 1));

    // It is given up with its week, and then the first one can be said to have collected.
    world.advance_to(sydney("2026-01-19 12:00")).await;
    let (status, told) = world.answer("late_settlement", "collected").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let told = world.plan(&plan).await;
    let states: Vec<&str> = told.instalments[0]
        .payments
        .iter()
        .map(|payment| payment.state.as_str())
        .collect();
    assert_eq!(states, ["settled", "abandoned"]);
    assert_eq!(told.instalments[0].state, "collected");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_whose_payment_settled_late_stays_open_until_a_person_has_looked() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;

    // Both windows pass, and the agreement's end.
    world.advance_to(sydney("2026-02-12 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        told.states(),
        ["retrying", "scheduled"],
        "neither missed nor collected: undecided"
    );
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    assert_ne!(told.state, "completed");
    let events = world.event_types(&plan).await;
    assert!(
        !events.iter().any(|kind| kind == "instalment.missed"),
        "{events:?}"
    );
    world.finish().await;
}

/// A world in which the request for the first instalment, due on the last day of its week, hangs on
/// the wire in `mode`, and its payment was given up when the week was over.
async fn given_up_after_sending(mode: WireMode) -> (World, PlanHandle) {
    // Longer than the story takes: the request is on its way all the time.
    let patient = Duration::from_secs(300);
    let mut world = World::builder()
        .with_wire()
        .without_webhooks()
        .provider_timeout(patient)
        .build()
        .await;
    let plan = two_a_week(&world, ["2026-01-18", "2026-01-22"]).await;
    world.advance_to(sydney("2026-01-18 05:59")).await;
    world.wire().set(mode);
    world.begin_to_advance_to(sydney("2026-01-18 06:00")).await;
    world.wire().kept(1).await;
    set_collections(&world, false).await;
    world.crash_workers();
    world.start_worker();
    world.advance_to(sydney("2026-01-19 00:30")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "abandoned");
    assert_eq!(told.states(), ["missed", "scheduled"]);
    assert!(world.ledger().await.payments.is_empty());
    set_collections(&world, true).await;
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_after_its_payment_was_given_up_is_found_and_a_person_is_asked() {
    let (world, plan) = given_up_after_sending(WireMode::HoldPayments).await;

    // Now it arrives, and the bank, which knows nothing of all that, takes it.
    world.wire().set(WireMode::Open);
    world.until_at_the_bank(1).await;

    world.advance_to(sydney("2026-01-19 06:01")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    assert_eq!(world.open_questions().await, ["late_settlement"]);
    world.advance_to(sydney("2026-01-24 12:00")).await;
    let ledger = world.ledger().await;
    assert_eq!((ledger.totals.settled_count, ledger.payments.len()), (1, 1));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_given_up_that_never_arrives_stays_given_up_and_stops_nothing() {
    let (world, plan) = given_up_after_sending(WireMode::SwallowPayments).await;
    world.wire().set(WireMode::Open);

    world.advance_to(sydney("2026-01-22 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because, None);
    assert_eq!(told.instalments[0].payments[0].state, "abandoned");
    assert_eq!(told.states(), ["missed", "collected"]);
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}
