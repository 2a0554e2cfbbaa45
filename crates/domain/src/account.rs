//! The account a payer repays from: a BSB with an account number, or a PayID.

use std::fmt;

use crate::violation::Violation;

/// How a payer's account is written. The words and patterns are Oligo's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// A BSB and an account number: `062000-12345678`.
    Bban,
    /// A phone number as PayID: `+61-411222333`.
    AliasPhone,
    /// An e-mail address as PayID, in lower case.
    AliasEmail,
    /// A business number (9 or 11 digits) as PayID.
    AliasAbn,
    /// An organisation's name as PayID, without upper-case letters.
    AliasOrganisationIdentifier,
}

impl AccountKind {
    /// Every kind, in the order of the provider's documentation.
    pub const ALL: &[AccountKind] = &[
        AccountKind::Bban,
        AccountKind::AliasPhone,
        AccountKind::AliasEmail,
        AccountKind::AliasAbn,
        AccountKind::AliasOrganisationIdentifier,
    ];

    /// The kind's name in snake_case; also the database's text and the provider's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccountKind::Bban => "bban",
            AccountKind::AliasPhone => "alias_phone",
            AccountKind::AliasEmail => "alias_email",
            AccountKind::AliasAbn => "alias_abn",
            AccountKind::AliasOrganisationIdentifier => "alias_organisation_identifier",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<AccountKind> {
        AccountKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
    }

    /// What a value of this kind looks like, for a person who wrote one that does not.
    pub const fn rule(self) -> &'static str {
        match self {
            AccountKind::Bban => {
                "a bban is six digits of BSB, one hyphen and 1 to 28 printable ASCII characters, \
                 such as 062000-12345678"
            }
            AccountKind::AliasPhone => {
                "a phone PayID is a plus sign, a country code of 1 to 3 digits, a hyphen and 2 to \
                 30 digits of which the first is not zero, such as +61-411222333"
            }
            AccountKind::AliasEmail => {
                "an e-mail PayID is an address in lower case, such as robin@example.com"
            }
            AccountKind::AliasAbn => "a business-number PayID has 9 or 11 digits",
            AccountKind::AliasOrganisationIdentifier => {
                "an organisation PayID is 2 to 256 printable ASCII characters without upper-case \
                 letters, and without a blank at either end"
            }
        }
    }

    fn admits(self, value: &str) -> bool {
        match self {
            AccountKind::Bban => is_bban(value),
            AccountKind::AliasPhone => is_phone(value),
            AccountKind::AliasEmail => is_email(value),
            AccountKind::AliasAbn => matches!(value.len(), 9 | 11) && all_digits(value),
            AccountKind::AliasOrganisationIdentifier => is_organisation(value),
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The account a payer repays from, well-formed by the provider's rules.
///
/// Whether the bank knows it is the bank's to say. `Debug` shows the kind and the hint only.
#[derive(Clone, PartialEq, Eq)]
pub struct PayerAccount {
    kind: AccountKind,
    value: String,
}

impl PayerAccount {
    /// The account of this kind and value.
    ///
    /// # Errors
    ///
    /// Names the broken rule, at `/type` or `/value`. The value itself is never repeated.
    pub fn parse(kind: &str, value: &str) -> Result<PayerAccount, Violation> {
        let Some(kind) = AccountKind::parse(kind) else {
            let known: Vec<&str> = AccountKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let detail = format!("an account's type is one of {}", known.join(", "));
            return Err(Violation::new("/type", "unknown_account_type", detail));
        };
        if kind.admits(value) {
            Ok(PayerAccount {
                kind,
                value: value.to_owned(),
            })
        } else {
            Err(Violation::new("/value", "malformed_account", kind.rule()))
        }
    }

    /// How the account is written.
    pub const fn kind(&self) -> AccountKind {
        self.kind
    }

    /// The account in full. For the provider alone: never for a log, a list or an error.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What lists may show: the last characters, at most three and at most a third of them all.
    pub fn hint(&self) -> String {
        let shown = (self.value.len() / 3).min(3);
        // Every kind admits ASCII only, so a byte is a character.
        format!("***{}", &self.value[self.value.len() - shown..])
    }
}

impl fmt::Debug for PayerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayerAccount({} {})", self.kind, self.hint())
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn is_bban(value: &str) -> bool {
    let Some((bsb, account)) = value.split_once('-') else {
        return false;
    };
    bsb.len() == 6
        && all_digits(bsb)
        && matches!(account.len(), 1..=28)
        && account.bytes().all(is_printable)
}

fn is_phone(value: &str) -> bool {
    let Some((country, number)) = value
        .strip_prefix('+')
        .and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    matches!(country.len(), 1..=3)
        && all_digits(country)
        && matches!(number.len(), 2..=30)
        && all_digits(number)
        && !number.starts_with('0')
}

fn is_email(value: &str) -> bool {
    let Some((local, host)) = value.split_once('@') else {
        return false;
    };
    let is_local_byte = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
    };
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_local_byte);
    value.len() <= 256
        && local.split('.').all(is_atom)
        && host.contains('.')
        && host.split('.').all(is_host_label)
}

