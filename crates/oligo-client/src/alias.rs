//! Alias resolution: the name behind a PayID, asked before an agreement names it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::account::AccountKind;
use crate::check::{Checker, FieldProblem, Problem};

/// The person on whose behalf a PayID is looked up. Its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The caller's stable id of the person, in uid form. Oligo counts look-ups by it.
    pub id: String,
    /// The person's own address, not a server's. Oligo counts look-ups by it.
    pub remote_ip: IpAddr,
}

impl fmt::Debug for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requester").finish_non_exhaustive()
    }
}

/// The body that asks for the name behind a PayID. Its `Debug` leaves the PayID out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveAlias {
    /// What the value is; `type` on the wire. Any kind but a bank account.
    #[serde(rename = "type")]
    pub kind: AccountKind,
    /// The PayID, in the form of its kind.
    pub value: String,
    /// On whose behalf it is looked up.
    pub requester: Requester,
}

impl ResolveAlias {
    /// Checks every limit Oligo states.
    ///
    /// # Errors
    ///
    /// Names every wrong field, in the order of the body.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        checker.unless(self.kind.is_alias(), "type", Problem::NotAllowed);
        checker.unless(self.kind.takes(&self.value), "value", Problem::WrongForm);
        checker.uid("requester.id", &self.requester.id);
        checker.finish()
    }
}

impl fmt::Debug for ResolveAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolveAlias")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The name behind a PayID. Its `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedAlias {
    /// To be compared with the customer's record; Oligo forbids showing it to the customer.
    pub display_name: String,
}

impl fmt::Debug for ResolvedAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedAlias").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_account_is_not_looked_up() {
        let request = ResolveAlias {
            kind: AccountKind::Bban,
            value: "123456-98765432".to_owned(),
            requester: Requester {
                id: "user_1".to_owned(),
                remote_ip: [192, 0, 2, 146].into(),
            },
        };
        let problems = request.validate().unwrap_err();
        assert_eq!(problems[0].problem, Problem::NotAllowed);
    }
}
