//! What may befall a call on its way: outages, waiting, limits, errors, answers nobody can read.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;

use crate::Sandbox;
use crate::cut::CutSwitch;
use crate::faults::Blow;
use crate::refusals::Refused;
use crate::words::{Operation, Outage};

/// More than any answer of this bank has.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Before the token: Oligo may be out, slow, or break the answer.
pub(crate) async fn strike(
    State(sandbox): State<Sandbox>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    request: Request,
    next: Next,
) -> Response {
    let Some(operation) = operation_of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let (outage, hang_ms, fate) = {
        let mut world = sandbox.world();
        let now = world.now();
        let outage = world.outages.strike(now);
        (
            outage,
            world.outages.hang_ms,
            world.faults.call_fate(operation),
        )
    };
    if let Some(outage) = outage {
        return be_out(&sandbox, &switch, outage, hang_ms).await;
    }
    if 0 < fate.latency_ms {
        let wait = Duration::from_millis(fate.latency_ms);
        sandbox.closed_within(wait).await;
    }
    match fate.blow {
        None => next.run(request).await,
        Some(Blow::Limit {
            retry_after_seconds,
        }) => {
            let wait = [(header::RETRY_AFTER, retry_after_seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait).into_response()
        }
        Some(Blow::Before { status }) => bare(status),
        Some(Blow::After { status }) => {
            drop(next.run(request).await);
            bare(status)
        }
        Some(Blow::Garbage) => {
            drop(next.run(request).await);
            let kind = [(header::CONTENT_TYPE, "text/html")];
            (kind, "<html><body>Please wait while we check your br").into_response()
        }
        Some(Blow::Truncate) => truncated(next.run(request).await).await,
    }
}

/// Behind the token: a refusal that was ordered for this call.
pub(crate) async fn refuse(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let operation = operation_of(request.method(), request.uri().path());
    let ordered = operation.and_then(|operation| {
        let mut world = sandbox.world();
        let refused = world.ordered.take(operation)?;
        let codes = refused.code().into_iter().collect();
        world.record_ordered(operation.word(), refused.status(), codes);
        Some(refused)
    });
    match ordered {
        None => next.run(request).await,
        Some(Refused::Status(status)) => bare(status),
        Some(refused @ Refused::Code(_)) => {
            let status = status_of(refused.status());
            let Refused::Code(complaint) = refused else {
                return status.into_response();
            };
            (status, Json(json!({"errors": [complaint]}))).into_response()
        }
    }
}

async fn be_out(sandbox: &Sandbox, switch: &CutSwitch, outage: Outage, hang_ms: u64) -> Response {
    match outage {
        Outage::Unavailable => {}
        Outage::Cut => switch.cut(),
        Outage::Hang => {
            sandbox.closed_within(Duration::from_millis(hang_ms)).await;
            switch.cut();
        }
    }
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn bare(status: u16) -> Response {
    status_of(status).into_response()
}

/// The same answer, announced in full, of which only the first half comes.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, ANSWER_MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    // An answer without a body announces one that never comes.
    let announced = whole.len().max(1);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
    let break_off = async {
        // Lets the first half leave before the connection breaks.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the answer breaks off on purpose"))
    };
    let pieces = stream::StreamExt::chain(
        stream::once(async move { Ok(half) }),
        stream::once(break_off),
    );
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// The operation of a call, if Oligo has it.
fn operation_of(method: &Method, path: &str) -> Option<Operation> {
    // Inside the nested routes the prefix is gone.
    let path = path.strip_prefix('/')?;
    let pieces: Vec<&str> = path.split('/').collect();
    let is_get = *method == Method::GET;
    let is_post = *method == Method::POST;
    match pieces.as_slice() {
        ["agreements"] if is_post => Some(Operation::CreateAgreement),
        ["agreements"] if is_get => Some(Operation::ListAgreements),
        ["agreements", _] if is_get => Some(Operation::ShowAgreement),
        ["agreements", _, "cancellation"] if is_post => Some(Operation::CancelAgreement),
        ["payments"] if is_post => Some(Operation::CreatePayment),
        ["payments"] if is_get => Some(Operation::ListPayments),
        ["payments", _] if is_get => Some(Operation::ShowPayment),
        ["payments", _, "retry"] if is_post => Some(Operation::RetryPayment),
        ["alias_resolution"] if is_post => Some(Operation::ResolveAlias),
        _ => None,
    }
}
