//! A payment that is undecided when its window ends holds a place in the next one as well: the provider may come
//! to count it there.

use chrono::TimeDelta;
use serde_json::json;

use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

/// How many places are held in a window after that of their payment.
async fn carried(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from window_slot where is_carried and released_at is null")
        .fetch_one(world.pool())
        .await
        .unwrap()
}

/// The rule that keeps the plan's instalment at `place` back, and how many payments were made for it.
async fn kept(world: &World, plan: &PlanHandle, place: usize) -> (Option<String>, usize) {
    let told = world.plan(plan).await;
    let instalment = &told.instalments[place];
    (
        instalment.waiting_because.clone(),
        instalment.payments.len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_payment_holds_the_only_place_of_the_next_window_until_it_has_ended() {
    for (outcome, collected) in [("settle", 2 * AMOUNT), ("fail", AMOUNT)] {
        let world = World::builder().build().await;
        let plan = world.active_plan(weekly("2026-01-12", 2)).await;
        world
            .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
            .await;
        world.advance_to(sydney("2026-01-12 12:00")).await;
        let uid = world.plan(&plan).await.only_payment().uid.clone();

        world.advance_to(sydney("2026-01-19 12:00")).await;
        let full = (Some("no_free_slot".to_owned()), 0);
        assert_eq!(kept(&world, &plan, 1).await, full, "{outcome}");
        assert_eq!(world.ledger().await.payments.len(), 1);

        if outcome == "fail" {
            world.bank_fails(&uid, "AC05").await;
        } else {
            world.bank_decides(&uid, outcome).await;
        }
        world.advance_by(TimeDelta::hours(2)).await;
        let told = world.plan(&plan).await;
        assert_eq!(told.instalments[1].state, "collected", "{outcome}");
        assert_eq!(told.totals.collected, collected, "{outcome}");
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_places_of_the_next_window_an_undecided_payment_holds_one() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let approves = json!({ "decision": "approve", "silent_on": ["2026-01-12"] });
    world.payer(&customer, approves).await;
    let dates = ["2026-01-12", "2026-01-19", "2026-01-20"];
    let instalments = dates.map(|date| json!({ "due_date": date, "amount": AMOUNT }));
    let plan = json!({
        "schedule": { "instalments": instalments },
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 2 },
        "validity_start_date": "2026-01-12",
        "validity_end_date": "2026-02-01",
    });
    let plan = world.register_plan_with(&customer, plan).await;

    world.advance_to(sydney("2026-01-20 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["collecting", "collected", "scheduled"]);
    let full = (Some("no_free_slot".to_owned()), 0);
    assert_eq!(kept(&world, &plan, 2).await, full);
    assert_eq!(carried(&world).await, 2, "one under each reading");

    let uid = told.instalments[0].payments[0].uid.clone();
    world.bank_decides(&uid, "settle").await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(carried(&world).await, 0, "it has its own place alone");
    world.advance_by(TimeDelta::hours(2)).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.states(), carried(&world).await),
        (vec!["collected"; 3], 0)
    );
    world.finish().await;
}
