//! The wire between the workers and the bank: it passes everything on, until a test meddles.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::build::{client, listen};

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the wire does with what passes over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireMode {
    /// Passes it on.
    Open,
    /// Keeps every request to create or retry a payment for itself: it never arrives, and is never
    /// answered.
    SwallowPayments,
    /// Answers everything with 503 and passes nothing on.
    Down,
    /// Writes another value over this field of every payment that the bank tells of.
    Overwrite {
        /// The field, such as `amount`.
        field: &'static str,
        /// What is written there.
        value: Value,
    },
}

/// A wire that a test can listen and meddle on.
pub struct Wire {
    url: Url,
    line: Arc<Line>,
    _served: AbortOnDropHandle<()>,
}

struct Line {
    bank: Url,
    http: reqwest::Client,
    mode: Mutex<WireMode>,
    swallowed: watch::Sender<usize>,
}

impl Wire {
    pub(super) async fn start(bank: Url) -> Wire {
        let line = Arc::new(Line {
            bank,
            http: client(),
            mode: Mutex::new(WireMode::Open),
            swallowed: watch::Sender::new(0),
        });
        let (listener, url) = listen().await;
        let app = axum::Router::new()
            .fallback(pass)
            .with_state(Arc::clone(&line));
        let served = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the wire holds");
        });
        Wire {
            url,
            line,
            _served: AbortOnDropHandle::new(served),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// What it does from now on.
    pub fn set(&self, mode: WireMode) {
        *self
            .line
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// Waits until it has kept `count` requests for itself.
    ///
    /// # Panics
    ///
    /// When that takes longer than a minute.
    pub async fn swallowed(&self, count: usize) {
        let mut swallowed = self.line.swallowed.subscribe();
        let enough = swallowed.wait_for(|so_far| count <= *so_far);
        let waited = tokio::time::timeout(super::time::DEADLINE, enough).await;
        let heard = waited.expect("a request comes within a minute");
        heard.expect("the wire holds");
    }
}

async fn pass(State(line): State<Arc<Line>>, request: Request) -> Response {
    let mode = line
        .mode
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let is_payment = request.uri().path().contains("/payments");
    match mode {
        WireMode::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        WireMode::SwallowPayments if is_payment && request.method() == Method::POST => {
            line.swallowed.send_modify(|count| *count += 1);
            std::future::pending().await
        }
        WireMode::Open | WireMode::SwallowPayments => answer(carry(&line, request).await, None),
        WireMode::Overwrite { field, value } => {
            let change = is_payment.then_some((field, value));
            answer(carry(&line, request).await, change)
        }
    }
}

/// The bank's answer; nothing when it hung up.
async fn carry(line: &Line, request: Request) -> Option<(StatusCode, Bytes)> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.ok()?;
    let url = line.bank.join(head.uri.path()).ok()?;
    let mut carried = line.http.request(head.method, url).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT] {
        if let Some(value) = head.headers.get(&name) {
            carried = carried.header(name, value);
        }
    }
    let answered = carried.send().await.ok()?;
    let status = answered.status();
    Some((status, answered.bytes().await.ok()?))
}

fn answer(carried: Option<(StatusCode, Bytes)>, change: Option<(&str, Value)>) -> Response {
    let Some((status, mut body)) = carried else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if let Some((field, value)) = change
        && let Ok(mut told) = serde_json::from_slice::<Value>(&body)
    {
        overwrite(&mut told, field, &value);
        body = Bytes::from(told.to_string());
    }
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        Body::from(body),
    )
        .into_response()
}

/// Writes `value` wherever `field` stands.
fn overwrite(told: &mut Value, field: &str, value: &Value) {
    match told {
        Value::Object(fields) => {
            for (name, held) in fields {
                if name == field {
                    held.clone_from(value);
                } else {
                    overwrite(held, field, value);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| overwrite(item, field, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
