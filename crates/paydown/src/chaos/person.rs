//! The person who is asked about rows in quarantine: nothing is wrong with them, the processes were killed.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::http::Http;

/// How often they look, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often one row is let go on while processes are killed: what ends those that attend to it by itself stays in
/// quarantine.
const RELEASES_MAX: u32 = 4;

/// The same for a chore: a comparison takes so long that a kill meets it often.
const RELEASES_OF_CHORES_MAX: u32 = 20;

/// The same for either, once nothing is killed any more.
const RELEASES_IN_CALM_MAX: u32 = 1;

/// How often a release is asked for that is not answered.
const TRIES_MAX: u32 = 60;

/// How many questions are read at once.
const PAGE: u64 = 200;

const QUARANTINED: &str = "/v1/exceptions?kind=quarantined&limit=200";

#[derive(Deserialize)]
struct Questions {
    data: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    id: String,
    subject: String,
    subject_id: String,
}

/// Somebody who answers what quarantine asks.
pub(super) struct Person<'a> {
    api: Http,
    shared: &'a Shared,
    /// How often the release was asked for, by the question's id.
    tries: HashMap<String, u32>,
    /// How often each object was let go on, and whether that was in the calm.
    releases: HashMap<(String, bool), u32>,
}

impl<'a> Person<'a> {
    pub(super) fn new(api: Http, shared: &'a Shared) -> Person<'a> {
        Person {
            api,
            shared,
            tries: HashMap::new(),
            releases: HashMap::new(),
        }
    }

    /// Releases what is in quarantine, for as long as it is polled.
    pub(super) async fn answer(&mut self) -> ! {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // An API that was killed is asked again.
            let Ok(open) = self.api.get::<Questions>(QUARANTINED).await else {
                continue;
            };
            let mut kept = 0;
            for question in open.data {
                if self.lets_go_on(&question) {
                    self.release(&question.id).await;
                } else {
                    kept += 1;
                }
            }
            // More than a page is more than anybody waits for.
            let is_hopeless = kept == PAGE;
            self.shared
                .kept
                .set(if is_hopeless { u64::MAX } else { kept });
        }
    }

    /// Whether the kills may explain why it is in quarantine.
    fn lets_go_on(&mut self, question: &Question) -> bool {
        let tries = self.tries.entry(question.id.clone()).or_default();
        *tries += 1;
        if *tries == 1 {
            let is_calm = self.shared.calm.get();
            let object = (question.subject_id.clone(), is_calm);
            *self.releases.entry(object).or_default() += 1;
            self.shared.tally.borrow_mut().quarantined += 1;
        }
        let of = |is_calm| {
            let object = (question.subject_id.clone(), is_calm);
            self.releases.get(&object).copied().unwrap_or_default()
        };
        let most = match question.subject.as_str() {
            "chore" => RELEASES_OF_CHORES_MAX,
            _ => RELEASES_MAX,
        };
        of(false) <= most && of(true) <= RELEASES_IN_CALM_MAX && *tries <= TRIES_MAX
    }

    async fn release(&self, id: &str) {
        let path = format!("/v1/exceptions/{id}/resolution");
        let body = json!({ "resolution": "release", "reason": "its processes were killed" });
        let key = format!("chaos-release-{id}");
        // What was not answered is open still, or closed, at the next look.
        let _unanswered = self.api.post_once::<Value>(&path, &body, &key).await;
    }
}
