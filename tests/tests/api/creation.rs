//! What the API creates, and how often: a repeated request creates nothing twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Api, customer, plan, send, with};

#[tokio::test]
async fn the_answer_to_a_creation_is_what_is_read_back() {
    let api = Api::start().await;
    let created = api.create("/v1/customers", &customer("borrower-1")).await;
    let id = created["id"].as_str().unwrap();

    assert_eq!(
        created["account"],
        json!({"type": "bban", "hint": "***678"})
    );
    assert_eq!(created["created_at"], "2026-01-05T00:00:00.000Z");
    assert_eq!(
        api.get(&format!("/v1/customers/{id}")).await.json(),
        created
    );
    assert_eq!(
        api.get("/v1/customers/external:borrower-1").await.json(),
        created
    );

    let created = api.create("/v1/plans", &plan("loan-1", id)).await;
    let plan_id = created["id"].as_str().unwrap();
    assert_eq!(
        api.get(&format!("/v1/plans/{plan_id}")).await.json(),
        created
    );
    assert_eq!(api.get("/v1/plans/external:loan-1").await.json(), created);
    assert_eq!(
        created["totals"],
        json!({"due": 86550, "collected": 0, "currency": "AUD"})
    );
    assert_eq!(created["agreement"]["state"], "drafted");
    let due: Vec<&str> = created["instalments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|instalment| instalment["due_date"].as_str().unwrap())
        .collect();
    assert_eq!(due, ["2026-01-31", "2026-02-28", "2026-03-31"]);
    for instalment in created["instalments"].as_array().unwrap() {
        let (window, due) = (
            &instalment["window"],
            instalment["due_date"].as_str().unwrap(),
        );
        let first = window["first_date"].as_str().unwrap();
        let last = window["last_date"].as_str().unwrap();
        assert!(first <= due && due <= last, "{instalment}");
        assert!(
            instalment["summary"].as_str().unwrap().contains("$288.50"),
            "{instalment}"
        );
        assert!(instalment["next_at"].is_string(), "{instalment}");
        let told = &instalment["explanation"];
        assert_eq!(told["code"], "not_due_yet", "{told}");
        assert_eq!(told["numbers"]["due_date"], instalment["due_date"]);
        assert_eq!(
            (&told["next"], &told["next_at"]),
            (&json!("send"), &instalment["next_at"])
        );
        // Nothing has been heard of the agreement yet.
        assert_eq!(told["would_go_if"], "provider_answers");
    }
}

#[tokio::test]
async fn the_same_request_under_the_same_key_gets_the_same_bytes_and_creates_nothing() {
    let api = Api::start().await;
    let keyed = |path: &str, body: &Value| {
        api.post(path, body)
            .header("Idempotency-Key", format!("k{path}"))
    };
    let body = customer("borrower-1");
    let first = send(keyed("/v1/customers", &body)).await;
    let again = send(keyed("/v1/customers", &body)).await;

    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.text, again.text);
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.headers["content-type"], "application/json");

    let id = first.json()["id"].as_str().unwrap().to_owned();
    let body = plan("loan-1", &id);
    let first = send(keyed("/v1/plans", &body)).await;
    let rows = api.rows().await;
    let again = send(keyed("/v1/plans", &body)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(first.text, again.text);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(api.rows().await, rows);
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let api = Api::start().await;
    let keyed = |path: &str, body: &Value| api.post(path, body).header("Idempotency-Key", "k-1");
    let first = send(keyed("/v1/customers", &customer("borrower-1"))).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let rows = api.rows().await;

    let other_body = send(keyed("/v1/customers", &customer("borrower-2"))).await;
    let other_route = send(keyed("/v1/plans", &customer("borrower-1"))).await;

    for answer in [other_body, other_route] {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.problem(), "idempotency_key_reused");
    }
    assert_eq!(api.rows().await, rows);
}

#[tokio::test]
async fn a_refusal_leaves_its_key_free_for_the_corrected_request() {
    let api = Api::start().await;
    let keyed = |body: &Value| {
        api.post("/v1/customers", body)
            .header("Idempotency-Key", "k-1")
    };
    api.customer("taken").await;

    let wrong = send(keyed(&with(customer("borrower-1"), "/name", json!(7)))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let conflict = send(keyed(&customer("taken"))).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);

    let right = send(keyed(&customer("borrower-1"))).await;
    assert_eq!(right.status, StatusCode::CREATED, "{}", right.text);
}

#[tokio::test]
async fn two_callers_keys_never_meet() {
    let api = Api::start().await;
    let other = api.new_key().await;
    let body = customer("borrower-1");
    let first = send(
        api.post("/v1/customers", &body)
            .header("Idempotency-Key", "k-1"),
    )
    .await;
    assert_eq!(first.status, StatusCode::CREATED);

    let request = api
        .bare(reqwest::Method::POST, "/v1/customers")
        .bearer_auth(other);
    let second = send(
        request
            .json(&customer("borrower-2"))
            .header("Idempotency-Key", "k-1"),
    )
    .await;

    assert_eq!(second.status, StatusCode::CREATED, "{}", second.text);
    assert_ne!(first.json()["id"], second.json()["id"]);
}

#[tokio::test]
async fn the_same_request_many_times_at_once_creates_one_plan_and_gets_one_answer() {
    let api = Api::start().await;
    let body = plan("loan-1", &api.customer("borrower-1").await);
    let requests =
        (0..8).map(|_| send(api.post("/v1/plans", &body).header("Idempotency-Key", "k")));
    let answers = join_all(requests).await;

    let texts: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::CREATED)
    );
    let fresh = answers
        .iter()
        .filter(|answer| !answer.headers.contains_key("idempotent-replayed"))
        .count();
    assert_eq!(fresh, 1);
    let rows: Vec<i64> = api.rows().await.into_iter().map(|(_, rows)| rows).collect();
    assert_eq!(rows, [1, 1, 1, 3, 2, 1]);
}

