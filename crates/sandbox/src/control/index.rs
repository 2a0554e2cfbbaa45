//! What there is under `/sandbox`, for a person who looks.

use axum::Json;
use serde_json::{Map, Value, json};

use crate::codes::{self, Role};
use crate::refusals::codes_of;
use crate::words::Operation;

/// A control: method, path, what it does, and a body to try.
const CONTROLS: [(&str, &str, &str, &str); 24] = [
    ("GET", "/sandbox/health", "200 when it is up", ""),
    (
        "GET",
        "/sandbox/clock",
        "the time; ?after_version=N&wait_ms=M waits for a move by hand",
        "",
    ),
    (
        "PUT",
        "/sandbox/clock",
        "moves forward, runs or stops",
        r#"{"now_at":"2030-01-01T00:00:00Z"}"#,
    ),
    (
        "GET",
        "/sandbox/payers",
        "every payer known, with balance and behaviour",
        "",
    ),
    (
        "POST",
        "/sandbox/payers",
        "how a payer behaves: decision, balance, paydays, failures, silence",
        r#"{"account":{"type":"bban","value":"062000-12345678"},"balance_cents":50000}"#,
    ),
    (
        "GET",
        "/sandbox/agreements",
        "what a bank page lists; ?state=created,active",
        "",
    ),
    (
        "POST",
        "/sandbox/agreements/{uid}/decision",
        "approve, decline, fail, suspend, reactivate or cancel",
        r#"{"decision":"approve"}"#,
    ),
    (
        "POST",
        "/sandbox/agreements/{uid}/account",
        "the payer moves the agreement to another account",
        r#"{"account":{"type":"bban","value":"062000-87654321"}}"#,
    ),
    (
        "POST",
        "/sandbox/payments/{uid}/outcome",
        "settle, fail, pending or investigate; a failed payment may still settle",
        r#"{"outcome":"fail","code":"AM04"}"#,
    ),
    (
        "GET",
        "/sandbox/settings",
        "how the merchant stands with Oligo",
        "",
    ),
    (
        "PUT",
        "/sandbox/settings",
        "limits, creditor account, readings; absent keys stay",
        r#"{"payment_max_cents":100000}"#,
    ),
    ("GET", "/sandbox/webhooks", "where events go", ""),
    (
        "PUT",
        "/sandbox/webhooks",
        "url, secrets, redelivery (hour, once), taken_by (2xx_3xx, any_answer)",
        r#"{"url":"http://127.0.0.1:9000/webhooks"}"#,
    ),
    (
        "GET",
        "/sandbox/faults",
        "the rates and how often each struck",
        "",
    ),
    (
        "PUT",
        "/sandbox/faults",
        "all rates anew: lost, repeated, late and overtaken events; slow, refused and broken calls",
        r#"{"seed":7,"lose_webhooks":30,"errors_after":5}"#,
    ),
    ("GET", "/sandbox/outages", "outages now and planned", ""),
    (
        "PUT",
        "/sandbox/outages",
        "down, windows, how; addressing_down",
        r#"{"down":true}"#,
    ),
    ("GET", "/sandbox/refusals", "refusals still to come", ""),
    (
        "POST",
        "/sandbox/refusals",
        "refuses the next calls of an operation",
        r#"{"operation":"create_payment","code":"ZPPAY16"}"#,
    ),
    (
        "GET",
        "/sandbox/codes",
        "every code, by operation and by what it may be the reason for",
        "",
    ),
    (
        "GET",
        "/sandbox/ledger",
        "everything that happened, by the bank's own account",
        "",
    ),
    (
        "POST",
        "/sandbox/reset",
        "forgets everything but the time",
        "",
    ),
    (
        "GET",
        "/v1/payto/agreements",
        "Oligo's face, with the token: agreements, newest first",
        "",
    ),
    (
        "GET",
        "/v1/payto/payments",
        "Oligo's face, with the token: payments, newest first",
        "",
    ),
];

pub(super) async fn show() -> Json<Value> {
    let each = |(method, path, what, body): (&str, &str, &str, &str)| {
        let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        json!({"method": method, "path": path, "what": what, "body": body})
    };
    let controls: Vec<Value> = CONTROLS.into_iter().map(each).collect();
    Json(json!({"controls": controls}))
}

pub(super) async fn show_codes() -> Json<Value> {
    let refusals: Map<String, Value> = Operation::WORDS
        .iter()
        .filter_map(|word| Some((*word, Operation::from_word(word)?)))
        .map(|(word, operation)| {
            let codes: Vec<&str> = codes_of(operation).collect();
            (word.to_owned(), json!(codes))
        })
        .collect();
    let of = |role| {
        codes::of_role(role)
            .map(|code| code.code)
            .collect::<Vec<_>>()
    };
    Json(json!({
        "refusals": refusals,
        "payment_failures": of(Role::Failure),
        "agreement_failures": of(Role::Creation),
        "declines": of(Role::Decline),
        "endings": of(Role::Ending),
    }))
}
