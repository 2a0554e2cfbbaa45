//! Kill switches of every scope: what has not started does not start, what is under way is named, and an opened
//! switch lets go on what it held back.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn agreement_scope(world: &World, plan: &PlanHandle) -> String {
    let (status, text) = world
        .ask_anything(Method::GET, &format!("/v1/plans/{}", plan.id), None)
        .await;
    assert_eq!(status, StatusCode::OK);
    let told: Value = serde_json::from_str(&text).unwrap();
    format!("agreement:{}", told["agreement"]["id"].as_str().unwrap())
}

/// Plans of one instalment each, due on 2026-01-12, at one minute before six that morning.
async fn due_together(world: &World, count: usize) -> Vec<PlanHandle> {
    let mut plans = Vec::new();
    for _ in 0..count {
        plans.push(world.active_plan(weekly("2026-01-12", 1)).await);
    }
    world.advance_to(sydney("2026-01-12 05:59")).await;
    plans
}

fn named(answer: &Value) -> BTreeSet<String> {
    let named = answer["payments_in_flight"].as_array().unwrap().iter();
    named
        .map(|one| one["uid"].as_str().unwrap().to_owned())
        .collect()
}

async fn at_the_bank(world: &World) -> BTreeSet<String> {
    let payments = world.ledger().await.payments;
    payments.into_iter().map(|payment| payment.uid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_stops_what_it_names_and_nothing_else_and_says_so() {
    let world = World::builder().build().await;
    let stopped = world.active_plan(weekly("2026-01-12", 1)).await;
    let other = world.active_plan(weekly("2026-01-12", 1)).await;
    let scopes = [
        ("all".to_owned(), "all"),
        ("provider:oligo".to_owned(), "provider"),
        (format!("plan:{}", stopped.id), "plan"),
        (agreement_scope(&world, &stopped).await, "agreement"),
    ];
    for (scope, _) in &scopes {
        let answer = world.close_collections(scope).await;
        assert_eq!(answer["scope"], scope.as_str());
        assert_eq!(answer["collections"], "closed");
    }
    world.advance_to(sydney("2026-01-12 08:00")).await;

    // One after the other is opened, the widest first: the next one is what holds it back.
    for (scope, word) in &scopes {
        let told = world.plan(&stopped).await;
        let held = &told.instalments[0];
        assert_eq!(held.state, "scheduled");
        assert_eq!(held.waiting_because.as_deref(), Some("collections_stopped"));
        assert_eq!(held.explanation["numbers"]["stopped_scope"], *word);
        assert_eq!(held.explanation["numbers"]["stopped_because"], "a story");
        assert_eq!(held.explanation["would_go_if"], "collections_reopened");
        assert!(held.summary.contains("a story"), "{}", held.summary);
        world.open_collections(scope).await;
        world.advance_by(TimeDelta::minutes(1)).await;
        let collected = world.plan(&other).await.totals.collected;
        let is_stopped = matches!(*word, "all");
        assert_eq!(collected, if is_stopped { 0 } else { AMOUNT }, "{scope}");
    }
    assert_eq!(world.plan(&stopped).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_that_races_with_sending_names_every_payment_that_leaves() {
    for scope in ["all", "provider:oligo"] {
        let world = World::builder().workers(3).build().await;
        let plans = due_together(&world, 20).await;
        world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;

        let answer = world.close_collections(scope).await;
        world.settle().await;
        let left = at_the_bank(&world).await;
        let told: BTreeSet<String> = settled_before(&world, &answer).await;
        assert_eq!(left, told, "{scope}");

        world.open_collections(scope).await;
        world.advance_by(TimeDelta::minutes(2)).await;
        for plan in &plans {
            assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
        }
        world.finish().await;
    }
}

/// What the answer names, and what had settled before it was given.
async fn settled_before(world: &World, answer: &Value) -> BTreeSet<String> {
    let at: domain::date::Instant = answer["changed_at"].as_str().unwrap().parse().unwrap();
    let named = named(answer);
    assert_eq!(
        i64::try_from(named.len()).unwrap(),
        answer["payments_in_flight_count"].as_i64().unwrap()
    );
    // Time stands still: what ended by then ended before the switch was turned, or is named.
    let ended: Vec<String> = sqlx::query_scalar(
        "select m.uid
         from payment m
         join journal j on j.subject_id = m.id and j.to_state = 'settled'
         join journal k on k.subject = 'control' and j.id < k.id
         where m.ended_at <= $1",
    )
    .bind(at)
    .fetch_all(world.pool())
    .await
    .unwrap();
    named.into_iter().chain(ended).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_races_with_putting_off_leaves_nothing_asleep() {
    let world = World::builder().workers(3).build().await;
    let plans = due_together(&world, 30).await;
    world.close_collections("all").await;
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;

    world.open_collections("all").await;
    world.settle().await;
    world.advance_by(TimeDelta::minutes(1)).await;

    for plan in &plans {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    assert_eq!(world.ledger().await.payments.len(), plans.len());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_everything_is_stopped_no_agreement_is_proposed_and_opening_proposes_it() {
    for scope in ["all", "provider:oligo"] {
        let world = World::builder().build().await;
        world.close_collections(scope).await;
        let customer = world.register_customer().await;
        let plan = world
            .register_plan(&customer, weekly("2026-01-12", 1))
            .await;
        world.advance_by(TimeDelta::minutes(30)).await;

        let agreement = world.plan(&plan).await.agreement;
        assert_eq!(agreement.state, "drafted");
        assert_eq!(
            agreement.waiting_because.as_deref(),
            Some("collections_stopped")
        );
        assert!(world.ledger().await.agreements.is_empty());

        world.open_collections(scope).await;
        world.advance_by(TimeDelta::seconds(31)).await;
        assert_eq!(world.ledger().await.agreements.len(), 1);
        assert_eq!(world.plan(&plan).await.agreement.state, "created");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_a_repetition_wait_for_the_plans_switch_too() {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let short = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&short.customer, json!({ "short_first": 1 }))
        .await;
    world.advance_to(sydney("2026-01-12 05:59")).await;
    let to = "/payments";
    world.wire().set(WireMode::Answer {
        to,
        status: 500,
        body: Value::Null,
    });
    world.begin_to_advance_to(sydney("2026-01-12 06:00")).await;
    world.wire().kept(1).await;
    world.settle().await;
    world.wire().set(WireMode::Open);
    for plan in [&plan, &short] {
        let answer = world.close_collections(&format!("plan:{}", plan.id)).await;
        assert_eq!(answer["payments_in_flight"][0]["state"], "unknown");
    }
    // Long enough to know that nothing arrived, and for what would be sent again.
    world.advance_by(TimeDelta::hours(2)).await;
    assert!(world.ledger().await.payments.is_empty());
    assert_eq!(world.plan(&plan).await.only_payment().state, "intended");

    world.open_collections(&format!("plan:{}", short.id)).await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.ledger().await.payments[0].submissions, 1);
    world.close_collections(&format!("plan:{}", short.id)).await;
    world.advance_to(sydney("2026-01-13 12:00")).await;
    assert_eq!(
        world.ledger().await.payments.len(),
        1,
        "the other waits still"
    );
    assert_eq!(world.ledger().await.payments[0].submissions, 1);

    for plan in [&plan, &short] {
        world.open_collections(&format!("plan:{}", plan.id)).await;
    }
    world.advance_by(TimeDelta::minutes(1)).await;
    for plan in [&plan, &short] {
        assert_eq!(world.plan(plan).await.totals.collected, AMOUNT);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_turned_once_journaled_told_and_listed() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let scope = format!("plan:{}", plan.id);
    let first = world.close_collections(&scope).await;
    world.advance_by(TimeDelta::minutes(5)).await;
    let second = world.close_collections(&scope).await;
    assert_eq!(
        (&first["is_changed"], &second["is_changed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["changed_at"], second["changed_at"]);

    let (_, listed) = world
        .ask_anything(Method::GET, "/v1/collections", None)
        .await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let told: Vec<(&str, &str)> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["scope"].as_str().unwrap(),
                one["collections"].as_str().unwrap(),
            )
        })
        .collect();
    let wanted = [
        ("all", "open"),
        ("provider:oligo", "open"),
        (scope.as_str(), "closed"),
    ];
    assert_eq!(told, wanted);

    world.open_collections(&scope).await;
    let events = world.event_types(&plan).await;
    let tail = ["collections.closed", "collections.opened"];
    assert_eq!(events[events.len() - 2..], tail);
    let journal: Vec<(String, String)> = sqlx::query_as(
        "select from_state, to_state from journal where subject = 'control' order by id",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    let steps = [("open", "closed"), ("closed", "open")];
    assert_eq!(
        journal,
        steps.map(|(from, to)| (from.to_owned(), to.to_owned()))
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_of_what_is_not_there_is_refused() {
    let world = World::builder().build().await;
    for scope in [
        "plan:pln_01kaf7v3pzf5ps9bj1x5v4s5ay",
        "agreement:agr_01kaf7v3pzf5ps9bj1x5v4s5ay",
    ] {
        let body = json!({ "scope": scope, "reason": "a story" });
        let body = Some(body.to_string().into_bytes());
        let path = "/v1/collections/closure";
        let (status, text) = world.ask_anything(Method::POST, path, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("unknown_scope"), "{text}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_is_missing_counts_as_closed() {
    for (remove, put_back) in [
        (
            "delete from control where scope = 'all'",
            "insert into control values ('all', true, 'epoch', 'a story')",
        ),
        (
            "delete from control where scope = 'provider:oligo'",
            "insert into control values ('provider:oligo', true, 'epoch', 'a story')",
        ),
    ] {
        let world = World::builder().build().await;
        let plan = world.active_plan(weekly("2026-01-12", 1)).await;
        let waiting = world.register_customer().await;
        sqlx::query(remove).execute(world.pool()).await.unwrap();
        world.register_plan(&waiting, weekly("2026-01-12", 1)).await;
        world.advance_to(sydney("2026-01-12 08:00")).await;

        let ledger = world.ledger().await;
        assert_eq!((ledger.payments.len(), ledger.agreements.len()), (0, 1));
        sqlx::query(put_back).execute(world.pool()).await.unwrap();
        world.advance_by(TimeDelta::hours(2)).await;
        assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
        world.finish().await;
    }
}
