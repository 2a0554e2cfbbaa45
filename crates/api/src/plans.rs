//! `/v1/plans`: what customers agreed to repay.

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use domain::date::BusinessDate;
use domain::fit::{CounterExample, ProposeError};
use domain::plan;
use domain::uid::{CustomerId, PlanId};
use domain::violation::Violation;
use flows::endangered::{Endangered, endangered, endangers};
use flows::open_plan::{PrepareError, open_plan, prepare};
use serde_json::Value;
use store::StoreError;
use store::views::plans::PlanFilter;

use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::customers::EXTERNAL;
use crate::error::Problem;
use crate::fields::EXTERNAL_ID;
use crate::openapi::{CreateProblems, ListProblems, NewPlanBody, ReadProblems};
use crate::page::{self, Page};
use crate::post::{self, Posted};
use crate::query::Parameters;

pub mod body;
pub mod cancellation;
pub mod paused;
pub mod timeline;
mod endangered;
mod explanation;
mod request;

use body::{PlanBody, PlanDetailBody};

/// A page of plans.
#[derive(Serialize, ToSchema)]
pub struct PlanPage {
    /// The plans, newest first.
    data: Vec<PlanBody>,
    /// Where the page ends.
    page: Page,
}

/// Open a plan
///
/// The schedule is proved to fit the agreement for its whole life, or refused with the first instalment
/// that does not. Without `payment_terms`, terms and dates are chosen so that it fits.
#[utoipa::path(
    post,
    path = "/v1/plans",
    tag = "plans",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Makes the request safe to repeat: the same key gives the same answer")),
    request_body = NewPlanBody,
    responses((status = 201, body = PlanDetailBody), CreateProblems),
    security(("bearer" = []))
)]
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let posting = match post::read(&state.store, caller, "create_plan", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let request = request::parse(&posting.body, &state.flows.settings.retry)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;
    let now = state.clock.now();
    let prepared = prepare(&request, BusinessDate::of_instant(now))
        .map_err(|error| refusal(error, is_listed(&posting.body)))?;

    let settings = &state.flows.settings;
    let foreseen = body::foreseen(&request, &prepared, settings, now);
    let foreseen = body::detail(foreseen, settings, now);
    let (answer, claim) = posting.answer(&state.store, &foreseen)?;
    let outcome = open_plan(&state.flows, &request, &prepared, claim.as_ref(), now)
        .await
        .map_err(|error| not_opened(error, request.customer_id))?;
    post::created(outcome, answer, |id| PlanId::new(id).to_string())
}

/// List plans
#[utoipa::path(
    get,
    path = "/v1/plans",
    tag = "plans",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
        ("state" = Option<String>, Query, min_length = 1, description = "Only those in this state"),
        ("customer_id" = Option<String>, Query,
            pattern = "^cus_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "Only this customer's"),
        ("external_id" = Option<String>, Query, min_length = 1, max_length = 100,
            pattern = "^[!-~]([ -~]*[!-~])?$", description = "Only the one of this reference"),
    ),
    responses((status = 200, body = PlanPage), ListProblems),
    security(("bearer" = []))
)]
pub async fn list(State(state): State<ApiState>, uri: Uri) -> Result<Json<PlanPage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let states: Vec<&str> = plan::State::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();
    let one_of = format!("one of {}", states.join(", "));
    let of_customer = |text: &str| text.parse::<CustomerId>().ok();
    let filter = PlanFilter {
        state: parameters.parsed("state", plan::State::parse, &one_of),
        customer_id: parameters.parsed("customer_id", of_customer, "an id that begins with cus_"),
        external_id: parameters
            .text("external_id", EXTERNAL_ID)
            .map(str::to_owned),
    };
    let list = format!("plans {filter:?}");
    let before = parameters.cursor(&list);
    parameters.finish()?;

    let rows = state.store.plans_page(&filter, before, limit + 1).await?;
    let (rows, page) = page::cut(rows, limit, &list, |row| row.id.uuid());
    Ok(Json(PlanPage {
        data: rows.into_iter().map(body::summary).collect(),
        page,
    }))
}

