//! The table of keys and the configuration are one.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::*;
use crate::config::Config;

fn leaves(prefix: &str, value: &Json, into: &mut BTreeSet<String>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{prefix}{}{name}", if prefix.is_empty() { "" } else { "." });
                leaves(&path, value, into);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            into.insert(prefix.to_owned());
        }
    }
}

#[test]
fn the_documented_keys_are_exactly_the_keys_that_exist() {
    let mut existing = BTreeSet::new();
    let config = serde_json::to_value(Config::default()).expect("serialises");
    leaves("", &config, &mut existing);

    let documented: BTreeSet<_> = KEYS.iter().map(|key| key.path.to_owned()).collect();

    assert_eq!(existing, documented);
    assert_eq!(KEYS.len(), documented.len(), "no key is documented twice");
}

#[test]
fn every_default_obeys_its_own_rule() {
    let defaults = Value::serialize(Config::default()).expect("serialises");
    for key in KEYS {
        let default = defaults
            .clone()
            .find(key.path)
            .expect("a documented key exists");
        let unset = matches!(default, Value::Empty(..));
        assert!(
            unset || key.kind.allows(&default),
            "{}: {}",
            key.path,
            key.kind.rule()
        );
    }
}

#[test]
fn a_secret_of_digits_stays_text() {
    let read = Kind::Secret(1).read("0012345");
    assert_eq!(read.as_str(), Some("0012345"));
}
