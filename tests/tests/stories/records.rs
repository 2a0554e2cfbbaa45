//! What is written down of what happened: all of it, in one commit, and again after a loss.

use std::collections::HashSet;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use e2e::world::{PlanHandle, World};

use crate::told::{AMOUNT, sydney, weekly};

async fn execute(world: &World, statements: &[&'static str]) {
    for statement in statements {
        let done = sqlx::query(*statement).execute(world.pool()).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_is_recorded_together_with_its_event_or_not_at_all() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 1)).await;
    let refuse = [
        "create function refuse() returns trigger language plpgsql
         as 'begin raise exception ''no event today''; end'",
        "create trigger refuse before insert on event
         for each row when (new.type = 'instalment.collected') execute function refuse()",
    ];
    execute(&world, &refuse).await;

    world.advance_to(sydney("2026-01-12 06:05")).await;
    assert_eq!(world.ledger().await.totals.settled_count, 1);
    let told = world.plan(&plan).await;
    assert_eq!(
        (told.states(), told.totals.collected),
        (vec!["collecting"], 0),
        "what cannot be told is not recorded either"
    );

    execute(&world, &["drop trigger refuse on event"]).await;
    world.advance_by(TimeDelta::hours(1)).await;
    let told = world.plan(&plan).await;
    assert_eq!(told.totals.collected, AMOUNT);
    let events = world.event_types(&plan).await;
    let collected = events.iter().filter(|kind| *kind == "instalment.collected");
    assert_eq!(collected.count(), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_every_object_stands_in_the_journal() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    world
        .payer(&plan.customer, json!({ "short_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-20 12:00")).await;
    assert_eq!(world.plan(&plan).await.state, "completed");

    let gaps: Vec<(String, Uuid, String, Option<String>)> = sqlx::query_as(
        "with step as (
           select subject, subject_id, from_state, to_state, id,
                  lag(to_state) over (partition by subject_id order by id) as stood
           from journal
           where from_state <> to_state
         ),
         stands as (
           select id, state from plan
           union all select id, state from agreement
           union all select id, state from instalment
           union all select id, state from payment
         )
         select subject, subject_id, from_state, stood
         from step
         where stood <> from_state
         union all
         select 'row', s.id, s.state, l.to_state
         from stands s
         left join lateral (
           select to_state from step where subject_id = s.id order by step.id desc limit 1
         ) l on true
         where l.to_state is distinct from s.state",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");

    let first: Vec<String> = sqlx::query_scalar(
        "select distinct on (subject_id) subject || ' ' || from_state
         from journal
         where from_state <> to_state
         order by subject_id, id",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    let mut first = first;
    first.sort();
    let expected = [
        "agreement drafted",
        "instalment scheduled",
        "instalment scheduled",
        "payment intended",
        "payment intended",
        "plan awaiting_agreement",
    ];
    assert_eq!(first, expected);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_journal_can_be_neither_changed_nor_deleted() {
    let world = World::builder().build().await;
    world.active_plan(weekly("2026-01-12", 1)).await;
    let count = "select count(*) from journal";
    let lines: i64 = sqlx::query_scalar(count)
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert!(0 < lines);
    for meddling in [
        "update journal set cause = 'another'",
        "delete from journal",
        "delete from journal where id < 0",
        "truncate journal",
    ] {
        let refused = sqlx::query(meddling).execute(world.pool()).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{meddling}: {refused}");
    }
    let left: i64 = sqlx::query_scalar(count)
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(left, lines);
    world.finish().await;
}

/// Every entry of a plan's timeline, by pages of a few.
async fn timeline(world: &World, plan: &PlanHandle) -> Vec<Value> {
    let path = format!("/v1/plans/{}/timeline?limit=4", plan.id);
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("{path}{cursor}");
        let (status, told) = world.ask_json(Method::GET, &page, None).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        entries.extend(told["data"].as_array().unwrap().iter().cloned());
        if told["page"]["has_more"] == json!(false) {
            return entries;
        }
        cursor = format!("&cursor={}", told["page"]["next_cursor"].as_str().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plans_timeline_tells_every_attempt_report_question_and_answer_and_no_other_plans() {
    let world = World::builder().build().await;
    let plan = world.active_plan(weekly("2026-01-12", 2)).await;
    let other = world.active_plan(weekly("2026-01-12", 1)).await;
    world
        .payer(&plan.customer, json!({ "silent_on": ["2026-01-12"] }))
        .await;
    world.advance_to(sydney("2026-01-12 07:00")).await;
    let uid = world.plan(&plan).await.only_payment().uid.clone();
    world.bank_fails(&uid, "AC05").await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    world.answer("instalment_failed", "waived").await;
    world.close_collections(&format!("plan:{}", plan.id)).await;

    let entries = timeline(&world, &plan).await;
    let told = |subject: &str, from: &str, to: &str, detail: &str| {
        entries.iter().any(|entry| {
            let is = |key: &str, word: &str| entry[key] == json!(word);
            let said = entry["detail"].as_str().unwrap_or_default();
            is("subject", subject) && is("from", from) && is("to", to) && said.contains(detail)
        })
    };
    for (subject, from, to, detail) in [
        ("agreement", "drafted", "sending", ""),
        ("plan", "awaiting_agreement", "active", ""),
        ("payment", "intended", "sending", ""),
        ("payment", "submitted", "submitted", "the provider says"),
        ("payment", "submitted", "failed", "AC05"),
        ("instalment", "collecting", "failed", ""),
        ("exception", "none", "open", ""),
        ("exception", "open", "closed", ""),
        ("instalment", "failed", "waived", ""),
        ("control", "open", "closed", ""),
    ] {
        assert!(
            told(subject, from, to, detail),
            "{subject}: {from} > {to} {detail} in {entries:#?}"
        );
    }
    let journaled: i64 = sqlx::query_scalar("select count(*) from journal")
        .fetch_one(world.pool())
        .await
        .unwrap();
    let others = timeline(&world, &other).await;
    assert_eq!(
        entries.len() + others.len(),
        usize::try_from(journaled).unwrap()
    );
    let ids = |entries: &[Value]| -> HashSet<String> {
        let ids = entries.iter().map(|entry| entry["subject_id"].to_string());
        ids.collect()
    };
    assert!(ids(&entries).is_disjoint(&ids(&others)));
    world.open_collections(&format!("plan:{}", plan.id)).await;
    world.finish().await;
}

/// The plan allows two payments a week: a second one for the same instalment would be taken by the bank.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_row_was_lost_is_found_at_the_provider_and_not_made_again() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    world
        .payer(&customer, json!({ "decision": "approve" }))
        .await;
    let due = |date: &str| json!({ "due_date": date, "amount": AMOUNT });
    let given = json!({
        "schedule": { "instalments": [due("2026-01-12"), due("2026-01-16")] },
        "payment_terms": { "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": 2 },
        "validity_start_date": "2026-01-12",
        "validity_end_date": "2026-02-01",
    });
    let plan = world.register_plan_with(&customer, given).await;
    world.advance_to(sydney("2026-01-12 12:00")).await;
    let before = world.plan(&plan).await.only_payment().uid.clone();
    assert_eq!(world.ledger().await.totals.settled_count, 1);

    // As a backup from the hour before would have it.
    let restored = [
        "delete from window_slot",
        "alter table journal disable trigger journal_stays",
        "delete from journal where subject in ('payment', 'instalment')",
        "delete from payment",
        "update instalment
         set state = 'scheduled', attempts_made = 0, version = 1, wake_at = 'epoch'
         where sequence = 1",
    ];
    execute(&world, &restored).await;
    world.advance_by(TimeDelta::minutes(10)).await;

    let told = world.plan(&plan).await;
    let payment = told.only_payment();
    assert_eq!((&payment.uid, payment.state.as_str()), (&before, "settled"));
    assert_eq!(told.totals.collected, AMOUNT);
    assert_eq!(world.ledger().await.payments.len(), 1, "collected once");
    world.advance_to(sydney("2026-01-17 12:00")).await;
    world.finish_but_for(&["I3"]).await;
}
