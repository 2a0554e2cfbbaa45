//! `GET /v1/plans/{id}/timeline`: what was done about a plan, step by step, and why.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

use store::views::timeline::TimelineEntry;

use super::{find_id, not_found};
use crate::ApiState;
use crate::cursor::{Cursor, SequencePlace};
use crate::error::Problem;
use crate::openapi::ReadProblems;
use crate::page::{Page, instant_text};
use crate::query::Parameters;

/// A step of a plan, or of something that belongs to it.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct EntryBody {
    /// What it is about: `plan`, `agreement`, `instalment`, `payment`, `exception`, or `control` for a switch over
    /// the plan or its agreement.
    #[schema(example = "payment")]
    subject: String,
    /// That object's id.
    #[schema(example = "pay_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    subject_id: String,
    /// Where it stood.
    #[schema(example = "submitted")]
    from: String,
    /// Where it stands since; the same where something was said or tried that moved nothing.
    #[schema(example = "settled")]
    to: String,
    /// What caused it: a call, a provider's report, a rule, or a person's answer.
    #[schema(example = "provider_report")]
    cause: String,
    /// The facts, where there are any: a provider's code, a person's reason.
    detail: Option<String>,
    /// When, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    at: String,
}

/// A page of a timeline.
#[derive(Serialize, ToSchema)]
pub struct TimelinePage {
    /// The steps, oldest first.
    data: Vec<EntryBody>,
    /// Where the page ends. `next_cursor` is there on every page but an empty first one.
    page: Page,
}

/// List what was done about a plan, and why
///
/// Every step of the plan, its agreement, its instalments, its payments and its questions, every attempt, every report
/// that said something new, and what people did: as it was journaled, which nothing changes afterwards. Steps that
/// are being written while you read may come to stand before the last one you read; for a feed that misses nothing
/// there is `GET /v1/events`.
#[utoipa::path(
    get,
    path = "/v1/plans/{id}/timeline",
    tag = "plans",
    params(
        ("id" = String, Path, description = "The id, or `external:` and your reference"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
    ),
    responses((status = 200, body = TimelinePage), ReadProblems),
    security(("bearer" = []))
)]
pub async fn list(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<TimelinePage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let filter = format!("timeline {id}");
    let after: SequencePlace = parameters.cursor(&filter).unwrap_or_default();
    parameters.finish()?;
    let plan_id = find_id(&state, &id).await?.ok_or_else(not_found)?;
    let found = state.store.timeline_page(plan_id, after.0, limit + 1);
    let mut rows = found.await?.ok_or_else(not_found)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < rows.len();
    rows.truncate(limit);
    let place = rows.last().map_or(after, |row| SequencePlace(row.number));
    let next_cursor = (place != SequencePlace::default()).then(|| place.encode(&filter));
    Ok(Json(TimelinePage {
        data: rows.into_iter().map(body_of).collect(),
        page: Page::of_feed(next_cursor, has_more),
    }))
}

fn body_of(entry: TimelineEntry) -> EntryBody {
    EntryBody {
        subject: entry.subject,
        subject_id: entry.subject_id,
        from: entry.from_state,
        to: entry.to_state,
        cause: entry.cause,
        detail: entry.detail,
        at: instant_text(entry.at),
    }
}
