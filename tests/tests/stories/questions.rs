//! Questions for a person, and what becomes of the plan by each answer.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::json;

use domain::failure::{RetryPolicy, RetryPolicyDraft};
use e2e::world::{PlanHandle, World};

use crate::money_moved_late::failed_for_a_new_payment;
use crate::told::{AMOUNT, sydney, weekly};

/// A failure that nothing but a person can mend.
const CLOSED: &str = "AC05";

/// A plan of two weeks whose first payment failed, to be tried again, and settled all the same.
async fn settled_late() -> (World, PlanHandle) {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_decides(&uid, "settle").await;
    (world, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_that_a_person_confirms_collects_the_instalment_and_the_plan_goes_on() {
    let (world, plan) = settled_late().await;
    let question = world.question("late_settlement").await;
    assert_eq!(question["resolutions"], json!(["collected", "refunded"]));
    assert_eq!(question["freezes_plan"], json!(true));
    assert_eq!(question["plan_id"], json!(plan.id));

    let (status, told) = world.answer("late_settlement", "collected").await;

    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["plan_goes_on"], json!(true));
    assert_eq!(told["payment"]["state"], json!("settled"));
    assert_eq!(told["instalment"]["state"], json!("collected"));
    let now = world.plan(&plan).await;
    assert_eq!(now.frozen_because, None);
    assert_eq!(
        (now.states(), now.totals.collected),
        (vec!["collected", "scheduled"], AMOUNT)
    );
    let types = world.event_types(&plan).await;
    assert_eq!(types.last().map(String::as_str), Some("exception.resolved"));
    assert!(
        types.contains(&"instalment.collected".to_owned()),
        "{types:?}"
    );

    world.advance_to(sydney("2026-01-19 12:00")).await;
    let now = world.plan(&plan).await;
    assert_eq!(
        (now.state.as_str(), now.totals.collected),
        ("completed", 2 * AMOUNT)
    );
    assert_eq!(world.ledger().await.totals.settled_count, 2);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_given_back_is_not_collected_again_and_the_plan_goes_on() {
    let (world, plan) = settled_late().await;

    let (status, told) = world.answer("late_settlement", "refunded").await;

    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(world.plan(&plan).await.states(), ["cancelled", "scheduled"]);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["cancelled", "collected"]);
    let ledger = world.ledger().await;
    assert_eq!(ledger.payments.len(), 2, "one for each instalment");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_would_make_two_collections_of_one_instalment_is_refused() {
    let (world, plan, uid) = failed_for_a_new_payment(World::builder()).await;
    world.advance_to(sydney("2026-01-13 12:00")).await;
    let told = world.plan(&plan).await;
    assert_eq!(
        told.instalments[0].payments.len(),
        2,
        "a new payment followed"
    );
    world.bank_decides(&uid, "settle").await;

    let (status, told) = world.answer("late_settlement", "collected").await;
    assert_eq!(
        (status, &told["code"]),
        (StatusCode::CONFLICT, &json!("resolution_does_not_fit"))
    );
    assert_eq!(
        world.open_questions().await,
        ["late_settlement"],
        "it stays open"
    );

    let (status, told) = world.answer("late_settlement", "refunded").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(world.plan(&plan).await.frozen_because, None);
    // The bank counts both payments of this week, and so do we: there is no room for a third.
    world.advance_to(sydney("2026-01-20 12:00")).await;
    let now = world.plan(&plan).await;
    assert_eq!(
        (now.states(), now.totals.collected),
        (vec!["collected", "missed"], AMOUNT),
        "{}",
        now.instalments[1].summary
    );
    // Told again, the old contradiction is no news.
    assert!(world.open_questions().await.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_on_only_when_no_open_question_freezes_it_any_more() {
    let (world, plan) = settled_late().await;
    let second = sqlx::query(
        "insert into exception (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
         select gen_random_uuid(), 'echo_mismatch', plan_id, 'agreement', id, 'another', 'look', $1
         from agreement",
    );
    second
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();

    let (_, told) = world.answer("late_settlement", "collected").await;
    assert_eq!(told["plan_goes_on"], json!(false));
    let frozen = world.plan(&plan).await.frozen_because;
    assert_eq!(frozen.as_deref(), Some("echo_mismatch"));

    let (_, told) = world.answer("echo_mismatch", "noted").await;
    assert_eq!(told["plan_goes_on"], json!(true));
    world.advance_to(sydney("2026-01-19 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_failed_for_good_is_collected_again_where_a_person_says_so() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "fail_with": CLOSED }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    assert_eq!(world.plan(&plan).await.states(), ["failed", "scheduled"]);
    world
        .payer(&plan.customer, json!({ "fail_with": null }))
        .await;

    let (status, told) = world.answer("instalment_failed", "collect_again").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_by(TimeDelta::hours(2)).await;

    let now = world.plan(&plan).await;
    assert_eq!(
        (now.states(), now.totals.collected),
        (vec!["collected", "scheduled"], AMOUNT)
    );
    assert_eq!(world.ledger().await.totals.settled_count, 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_collected_again_on_the_same_day_is_no_overrun() {
    let never = RetryPolicyDraft {
        retries_max: Some(0),
        ..RetryPolicyDraft::default()
    };
    let never = RetryPolicy::from_draft(&never).unwrap();
    let world = World::builder().retry(never).build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "fail_with": CLOSED }))
        .await;
    world.advance_to(sydney("2026-01-12 09:00")).await;
    for fails_with in [Some(CLOSED), None] {
        world
            .payer(&plan.customer, json!({ "fail_with": fails_with }))
            .await;
        world.answer("instalment_failed", "collect_again").await;
        world.advance_by(TimeDelta::hours(2)).await;
    }

    let now = world.plan(&plan).await;
    assert_eq!(
        (now.states(), now.totals.collected),
        (vec!["collected", "scheduled"], AMOUNT)
    );
    assert_eq!(now.instalments[0].payments.len(), 3);
    assert!(
        world.open_questions().await.is_empty(),
        "nothing is stopped"
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_failed_for_good_was_paid_elsewhere_or_is_waived() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "fail_with": CLOSED }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let (status, told) = world.answer("instalment_failed", "paid_elsewhere").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_to(sydney("2026-01-19 12:00")).await;
    world.answer("instalment_failed", "waived").await;

    let now = world.plan(&plan).await;
    assert_eq!(now.states(), ["paid_elsewhere", "waived"]);
    assert_eq!((now.state.as_str(), now.totals.collected), ("completed", 0));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_agreement_is_lost_is_proposed_again_and_collects() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "decline" }))
        .await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-19", 2))
        .await;
    world.advance_by(TimeDelta::minutes(5)).await;
    assert_eq!(world.plan(&plan).await.state, "blocked");
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;

    let (status, told) = world.answer("agreement_lost", "propose_again").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert!(told["agreement_id"].is_string(), "{told}");
    world.advance_by(TimeDelta::minutes(5)).await;
    assert_eq!(world.plan(&plan).await.state, "active");

    world.advance_to(sydney("2026-01-26 12:00")).await;
    assert_eq!(world.plan(&plan).await.totals.collected, 2 * AMOUNT);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_by_the_plans_cancellation_closes_by_itself() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "decline" }))
        .await;
    let plan = world
        .register_plan(&customer, weekly("2026-01-19", 2))
        .await;
    world.advance_by(TimeDelta::minutes(5)).await;
    let question = world.question("agreement_lost").await;

    world.cancel_plan(&plan).await;

    let id = question["id"].as_str().unwrap();
    let closed = world.question_by_id(id).await;
    assert_eq!(closed["resolution"], json!("by_itself"));
    assert_eq!(closed["resolution_reason"], json!("the plan is cancelled"));
    assert_eq!(closed["resolutions"], json!([]));
    assert!(
        world
            .event_types(&plan)
            .await
            .contains(&"exception.resolved".to_owned())
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_held_back_goes_on_by_a_persons_word() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 3)).await;
    sqlx::query("update agreement set consecutive_failures = 4")
        .execute(world.pool())
        .await
        .unwrap();
    world
        .payer(&plan.customer, json!({ "fail_with": CLOSED }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world
        .payer(&plan.customer, json!({ "fail_with": null }))
        .await;
    world.advance_to(sydney("2026-01-19 12:00")).await;
    let waiting = world.plan(&plan).await.instalments[1]
        .waiting_because
        .clone();
    assert_eq!(waiting.as_deref(), Some("too_many_failures_in_a_row"));

    let (status, told) = world.answer("agreement_held_back", "go_on").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_by(TimeDelta::minutes(1)).await;
    assert_eq!(
        world.plan(&plan).await.states(),
        ["failed", "collected", "scheduled"]
    );
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversed_payment_is_collected_again_once_and_only_through_the_gate() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "fail_with": CLOSED }))
        .await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world
        .payer(&plan.customer, json!({ "fail_with": null }))
        .await;
    // As though the provider had said that it settled, before it said that it failed.
    for change in [
        "update payment set state = 'settled', wake_at = ended_at",
        "update instalment set state = 'collected', ended_because = null where sequence = 1",
    ] {
        sqlx::query(change).execute(world.pool()).await.unwrap();
    }
    world.settle().await;
    assert_eq!(
        world.open_questions().await,
        ["instalment_failed", "reversal"]
    );
    let (status, _) = world.answer("reversal", "collected").await;
    assert_eq!(
        status,
        StatusCode::CONFLICT,
        "it is no answer to this question"
    );

    let (status, told) = world.answer("reversal", "collect_again").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.advance_to(sydney("2026-01-13 12:00")).await;

    let now = world.plan(&plan).await;
    assert_eq!(now.states(), ["collected", "scheduled"]);
    let states: Vec<&str> = now.instalments[0]
        .payments
        .iter()
        .map(|payment| payment.state.as_str())
        .collect();
    assert_eq!(states, ["failed", "settled"]);
    assert_eq!(world.ledger().await.totals.settled_count, 1);
    world.finish_but_for(&["I12"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_listed_taken_on_and_answered_once() {
    let (world, plan) = settled_late().await;
    let question = world.question("late_settlement").await;
    let id = question["id"].as_str().unwrap().to_owned();
    assert_eq!(question["owner"], json!(null));
    world.advance_by(TimeDelta::hours(1)).await;
    assert!(
        3600 <= world.question_by_id(&id).await["age_seconds"]
            .as_i64()
            .unwrap()
    );

    let body = json!({ "owner": "collections-team" });
    let path = format!("/v1/exceptions/{id}/assignment");
    let (status, _) = world.ask_json(Method::POST, &path, Some(&body)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        world.question_by_id(&id).await["owner"],
        json!("collections-team")
    );

    let (status, told) = world.answer("late_settlement", "collect_again").await;
    assert_eq!(
        (status, &told["code"]),
        (StatusCode::CONFLICT, &json!("resolution_does_not_fit"))
    );
    world.answer("late_settlement", "collected").await;
    for route in ["resolution", "assignment"] {
        let body = match route {
            "resolution" => json!({ "resolution": "collected", "reason": "again" }),
            _ => body.clone(),
        };
        let path = format!("/v1/exceptions/{id}/{route}");
        let (status, told) = world.ask_json(Method::POST, &path, Some(&body)).await;
        assert_eq!(
            (status, &told["code"]),
            (StatusCode::CONFLICT, &json!("exception_closed"))
        );
    }

    for (query, count) in [
        ("", 0),
        ("?state=closed", 1),
        ("?state=any&kind=late_settlement", 1),
        ("?state=any&kind=reversal", 0),
        (&format!("?state=closed&plan_id={}", plan.id), 1),
    ] {
        let path = format!("/v1/exceptions{query}");
        let page = world.ask_json(Method::GET, &path, None).await.1;
        assert_eq!(page["data"].as_array().unwrap().len(), count, "{query}");
    }
    for query in ["?state=ajar", "?kind=Late", "?plan_id=x"] {
        let path = format!("/v1/exceptions{query}");
        let (status, _) = world.ask_json(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    let (status, _) = world
        .ask_json(Method::GET, "/v1/exceptions/exc_x", None)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    world.advance_to(sydney("2026-01-20 12:00")).await;
    world.finish().await;
}
