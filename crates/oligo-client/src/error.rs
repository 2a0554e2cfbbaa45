//! How a call fails, and how much each failure says about what Oligo did.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::check::FieldProblem;
use crate::codes::ErrorCode;

/// What lies under a failure of the transport.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A client could not be built from its configuration.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL is not plain `http(s)://host[:port][/path]`.
    #[error("the base URL is not a plain http or https URL")]
    BaseUrl,
    /// The token is empty or cannot stand in a header.
    #[error("the token cannot stand in a header")]
    Token,
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http {
        /// What the HTTP library says.
        #[source]
        source: Cause,
    },
}

/// How much a failed call says about whether Oligo acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// No byte of the request left: Oligo did not act.
    NotSent,
    /// Oligo said no: it did not act.
    Refused,
    /// Oligo may have acted. Ask about the uid before anything else.
    Unknown,
}

/// Why a client holds its calls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Hold {
    /// Oligo asked for a pause (`Retry-After`), which is not over.
    #[error("Oligo asked for a pause")]
    RetryAfter,
    /// Too many calls failed in a row: the circuit is open.
    #[error("the circuit is open")]
    CircuitOpen,
    /// This process has used up its rate of calls.
    #[error("this process makes too many calls")]
    Rate,
    /// All processes together have used up their rate of calls.
    #[error("all processes make too many calls")]
    SharedRate,
}

/// A call did not end in the answer it asked for. Carries no name, number, token or body.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The request breaks a limit of Oligo's; it was not sent.
    #[error("{} field(s) of the request break Oligo's limits", .0.len())]
    InvalidRequest(Vec<FieldProblem>),
    /// No connection came about: no byte of the request was written.
    #[error("no connection to Oligo could be made")]
    NotSent {
        /// What the HTTP library says, without the URL.
        #[source]
        source: Cause,
    },
    /// This client holds its calls back for now: no byte of the request was written.
    #[error("not sent: {hold}, try in {} ms", .retry_in.as_millis())]
    HeldBack {
        /// Why.
        hold: Hold,
        /// How long from now the hold lasts at least. A span and not a time of day: the caller's
        /// clock may be another than this machine's.
        retry_in: Duration,
    },
    /// Oligo said why it did not do it: 400 and 422, and 503 from alias resolution.
    #[error("Oligo refused with {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Oligo's reasons, at least one.
        errors: Vec<ProviderError>,
        /// How long Oligo asks us to wait; only ever said with a 503.
        retry_after: Option<Duration>,
    },
    /// Oligo knows nothing under this uid (404).
    #[error("Oligo knows nothing under this uid")]
    NotFound,
    /// The token is not accepted (401).
    #[error("Oligo does not accept the token")]
    Unauthorised,
    /// The token does not reach this far (403).
    #[error("Oligo forbids this to the token")]
    Forbidden,
    /// Too many calls (429).
    #[error("Oligo asks for fewer calls")]
    RateLimited {
        /// How long Oligo asks us to wait, when it says.
        retry_after: Option<Duration>,
    },
    /// A 5xx, or a status Oligo does not declare.
    #[error("Oligo answered {status}")]
    ServerError {
        /// The HTTP status.
        status: u16,
        /// How long Oligo asks us to wait; only ever said with a 503.
        retry_after: Option<Duration>,
    },
    /// The time ran out after a connection was made.
    #[error("Oligo did not answer in time")]
    Timeout,
    /// The connection was lost after bytes may have left.
    #[error("the connection to Oligo was lost")]
    Broken {
        /// What the HTTP library says, without the URL.
        #[source]
        source: Cause,
    },
    /// Oligo, or something before it, points elsewhere (3xx). Never followed.
    #[error("the call was redirected with {status}")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what the contract says.
    #[error("Oligo's answer cannot be read at {path}")]
    Unreadable {
        /// The field that does not fit, dotted: `data.state`; `.` is the whole body.
        path: String,
        /// What is wrong there.
        #[source]
        source: JsonProblem,
    },
    /// The answer is longer than the client reads.
    #[error("Oligo's answer is longer than {limit} bytes")]
    TooLarge {
        /// The most the client reads, in bytes.
        limit: usize,
    },
}

impl CallError {
    /// How much this says about whether Oligo acted.
    ///
    /// A taken uid (`ZPAGR00`, `ZPPAY00`) is `Unknown`: this call did nothing, but an earlier one
    /// with the same uid did something. A 404 is `Unknown` too: no operation that creates
    /// declares it, so it may come from something in between.
    pub fn certainty(&self) -> Certainty {
        match self {
            CallError::InvalidRequest(_)
            | CallError::NotSent { .. }
            | CallError::HeldBack { .. } => Certainty::NotSent,
            CallError::Refused {
                status: 400 | 422,
                errors,
                ..
            } => {
                let taken = |error: &ProviderError| {
                    error.code.as_ref().is_some_and(ErrorCode::is_duplicate_uid)
                };
                if errors.iter().any(taken) {
                    Certainty::Unknown
                } else {
                    Certainty::Refused
                }
            }
            CallError::Refused { .. }
            | CallError::NotFound
            | CallError::Unauthorised
            | CallError::Forbidden
            | CallError::RateLimited { .. }
            | CallError::ServerError { .. }
            | CallError::Timeout
            | CallError::Broken { .. }
            | CallError::Redirected { .. }
            | CallError::Unreadable { .. }
            | CallError::TooLarge { .. } => Certainty::Unknown,
        }
    }

