//! `/v1/exceptions`: what waits for a person, and how it was answered.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{ExceptionId, PlanId};
use flows::answer_exception::resolutions;
use store::views::exceptions::{ExceptionFilter, ExceptionView};

use crate::ApiState;
use crate::code::Code;
use crate::error::Problem;
use crate::openapi::{ListProblems, ReadProblems};
use crate::page::{self, Page, instant_text};
use crate::query::Parameters;

pub mod assignment;
pub mod resolution;

const LIST: &str = "exceptions";

/// A question for a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Exception)]
pub struct ExceptionBody {
    /// Its id.
    #[schema(example = "exc_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its kind.
    #[schema(example = "late_settlement")]
    kind: String,
    /// The plan it concerns.
    plan_id: Option<String>,
    /// What it is about.
    #[schema(example = "payment")]
    subject: String,
    /// That object's id.
    #[schema(example = "pay_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    subject_id: String,
    /// The facts.
    detail: String,
    /// Who takes care of it.
    owner: Option<String>,
    /// Since when that one does, in UTC.
    assigned_at: Option<String>,
    /// What to do next.
    next_action: String,
    /// Whether nothing is sent for its plan while it is open.
    freezes_plan: bool,
    /// The answers it takes, as `resolution` of `POST /v1/exceptions/{id}/resolution`; none once it is answered.
    #[schema(example = json!(["collected", "refunded"]))]
    resolutions: Vec<&'static str>,
    /// Since when it is open, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    opened_at: String,
    /// How long it has been open, or was, in seconds.
    #[schema(example = 3600)]
    age_seconds: i64,
    /// When it was answered, in UTC.
    closed_at: Option<String>,
    /// How it was answered; `by_itself` where nobody had to.
    #[schema(example = "collected")]
    resolution: Option<String>,
    /// Why, in the words of whoever answered.
    resolution_reason: Option<String>,
}

/// A page of exceptions.
#[derive(Serialize, ToSchema)]
pub struct ExceptionPage {
    /// The exceptions, oldest first.
    data: Vec<ExceptionBody>,
    /// Where the page ends.
    page: Page,
}

/// List what waits for a person
///
/// Unless `state` asks for others, the open ones.
#[utoipa::path(
    get,
    path = "/v1/exceptions",
    tag = "exceptions",
    params(
        ("state" = Option<String>, Query, description = "`open` (unless told), `closed` or `any`"),
        ("kind" = Option<String>, Query, min_length = 1, max_length = 64, pattern = "^[a-z_]{1,64}$",
            description = "Only those of this kind"),
        ("plan_id" = Option<String>, Query, description = "Only those of this plan"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
    ),
    responses((status = 200, body = ExceptionPage), ListProblems),
    security(("bearer" = []))
)]
pub async fn list(State(state): State<ApiState>, uri: Uri) -> Result<Json<ExceptionPage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let open = parameters.parsed("state", open_of, "one of open, closed, any");
    let filter = ExceptionFilter {
        open: open.unwrap_or(Some(true)),
        kind: parameters.parsed("kind", kind_of, "1 to 64 of a to z and _"),
        plan_id: parameters.parsed(
            "plan_id",
            |text| text.parse::<PlanId>().ok(),
            "an id that begins with pln_",
        ),
    };
    let list = format!("{LIST} {filter:?}");
    let after: Option<Uuid> = parameters.cursor(&list);
    parameters.finish()?;

    let rows = state
        .store
        .exceptions_page(&filter, after, limit + 1)
        .await?;
    let (rows, page) = page::cut(rows, limit, &list, |row| row.id.uuid());
    let now = state.clock.now();
    Ok(Json(ExceptionPage {
        data: rows.into_iter().map(|row| body_of(row, now)).collect(),
        page,
    }))
}

fn open_of(text: &str) -> Option<Option<bool>> {
    match text {
        "open" => Some(Some(true)),
        "closed" => Some(Some(false)),
        "any" => Some(None),
        _ => None,
    }
}

fn kind_of(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    fits.then(|| text.to_owned())
}

/// Show one exception
#[utoipa::path(
    get,
    path = "/v1/exceptions/{id}",
    tag = "exceptions",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, body = ExceptionBody), ReadProblems),
    security(("bearer" = []))
)]
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<ExceptionBody>, Problem> {
    Parameters::of(&uri)?.finish()?;
    let found = match id.parse::<ExceptionId>() {
        Ok(id) => state.store.exception(id).await?,
        Err(_) => None,
    };
    let now = state.clock.now();
    found
        .map(|view| Json(body_of(view, now)))
        .ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(Code::ExceptionNotFound, "there is no exception of this id")
}

fn body_of(exception: ExceptionView, now: Instant) -> ExceptionBody {
    let until = exception.closed_at.unwrap_or(now);
    let is_open = exception.closed_at.is_none();
    let answers = resolutions(&exception.kind, &exception.subject).iter();
    let kind = domain::exception::Kind::parse(&exception.kind);
    ExceptionBody {
        id: exception.id.to_string(),
        freezes_plan: is_open && kind.is_some_and(domain::exception::Kind::freezes),
        resolutions: answers
            .filter(|_| is_open)
            .map(|answer| answer.as_str())
            .collect(),
        kind: exception.kind,
        plan_id: exception.plan_id.map(|id| id.to_string()),
        subject_id: exception.subject_id,
        subject: exception.subject,
        detail: exception.detail,
        owner: exception.owner,
        assigned_at: exception.assigned_at.map(instant_text),
        next_action: exception.next_action,
        opened_at: instant_text(exception.opened_at),
        age_seconds: (until - exception.opened_at).num_seconds().max(0),
        closed_at: exception.closed_at.map(instant_text),
        resolution: exception.resolution,
        resolution_reason: exception.resolution_reason,
    }
}
