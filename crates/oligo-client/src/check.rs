//! What a request must satisfy before it is worth sending: Oligo's own limits, field by field.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// The caller's own flat keys and values, echoed by Oligo on some webhooks.
///
/// No nested values, at most 2000 bytes as JSON; both are Oligo's rules. Sorted by key, so its
/// text is the same each time.
pub type Metadata = BTreeMap<String, Value>;

/// The most an amount may be, in cents: $10,000,000.00, Oligo's rule.
pub const AMOUNT_CENTS_MAX: i64 = 1_000_000_000;

/// Oligo says "2kb"; the smaller reading cannot be refused.
const METADATA_BYTES_MAX: usize = 2_000;

/// One field of a request that Oligo would refuse. Never carries the field's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldProblem {
    /// Where it stands in the body, dotted: `debtor.account_identifier.value`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not 1 to 64 of Oligo's uid characters, or a path step (`.`, `..`).
    #[error("is not a uid")]
    NotAUid,
    /// Empty where at least one character is wanted.
    #[error("is empty")]
    Empty,
    /// Longer than Oligo takes.
    #[error("is longer than {max}")]
    TooLong {
        /// The most Oligo takes: characters, or bytes for metadata.
        max: usize,
    },
    /// Holds a character outside space to tilde.
    #[error("is not printable ASCII")]
    NotPrintableAscii,
    /// Outside the range Oligo takes.
    #[error("is not in {min}..={max}")]
    OutOfRange {
        /// The least Oligo takes.
        min: i64,
        /// The most Oligo takes.
        max: i64,
    },
    /// Left out although the other fields need it.
    #[error("is missing")]
    Missing,
    /// Given although the other fields rule it out.
    #[error("does not belong here")]
    NotAllowed,
    /// Not in the form of its `type`.
    #[error("is not in the form of its type")]
    WrongForm,
    /// Holds an object or an array where only plain values may stand.
    #[error("is nested")]
    Nested,
    /// A date that should not be after another one.
    #[error("is after {other}")]
    After {
        /// The field it must not be after.
        other: &'static str,
    },
    /// Cannot be written as JSON.
    #[error("cannot be written as JSON")]
    NotJson,
}

static UID: LazyLock<Regex> = LazyLock::new(|| pattern("^[A-Za-z0-9_~.-]{1,64}$"));

/// A pattern written in this crate; a wrong one is caught by the first test that touches it.
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this crate compiles")
}

/// Whether `text` has Oligo's uid form and can stand in a path.
pub(crate) fn uid_has_form(text: &str) -> bool {
    // The pattern allows `.` and `..`, which a URL would resolve away: the call would then be
    // about the whole collection.
    UID.is_match(text) && text != "." && text != ".."
}

/// Collects the wrong fields of one request.
#[derive(Default)]
pub(crate) struct Checker {
    problems: Vec<FieldProblem>,
}

impl Checker {
    pub(crate) fn add(&mut self, field: &str, problem: Problem) {
        self.problems.push(FieldProblem {
            field: field.to_owned(),
            problem,
        });
    }

    pub(crate) fn finish(self) -> Result<(), Vec<FieldProblem>> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems)
        }
    }

    pub(crate) fn unless(&mut self, holds: bool, field: &str, problem: Problem) {
        if !holds {
            self.add(field, problem);
        }
    }

    pub(crate) fn uid(&mut self, field: &str, text: &str) {
        self.unless(uid_has_form(text), field, Problem::NotAUid);
    }

    pub(crate) fn length(&mut self, field: &str, text: &str, max: usize) {
        self.unless(!text.is_empty(), field, Problem::Empty);
        self.unless(text.chars().count() <= max, field, Problem::TooLong { max });
    }

    pub(crate) fn printable(&mut self, field: &str, text: &str, max: usize) {
        self.length(field, text, max);
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        self.unless(printable, field, Problem::NotPrintableAscii);
    }

    pub(crate) fn amount(&mut self, field: &str, cents: i64) {
        let (min, max) = (1, AMOUNT_CENTS_MAX);
        self.unless(
            (min..=max).contains(&cents),
            field,
            Problem::OutOfRange { min, max },
        );
    }

    /// An amount that must be there, or must not, by the kind of terms.
    pub(crate) fn amount_belongs(&mut self, field: &str, cents: Option<i64>, belongs: bool) {
        match cents {
            Some(_) if !belongs => self.add(field, Problem::NotAllowed),
            Some(cents) => self.amount(field, cents),
            None => {}
        }
    }

    pub(crate) fn metadata(&mut self, metadata: Option<&Metadata>) {
        let Some(metadata) = metadata else { return };
        let flat = metadata
            .values()
            .all(|value| !value.is_object() && !value.is_array());
        self.unless(flat, "metadata", Problem::Nested);

        match serde_json::to_string(metadata) {
            Ok(text) => {
                let max = METADATA_BYTES_MAX;
                self.unless(text.len() <= max, "metadata", Problem::TooLong { max });
            }
            Err(_) => self.add("metadata", Problem::NotJson),
        }
    }
}
