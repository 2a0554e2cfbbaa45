//! `/v1/exceptions`: what waits for a person.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::uid::{AgreementId, CustomerId, InstalmentId, PaymentId, PlanId, WebhookId};
use store::views::exceptions::ExceptionView;

use crate::ApiState;
use crate::error::Problem;
use crate::openapi::ListProblems;
use crate::page::{self, Page, instant_text};
use crate::query::Parameters;

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
    /// What to do next.
    next_action: String,
    /// Since when it is open, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    opened_at: String,
}

/// A page of open exceptions.
#[derive(Serialize, ToSchema)]
pub struct ExceptionPage {
    /// The open exceptions, oldest first.
    data: Vec<ExceptionBody>,
    /// Where the page ends.
    page: Page,
}

/// List what waits for a person
#[utoipa::path(
    get,
    path = "/v1/exceptions",
    tag = "exceptions",
    params(
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
    let after: Option<Uuid> = parameters.cursor(LIST);
    parameters.finish()?;

    let rows = state.store.exceptions_open(after, limit + 1).await?;
    let (rows, page) = page::cut(rows, limit, LIST, |row| row.id.uuid());
    Ok(Json(ExceptionPage {
        data: rows.into_iter().map(body_of).collect(),
        page,
    }))
}

fn body_of(exception: ExceptionView) -> ExceptionBody {
    ExceptionBody {
        id: exception.id.to_string(),
        kind: exception.kind,
        plan_id: exception.plan_id.map(|id| id.to_string()),
        subject_id: subject_id(&exception.subject, exception.subject_id),
        subject: exception.subject,
        detail: exception.detail,
        owner: exception.owner,
        next_action: exception.next_action,
        opened_at: instant_text(exception.opened_at),
    }
}

fn subject_id(subject: &str, id: Uuid) -> String {
    match subject {
        "customer" => CustomerId::new(id).to_string(),
        "plan" => PlanId::new(id).to_string(),
        "agreement" => AgreementId::new(id).to_string(),
        "instalment" => InstalmentId::new(id).to_string(),
        "payment" => PaymentId::new(id).to_string(),
        "webhook" => WebhookId::new(id).to_string(),
        _ => id.to_string(),
    }
}
