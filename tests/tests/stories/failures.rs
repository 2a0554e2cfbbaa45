//! Payments that fail, and payments that turn out otherwise than they seemed.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use domain::failure::{RetryPolicy, RetryPolicyDraft};
use domain::uid::PaymentId;
use e2e::world::{WireMode, World};
use flows::ask_provider::ask_payment_rows;

use crate::told::{AMOUNT, sydney, weekly};

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_short_of_funds_twice_is_retried_and_collected_once() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let short = json!({ "short_on": ["2026-01-12", "2026-01-13"] });
    world.payer(&plan.customer, short).await;

    world.advance_to(sydney("2026-01-12 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["retrying"]);
    assert_eq!(
        told.instalments[0].next_at,
        Some(sydney("2026-01-13 06:00"))
    );
    let uid = told.only_payment().uid.clone();

    world.advance_to(sydney("2026-01-14 12:00")).await;
    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!((&payment.uid, payment.state.as_str()), (&uid, "settled"));
    assert_eq!((payment.submissions, payment.retries_made), (3, 2));
    assert_eq!(told.totals.collected, AMOUNT);
    let ledger = world.ledger().await;
    assert_eq!(
        (ledger.payments.len(), ledger.payments[0].submissions),
        (1, 3)
    );
    let failures = world.event_types(&plan).await;
    assert_eq!(
        failures
            .iter()
            .filter(|kind| *kind == "payment.failed")
            .count(),
        2
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_whose_retries_are_used_up_fails_and_a_person_is_asked() {
    let policy = RetryPolicy::from_draft(&RetryPolicyDraft {
        retries_max: Some(1),
        ..RetryPolicyDraft::default()
    })
    .unwrap();
    let world = World::builder().retry(policy).build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 2 }))
        .await;

    world.advance_to(sydney("2026-01-19 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["failed", "collected"]);
    assert_eq!(told.instalments[0].payments[0].submissions, 2);
    assert_eq!(
        told.instalments[0].summary,
        "$288.50 due on 2026-01-12 failed for good after 2 tries, the last of which failed with \
         AM04 (Insufficient Funds): the one retry that its plan allows has been made."
    );
    let numbers = &told.instalments[0].explanation["numbers"];
    assert_eq!(*numbers, json!({ "tries": 2, "retries_max": 1 }));
    assert_eq!(world.open_questions().await, ["instalment_failed"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_fails_the_instalment_for_good_and_opens_an_exception() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "closed_from": "2026-01-12" }))
        .await;

    world.advance_to(sydney("2026-01-16 12:00")).await;

    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!((payment.state.as_str(), payment.submissions), ("failed", 1));
    assert_eq!(payment.failure_code.as_deref(), Some("AC05"));
    assert_eq!(told.states(), ["failed"]);
    assert_eq!(world.open_questions().await, ["instalment_failed"]);
    let events = world.events(&plan).await;
    let failed = events
        .iter()
        .find(|event| event.r#type == "instalment.failed")
        .unwrap();
    assert_eq!(failed.data["stopped_because"], "not_retryable");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instalment_that_fails_to_the_end_does_not_hold_the_next_ones_back() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 4)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 4 }))
        .await;

    world.advance_to(sydney("2026-02-02 12:00")).await;

    let told = world.plan(&plan).await;
    assert_eq!(
        told.states(),
        ["failed", "collected", "collected", "collected"]
    );
    assert_eq!(world.open_questions().await, ["instalment_failed"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_in_a_row_hold_the_agreement_back_and_a_person_is_asked() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 4)).await;
    world
        .payer(&plan.customer, json!({ "short_first": 100 }))
        .await;

    world.advance_to(sydney("2026-01-19 12:00")).await;
    let mut questions = world.open_questions().await;
    questions.sort();
    assert_eq!(
        questions,
        [
            "agreement_held_back",
            "instalment_failed",
            "instalment_failed"
        ]
    );

    world.advance_to(sydney("2026-02-20 12:00")).await;
    let submissions: Vec<usize> = world
        .ledger()
        .await
        .payments
        .iter()
        .map(|payment| payment.submissions)
        .collect();
    assert_eq!(submissions, [4, 1], "five, and nothing more is sent");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_heard_of_together_are_counted_one_after_the_other() {
    let mut world = World::builder().without_webhooks().build().await;
    let customer = world.register_customer().await;
    let days = ["2026-01-12", "2026-01-13"];
    world
        .payer(
            &customer,
            json!({ "decision": "approve", "silent_on": days }),
        )
        .await;
    let due = days.map(|day| json!({ "due_date": day, "amount": AMOUNT }));
    let given = json!({
        "schedule": { "instalments": due },
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 2 },
        "validity_start_date": "2026-01-12",
    });
    let plan = world.register_plan_with(&customer, given).await;
    world.advance_to(sydney("2026-01-13 07:00")).await;
    world.stop_workers().await;
    let rows: Vec<(Uuid, String)> = sqlx::query_as("select id, uid from payment")
        .fetch_all(world.pool())
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    sqlx::query("update agreement set consecutive_failures = 3")
        .execute(world.pool())
        .await
        .unwrap();
    for (_, uid) in &rows {
        world.bank_fails(uid, "AM04").await;
    }

    // Both answers arrive together: the second of them takes the count to five.
    let deps = world.deps();
    let ids: Vec<PaymentId> = rows.iter().map(|(id, _)| PaymentId::new(*id)).collect();
    let asked = deps.store.payments(&ids).await.unwrap();
    ask_payment_rows(&deps, &asked).await.unwrap();

    let count: i32 = sqlx::query_scalar("select consecutive_failures from agreement")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(count, 5);
    let question = world.question("agreement_held_back").await;
    assert_eq!(question["plan_id"], json!(plan.id));
    world.start_worker();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_after_a_failure_freezes_the_plan_and_asks_a_person() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.states(), ["retrying", "scheduled"]);

    // The bank finds that the money moved after all.
    world.bank_decides(&told.only_payment().uid, "settle").await;

    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("late_settlement"));
    assert_eq!(world.open_questions().await, ["late_settlement"]);
    assert_eq!(
        told.instalments[0].summary,
        "$288.50 due on 2026-01-12 is retrying and in question: its payment is failed, yet the \
         provider says settled."
    );
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let ledger = world.ledger().await;
    assert_eq!(
        (ledger.payments.len(), ledger.payments[0].submissions),
        (1, 1)
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_is_told_only_while_the_question_about_it_is_open() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;
    let code = async || {
        let told = world.plan(&plan).await;
        told.instalments[0].explanation["code"].clone()
    };
    assert_eq!(code().await, "contradicted");

    // A person decides, and finds that it is not so.
    let mut changes = world.pool().begin().await.unwrap();
    for change in [
        "update exception set closed_at = opened_at, resolution = 'noted'",
        "update plan set frozen_because = null",
    ] {
        sqlx::query(change).execute(&mut *changes).await.unwrap();
    }
    changes.commit().await.unwrap();
    assert_eq!(code().await, "trying_again");

    sqlx::query("update exception set closed_at = null, resolution = null")
        .execute(world.pool())
        .await
        .unwrap();
    assert_eq!(code().await, "contradicted");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicted_the_state_of_a_payment_is_forgotten_once_it_has_left_that_state() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 07:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.only_payment().state, "submitted");
    // As though the provider had refused it after taking it.
    sqlx::query("update payment set conflict_state = 'rejected'")
        .execute(world.pool())
        .await
        .unwrap();
    let conflict = async || -> Option<String> {
        sqlx::query_scalar("select conflict_state from payment")
            .fetch_one(world.pool())
            .await
            .unwrap()
    };
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(conflict().await.as_deref(), Some("rejected"));

    world.bank_decides(&told.only_payment().uid, "settle").await;

    assert_eq!(conflict().await, None);
    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].summary,
        "$288.50 due on 2026-01-12 was collected."
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_echoes_wrong_freezes_the_plan() {
    freezes("amount", json!(AMOUNT + 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_echoes_wrong_freezes_the_plan() {
    freezes("agreement_uid", json!("somebody-elses")).await;
}

async fn freezes(field: &'static str, value: serde_json::Value) {
    let world = World::builder().with_wire().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world.wire().set(WireMode::Overwrite { field, value });

    world.advance_to(sydney("2026-01-12 06:30")).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.frozen_because.as_deref(), Some("echo_mismatch"));
    assert_eq!(told.totals.collected, 0, "what is not ours is not booked");
    assert_eq!(world.open_questions().await, ["echo_mismatch"]);

    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(
        world.ledger().await.payments.len(),
        1,
        "nothing more is sent"
    );

    // The wire was at fault; the payment is the one we sent, and is booked as soon as it is seen to
    // be.
    world.wire().set(WireMode::Open);
    world.advance_by(TimeDelta::hours(2)).await;
    assert_eq!(world.plan(&plan).await.totals.collected, AMOUNT);
    world.finish().await;
}
