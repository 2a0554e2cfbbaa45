//! Reads a JSON body field by field, and collects every broken rule instead of stopping at the first.
//!
//! Every accessor answers `None` after noting what is wrong; a value that passed can be used at once.
//! A field that no accessor asked for is unknown, and [`Fields::finish`] says so.

use std::cell::RefCell;
use std::str::FromStr;

use serde_json::{Map, Value};

use domain::date::{BusinessDate, DateError};
use domain::money::Cents;
use domain::violation::Violation;

/// The longest name of an unknown field that is repeated to its sender.
const NAME_CHARS_MAX: usize = 64;

/// The broken rules of one body.
#[derive(Debug, Default)]
pub struct Violations(RefCell<Vec<Violation>>);

impl Violations {
    /// Notes a broken rule.
    pub fn add(&self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.push(Violation::new(pointer, code, detail));
    }

    /// Notes a broken rule, unless its field is noted already.
    ///
    /// A field of the wrong type counts as absent afterwards; that it is "required" too helps nobody.
    pub fn push(&self, violation: Violation) {
        let mut noted = self.0.borrow_mut();
        if noted.iter().all(|other| other.pointer != violation.pointer) {
            noted.push(violation);
        }
    }

    /// Notes rules broken somewhere under `prefix`.
    pub fn extend_under(&self, prefix: &str, violations: Vec<Violation>) {
        for violation in violations {
            self.push(violation.under(prefix));
        }
    }

    /// Whether nothing is broken.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Everything noted.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0.into_inner()
    }
}

/// How long a text may be, and of what.
#[derive(Clone, Copy, Debug)]
pub struct TextRule {
    /// The most characters; the fewest is one.
    pub chars_max: usize,
    /// Whether it may begin or end with a blank.
    pub blank_ends: bool,
}

/// The lender's own references: they stand in paths and logs.
pub const EXTERNAL_ID: TextRule = TextRule {
    chars_max: 100,
    blank_ends: false,
};

impl TextRule {
    /// Whether `text` follows the rule: printable ASCII throughout, which is also all that PayTo takes.
    ///
    /// # Errors
    ///
    /// Says the rule, and never the text.
    pub fn check(self, name: &str, text: &str) -> Result<(), String> {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits = (1..=self.chars_max).contains(&text.len()) && printable;
        if !fits {
            let max = self.chars_max;
            return Err(format!("{name} is 1 to {max} printable ASCII characters"));
        }
        let trimmed = text.trim_matches(' ');
        if trimmed.is_empty() || (!self.blank_ends && trimmed.len() != text.len()) {
            return Err(format!("{name} has no blank at either end"));
        }
        Ok(())
    }
}

