//! What happened, a line a step: hashed as a whole, and remembered at its end.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The lines that are remembered.
const TAIL: usize = 60;

/// The story of one storm. Two storms of one seed have the same hash.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    digest: Sha256,
    tail: VecDeque<String>,
    steps: u64,
}

impl Trace {
    pub(crate) fn line(&mut self, at: DateTime<Utc>, said: &str) {
        let line = format!("{} {said}", at.format("%FT%TZ"));
        tracing::trace!(target: "storm", "{line}");
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        self.steps += 1;
        if TAIL <= self.tail.len() {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    pub(crate) fn hash(&self) -> String {
        HEXLOWER.encode(&self.digest.clone().finalize())
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn tail(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }
}
