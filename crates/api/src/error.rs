//! What the outside is told when a request cannot be done: every problem of the API, in one place.
//!
//! The shape is RFC 9457's. A problem travels as a value and is written out by [`crate::answer`], which
//! knows the request's id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use domain::violation::Violation;
use flows::FlowError;
use store::StoreError;

use crate::code::Code;

/// The most broken rules that one answer lists.
const ERRORS_MAX: usize = 100;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<Violation>,
    existing_id: Option<String>,
}

impl Problem {
    /// A problem, told in one sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            existing_id: None,
        }
    }

    /// Broken rules of a body or a query, all at once.
    pub fn of_violations(code: Code, errors: Vec<Violation>) -> Problem {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            several => format!("{} rules are broken; see errors", several.len()),
        };
        Problem {
            code,
            detail,
            errors,
            existing_id: None,
        }
    }

    /// Another object holds the external id.
    pub fn external_id_taken(existing_id: String) -> Problem {
        let detail = format!("{existing_id} already has this external_id");
        let mut problem = Problem::new(Code::ExternalIdTaken, detail);
        problem.existing_id = Some(existing_id);
        problem
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// The problem as it is written out.
    pub(crate) fn body(&self, instance: &str, request_id: &str) -> ProblemBody {
        let code = self.code.as_str();
        let errors = self
            .errors
            .iter()
            .take(ERRORS_MAX)
            .map(|violation| FieldError {
                pointer: violation.pointer.clone(),
                code: violation.code.to_owned(),
                detail: violation.detail.clone(),
            });
        ProblemBody {
            r#type: format!("urn:paydown:problem:{code}"),
            title: self.code.title().to_owned(),
            status: self.status().as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            code: code.to_owned(),
            retryable: self.code.is_retryable(),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
            existing_id: self.existing_id.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if self.code == Code::Unauthorized {
            let challenge = HeaderValue::from_static("Bearer realm=\"paydown\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        match error {
            FlowError::Store(error) => Problem::from(error),
            error @ (FlowError::KeptMoving(_) | FlowError::FrozenBody { .. }) => {
                tracing::error!(%error, "a flow did not finish");
                Problem::new(
                    Code::Internal,
                    "the request was not done; its id finds the reason in our log",
                )
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        if error.is_transient() {
            tracing::warn!(error = %chain(&error), "the database is away for the moment");
            return Problem::new(Code::Unavailable, "the database is away; try again shortly");
        }
        tracing::error!(error = %chain(&error), "the database did not do as asked");
        Problem::new(
            Code::Internal,
            "the request was not done; its id finds the reason in our log",
        )
    }
}

/// An error with its causes, on one line. PostgreSQL's message alone: its detail line repeats values.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A problem as RFC 9457 (`application/problem+json`) has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A URI that names the kind of problem.
    #[schema(example = "urn:paydown:problem:invalid_fields")]
    r#type: String,
    /// The kind of problem in words.
    #[schema(example = "The body breaks rules")]
    title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// This problem in words.
    #[schema(example = "/schedule/amount: amount is between 1 and 1000000000 cents")]
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/v1/plans")]
    instance: String,
    /// The kind of problem, stable, for programs.
    #[schema(example = "invalid_fields")]
    code: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The request's id, as in the `Request-Id` header.
    #[schema(example = "019aa5b5-3c5c-7cc1-9fbe-5d1b2c3d4e5f")]
    request_id: String,
    /// Every broken rule, at most 100.
    errors: Vec<FieldError>,
    /// Of `external_id_taken`: the object that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pln_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    existing_id: Option<String>,
}

/// One broken rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field; `?name` for a query parameter.
    #[schema(example = "/schedule/amount")]
    pointer: String,
    /// The rule, stable, for programs.
    #[schema(example = "out_of_range")]
    code: String,
    /// The rule in words.
    #[schema(example = "amount is between 1 and 1000000000 cents")]
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_written_with_every_member_of_its_shape() {
        let violation = Violation::new("/amount", "out_of_range", "too much");
        let problem = Problem::of_violations(Code::InvalidFields, vec![violation]);
        let body = serde_json::to_value(problem.body("/v1/plans", "r-1")).unwrap();

        let expected = serde_json::json!({
            "type": "urn:paydown:problem:invalid_fields",
            "title": "The body breaks rules",
            "status": 422,
            "detail": "/amount: too much",
            "instance": "/v1/plans",
            "code": "invalid_fields",
            "retryable": false,
            "request_id": "r-1",
            "errors": [{"pointer": "/amount", "code": "out_of_range", "detail": "too much"}],
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_conflict_names_the_object_that_holds_the_external_id() {
        let problem = Problem::external_id_taken("pln_1".to_owned());
        let body = serde_json::to_value(problem.body("/v1/plans", "r-1")).unwrap();

        assert_eq!(body["status"], 409);
        assert_eq!(body["existing_id"], "pln_1");
    }

    #[test]
    fn a_refused_key_says_how_to_present_one() {
        let response = Problem::new(Code::Unauthorized, "no").into_response();
        assert_eq!(
            response.headers()[header::WWW_AUTHENTICATE],
            "Bearer realm=\"paydown\""
        );
    }

    #[test]
    fn one_answer_lists_at_most_a_hundred_broken_rules() {
        let many = vec![Violation::new("/x", "wrong_type", "no"); 500];
        let problem = Problem::of_violations(Code::InvalidFields, many);
        let body = serde_json::to_value(problem.body("/v1/plans", "r-1")).unwrap();

        assert_eq!(body["errors"].as_array().unwrap().len(), 100);
        assert_eq!(body["detail"], "500 rules are broken; see errors");
    }
}
