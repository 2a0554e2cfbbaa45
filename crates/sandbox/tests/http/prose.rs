//! Oligo's own prose examples, with the address and the token replaced.

use serde_json::{Value, json};

use crate::rig::Rig;
use sandbox::{Decision, SandboxConfig};

/// The prose shows fields that the schema has not; the accounts of its examples approve at once.
async fn as_the_prose_has_it() -> Rig {
    let rig = Rig::with(SandboxConfig {
        start_at: Some("2026-06-01T00:00:00Z".parse().unwrap()),
        payers: Decision::Approve,
        ..SandboxConfig::new(crate::rig::TOKEN)
    })
    .await;
    rig.put("/sandbox/settings", json!({"prose_fields": true}))
        .await;
    rig
}

fn proposal(terms: Value) -> Value {
    json!({
        "uid": "AGR-1",
        "purpose": "loan",
        "description": "Monthly subscription for premium plan",
        "debtor": {
            "party_name": "John Doe",
            "account_identifier": {"type": "bban", "value": "123456-78901234"},
        },
        "payment_terms": terms,
    })
}

/// Whether every key of `example`, at any depth, is a key of `answer`.
fn has_keys(answer: &Value, example: &Value) -> bool {
    let Some(example) = example.as_object() else {
        return true;
    };
    let mut keys = example.iter();
    keys.all(|(key, inner)| answer.get(key).is_some_and(|found| has_keys(found, inner)))
}

#[tokio::test]
async fn the_agreement_of_the_prose_is_answered_as_it_shows_and_becomes_active() {
    let rig = as_the_prose_has_it().await;
    let terms = json!({
        "type": "fixed",
        "frequency": "monthly",
        "amount": 5000,
        "first_payment_date": "2026-07-01",
        "last_payment_date": "2027-06-01",
    });
    let (status, answer) = rig.propose(proposal(terms)).await;
    assert_eq!(status, 201, "{answer}");
    let party = json!({
        "party_name": "", "ultimate_party_name": "",
        "account_identifier": {"type": "", "value": ""},
    });
    let example = json!({"data": {
        "uid": "", "state": "", "created_at": "", "purpose": "",
        "payment_terms": {
            "type": "", "frequency": "", "count": 1, "max_amount": null, "amount": 5000,
            "first_payment_date": "", "last_payment_date": "",
        },
        "debtor": party, "creditor": party,
        "initiator": {"name": "", "legal_name": "", "abn": ""},
        "description": "", "validity_start_date": "", "validity_end_date": null,
        "state_caused_by": "", "links": {"self": ""},
    }});
    assert!(has_keys(&answer, &example), "{answer}");
    let data = &answer["data"];
    assert_eq!(
        (&data["state"], &data["state_caused_by"]),
        (&json!("pending"), &json!("initiator"))
    );
    assert_eq!(
        (&data["payment_terms"]["count"], &data["validity_end_date"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(data["created_at"], "2026-06-01T10:00:00+10:00");
    assert_eq!(data["links"]["self"], "/payto/agreements/AGR-1");
    rig.pass(1).await;
    assert_eq!(rig.agreement_state("AGR-1").await, "active");
}

#[tokio::test]
async fn the_payment_of_the_prose_is_answered_as_it_shows_and_settles() {
    let rig = as_the_prose_has_it().await;
    let terms = json!({"type": "variable", "frequency": "monthly", "max_amount": 5000});
    rig.propose(proposal(terms)).await;
    rig.pass(1).await;
    let body = json!({
        "uid": "PAY-1", "agreement_uid": "AGR-1", "amount": 2888, "priority": "unattended",
    });
    let (status, answer) = rig.post("/v1/payto/payments", body).await;
    assert_eq!(status, 201, "{answer}");
    let data = &answer["data"];
    assert_eq!(
        (&data["state"], &data["amount"]),
        (&json!("created"), &json!(2888))
    );
    assert_eq!(
        data["creditor"]["account_identifier"]["value"],
        "123456-98765432"
    );
    assert_eq!(data["debtor"]["ultimate_party_name"], "John Doe");
    assert_eq!(data["links"]["self"], "/payto/payments/PAY-1");
    assert_eq!(data["links"]["agreement"], "/payto/agreements/AGR-1");
    rig.pass(3).await;
    assert_eq!(rig.payment_state("PAY-1").await, "settled");
}

#[tokio::test]
async fn the_schema_is_kept_unless_the_prose_is_asked_for() {
    let rig = Rig::start().await;
    rig.activate("A1", crate::rig::adhoc()).await;
    let (_, agreement) = rig.get("/v1/payto/agreements/A1").await;
    rig.pay("P1", "A1", 100).await;
    let payment = rig.payment("P1").await;
    for answer in [&agreement["data"], &payment] {
        assert!(answer.get("creditor").is_none() && answer.get("initiator").is_none());
    }
}
