//! Account identifiers: a bank account or one of the four kinds of PayID.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::check::{Checker, FieldProblem, Problem, pattern, uid_has_form};

closed_words! {
    /// What an account identifier is.
    AccountKind {
        /// A BSB and account number, `123456-98765432`.
        Bban = "bban",
        /// A phone PayID, `+61-411222333`.
        AliasPhone = "alias_phone",
        /// An email PayID, lower case only.
        AliasEmail = "alias_email",
        /// An ABN or ACN PayID, 11 or 9 digits.
        AliasAbn = "alias_abn",
        /// An organisation PayID: 2 to 256 characters, no upper case.
        AliasOrganisationIdentifier = "alias_organisation_identifier",
    }
}

static BBAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{6}-[ -~]{1,28}$"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\+[0-9]{1,3}-[1-9][0-9]{1,29}$"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
        r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
    ))
});
static ABN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[0-9]{9}|[0-9]{11})$"));
static ORGANISATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[!-@\[-~][ -@\[-~]{0,254}[!-@\[-~]$"));

impl AccountKind {
    /// Whether `value` has the form Oligo wants of this kind.
    pub fn takes(self, value: &str) -> bool {
        let form = match self {
            AccountKind::Bban => &BBAN,
            AccountKind::AliasPhone => &PHONE,
            AccountKind::AliasEmail => &EMAIL,
            AccountKind::AliasAbn => &ABN,
            AccountKind::AliasOrganisationIdentifier => &ORGANISATION,
        };
        form.is_match(value)
    }

    /// Whether this is a PayID, which Oligo wants resolved before an agreement names it.
    pub const fn is_alias(self) -> bool {
        match self {
            AccountKind::Bban => false,
            AccountKind::AliasPhone
            | AccountKind::AliasEmail
            | AccountKind::AliasAbn
            | AccountKind::AliasOrganisationIdentifier => true,
        }
    }
}

/// A payer's account as Oligo takes it. Its `Debug` leaves the value out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountIdentifier {
    /// What the value is; `type` on the wire.
    #[serde(rename = "type")]
    pub kind: AccountKind,
    /// The account number or PayID, in the form of its kind.
    pub value: String,
}

impl AccountIdentifier {
    /// An identifier in the form of its kind.
    ///
    /// # Errors
    ///
    /// Fails when `value` is not in the form Oligo wants of `kind`.
    pub fn new(kind: AccountKind, value: String) -> Result<AccountIdentifier, FieldProblem> {
        if kind.takes(&value) {
            Ok(AccountIdentifier { kind, value })
        } else {
            Err(FieldProblem {
                field: "value".to_owned(),
                problem: Problem::WrongForm,
            })
        }
    }

    /// A bank account: six digits of BSB, and a number of 1 to 28 printable ASCII characters.
    ///
    /// # Errors
    ///
    /// As [`AccountIdentifier::new`].
    pub fn bban(bsb: &str, number: &str) -> Result<AccountIdentifier, FieldProblem> {
        Self::new(AccountKind::Bban, format!("{bsb}-{number}"))
    }

    /// A phone PayID: a country code of 1 to 3 digits, and a number without its leading zero.
    ///
    /// # Errors
    ///
    /// As [`AccountIdentifier::new`].
    pub fn phone(country: &str, number: &str) -> Result<AccountIdentifier, FieldProblem> {
        Self::new(AccountKind::AliasPhone, format!("+{country}-{number}"))
    }

    /// An email PayID, lower case.
    ///
    /// # Errors
    ///
    /// As [`AccountIdentifier::new`].
    pub fn email(address: &str) -> Result<AccountIdentifier, FieldProblem> {
        Self::new(AccountKind::AliasEmail, address.to_owned())
    }

    /// An ABN (11 digits) or ACN (9 digits) PayID.
    ///
    /// # Errors
    ///
    /// As [`AccountIdentifier::new`].
    pub fn abn(digits: &str) -> Result<AccountIdentifier, FieldProblem> {
        Self::new(AccountKind::AliasAbn, digits.to_owned())
    }

    /// An organisation PayID: 2 to 256 characters without upper case.
    ///
    /// # Errors
    ///
    /// As [`AccountIdentifier::new`].
    pub fn organisation(identifier: &str) -> Result<AccountIdentifier, FieldProblem> {
        let kind = AccountKind::AliasOrganisationIdentifier;
        Self::new(kind, identifier.to_owned())
    }

    pub(crate) fn check(&self, checker: &mut Checker, field: &str) {
        checker.unless(self.kind.takes(&self.value), field, Problem::WrongForm);
    }
}

impl fmt::Debug for AccountIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountIdentifier")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Whether `text` can be a uid: 1 to 64 letters, digits, `_`, `~`, `.`, `-`, Oligo's rule.
///
/// `.` and `..` fit Oligo's pattern but cannot stand in a path, so they are no uids here.
pub fn uid_is_valid(text: &str) -> bool {
    uid_has_form(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_own_form_and_refuses_its_near_misses() {
        let long = format!("123456-{}", "9".repeat(28));
        let cases: [(AccountKind, &[&str], &[&str]); 5] = [
            (
                AccountKind::Bban,
                &["123456-98765432", "062000-1", &long],
                &[
                    "123-456-7",
                    "123456-",
                    "12345-678",
                    "١٢٣٤٥٦-1",
                    "123456-1\n",
                ],
            ),
            (
                AccountKind::AliasPhone,
                &["+61-411222333"],
                &["+61-0411222333", "0411222333", "+61411222333"],
            ),
            (
                AccountKind::AliasEmail,
                &["default@example.com", "a.b+c@x.co"],
                &["Default@example.com", "a@b", "a..b@x.co", "a b@x.co"],
            ),
            (
                AccountKind::AliasAbn,
                &["123456789", "12345678901"],
                &["1234567890", "12345678x"],
            ),
            (
                AccountKind::AliasOrganisationIdentifier,
                &["oligo org", "ab"],
                &["Oligo org", "a", " ab", "ab "],
            ),
        ];
        for (kind, good, bad) in cases {
            for value in good {
                assert!(kind.takes(value), "{kind} should take {value}");
            }
            for value in bad {
                assert!(!kind.takes(value), "{kind} should refuse {value}");
            }
        }
    }

    #[test]
    fn each_kind_has_a_constructor_that_refuses_another_kinds_value() {
        let made = [
            AccountIdentifier::bban("062000", "12345678"),
            AccountIdentifier::phone("61", "411222333"),
            AccountIdentifier::email("default@example.com"),
            AccountIdentifier::abn("12345678901"),
            AccountIdentifier::organisation("oligo org"),
        ];
        let values = made.map(|made| made.map(|account| (account.kind, account.value)).unwrap());
        let expected = [
            (AccountKind::Bban, "062000-12345678"),
            (AccountKind::AliasPhone, "+61-411222333"),
            (AccountKind::AliasEmail, "default@example.com"),
            (AccountKind::AliasAbn, "12345678901"),
            (AccountKind::AliasOrganisationIdentifier, "oligo org"),
        ];
        assert_eq!(
            values,
            expected.map(|(kind, value)| (kind, value.to_owned()))
        );
        for refused in [
            AccountIdentifier::bban("062-000", "12345678"),
            AccountIdentifier::phone("61", "0411222333"),
            AccountIdentifier::email("Default@example.com"),
            AccountIdentifier::abn("1234567890"),
            AccountIdentifier::organisation("Oligo org"),
        ] {
            assert_eq!(
                refused.map_err(|wrong| wrong.problem),
                Err(Problem::WrongForm)
            );
        }
    }

    #[test]
    fn a_path_step_is_no_uid() {
        assert!(uid_is_valid("AGR-7f3c0001"));
        assert!(uid_is_valid("a.b"));
        for text in ["", ".", "..", "a/b", "a b", &"a".repeat(65)] {
            assert!(!uid_is_valid(text), "{text} should be refused");
        }
    }

    #[test]
    fn an_account_number_is_never_printed() {
        let account =
            AccountIdentifier::new(AccountKind::Bban, "123456-98765432".to_owned()).unwrap();
        assert!(!format!("{account:?}").contains("98765432"));
    }
}
