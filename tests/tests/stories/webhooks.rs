//! Webhooks: hints, in any order and number, from anybody.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use e2e::world::{LedgerWebhooks, World};

use crate::told::{AMOUNT, sydney, weekly};

/// The money of a plan with one failed try, and how it came about.
#[derive(Debug, PartialEq, Eq)]
struct Money {
    collected: i64,
    instalments: Vec<String>,
    payments: Vec<(String, usize)>,
}

/// What is left once everything has arrived, and which webhooks were struck.
async fn money_under(faults: Value) -> (Money, LedgerWebhooks) {
    let world = World::builder().faults(faults).build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-19"] }))
        .await;
    // The last ones may be five days late.
    world.advance_to(sydney("2026-02-01 08:00")).await;

    let told = world.plan(&plan).await;
    let webhooks = world.ledger().await.webhooks;
    let payments = told
        .instalments
        .iter()
        .flat_map(|instalment| &instalment.payments);
    let money = Money {
        collected: told.totals.collected,
        instalments: told.states().into_iter().map(str::to_owned).collect(),
        payments: payments
            .map(|one| (one.state.clone(), one.submissions))
            .collect(),
    };
    world.finish().await;
    (money, webhooks)
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_never_come_or_five_times_or_late_end_in_the_same_state() {
    let (expected, once) = money_under(json!({})).await;
    assert_eq!(expected.collected, 3 * AMOUNT);
    assert_eq!(expected.payments[1], ("settled".to_owned(), 2));
    assert!(0 < once.delivered);

    let (never, told) = money_under(json!({ "lose_webhooks": 100 })).await;
    assert_eq!(never, expected);
    assert_eq!((told.sent, told.lost), (0, once.delivered));

    let five_times = json!({ "repeat_webhooks": 100, "repeat_times": 4 });
    let (five_times, told) = money_under(five_times).await;
    assert_eq!(five_times, expected);
    assert_eq!(told.sent, 5 * told.delivered);

    let (shuffled, told) = money_under(json!({ "reorder_webhooks": 100 })).await;
    assert_eq!(shuffled, expected);
    assert!(0 < told.reordered);

    let late = json!({ "delay_webhooks": 100, "delay_seconds": 5 * 86_400 });
    let (late, told) = money_under(late).await;
    assert_eq!(late, expected);
    assert_eq!(told.delayed, told.delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_in_any_order_and_number_end_in_the_same_state() {
    let (expected, _) = money_under(json!({})).await;
    let mut struck = 0;
    for seed in [1, 2, 3] {
        let faults = json!({
            "seed": seed,
            "lose_webhooks": 30,
            "repeat_webhooks": 60,
            "delay_webhooks": 50,
            "delay_seconds": 90_000,
            "reorder_webhooks": 30,
        });
        let (money, told) = money_under(faults).await;
        assert_eq!(money, expected, "seed {seed}");
        struck += told.lost + told.repeated + told.delayed + told.reordered;
    }
    assert!(5 < struck, "the seeds struck {struck} times");
}

fn settled(uid: &str) -> Value {
    json!({
        "data": {
            "id": "019ba2e1-7d5c-7000-8000-000000000000",
            "type": "payto_payment.settled",
            "published_at": "2026-01-12T06:00:05.000+11:00",
            "resource_uid": uid,
            "resource_type": "payto_payment",
            "body": null,
            "resource_metadata": null,
        },
        "links": { "resource": format!("/v1/payto/payments/{uid}") },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_changes_nothing() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 06:05")).await;
    let told = world.plan(&plan).await;
    let uid = told.only_payment().uid.clone();
    assert_eq!(told.only_payment().state, "submitted");

    assert_eq!(
        world.forge_webhook("forged-1", &settled(&uid)).await,
        StatusCode::OK
    );
    assert_eq!(
        world.forge_webhook("forged-2", &settled("nobodys")).await,
        StatusCode::OK
    );
    assert_eq!(
        world
            .forge_webhook("forged-3", &json!({ "not": "ours" }))
            .await,
        StatusCode::OK
    );
    world.settle().await;

    let told = world.plan(&plan).await;
    assert_eq!(
        told.only_payment().state,
        "submitted",
        "the bank was asked, and says otherwise"
    );
    assert_eq!(
        (told.totals.collected, told.states()),
        (0, vec!["collecting"])
    );
    let outcomes: Vec<String> = sqlx::query_scalar(
        "select outcome from webhook where request_id like 'forged-%' order by request_id",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(outcomes, ["asked", "unknown_uid", "unreadable"]);

    world.bank_decides(&uid, "settle").await;
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_about_a_failed_payment_does_not_settle_it() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "closed_from": "2026-01-12" }))
        .await;
    world.advance_to(sydney("2026-01-12 08:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "failed");

    world
        .forge_webhook("forged", &settled(&told.only_payment().uid))
        .await;
    world.settle().await;

    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "failed");
    assert_eq!((told.totals.collected, told.frozen_because), (0, None));
    world.finish().await;
}
