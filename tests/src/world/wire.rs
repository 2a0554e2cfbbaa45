//! The wire between the workers and the bank: it passes everything on, until a test meddles.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Mutex, watch};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::build::{client, listen};

const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;

/// What the wire does with what passes over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireMode {
    /// Passes it on.
    Open,
    /// Keeps every request to create or retry a payment for itself: it never arrives, and is never
    /// answered.
    SwallowPayments,
    /// Keeps every request to create or retry a payment until it is set otherwise. Then it arrives,
    /// whether anybody still waits for an answer or not.
    HoldPayments,
    /// Answers everything with 503 and passes nothing on.
    Down,
    /// Answers every request to retry a payment with 503 and does not pass it on.
    LoseRetries,
    /// Answers every question about a payment with 503 and does not pass it on.
    LoseQuestions,
    /// Answers every POST to a path that ends so by itself, and does not pass it on.
    Answer {
        /// The end of the path, such as `/alias_resolution`.
        to: &'static str,
        /// The status.
        status: u16,
        /// The body; none when null.
        body: Value,
    },
    /// Writes another value over this field of every payment that the bank tells of.
    Overwrite {
        /// The field, such as `amount`.
        field: &'static str,
        /// What is written there.
        value: Value,
    },
    /// Lists every payment twice, as though the bank had taken each a second time, a minute later.
    DoubleLists,
    /// The same, of every agreement.
    OverwriteAgreements {
        /// The field, such as `frequency`.
        field: &'static str,
        /// What is written there.
        value: Value,
    },
}

/// A wire that a test can listen and meddle on.
pub struct Wire {
    url: Url,
    address: SocketAddr,
    line: Arc<Line>,
    served: Mutex<Option<AbortOnDropHandle<()>>>,
    /// Holds the port while nobody listens there.
    hung_up: Mutex<Option<TcpSocket>>,
}

struct Line {
    bank: Url,
    http: reqwest::Client,
    mode: watch::Sender<WireMode>,
    kept: watch::Sender<usize>,
}

