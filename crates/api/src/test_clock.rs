//! `/v1/test/backlog`: what is still to be done at the present of a clock that is moved by hand.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::Problem;
use crate::openapi::ListProblems;
use crate::page::instant_text;
use crate::query::Parameters;

/// What is still to be done.
#[derive(Serialize, ToSchema)]
#[schema(as = Backlog)]
pub struct BacklogBody {
    /// The clock's present, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    now_at: String,
    /// How many rows are due.
    due: i64,
    /// How many are being attended.
    leased: i64,
    /// When the next one comes due, in UTC.
    next_wake_at: Option<String>,
}

/// Show what is still to be done at the clock's present
#[utoipa::path(
    get,
    path = "/v1/test/backlog",
    tag = "test clock",
    responses((status = 200, body = BacklogBody), ListProblems),
    security(("bearer" = []))
)]
pub async fn backlog(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<BacklogBody>, Problem> {
    Parameters::of(&uri)?.finish()?;
    let now = state.clock.now();
    let backlog = state.store.backlog(now).await?;
    Ok(Json(BacklogBody {
        now_at: instant_text(now),
        due: backlog.due,
        leased: backlog.leased,
        next_wake_at: backlog.next_wake_at.map(instant_text),
    }))
}
