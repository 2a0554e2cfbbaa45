//! What the API refuses, and that a refusal leaves nothing behind.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Api, customer, plan, send, with};

#[tokio::test]
async fn a_request_without_a_registered_key_is_refused() {
    let api = Api::start().await;
    let revoked = api.new_key().await;
    sqlx::query("update api_key set revoked_at = created_at where secret_sha256 = $1")
        .bind(api::api_key_digest(&revoked).as_slice())
        .execute(&api.pool)
        .await
        .unwrap();

    for path in [
        "/v1/customers",
        "/v1/plans/pln_x",
        "/v1/events",
        "/v1/exceptions",
    ] {
        let mut requests = vec![api.bare(Method::GET, path)];
        for key in ["pd_test_aaaa", "sk_live_x", "", revoked.as_str()] {
            requests.push(api.bare(Method::GET, path).bearer_auth(key));
        }
        for request in requests {
            let answer = send(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.problem(), "unauthorized");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
    let answer = send(api.bare(Method::POST, "/v1/customers").json(&customer("a"))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(api.rows().await.iter().all(|(_, rows)| *rows == 0));
}

#[tokio::test]
async fn a_refused_customer_leaves_no_row_behind() {
    let api = Api::start().await;
    let good = customer("borrower-1");
    let cases = [
        (
            with(good.clone(), "/name", Value::Null),
            "/name",
            "required",
        ),
        (
            with(good.clone(), "/name", json!("Zo\u{eb}")),
            "/name",
            "malformed_text",
        ),
        (
            with(good.clone(), "/external_id", json!("a\u{0}b")),
            "/external_id",
            "malformed_text",
        ),
        (
            with(good.clone(), "/nickname", json!("x")),
            "/nickname",
            "unknown_field",
        ),
        (
            with(good.clone(), "/account", json!("062000-1")),
            "/account",
            "wrong_type",
        ),
        (
            with(good.clone(), "/account/type", json!("iban")),
            "/account/type",
            "unknown_account_type",
        ),
        (
            with(good.clone(), "/account/value", json!("062-000 98765431")),
            "/account/value",
            "malformed_account",
        ),
        (
            with(
                good.clone(),
                "/account",
                json!({"type": "alias_email", "value": "Robin@Example.com"}),
            ),
            "/account/value",
            "malformed_account",
        ),
        (json!([]), "", "wrong_type"),
    ];
    for (body, pointer, code) in cases {
        let request = api
            .post("/v1/customers", &body)
            .header("Idempotency-Key", pointer_key(pointer));
        let answer = send(request).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.problem(), "invalid_fields");
        assert_eq!(
            answer.broken(),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
        assert!(!answer.text.contains("98765431") && !answer.text.contains("Robin"));
    }
    assert!(
        api.rows().await.iter().all(|(_, rows)| *rows == 0),
        "{:?}",
        api.rows().await
    );
}

fn pointer_key(pointer: &str) -> String {
    format!("key of {pointer}")
}

/// Each body is refused for exactly this rule, and no table has more rows afterwards.
async fn assert_refused(api: &Api, cases: Vec<(Value, &str, &str)>) {
    let before = api.rows().await;
    for (body, pointer, code) in cases {
        let request = api
            .post("/v1/plans", &body)
            .header("Idempotency-Key", pointer_key(code));
        let answer = send(request).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body} {}",
            answer.text
        );
        answer.problem();
        assert_eq!(
            answer.broken(),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
    }
    assert_eq!(api.rows().await, before);
}

#[tokio::test]
async fn a_plan_with_a_broken_field_leaves_no_row_behind() {
    let api = Api::start().await;
    let good = plan("loan-1", &api.customer("borrower-1").await);
    let stranger = domain::uid::CustomerId::new(flows::clock::fresh_uuid()).to_string();
    let cases = [
        ("/schedule/first_date", json!("2026-02-30"), "no_such_day"),
        (
            "/schedule/first_date",
            json!("2026-01-04"),
            "first_due_in_past",
        ),
        ("/schedule/amount", json!(-1), "out_of_range"),
        ("/schedule/amount", json!(1.5), "wrong_type"),
        ("/schedule/colour", json!(1), "unknown_field"),
        ("/customer_id", json!(stranger), "unknown_customer"),
        ("/customer_id", json!("cus_1"), "malformed_id"),
        ("/purpose", json!("fun"), "unknown_value"),
        (
            "/validity_start_date",
            json!("2026-01-28"),
            "needs_payment_terms",
        ),
    ];
    let cases =
        cases.map(|(pointer, value, code)| (with(good.clone(), pointer, value), pointer, code));
    assert_refused(&api, cases.into()).await;
}

#[tokio::test]
async fn a_plan_outside_its_terms_leaves_no_row_behind() {
    let api = Api::start().await;
    let terms = json!({"type": "fixed", "frequency": "monthly", "amount": 28850});
    let undated = plan("loan-1", &api.customer("borrower-1").await);
    let undated = with(undated, "/payment_terms", terms);
    let from = |date: &str| with(undated.clone(), "/validity_start_date", json!(date));
    let other_amount = with(from("2026-01-31"), "/payment_terms/amount", json!(28851));
    let cases = vec![
        (undated.clone(), "/validity_start_date", "required"),
        (
            from("2026-01-04"),
            "/validity_start_date",
            "validity_in_past",
        ),
        (other_amount, "/payment_terms", "amount_not_exact"),
        // Two due dates in the window 31 Jan to 28 Feb, as Oligo reads a short month.
        (from("2026-01-31"), "/payment_terms", "too_many_in_period"),
    ];
    assert_refused(&api, cases).await;
}

#[tokio::test]
async fn an_unfit_schedule_is_refused_with_the_instalment_the_window_and_the_providers_code() {
    let api = Api::start().await;
    let customer_id = api.customer("borrower-1").await;
    let body = json!({
        "external_id": "loan-1", "customer_id": customer_id, "description": "Loan",
        "schedule": {"instalments": [
            {"due_date": "2026-01-31", "amount": 100},
            {"due_date": "2026-02-28", "amount": 100},
        ]},
        "payment_terms": {"type": "fixed", "frequency": "monthly", "amount": 100},
        "validity_start_date": "2026-01-31",
    });
    let answer = send(api.post("/v1/plans", &body)).await;

    assert_eq!(answer.problem(), "plan_does_not_fit");
    let error = &answer.json()["errors"][0];
    assert_eq!(error["pointer"], "/schedule/instalments/1");
    let detail = error["detail"].as_str().unwrap();
    for fact in ["instalment 2", "2026-02-28", "2026-01-31", "ZPPAY17"] {
        assert!(detail.contains(fact), "{fact} in {detail}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_by_kind() {
    let api = Api::start().await;
    let post = |body: String, media_type: &str| {
        let request = api.bare(Method::POST, "/v1/plans").bearer_auth(&api.key);
        request.header("content-type", media_type).body(body)
    };

    let answer = send(post("{\"a\":".to_owned(), "application/json")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (400, "malformed_json")
    );
    let answer = send(post(String::new(), "application/json")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (400, "malformed_json")
    );
    let answer = send(post("{}".to_owned(), "text/plain")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (415, "unsupported_media_type")
    );
    let answer = send(post("[".repeat(100_000), "application/json")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (400, "malformed_json")
    );
    let answer = send(post(" ".repeat(1024 * 1024 + 1), "application/json")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (413, "body_too_large")
    );
    let twice = "{\"external_id\":\"a\",\"external_id\":\"b\"}";
    let answer = send(post(twice.to_owned(), "application/json")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (400, "malformed_json")
    );
    assert!(api.rows().await.iter().all(|(_, rows)| *rows == 0));
}

#[tokio::test]
async fn a_path_or_a_parameter_that_does_not_exist_is_told_as_a_problem() {
    let api = Api::start().await;
    let cases = [
        ("/v1/plan", 404, "route_not_found"),
        ("/", 404, "route_not_found"),
        ("/v1/plans/pln_x", 404, "plan_not_found"),
        ("/v1/plans/external:loan-1", 404, "plan_not_found"),
        ("/v1/plans/external:%00", 404, "plan_not_found"),
        ("/v1/plans/%ff", 400, "malformed_request"),
        ("/v1/plans/pln_x/timeline", 404, "plan_not_found"),
        (
            "/v1/plans/pln_01kaf7v3pzf5ps9bj1x5v4s5ay/timeline",
            404,
            "plan_not_found",
        ),
        ("/v1/plans/pln_x/timeline?cursor=AAAA", 400, "invalid_query"),
        ("/v1/customers/external:x", 404, "customer_not_found"),
        (
            "/v1/customers/cus_01kaf7v3pzf5ps9bj1x5v4s5ay",
            404,
            "customer_not_found",
        ),
        ("/v1/plans?sort=created_at", 400, "invalid_query"),
        ("/v1/plans?limit=201", 400, "invalid_query"),
        ("/v1/plans?state=lost", 400, "invalid_query"),
        ("/v1/plans?customer_id=pln_1", 400, "invalid_query"),
        ("/v1/events?cursor=AAAA", 400, "invalid_query"),
        ("/v1/events?type=%00", 400, "invalid_query"),
        ("/v1/exceptions?state=ajar", 400, "invalid_query"),
        ("/v1/exceptions?kind=Late", 400, "invalid_query"),
        ("/v1/exceptions/exc_x", 404, "exception_not_found"),
    ];
    for (path, status, code) in cases {
        let answer = api.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (status, code),
            "{path}"
        );
    }

    let answer = send(api.bare(Method::DELETE, "/v1/plans").bearer_auth(&api.key)).await;
    assert_eq!(answer.problem(), "method_not_allowed");
    let allowed = answer.headers["allow"].to_str().unwrap();
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with_if_that_is_plain() {
    let api = Api::start().await;
    let with_id = |id: &str| api.bare(Method::GET, "/livez").header("x-request-id", id);

    assert_eq!(
        send(with_id("trace-7")).await.headers["request-id"],
        "trace-7"
    );
    let answer = send(with_id("a b")).await;
    assert_ne!(answer.headers["request-id"], "a b");
}
