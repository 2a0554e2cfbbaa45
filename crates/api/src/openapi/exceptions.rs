//! The bodies that assign and answer an exception, and what either can be refused for.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::error::ProblemBody;

/// Who takes care of an exception.
#[derive(Serialize, ToSchema)]
#[schema(as = Assignment, example = json!({"owner": "collections-team"}))]
#[serde(deny_unknown_fields)]
pub struct AssignmentBody {
    /// A team or a role, in printable ASCII: it is shown and kept.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]([ -~]*[!-~])?$")]
    owner: String,
}

/// How an exception is answered.
#[derive(Serialize, ToSchema)]
#[schema(as = Resolution, example = json!({
    "resolution": "collected", "reason": "The settlement stands on our statement of 12 January",
}))]
#[serde(deny_unknown_fields)]
pub struct ResolutionBody {
    /// One of the exception's own `resolutions`.
    resolution: ResolutionWord,
    /// Why, in printable ASCII. It is kept and shown, and told in an event: no name and no account.
    #[schema(min_length = 1, max_length = 500, pattern = "^[!-~]([ -~]*[!-~])?$")]
    reason: String,
}

/// The answers there are; each kind of exception takes some of them.
#[derive(Serialize, ToSchema)]
#[schema(as = ResolutionWord)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionWord {
    /// Looked into; the rows stay as they are.
    Noted,
    /// Of a contradiction: our record is right.
    Stands,
    /// Of a contradiction: the payment stands as the provider says, and is followed from there.
    ProviderIsRight,
    /// The payment did collect the instalment. Refused where another payment for it lives or has settled.
    Collected,
    /// The payment did not collect the instalment, which ends as failed.
    NotCollected,
    /// The money is given back outside of Paydown; the instalment is not collected any more.
    Refunded,
    /// The instalment is tried again, if everything that a first collection passes lets it.
    CollectAgain,
    /// The borrower paid the instalment another way.
    PaidElsewhere,
    /// You waive the instalment.
    Waived,
    /// The payer is asked for another agreement, with terms chosen for the instalments to come.
    ProposeAgain,
    /// The agreement's failures in a row count from nothing again.
    GoOn,
    /// Of a quarantined row: it is attended to again.
    Release,
    /// Of a quarantined webhook: it needs no attention any more.
    Discard,
}

/// What an assignment or an answer can be refused for.
#[derive(IntoResponses)]
#[allow(missing_docs, reason = "the descriptions say it")]
pub enum ExceptionProblems {
    #[response(
        status = 400,
        description = "The request or its JSON is malformed",
        content_type = "application/problem+json"
    )]
    Malformed(ProblemBody),
    #[response(
        status = 401,
        description = "No valid key came with the request",
        content_type = "application/problem+json"
    )]
    Unauthorized(ProblemBody),
    #[response(
        status = 404,
        description = "There is no such exception",
        content_type = "application/problem+json"
    )]
    NotFound(ProblemBody),
    #[response(
        status = 408,
        description = "The body did not arrive in time",
        content_type = "application/problem+json"
    )]
    Slow(ProblemBody),
    #[response(
        status = 409,
        description = "It was answered before, or does not take this answer as things stand",
        content_type = "application/problem+json"
    )]
    Closed(ProblemBody),
    #[response(
        status = 413,
        description = "The body is larger than 1 MiB",
        content_type = "application/problem+json"
    )]
    Large(ProblemBody),
    #[response(
        status = 415,
        description = "The body is not application/json",
        content_type = "application/problem+json"
    )]
    MediaType(ProblemBody),
    #[response(
        status = 422,
        description = "The body breaks rules, or the Idempotency-Key belongs to another request",
        content_type = "application/problem+json"
    )]
    Invalid(ProblemBody),
    #[response(
        status = 500,
        description = "Something is broken on our side",
        content_type = "application/problem+json"
    )]
    Internal(ProblemBody),
    #[response(
        status = 503,
        description = "Not available at the moment",
        content_type = "application/problem+json"
    )]
    Unavailable(ProblemBody),
    #[response(
        status = 504,
        description = "The answer was not ready in time",
        content_type = "application/problem+json"
    )]
    Timeout(ProblemBody),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::exception::Resolution;
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_answers_described_are_those_taken() {
        let described = serde_json::to_value(ResolutionWord::schema()).unwrap();
        let words = |found: &serde_json::Value| -> BTreeSet<String> {
            let plain = found["enum"].as_array().into_iter().flatten();
            let told = found["oneOf"].as_array().into_iter().flatten();
            let told = told.flat_map(|one| one["enum"].as_array().into_iter().flatten());
            plain
                .chain(told)
                .filter_map(|word| word.as_str())
                .map(str::to_owned)
                .collect()
        };
        let taken = Resolution::ALL
            .iter()
            .filter(|one| **one != Resolution::ByItself);
        let taken: BTreeSet<String> = taken.map(|one| one.as_str().to_owned()).collect();

        assert_eq!(words(&described), taken);
    }
}
