//! What a run found.

use serde::Serialize;

use super::case::{Case, Grade, Operation};

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that is expected came.
    Conforms,
    /// Something else came than the provider's OpenAPI file says.
    Differs,
    /// Something else came than is said or inferred elsewhere.
    DiffersInferred,
    /// It was not asked, for what it needs did not come about.
    Skipped,
}

impl Verdict {
    /// One character for it.
    pub const fn mark(self) -> char {
        match self {
            Verdict::Conforms => '✓',
            Verdict::Differs | Verdict::DiffersInferred => '≠',
            Verdict::Skipped => '–',
        }
    }
}

/// Something that came and was not expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: `status`, `codes`, `body`, or a JSON pointer into the body.
    pub at: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub actual: String,
    /// How firmly it was expected.
    pub grade: Grade,
}

/// How one case ended.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The case's id.
    pub id: String,
    /// What should be true: a sentence.
    pub name: String,
    /// Where that is said.
    pub source: String,
    /// What was called.
    pub operation: Operation,
    /// How it ended.
    pub verdict: Verdict,
    /// Everything that differs.
    pub differences: Vec<Difference>,
    /// Why it was skipped, if it was.
    pub reason: Option<String>,
}

impl CaseReport {
    pub(super) fn judged(case: &Case, differences: Vec<Difference>) -> CaseReport {
        let worst = differences.iter().map(|difference| difference.grade).max();
        let verdict = match worst {
            None => Verdict::Conforms,
            Some(Grade::Said) => Verdict::DiffersInferred,
            Some(Grade::Must) => Verdict::Differs,
        };
        CaseReport {
            id: case.id.clone(),
            name: case.name.clone(),
            source: case.source.clone(),
            operation: case.operation,
            verdict,
            differences,
            reason: None,
        }
    }

    pub(super) fn skipped(case: &Case, reason: String) -> CaseReport {
        CaseReport {
            verdict: Verdict::Skipped,
            reason: Some(reason),
            ..CaseReport::judged(case, Vec::new())
        }
    }
}

/// How a whole run ended.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whom it was about.
    pub base_url: String,
    /// What every uid of the run begins with, after `pdc-`.
    pub run: String,
    /// Whether no case differs from what the OpenAPI file says, and all could be asked.
    pub conforms: bool,
    /// Whether it was ended early.
    pub stopped: bool,
    /// How many cases conform.
    pub conforming: usize,
    /// How many differ.
    pub differing: usize,
    /// How many differ from what is only said or inferred.
    pub differing_inferred: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// The uids of agreements the run made and could not cancel.
    pub left_behind: Vec<String>,
    /// Each case, in the order of the run.
    pub cases: Vec<CaseReport>,
}

impl Report {
    pub(super) fn of(
        base_url: &str,
        run: &str,
        cases: Vec<CaseReport>,
        stopped: bool,
        left_behind: Vec<String>,
    ) -> Report {
        let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
        let differing = count(Verdict::Differs);
        Report {
            base_url: base_url.to_owned(),
            run: run.to_owned(),
            conforms: differing == 0 && !stopped,
            stopped,
            conforming: count(Verdict::Conforms),
            differing,
            differing_inferred: count(Verdict::DiffersInferred),
            skipped: count(Verdict::Skipped),
            left_behind,
            cases,
        }
    }
}
