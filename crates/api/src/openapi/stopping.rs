//! The bodies that turn a kill switch, pause a plan and resume it, and the problems told then.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::error::ProblemBody;

/// How a kill switch is to be turned.
#[derive(Serialize, ToSchema)]
#[schema(as = NewTurn, example = json!({
    "scope": "all", "reason": "the provider told of an incident",
}))]
#[serde(deny_unknown_fields)]
pub struct NewTurnBody {
    /// What it stops: `all`, `provider:oligo`, `plan:` and a plan's id, `agreement:` and an agreement's id.
    #[schema(
        pattern = "^(all|provider:oligo|plan:pln_[0-7][0-9a-hjkmnp-tv-z]{25}|agreement:agr_[0-7][0-9a-hjkmnp-tv-z]{25})$"
    )]
    scope: String,
    /// Why; shown to whoever asks why something is not collected, so it names no person and no account.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$")]
    reason: String,
}

/// How a plan is to be paused.
#[derive(Serialize, ToSchema)]
#[schema(as = NewPause, example = json!({
    "reason": "hardship arrangement", "until": "2027-03-01",
}))]
#[serde(deny_unknown_fields)]
pub struct NewPauseBody {
    /// Why; shown with the plan, so it names no person and no account.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$")]
    reason: String,
    /// The date on which it goes on by itself, in Sydney: after today.
    #[schema(format = Date)]
    until: Option<String>,
}

/// Why a plan is resumed.
#[derive(Serialize, ToSchema)]
#[schema(as = NewResumption, example = json!({"reason": "the arrangement has ended"}))]
#[serde(deny_unknown_fields)]
pub struct NewResumptionBody {
    /// Why; told with the event, so it names no person and no account.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]([ -~]*[!-~])?$")]
    reason: String,
}

problems! {
    /// What turning a kill switch can be refused for.
    TurnProblems {
        Malformed 400 "The request or its JSON is malformed",
        Unauthorized 401 "No valid key came with the request",
        Slow 408 "The body did not arrive in time",
        Large 413 "The body is larger than 1 MiB",
        MediaType 415 "The body is not application/json",
        Invalid 422 "The body breaks rules, or the Idempotency-Key belongs to another request",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What a plan's pause, or its resumption, can be refused for.
    PauseProblems {
        Malformed 400 "The request or its JSON is malformed",
        Unauthorized 401 "No valid key came with the request",
        NotFound 404 "There is no such plan",
        Slow 408 "The body did not arrive in time",
        Conflict 409 "The plan has ended, or is blocked",
        Large 413 "The body is larger than 1 MiB",
        MediaType 415 "The body is not application/json",
        Invalid 422 "The body breaks rules, or the Idempotency-Key belongs to another request",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
}
