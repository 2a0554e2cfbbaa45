//! Requests that no lender in their right mind would make.

use reqwest::Method;
use serde_json::{Value, json};

use e2e::world::World;

const FIELDS: &[&[&str]] = &[
    &["external_id"],
    &["customer_id"],
    &["description"],
    &["purpose"],
    &["schedule"],
    &["schedule", "frequency"],
    &["schedule", "first_date"],
    &["schedule", "last_date"],
    &["schedule", "due_day"],
    &["schedule", "instalments"],
    &["schedule", "amount"],
    &["schedule", "final_amount"],
    &["payment_terms"],
    &["validity_start_date"],
    &["validity_end_date"],
];

const PATHS: &[&str] = &[
    "/v1/plans?limit=0",
    "/v1/plans?limit=99999999999999999999",
    "/v1/plans?after=%00",
    "/v1/plans?cursor=AAAA",
    "/v1/plans?external_id=%00",
    "/v1/plans?state=%00",
    "/v1/plans/%00",
    "/v1/plans/pln_00000000000000000000000000",
    "/v1/plans/pln_zzzzzzzzzzzzzzzzzzzzzzzzzz",
    "/v1/events?cursor=zzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "/v1/events?plan_id=%ff",
    "/v1/events?limit=1e3",
    "/v1/customers?external_id=a%00b",
    "/v1/customers/%ff",
    "/v1/exceptions?limit=-1",
];

fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("é"),
        json!("x".repeat(1000)),
        json!({}),
        json!([]),
        json!([[]]),
        json!("0000-00-00"),
        json!("2200-12-31"),
        json!("9999-12-31"),
        json!("cus_00000000000000000000000000"),
        json!("cus_zzzzzzzzzzzzzzzzzzzzzzzzzz"),
    ]
}

/// Bodies that are not even JSON, or not even a plan.
fn not_plans() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 8] = [
        b"",
        b"null",
        b"[]",
        b"\"x\"",
        b"{",
        b"\xff\xfe",
        b"{\"a\":1e999}",
        b"{\"external_id\":\"a\",\"external_id\":\"b\"}",
    ];
    let deep = "[".repeat(100_000).into_bytes();
    texts
        .map(<[u8]>::to_vec)
        .into_iter()
        .chain([deep])
        .collect()
}

/// `good` with one field made nasty, each field and each way.
fn one_field_off(good: &Value) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for path in FIELDS {
        for value in values() {
            let mut body = good.clone();
            let mut field = &mut body;
            for name in *path {
                field = &mut field[*name];
            }
            *field = value;
            bodies.push(body.to_string().into_bytes());
        }
    }
    bodies
}

/// Schedules that are long, far away, or of great sums.
fn extreme_schedules(good: &Value) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for first_date in ["2026-01-31", "2026-10-04", "2199-01-31", "2200-12-31"] {
        for frequency in ["daily", "monthly", "annual"] {
            for instalments in [1, 1500] {
                let mut body = good.clone();
                body["external_id"] = json!(format!("{first_date}-{frequency}-{instalments}"));
                body["schedule"] = json!({
                    "frequency": frequency,
                    "first_date": first_date,
                    "instalments": instalments,
                    "amount": 1_000_000_000,
                });
                bodies.push(body.to_string().into_bytes());
            }
        }
    }
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_however_nasty_is_answered_with_a_server_error() {
    let world = World::builder().build().await;
    let customer = world.register_customer().await;
    let good = json!({
        "external_id": "nasty",
        "customer_id": customer.id,
        "description": "Loan repayments",
        "schedule": {
            "frequency": "weekly",
            "first_date": "2026-01-12",
            "instalments": 2,
            "amount": 100,
        },
    });
    let bodies = [not_plans(), one_field_off(&good), extreme_schedules(&good)].concat();
    let mut refused = 0;
    let mut errors = Vec::new();
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let asked = world.ask_anything(Method::POST, "/v1/plans", Some(body));
        let (status, told) = asked.await;
        refused += usize::from(status.is_client_error());
        if status.is_server_error() {
            errors.push(format!("{shown}: {status} {told}"));
        }
    }
    for path in PATHS {
        let (status, told) = world.ask_anything(Method::GET, path, None).await;
        if status.is_server_error() {
            errors.push(format!("{path}: {status} {told}"));
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(200 < refused, "only {refused} were refused");
    world.finish().await;
}
