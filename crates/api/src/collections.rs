//! `/v1/collections`: the kill switches.

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::violation::Violation;
use flows::turn_switch::turn_switch;
use store::control::{Switch, SwitchScope, TurnOutcome, Turned};
use store::views::switches::SwitchView;

use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::fields::{Fields, TextRule, Violations};
use crate::openapi::{ListProblems, NewTurnBody, TurnProblems};
use crate::page::{self, Page, instant_text};
use crate::plans::cancellation::{InFlightBody, in_flight_body};
use crate::post::{self, Posted};
use crate::query::Parameters;

const LIST: &str = "collections";

/// Why a person does something: it is shown to whoever asks.
pub const REASON: TextRule = TextRule {
    chars_max: 200,
    blank_ends: false,
};

/// A kill switch.
#[derive(Serialize, ToSchema)]
#[schema(as = Switch)]
pub struct SwitchBody {
    /// What it stops: `all`, `provider:oligo`, `plan:` and a plan's id, `agreement:` and an agreement's id.
    #[schema(example = "all")]
    scope: String,
    /// `open` or `closed`. Closed, nothing new is sent under it.
    #[schema(example = "closed")]
    collections: &'static str,
    /// Why it was last turned.
    #[schema(example = "the provider told of an incident")]
    reason: String,
    /// When it was last turned, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    changed_at: String,
}

/// A kill switch that was turned.
#[derive(Serialize, ToSchema)]
#[schema(as = TurnedSwitch)]
pub struct TurnedBody {
    #[serde(flatten)]
    switch: SwitchBody,
    /// Whether this request turned it; one that stood so already keeps its reason and its time.
    is_changed: bool,
    /// How many payments under it had started: each ends by itself, and is told when it does.
    payments_in_flight_count: i64,
    /// Those payments, the first ten thousand.
    payments_in_flight: Vec<InFlightBody>,
}

/// A page of kill switches.
#[derive(Serialize, ToSchema)]
pub struct SwitchPage {
    /// Those of everything and of the provider; then those of plans and agreements that are closed.
    data: Vec<SwitchBody>,
    /// Where the page ends.
    page: Page,
}

/// List the kill switches
///
/// Always those of everything and of the provider; of plans and agreements those that are closed.
#[utoipa::path(
    get,
    path = "/v1/collections",
    tag = "collections",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
    ),
    responses((status = 200, body = SwitchPage), ListProblems),
    security(("bearer" = []))
)]
pub async fn list(State(state): State<ApiState>, uri: Uri) -> Result<Json<SwitchPage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let after: Option<Uuid> = parameters.cursor(LIST);
    parameters.finish()?;

    let rows = state.store.switches_page(after, limit + 1).await?;
    let (rows, page) = page::cut(rows, limit, LIST, |row: &SwitchView| row.place);
    Ok(Json(SwitchPage {
        data: rows.iter().map(|row| switch_body(&row.switch)).collect(),
        page,
    }))
}

/// Close collections
///
/// Once this has answered, no new request leaves under the scope: no payment, no retry and no repetition, and
/// under `all` and `provider:oligo` no agreement either. Payments under way are named. What is held back waits as
/// long as its period allows.
#[utoipa::path(
    post,
    path = "/v1/collections/closure",
    tag = "collections",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "The same key gives the same answer; without one, a repetition tells how it stands")),
    request_body = NewTurnBody,
    responses((status = 200, body = TurnedBody), TurnProblems),
    security(("bearer" = []))
)]
pub async fn close(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    turn(&state, caller, "close_collections", false, request).await
}

/// Open collections
///
/// What the switch held back is looked at at once.
#[utoipa::path(
    post,
    path = "/v1/collections/opening",
    tag = "collections",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "The same key gives the same answer; without one, a repetition tells how it stands")),
    request_body = NewTurnBody,
    responses((status = 200, body = TurnedBody), TurnProblems),
    security(("bearer" = []))
)]
pub async fn open(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    turn(&state, caller, "open_collections", true, request).await
}

