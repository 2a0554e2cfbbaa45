//! A broken law, and where.

use std::fmt;

use uuid::Uuid;

/// One law that does not hold, of one plan, instalment or payment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which law, such as `I5`.
    pub invariant: &'static str,
    /// What is the case instead, in a sentence.
    pub detail: String,
    /// The plan, where it is known.
    pub plan: Option<Uuid>,
    /// The instalment, where it is known.
    pub instalment: Option<Uuid>,
    /// The uids at the bank.
    pub uids: Vec<String>,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, detail: impl Into<String>) -> Violation {
        Violation {
            invariant,
            detail: detail.into(),
            plan: None,
            instalment: None,
            uids: Vec::new(),
        }
    }

    pub(crate) fn of_plan(mut self, plan: Uuid) -> Violation {
        self.plan = Some(plan);
        self
    }

    pub(crate) fn of_instalment(mut self, instalment: Uuid) -> Violation {
        self.instalment = Some(instalment);
        self
    }

    pub(crate) fn of_uid(mut self, uid: impl Into<String>) -> Violation {
        self.uids.push(uid.into());
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)?;
        if let Some(plan) = self.plan {
            write!(f, "; plan {plan}")?;
        }
        if let Some(instalment) = self.instalment {
            write!(f, "; instalment {instalment}")?;
        }
        if !self.uids.is_empty() {
            write!(f, "; {}", self.uids.join(", "))?;
        }
        Ok(())
    }
}
