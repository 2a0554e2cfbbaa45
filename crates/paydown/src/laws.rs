//! The laws as they were found: how often each was looked at, and where one does not hold.

use std::collections::BTreeMap;

use serde::Serialize;
use verify::{LAWS, Violation};

use crate::output;

/// One law, and how it was found.
#[derive(Clone, Debug, Serialize)]
pub struct Law {
    /// Its number, such as `I5`.
    pub law: &'static str,
    /// What has to hold.
    pub says: &'static str,
    /// How often it was looked at.
    pub checked: u64,
    /// How often it does not hold.
    pub violations: u64,
}

/// Every law as it was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// Whether all of them hold.
    pub holds: bool,
    /// Each law, in the order of [`LAWS`].
    pub laws: Vec<Law>,
    /// Where one does not hold.
    pub violations: Vec<Violation>,
}

impl Findings {
    /// What was found, with how often each law was looked at.
    pub fn new(violations: Vec<Violation>, checked: &BTreeMap<&'static str, u64>) -> Findings {
        let laws = LAWS.iter().map(|(law, says)| Law {
            law,
            says,
            checked: checked.get(law).copied().unwrap_or(0),
            violations: of(&violations, &[law]),
        });
        Findings {
            holds: violations.is_empty(),
            laws: laws.collect(),
            violations,
        }
    }

    /// How often laws among these do not hold.
    pub fn count(&self, laws: &[&str]) -> u64 {
        of(&self.violations, laws)
    }

    /// Prints them as a table, and where one does not hold in lines below it.
    ///
    /// # Errors
    ///
    /// Fails when nothing can be written.
    pub fn print(&self) -> std::io::Result<()> {
        let rows = self.laws.iter().map(|law| {
            let verdict = match law.violations {
                0 if law.checked == 0 => "nothing to look at".to_owned(),
                0 => "holds".to_owned(),
                broken => format!("BROKEN {broken} times"),
            };
            let checked = law.checked.to_string();
            vec![law.law.to_owned(), law.says.to_owned(), checked, verdict]
        });
        output::table(&["LAW", "WHAT HAS TO HOLD", "CHECKED", ""], rows)?;
        for violation in &self.violations {
            output::text(&format!("VIOLATION {violation}"))?;
        }
        Ok(())
    }
}

fn of(violations: &[Violation], laws: &[&str]) -> u64 {
    let broken = violations
        .iter()
        .filter(|violation| laws.contains(&violation.invariant));
    broken.count() as u64
}