async fn turn(
    state: &ApiState,
    caller: Caller,
    operation: &'static str,
    open: bool,
    request: Request,
) -> Result<Response, Problem> {
    let posting = match post::read(&state.store, caller, operation, request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let (scope, reason) = parse(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;

    let answer = |turned: &Turned| {
        let text = serde_json::to_string(&turned_body(turned)).ok()?;
        posting.claim(&state.store, StatusCode::OK, &text)
    };
    let clock = &state.clock;
    match turn_switch(&state.store, clock, scope, open, &reason, &answer).await? {
        TurnOutcome::NotFound => Err(unknown(scope)),
        TurnOutcome::Replayed { status, body } => Ok(post::replayed(status, body)),
        TurnOutcome::KeyReused => Err(post::key_reused()),
        TurnOutcome::Turned(turned) => serde_json::to_string(&turned_body(&turned))
            .map(|text| post::written(StatusCode::OK, text))
            .map_err(|error| {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Problem::new(Code::Internal, "the answer cannot be written")
            }),
    }
}

fn parse(body: &Value) -> Result<(SwitchScope, String), Vec<Violation>> {
    let violations = Violations::default();
    let asked = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let scope = fields.required("scope", fields.any_text("scope"));
        let scope = scope.and_then(|text| {
            let parsed = text.parse::<SwitchScope>();
            if let Err(error) = &parsed {
                fields.refuse("scope", "unknown_value", error.to_string());
            }
            parsed.ok()
        });
        let reason = fields.required("reason", fields.text("reason", REASON));
        fields.finish();
        Some((scope?, reason?.to_owned()))
    });
    match asked {
        Some(asked) if violations.is_empty() => Ok(asked),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn unknown(scope: SwitchScope) -> Problem {
    let what = scope.kind();
    let violation = Violation::new(
        "/scope",
        "unknown_scope",
        format!("there is no such {what}"),
    );
    Problem::of_violations(Code::InvalidFields, vec![violation])
}

fn switch_body(switch: &Switch) -> SwitchBody {
    SwitchBody {
        scope: switch.scope.to_string(),
        collections: if switch.open { "open" } else { "closed" },
        reason: switch.reason.clone(),
        changed_at: instant_text(switch.changed_at),
    }
}

fn turned_body(turned: &Turned) -> TurnedBody {
    TurnedBody {
        switch: switch_body(&turned.switch),
        is_changed: turned.is_changed,
        payments_in_flight_count: turned.in_flight_count,
        payments_in_flight: turned.in_flight.iter().map(in_flight_body).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_scope_is_taken_as_it_is_told_and_no_other() {
        for scope in [
            "all",
            "provider:oligo",
            "plan:pln_01kaf7v3pzf5ps9bj1x5v4s5ay",
            "agreement:agr_01kaf7v3pzf5ps9bj1x5v4s5ay",
        ] {
            let (parsed, _) = parse(&json!({ "scope": scope, "reason": "a test" })).unwrap();
            assert_eq!(parsed.to_string(), scope);
        }
        for scope in [
            "",
            "everything",
            "provider",
            "provider:adyen",
            "plan:",
            "plan:agr_01kaf7v3pzf5ps9bj1x5v4s5ay",
            "agreement",
            "customer:cus_01kaf7v3pzf5ps9bj1x5v4s5ay",
        ] {
            let body = json!({ "scope": scope, "reason": "a test" });
            assert!(parse(&body).is_err(), "{scope}");
        }
    }

    #[test]
    fn a_switch_is_turned_for_a_reason() {
        for body in [
            json!({ "scope": "all" }),
            json!({ "scope": "all", "reason": " " }),
            json!({ "scope": "all", "reason": "x".repeat(201) }),
            json!({ "scope": "all", "reason": "x", "open": true }),
            json!([]),
        ] {
            assert!(parse(&body).is_err(), "{body}");
        }
    }
}
