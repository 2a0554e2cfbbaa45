//! Reading Oligo's bodies: the `data` envelope, the `errors` envelope, and where either fails.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::codes::ErrorCode;
use crate::error::{JsonProblem, ProviderError};

/// Where a body cannot be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) problem: JsonProblem,
}

#[derive(Deserialize)]
struct DataEnvelope<T> {
    data: T,
}

/// The resource in a success body.
pub(crate) fn read_data<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    let mut value = json(body)?;
    if let Some(data) = value.get_mut("data") {
        prefer_state(data);
    }
    read_value::<DataEnvelope<T>>(value).map(|envelope| envelope.data)
}

/// The reasons in an error body, at least one.
pub(crate) fn read_errors(body: &[u8]) -> Result<Vec<ProviderError>, Unread> {
    let errors = read_value::<ErrorsBody>(json(body)?)?.errors;
    if errors.is_empty() {
        return Err(Unread {
            path: "errors".to_owned(),
            problem: JsonProblem::WrongShape,
        });
    }
    Ok(errors.into_iter().map(ProviderError::from).collect())
}

pub(crate) fn json(body: &[u8]) -> Result<Value, Unread> {
    serde_json::from_slice(body).map_err(|error| Unread {
        path: ".".to_owned(),
        problem: JsonProblem::NotJson {
            line: error.line(),
            column: error.column(),
        },
    })
}

/// Reads `value`, naming the field that does not fit. The library's own words are dropped: they
/// quote the value.
pub(crate) fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Unread> {
    serde_path_to_error::deserialize(value).map_err(|error| Unread {
        path: error.path().to_string(),
        problem: JsonProblem::WrongShape,
    })
}

/// `status` is an older name of `state`; with both there, the present name wins.
fn prefer_state(data: &mut Value) {
    if let Some(fields) = data.as_object_mut()
        && fields.contains_key("state")
    {
        fields.remove("status");
    }
}

#[derive(Deserialize)]
struct ErrorsBody {
    errors: Vec<ErrorBody>,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    code: Option<ErrorCode>,
    #[serde(default)]
    links: Option<ErrorLinks>,
    #[serde(default)]
    meta: Option<ErrorMeta>,
}

#[derive(Deserialize, Default)]
struct ErrorLinks {
    #[serde(default)]
    about: Option<String>,
}

#[derive(Deserialize, Default)]
struct ErrorMeta {
    #[serde(default)]
    resource_ref: Option<String>,
    #[serde(default)]
    resource_uid: Option<String>,
}

impl From<ErrorBody> for ProviderError {
    fn from(body: ErrorBody) -> Self {
        let meta = body.meta.unwrap_or_default();
        ProviderError {
            title: body.title.unwrap_or_default(),
            detail: body.detail.unwrap_or_default(),
            code: body.code,
            about: body.links.unwrap_or_default().about,
            resource_ref: meta.resource_ref,
            resource_uid: meta.resource_uid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::{Payment, PaymentState};

    #[test]
    fn the_field_that_does_not_fit_is_named_and_not_quoted() {
        let unread =
            read_data::<Payment>(br#"{"data":{"uid":"P","state":"settled","amount":"x"}}"#)
                .unwrap_err();
        assert_eq!(unread.path, "data.amount");
        assert_eq!(unread.problem, JsonProblem::WrongShape);
    }

    #[test]
    fn both_names_of_the_state_may_stand_side_by_side() {
        let body = br#"{"data":{"uid":"P","status":"ok","state":"settled"}}"#;
        assert_eq!(
            read_data::<Payment>(body).unwrap().state,
            PaymentState::Settled
        );
        let older = br#"{"data":{"uid":"P","status":"settled"}}"#;
        assert_eq!(
            read_data::<Payment>(older).unwrap().state,
            PaymentState::Settled
        );
    }

    #[test]
    fn an_error_body_without_a_reason_is_no_refusal() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"errors":[]}"#,
            r#"{"errors":{}}"#,
            "<html>",
        ] {
            assert!(
                read_errors(body.as_bytes()).is_err(),
                "{body} should not be read"
            );
        }
        let bare = read_errors(br#"{"errors":[{"title":"Validation Failed"}]}"#).unwrap();
        assert_eq!(bare[0].title, "Validation Failed");
        assert_eq!(bare[0].code, None);
    }
}
