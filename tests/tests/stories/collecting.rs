//! What a plan is for.

use chrono::TimeDelta;
use serde_json::json;

use e2e::world::World;

use crate::told::{AMOUNT, monthly, sydney, weekly};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_collected_from_registration_to_its_last_instalment() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-12", 3))
        .await;
    world.advance_by(TimeDelta::seconds(2)).await;
    assert_eq!(world.plan(&plan).await.state, "awaiting_agreement");

    world.approve(&plan).await;
    assert_eq!(world.plan(&plan).await.state, "active");
    world.advance_to(sydney("2026-01-12 05:59")).await;
    assert!(
        world.ledger().await.payments.is_empty(),
        "nothing is sent before six in the morning"
    );

    world.advance_to(sydney("2026-01-12 06:10")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collected", "scheduled", "scheduled"]);
    assert_eq!(told.only_payment().sent_at, [sydney("2026-01-12 06:00")]);
    assert_eq!(told.totals.collected, AMOUNT);

    world.advance_to(sydney("2026-01-27 06:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.state.as_str(), told.totals.collected),
        ("completed", 3 * AMOUNT)
    );
    assert_eq!(
        world.event_types(&plan).await,
        [
            "plan.registered",
            "agreement.activated",
            "plan.activated",
            "instalment.collected",
            "instalment.collected",
            "instalment.collected",
            "plan.completed",
        ]
    );
    let ledger = world.ledger().await;
    assert_eq!(
        (ledger.totals.settled_count, ledger.totals.settled_cents),
        (3, 3 * AMOUNT)
    );
    assert!(ledger.refusals.is_empty(), "{:?}", ledger.refusals);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_on_the_31st_collects_on_the_last_day_of_a_short_month() {
    let world = World::builder()
        .start_at(sydney("2026-01-30 12:00"))
        .agreement_refresh(TimeDelta::days(7))
        .build()
        .await;
    let mut schedule = monthly("2026-01-31", 4);
    schedule["due_day"] = json!("last_day_of_month");
    let plan = world.active_plan(schedule).await;
    world.advance_to(sydney("2026-05-01 06:00")).await;

    let told = world.plan(&plan).await;
    let sent_at: Vec<_> = told
        .instalments
        .iter()
        .map(|instalment| instalment.payments[0].sent_at.clone())
        .collect();
    let dates = [
        "2026-01-31 06:00",
        "2026-02-28 06:00",
        "2026-03-31 06:00",
        "2026-04-30 06:00",
    ];
    assert_eq!(sent_at, dates.map(|date| vec![sydney(date)]));
    assert_eq!(told.state, "completed");
    let anchor = told.agreement.validity_start_date.to_string();
    assert!(
        told.agreement.chosen_because.contains(&anchor),
        "{}",
        told.agreement.chosen_because
    );
    let ledger = world.ledger().await;
    assert!(ledger.refusals.is_empty(), "{:?}", ledger.refusals);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_on_the_31st_under_given_terms_is_collected_in_every_window() {
    let world = World::builder()
        .start_at(sydney("2026-01-30 12:00"))
        .agreement_refresh(TimeDelta::days(7))
        .build()
        .await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let mut schedule = monthly("2026-01-31", 4);
    schedule["due_day"] = json!("last_day_of_month");
    let given = json!({
        "schedule": schedule,
        "payment_terms": { "type": "fixed", "frequency": "monthly", "amount": AMOUNT, "count": 2 },
        "validity_start_date": "2026-01-31",
        "validity_end_date": "2026-05-30",
    });
    let plan = world.register_plan_with(&customer, given).await;
    world.advance_to(sydney("2026-05-01 06:00")).await;

    assert_eq!(world.plan(&plan).await.totals.collected, 4 * AMOUNT);
    let ledger = world.ledger().await;
    assert!(ledger.refusals.is_empty(), "{:?}", ledger.refusals);
    let first_dates: Vec<String> = ledger
        .payments
        .iter()
        .filter_map(|payment| payment.window.map(|window| window.first_date.to_string()))
        .collect();
    assert_eq!(
        first_dates,
        ["2026-01-31", "2026-01-31", "2026-03-31", "2026-03-31"]
    );
    world.finish().await;
}
