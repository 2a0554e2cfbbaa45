//! The sandbox's own face: `/sandbox/…`, for whoever plays the bank, the payers and time itself.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bank::PayerChange;
use crate::cause;
use crate::faults::{FaultRates, Faults, Struck};
use crate::timers::Step;
use crate::words::{Act, AgreementState, PaymentState, Verdict};
use crate::{Sandbox, SandboxConfig};

/// The longest a long poll is held.
const LONG_POLL_MAX: Duration = Duration::from_secs(60);

/// The routes of `/sandbox`; they ask for no token.
pub(crate) fn routes() -> Router<Sandbox> {
    let control = Router::new()
        .route("/health", get(async || StatusCode::OK))
        .route("/clock", get(show_clock).put(move_clock))
        .route("/payers", post(change_payer))
        .route("/agreements", get(list_agreements))
        .route("/agreements/{uid}/decision", post(decide))
        .route("/payments/{uid}/outcome", post(give_outcome))
        .route("/faults", get(show_faults).put(set_faults))
        .route("/ledger", get(show_ledger))
        .route("/webhooks", put(set_webhooks))
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
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem {
            status,
            title: "Unreadable body",
            detail: rejection.body_text(),
        }
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

async fn change_payer(
    State(sandbox): State<Sandbox>,
    body: Body<PayerChange>,
) -> Result<Json<Value>, Problem> {
    let Json(change) = body?;
    if !change.account.is_well_formed() {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "Malformed account",
            detail: "The value does not have the shape of its type".to_owned(),
        });
    }
    let account = change.account.clone();
    let mut world = sandbox.world();
    let payer = world.payer(&account);
    payer.change(change);
    Ok(Json(json!({"account": account, "behaviour": payer})))
}

#[derive(Deserialize)]
struct AgreementFilter {
    state: Option<String>,
}

async fn list_agreements(
    State(sandbox): State<Sandbox>,
    Query(filter): Query<AgreementFilter>,
) -> Json<Value> {
    let words: Option<Vec<&str>> = filter
        .state
        .as_deref()
        .map(|list| list.split(',').collect());
    let world = sandbox.world();
    let all = world
        .agreement_order
        .iter()
        .filter_map(|uid| world.agreements.get(uid));
    let wanted = |state: AgreementState| {
        words
            .as_ref()
            .is_none_or(|words| words.contains(&state.word()))
    };
    let listed: Vec<Value> = all
        .filter(|agreement| wanted(agreement.state))
        .map(|agreement| {
            json!({
                "uid": agreement.uid,
                "state": agreement.state,
                "description": agreement.description,
                "debtor_name": agreement.debtor_name,
                "account": agreement.account,
                "terms": agreement.terms,
                "validity_start_date": agreement.validity_start,
                "created_at": agreement.created_at,
            })
        })
        .collect();
    Json(json!({"agreements": listed}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    decision: Act,
}

async fn decide(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Body<DecisionBody>,
) -> Result<Json<Value>, Problem> {
    let Json(DecisionBody { decision }) = body?;
    let answer = {
        let mut world = sandbox.world();
        if !world.agreements.contains_key(&uid) {
            return Err(Problem::not_found("No agreement has this uid".to_owned()));
        }
        let acted = world.act(&uid, decision);
        let agreement = world.agreements.get(&uid);
        let state = agreement.map_or("unknown", |found| found.state.word());
        match (acted, agreement) {
            (Some(()), Some(agreement)) => agreement.wire(),
            (_, _) => {
                let detail = format!("'{}' is not possible while '{state}'", decision.word());
                return Err(Problem::conflict("The agreement does not allow it", detail));
            }
        }
    };
    sandbox.wake();
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeBody {
    outcome: Verdict,
    /// A failure code, with `fail` only; `AM04` when absent.
    code: Option<String>,
}

async fn give_outcome(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Body<OutcomeBody>,
) -> Result<Json<Value>, Problem> {
    let Json(OutcomeBody { outcome, code }) = body?;
    let code = code.unwrap_or_else(|| cause::AM04.code.to_owned());
    let failure = cause::failure(&code);
    let answer = {
        let mut world = sandbox.world();
        let at = world.now();
        let found = world.payments.get(&uid);
        let state = found.map(|payment| payment.state);
        let state =
            state.ok_or_else(|| Problem::not_found("No payment has this uid".to_owned()))?;
        // A failure may turn out to have settled after all; nothing else leaves an end.
        let may_move = match state {
            PaymentState::Settled => false,
            PaymentState::Failed => outcome == Verdict::Settle,
            PaymentState::Created
            | PaymentState::Submitting
            | PaymentState::Pending
            | PaymentState::UnderInvestigation => true,
        };
        let step = match (outcome, failure) {
            (Verdict::Settle, _) => Some(Step::Settle),
            (Verdict::Pending, _) => Some(Step::Pending),
            (Verdict::Investigate, _) => Some(Step::Investigate),
            (Verdict::Fail, failure) => failure.map(Step::Fail),
        };
        let Some(step) = step.filter(|_| may_move) else {
            let detail = format!(
                "'{}' is not possible while '{}'",
                outcome.word(),
                state.word()
            );
            return Err(Problem::conflict("The payment does not allow it", detail));
        };
        world.step_payment(at, &uid, step);
        world.show_payment(&uid).unwrap_or(Value::Null)
    };
    sandbox.wake();
    Ok(Json(answer))
}

#[derive(Serialize)]
struct FaultsView {
    #[serde(flatten)]
    rates: FaultRates,
    struck: Struck,
}

async fn show_faults(State(sandbox): State<Sandbox>) -> Json<FaultsView> {
    let world = sandbox.world();
    Json(FaultsView {
        rates: world.faults.rates,
        struck: world.faults.struck,
    })
}

async fn set_faults(
    State(sandbox): State<Sandbox>,
    body: Body<FaultRates>,
) -> Result<Json<FaultsView>, Problem> {
    let Json(rates) = body?;
    let faults = Faults::new(rates);
    let view = FaultsView {
        rates,
        struck: faults.struck,
    };
    sandbox.world().faults = faults;
    Ok(Json(view))
}

async fn show_ledger(State(sandbox): State<Sandbox>) -> Response {
    let ledger = sandbox.world().ledger();
    Json(ledger).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookTarget {
    url: Option<String>,
}

async fn set_webhooks(
    State(sandbox): State<Sandbox>,
    body: Body<WebhookTarget>,
) -> Result<Json<Value>, Problem> {
    let Json(target) = body?;
    sandbox.world().webhook_url.clone_from(&target.url);
    Ok(Json(json!({"url": target.url})))
}

async fn reset(State(sandbox): State<Sandbox>) -> StatusCode {
    let config: &SandboxConfig = sandbox.config();
    sandbox.world().reset(config);
    sandbox.wake();
    StatusCode::NO_CONTENT
}
