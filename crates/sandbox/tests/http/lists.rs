//! The two lists.

use serde_json::{Value, json};

use crate::rig::{Rig, TOKEN, adhoc, agreement, codes};

fn uids(answer: &Value) -> Vec<&str> {
    let data = answer["data"].as_array().unwrap();
    data.iter()
        .map(|found| found["uid"].as_str().unwrap())
        .collect()
}

/// Three payments on three days; the first one settled, the last one failed.
async fn three_payments() -> Rig {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.activate("A2", adhoc()).await;
    for (uid, of, outcome) in [
        ("P1", "A1", "settle"),
        ("P2", "A2", "pending"),
        ("P3", "A1", "fail"),
    ] {
        rig.pay(uid, of, 100).await;
        let path = format!("/sandbox/payments/{uid}/outcome");
        assert_eq!(rig.post(&path, json!({"outcome": outcome})).await.0, 200);
        rig.pass(86_400).await;
    }
    rig
}

#[tokio::test]
async fn a_list_is_newest_first_and_goes_on_by_its_own_link() {
    let rig = three_payments().await;
    let mut path = "/payto/payments?per_page=2&refunds=included".to_owned();
    let mut pages = Vec::new();
    loop {
        let (status, page) = rig.get(&format!("/v1{path}")).await;
        assert_eq!(status, 200, "{page}");
        pages.push(uids(&page).join(" "));
        let Some(next) = page["links"]["next"].as_str() else {
            break;
        };
        assert!(next.starts_with("/payto/payments?per_page=2&refunds=included&starting_after="));
        next.clone_into(&mut path);
    }
    assert_eq!(pages, ["P3 P2", "P1"]);
    let (_, whole) = rig.get("/v1/payto/payments").await;
    assert_eq!(whole["links"], json!({}));
    assert_eq!(whole["data"][2], rig.payment("P1").await);
}

#[tokio::test]
async fn twenty_are_on_a_page_unless_told_otherwise() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    for number in 0..21 {
        rig.pay(&format!("P{number}"), "A1", 1).await;
    }
    assert_eq!(uids(&rig.get("/v1/payto/payments").await.1).len(), 20);
    assert_eq!(
        uids(&rig.get("/v1/payto/payments?per_page=100").await.1).len(),
        21
    );
}

#[tokio::test]
async fn payments_are_found_by_state_date_agreement_and_kind() {
    let rig = three_payments().await;
    let table = [
        ("state=settled,failed", "P3 P1"),
        ("state=pending", "P2"),
        ("state=", "P3 P2 P1"),
        ("min_created_date=2026-06-02", "P3 P2"),
        ("max_created_date=2026-06-02", "P2 P1"),
        (
            "min_created_date=2026-06-02&max_created_date=2026-06-02",
            "P2",
        ),
        ("agreement_uid=A1", "P3 P1"),
        ("agreement_uid=A1&state=failed", "P3"),
        ("agreement_uid=A9", ""),
        ("refunds=excluded", "P3 P2 P1"),
        ("refunds=only", ""),
    ];
    for (query, expected) in table {
        let (status, answer) = rig.get(&format!("/v1/payto/payments?{query}")).await;
        assert_eq!(
            (status, uids(&answer).join(" ").as_str()),
            (200, expected),
            "{query}"
        );
    }
}

#[tokio::test]
async fn agreements_are_found_by_state_and_date() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.pass(86_400).await;
    rig.propose(agreement("A2", adhoc())).await;
    let table = [
        ("", "A2 A1"),
        ("state=active", "A1"),
        ("state=pending,created", "A2"),
        ("min_created_date=2026-06-02", "A2"),
        ("max_created_date=2026-06-01", "A1"),
    ];
    for (query, expected) in table {
        let (status, answer) = rig.get(&format!("/v1/payto/agreements?{query}")).await;
        assert_eq!(
            (status, uids(&answer).join(" ").as_str()),
            (200, expected),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_named_all_at_once() {
    let rig = three_payments().await;
    let table = [
        ("per_page=0", vec!["ZPPGN00"]),
        ("per_page=101", vec!["ZPPGN00"]),
        ("per_page=ten", vec!["ZPPGN00"]),
        ("starting_after=P1", vec!["ZPPGN00"]),
        (
            "starting_after=6f6c6967-6f2d-7061-0000-000000000003",
            vec!["ZPPGN00"],
        ),
        ("state=settled,gone", vec!["ZPUNP00"]),
        ("min_created_date=2026-6-1", vec!["ZPUNP00"]),
        ("refunds=some", vec!["ZPUNP00"]),
        (
            "per_page=0&state=gone&max_created_date=x",
            vec!["ZPPGN00", "ZPUNP00", "ZPUNP00"],
        ),
    ];
    for (query, expected) in table {
        let answer = rig.get(&format!("/v1/payto/payments?{query}")).await;
        assert_eq!((answer.0, codes(&answer)), (422, expected), "{query}");
    }
    assert_eq!(rig.get("/v1/payto/agreements?per_page=0").await.0, 422);
}

#[tokio::test]
async fn a_list_wants_the_token() {
    let rig = Rig::start().await;
    for list in ["agreements", "payments"] {
        let request = rig.http.get(format!("{}/v1/payto/{list}", rig.base));
        let answer = request
            .bearer_auth(format!("{TOKEN}x"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
    }
}
