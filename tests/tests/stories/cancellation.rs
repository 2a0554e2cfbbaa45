//! The lender cancels a plan: sending stops, the agreement ends at the provider, and what is under way is
//! recorded as it ends.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

/// Where the plan, its agreement and its instalments stand.
async fn stands(world: &World, plan: &PlanHandle) -> (String, String, Vec<String>) {
    let told = world.plan(plan).await;
    let states = told.states().into_iter().map(str::to_owned).collect();
    (told.state.clone(), told.agreement.state.clone(), states)
}

fn as_told(plan: &str, agreement: &str, instalments: &[&str]) -> (String, String, Vec<String>) {
    let instalments = instalments.iter().map(|one| (*one).to_owned()).collect();
    (plan.to_owned(), agreement.to_owned(), instalments)
}

async fn state_at_the_bank(world: &World, plan: &PlanHandle) -> String {
    let agreements = world.ledger().await.agreements;
    let found = agreements
        .into_iter()
        .find(|one| one.uid == plan.agreement_uid);
    found.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_plan_sends_nothing_more_and_its_agreement_ends_at_the_provider() {
    for webhooks in [true, false] {
        let builder = World::builder();
        let builder = if webhooks {
            builder
        } else {
            builder.without_webhooks()
        };
        let world = builder.build().await;
        let plan = world.active_plan(weekly("2026-01-12", 3)).await;
        world.advance_to(sydney("2026-01-12 08:00")).await;

        let answer = world.cancel_plan(&plan).await;
        assert_eq!(answer["state"], "cancelled");
        assert_eq!(answer["instalments_cancelled"], 2);
        assert_eq!(answer["payments_in_flight"], json!([]));
        assert_eq!(answer["agreement"]["cancellation"], "requested");

        world.advance_by(TimeDelta::minutes(2)).await;
        let ended = ["collected", "cancelled", "cancelled"];
        assert_eq!(
            stands(&world, &plan).await,
            as_told("cancelled", "cancelled", &ended)
        );
        assert_eq!(state_at_the_bank(&world, &plan).await, "cancelled");
        let events = world.event_types(&plan).await;
        let tail = [
            "plan.cancelled",
            "instalment.ended",
            "instalment.ended",
            "agreement.cancelled",
        ];
        assert!(events.ends_with(&tail.map(str::to_owned)), "{events:?}");

        world.advance_to(sydney("2026-02-02 12:00")).await;
        assert_eq!(world.ledger().await.payments.len(), 1);
        assert!(world.open_questions().await.is_empty());
        world.finish().await;
    }
}

/// A plan whose first payment is with the bank, which says nothing of it, when the plan is cancelled.
async fn cancelled_with_a_payment_under_way(world: &World) -> (PlanHandle, String) {
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let silent = json!({ "silent_on": ["2026-01-12"] });
    world.payer(&plan.customer, silent).await;
    world.advance_to(sydney("2026-01-12 06:05")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();

    let answer = world.cancel_plan(&plan).await;
    let in_flight = answer["payments_in_flight"].as_array().unwrap();
    assert_eq!((in_flight.len(), &in_flight[0]["uid"]), (1, &json!(uid)));
    assert_eq!(answer["instalments_cancelled"], 1);
    (plan, uid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_at_the_cancellation_that_settles_is_recorded_as_collected() {
    let world = World::builder().build().await;
    let (plan, uid) = cancelled_with_a_payment_under_way(&world).await;
    world.bank_decides(&uid, "settle").await;
    world.advance_by(TimeDelta::minutes(5)).await;

    let ended = ["collected", "cancelled"];
    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &ended)
    );
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_at_the_cancellation_that_fails_is_not_tried_again() {
    let world = World::builder().build().await;
    let (plan, uid) = cancelled_with_a_payment_under_way(&world).await;
    world.bank_decides(&uid, "fail").await;
    world.advance_to(sydney("2026-01-15 12:00")).await;

    let ended = ["cancelled", "cancelled"];
    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &ended)
    );
    assert_eq!(world.plan(&plan).await.only_payment().submissions, 1);
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failure_of_a_cancelled_plans_payment_promises_no_retry() {
    let world = World::builder().build().await;
    let (plan, uid) = cancelled_with_a_payment_under_way(&world).await;
    world.bank_decides(&uid, "fail").await;

    let events = world.events(&plan).await;
    let failed = events.iter().find(|event| event.r#type == "payment.failed");
    let told = &failed.unwrap().data;
    assert_eq!(
        (&told["retry_at"], &told["stopped_because"]),
        (&Value::Null, &json!("plan_cancelled"))
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_arrived_is_not_sent_again_after_the_cancellation() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().hang_up().await;
    world.advance_to(sydney("2026-01-12 06:01")).await;
    assert_eq!(world.plan(&plan).await.only_payment().state, "intended");

    let answer = world.cancel_plan(&plan).await;
    assert_eq!(answer["payments_in_flight"], json!([]));
    world.settle().await;
    world.wire().pick_up().await;
    world.advance_to(sydney("2026-01-13 12:00")).await;

    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &["cancelled"])
    );
    assert_eq!(world.plan(&plan).await.only_payment().state, "abandoned");
    assert!(world.ledger().await.payments.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_cancelled_before_its_proposal_left_is_never_proposed() {
    let world = World::builder().with_wire().build().await;
    world.wire().hang_up().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::minutes(1)).await;

    let answer = world.cancel_plan(&plan).await;
    assert_eq!(answer["agreement"]["cancellation"], "ended");
    world.wire().pick_up().await;
    world.advance_by(TimeDelta::hours(2)).await;

    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &["cancelled"])
    );
    assert!(world.ledger().await.agreements.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_waits_for_its_payer_is_cancelled_too() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.advance_by(TimeDelta::minutes(1)).await;
    world.cancel_plan(&plan).await;
    world.advance_by(TimeDelta::minutes(1)).await;

    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &["cancelled"])
    );
    assert_eq!(state_at_the_bank(&world, &plan).await, "cancelled");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_twice_is_cancelling_once() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let first = world.cancel_plan(&plan).await;
    world.advance_by(TimeDelta::minutes(1)).await;
    let told = world.event_types(&plan).await;
    let second = world.cancel_plan(&plan).await;
    world.advance_by(TimeDelta::minutes(1)).await;

    assert_eq!(first["instalments_cancelled"], 2);
    assert_eq!(
        (&second["state"], &second["instalments_cancelled"]),
        (&json!("cancelled"), &json!(0))
    );
    assert_eq!(second["agreement"]["cancellation"], "ended");
    assert_eq!(world.event_types(&plan).await, told);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_plan_and_one_that_is_not_there_cannot_be_cancelled() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    assert_eq!(world.plan(&plan).await.state, "completed");

    let ask = async |path: &str, body: Value| {
        let body = Some(body.to_string().into_bytes());
        world.ask_anything(Method::POST, path, body).await
    };
    let path = format!("/v1/plans/{}/cancellation", plan.id);
    let good = json!({ "reason": "initiating_party_requested" });
    let (status, text) = ask(&path, good.clone()).await;
    assert!(
        status == StatusCode::CONFLICT && text.contains("plan_ended"),
        "{text}"
    );
    let (status, _) = ask("/v1/plans/external:nobodys/cancellation", good).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, text) = ask(&path, json!({ "reason": "because" })).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_the_wish_and_the_call_leaves_a_cancellation_that_is_made() {
    let mut world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.crash_workers();
    world.cancel_plan(&plan).await;
    assert_eq!(state_at_the_bank(&world, &plan).await, "active");

    world.start_worker();
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(state_at_the_bank(&world, &plan).await, "cancelled");
    assert_eq!(world.plan(&plan).await.agreement.state, "cancelled");
    world.finish().await;
}

