//! Reading Oligo's bodies: the `data` envelope, the `errors` envelope, and where either fails.

use chrono::{DateTime, FixedOffset};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::codes::ErrorCode;
use crate::error::{JsonProblem, ProviderError};

/// Where a body cannot be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) problem: JsonProblem,
}

impl Unread {
    /// The same, seen from further out: `amount` under `data[3]` is `data[3].amount`.
    fn under(self, outer: &str) -> Unread {
        let path = match self.path.as_str() {
            "." => outer.to_owned(),
            path => format!("{outer}.{path}"),
        };
        Unread { path, ..self }
    }
}

#[derive(Deserialize)]
struct DataEnvelope<T> {
    data: T,
}

/// The resource in a success body.
pub(crate) fn read_data<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    let mut value = without_arrays(json(body)?, None);
    if let Some(data) = value.get_mut("data") {
        prefer_state(data);
    }
    read_value::<DataEnvelope<T>>(value).map(|envelope| envelope.data)
}

/// The reasons in an error body, at least one.
pub(crate) fn read_errors(body: &[u8]) -> Result<Vec<ProviderError>, Unread> {
    let errors = read_value::<ErrorsBody>(without_arrays(json(body)?, Some("errors")))?.errors;
    if errors.is_empty() {
        return Err(Unread {
            path: "errors".to_owned(),
            problem: JsonProblem::WrongShape,
        });
    }
    Ok(errors.into_iter().map(ProviderError::from).collect())
}

/// The most arrays and objects may stand in each other. Oligo's own go five deep, with metadata.
pub(crate) const DEPTH_MAX: usize = 32;

/// One page of a list: each item by itself, and what `links.next` holds.
pub(crate) struct ListBody<T> {
    pub(crate) items: Vec<Result<T, Unread>>,
    pub(crate) next: Option<Value>,
}

/// A page of a list. An item that cannot be read does not hide the others.
pub(crate) fn read_list<T: DeserializeOwned>(body: &[u8]) -> Result<ListBody<T>, Unread> {
    let list: WireList = read_value(without_arrays(json(body)?, Some("data")))?;
    let items = list.data.into_iter().enumerate().map(|(index, mut item)| {
        prefer_state(&mut item);
        read_value(item).map_err(|unread| unread.under(&format!("data[{index}]")))
    });
    let next = list.links.and_then(|links| links.get("next").cloned());
    Ok(ListBody {
        items: items.collect(),
        next: next.filter(|next| !next.is_null()),
    })
}

#[derive(Deserialize)]
struct WireList {
    data: Vec<Value>,
    #[serde(default)]
    links: Option<Value>,
}

/// The body as JSON. What is nested too deep is refused before anything is built from it.
pub(crate) fn json(body: &[u8]) -> Result<Value, Unread> {
    if DEPTH_MAX < depth(body) {
        return Err(Unread {
            path: ".".to_owned(),
            problem: JsonProblem::TooDeep { limit: DEPTH_MAX },
        });
    }
    serde_json::from_slice(body).map_err(|error| Unread {
        path: ".".to_owned(),
        problem: JsonProblem::NotJson {
            line: error.line(),
            column: error.column(),
        },
    })
}

/// The value with each array made unreadable, but for the list that stands under the name `list`.
///
/// The library reads an array as a struct too, its items taken for the fields in order: an answer
/// could then mean what it does not say. No field of Oligo's holds an array, nor a fraction, which
/// therefore takes the place of one. The caller's own keys may hold what they like.
pub(crate) fn without_arrays(mut value: Value, list: Option<&str>) -> Value {
    let kept = list.and_then(|name| {
        let fields = value.as_object_mut()?;
        fields.get(name)?.as_array()?;
        fields.remove_entry(name)
    });
    refuse_arrays(&mut value);
    if let (Some(fields), Some((name, mut list))) = (value.as_object_mut(), kept) {
        list.as_array_mut()
            .into_iter()
            .flatten()
            .for_each(refuse_arrays);
        fields.insert(name, list);
    }
    value
}

