//! A JSON object, read field by field; what is wrong with it is noted, and reading goes on.

use std::cell::RefCell;

use domain::date::BusinessDate;
use domain::money::Cents;
use domain::violation::Violation;
use serde_json::{Map, Value};

/// The broken rules of a document; one for each place.
#[derive(Debug, Default)]
pub struct Broken(RefCell<Vec<Violation>>);

impl Broken {
    /// Notes a broken rule.
    pub fn add(&self, pointer: String, code: &'static str, told: impl Into<String>) {
        self.extend([Violation::new(pointer, code, told)]);
    }

    /// Notes broken rules. A value of the wrong type counts as absent afterwards; that it is
    /// "required" too helps nobody.
    pub fn extend(&self, violations: impl IntoIterator<Item = Violation>) {
        let mut noted = self.0.borrow_mut();
        for violation in violations {
            if noted.iter().all(|other| other.pointer != violation.pointer) {
                noted.push(violation);
            }
        }
    }

    /// Everything noted.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0.into_inner()
    }
}

/// One object on the way through a document.
pub struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
    broken: &'a Broken,
}

impl<'a> Object<'a> {
    /// The object at `path`; a value of another type is noted.
    pub fn of(value: &'a Value, path: String, broken: &'a Broken) -> Option<Object<'a>> {
        let Some(fields) = value.as_object() else {
            broken.add(path, "wrong_type", "an object is expected here");
            return None;
        };
        Some(Object {
            fields,
            path,
            known: Vec::new(),
            broken,
        })
    }

    /// The pointer of a field.
    pub fn pointer(&self, name: &str) -> String {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        format!("{}/{escaped}", self.path)
    }

    /// A field's value; `null` counts as absent.
    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Notes `name` as missing when `value` is absent.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            let told = format!("{name} is required");
            self.broken.add(self.pointer(name), "required", told);
        }
        value
    }

    /// A text.
    pub fn text(&mut self, name: &'static str) -> Option<&'a str> {
        let value = self.value(name)?;
        self.typed(name, value.as_str(), "a string")
    }

    /// A whole number.
    pub fn integer(&mut self, name: &'static str) -> Option<i64> {
        let value = self.value(name)?;
        self.typed(name, value.as_i64(), "a whole number")
    }

    /// An amount in cents.
    pub fn cents(&mut self, name: &'static str) -> Option<Cents> {
        let cents = Cents::new(self.integer(name)?);
        cents
            .map_err(|error| {
                let told = format!("{name} is in cents: {error}");
                self.broken.add(self.pointer(name), "out_of_range", told);
            })
            .ok()
    }

    /// A Sydney date.
    pub fn date(&mut self, name: &'static str) -> Option<BusinessDate> {
        let date = self.text(name)?.parse::<BusinessDate>();
        date.map_err(|error| {
            let told = format!("{name}: {error}");
            self.broken.add(self.pointer(name), "not_a_date", told);
        })
        .ok()
    }

    /// An object inside this one.
    pub fn object(&mut self, name: &'static str) -> Option<Object<'a>> {
        let value = self.value(name)?;
        Object::of(value, self.pointer(name), self.broken)
    }

    /// A required list.
    pub fn list(&mut self, name: &'static str) -> Option<&'a [Value]> {
        let value = self.value(name);
        let value = self.required(name, value)?;
        self.typed(name, value.as_array().map(Vec::as_slice), "a list")
    }

    /// Notes every field that nobody asked for.
    pub fn finish(self) {
        let unknown = self
            .fields
            .keys()
            .filter(|name| !self.known.contains(&name.as_str()));
        for name in unknown {
            let told = format!(
                "unknown field; the known ones are {}",
                self.known.join(", ")
            );
            self.broken.add(self.pointer(name), "unknown_field", told);
        }
    }

    fn typed<T>(&self, name: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            let told = format!("{name} is {expected}");
            self.broken.add(self.pointer(name), "wrong_type", told);
        }
        value
    }
}