/// Cancels a plan while the provider answers cancellations so, and does not make them.
async fn cancelled_against(world: &World, status: u16, body: Value) -> PlanHandle {
    let plan = world.active_plan(weekly("2026-02-12", 1)).await;
    let to = "/cancellation";
    world.wire().set(WireMode::Answer { to, status, body });
    world.cancel_plan(&plan).await;
    world.settle().await;
    world.wire().kept(1).await;
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_comes_to_nothing_is_sent_again_and_a_person_is_asked() {
    let refused = json!({"errors": [{"title": "t", "detail": "d", "code": "ZPCAN01"}]});
    for (status, body) in [(202, Value::Null), (503, Value::Null), (422, refused)] {
        let world = World::builder().with_wire().build().await;
        let plan = cancelled_against(&world, status, body).await;
        world.advance_by(TimeDelta::minutes(9)).await;
        assert!(world.open_questions().await.is_empty(), "{status}");
        world.advance_by(TimeDelta::minutes(2)).await;

        assert_eq!(
            world.open_questions().await,
            ["cancellation_failed"],
            "{status}"
        );
        assert_eq!(world.plan(&plan).await.agreement.state, "active");
        world.wire().set(WireMode::Open);
        world.advance_by(TimeDelta::minutes(15)).await;
        assert_eq!(
            world.plan(&plan).await.agreement.state,
            "cancelled",
            "{status}"
        );
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_a_cancellation_failed_sends_it_again_within_a_minute() {
    let world = World::builder().with_wire().build().await;
    let plan = cancelled_against(&world, 202, Value::Null).await;
    world.wire().set(WireMode::Open);
    let failed = json!({
        "data": {
            "id": "event-1",
            "type": "payto_agreement.cancellation_failed",
            "resource_uid": plan.agreement_uid,
            "resource_type": "payto_agreement",
            "body": { "failure": { "code": "MMS.API.9006", "title": "t", "detail": "d" } },
        },
    });
    world.advance_by(TimeDelta::seconds(10)).await;
    world.forge_webhook("1", &failed).await;
    world.advance_by(TimeDelta::minutes(2)).await;

    assert_eq!(world.plan(&plan).await.agreement.state, "cancelled");
    assert!(
        world.open_questions().await.is_empty(),
        "answered by itself"
    );
    let closed = world.closed_questions().await;
    assert_eq!(
        closed,
        [("cancellation_failed".to_owned(), "by_itself".to_owned())]
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_was_lost_is_not_sent_again_after_the_cancellation() {
    let world = World::builder()
        .with_wire()
        .without_webhooks()
        .build()
        .await;
    let to = "/agreements";
    let customer = world.register_customer().await;
    world.wire().set(WireMode::Answer {
        to,
        status: 500,
        body: Value::Null,
    });
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.settle().await;
    assert_eq!(world.plan(&plan).await.agreement.state, "unknown");
    world.cancel_plan(&plan).await;
    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(20)).await;

    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &["cancelled"])
    );
    assert!(
        world.ledger().await.agreements.is_empty(),
        "it was never there, and is not sent again"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_its_way_at_the_cancellation_is_named_and_collects() {
    let world = World::builder()
        .with_wire()
        .provider_timeout(std::time::Duration::from_secs(20))
        .build()
        .await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.wire().set(WireMode::HoldPayments);
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    world.wire().kept(1).await;

    let answer = world.cancel_plan(&plan).await;
    let in_flight = answer["payments_in_flight"].as_array().unwrap();
    assert_eq!(
        (in_flight.len(), &in_flight[0]["state"]),
        (1, &json!("sending"))
    );
    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(5)).await;

    let ended = ["collected", "cancelled"];
    assert_eq!(
        stands(&world, &plan).await,
        as_told("cancelled", "cancelled", &ended)
    );
    assert_eq!(world.ledger().await.payments[0].uid, in_flight[0]["uid"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellations_racing_with_sending_name_every_payment_that_leaves() {
    let world = World::builder().workers(3).build().await;
    let mut plans = Vec::new();
    for _ in 0..12 {
        plans.push(world.active_plan(weekly("2026-01-12", 1)).await);
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;

    let cancelled = plans.iter().map(|plan| world.cancel_plan(plan));
    let answers = futures::future::join_all(cancelled).await;
    world.settle().await;

    let payments = world.ledger().await.payments;
    for (plan, answer) in plans.iter().zip(&answers) {
        let left: Vec<&str> = payments
            .iter()
            .filter(|payment| payment.agreement_uid == plan.agreement_uid)
            .map(|payment| payment.uid.as_str())
            .collect();
        let named = answer["payments_in_flight"].as_array().unwrap();
        let named: Vec<&str> = named
            .iter()
            .map(|one| one["uid"].as_str().unwrap())
            .collect();
        assert_eq!(left, named);
        assert_eq!(answer["instalments_cancelled"], 1 - left.len());
    }
    world.finish().await;
}
