//! Account identifiers, the shapes Oligo gives them, and the branch numbers that mean trouble.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::complaint::{
    ACCOUNT_RESERVED, ACCOUNT_ZEROES, BRANCH_UNKNOWN, CREDITOR_BRANCH_UNKNOWN, CREDITOR_INVALID,
    CREDITOR_RESERVED, CREDITOR_ZEROES, Complaint, PAYTO_UNSUPPORTED,
};
use crate::words::AccountKind;

/// A payer's account as typed by the initiator: BSB and number, or a PayID.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    #[serde(rename = "type")]
    pub(crate) kind: AccountKind,
    pub(crate) value: String,
}

/// The branch that no bank has.
const BRANCH_INVALID: &str = "100000";
/// The branch of a bank whose customers cannot pay by PayTo.
const BRANCH_WITHOUT_PAYTO: &str = "100001";
/// The branch of a bank that takes no credits over the NPP.
const BRANCH_WITHOUT_CREDITS: &str = "100002";
/// The account number this bank keeps for itself.
const NUMBER_RESERVED: &str = "999999999";

static BBAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{6}-[ -~]{1,28}$"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\+[0-9]{1,3}-[1-9][0-9]{1,29}$"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let word = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
    let label = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
    pattern(&format!(r"^{word}(?:\.{word})*@(?:{label}\.)+{label}$"))
});
static ABN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[0-9]{9}|[0-9]{11})$"));
static ORGANISATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[!-@\[-~][ -@\[-~]{0,254}[!-@\[-~]$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern compiles")
}

impl Account {
    /// Whether the value has the shape its kind asks for.
    pub(crate) fn is_well_formed(&self) -> bool {
        let shape = match self.kind {
            AccountKind::Bban => &BBAN,
            AccountKind::Phone => &PHONE,
            AccountKind::Email => &EMAIL,
            AccountKind::Abn => &ABN,
            AccountKind::Organisation => &ORGANISATION,
        };
        shape.is_match(&self.value)
    }

    /// Whether the value has the shape of any kind at all.
    pub(crate) fn fits_some_kind(value: &str) -> bool {
        let shapes = [&BBAN, &PHONE, &EMAIL, &ABN, &ORGANISATION];
        shapes.iter().any(|shape| shape.is_match(value))
    }

    pub(crate) fn is_alias(&self) -> bool {
        self.kind != AccountKind::Bban
    }

    /// What is wrong with this account as the account of a payer.
    pub(crate) fn debtor_complaints(&self) -> Vec<Complaint> {
        let rules = [
            (BRANCH_INVALID, BRANCH_UNKNOWN),
            (BRANCH_WITHOUT_PAYTO, PAYTO_UNSUPPORTED),
        ];
        self.complaints(&rules, ACCOUNT_ZEROES, ACCOUNT_RESERVED)
    }

    /// What is wrong with this account as the account that receives.
    pub(crate) fn creditor_complaints(&self) -> Vec<Complaint> {
        let rules = [
            (BRANCH_INVALID, CREDITOR_BRANCH_UNKNOWN),
            (BRANCH_WITHOUT_CREDITS, CREDITOR_INVALID),
        ];
        self.complaints(&rules, CREDITOR_ZEROES, CREDITOR_RESERVED)
    }

    fn complaints(
        &self,
        branches: &[(&str, Complaint)],
        zeroes: Complaint,
        reserved: Complaint,
    ) -> Vec<Complaint> {
        let Some((branch, number)) = self.value.split_once('-').filter(|_| !self.is_alias()) else {
            return Vec::new();
        };
        let mut complaints: Vec<Complaint> = branches
            .iter()
            .filter(|(magic, _)| *magic == branch)
            .map(|(_, complaint)| complaint.clone())
            .collect();
        if number.bytes().all(|byte| byte == b'0') {
            complaints.push(zeroes);
        }
        if number == NUMBER_RESERVED {
            complaints.push(reserved);
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(kind: AccountKind, value: &str) -> Account {
        Account {
            kind,
            value: value.to_owned(),
        }
    }

    #[test]
    fn each_kind_of_identifier_has_its_own_shape() {
        let table = [
            (AccountKind::Bban, "062000-12345678", true),
            (AccountKind::Bban, "062-000-12345678", false),
            (AccountKind::Bban, "06200-12345678", false),
            (AccountKind::Bban, "062000-", false),
            (AccountKind::Phone, "+61-411222333", true),
            (AccountKind::Phone, "+61-0411222333", false),
            (AccountKind::Phone, "0411222333", false),
            (AccountKind::Email, "robin@example.com", true),
            (AccountKind::Email, "Robin@example.com", false),
            (AccountKind::Email, "robin@example", false),
            (AccountKind::Abn, "123456789", true),
            (AccountKind::Abn, "12345678901", true),
            (AccountKind::Abn, "1234567890", false),
            (AccountKind::Organisation, "oligo org", true),
            (AccountKind::Organisation, "Oligo org", false),
            (AccountKind::Organisation, " oligo", false),
        ];
        for (kind, value, expected) in table {
            assert_eq!(
                account(kind, value).is_well_formed(),
                expected,
                "{} {value}",
                kind.word()
            );
        }
    }

    #[test]
    fn an_all_zero_account_on_an_unknown_branch_is_refused_twice() {
        let found = account(AccountKind::Bban, "100000-00000").debtor_complaints();
        let codes: Vec<&str> = found.iter().map(|complaint| complaint.code).collect();
        assert_eq!(codes, ["ZPAGR14", "ZPAGR12"]);
    }

    #[test]
    fn an_alias_has_no_branch_to_be_refused_for() {
        let found = account(AccountKind::Phone, "+100000-1").debtor_complaints();
        assert!(found.is_empty());
    }
}