/// One JSON object being read.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
    violations: &'a Violations,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The object at `path`; a value of another type is noted.
    pub fn of(value: &'a Value, path: String, violations: &'a Violations) -> Option<Fields<'a>> {
        match value.as_object() {
            Some(object) => Some(Fields {
                object,
                path,
                violations,
                known: RefCell::default(),
            }),
            None => {
                let detail = format!("an object is expected here, not {}", type_of(value));
                violations.add(path, "wrong_type", detail);
                None
            }
        }
    }

    /// The pointer of a field.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.path, escaped(name))
    }

    /// A field's value as it stands; `null` counts as absent.
    pub fn raw(&self, name: &'static str) -> Option<&'a Value> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&name) {
            known.push(name);
        }
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Notes a broken rule of a field.
    pub fn refuse(&self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.violations.add(self.pointer(name), code, detail);
    }

    /// Notes `name` as missing when `value` is absent.
    pub fn required<T>(&self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse(name, "required", format!("{name} is required"));
        }
        value
    }

    /// A text of any content.
    pub fn any_text(&self, name: &'static str) -> Option<&'a str> {
        let value = self.raw(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong_type(name, "a string", value);
        }
        text
    }

    /// A text that follows `rule`.
    pub fn text(&self, name: &'static str, rule: TextRule) -> Option<&'a str> {
        let text = self.any_text(name)?;
        match rule.check(name, text) {
            Ok(()) => Some(text),
            Err(detail) => {
                self.refuse(name, "malformed_text", detail);
                None
            }
        }
    }

    /// One of a list of words.
    pub fn word<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<T> {
        let found = parse(self.any_text(name)?);
        if found.is_none() {
            let detail = format!("{name} is one of {}", words.join(", "));
            self.refuse(name, "unknown_value", detail);
        }
        found
    }

    /// A whole number.
    pub fn integer(&self, name: &'static str) -> Option<i64> {
        let value = self.raw(name)?;
        let Some(number) = value.as_number() else {
            self.wrong_type(name, "a whole number", value);
            return None;
        };
        match number.as_i64() {
            Some(number) => Some(number),
            None if is_fraction(number) => {
                self.wrong_type(name, "a whole number", value);
                None
            }
            None => {
                self.refuse(name, "out_of_range", format!("{name} is far out of range"));
                None
            }
        }
    }

    /// An amount in cents.
    pub fn cents(&self, name: &'static str) -> Option<Cents> {
        let cents = self.integer(name)?;
        match Cents::new(cents) {
            Ok(cents) => Some(cents),
            Err(_) => {
                let max = Cents::MAX.get();
                let detail = format!("{name} is between 1 and {max} cents, not {cents}");
                self.refuse(name, "out_of_range", detail);
                None
            }
        }
    }

    /// A Sydney date.
    pub fn date(&self, name: &'static str) -> Option<BusinessDate> {
        let text = self.any_text(name)?;
        match BusinessDate::from_str(text) {
            Ok(date) => Some(date),
            Err(error) => {
                let code = match error {
                    DateError::NoSuchDay => "no_such_day",
                    DateError::OutOfRange => "out_of_range",
                    DateError::Malformed => "malformed_date",
                };
                self.refuse(name, code, format!("{name}: {error}"));
                None
            }
        }
    }

    /// A typed id, such as a customer's.
    pub fn id<T: FromStr>(&self, name: &'static str, prefix: &str) -> Option<T> {
        let id = self.any_text(name)?.parse().ok();
        if id.is_none() {
            let detail = format!("{name} is an id that begins with {prefix}_");
            self.refuse(name, "malformed_id", detail);
        }
        id
    }

    /// An object inside this one.
    pub fn object(&self, name: &'static str) -> Option<Fields<'a>> {
        let value = self.raw(name)?;
        Fields::of(value, self.pointer(name), self.violations)
    }

    /// Notes every field that nobody asked for.
    pub fn finish(self) {
        let known = self.known.borrow();
        for name in self
            .object
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
        {
            let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
            let detail = format!("unknown field; the known ones are {}", known.join(", "));
            self.refuse(&shown, "unknown_field", detail);
        }
    }

    fn wrong_type(&self, name: &str, expected: &str, found: &Value) {
        self.refuse(
            name,
            "wrong_type",
            format!("{name} is {expected}, not {}", type_of(found)),
        );
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if is_fraction(number) => "a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether a number was written as a fraction. One from 2^53 on was not: it is only read as an `f64`.
fn is_fraction(number: &serde_json::Number) -> bool {
    let float = number.as_f64().filter(|_| number.is_f64());
    float.is_some_and(|float| float.abs() < 9_007_199_254_740_992.0)
}

/// A name as one step of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn noted(body: &Value, read: impl Fn(&Fields<'_>)) -> Vec<(String, &'static str)> {
        let violations = Violations::default();
        if let Some(fields) = Fields::of(body, String::new(), &violations) {
            read(&fields);
            fields.finish();
        }
        violations
            .into_vec()
            .into_iter()
            .map(|found| (found.pointer, found.code))
            .collect()
    }

    #[test]
    fn every_broken_rule_of_a_body_is_told_at_once() {
        let body = json!({"amount": -5, "date": "2026-02-30", "nmae": 1, "name": ""});
        let found = noted(&body, |fields| {
            fields.cents("amount");
            fields.date("date");
            fields.text("name", EXTERNAL_ID);
            fields.required("kind", fields.any_text("kind"));
        });
        let expected = [
            ("/amount", "out_of_range"),
            ("/date", "no_such_day"),
            ("/name", "malformed_text"),
            ("/kind", "required"),
            ("/nmae", "unknown_field"),
        ];
        assert_eq!(
            found,
            expected.map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }

    #[test]
    fn a_field_of_the_wrong_type_is_told_once() {
        let found = noted(&json!({"a": "1", "b": 1.5, "c": true}), |fields| {
            fields.required("a", fields.cents("a"));
            fields.required("b", fields.cents("b"));
            fields.required("c", fields.any_text("c"));
        });
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|(_, code)| *code == "wrong_type"));
    }

    #[test]
    fn a_whole_number_that_no_amount_can_be_is_out_of_range_however_large() {
        for number in ["9223372036854775808", "18446744073709551616", "-1e30"] {
            let body = serde_json::from_str(&format!("{{\"a\": {number}}}")).unwrap();
            let found = noted(&body, |fields| assert_eq!(fields.cents("a"), None));
            assert_eq!(found, [("/a".to_owned(), "out_of_range")], "{number}");
        }
    }

    #[test]
    fn null_is_the_same_as_absent() {
        let body = json!({"a": null, "b": null});
        let found = noted(&body, |fields| {
            assert_eq!(fields.cents("a"), None);
            fields.required("b", fields.cents("b"));
        });
        assert_eq!(found, [("/b".to_owned(), "required")]);
    }

    #[test]
    fn an_unknown_field_is_told_with_the_known_ones() {
        let violations = Violations::default();
        let body = json!({"a/b~": 1});
        let fields = Fields::of(&body, "/in".to_owned(), &violations).unwrap();
        fields.raw("amount");
        fields.raw("date");
        fields.finish();

        let found = violations.into_vec();
        assert_eq!(found[0].pointer, "/in/a~1b~0");
        assert_eq!(
            found[0].detail,
            "unknown field; the known ones are amount, date"
        );
    }

    #[test]
    fn a_body_that_is_not_an_object_is_told_at_the_root() {
        assert_eq!(noted(&json!([1]), |_| {}), [(String::new(), "wrong_type")]);
    }

    #[test]
    fn a_text_of_control_characters_never_reaches_the_database() {
        for bad in ["", " a", "a ", "   ", "a\0b", "a\nb", "é", &"x".repeat(101)] {
            assert!(EXTERNAL_ID.check("external_id", bad).is_err(), "{bad:?}");
        }
        let loose = TextRule {
            chars_max: 140,
            blank_ends: true,
        };
        assert!(loose.check("name", " Robin ").is_ok());
        assert!(loose.check("name", "   ").is_err());
    }
}
