//! The README's own lines, sent as they stand there.

use serde_json::{Value, json};

use crate::rig::{Rig, adhoc, agreement};

const README: &str = include_str!("../../README.md");

/// Method, path and body of every `get`, `put` and `post` line.
fn calls() -> Vec<(&'static str, &'static str, Option<Value>)> {
    let lines = README.lines().map(|line| line.split("  #").next().unwrap());
    let read = |line: &'static str| {
        let (verb, rest) = line.trim().split_once(' ')?;
        let verb = ["get", "put", "post"]
            .into_iter()
            .find(|known| *known == verb)?;
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let body = body.trim().trim_matches('\'');
        let body = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
        Some((verb, path.trim_matches('\''), body))
    };
    lines.filter_map(read).collect()
}

#[tokio::test]
async fn every_line_of_the_readme_does_what_it_says() {
    let rig = Rig::start().await;
    let calls = calls();
    assert_eq!(calls.len(), 32);
    for (verb, path, body) in calls {
        if body == Some(json!({"decision": "approve"})) {
            assert_eq!(rig.propose(agreement("AGR-1", adhoc())).await.0, 201);
            rig.pass(1).await;
        }
        if path.ends_with("/account") {
            let reactivate = json!({"decision": "reactivate"});
            rig.post("/sandbox/agreements/AGR-1/decision", reactivate)
                .await;
            assert_eq!(rig.pay("PAY-1", "AGR-1", 100).await.0, 201);
        }
        let whole = format!("/sandbox{path}");
        let (status, answer) = match verb {
            "get" => rig.get(&whole).await,
            "put" => rig.put(&whole, body.unwrap()).await,
            _ => rig.post(&whole, body.unwrap_or(Value::Null)).await,
        };
        assert!(
            (200..300).contains(&status),
            "{verb} {path}: {status} {answer}"
        );
    }
    let ledger = rig.ledger().await;
    assert_eq!(ledger["payments"][0]["failure_code"], "AM21");
    assert_eq!(ledger["agreements"][0]["state"], "active");
}
