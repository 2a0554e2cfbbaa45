//! I12: every step is an edge of the published graph, and each begins where the last one ended.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::rows::JournalRow;
use crate::violation::Findings;
use crate::{Fence, Violation};

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
        &[
            "scheduled",
            "retrying",
            "collected",
            "failed",
            "missed",
            "cancelled",
        ],
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

/// Whether the step is what a person's answer to a question leads to, and nothing else does.
fn is_an_answer(line: &JournalRow) -> bool {
    let JournalRow {
        subject,
        from_state,
        to_state,
        cause,
        ..
    } = line;
    let step = (from_state.as_str(), to_state.as_str());
    match (cause.as_str(), subject.as_str()) {
        ("collected" | "refunded", "payment") => {
            matches!(step, ("failed" | "rejected" | "abandoned", "settled"))
        }
        ("not_collected" | "collect_again", "payment") => {
            let is_reversed = step == ("settled", "failed");
            is_reversed || matches!(step, ("submitted" | "under_investigation", "rejected"))
        }
        ("provider_is_right", "payment") => matches!(
            step,
            (
                "rejected" | "abandoned",
                "submitted" | "under_investigation" | "failed"
            )
        ),
        ("collected", "instalment") => to_state == "collected",
        ("not_collected", "instalment") => step == ("collected", "failed"),
        ("collect_again", "instalment") => matches!(step, ("collected" | "failed", "retrying")),
        ("paid_elsewhere", "instalment") => step == ("failed", "paid_elsewhere"),
        ("waived", "instalment") => step == ("failed", "waived"),
        _ => false,
    }
}

/// The steps so far: how often each was taken, and where everything stands.
#[derive(Debug, Default)]
pub(crate) struct History {
    stands: HashMap<(String, Uuid), String>,
    stops: HashMap<(String, Uuid), Vec<Fence>>,
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

    /// When this plan was paused, and when the switches of the plan and of the agreement were
    /// closed.
    pub(crate) fn stops_of(&self, plan: Uuid, agreement: Uuid) -> impl Iterator<Item = &Fence> {
        let places = [("plan", plan), ("control", plan), ("control", agreement)];
        let of = |(subject, id): (&str, Uuid)| self.stops.get(&(subject.to_owned(), id));
        places.into_iter().filter_map(of).flatten()
    }

    fn note_stop(&mut self, line: &JournalRow) {
        let place = (line.subject.clone(), line.subject_id);
        let stops = self.stops.entry(place).or_default();
        if let Some(last) = stops.last_mut() {
            last.opened_at.get_or_insert(line.at);
        }
        if line.to_state == "paused" || line.to_state == "closed" {
            stops.push(Fence {
                closed_at: line.at,
                opened_at: None,
            });
        }
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
        if subject == "plan" || subject == "control" {
            self.note_stop(line);
        }
        // Whether a row is attended to at all is no step of what it stands for.
        if from_state == "attended" || from_state == "quarantined" {
            return;
        }
        // The switches of everything and of the provider are told under one id.
        if subject == "control" {
            return;
        }
        found.checked("I12", 1);
        let step = (subject.clone(), from_state.clone(), to_state.clone());
        *self.steps.entry(step).or_default() += 1;
        let place = (subject.clone(), *subject_id);
        let stood = self.stands.insert(place, to_state.clone());
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
        let is_edge = allowed.is_some_and(|(_, tos)| tos.contains(&to_state.as_str()));
        if !is_edge && !is_an_answer(line) {
            let said = format!("{subject} {subject_id} went from {from_state} to {to_state}");
            found.push(Violation::new("I12", said));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn broken(steps: &[(&str, &str)]) -> usize {
        let caused: Vec<_> = steps
            .iter()
            .map(|(from, to)| (*from, *to, "heard"))
            .collect();
        broken_by(&caused)
    }

    fn broken_by(steps: &[(&str, &str, &str)]) -> usize {
        let mut history = History::default();
        let mut found = Findings::default();
        for (from, to, cause) in steps {
            let line = JournalRow {
                id: 1,
                subject: "payment".to_owned(),
                subject_id: Uuid::nil(),
                from_state: (*from).to_owned(),
                to_state: (*to).to_owned(),
                cause: (*cause).to_owned(),
                at: DateTime::UNIX_EPOCH,
            };
            history.take(&line, &mut found);
        }
        found.told().0.len()
    }

    #[test]
    fn a_quarantine_is_no_step() {
        let stood = [("intended", "sending")];
        let held = [("attended", "quarantined"), ("quarantined", "attended")];
        let then = [("sending", "submitted")];
        assert_eq!(broken(&[&stood[..], &held[..], &then[..]].concat()), 0);
    }

    #[test]
    fn what_has_ended_moves_by_a_persons_answer_alone() {
        let settled = [
            ("intended", "sending", "heard"),
            ("sending", "settled", "heard"),
        ];
        let reversed = |cause| [&settled[..], &[("settled", "failed", cause)]].concat();
        assert_eq!(broken_by(&reversed("not_collected")), 0);
        assert_eq!(broken_by(&reversed("collect_again")), 0);
        for cause in ["heard", "collected", "provider_is_right", "waived"] {
            assert_eq!(broken_by(&reversed(cause)), 1, "{cause}");
        }
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