#[tokio::test]
async fn an_external_id_is_given_once_and_the_conflict_names_its_holder() {
    let api = Api::start().await;
    let customer_id = api.customer("borrower-1").await;
    let answers = join_all((0..6).map(|_| send(api.post("/v1/customers", &customer("b-2"))))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status == StatusCode::CREATED);
    assert_eq!((done.len(), refused.len()), (1, 5));
    for answer in refused {
        assert_eq!(answer.problem(), "external_id_taken");
        assert_eq!(answer.json()["existing_id"], done[0].json()["id"]);
    }

    let first = api.create("/v1/plans", &plan("loan-1", &customer_id)).await;
    let again = send(api.post("/v1/plans", &plan("loan-1", &customer_id))).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(again.json()["existing_id"], first["id"]);
}

#[tokio::test]
async fn no_table_holds_a_name_or_an_account_in_the_clear() {
    let api = Api::start().await;
    let body = json!({
        "external_id": "borrower-1",
        "name": "Canary Quillfeather",
        "account": {"type": "bban", "value": "987654-13579246"},
    });
    let keyed = |body: &Value| {
        api.post("/v1/customers", body)
            .header("Idempotency-Key", "k-1")
    };
    let first = send(keyed(&body)).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    api.create("/v1/plans", &plan("loan-1", &id)).await;

    let tables: Vec<String> =
        sqlx::query_scalar("select tablename from pg_tables where schemaname = 'public'")
            .fetch_all(&api.pool)
            .await
            .unwrap();
    assert!(10 < tables.len());
    for table in tables {
        let dump = format!("select coalesce(string_agg(t::text, ' '), '') from \"{table}\" t");
        let dump: String = sqlx::query_scalar(sqlx::AssertSqlSafe(dump))
            .fetch_one(&api.pool)
            .await
            .unwrap();
        for canary in ["Quillfeather", "13579246", "987654"] {
            let in_hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(
                !dump.contains(canary) && !dump.contains(&in_hex),
                "{canary} in {table}"
            );
        }
    }
}

#[tokio::test]
async fn a_cancellation_under_one_key_is_done_once_and_answered_the_same() {
    let api = Api::start().await;
    let id = api.customer("borrower-1").await;
    let created = api.create("/v1/plans", &plan("loan-1", &id)).await;
    let path = format!("/v1/plans/{}/cancellation", created["id"].as_str().unwrap());
    let cancel = |key: &str, reason: &str| {
        let body = json!({ "reason": reason });
        api.post(&path, &body).header("Idempotency-Key", key)
    };

    let first = send(cancel("k-1", "customer_requested")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json()["instalments_cancelled"], 3);
    let again = send(cancel("k-1", "customer_requested")).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    let other = send(cancel("k-1", "initiating_party_requested")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Under a key of its own it is a new request: it finds a plan that is cancelled, and tells so.
    let later = send(cancel("k-2", "customer_requested")).await;
    assert_eq!(later.json()["instalments_cancelled"], 0);
    assert_eq!(later.json()["state"], "cancelled");
}

#[tokio::test]
async fn a_pause_under_one_key_is_made_once_and_answered_the_same() {
    let api = Api::start().await;
    let id = api.customer("borrower-1").await;
    let path = async |external: &str| {
        let created = api.create("/v1/plans", &plan(external, &id)).await;
        format!("/v1/plans/{}", created["id"].as_str().unwrap())
    };
    let (one, two) = (path("loan-1").await, path("loan-2").await);
    let ask = |path: &str, verb: &str, reason: &str| {
        let body = json!({ "reason": reason });
        let key = format!("k-{verb}");
        api.post(&format!("{path}/{verb}"), &body)
            .header("Idempotency-Key", key)
    };

    for (verb, state) in [("pause", "paused"), ("resumption", "awaiting_agreement")] {
        let first = send(ask(&one, verb, "hardship")).await;
        assert_eq!(
            (first.status, &first.json()["state"]),
            (StatusCode::OK, &json!(state))
        );
        let again = send(ask(&one, verb, "hardship")).await;
        assert_eq!((again.status, again.json()), (first.status, first.json()));
        for other in [ask(&one, verb, "another"), ask(&two, verb, "hardship")] {
            assert_eq!(send(other).await.problem(), "idempotency_key_reused");
        }
    }
}

#[tokio::test]
async fn a_switch_turned_under_one_key_is_turned_once_and_answered_the_same() {
    let api = Api::start().await;
    let turn = |verb: &str, key: &str, scope: &str| {
        let body = json!({ "scope": scope, "reason": "a test" });
        api.post(&format!("/v1/collections/{verb}"), &body)
            .header("Idempotency-Key", key.to_owned())
    };

    let first = send(turn("closure", "k-1", "all")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json()["is_changed"], true);
    send(turn("opening", "k-2", "all")).await;
    // The answer of then, and nothing is closed again.
    let again = send(turn("closure", "k-1", "all")).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    let opened = send(turn("opening", "k-3", "all")).await;
    assert_eq!(opened.json()["is_changed"], false);
    let other = send(turn("closure", "k-1", "provider:oligo")).await;
    assert_eq!(other.problem(), "idempotency_key_reused");
}
