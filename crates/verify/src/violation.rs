//! A broken law, and where; and how often each law was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use uuid::Uuid;

/// Every law that is checked, by its number: what has to hold.
pub const LAWS: [(&str, &str); 16] = [
    ("I1", "an instalment has one success at most"),
    (
        "I1'",
        "nothing is sent for a plan that is frozen for a person",
    ),
    (
        "I2",
        "no payment is sent while an earlier one may yet collect",
    ),
    ("I3", "every payment of the bank is ours, and was foreseen"),
    ("I4", "a uid and a body are what they were foreseen to be"),
    (
        "I5",
        "no period holds more payments than the agreement allows",
    ),
    ("I6", "every amount is one that the terms allow"),
    ("I7", "every submission lies within the agreement's dates"),
    ("I8", "nothing is sent after a stop"),
    ("I9", "no instalment is lost"),
    ("I10", "what we hold, the bank says too"),
    ("I11", "what is collected is what has settled"),
    ("I12", "every step is one of the published graph"),
    (
        "I21",
        "slots are held by what may hold them, in real periods",
    ),
    ("I22", "submissions and failures keep to their budgets"),
    ("I28", "nothing is sent before it is due"),
];

/// One law that does not hold, of one plan, instalment or payment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

/// What was found, and how often each law was looked at.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    broken: BTreeSet<Violation>,
    checked: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// Notes that a law is looked at `times` more.
    pub(crate) fn checked(&mut self, law: &'static str, times: usize) {
        *self.checked.entry(law).or_default() += times as u64;
    }

    /// Notes a law that does not hold.
    pub(crate) fn push(&mut self, violation: Violation) {
        self.broken.insert(violation);
    }

    /// Each violation once, in a fixed order, and how often each law was looked at.
    pub(crate) fn told(self) -> (Vec<Violation>, BTreeMap<&'static str, u64>) {
        (self.broken.into_iter().collect(), self.checked)
    }
}
