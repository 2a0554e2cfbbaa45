//! The admin API over HTTP: routes, keys, problems, and their description.
//!
//! A handler reads its request into `domain`'s values, or tells every rule that the request breaks. Writes
//! go through `flows`, reads straight to `store::views`.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use flows::clock::Clock;
use store::Store;

mod code;
mod error;
mod answer;
mod auth;
pub mod json;
mod fields;
mod cursor;
mod page;
mod query;
mod post;
mod openapi;
mod customers;
mod plans;
mod collections;
mod events;
mod exceptions;
mod webhooks;
mod health;
mod test_clock;

pub use auth::{KeyMode, api_key_digest, new_api_key_secret};
pub use webhooks::WebhookConfig;

/// The largest body of a request, webhooks apart.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a caller waits at most. The work goes on: it is done whole or not at all.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// How long open connections may go on after the call to shut down.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);

/// What the API serves from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// The database, for reads.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// What the flows need, for writes.
    pub flows: flows::Deps,
    /// How webhooks are received.
    pub webhook: WebhookConfig,
    /// Whether the clock is one that is moved by hand: then the backlog can be asked for.
    pub test_clock: bool,
    /// The version of the binary.
    pub version: &'static str,
}

/// Every route of the API.
pub fn router(state: ApiState) -> Router {
    let (routes, mut description) = described(&state).split_for_parts();
    state.version.clone_into(&mut description.info.version);
    let described = move || async move { Json(description) };
    routes
        .route("/openapi.json", get(described))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn(answer::detach))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            ANSWER_DEADLINE,
        ))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(|request: &Request| answer::span(request))
                .on_request(())
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                .on_failure(()),
        )
        .layer(from_fn(answer::finish))
        .with_state(state)
}

fn described(state: &ApiState) -> OpenApiRouter<ApiState> {
    let mut admin = OpenApiRouter::new()
        .routes(routes!(customers::create, customers::list))
        .routes(routes!(customers::show))
        .routes(routes!(plans::create, plans::list))
        .routes(routes!(plans::show))
        .routes(routes!(plans::timeline::list))
        .routes(routes!(plans::cancellation::cancel))
        .routes(routes!(plans::paused::pause))
        .routes(routes!(plans::paused::resume))
        .routes(routes!(collections::list))
        .routes(routes!(collections::close))
        .routes(routes!(collections::open))
        .routes(routes!(events::list))
        .routes(routes!(exceptions::list))
        .routes(routes!(exceptions::show))
        .routes(routes!(exceptions::assignment::assign))
        .routes(routes!(exceptions::resolution::resolve));
    if state.test_clock {
        admin = admin.routes(routes!(test_clock::backlog));
    }
    let admin = admin
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(state.clone(), auth::authenticate));
    let webhooks = OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        .routes(routes!(webhooks::receive_with_token))
        .layer(DefaultBodyLimit::max(webhooks::BODY_BYTES_MAX));
    OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(admin)
        .merge(webhooks)
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// Serves the API until `shutdown` ends; then answers what it has begun, for 20 s at most.
///
/// # Errors
///
/// Fails when the listener does.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (called, mut calls) = tokio::sync::watch::channel(false);
    let graceful = axum::serve(listener, router(state)).with_graceful_shutdown(async move {
        shutdown.await;
        called.send_replace(true);
    });
    let out_of_grace = async move {
        // An error means that the sender is gone: the server has ended, and the other branch with it.
        if calls.wait_for(|called| *called).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        served = graceful => served,
        () = out_of_grace => {
            tracing::warn!("connections were still open at the end of the grace period");
            Ok(())
        }
    }
}
