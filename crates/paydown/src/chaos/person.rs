//! The person who is asked about rows in quarantine: nothing is wrong with them, the processes were killed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::http::Http;

/// How often they look, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

const QUARANTINED: &str = "/v1/exceptions?kind=quarantined&limit=200";

#[derive(Deserialize)]
struct Questions {
    data: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    id: String,
}

/// Releases what is in quarantine, for as long as it is polled.
pub(super) async fn answer(api: &Http, shared: &Shared) -> ! {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // An API that was killed is asked again.
        let Ok(open) = api.get::<Questions>(QUARANTINED).await else {
            continue;
        };
        for question in open.data {
            release(api, &question.id, shared).await;
        }
    }
}

async fn release(api: &Http, id: &str, shared: &Shared) {
    let path = format!("/v1/exceptions/{id}/resolution");
    let body = json!({ "resolution": "release", "reason": "its processes were killed" });
    let key = format!("chaos-release-{id}");
    if api.post_once::<Value>(&path, &body, &key).await.is_ok() {
        shared.tally.borrow_mut().released += 1;
    }
}
