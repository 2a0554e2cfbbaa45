//! I12: every step is an edge of the published graph, and each begins where the last one ended.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::Violation;
use crate::rows::JournalRow;
use crate::violation::Findings;

/// Where a payment may go from where; written down again here, on purpose.
const PAYMENT_EDGES: &[(&str, &[&str])] = &[
    (
        "intended",
        &[
            "sending",
            "unknown",
            "submitted",
            "under_investigation",
            "settled",
            "failed",
            "abandoned",
        ],
    ),
    (
        "sending",
        &[
            "intended",
            "unknown",
            "submitted",
            "under_investigation",
            "settled",
            "failed",
            "rejected",
        ],
    ),
    (
        "unknown",
        &[
            "intended",
            "submitted",
            "under_investigation",
            "settled",
            "failed",
            "rejected",
        ],
    ),
    ("submitted", &["under_investigation", "settled", "failed"]),
    ("under_investigation", &["settled", "failed"]),
    // By its own retry.
    ("failed", &["sending"]),
    ("settled", &[]),
    ("rejected", &[]),
    ("abandoned", &[]),
];

const INSTALMENT_EDGES: &[(&str, &[&str])] = &[
    (
        "scheduled",
        &[
            "collecting",
            "retrying",
            "collected",
            "missed",
            "failed",
            "waived",
            "cancelled",
            "paid_elsewhere",
        ],
    ),
    (
        "collecting",
        &["scheduled", "retrying", "collected", "failed", "missed"],
    ),
    (
        "retrying",
        &[
            "collecting",
            "collected",
            "missed",
            "failed",
            "waived",
            "cancelled",
            "paid_elsewhere",
        ],
    ),
    ("collected", &[]),
    ("missed", &[]),
    ("failed", &[]),
    ("waived", &[]),
    ("cancelled", &[]),
    ("paid_elsewhere", &[]),
];

/// The steps so far: how often each was taken, and where everything stands.
#[derive(Debug, Default)]
pub(crate) struct History {
    stands: HashMap<Uuid, String>,
    steps: BTreeMap<(String, String, String), u64>,
}

impl History {
    pub(crate) fn steps(&self) -> &BTreeMap<(String, String, String), u64> {
        &self.steps
    }

    /// The edges of the graph that nothing has taken yet, as `payment: sending > unknown`.
    pub(crate) fn untaken(&self) -> Vec<String> {
        let graphs = [("payment", PAYMENT_EDGES), ("instalment", INSTALMENT_EDGES)];
        let mut untaken = Vec::new();
        for (subject, edges) in graphs {
            for (from, tos) in edges {
                for to in *tos {
                    let step = (subject.to_owned(), (*from).to_owned(), (*to).to_owned());
                    if !self.steps.contains_key(&step) {
                        untaken.push(format!("{subject}: {from} > {to}"));
                    }
                }
            }
        }
        untaken
    }

    pub(crate) fn take(&mut self, line: &JournalRow, found: &mut Findings) {
        let JournalRow {
            subject,
            subject_id,
            from_state,
            to_state,
            ..
        } = line;
        if from_state == to_state {
            return;
        }
        found.checked("I12", 1);
        let step = (subject.clone(), from_state.clone(), to_state.clone());
        *self.steps.entry(step).or_default() += 1;
        let stood = self.stands.insert(*subject_id, to_state.clone());
        if let Some(stood) = stood.filter(|stood| stood != from_state) {
            let said = format!("{subject} {subject_id} went from {from_state}, but stood {stood}");
            found.push(Violation::new("I12", said));
        }
        let graph = match subject.as_str() {
            "payment" => PAYMENT_EDGES,
            "instalment" => INSTALMENT_EDGES,
            _ => return,
        };
        let allowed = graph.iter().find(|(from, _)| from == from_state);
        if !allowed.is_some_and(|(_, tos)| tos.contains(&to_state.as_str())) {
            let said = format!("{subject} {subject_id} went from {from_state} to {to_state}");
            found.push(Violation::new("I12", said));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(steps: &[(&str, &str)]) -> usize {
        let mut history = History::default();
        let mut found = Findings::default();
        for (from, to) in steps {
            let line = JournalRow {
                id: 1,
                subject: "payment".to_owned(),
                subject_id: Uuid::nil(),
                from_state: (*from).to_owned(),
                to_state: (*to).to_owned(),
            };
            history.take(&line, &mut found);
        }
        found.told().0.len()
    }

    #[test]
    fn a_settled_payment_that_moves_or_one_that_jumps_is_told() {
        assert_eq!(
            broken(&[("intended", "sending"), ("sending", "settled")]),
            0
        );
        assert_eq!(broken(&[("settled", "failed")]), 1);
        assert_eq!(
            broken(&[("intended", "sending"), ("unknown", "settled")]),
            1
        );
    }
}
