//! What chaos says when it is over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::Options;
use crate::laws::Findings;

/// The longest that the rows of a killed worker should wait, but for one in a hundred.
const RECOVERED_WITHIN_MS: u64 = 30_000;

/// What was broken, and how often.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Workers killed.
    pub kills_of_workers: u64,
    /// Times that the API was killed.
    pub kills_of_api: u64,
    /// Processes that ended without being killed; each was started again.
    pub ended_by_themselves: u64,
    /// Times that PostgreSQL was crashed.
    pub restarts: u64,
    /// Times that a worker was halted for longer than its lease.
    pub freezes: u64,
    /// Times that every lease was wiped while some were held.
    pub wipes: u64,
    /// Leases wiped.
    pub leases_wiped: u64,
    /// Rows that ended three processes in a row, as it seemed, and were left to a person.
    pub quarantined: u64,
    /// Of those, there still in the end.
    pub kept: u64,
}

impl Tally {
    /// Processes killed.
    #[must_use]
    pub fn kills(&self) -> u64 {
        self.kills_of_workers + self.kills_of_api
    }
}

/// How long the rows of killed workers waited until they were finished or taken up by another, on the bank's clock.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Recovery {
    /// Rows that killed workers held.
    pub rows: u64,
    /// Of those, rows that nobody has taken up.
    pub waiting: u64,
    /// The median, in milliseconds.
    pub p50_ms: u64,
    /// All but one in a hundred took no longer, in milliseconds.
    pub p99_ms: u64,
    /// The longest, in milliseconds.
    pub max_ms: u64,
    /// How long all but one in a hundred may take, in milliseconds.
    pub target_ms: u64,
}

impl Recovery {
    pub(super) fn of(mut took_ms: Vec<u64>, waiting: u64) -> Recovery {
        took_ms.sort_unstable();
        let rank = |percent: usize| {
            let place = (took_ms.len() * percent).div_ceil(100).saturating_sub(1);
            took_ms.get(place).copied().unwrap_or(0)
        };
        Recovery {
            rows: took_ms.len() as u64 + waiting,
            waiting,
            p50_ms: rank(50),
            p99_ms: rank(99),
            max_ms: rank(100),
            target_ms: RECOVERED_WITHIN_MS,
        }
    }
}

/// Everything about chaos that is over.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub is_well: bool,
    /// The seed of the dice.
    pub seed: u64,
    /// Instalments that came due.
    pub collections: u64,
    /// Of those, collected.
    pub collected: u64,
    /// Instalments by the state in which they ended.
    pub instalments: BTreeMap<String, u64>,
    /// Collected more than once, or sent while another was under way.
    pub double: u64,
    /// Ended without being collected, looked at by nothing, or acknowledged and not there.
    pub lost: u64,
    /// Outside an agreement: count, amount, dates, budgets.
    pub outside: u64,
    /// Still open at the end.
    pub undecided: u64,
    /// What was broken.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long killed workers' rows waited.
    pub recovery: Recovery,
    /// How often each of the provider's misfortunes struck.
    pub provider: Value,
    /// Real time, in milliseconds.
    pub took_ms: u64,
    /// Where the logs and the database are, if something is wrong.
    pub kept_in: Option<PathBuf>,
    /// Every law as it was found.
    pub findings: Findings,
}

impl Report {
    pub(super) fn new(
        options: &Options,
        tally: Tally,
        recovery: Recovery,
        instalments: BTreeMap<String, u64>,
        plans_gone: u64,
        struck: Value,
        findings: Findings,
    ) -> Report {
        let count = |states: &[&str]| -> u64 {
            let counted = states.iter().filter_map(|state| instalments.get(*state));
            counted.sum()
        };
        let collected = count(&["collected"]);
        let undecided = count(&["scheduled", "collecting", "retrying"]);
        let ended: u64 = options.collections.saturating_sub(collected + undecided);
        let mut report = Report {
            is_well: false,
            seed: options.seed,
            collections: options.collections,
            collected,
            double: findings.count(&["I1", "I2"]),
            lost: findings.count(&["I9"]) + ended + plans_gone,
            outside: findings.count(&["I5", "I6", "I7", "I21", "I22", "I28"]),
            undecided,
            instalments,
            tally,
            recovery,
            provider: struck,
            took_ms: 0,
            kept_in: None,
            findings,
        };
        let wrong =
            report.double + report.lost + report.outside + report.undecided + report.tally.kept;
        report.is_well = wrong == 0 && report.findings.holds && recovery.waiting == 0;
        report
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.is_well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let recovery = Recovery::of((1..=200).rev().collect(), 3);
        assert_eq!(
            (recovery.p50_ms, recovery.p99_ms, recovery.max_ms),
            (100, 198, 200)
        );
        assert_eq!((recovery.rows, recovery.waiting), (203, 3));
        assert_eq!(Recovery::of(Vec::new(), 0).max_ms, 0);
    }
}
