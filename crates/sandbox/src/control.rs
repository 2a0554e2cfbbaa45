//! The sandbox's own face: `/sandbox/…`, for whoever plays the bank, the payers and time itself.

mod bank;
mod provider;
mod index;

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Sandbox, SandboxConfig};

/// The longest a long poll is held.
const LONG_POLL_MAX: Duration = Duration::from_secs(60);

/// The routes of `/sandbox`; they ask for no token.
pub(crate) fn routes() -> Router<Sandbox> {
    let control = Router::new()
        .route("/", get(index::show))
        .route("/health", get(async || StatusCode::OK))
        .route("/clock", get(show_clock).put(move_clock))
        .route("/payers", get(bank::list_payers).post(bank::change_payer))
        .route("/agreements", get(bank::list_agreements))
        .route("/agreements/{uid}/decision", post(bank::decide))
        .route("/agreements/{uid}/account", post(bank::change_account))
        .route("/payments/{uid}/outcome", post(bank::give_outcome))
        .route(
            "/settings",
            get(provider::show_settings).put(provider::set_settings),
        )
        .route(
            "/webhooks",
            get(provider::show_webhooks).put(provider::set_webhooks),
        )
        .route(
            "/faults",
            get(provider::show_faults).put(provider::set_faults),
        )
        .route(
            "/outages",
            get(provider::show_outages).put(provider::set_outages),
        )
        .route(
            "/refusals",
            get(provider::show_refusals).post(provider::order_refusal),
        )
        .route("/codes", get(index::show_codes))
        .route("/ledger", get(show_ledger))
        .route("/reset", post(reset));
    Router::new().nest("/sandbox", control)
}

/// Why a control did nothing: a problem+json body.
struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Problem {
    fn conflict(title: &'static str, detail: String) -> Problem {
        Problem {
            status: StatusCode::CONFLICT,
            title,
            detail,
        }
    }

    fn unprocessable(title: &'static str, detail: String) -> Problem {
        Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title,
            detail,
        }
    }

    fn not_found(detail: String) -> Problem {
        Problem {
            status: StatusCode::NOT_FOUND,
            title: "Not found",
            detail,
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        Problem::unprocessable("Unreadable body", rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, body.to_string()).into_response()
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;

#[derive(Serialize)]
struct ClockView {
    now_at: DateTime<Utc>,
    running: bool,
    version: u64,
    next_event_at: Option<DateTime<Utc>>,
}

fn clock_view(sandbox: &Sandbox) -> ClockView {
    let world = sandbox.world();
    ClockView {
        now_at: world.now(),
        running: world.clock.is_running(),
        version: world.clock.version(),
        next_event_at: world.timers.next_at(),
    }
}

#[derive(Deserialize)]
struct ClockPoll {
    after_version: Option<u64>,
    #[serde(default)]
    wait_ms: u64,
}

async fn show_clock(
    State(sandbox): State<Sandbox>,
    Query(poll): Query<ClockPoll>,
) -> Json<ClockView> {
    if let Some(version) = poll.after_version {
        let longest = Duration::from_millis(poll.wait_ms).min(LONG_POLL_MAX);
        sandbox.clock_moved(version, longest).await;
    }
    Json(clock_view(&sandbox))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    now_at: Option<DateTime<Utc>>,
    running: Option<bool>,
}

async fn move_clock(
    State(sandbox): State<Sandbox>,
    body: Body<ClockMove>,
) -> Result<Json<ClockView>, Problem> {
    let Json(to) = body?;
    let moved = sandbox.move_clock(to.now_at, to.running).await;
    moved
        .map_err(|refused| Problem::conflict("The clock only goes forward", refused.to_string()))?;
    Ok(Json(clock_view(&sandbox)))
}

async fn show_ledger(State(sandbox): State<Sandbox>) -> Response {
    let ledger = sandbox.world().ledger();
    Json(ledger).into_response()
}

async fn reset(State(sandbox): State<Sandbox>) -> StatusCode {
    let config: &SandboxConfig = sandbox.config();
    sandbox.world().reset(config);
    sandbox.wake();
    StatusCode::NO_CONTENT
}
