//! The lender pauses a plan: nothing new is sent until it goes on, and nothing is lost or made up for twice.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn paused(world: &World, plan: &PlanHandle) -> Value {
    let path = format!("/v1/plans/{}", plan.id);
    let (_, text) = world.ask_anything(Method::GET, &path, None).await;
    let told: Value = serde_json::from_str(&text).unwrap();
    told["paused"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_plan_sends_nothing_until_it_is_resumed() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let answer = world.pause_plan(&plan, None).await;
    assert_eq!(
        (&answer["state"], &answer["until"]),
        (&json!("paused"), &Value::Null)
    );

    world.advance_to(sydney("2026-01-15 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.state, "paused");
    assert_eq!(told.states(), ["scheduled", "scheduled"]);
    let held = &told.instalments[0];
    assert_eq!(held.waiting_because.as_deref(), Some("plan_not_active"));
    assert_eq!(held.explanation["would_go_if"], "plan_resumed");
    assert_eq!(
        paused(&world, &plan).await["reason"],
        "hardship arrangement"
    );
    assert!(world.ledger().await.payments.is_empty());

    let answer = world.resume_plan(&plan).await;
    assert_eq!(answer["state"], "active");
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    assert_eq!(paused(&world, &plan).await, Value::Null);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.plan(&plan).await.state, "completed");
    let events = world.event_types(&plan).await;
    assert!(events.contains(&"plan.paused".to_owned()));
    assert!(events.contains(&"plan.resumed".to_owned()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_paused_until_a_date_goes_on_by_itself_that_morning() {
    for webhooks in [true, false] {
        let builder = World::builder();
        let builder = match webhooks {
            true => builder,
            false => builder.without_webhooks(),
        };
        let world = builder.build().await;
        // One is due during the pause, the other one weeks after its end.
        let due = world.active_plan(weekly("2026-01-12", 1)).await;
        let idle = world.active_plan(weekly("2026-03-02", 1)).await;
        for plan in [&due, &idle] {
            let answer = world.pause_plan(plan, Some("2026-01-16")).await;
            assert_eq!(answer["until"], "2026-01-16");
        }
        world.advance_to(sydney("2026-01-15 23:59")).await;
        for plan in [&due, &idle] {
            assert_eq!(world.plan(plan).await.state, "paused");
        }
        let held = &world.plan(&due).await.instalments[0];
        assert_eq!(held.explanation["numbers"]["paused_until"], "2026-01-16");
        assert!(world.ledger().await.payments.is_empty());

        world.advance_to(sydney("2026-01-16 00:01")).await;
        for plan in [&due, &idle] {
            assert_eq!(world.plan(plan).await.state, "active");
        }
        world.advance_to(sydney("2026-01-16 06:01")).await;
        assert_eq!(world.plan(&due).await.totals.collected, AMOUNT);
        world.advance_to(sydney("2026-03-02 08:00")).await;
        assert_eq!(world.plan(&idle).await.totals.collected, AMOUNT);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_passes_during_a_pause_is_missed_and_told_and_never_made_up_for() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world.pause_plan(&plan, Some("2026-01-21")).await;
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["missed", "scheduled", "scheduled"]);
    let missed = world.events(&plan).await;
    let missed: Vec<_> = missed
        .iter()
        .filter(|event| event.r#type == "instalment.missed")
        .collect();
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].data["reason"], "plan_not_active");
    assert!(
        told.instalments[0].summary.contains("missed"),
        "{}",
        told.instalments[0].summary
    );

    world.advance_to(sydney("2026-01-27 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["missed", "collected", "collected"]);
    assert_eq!(world.ledger().await.payments.len(), 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_its_way_at_the_pause_is_named_and_collects() {
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

    let answer = world.pause_plan(&plan, None).await;
    let in_flight = answer["payments_in_flight"].as_array().unwrap();
    assert_eq!(
        (in_flight.len(), &in_flight[0]["state"]),
        (1, &json!("sending"))
    );
    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::minutes(5)).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "scheduled"]);
    assert_eq!(told.state, "paused");
    assert_eq!(world.ledger().await.payments[0].uid, in_flight[0]["uid"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_racing_with_sending_name_every_payment_that_leaves() {
    let world = World::builder().workers(3).build().await;
    let mut plans = Vec::new();
    for _ in 0..12 {
        plans.push(world.active_plan(weekly("2026-01-12", 1)).await);
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;

    let paused = plans
        .iter()
        .map(|plan| world.pause_plan(plan, Some("2026-01-13")));
    let answers = futures::future::join_all(paused).await;
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
    }
    world.advance_to(sydney("2026-01-13 08:00")).await;
    for plan in &plans {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_or_never_left_before_a_pause_waits_for_its_end() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 1 }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world.pause_plan(&plan, Some("2026-01-15")).await;
    world.advance_to(sydney("2026-01-14 21:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["retrying"]);
    assert_eq!(told.only_payment().submissions, 1);

    world.advance_to(sydney("2026-01-15 08:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(told.only_payment().submissions, 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_paused_before_its_payer_approved_goes_on_waiting_for_that() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await;
    world.pause_plan(&plan, Some("2026-01-07")).await;
    world.advance_to(sydney("2026-01-06 12:00")).await;
    world.advance_to(sydney("2026-01-07 00:30")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.state.as_str()),
        ("awaiting_agreement", "created")
    );
    world.approve(&plan).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_lost_during_a_pause_blocks_the_plan_once_the_pause_ends() {
    let world = World::builder().build().await;
    let by_date = world.active_plan(weekly("2026-01-12", 1)).await;
    let by_word = world.active_plan(weekly("2026-01-12", 1)).await;
    world.pause_plan(&by_date, Some("2026-01-14")).await;
    world.pause_plan(&by_word, None).await;
    for plan in [&by_date, &by_word] {
        world.cancel(plan).await;
        world.advance_by(TimeDelta::minutes(1)).await;
        let told = world.plan(plan).await;
        assert_eq!(
            (told.state.as_str(), told.agreement.state.as_str()),
            ("paused", "cancelled")
        );
    }
    world.advance_to(sydney("2026-01-14 00:01")).await;
    assert_eq!(world.resume_plan(&by_word).await["state"], "blocked");
    for plan in [&by_date, &by_word] {
        assert_eq!(world.plan(plan).await.state, "blocked");
        let events = world.event_types(plan).await;
        assert!(events.contains(&"plan.blocked".to_owned()), "{events:?}");
    }
    let questions = world.open_questions().await;
    assert_eq!(questions, ["agreement_lost", "agreement_lost"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_word_on_a_pause_holds() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world.pause_plan(&plan, Some("2026-01-13")).await;
    world.pause_plan(&plan, Some("2026-01-16")).await;
    let events = world.event_types(&plan).await;
    world.pause_plan(&plan, Some("2026-01-16")).await;
    assert_eq!(
        world.event_types(&plan).await,
        events,
        "the same word again"
    );

    world.advance_to(sydney("2026-01-15 12:00")).await;
    assert_eq!(world.plan(&plan).await.state, "paused");
    world.advance_to(sydney("2026-01-16 06:01")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_or_is_blocked_is_not_paused() {
    let world = World::builder().build().await;
    let ended = world.active_plan(weekly("2026-01-12", 1)).await;
    let blocked = world.active_plan(weekly("2026-02-12", 1)).await;
    world.cancel(&blocked).await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    for (plan, code) in [(&ended, "plan_ended"), (&blocked, "plan_state_conflict")] {
        for (verb, body) in [
            ("pause", json!({ "reason": "a story" })),
            ("resumption", json!({ "reason": "a story" })),
        ] {
            let path = format!("/v1/plans/{}/{verb}", plan.id);
            let body = Some(body.to_string().into_bytes());
            let (status, text) = world.ask_anything(Method::POST, &path, body).await;
            assert_eq!(status, StatusCode::CONFLICT, "{text}");
            assert!(text.contains(code), "{text}");
        }
    }
    let past = json!({ "reason": "a story", "until": "2026-01-12" });
    let past = Some(past.to_string().into_bytes());
    let path = format!("/v1/plans/{}/pause", ended.id);
    let (status, text) = world.ask_anything(Method::POST, &path, past).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("not_in_future"), "{text}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_attended_while_its_plan_is_resumed_is_attended_again() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.pause_plan(&plan, None).await;
    // As if a worker whose clock is ahead of ours decided on the first one just now.
    let leased = "update instalment
                  set lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour', leases = 1
                  where sequence = 1";
    sqlx::query(leased).execute(world.pool()).await.unwrap();
    let versions = async || -> Vec<i64> {
        sqlx::query_scalar("select version from instalment order by sequence")
            .fetch_all(world.pool())
            .await
            .unwrap()
    };
    let before = versions().await;

    world.resume_plan(&plan).await;
    assert_eq!(versions().await, [before[0] + 1, before[1]]);
    let released = "update instalment set lease_token = null, leased_until = null, leases = 0";
    sqlx::query(released).execute(world.pool()).await.unwrap();
    world.finish().await;
}