    /// Whether Oligo gave this code among its reasons.
    pub fn has_code(&self, code: &str) -> bool {
        self.codes().any(|given| given == code)
    }

    /// The codes Oligo gave, in its order. Reasons without a code are left out.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let errors: &[ProviderError] = match self {
            CallError::Refused { errors, .. } => errors,
            CallError::InvalidRequest(_)
            | CallError::NotSent { .. }
            | CallError::HeldBack { .. }
            | CallError::NotFound
            | CallError::Unauthorised
            | CallError::Forbidden
            | CallError::RateLimited { .. }
            | CallError::ServerError { .. }
            | CallError::Timeout
            | CallError::Broken { .. }
            | CallError::Redirected { .. }
            | CallError::Unreadable { .. }
            | CallError::TooLarge { .. } => &[],
        };
        errors
            .iter()
            .filter_map(|error| error.code.as_ref().map(ErrorCode::as_str))
    }

    /// How long to wait at least before the next call, when Oligo or this client says so.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            CallError::HeldBack { retry_in, .. } => Some(*retry_in),
            CallError::RateLimited { retry_after }
            | CallError::Refused { retry_after, .. }
            | CallError::ServerError { retry_after, .. } => *retry_after,
            CallError::InvalidRequest(_)
            | CallError::NotSent { .. }
            | CallError::NotFound
            | CallError::Unauthorised
            | CallError::Forbidden
            | CallError::Timeout
            | CallError::Broken { .. }
            | CallError::Redirected { .. }
            | CallError::Unreadable { .. }
            | CallError::TooLarge { .. } => None,
        }
    }

    /// Whether it speaks against Oligo's being there at all: no connection, no answer in time, a
    /// lost connection, a 5xx without reasons. A refusal, however stern, is an answer.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            CallError::NotSent { .. } | CallError::Timeout | CallError::Broken { .. } => true,
            CallError::ServerError { status, .. } => 500 <= *status,
            CallError::InvalidRequest(_)
            | CallError::HeldBack { .. }
            | CallError::Refused { .. }
            | CallError::NotFound
            | CallError::Unauthorised
            | CallError::Forbidden
            | CallError::RateLimited { .. }
            | CallError::Redirected { .. }
            | CallError::Unreadable { .. }
            | CallError::TooLarge { .. } => false,
        }
    }

    /// Whether the same call may end otherwise a little later with nobody changing anything.
    ///
    /// Says nothing about whether repeating it is safe: that is [`CallError::certainty`].
    pub fn is_transient(&self) -> bool {
        match self {
            CallError::NotSent { .. }
            | CallError::HeldBack { .. }
            | CallError::RateLimited { .. }
            | CallError::Timeout
            | CallError::Broken { .. } => true,
            CallError::Refused { status, .. } | CallError::ServerError { status, .. } => {
                500 <= *status || *status == 408
            }
            CallError::InvalidRequest(_)
            | CallError::NotFound
            | CallError::Unauthorised
            | CallError::Forbidden
            | CallError::Redirected { .. }
            | CallError::Unreadable { .. }
            | CallError::TooLarge { .. } => false,
        }
    }
}

/// One reason of a refusal. Its `Debug` leaves the detail out, which may quote the request.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// In a few words.
    pub title: String,
    /// In a sentence; not to be matched on.
    pub detail: String,
    /// Oligo's code. A 400 has none.
    pub code: Option<ErrorCode>,
    /// Where more is said about it.
    pub about: Option<String>,
    /// Oligo's own reference of the resource it is about.
    pub resource_ref: Option<String>,
    /// The uid of the resource it is about.
    pub resource_uid: Option<String>,
}

impl fmt::Debug for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderError")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("resource_uid", &self.resource_uid)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a JSON text, without quoting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// It is not JSON, or ends too soon.
    #[error("not JSON at line {line} column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 at the very start.
        column: usize,
    },
    /// A key is missing or a value is of the wrong shape.
    #[error("missing or of the wrong shape")]
    WrongShape,
    /// Arrays and objects stand in each other deeper than is read.
    #[error("nested deeper than {limit}")]
    TooDeep {
        /// The most that is read.
        limit: usize,
    },
    /// A link leads to another server, where the token must not go.
    #[error("leads to another server")]
    OtherServer,
    /// A link leads to a page that was read before.
    #[error("leads back to a page read before")]
    Repeated,
    /// It is about another uid than the one asked about.
    #[error("about another uid")]
    OtherUid,
}

#[cfg(test)]
mod tests;
