//! One broken rule of an input.

use std::fmt;

/// One rule that a given input breaks, with the place and the reason.
///
/// Every check of an input reports all its violations at once, so a caller repairs them in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) to the offending value, such as `/schedule/amount`.
    pub pointer: String,
    /// The rule's name in snake_case; stable, for programs.
    pub code: &'static str,
    /// One sentence with the numbers; for people, never to be matched on.
    pub detail: String,
}

impl Violation {
    /// A violation of the rule `code` at `pointer`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::violation::Violation;
    ///
    /// let violation = Violation::new("/amount", "required", "amount is missing");
    /// assert_eq!(violation.to_string(), "/amount: amount is missing");
    /// ```
    pub fn new(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Violation {
        Violation {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }

    /// The same violation seen from an enclosing document: `prefix` goes before the pointer.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::violation::Violation;
    ///
    /// let violation = Violation::new("/amount", "required", "amount is missing");
    /// assert_eq!(violation.under("/terms").pointer, "/terms/amount");
    /// ```
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Violation {
        self.pointer.insert_str(0, prefix);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_keeps_its_place_inside_an_enclosing_document() {
        let violation = Violation::new("/amount", "required", "amount is missing").under("/terms");

        assert_eq!(violation.pointer, "/terms/amount");
        assert_eq!(violation.to_string(), "/terms/amount: amount is missing");
    }
}
