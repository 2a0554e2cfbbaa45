//! Lists, events, webhooks, health, and the API's own description.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::Value;

use api::WebhookConfig;

use crate::harness::{Api, plan, send};

fn ids(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_show_every_row_once_newest_first() {
    let api = Api::start().await;
    let mut created = Vec::new();
    for number in 0..5 {
        created.push(api.customer(&format!("borrower-{number}")).await);
    }
    created.reverse();

    let (mut seen, mut path) = (Vec::new(), "/v1/customers?limit=2".to_owned());
    loop {
        let body = api.get(&path).await.json();
        seen.extend(ids(&body));
        let Some(cursor) = body["page"]["next_cursor"].as_str() else {
            assert_eq!(body["page"]["has_more"], false);
            break;
        };
        assert_eq!(body["page"]["has_more"], true);
        path = format!("/v1/customers?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, created);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_filter() {
    let api = Api::start().await;
    let customer_id = api.customer("borrower-1").await;
    for number in 0..3 {
        api.create("/v1/plans", &plan(&format!("loan-{number}"), &customer_id))
            .await;
    }
    let other = api.customer("borrower-2").await;
    let filtered = format!("/v1/plans?customer_id={customer_id}&limit=2");
    let first = api.get(&filtered).await.json();
    let cursor = first["page"]["next_cursor"].as_str().unwrap();

    let second = api.get(&format!("{filtered}&cursor={cursor}")).await.json();
    assert_eq!((ids(&first).len(), ids(&second).len()), (2, 1));
    for wrong in [
        format!("customer_id={other}"),
        "state=active".to_owned(),
        "limit=2".to_owned(),
    ] {
        let answer = api.get(&format!("/v1/plans?{wrong}&cursor={cursor}")).await;
        assert_eq!(answer.problem(), "invalid_query", "{wrong}");
    }

    assert!(
        ids(&api
            .get(&format!("/v1/plans?customer_id={other}"))
            .await
            .json())
        .is_empty()
    );
    assert!(ids(&api.get("/v1/plans?state=active").await.json()).is_empty());
    assert_eq!(
        ids(&api.get("/v1/plans?state=awaiting_agreement").await.json()).len(),
        3
    );
    assert_eq!(
        ids(&api.get("/v1/plans?external_id=loan-1").await.json()).len(),
        1
    );
    assert_eq!(
        ids(&api.get("/v1/customers?external_id=borrower-2").await.json()),
        [other]
    );
}

#[tokio::test]
async fn events_tell_what_happened_in_order_and_are_continued_where_they_ended() {
    let api = Api::start().await;
    let empty = api.get("/v1/events").await.json();
    assert_eq!(empty["data"], serde_json::json!([]));
    assert_eq!(empty["page"]["next_cursor"], Value::Null);

    let customer_id = api.customer("borrower-1").await;
    let first = api.events("/v1/events", 1).await;
    assert_eq!(first["data"][0]["type"], "customer.created");
    assert_eq!(first["data"][0]["customer_id"], customer_id.as_str());
    assert_eq!(first["data"][0]["sequence"], 1);
    let cursor = first["page"]["next_cursor"].as_str().unwrap();

    let plan_id = api.create("/v1/plans", &plan("loan-1", &customer_id)).await["id"].clone();
    let rest = api.events(&format!("/v1/events?cursor={cursor}"), 1).await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
    assert_eq!(rest["data"][0]["plan_id"], plan_id);
    let end = rest["page"]["next_cursor"].as_str().unwrap();
    let after = api.get(&format!("/v1/events?cursor={end}")).await.json();
    assert_eq!(after["data"], serde_json::json!([]));
    assert_eq!(after["page"]["next_cursor"], end);

    let plan_id = plan_id.as_str().unwrap();
    let of_plan = api
        .events(&format!("/v1/events?plan_id={plan_id}"), 1)
        .await;
    assert_eq!(of_plan["data"][0]["type"], "plan.registered");
    let of_type = api.events("/v1/events?type=customer.created", 1).await;
    assert_eq!(of_type["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_that_commits_late_is_never_skipped() {
    let api = Api::start().await;
    // Begun first, numbered last, committed last.
    let mut slow = api.pool.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()")
        .execute(&mut *slow)
        .await
        .unwrap();
    // Begun second, numbered first, and committed while the first is still open.
    api.customer("borrower-1").await;
    let early = api.get("/v1/events").await.json();
    assert_eq!(
        early["data"],
        serde_json::json!([]),
        "an event before one still to come"
    );

    sqlx::query(
        "insert into event (id, type, aggregate_id, sequence, data, created_at)
         values ($1, 'plan.late', $1, 1, '{}', 'epoch')",
    )
    .bind(flows::clock::fresh_uuid())
    .execute(&mut *slow)
    .await
    .unwrap();
    slow.commit().await.unwrap();

    let first = api.events("/v1/events?limit=1", 1).await;
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let second = api
        .events(&format!("/v1/events?limit=1&cursor={cursor}"), 1)
        .await;
    assert_eq!(first["data"][0]["type"], "plan.late");
    assert_eq!(second["data"][0]["type"], "customer.created");
}

#[tokio::test]
async fn the_events_of_a_plan_come_in_the_order_of_their_numbers() {
    let api = Api::start().await;
    let customer_id = api.customer("borrower-1").await;
    let created = api.create("/v1/plans", &plan("loan-1", &customer_id)).await;
    let plan_id = created["id"].as_str().unwrap();
    let uuid = plan_id.parse::<domain::uid::PlanId>().unwrap().uuid();
    // The transaction that began first gets its number last.
    let mut older = api.pool.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()")
        .execute(&mut *older)
        .await
        .unwrap();
    let insert = "insert into event (id, type, aggregate_id, sequence, data, created_at)
                  values ($1, 'instalment.collected', $2, $3, '{}', 'epoch')";
    let add = |sequence: i64| {
        sqlx::query(insert)
            .bind(flows::clock::fresh_uuid())
            .bind(uuid)
            .bind(sequence)
    };
    add(2).execute(&api.pool).await.unwrap();
    add(3).execute(&mut *older).await.unwrap();
    older.commit().await.unwrap();

    let path = format!("/v1/events?plan_id={plan_id}&limit=2");
    let first = api.get(&path).await.json();
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let second = api.get(&format!("{path}&cursor={cursor}")).await.json();

    let numbers = |body: &Value| -> Vec<i64> {
        body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["sequence"].as_i64().unwrap())
            .collect()
    };
    assert_eq!((numbers(&first), numbers(&second)), (vec![1, 2], vec![3]));
    assert_eq!(first["page"]["has_more"], true);
    assert_eq!(second["page"]["has_more"], false);
}

#[tokio::test]
async fn an_open_exception_is_listed_until_it_is_closed() {
    let api = Api::start().await;
    let payment = domain::uid::PaymentId::new(flows::clock::fresh_uuid());
    sqlx::query(
        "insert into exception
           (id, kind, subject, subject_id, detail, next_action, opened_at)
         values ($1, 'late_settlement', 'payment', $2, 'It settled late.', 'Refund it.', 'epoch')",
    )
    .bind(flows::clock::fresh_uuid())
    .bind(payment.uuid())
    .execute(&api.pool)
    .await
    .unwrap();

    let open = api.get("/v1/exceptions").await.json();
    assert_eq!(open["data"][0]["subject_id"], payment.to_string());
    assert_eq!(open["data"][0]["next_action"], "Refund it.");

    sqlx::query("update exception set closed_at = 'epoch', resolution = 'noted'")
        .execute(&api.pool)
        .await
        .unwrap();
    assert!(ids(&api.get("/v1/exceptions").await.json()).is_empty());
}

#[tokio::test]
async fn a_webhook_is_kept_once_and_only_with_the_configured_token() {
    let path_tokens = vec![SecretString::from("s3cret-path")];
    let api = Api::start_with(WebhookConfig { path_tokens }, false).await;
    let deliver = |path: &str, body: &str| {
        let request = api.bare(Method::POST, &format!("/v1/webhooks/oligo{path}"));
        request
            .header("Split-Request-ID", "delivery-1")
            .body(body.to_owned())
    };
    let kept = || async {
        let count: i64 = sqlx::query_scalar("select count(*) from webhook")
            .fetch_one(&api.pool)
            .await
            .unwrap();
        count
    };
    for path in ["", "/wrong", "/s3cret-pat", "/s3cret-path2"] {
        let answer = send(deliver(path, "{}")).await;
        assert_eq!(answer.problem(), "unauthorized", "{path}");
        assert_eq!(answer.json()["instance"], "/v1/webhooks/oligo");
    }
    let large = send(deliver("/s3cret-path", &"x".repeat(64 * 1024 + 1))).await;
    assert_eq!(large.problem(), "body_too_large");
    assert_eq!(kept().await, 0);

    for _ in 0..2 {
        let answer = send(deliver("/s3cret-path", "{\"event\":1}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    assert_eq!(kept().await, 1);
}

#[tokio::test]
async fn a_process_whose_database_is_away_lives_but_is_not_ready() {
    let api = Api::start().await;
    let get = |path: &str| send(api.bare(Method::GET, path));
    assert_eq!(get("/livez").await.json()["status"], "ok");
    assert_eq!(get("/readyz").await.json()["version"], "0.0.0-test");

    api.state.store.close().await;

    assert_eq!(get("/livez").await.status, StatusCode::OK);
    let answer = get("/readyz").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (503, "not_ready")
    );
    assert_eq!(answer.json()["retryable"], true);
}

#[tokio::test]
async fn the_backlog_is_told_only_where_the_clock_is_moved_by_hand() {
    let api = Api::start().await;
    let customer_id = api.customer("borrower-1").await;
    api.create("/v1/plans", &plan("loan-1", &customer_id)).await;
    let backlog = api.get("/v1/test/backlog").await.json();
    assert_eq!(backlog["now_at"], "2026-01-05T00:00:00.000Z");
    // The drafted agreement wants to be proposed; the first instalment sleeps until its date.
    assert_eq!(backlog["due"], 1);
    assert_eq!(backlog["leased"], 0);
    assert_eq!(backlog["next_wake_at"], "2026-01-30T19:00:00.000Z");

    let real = Api::start_with(WebhookConfig::default(), false).await;
    assert_eq!(
        real.get("/v1/test/backlog").await.problem(),
        "route_not_found"
    );
}

#[tokio::test]
async fn the_description_lists_every_route_and_needs_no_key() {
    // Without a token the webhooks' path with one is not there.
    let path_tokens = vec![SecretString::from("s3cret-path")];
    let api = Api::start_with(WebhookConfig { path_tokens }, true).await;
    let description = send(api.bare(Method::GET, "/openapi.json")).await.json();

    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["info"]["version"], "0.0.0-test");
    assert_eq!(
        description["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let mut routes = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            routes.insert(format!("{method} {path}"));
            let open = path.starts_with("/v1/webhooks") || !path.starts_with("/v1");
            assert_eq!(operation["security"].is_null(), open, "{method} {path}");
            // Whatever is described is routed: nothing answers 404 or 405 for want of a route.
            let method = method.to_uppercase().parse().unwrap();
            let called = path.replace("{id}", "x").replace("{path_token}", "x");
            let answer = send(api.bare(method, &called)).await;
            assert!(
                ![404, 405].contains(&answer.status.as_u16()),
                "{called} {}",
                answer.status
            );
        }
    }
    let expected = [
        "get /livez",
        "get /readyz",
        "get /v1/collections",
        "get /v1/customers",
        "get /v1/customers/{id}",
        "get /v1/events",
        "get /v1/exceptions",
        "get /v1/exceptions/{id}",
        "get /v1/plans",
        "get /v1/plans/{id}",
        "get /v1/plans/{id}/timeline",
        "get /v1/test/backlog",
        "post /v1/collections/closure",
        "post /v1/collections/opening",
        "post /v1/customers",
        "post /v1/exceptions/{id}/assignment",
        "post /v1/exceptions/{id}/resolution",
        "post /v1/plans",
        "post /v1/plans/{id}/cancellation",
        "post /v1/plans/{id}/pause",
        "post /v1/plans/{id}/resumption",
        "post /v1/webhooks/oligo",
        "post /v1/webhooks/oligo/{path_token}",
    ];
    assert_eq!(routes, expected.map(str::to_owned).into());
    assert_every_reference_resolves(&description, &description);
}

fn assert_every_reference_resolves(description: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(description.pointer(pointer).is_some(), "{reference}");
            }
            members
                .values()
                .for_each(|part| assert_every_reference_resolves(description, part));
        }
        Value::Array(parts) => {
            parts
                .iter()
                .for_each(|part| assert_every_reference_resolves(description, part));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn a_process_with_other_keys_than_the_databases_is_refused() {
    let api = Api::start().await;
    let store = &api.state.store;
    store.hold_keys("the first").await.unwrap();
    store.hold_keys("the first").await.unwrap();

    let error = store.hold_keys("another").await.unwrap_err();
    assert!(
        matches!(error, store::StoreError::OtherKey { purpose: "uid" }),
        "{error}"
    );
    let other = store::DataKey::new([8; 32]);
    let stranger = store::Store::connect(&api.url, 2, &other).await.unwrap();
    let error = stranger.hold_keys("the first").await.unwrap_err();
    assert!(
        matches!(error, store::StoreError::OtherKey { purpose: "data" }),
        "{error}"
    );
}
