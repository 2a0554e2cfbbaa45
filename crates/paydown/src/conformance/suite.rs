//! All cases, in the order in which they run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::case::{Answer, Case, Fact};

/// The files of the suite, in the order of their cases.
const FILES: &[(&str, &str)] = &[
    ("access.json", include_str!("../../conformance/access.json")),
    (
        "aliases.json",
        include_str!("../../conformance/aliases.json"),
    ),
    (
        "agreements.json",
        include_str!("../../conformance/agreements.json"),
    ),
    (
        "agreement_refusals.json",
        include_str!("../../conformance/agreement_refusals.json"),
    ),
    (
        "agreement_states.json",
        include_str!("../../conformance/agreement_states.json"),
    ),
    (
        "payments.json",
        include_str!("../../conformance/payments.json"),
    ),
    (
        "payment_refusals.json",
        include_str!("../../conformance/payment_refusals.json"),
    ),
    (
        "payment_states.json",
        include_str!("../../conformance/payment_states.json"),
    ),
    (
        "retries.json",
        include_str!("../../conformance/retries.json"),
    ),
    ("lists.json", include_str!("../../conformance/lists.json")),
    (
        "cancellations.json",
        include_str!("../../conformance/cancellations.json"),
    ),
];

const SHAPES: &str = include_str!("../../conformance/shapes.json");
const BODIES: &str = include_str!("../../conformance/bodies.json");

/// The suite's own files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file does not have the form of its kind.
    #[error("{file} cannot be read")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// Two cases have one id.
    #[error("two cases are called {id}")]
    TwiceThere {
        /// The id.
        id: String,
    },
    /// A case needs one that does not come before it.
    #[error("{id} needs {needed}, which does not come before it")]
    NotBefore {
        /// The case.
        id: String,
        /// What it needs.
        needed: String,
    },
    /// A case takes a body that is not there.
    #[error("{id} takes the body {body}, which is not there")]
    NoSuchBody {
        /// The case.
        id: String,
        /// The body's name.
        body: String,
    },
}

/// What a provider is held to.
#[derive(Debug)]
pub struct Suite {
    cases: Vec<Case>,
    bodies: BTreeMap<String, Value>,
    shapes: BTreeMap<Answer, BTreeMap<String, Fact>>,
}

impl Suite {
    /// The cases this binary was built with.
    ///
    /// # Errors
    ///
    /// Fails when the files do not fit together, which the tests of this crate rule out.
    pub fn built_in() -> Result<Suite, SuiteError> {
        let mut cases: Vec<Case> = Vec::new();
        for (file, text) in FILES {
            cases.extend(read::<Vec<Case>>(file, text)?);
        }
        let suite = Suite {
            cases,
            bodies: read("bodies.json", BODIES)?,
            shapes: read("shapes.json", SHAPES)?,
        };
        suite.check()?;
        Ok(suite)
    }

    fn check(&self) -> Result<(), SuiteError> {
        let mut known = BTreeSet::new();
        for case in &self.cases {
            if let Some(needed) = case.needs.iter().find(|id| !known.contains(id.as_str())) {
                return Err(SuiteError::NotBefore {
                    id: case.id.clone(),
                    needed: needed.clone(),
                });
            }
            if let Some(body) = &case.body_of
                && !self.bodies.contains_key(body)
            {
                return Err(SuiteError::NoSuchBody {
                    id: case.id.clone(),
                    body: body.clone(),
                });
            }
            if !known.insert(case.id.as_str()) {
                return Err(SuiteError::TwiceThere {
                    id: case.id.clone(),
                });
            }
        }
        Ok(())
    }

