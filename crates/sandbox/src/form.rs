//! Reading a request body as strictly as Oligo does: unknown keys are one kind of mistake (400),
//! missing and malformed fields another (422), and every one of them is named.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::complaint::{Refusal, SCHEMA};

/// An object of the body and where it stands in it.
pub(crate) struct Form<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl Form<'_> {
    /// A key's value; a null is an absent key.
    fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }
}

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Findings {
    not_allowed: Vec<String>,
    problems: Vec<String>,
}

impl Findings {
    /// Opens the body itself; an empty body is an empty object.
    ///
    /// # Errors
    ///
    /// Fails when the bytes are not one JSON object.
    pub(crate) fn body(bytes: &[u8]) -> Result<Value, Refusal> {
        if bytes.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) | Err(_) => Err(Refusal::BadRequest(vec![
                "The body is not a JSON object".to_owned(),
            ])),
        }
    }

    /// Opens the body's outermost object.
    pub(crate) fn root<'a>(&mut self, body: &'a Value, keys: &[&str]) -> Option<Form<'a>> {
        self.open(body, String::new(), keys)
    }

    /// Opens an object that must be there.
    pub(crate) fn object<'a>(
        &mut self,
        form: &Form<'a>,
        key: &str,
        keys: &[&str],
    ) -> Option<Form<'a>> {
        if !form.fields.contains_key(key) {
            self.problem(form, key, "is missing");
        }
        self.optional_object(form, key, keys)
    }

    /// Opens an object that may be left out.
    pub(crate) fn optional_object<'a>(
        &mut self,
        form: &Form<'a>,
        key: &str,
        keys: &[&str],
    ) -> Option<Form<'a>> {
        let value = form.fields.get(key)?;
        if value.is_null() {
            self.problem(form, key, "must be filled");
            return None;
        }
        self.open(value, format!("{}{key}", form.path), keys)
    }

    fn open<'a>(&mut self, value: &'a Value, path: String, keys: &[&str]) -> Option<Form<'a>> {
        let Some(fields) = value.as_object() else {
            self.problems
                .push(format!("params.{path} must be an object"));
            return None;
        };
        let path = if path.is_empty() {
            path
        } else {
            format!("{path}.")
        };
        for key in fields.keys().filter(|key| !keys.contains(&key.as_str())) {
            self.not_allowed
                .push(format!("The value for `{path}{key}` is not allowed"));
        }
        Some(Form { fields, path })
    }

    /// A field that must be there and be readable by `read`.
    pub(crate) fn required<T>(
        &mut self,
        form: &Form<'_>,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        if !form.fields.contains_key(key) {
            self.problem(form, key, "is missing");
        }
        self.filled(form, key, read)
    }

    /// A field that may be left out but not null.
    pub(crate) fn filled<T>(
        &mut self,
        form: &Form<'_>,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        if form.fields.get(key).is_some_and(Value::is_null) {
            self.problem(form, key, "must be filled");
        }
        self.optional(form, key, read)
    }

    /// A word of a closed list that must be there.
    pub(crate) fn choice<T>(
        &mut self,
        form: &Form<'_>,
        key: &str,
        words: &[&str],
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let known = word(from_word);
        match form.get(key).map(known) {
            Some(Some(found)) => Some(found),
            Some(None) => {
                let what = format!("must be one of: {}", words.join(", "));
                self.problem(form, key, &what);
                None
            }
            None => self.required(form, key, |_| None),
        }
    }

    /// A field that may be left out or null, and otherwise must be readable by `read`.
    pub(crate) fn optional<T>(
        &mut self,
        form: &Form<'_>,
        key: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = form.get(key)?;
        let found = read(value);
        match value.as_str() {
            _ if found.is_some() => {}
            Some("") => self.problem(form, key, "must be filled"),
            Some(_) | None => self.problem(form, key, "is in invalid format"),
        }
        found
    }

    /// Records that a field present here may not be.
    pub(crate) fn forbid(&mut self, form: &Form<'_>, key: &str, why: &str) {
        if form.get(key).is_some() {
            self.problem(form, key, why);
        }
    }

    /// Records what is wrong with a field.
    pub(crate) fn problem(&mut self, form: &Form<'_>, key: &str, what: &str) {
        self.problems
            .push(format!("params.{}{key} {what}", form.path));
    }

    /// Records a mistake in words of its own.
    pub(crate) fn note(&mut self, what: String) {
        self.problems.push(what);
    }

    /// What was read, unless a mistake was found; for the operation whose 422 has no code for one.
    ///
    /// # Errors
    ///
    /// Fails with a 400 that names every key that is not allowed, else every field that is wrong.
    pub(crate) fn conclude_without_422<T>(self, read: Option<T>) -> Result<T, Refusal> {
        self.conclude(read)
            .map_err(|refusal| match refusal.status() {
                422 => Refusal::BadRequest(refusal.details()),
                _ => refusal,
            })
    }

    /// What was read, unless a mistake was found.
    ///
    /// # Errors
    ///
    /// Fails with a 400 when any key is not allowed, else with a 422 when any field is wrong.
    pub(crate) fn conclude<T>(self, read: Option<T>) -> Result<T, Refusal> {
        if !self.not_allowed.is_empty() {
            return Err(Refusal::BadRequest(self.not_allowed));
        }
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            Some(_) | None => {
                let each = self
                    .problems
                    .into_iter()
                    .map(|detail| SCHEMA.saying(detail));
                Err(Refusal::Unprocessable(each.collect()))
            }
        }
    }
}

/// A uid: 1 to 64 of letters, digits and `_ ~ . -`.
pub(crate) fn uid(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    is_uid(text).then(|| text.to_owned())
}

fn is_uid(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.-".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}

/// Text of 1 to `longest` printable ASCII characters.
pub(crate) fn printable(longest: usize) -> impl Fn(&Value) -> Option<String> {
    move |value| {
        let text = value.as_str()?;
        let fits = |byte: u8| (b' '..=b'~').contains(&byte);
        (!text.is_empty() && text.len() <= longest && text.bytes().all(fits))
            .then(|| text.to_owned())
    }
}

/// Any text of `shortest` to `longest` characters.
pub(crate) fn text(shortest: usize, longest: usize) -> impl Fn(&Value) -> Option<String> {
    move |value| {
        let text = value.as_str()?;
        (shortest..=longest)
            .contains(&text.chars().count())
            .then(|| text.to_owned())
    }
}

/// An amount of 1 to 1,000,000,000 cents.
pub(crate) fn cents(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .filter(|cents| (1..=1_000_000_000).contains(cents))
}

/// A whole number of at least 1.
pub(crate) fn count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| 1 <= *count)
}

/// A calendar date, `YYYY-MM-DD` and nothing looser.
pub(crate) fn date(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str().filter(|text| text.len() == 10)?;
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// A flat object of at most 2 kB.
pub(crate) fn metadata(value: &Value) -> Option<Value> {
    let fields = value.as_object()?;
    let is_flat = !fields
        .values()
        .any(|field| field.is_object() || field.is_array());
    (is_flat && value.to_string().len() <= 2_048).then(|| value.clone())
}

/// A word of a closed list.
pub(crate) fn word<T>(from_word: impl Fn(&str) -> Option<T>) -> impl Fn(&Value) -> Option<T> {
    move |value| from_word(value.as_str()?)
}