fn refuse_arrays(value: &mut Value) {
    if value.is_array() {
        *value = Value::from(0.5);
    }
    for (name, value) in value.as_object_mut().into_iter().flatten() {
        if name != "metadata" && name != "resource_metadata" {
            refuse_arrays(value);
        }
    }
}

/// How many arrays and objects stand in each other at most; brackets in strings do not count.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        if in_string {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            in_string = !ends;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => now = now.saturating_add(1),
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// A time for people. An answer is not lost for a time in an unforeseen form.
pub(crate) fn moment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.as_ref().and_then(moment_in))
}

pub(crate) fn moment_in(value: &Value) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok()
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
    fn what_is_nested_too_deep_is_refused_before_it_is_built() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!(r#"{{"data":{{"uid":"P","state":"settled","new":{open}{close}}}}}"#)
        };
        let fits = nested(DEPTH_MAX - 2);
        assert!(read_data::<Payment>(fits.as_bytes()).is_ok());
        let unread = read_data::<Payment>(nested(DEPTH_MAX - 1).as_bytes()).unwrap_err();
        assert_eq!(unread.problem, JsonProblem::TooDeep { limit: DEPTH_MAX });
    }

    #[test]
    fn an_array_is_never_read_for_the_fields_it_does_not_name() {
        for body in [
            r#"[{"uid":"P","state":"settled"}]"#,
            r#"{"data":["P",null,"settled"]}"#,
            r#"{"data":{"uid":"P","state":"failed","failure":["AM04","t","d",true]}}"#,
            r#"{"data":{"uid":"P","state":"settled","amount":[1]}}"#,
        ] {
            let read = read_data::<Payment>(body.as_bytes());
            assert!(read.is_err(), "{body}");
        }
        assert!(read_errors(br#"[[{"title":"t"}]]"#).is_err());
        assert!(read_errors(br#"{"errors":[["t","d","ZPPAY17"]]}"#).is_err());
        assert!(read_list::<Payment>(br#"[[]]"#).is_err());

        let own = br#"{"data":{"uid":"P","state":"settled","metadata":{"k":[1]},"new":[1]}}"#;
        let metadata = read_data::<Payment>(own).unwrap().metadata.unwrap();
        assert_eq!(metadata["k"][0], 1);
    }

    #[test]
    fn brackets_in_a_string_are_no_depth() {
        let text = format!(r#"["{}\"{}\\",[]]"#, "[".repeat(99), "{".repeat(99));
        assert_eq!(depth(text.as_bytes()), 2);
        assert!(json(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_time_in_an_unforeseen_form_does_not_lose_the_answer() {
        for created_at in ["\"yesterday\"", "7", "null", "{}"] {
            let body =
                format!(r#"{{"data":{{"uid":"P","state":"settled","created_at":{created_at}}}}}"#);
            let payment: Payment = read_data(body.as_bytes()).unwrap();
            assert_eq!(payment.created_at, None, "{created_at}");
        }
    }

    #[test]
    fn an_item_that_cannot_be_read_does_not_hide_the_others() {
        let body = concat!(
            r#"{"links":{"next":null},"data":[{"uid":"P","status":"settled"},"#,
            r#"{"uid":"Q","state":"settled","amount":"x"},{"uid":"R","state":"created"}]}"#,
        );
        let list = read_list::<Payment>(body.as_bytes()).unwrap();
        let read: Vec<_> = list
            .items
            .into_iter()
            .map(|item| {
                item.map(|payment| payment.uid)
                    .map_err(|unread| unread.path)
            })
            .collect();
        let expected = [
            Ok("P".to_owned()),
            Err("data[1].amount".to_owned()),
            Ok("R".to_owned()),
        ];
        assert_eq!(read, expected);
        assert_eq!(list.next, None);
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