    /// All cases, in their order.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The cases whose id, name or operation holds `only`, with all that they need, in their order.
    pub fn selected(&self, only: Option<&str>) -> Vec<&Case> {
        let Some(only) = only else {
            return self.cases.iter().collect();
        };
        let named = |case: &Case| {
            case.id.contains(only)
                || case.name.contains(only)
                || case.operation.as_str().contains(only)
        };
        let mut wanted = BTreeSet::new();
        // What a case needs comes before it, so one walk from the end finds all.
        for case in self.cases.iter().rev() {
            if named(case) || wanted.contains(case.id.as_str()) {
                wanted.insert(case.id.as_str());
                wanted.extend(case.needs.iter().map(String::as_str));
            }
        }
        let is_wanted = |case: &&Case| wanted.contains(case.id.as_str());
        self.cases.iter().filter(is_wanted).collect()
    }

    /// The body a case sends, before its variables are filled in.
    pub(super) fn body(&self, case: &Case) -> Option<Value> {
        let base = case.body_of.as_ref().and_then(|name| self.bodies.get(name));
        let mut body = match (base, &case.change) {
            (Some(base), _) => base.clone(),
            (None, Some(_)) => Value::Null,
            (None, None) => return None,
        };
        if let Some(change) = &case.change {
            merge(&mut body, change);
        }
        Some(body)
    }

    /// What holds of every body of a kind, with the places as seen from the body.
    pub(super) fn shape(&self, answer: Answer) -> impl Iterator<Item = (String, &Fact)> {
        let of = match answer {
            Answer::Agreements => Answer::Agreement,
            Answer::Payments => Answer::Payment,
            Answer::Nothing
            | Answer::Anything
            | Answer::Errors
            | Answer::Codes
            | Answer::Agreement
            | Answer::Payment
            | Answer::Alias => answer,
        };
        let facts = self.shapes.get(&of).into_iter().flatten();
        facts.map(move |(at, fact)| (format!("{}{at}", answer.place()), fact))
    }
}

fn read<'a, T: Deserialize<'a>>(file: &'static str, text: &'a str) -> Result<T, SuiteError> {
    serde_json::from_str(text).map_err(|source| SuiteError::Unreadable { file, source })
}

/// RFC 7396: objects are merged, a null takes away, all else takes the place of what was there.
fn merge(into: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    let Some(fields) = into.as_object_mut() else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::{Grade, Operation};

    #[test]
    fn every_operation_is_covered_by_a_success_and_by_a_refusal() {
        let suite = Suite::built_in().expect("fits together");
        for operation in Operation::ALL {
            let of_it = |succeeds: bool| {
                let cases = suite.cases().iter();
                cases
                    .filter(|case| case.operation == operation)
                    .filter(|case| case.status.iter().all(|status| (*status < 400) == succeeds))
                    .count()
            };
            assert!(0 < of_it(true), "{operation} never succeeds");
            assert!(1 < of_it(false), "{operation} is hardly ever refused");
        }
    }

    #[test]
    fn a_case_that_is_asked_for_brings_what_it_needs_and_nothing_else() {
        let suite = Suite::built_in().expect("fits together");
        let selected = suite.selected(Some("pay_settled"));
        let ids: Vec<&str> = selected.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids, ["variable", "variable_active", "pay", "pay_settled"]);
        assert!(suite.selected(Some("no such case")).is_empty());
        assert_eq!(suite.selected(None).len(), suite.cases().len());
    }

    #[test]
    fn every_case_makes_uids_the_provider_takes_and_says_what_it_rests_on() {
        let suite = Suite::built_in().expect("fits together");
        for case in suite.cases() {
            let uid = format!("pdc-0123456789.{}", case.id);
            assert!(oligo_client::uid_is_valid(&uid), "{uid}");
            assert!(
                !case.source.is_empty() && !case.name.ends_with('.'),
                "{uid}"
            );
            let inferred = case.source.starts_with("inferred");
            assert!(!inferred || case.grade == Grade::Said, "{uid} is no must");
        }
    }

    #[test]
    fn a_merge_patch_merges_takes_away_and_replaces() {
        let mut body = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(
            &mut body,
            &json!({"a": {"b": null, "e": 3}, "d": "x", "f": {"g": 1}}),
        );
        assert_eq!(
            body,
            json!({"a": {"c": 2, "e": 3}, "d": "x", "f": {"g": 1}})
        );
    }
}
