//! Oligo's face: `/v1/payto/…`, its bearer token, its bodies.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::blows;
use crate::complaint::Refusal;
use crate::cut::CutSwitch;
use crate::listing;
use crate::world::World;

/// The routes of `/v1`, all behind the token.
pub(crate) fn routes(sandbox: &Sandbox) -> Router<Sandbox> {
    let face = Router::new()
        .route("/agreements", post(create_agreement).get(list_agreements))
        .route("/agreements/{uid}", get(show_agreement))
        .route("/agreements/{uid}/cancellation", post(cancel_agreement))
        .route("/payments", post(create_payment).get(list_payments))
        .route("/payments/{uid}", get(show_payment))
        .route("/payments/{uid}/retry", post(retry_payment))
        .route("/alias_resolution", post(resolve_alias))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(from_fn_with_state(sandbox.clone(), blows::refuse))
        .layer(from_fn_with_state(sandbox.clone(), check_token))
        .layer(from_fn_with_state(sandbox.clone(), blows::strike));
    Router::new().nest("/v1/payto", face)
}

/// A uid of a path; what cannot be one names nothing.
type Uid = Result<Path<String>, PathRejection>;

fn uid_of(uid: Uid) -> String {
    uid.map_or_else(|_| String::new(), |Path(uid)| uid)
}

/// A body that is JSON by its header, or none at all.
struct Sent {
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
}

impl Sent {
    fn json(self) -> Result<Bytes, Refusal> {
        let unreadable = |detail: &str| Refusal::BadRequest(vec![detail.to_owned()]);
        let body = self
            .body
            .map_err(|_| unreadable("The body cannot be read or is too large"))?;
        let kind = self.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let essence = kind.split(';').next().unwrap_or("").trim();
        if body.is_empty() || essence.eq_ignore_ascii_case("application/json") {
            return Ok(body);
        }
        Err(unreadable("The Content-Type must be application/json"))
    }
}

async fn check_token(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.strip_prefix("Bearer "));
    if token == Some(sandbox.config().token.as_str()) {
        return next.run(request).await;
    }
    let body = json!({"errors": [{
        "title": "Unauthorised access token",
        "detail": "Access token is expired or not valid",
    }]});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// The answer of a success.
enum Reply {
    Created(Value),
    Shown(Value),
    Listed(Value),
    Accepted,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Reply::Created(data) => {
                (StatusCode::CREATED, Json(json!({"data": data}))).into_response()
            }
            Reply::Shown(data) => Json(json!({"data": data})).into_response(),
            Reply::Listed(page) => Json(page).into_response(),
            Reply::Accepted => StatusCode::ACCEPTED.into_response(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
            Refusal::BadRequest(details) => {
                let each = details.into_iter();
                let errors: Vec<Value> = each
                    .map(|detail| json!({"title": "Validation Failed", "detail": detail}))
                    .collect();
                (StatusCode::BAD_REQUEST, Json(json!({"errors": errors}))).into_response()
            }
            Refusal::Unprocessable(complaints) => {
                let body = json!({"errors": complaints});
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Refusal::Unavailable(complaint) => {
                let body = json!({"errors": [complaint]});
                (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
            }
        }
    }
}

/// One operation under the lock: its refusal goes into the ledger, its timers to the timekeeper.
fn carry_out(
    sandbox: &Sandbox,
    operation: &'static str,
    uid: Option<String>,
    step: impl FnOnce(&mut World) -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    let done = {
        let mut world = sandbox.world();
        let done = step(&mut world);
        if let Err(refusal) = &done {
            world.record_refusal(operation, uid, refusal);
        }
        done
    };
    sandbox.wake();
    done
}

/// The uid a body names, for the ledger.
fn uid_in(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("uid")?.as_str()?.to_owned())
}

/// Answers, unless it is this answer's turn to never come.
async fn answer_or_hang(
    sandbox: &Sandbox,
    switch: &CutSwitch,
    done: Result<Reply, Refusal>,
) -> Response {
    let hang_ms = match &done {
        Ok(_) => sandbox.world().faults.hang(),
        Err(_) => None,
    };
    if let Some(hang_ms) = hang_ms {
        sandbox.closed_within(Duration::from_millis(hang_ms)).await;
        switch.cut();
    }
    done.into_response()
}

/// Reads the body and carries the operation out.
fn with_body(
    sandbox: &Sandbox,
    operation: &'static str,
    uid: Option<String>,
    sent: Sent,
    step: impl FnOnce(&mut World, &[u8]) -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    let body = sent.json();
    let named = body.as_ref().ok().and_then(|body| uid_in(body));
    carry_out(sandbox, operation, uid.or(named), |world| {
        step(world, &body?)
    })
}

async fn create_agreement(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let sent = Sent { headers, body };
    let create = |world: &mut World, body: &[u8]| world.create_agreement(body).map(Reply::Created);
    with_body(&sandbox, "create_agreement", None, sent, create).into_response()
}

async fn list_agreements(
    State(sandbox): State<Sandbox>,
    Query(query): Query<listing::Query>,
) -> Response {
    let list = |world: &mut World| world.list_agreements(&query).map(Reply::Listed);
    carry_out(&sandbox, "list_agreements", None, list).into_response()
}

async fn show_agreement(State(sandbox): State<Sandbox>, uid: Uid) -> Response {
    let found = sandbox.world().show_agreement(&uid_of(uid));
    found.map(Reply::Shown).into_response()
}

async fn cancel_agreement(
    State(sandbox): State<Sandbox>,
    uid: Uid,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (uid, sent) = (uid_of(uid), Sent { headers, body });
    let cancel = |world: &mut World, body: &[u8]| {
        world.cancel_agreement(&uid, body).map(|()| Reply::Accepted)
    };
    with_body(
        &sandbox,
        "cancel_agreement",
        Some(uid.clone()),
        sent,
        cancel,
    )
    .into_response()
}

async fn create_payment(
    State(sandbox): State<Sandbox>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let sent = Sent { headers, body };
    let create = |world: &mut World, body: &[u8]| world.create_payment(body).map(Reply::Created);
    let done = with_body(&sandbox, "create_payment", None, sent, create);
    answer_or_hang(&sandbox, &switch, done).await
}

async fn list_payments(
    State(sandbox): State<Sandbox>,
    Query(query): Query<listing::Query>,
) -> Response {
    let list = |world: &mut World| world.list_payments(&query).map(Reply::Listed);
    carry_out(&sandbox, "list_payments", None, list).into_response()
}

async fn show_payment(State(sandbox): State<Sandbox>, uid: Uid) -> Response {
    let found = sandbox.world().show_payment(&uid_of(uid));
    found.map(Reply::Shown).into_response()
}

async fn retry_payment(
    State(sandbox): State<Sandbox>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    uid: Uid,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (uid, sent) = (uid_of(uid), Sent { headers, body });
    let retry =
        |world: &mut World, body: &[u8]| world.retry_payment(&uid, body).map(|()| Reply::Accepted);
    let done = with_body(&sandbox, "retry_payment", Some(uid.clone()), sent, retry);
    answer_or_hang(&sandbox, &switch, done).await
}

async fn resolve_alias(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let sent = Sent { headers, body };
    let resolve = |world: &mut World, body: &[u8]| world.resolve_alias(body).map(Reply::Shown);
    with_body(&sandbox, "resolve_alias", None, sent, resolve).into_response()
}
