//! Reads a query string: every unknown, repeated or malformed parameter is told at once.

use std::cell::RefCell;

use axum::extract::Query;
use axum::http::Uri;

use crate::code::Code;
use crate::cursor::Cursor;
use crate::error::Problem;
use crate::fields::{TextRule, Violations};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// The parameters of one request.
pub struct Parameters {
    pairs: Vec<(String, String)>,
    known: RefCell<Vec<&'static str>>,
    violations: Violations,
}

impl Parameters {
    /// The parameters of a URI.
    ///
    /// # Errors
    ///
    /// Fails when the query string cannot be decoded.
    pub fn of(uri: &Uri) -> Result<Parameters, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query string cannot be decoded"))?;
        Ok(Parameters {
            pairs: pairs.0,
            known: RefCell::default(),
            violations: Violations::default(),
        })
    }

    /// A parameter as it stands.
    pub fn raw(&self, name: &'static str) -> Option<&str> {
        self.known.borrow_mut().push(name);
        let mut values = self.pairs.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            self.refuse(name, "repeated", format!("{name} is given more than once"));
        }
        value
    }

    /// A text that follows `rule`.
    pub fn text(&self, name: &'static str, rule: TextRule) -> Option<&str> {
        let text = self.raw(name)?;
        match rule.check(name, text) {
            Ok(()) => Some(text),
            Err(detail) => {
                self.refuse(name, "malformed_text", detail);
                None
            }
        }
    }

    /// A value that `parse` understands; `rule` says what it is.
    pub fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        rule: &str,
    ) -> Option<T> {
        let found = parse(self.raw(name)?);
        if found.is_none() {
            self.refuse(name, "malformed_value", format!("{name} is {rule}"));
        }
        found
    }

    /// How many rows a page has: 1 to 200, and 50 unless told.
    pub fn limit(&self) -> u32 {
        let in_range = |text: &str| {
            text.parse::<u32>()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        };
        let rule = format!("a whole number from 1 to {LIMIT_MAX}");
        self.parsed("limit", in_range, &rule)
            .unwrap_or(LIMIT_DEFAULT)
    }

    /// Where the page begins: what `next_cursor` of the page before said, for the same filter.
    pub fn cursor<P: Cursor>(&self, filter: &str) -> Option<P> {
        let rule = "the next_cursor of an earlier page, used with the same filters";
        self.parsed("cursor", |text| P::decode(text, filter), rule)
    }

    /// Refuses the request if a parameter was refused, or is unknown.
    ///
    /// # Errors
    ///
    /// Tells every one of them.
    pub fn finish(self) -> Result<(), Problem> {
        let known = self.known.borrow();
        for (name, _) in self
            .pairs
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()))
        {
            let shown: String = name.chars().take(64).collect();
            let detail = match known.as_slice() {
                [] => String::from("unknown parameter; this route takes none"),
                names => format!("unknown parameter; the known ones are {}", names.join(", ")),
            };
            self.refuse(&shown, "unknown_parameter", detail);
        }
        drop(known);
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Problem::of_violations(
                Code::InvalidQuery,
                self.violations.into_vec(),
            ))
        }
    }

    fn refuse(&self, name: &str, code: &'static str, detail: String) {
        self.violations.add(format!("?{name}"), code, detail);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn of(query: &str) -> Parameters {
        Parameters::of(&format!("/v1/plans?{query}").parse().unwrap()).unwrap()
    }

    fn told(parameters: Parameters) -> String {
        let problem = parameters.finish().unwrap_err();
        serde_json::to_string(&problem.body("/", "r")).unwrap()
    }

    #[test]
    fn a_page_has_fifty_rows_unless_told_and_two_hundred_at_most() {
        assert_eq!(of("").limit(), 50);
        assert_eq!(of("limit=200").limit(), 200);
        for bad in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit="] {
            let parameters = of(bad);
            parameters.limit();
            assert!(told(parameters).contains("from 1 to 200"), "{bad}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_known_ones() {
        let parameters = of("limit=1&sort=x");
        parameters.limit();
        let told = told(parameters);
        assert!(
            told.contains("?sort") && told.contains("the known ones are limit"),
            "{told}"
        );
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let parameters = of("limit=1&limit=2");
        parameters.limit();
        assert!(told(parameters).contains("more than once"));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Uuid::from_u128(7).encode("plans");

        let parameters = of(&format!("cursor={cursor}"));
        assert_eq!(parameters.cursor::<Uuid>("plans"), Some(Uuid::from_u128(7)));
        assert!(parameters.finish().is_ok());

        let parameters = of(&format!("cursor={cursor}"));
        assert_eq!(parameters.cursor::<Uuid>("plans of another customer"), None);
        assert!(told(parameters).contains("?cursor"));
    }
}
