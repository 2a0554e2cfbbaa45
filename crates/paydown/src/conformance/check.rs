//! Holding one fact against a body.

use serde_json::Value;

use super::case::{Check, Kind};

/// A place of a body where something else stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) at: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

/// Every place of `body` named by `at` where `check` does not hold. `sent` is the request's body.
pub(super) fn hold(at: &str, check: &Check, body: &Value, sent: Option<&Value>) -> Vec<Mismatch> {
    let absent = Check::Present(false);
    let found = places(at, body).into_iter();
    found
        .filter(|(_, value)| !holds(check, *value, sent))
        .map(|(at, value)| Mismatch {
            at,
            expected: expectation(check),
            actual: actual(if value.is_some() { check } else { &absent }, value),
        })
        .collect()
}

/// Each place `at` names, with the value there; `*` is every item of a list.
fn places<'a>(at: &str, body: &'a Value) -> Vec<(String, Option<&'a Value>)> {
    let mut found = vec![(String::new(), Some(body))];
    for part in at.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|(path, value)| below(&path, value, part))
            .collect();
    }
    found
}

fn below<'a>(path: &str, value: Option<&'a Value>, part: &str) -> Vec<(String, Option<&'a Value>)> {
    if part != "*" {
        let next = value.and_then(|value| value.pointer(&format!("/{part}")));
        return vec![(format!("{path}/{part}"), next)];
    }
    let Some(items) = value.and_then(Value::as_array) else {
        return vec![(format!("{path}/*"), None)];
    };
    let items = items.iter().enumerate();
    items
        .map(|(index, item)| (format!("{path}/{index}"), Some(item)))
        .collect()
}

fn holds(check: &Check, value: Option<&Value>, sent: Option<&Value>) -> bool {
    if let Check::Present(wanted) = check {
        return value.is_some() == *wanted;
    }
    let Some(value) = value else {
        return false;
    };
    match check {
        Check::Is(wanted) => value == wanted,
        Check::OneOf(wanted) => wanted.contains(value),
        Check::Matches(expression) => {
            let expression = regex::Regex::new(expression);
            let text = value.as_str();
            expression.is_ok_and(|form| text.is_some_and(|text| form.is_match(text)))
        }
        Check::Type(kinds) => kinds.contains(&kind_of(value)),
        Check::Present(_) => true,
        Check::AsSent(at) => sent
            .and_then(|sent| sent.pointer(at))
            .is_some_and(|sent| has_all_of(value, sent)),
        Check::Counts(count) => value.as_array().is_some_and(|items| items.len() == *count),
        Check::Lists(uids) => uids.iter().all(|uid| times_listed(value, uid) == 1),
    }
}

fn times_listed(list: &Value, uid: &str) -> usize {
    let items = list.as_array().into_iter().flatten();
    let uids = items.filter_map(|item| item.get("uid"));
    uids.filter(|found| found.as_str() == Some(uid)).count()
}

/// Whether `value` has what `sent` has; of objects it may have more.
fn has_all_of(value: &Value, sent: &Value) -> bool {
    match (value.as_object(), sent.as_object()) {
        (Some(value), Some(sent)) => sent.iter().all(|(key, sent)| {
            let value = value.get(key);
            value.is_some_and(|value| has_all_of(value, sent))
        }),
        (_, _) => value == sent,
    }
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(_) => Kind::Integer,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Object,
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Integer => "a number",
        Kind::String => "a text",
        Kind::List => "a list",
        Kind::Object => "an object",
    }
}

fn listed<T>(all: &[T], shown: impl Fn(&T) -> String) -> String {
    let all: Vec<String> = all.iter().map(shown).collect();
    all.join(" or ")
}

fn expectation(check: &Check) -> String {
    match check {
        Check::Is(wanted) => wanted.to_string(),
        Check::OneOf(wanted) => listed(wanted, ToString::to_string),
        Check::Matches(expression) => format!("a text of the form {expression}"),
        Check::Type(kinds) => listed(kinds, |kind| word(*kind).to_owned()),
        Check::Present(true) => "something".to_owned(),
        Check::Present(false) => "nothing".to_owned(),
        Check::AsSent(at) => format!("what was sent as {at}"),
        Check::Counts(count) => format!("{count} items"),
        Check::Lists(uids) => format!("each of {} once", uids.join(", ")),
    }
}

