//! Whatever bytes arrive, reading them ends, and ends in an answer or an error.
//!
//! Each property is asked of every reader there is: the webhook's, and those of all answers.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::agreement_answers::Agreement;
use crate::alias::ResolvedAlias;
use crate::answer::{DEPTH_MAX, Unread, read_data, read_errors, read_list};
use crate::error::JsonProblem;
use crate::payments::Payment;
use crate::signature::verify_signature;
use crate::webhook::{Envelope, WEBHOOK_BYTES_MAX, WebhookError};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Every published document, as a start for wrong ones.
static EXAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
});

/// Reads `bytes` as everything they could be. What is read means what was written.
fn read_as_everything(bytes: &[u8]) {
    means_what_it_says::<Agreement>(bytes, |agreement| Some(agreement.state.to_string()));
    means_what_it_says::<Payment>(bytes, |payment| Some(payment.state.to_string()));
    means_what_it_says::<ResolvedAlias>(bytes, |_| None);
    if let Ok(list) = read_list::<Payment>(bytes) {
        let written: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(list.items.len(), written["data"].as_array().unwrap().len());
    }
    if let Ok(errors) = read_errors(bytes) {
        assert!(!errors.is_empty());
    }
    if let Ok(event) = Envelope::parse(bytes) {
        let written: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(written["data"]["type"], event.kind.as_str());
        assert_eq!(written["data"]["resource_uid"], event.resource_uid.as_str());
        assert!(bytes.len() <= WEBHOOK_BYTES_MAX);
    }
}

/// Written again, it reads the same; its state is the word that was there.
fn means_what_it_says<T>(bytes: &[u8], state: impl Fn(&T) -> Option<String>)
where
    T: DeserializeOwned + Serialize,
{
    let Ok(read) = read_data::<T>(bytes) else {
        return;
    };
    // The caller's own keys may hold a fraction, whose last digit the library may write otherwise.
    let mut once = serde_json::to_value(&read).unwrap();
    once["metadata"] = Value::Null;
    let text = json!({ "data": once }).to_string();
    let mut twice = serde_json::to_value(read_data::<T>(text.as_bytes()).unwrap()).unwrap();
    twice["metadata"] = Value::Null;
    assert_eq!(twice, once);
    if let Some(state) = state(&read) {
        let written: Value = serde_json::from_slice(bytes).unwrap();
        let data = &written["data"];
        let word = data.get("state").unwrap_or(&data["status"]);
        assert_eq!(word, state.as_str());
    }
}

