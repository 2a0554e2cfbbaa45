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
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::AccountKind;
    ///
    /// assert_eq!(AccountKind::AliasPhone.as_str(), "alias_phone");
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::AccountKind;
    ///
    /// assert_eq!(AccountKind::parse("bban"), Some(AccountKind::Bban));
    /// assert_eq!(AccountKind::parse("iban"), None);
    /// ```
    pub fn parse(text: &str) -> Option<AccountKind> {
        AccountKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
    }

    /// What a value of this kind looks like, for a person who wrote one that does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::AccountKind;
    ///
    /// assert_eq!(AccountKind::AliasAbn.rule(), "a business-number PayID has 9 or 11 digits");
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::PayerAccount;
    ///
    /// assert!(PayerAccount::parse("alias_phone", "+61-411222333").is_ok());
    /// let refused = PayerAccount::parse("alias_phone", "0411 222 333").unwrap_err();
    /// assert_eq!((refused.pointer.as_str(), refused.code), ("/value", "malformed_account"));
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::{AccountKind, PayerAccount};
    ///
    /// let account = PayerAccount::parse("alias_email", "robin@example.com").expect("well-formed");
    /// assert_eq!(account.kind(), AccountKind::AliasEmail);
    /// ```
    pub const fn kind(&self) -> AccountKind {
        self.kind
    }

    /// The account in full. For the provider alone: never for a log, a list or an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::PayerAccount;
    ///
    /// let account = PayerAccount::parse("bban", "062000-12345678").expect("well-formed");
    /// assert_eq!(account.value(), "062000-12345678");
    /// ```
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What lists may show: the last characters, at most three and at most a third of them all.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::account::PayerAccount;
    ///
    /// let account = PayerAccount::parse("bban", "062000-12345678").expect("well-formed");
    /// assert_eq!(account.hint(), "***678");
    /// ```
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
mod tests;
