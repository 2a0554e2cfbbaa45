//! Workers that die at the worst moment.

use std::time::Duration;

use chrono::TimeDelta;

use e2e::world::{WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

/// A world whose worker has armed the payment of its only plan, and waits for an answer that never
/// comes.
async fn mid_call() -> (World, e2e::world::PlanHandle) {
    // Longer than the story takes: the worker must still be waiting when it dies.
    let patient = Duration::from_secs(300);
    let world = World::builder()
        .with_wire()
        .provider_timeout(patient)
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_arming_and_sending_is_resolved_by_asking() {
    let (mut world, plan) = mid_call().await;
    world.wire().set(WireMode::SwallowPayments);
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    world.wire().kept(1).await;
    world.crash_workers();
    world.wire().set(WireMode::Open);

    let told = world.plan(&plan).await;
    let uid = told.only_payment().uid.clone();
    assert_eq!(
        told.only_payment().state,
        "sending",
        "written before a byte left"
    );
    assert!(world.ledger().await.payments.is_empty(), "nothing arrived");

    world.start_worker();
    world.advance_by(TimeDelta::minutes(4)).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "unknown");
    assert!(
        world.ledger().await.payments.is_empty(),
        "one absence proves nothing"
    );

    world.advance_by(TimeDelta::minutes(3)).await;
    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!((&payment.uid, payment.state.as_str()), (&uid, "settled"));
    assert_eq!(payment.submissions, 2);
    let ledger = world.ledger().await;
    assert_eq!((ledger.payments.len(), &ledger.payments[0].uid), (1, &uid));
    assert_eq!(ledger.payments[0].submissions, 1);
    assert_eq!(told.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_answer_is_read_ends_in_the_same_payment() {
    let (mut world, plan) = mid_call().await;
    world
        .set_faults(&serde_json::json!({ "accept_then_hang_every": 1 }))
        .await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    world.until_struck("hung", 1).await;
    world.crash_workers();
    assert_eq!(world.plan(&plan).await.only_payment().state, "sending");

    world.start_worker();
    world.advance_by(TimeDelta::minutes(2)).await;

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
async fn a_retry_that_never_left_a_crashed_worker_is_made_the_next_day() {
    let (mut world, plan) = mid_call().await;
    let short = serde_json::json!({ "short_on": ["2026-01-12"] });
    world.payer(&plan.customer, short).await;
    world.advance_to(sydney("2026-01-13 05:59")).await;
    assert_eq!(world.plan(&plan).await.states(), ["retrying"]);
    world.wire().set(WireMode::SwallowPayments);
    world.begin_to_advance_to(sydney("2026-01-13 06:00")).await;
    world.wire().kept(1).await;
    world.crash_workers();
    world.wire().set(WireMode::Open);

    world.start_worker();
    world.advance_to(sydney("2026-01-14 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.totals.collected, told.only_payment().state.as_str()),
        (AMOUNT, "settled")
    );
    assert_eq!(
        world.ledger().await.payments[0].submissions,
        2,
        "the first, and the retry that left"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_again_and_again_collect_everything_once() {
    let mut world = World::builder().workers(2).build().await;
    let mut plans = Vec::new();
    for _ in 0..12 {
        let customer = world.register_customer().await;
        world
            .payer(&customer, serde_json::json!({ "decision": "approve" }))
            .await;
        plans.push(
            world
                .register_plan(&customer, weekly("2026-01-12", 1))
                .await,
        );
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    for sent in [1, 5] {
        world.until_at_the_bank(sent).await;
        world.crash_workers();
        world.start_worker();
        world.start_worker();
    }
    world.advance_to(sydney("2026-01-12 07:00")).await;

    for plan in &plans {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    assert_eq!(world.ledger().await.totals.settled_count, 12);
    world.finish().await;
}