/// A key that means something somewhere, or none.
fn key() -> impl Strategy<Value = String> {
    let known = select(vec![
        "data",
        "links",
        "next",
        "errors",
        "code",
        "title",
        "detail",
        "meta",
        "about",
        "uid",
        "state",
        "status",
        "amount",
        "failure",
        "retryable",
        "state_reason",
        "payment_terms",
        "type",
        "frequency",
        "debtor",
        "account_identifier",
        "value",
        "created_at",
        "metadata",
        "id",
        "published_at",
        "resource_uid",
        "resource_type",
        "body",
        "reason",
        "changes",
        "caused_by",
        "display_name",
        "validity_end_date",
        "count",
        "max_amount",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn leaf() -> impl Strategy<Value = Value> {
    let word = select(vec![
        "settled",
        "failed",
        "active",
        "payto_payment.failed",
        "payto_agreement.amended",
        "payto_payment",
        "bban",
        "2026-09-15",
        "2026-09-15T09:00:04.120+10:00",
        "U-1",
        "",
    ]);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A number as JSON spells it, however large.
fn huge_number() -> impl Strategy<Value = String> {
    let digits = prop_oneof![9 => 1..40_usize, 1 => 40..3_000_usize];
    (any::<bool>(), digits, 0..4_u8, any::<u32>()).prop_map(|(negative, length, form, power)| {
        let sign = if negative { "-" } else { "" };
        let digits = "9".repeat(length);
        match form {
            0 => format!("{sign}{digits}"),
            1 => format!("{sign}0.{digits}"),
            2 => format!("{sign}{digits}e{power}"),
            _ => format!("{sign}{digits}E-{power}"),
        }
    })
}

fn example(index: Index) -> Vec<u8> {
    EXAMPLES[index.index(EXAMPLES.len())].clone()
}

/// One wound to a document: bytes replaced, cut out, put in or doubled.
fn wound(bytes: &mut Vec<u8>, (kind, at, length, with): (u8, Index, usize, Vec<u8>)) {
    let at = at.index(bytes.len() + 1);
    let end = (at + length).min(bytes.len());
    match kind {
        0 => drop(bytes.splice(at..end, with)),
        1 => drop(bytes.drain(at..end)),
        2 => drop(bytes.splice(at..at, with)),
        _ => {
            let doubled = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, doubled));
        }
    }
}

/// The values of a document, each by the path that leads to it.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                paths(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                paths(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The document with the value at one of its places exchanged for this text.
fn exchanged(index: Index, place: Index, text: &str) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(&example(index)).unwrap();
    let mut places = vec![];
    paths(&document, "", &mut places);
    let place = &places[place.index(places.len())];
    *document.pointer_mut(place).unwrap() = Value::from("\u{1}mark");
    let mark = serde_json::to_string("\u{1}mark").unwrap();
    document.to_string().replacen(&mark, text, 1).into_bytes()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..1_024)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(data in any_json(), whole in any_json()) {
        let mut envelope = whole;
        if let Some(fields) = envelope.as_object_mut() {
            fields.insert("data".to_owned(), data);
        }
        read_as_everything(envelope.to_string().as_bytes());
    }

    #[test]
    fn a_published_document_with_bytes_wrong_is_read_or_refused(
        index in any::<Index>(),
        wounds in prop::collection::vec(
            (0..4_u8, any::<Index>(), 0..24_usize, prop::collection::vec(any::<u8>(), 0..8)),
            1..6,
        ),
    ) {
        let mut bytes = example(index);
        for one in wounds {
            wound(&mut bytes, one);
        }
        read_as_everything(&bytes);
    }

    #[test]
    fn a_published_document_with_a_value_exchanged_is_read_or_refused(
        index in any::<Index>(), place in any::<Index>(), value in any_json(),
    ) {
        read_as_everything(&exchanged(index, place, &value.to_string()));
    }

    #[test]
    fn a_huge_number_anywhere_is_read_or_refused(
        index in any::<Index>(), place in any::<Index>(), number in huge_number(),
    ) {
        read_as_everything(&exchanged(index, place, &number));
    }

    #[test]
    fn a_huge_string_anywhere_is_read_or_refused(
        index in any::<Index>(),
        place in any::<Index>(),
        letter in any::<char>(),
        length in prop_oneof![200 => 0..2_000_usize, 1 => 60_000..70_000_usize],
    ) {
        let text = serde_json::to_string(&letter.to_string().repeat(length)).unwrap();
        let bytes = exchanged(index, place, &text);
        read_as_everything(&bytes);
        if WEBHOOK_BYTES_MAX < bytes.len() {
            let limit = WEBHOOK_BYTES_MAX;
            prop_assert_eq!(Envelope::parse(&bytes), Err(WebhookError::TooLarge { limit }));
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_by_every_reader(
        index in any::<Index>(),
        place in any::<Index>(),
        more in prop_oneof![99 => 0..60_usize, 1 => 60..30_000_usize],
        in_objects in any::<bool>(),
        is_closed in any::<bool>(),
    ) {
        let levels = DEPTH_MAX + 1 + more;
        let (open, close) = if in_objects { (r#"{"a":"#, "}") } else { ("[", "]") };
        let close = if is_closed { close.repeat(levels) } else { String::new() };
        let text = format!("{}1{close}", open.repeat(levels));
        let bytes = exchanged(index, place, &text);
        let problem = JsonProblem::TooDeep { limit: DEPTH_MAX };
        let too_deep = Unread { path: ".".to_owned(), problem };
        let refused = [
            read_data::<Agreement>(&bytes).err(),
            read_data::<Payment>(&bytes).err(),
            read_data::<ResolvedAlias>(&bytes).err(),
            read_list::<Agreement>(&bytes).err(),
            read_list::<Payment>(&bytes).err(),
            read_errors(&bytes).err(),
        ];
        for unread in refused {
            prop_assert_eq!(unread.as_ref(), Some(&too_deep));
        }
        if bytes.len() <= WEBHOOK_BYTES_MAX {
            prop_assert_eq!(Envelope::parse(&bytes), Err(WebhookError::from(too_deep)));
        }
    }

    #[test]
    fn any_signature_header_is_refused_unless_it_was_made_with_the_secret(
        seconds in prop_oneof![1 => any::<String>(), 3 => "[0-9]{0,24}"],
        parts in prop::collection::vec(
            prop_oneof![any::<String>(), "[0-9a-f]{64}", Just(String::new())], 0..8,
        ),
        raw in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let header = format!("{seconds}.{}", parts.join("."));
        prop_assert!(verify_signature(&["secret".into()], &header, &raw).is_err());
    }
}
