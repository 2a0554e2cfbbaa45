//! The kinds of problems: name, status and title of each.

use axum::http::StatusCode;

/// What kind of problem it is. The name in snake_case is stable; programs may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request breaks a rule of HTTP or of a header.
    MalformedRequest,
    /// The body is not JSON.
    MalformedJson,
    /// A query parameter is unknown or out of range.
    InvalidQuery,
    /// No valid key came with the request.
    Unauthorized,
    /// No such route.
    RouteNotFound,
    /// No such customer.
    CustomerNotFound,
    /// No such plan.
    PlanNotFound,
    /// No such exception.
    ExceptionNotFound,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// Another object holds the same external id.
    ExternalIdTaken,
    /// The plan has ended another way.
    PlanEnded,
    /// The plan stands where this cannot be done.
    PlanStateConflict,
    /// The exception was answered before.
    ExceptionClosed,
    /// The exception does not take this answer, as things stand.
    ResolutionDoesNotFit,
    /// The body is larger than the route takes.
    BodyTooLarge,
    /// The body's content type is not JSON.
    UnsupportedMediaType,
    /// The body is JSON, but breaks rules.
    InvalidFields,
    /// The schedule does not fit the agreement's terms.
    PlanDoesNotFit,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// A defect of ours.
    Internal,
    /// The database is away for the moment.
    Unavailable,
    /// This process is not ready to serve.
    NotReady,
    /// The answer was not ready in time.
    Timeout,
}

impl Code {
    /// The name of the kind, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::MalformedRequest => "malformed_request",
            Code::MalformedJson => "malformed_json",
            Code::InvalidQuery => "invalid_query",
            Code::Unauthorized => "unauthorized",
            Code::RouteNotFound => "route_not_found",
            Code::CustomerNotFound => "customer_not_found",
            Code::PlanNotFound => "plan_not_found",
            Code::ExceptionNotFound => "exception_not_found",
            Code::MethodNotAllowed => "method_not_allowed",
            Code::RequestTimeout => "request_timeout",
            Code::ExternalIdTaken => "external_id_taken",
            Code::PlanEnded => "plan_ended",
            Code::PlanStateConflict => "plan_state_conflict",
            Code::ExceptionClosed => "exception_closed",
            Code::ResolutionDoesNotFit => "resolution_does_not_fit",
            Code::BodyTooLarge => "body_too_large",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::InvalidFields => "invalid_fields",
            Code::PlanDoesNotFit => "plan_does_not_fit",
            Code::IdempotencyKeyReused => "idempotency_key_reused",
            Code::Internal => "internal",
            Code::Unavailable => "unavailable",
            Code::NotReady => "not_ready",
            Code::Timeout => "timeout",
        }
    }

    /// The kind in words.
    pub const fn title(self) -> &'static str {
        match self {
            Code::MalformedRequest => "The request is malformed",
            Code::MalformedJson => "The body is not JSON",
            Code::InvalidQuery => "A query parameter is invalid",
            Code::Unauthorized => "A valid API key is needed",
            Code::RouteNotFound => "There is nothing at this path",
            Code::CustomerNotFound => "There is no such customer",
            Code::PlanNotFound => "There is no such plan",
            Code::ExceptionNotFound => "There is no such exception",
            Code::MethodNotAllowed => "The path does not take this method",
            Code::RequestTimeout => "The body did not arrive in time",
            Code::ExternalIdTaken => "The external id is taken",
            Code::PlanEnded => "The plan has ended",
            Code::PlanStateConflict => "The plan's state does not allow it",
            Code::ExceptionClosed => "The exception was answered before",
            Code::ResolutionDoesNotFit => "The exception does not take this answer",
            Code::BodyTooLarge => "The body is too large",
            Code::UnsupportedMediaType => "The body must be application/json",
            Code::InvalidFields => "The body breaks rules",
            Code::PlanDoesNotFit => "The schedule does not fit an agreement",
            Code::IdempotencyKeyReused => "The idempotency key belongs to another request",
            Code::Internal => "Something is broken on our side",
            Code::Unavailable => "Not available at the moment",
            Code::NotReady => "Not ready to serve",
            Code::Timeout => "The answer was not ready in time",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Code::MalformedRequest | Code::MalformedJson | Code::InvalidQuery => {
                StatusCode::BAD_REQUEST
            }
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::RouteNotFound | Code::CustomerNotFound | Code::PlanNotFound => {
                StatusCode::NOT_FOUND
            }
            Code::ExceptionNotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Code::ExternalIdTaken | Code::PlanEnded | Code::PlanStateConflict => {
                StatusCode::CONFLICT
            }
            Code::ExceptionClosed | Code::ResolutionDoesNotFit => StatusCode::CONFLICT,
            Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::InvalidFields | Code::PlanDoesNotFit | Code::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unavailable | Code::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// Whether the same request may succeed later. A POST is safe to repeat under the same
    /// `Idempotency-Key`.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Code::RequestTimeout | Code::Unavailable | Code::NotReady | Code::Timeout
        )
    }

    /// The kind that stands for a bare status, as the router answers it.
    pub const fn of_status(status: StatusCode) -> Code {
        match status {
            StatusCode::NOT_FOUND => Code::RouteNotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::GATEWAY_TIMEOUT => Code::Timeout,
            other if other.as_u16() < 500 => Code::MalformedRequest,
            _ => Code::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Code] = &[
        Code::MalformedRequest,
        Code::MalformedJson,
        Code::InvalidQuery,
        Code::Unauthorized,
        Code::RouteNotFound,
        Code::CustomerNotFound,
        Code::PlanNotFound,
        Code::ExceptionNotFound,
        Code::MethodNotAllowed,
        Code::RequestTimeout,
        Code::ExternalIdTaken,
        Code::PlanEnded,
        Code::PlanStateConflict,
        Code::ExceptionClosed,
        Code::ResolutionDoesNotFit,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidFields,
        Code::PlanDoesNotFit,
        Code::IdempotencyKeyReused,
        Code::Internal,
        Code::Unavailable,
        Code::NotReady,
        Code::Timeout,
    ];

    #[test]
    fn every_kind_of_problem_has_a_name_of_its_own() {
        let mut names: Vec<&str> = ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