fn is_host_label(label: &str) -> bool {
    let is_host_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty()
        && label.bytes().all(is_host_byte)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_organisation(value: &str) -> bool {
    matches!(value.len(), 2..=256)
        && value
            .bytes()
            .all(|byte| is_printable(byte) && !byte.is_ascii_uppercase())
        && !value.starts_with(' ')
        && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(kind: &str, value: &str) -> bool {
        PayerAccount::parse(kind, value).is_ok()
    }

    #[test]
    fn a_bban_is_a_bsb_without_a_hyphen_of_its_own_and_an_account() {
        for good in ["062000-12345678", "000000-1", "123456- !~", "123456-a-b"] {
            assert!(accepts("bban", good), "{good}");
        }
        let long = format!("062000-{}", "1".repeat(29));
        let odd = [
            "",
            "062-000 12345678",
            "06200-1",
            "0620001-1",
            "062000-",
            "06200a-1",
            "062000-é",
        ];
        for bad in odd.into_iter().chain([long.as_str()]) {
            assert!(!accepts("bban", bad), "{bad}");
        }
        assert!(accepts("bban", &long[..long.len() - 1]));
    }

    #[test]
    fn a_phone_payid_has_a_country_code_and_no_leading_zero() {
        for good in ["+61-411222333", "+1-12", "+001-99"] {
            assert!(accepts("alias_phone", good), "{good}");
        }
        let long = format!("+61-{}", "1".repeat(31));
        for bad in [
            "+61-0411222333",
            "61-411222333",
            "+6111-4",
            "+-44",
            "+61-4",
            "+61 411",
            &long,
        ] {
            assert!(!accepts("alias_phone", bad), "{bad}");
        }
    }

    #[test]
    fn an_email_payid_in_upper_case_is_refused() {
        for good in [
            "a@b.co",
            "robin.sample+x@mail.example.com",
            "a!#$%&'*+/=?^_`{|}~-@1.2",
        ] {
            assert!(accepts("alias_email", good), "{good}");
        }
        let odd = [
            "Robin@example.com",
            "robin@Example.com",
            "robin@example",
            "robin@.com",
            "@b.co",
            "a@b..co",
            "a..b@c.de",
            ".a@b.co",
            "a@-b.co",
            "a@b-.co",
            "a@b@c.de",
            "a b@c.de",
        ];
        for bad in odd {
            assert!(!accepts("alias_email", bad), "{bad}");
        }
    }

    #[test]
    fn a_business_number_has_nine_or_eleven_digits() {
        assert!(accepts("alias_abn", "123456789"));
        assert!(accepts("alias_abn", "12345678901"));
        for bad in ["1234567890", "12345678", "12345678a", ""] {
            assert!(!accepts("alias_abn", bad), "{bad}");
        }
    }

    #[test]
    fn an_organisation_payid_has_no_upper_case_and_no_blank_at_its_ends() {
        let longest = "a".repeat(256);
        for good in ["ab", "oligo org", "[~", &longest] {
            assert!(accepts("alias_organisation_identifier", good), "{good}");
        }
        let too_long = "a".repeat(257);
        for bad in ["a", " ab", "ab ", "Oligo org", "a\tb", "é2", &too_long] {
            assert!(!accepts("alias_organisation_identifier", bad), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_of_an_account_is_never_more_than_a_third_of_it() {
        let account = PayerAccount::parse("bban", "062000-12345678").unwrap();
        assert_eq!(account.hint(), "***678");
        assert_eq!(format!("{account:?}"), "PayerAccount(bban ***678)");

        let short = PayerAccount::parse("alias_organisation_identifier", "ab").unwrap();
        assert_eq!(short.hint(), "***");
    }

    #[test]
    fn a_refusal_names_the_rule_and_never_the_value() {
        let refusal = PayerAccount::parse("alias_email", "Secret@Example.com").unwrap_err();
        assert_eq!(refusal.pointer, "/value");
        assert_eq!(refusal.code, "malformed_account");
        assert!(refusal.detail.contains("lower case"));
        assert!(!refusal.to_string().contains("Secret"));

        let refusal = PayerAccount::parse("iban", "x").unwrap_err();
        assert_eq!(
            (refusal.pointer.as_str(), refusal.code),
            ("/type", "unknown_account_type")
        );
        assert!(refusal.detail.contains("alias_organisation_identifier"));
    }
}