impl Wire {
    pub(super) async fn start(bank: Url) -> Wire {
        let line = Arc::new(Line {
            bank,
            http: client(),
            mode: watch::Sender::new(WireMode::Open),
            kept: watch::Sender::new(0),
        });
        let (listener, url) = listen().await;
        Wire {
            url,
            address: listener.local_addr().expect("a bound listener"),
            served: Mutex::new(Some(serve(listener, &line))),
            hung_up: Mutex::new(None),
            line,
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// What it does from now on.
    pub fn set(&self, mode: WireMode) {
        self.line.mode.send_replace(mode);
    }

    /// Refuses every connection from now on: what is sent never leaves. What is under way goes on.
    ///
    /// # Panics
    ///
    /// When its port is taken away from it.
    pub async fn hang_up(&self) {
        if let Some(served) = self.served.lock().await.take() {
            served.abort();
            assert!(served.await.is_err(), "it serves until it is told not to");
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.set_reuseaddr(true).expect("a socket of our own");
            socket.bind(self.address).expect("the port is free again");
            *self.hung_up.lock().await = Some(socket);
        }
    }

    /// Takes connections again.
    ///
    /// # Panics
    ///
    /// When it cannot.
    pub async fn pick_up(&self) {
        if let Some(socket) = self.hung_up.lock().await.take() {
            let listener = socket.listen(BACKLOG).expect("the port is ours");
            *self.served.lock().await = Some(serve(listener, &self.line));
        }
    }

    /// Waits until it has kept `count` requests for itself, for ever or for now.
    ///
    /// # Panics
    ///
    /// When that takes longer than a minute.
    pub async fn kept(&self, count: usize) {
        let mut kept = self.line.kept.subscribe();
        let enough = kept.wait_for(|so_far| count <= *so_far);
        let waited = tokio::time::timeout(super::time::DEADLINE, enough).await;
        let heard = waited.expect("a request comes within a minute");
        heard.expect("the wire holds");
    }
}

fn serve(listener: TcpListener, line: &Arc<Line>) -> AbortOnDropHandle<()> {
    let app = axum::Router::new()
        .fallback(pass)
        .with_state(Arc::clone(line));
    let served = tokio::spawn(async move {
        axum::serve(listener, app).await.expect("the wire holds");
    });
    AbortOnDropHandle::new(served)
}

async fn pass(State(line): State<Arc<Line>>, request: Request) -> Response {
    let mut response = pass_on(line, request).await;
    // A connection for each request: one that is kept would outlive hanging up.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

async fn pass_on(line: Arc<Line>, request: Request) -> Response {
    let mode = line.mode.borrow().clone();
    let path = request.uri().path();
    let is_payment = path.contains("/payments");
    let is_retry = is_payment && path.ends_with("/retry");
    let is_sent = is_payment && request.method() == Method::POST;
    let is_asked = is_payment && request.method() == Method::GET;
    let path = path.to_owned();
    let is_post = request.method() == Method::POST;
    let Some(heard) = hear(request).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match mode {
        WireMode::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        WireMode::LoseRetries if is_retry => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        WireMode::LoseQuestions if is_asked => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        WireMode::Answer { to, status, body } if is_post && path.ends_with(to) => {
            line.kept.send_modify(|count| *count += 1);
            let status = StatusCode::from_u16(status).expect("a status");
            let text = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        WireMode::SwallowPayments if is_sent => {
            line.kept.send_modify(|count| *count += 1);
            std::future::pending().await
        }
        WireMode::HoldPayments if is_sent => answer(hold(line, heard).await, None),
        WireMode::Open
        | WireMode::SwallowPayments
        | WireMode::HoldPayments
        | WireMode::LoseRetries
        | WireMode::Answer { .. }
        | WireMode::LoseQuestions => answer(carry(&line, heard).await, None),
        WireMode::Overwrite { field, value } => {
            let change = is_payment.then_some((field, value));
            answer(carry(&line, heard).await, change)
        }
        WireMode::DoubleLists => {
            let listed = answer(carry(&line, heard).await, None);
            if is_asked && path.ends_with("/payments") {
                doubled(listed).await
            } else {
                listed
            }
        }
        WireMode::OverwriteAgreements { field, value } => {
            let change = (!is_payment).then_some((field, value));
            answer(carry(&line, heard).await, change)
        }
    }
}

/// The whole of a request; nothing when its sender hung up in the middle.
async fn hear(request: Request) -> Option<(Parts, Bytes)> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.ok()?;
    Some((head, body))
}

/// Carries a request once payments are held no longer.
async fn hold(line: Arc<Line>, heard: (Parts, Bytes)) -> Option<(StatusCode, Bytes)> {
    line.kept.send_modify(|count| *count += 1);
    // A task of its own: it arrives even when whoever sent it has died.
    let late = tokio::spawn(async move {
        let mut mode = line.mode.subscribe();
        let released = mode.wait_for(|mode| *mode != WireMode::HoldPayments).await;
        drop(released.ok()?);
        carry(&line, heard).await
    });
    late.await.ok()?
}

/// The bank's answer; nothing when it hung up.
async fn carry(line: &Line, (head, body): (Parts, Bytes)) -> Option<(StatusCode, Bytes)> {
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

/// A list with each of its items a second time, taken at another time.
async fn doubled(listed: Response) -> Response {
    let (head, body) = listed.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await;
    let mut told: Value = serde_json::from_slice(&bytes.expect("a body")).expect("a list");
    let items = told["data"].as_array_mut().expect("items");
    let mut again = items.clone();
    for item in &mut again {
        item["created_at"] = Value::from("2026-01-01T00:00:00+11:00");
    }
    items.extend(again);
    (head.status, head.headers, told.to_string()).into_response()
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
