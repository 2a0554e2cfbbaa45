//! Payers known by a PayID: looked up, compared with the customer's name, and only then proposed to.

use chrono::TimeDelta;
use serde_json::{Value, json};

use e2e::world::{PlanHandle, WireMode, World};

use crate::told::{AMOUNT, sydney, weekly};

const EMAIL: &str = "robin.sample@example.com";

/// A plan of Robin Sample's, by a PayID whose holder the bank calls `alias_name`.
async fn by_payid(world: &World, alias_name: Value) -> PlanHandle {
    let account = json!({ "type": "alias_email", "value": EMAIL });
    let customer = world.register_customer_with("Robin Sample", account).await;
    let payer = json!({ "decision": "approve", "display_name": alias_name });
    world.payer(&customer, payer).await;
    world
        .register_plan(&customer, weekly("2026-01-12", 1))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payid_of_another_name_blocks_the_plan_and_nothing_is_sent_to_it() {
    let world = World::builder().build().await;
    let plan = by_payid(&world, json!("Somebody Else")).await;
    world.advance_by(TimeDelta::minutes(1)).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.state, "blocked");
    assert_eq!(told.agreement.payer_match.as_deref(), Some("different"));
    assert_eq!(world.open_questions().await, ["payid_name_differs"]);
    world.advance_to(sydney("2026-01-13 12:00")).await;
    let ledger = world.ledger().await;
    assert!(ledger.agreements.is_empty() && ledger.payments.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payid_of_the_same_or_a_close_name_goes_on_and_the_verdict_is_shown() {
    for (alias_name, verdict) in [("SAMPLE, Róbin", "same"), ("R Sample", "close")] {
        let world = World::builder().build().await;
        let plan = by_payid(&world, json!(alias_name)).await;
        world.advance_to(sydney("2026-01-12 08:00")).await;

        let told = world.plan(&plan).await;
        assert_eq!(told.agreement.payer_match.as_deref(), Some(verdict));
        assert_eq!(told.totals.collected, AMOUNT);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payid_that_leads_nowhere_blocks_the_plan() {
    let world = World::builder().build().await;
    let plan = by_payid(&world, Value::Null).await;
    world.advance_by(TimeDelta::minutes(1)).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.agreement.payer_match),
        ("blocked", None)
    );
    assert_eq!(world.open_questions().await, ["agreement_lost"]);
    assert!(world.ledger().await.agreements.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_behind_a_payid_is_shown_to_nobody_and_kept_sealed() {
    const CANARY: &str = "Canaryname";
    let world = World::builder().with_wire().build().await;
    let plan = by_payid(&world, json!(format!("{CANARY} Sample"))).await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.plan(&plan).await.agreement.state, "active");

    for path in [
        "/v1/plans/",
        "/v1/events?plan_id=",
        "/v1/exceptions?limit=1#",
    ] {
        let path = format!("{path}{}", plan.id);
        let (status, text) = world.ask_anything(reqwest::Method::GET, &path, None).await;
        assert!(status.is_success() && !text.contains(CANARY), "{text}");
    }
    let sealed: i64 = sqlx::query_scalar(
        "select count(*) from agreement where payer_alias_name_sealed is not null",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(sealed, 1);
    for table in [
        "agreement",
        "customer",
        "event",
        "exception",
        "journal",
        "plan",
    ] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select row_to_json(t)::text from {table} t"
        )))
        .fetch_all(world.pool())
        .await
        .unwrap();
        assert!(!rows.concat().contains(CANARY), "{table}");
    }
    // Neither is it what the payer reads: they are called what the lender calls them.
    let debtor: Vec<String> = world.debtor_names().await;
    assert_eq!(debtor, ["Robin Sample"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_on_look_ups_and_outages_delay_a_payid_and_lose_nothing() {
    let refused = |code: &str| json!({"errors": [{"title": "t", "detail": "d", "code": code}]});
    for (status, code, waits_for) in [
        (422, "ZPADD02", "payid_lookup_limit"),
        (422, "ZPADD03", "payid_lookup_limit"),
        (422, "ZPADD04", "payid_lookup_limit"),
        (503, "ZPADD98", "payid_lookup_unavailable"),
    ] {
        let world = World::builder().with_wire().build().await;
        let body = refused(code);
        let to = "/alias_resolution";
        world.wire().set(WireMode::Answer { to, status, body });
        let plan = by_payid(&world, json!("Robin Sample")).await;
        world.advance_by(TimeDelta::hours(8)).await;

        let told = world.plan(&plan).await;
        let stands = (told.state.as_str(), told.agreement.state.as_str());
        assert_eq!(stands, ("awaiting_agreement", "drafted"), "{code}");
        assert_eq!(told.agreement.waiting_because.as_deref(), Some(waits_for));
        assert!(world.open_questions().await.is_empty());
        let creations: i32 = sqlx::query_scalar("select cardinality(sent_at) from agreement")
            .fetch_one(world.pool())
            .await
            .unwrap();
        assert_eq!(creations, 0, "nothing was sent");

        world.wire().set(WireMode::Open);
        world.advance_to(sydney("2026-01-12 08:00")).await;
        let told = world.plan(&plan).await;
        assert_eq!(
            (told.totals.collected, told.agreement.waiting_because),
            (AMOUNT, None)
        );
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_refuses_all_look_ups_is_a_question_for_a_person() {
    let world = World::builder().with_wire().build().await;
    let body = json!({"errors": [{"title": "t", "detail": "d", "code": "ZPUNP09"}]});
    let to = "/alias_resolution";
    world.wire().set(WireMode::Answer {
        to,
        status: 422,
        body,
    });
    let plan = by_payid(&world, json!("Robin Sample")).await;
    world.advance_by(TimeDelta::minutes(1)).await;

    assert_eq!(world.open_questions().await, ["payid_lookup_refused"]);
    world.wire().set(WireMode::Open);
    world.advance_to(sydney("2026-01-12 08:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}