/// What came. A value that was sent is a payer's, and what differs from it may be too: not told.
fn actual(check: &Check, value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    match check {
        Check::Is(_) | Check::OneOf(_) | Check::Matches(_) => shortened(&value.to_string()),
        Check::AsSent(_) => format!("{} that is not the same", word(kind_of(value))),
        Check::Type(_) | Check::Present(_) => word(kind_of(value)).to_owned(),
        Check::Counts(_) => match value.as_array() {
            Some(items) => format!("{} items", items.len()),
            None => word(kind_of(value)).to_owned(),
        },
        Check::Lists(uids) => {
            let of = |uid: &String| format!("{uid} {} times", times_listed(value, uid));
            uids.iter().map(of).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A text of 80 characters at most.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 80 {
        return text.to_owned();
    }
    text.chars().take(79).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mismatch(at: &str, expected: &str, actual: &str) -> Mismatch {
        Mismatch {
            at: at.to_owned(),
            expected: expected.to_owned(),
            actual: actual.to_owned(),
        }
    }

    #[test]
    fn every_way_of_looking_can_find_a_difference() {
        let body = json!({"a": "x", "n": 7, "list": [{"uid": "U"}, {"uid": "U"}], "o": {"k": 1}});
        let sent = json!({"o": {"k": 2}});
        let table = [
            ("/a", Check::Is(json!("y")), "\"y\"", "\"x\""),
            (
                "/a",
                Check::OneOf(vec![json!("y"), json!(1)]),
                "\"y\" or 1",
                "\"x\"",
            ),
            (
                "/n",
                Check::Matches("^7$".to_owned()),
                "a text of the form ^7$",
                "7",
            ),
            (
                "/n",
                Check::Type(vec![Kind::String, Kind::Null]),
                "a text or null",
                "a number",
            ),
            ("/a", Check::Present(false), "nothing", "a text"),
            ("/b", Check::Present(true), "something", "nothing"),
            ("/b", Check::Is(json!(1)), "1", "nothing"),
            (
                "/o",
                Check::AsSent("/o".to_owned()),
                "what was sent as /o",
                "an object that is not the same",
            ),
            ("/list", Check::Counts(1), "1 items", "2 items"),
            (
                "/list",
                Check::Lists(vec!["U".to_owned()]),
                "each of U once",
                "U 2 times",
            ),
        ];
        for (at, check, expected, actual) in table {
            let found = hold(at, &check, &body, Some(&sent));
            assert_eq!(found, [mismatch(at, expected, actual)], "{check:?}");
        }
    }

    #[test]
    fn every_way_of_looking_is_content_with_what_conforms() {
        let body = json!({"a": "x", "n": null, "list": [{"uid": "U"}], "o": {"k": 1, "more": 2}});
        let sent = json!({"o": {"k": 1}});
        let table = [
            ("/a", Check::Is(json!("x"))),
            ("/a", Check::OneOf(vec![json!("x")])),
            ("/a", Check::Matches("^x$".to_owned())),
            ("/n", Check::Type(vec![Kind::String, Kind::Null])),
            ("/b", Check::Present(false)),
            ("/n", Check::Present(true)),
            ("/o", Check::AsSent("/o".to_owned())),
            ("/list", Check::Counts(1)),
            ("/list", Check::Lists(vec!["U".to_owned()])),
            ("/list/*/uid", Check::Is(json!("U"))),
        ];
        for (at, check) in table {
            assert_eq!(hold(at, &check, &body, Some(&sent)), [], "{at} {check:?}");
        }
    }

    #[test]
    fn a_star_looks_at_every_item_and_names_those_that_differ() {
        let body = json!({"data": [{"s": 1}, {"s": 2}, {}], "none": 1});
        let found = hold("/data/*/s", &Check::Is(json!(1)), &body, None);
        let expected = [
            mismatch("/data/1/s", "1", "2"),
            mismatch("/data/2/s", "1", "nothing"),
        ];
        assert_eq!(found, expected);
        let no_list = hold("/none/*/s", &Check::Is(json!(1)), &body, None);
        assert_eq!(no_list, [mismatch("/none/*/s", "1", "nothing")]);
    }

    #[test]
    fn what_a_payer_gave_is_not_told() {
        let sent = json!({"debtor": {"party_name": "canary"}});
        let body = json!({"debtor": {"party_name": "canary too"}});
        let check = Check::AsSent("/debtor".to_owned());
        let found = hold("/debtor", &check, &body, Some(&sent));
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("canary"));
    }
}
