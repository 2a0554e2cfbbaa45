//! Oligo's face: `/v1/payto/…`, its bearer token, its bodies.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::complaint::Refusal;
use crate::cut::CutSwitch;
use crate::world::World;

/// The routes of `/v1`, all behind the token.
pub(crate) fn routes(sandbox: &Sandbox) -> Router<Sandbox> {
    let face = Router::new()
        .route("/agreements", post(create_agreement))
        .route("/agreements/{uid}", get(show_agreement))
        .route("/agreements/{uid}/cancellation", post(cancel_agreement))
        .route("/payments", post(create_payment))
        .route("/payments/{uid}", get(show_payment))
        .route("/payments/{uid}/retry", post(retry_payment))
        .route("/alias_resolution", post(resolve_alias))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(from_fn_with_state(sandbox.clone(), check_token));
    Router::new().nest("/v1/payto", face)
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
        "detail": "The access token is unknown or no longer valid",
    }]});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// The answer of a success.
enum Reply {
    Created(Value),
    Shown(Value),
    Accepted,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Reply::Created(data) => {
                (StatusCode::CREATED, Json(json!({"data": data}))).into_response()
            }
            Reply::Shown(data) => Json(json!({"data": data})).into_response(),
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

async fn create_agreement(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let create = |world: &mut World| world.create_agreement(&body).map(Reply::Created);
    carry_out(&sandbox, "create_agreement", uid_in(&body), create).into_response()
}

async fn show_agreement(State(sandbox): State<Sandbox>, Path(uid): Path<String>) -> Response {
    let found = sandbox.world().show_agreement(&uid);
    found.map(Reply::Shown).into_response()
}

async fn cancel_agreement(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Bytes,
) -> Response {
    let cancel = |world: &mut World| {
        world
            .cancel_agreement(&uid, &body)
            .map(|()| Reply::Accepted)
    };
    carry_out(&sandbox, "cancel_agreement", Some(uid.clone()), cancel).into_response()
}

async fn create_payment(
    State(sandbox): State<Sandbox>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    body: Bytes,
) -> Response {
    let create = |world: &mut World| world.create_payment(&body).map(Reply::Created);
    let done = carry_out(&sandbox, "create_payment", uid_in(&body), create);
    answer_or_hang(&sandbox, &switch, done).await
}

async fn show_payment(State(sandbox): State<Sandbox>, Path(uid): Path<String>) -> Response {
    let found = sandbox.world().show_payment(&uid);
    found.map(Reply::Shown).into_response()
}

async fn retry_payment(
    State(sandbox): State<Sandbox>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    Path(uid): Path<String>,
    body: Bytes,
) -> Response {
    let retry = |world: &mut World| world.retry_payment(&uid, &body).map(|()| Reply::Accepted);
    let done = carry_out(&sandbox, "retry_payment", Some(uid.clone()), retry);
    answer_or_hang(&sandbox, &switch, done).await
}

async fn resolve_alias(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let resolve = |world: &mut World| world.resolve_alias(&body).map(Reply::Shown);
    carry_out(&sandbox, "resolve_alias", None, resolve).into_response()
}