/// Show a plan with its agreement, its instalments and every attempt to collect them
#[utoipa::path(
    get,
    path = "/v1/plans/{id}",
    tag = "plans",
    params(("id" = String, Path, description = "The id, or `external:` and your reference")),
    responses((status = 200, body = PlanDetailBody), ReadProblems),
    security(("bearer" = []))
)]
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<PlanDetailBody>, Problem> {
    Parameters::of(&uri)?.finish()?;
    let found = match find_id(&state, &id).await? {
        Some(id) => state.store.plan_detail(id).await?,
        None => None,
    };
    let plan = found.ok_or_else(not_found)?;
    let is_endangered = endangers(plan.agreement.state) && !plan.plan.state.is_final();
    let at_stake = match is_endangered {
        true => endangered(&state.flows, plan.plan.id).await?,
        false => Endangered::default(),
    };
    let mut told = body::detail(plan, &state.flows.settings, state.clock.now());
    told.name_endangered(&at_stake);
    Ok(Json(told))
}

/// The id that a path names, itself or by the lender's own reference.
async fn find_id(state: &ApiState, id: &str) -> Result<Option<PlanId>, StoreError> {
    match id.strip_prefix(EXTERNAL) {
        Some(external_id) if EXTERNAL_ID.check("external_id", external_id).is_ok() => {
            state.store.plan_id_by_external_id(external_id).await
        }
        Some(_) => Ok(None),
        None => Ok(id.parse().ok()),
    }
}

fn not_found() -> Problem {
    let detail = "ids begin with pln_; `external:` and your own reference will do too";
    Problem::new(Code::PlanNotFound, detail)
}

fn is_listed(body: &Value) -> bool {
    body.pointer("/schedule/instalments")
        .is_some_and(Value::is_array)
}

fn refusal(error: PrepareError, is_listed: bool) -> Problem {
    let violation = match error {
        PrepareError::DoesNotFit(counter) => misfit(&counter, is_listed, "/payment_terms"),
        PrepareError::CannotPropose(ProposeError::NothingFits(counter)) => {
            misfit(&counter, is_listed, "/schedule")
        }
        PrepareError::CannotPropose(error @ ProposeError::FirstDueInPast { .. }) => {
            let pointer = if is_listed {
                "/schedule/instalments/0/due_date"
            } else {
                "/schedule/first_date"
            };
            Violation::new(pointer, "first_due_in_past", error.to_string())
        }
        PrepareError::AgreementRefused(broken) => {
            return Problem::of_violations(Code::PlanDoesNotFit, broken);
        }
        error @ PrepareError::TermsWithoutDates => {
            Violation::new("/validity_start_date", "required", error.to_string())
        }
    };
    Problem::of_violations(Code::PlanDoesNotFit, vec![violation])
}

/// The counter-example at the row that breaks the rule; a regular schedule has no such row to point at.
fn misfit(counter: &CounterExample, is_listed: bool, otherwise: &str) -> Violation {
    let pointer = if is_listed {
        format!(
            "/schedule/instalments/{}",
            counter.instalment.saturating_sub(1)
        )
    } else {
        otherwise.to_owned()
    };
    // The sentence names the instalment and, where one is too full, the window.
    let detail = format!(
        "{}; the provider would refuse it with {}",
        counter.detail, counter.provider_code
    );
    Violation::new(pointer, counter.rule.as_str(), detail)
}

fn unknown_customer(id: CustomerId) -> Problem {
    let detail = format!("there is no customer {id}");
    let violation = Violation::new("/customer_id", "unknown_customer", detail);
    Problem::of_violations(Code::InvalidFields, vec![violation])
}

fn not_opened(error: StoreError, customer_id: CustomerId) -> Problem {
    match error.constraint() {
        Some("plan_customer_id_fkey") => unknown_customer(customer_id),
        Some(_) | None => Problem::from(error),
    }
}
