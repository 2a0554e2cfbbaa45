//! Every reason for which a payment fails or an agreement ends, told and shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::rig::{Receiver, Rig, adhoc, agreement};

async fn listening() -> (Rig, Receiver) {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    (rig, receiver)
}

/// The codes of a role.
async fn codes_of(rig: &Rig, role: &str) -> Vec<String> {
    let (_, known) = rig.get("/sandbox/codes").await;
    let codes = known[role].as_array().unwrap();
    codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// An agreement with an account of its own, in the bank and unanswered.
async fn propose(rig: &Rig, uid: &str, number: usize) {
    let mut body = agreement(uid, adhoc());
    body["debtor"]["account_identifier"]["value"] = json!(format!("062000-{}", 1_000 + number));
    assert_eq!(rig.propose(body).await.0, 201);
    rig.pass(1).await;
}

async fn decide(rig: &Rig, uid: &str, body: Value) {
    let path = format!("/sandbox/agreements/{uid}/decision");
    let (status, answer) = rig.post(&path, body).await;
    assert_eq!(status, 200, "{answer}");
}

async fn shown(rig: &Rig, uid: &str) -> (String, Value) {
    let (_, answer) = rig.get(&format!("/v1/payto/agreements/{uid}")).await;
    let data = &answer["data"];
    (
        data["state"].as_str().unwrap().to_owned(),
        data["state_reason"].clone(),
    )
}

/// The reasons told with events of a kind, by code; each agreement has told once.
fn told(receiver: &Receiver, kind: &str) -> BTreeMap<String, Value> {
    let events = receiver.seen();
    let of_kind = events.iter().filter(|event| event.kind() == kind);
    of_kind
        .map(|event| event.body["data"]["body"]["reason"].clone())
        .map(|reason| (reason["code"].as_str().unwrap().to_owned(), reason))
        .collect()
}

#[tokio::test]
async fn every_failure_of_a_payment_is_told_and_shown_alike() {
    let (rig, receiver) = listening().await;
    rig.activate("A1", adhoc()).await;
    let codes = codes_of(&rig, "payment_failures").await;
    assert_eq!(codes.len(), 72);
    for code in &codes {
        assert_eq!(rig.pay(code, "A1", 100).await.0, 201);
        let path = format!("/sandbox/payments/{code}/outcome");
        let body = json!({"outcome": "fail", "code": code});
        assert_eq!(rig.post(&path, body).await.0, 200, "{code}");
    }
    receiver.wait_for(1 + codes.len()).await;
    let mut retryable = Vec::new();
    for event in receiver
        .seen()
        .iter()
        .filter(|event| event.kind() == "payto_payment.failed")
    {
        let uid = event.body["data"]["resource_uid"].as_str().unwrap();
        let failure = &event.body["data"]["body"]["failure"];
        assert_eq!(failure["code"], uid);
        assert_eq!(rig.payment(uid).await["failure"], *failure);
        if failure["retryable"] == true {
            retryable.push(uid.to_owned());
        }
    }
    retryable.sort();
    let expected =
        "AB01 AB02 AB03 AB04 AB08 AC06 AG07 AM04 AM21 FF10 MD20 NARR SL13 SL14 TD03 TM01";
    assert_eq!(retryable.join(" "), expected);
}

#[tokio::test]
async fn a_payers_own_failure_code_strikes_until_it_is_taken_away() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    rig.payer(json!({"fail_with": "SL14"})).await;
    rig.pay("P1", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed SL14");
    rig.payer(json!({"fail_with": null})).await;
    rig.pay("P2", "A1", 100).await;
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P2").await, "settled");
}

#[tokio::test]
async fn every_failure_of_an_agreement_is_told_and_shown_alike() {
    let (rig, receiver) = listening().await;
    let codes = codes_of(&rig, "agreement_failures").await;
    assert_eq!(codes.len(), 53);
    for (number, code) in codes.iter().enumerate() {
        propose(&rig, code, number).await;
        decide(&rig, code, json!({"decision": "fail", "code": code})).await;
    }
    receiver.wait_for(codes.len()).await;
    let told = told(&receiver, "payto_agreement.failed");
    for code in &codes {
        assert_eq!(
            shown(&rig, code).await,
            ("failed".to_owned(), told[code].clone())
        );
    }
    let upstream = told["MMS.API.9006"]["detail"].as_str().unwrap();
    assert!(
        upstream.starts_with("Contact Oligo for more information:"),
        "{upstream}"
    );
}

#[tokio::test]
async fn every_reason_to_decline_is_told_and_shown_alike() {
    let (rig, receiver) = listening().await;
    let codes = codes_of(&rig, "declines").await;
    assert_eq!(codes.len(), 18);
    for (number, code) in codes.iter().enumerate() {
        propose(&rig, code, number).await;
        decide(&rig, code, json!({"decision": "decline", "code": code})).await;
    }
    receiver.wait_for(codes.len()).await;
    let told = told(&receiver, "payto_agreement.declined");
    for code in &codes {
        assert_eq!(
            shown(&rig, code).await,
            ("declined".to_owned(), told[code].clone())
        );
    }
}

#[tokio::test]
async fn every_reason_to_suspend_or_cancel_is_told_and_shown_alike() {
    let (rig, receiver) = listening().await;
    let codes = codes_of(&rig, "endings").await;
    assert_eq!(codes.len(), 31);
    for (number, code) in codes.iter().enumerate() {
        propose(&rig, code, number).await;
        decide(&rig, code, json!({"decision": "approve"})).await;
        let narrative = "In the payer's words";
        decide(
            &rig,
            code,
            json!({"decision": "suspend", "code": code, "narrative": narrative}),
        )
        .await;
        let (state, reason) = shown(&rig, code).await;
        assert_eq!(
            (state.as_str(), &reason["code"]),
            ("suspended", &json!(code))
        );
        decide(&rig, code, json!({"decision": "cancel", "code": code})).await;
    }
    receiver.wait_for(3 * codes.len()).await;
    let suspended = told(&receiver, "payto_agreement.suspended");
    let cancelled = told(&receiver, "payto_agreement.cancelled");
    assert_eq!(suspended["CTAM"]["narrative"], "In the payer's words");
    for code in &codes {
        assert!(suspended.contains_key(code), "{code}");
        assert_eq!(
            shown(&rig, code).await,
            ("cancelled".to_owned(), cancelled[code].clone())
        );
    }
}

#[tokio::test]
async fn a_decision_takes_no_code_of_another_role() {
    let rig = Rig::start().await;
    propose(&rig, "A1", 0).await;
    let path = "/sandbox/agreements/A1/decision";
    for body in [
        json!({"decision": "decline", "code": "MD17"}),
        json!({"decision": "fail", "code": "MD16"}),
        json!({"decision": "approve", "code": "MD16"}),
    ] {
        assert_eq!(rig.post(path, body).await.0, 422);
    }
    assert_eq!(rig.agreement_state("A1").await, "created");
}
