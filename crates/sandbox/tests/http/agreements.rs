//! An agreement's life.

use serde_json::{Value, json};

use crate::rig::{Receiver, Rig, TOKEN, agreement, codes, twice_monthly};

#[tokio::test]
async fn an_agreement_goes_from_pending_to_created_to_what_its_payer_decides() {
    let rig = Rig::start().await;
    rig.payer(json!({"decision": "approve", "decide_after_seconds": 60}))
        .await;
    let (status, answer) = rig.propose(agreement("A1", twice_monthly())).await;
    assert_eq!(status, 201);
    let data = &answer["data"];
    assert_eq!(data["state"], "pending");
    assert_eq!(data["state_caused_by"], "initiator");
    assert_eq!(data["created_at"], "2026-06-01T10:00:00+10:00");
    assert_eq!(data["validity_start_date"], "2026-06-01");
    assert_eq!(data["debtor"]["ultimate_party_name"], "Robin Sample");
    assert_eq!(data["links"]["self"], "/payto/agreements/A1");
    assert_eq!(data["payment_terms"].as_object().unwrap().len(), 9);
    assert_eq!(data["mms_agreement_id"], Value::Null);
    let deadline = "2026-06-06T10:00:00+10:00";
    assert_eq!(data["resolution_requested_before"], deadline);

    rig.pass(1).await;
    let (_, answer) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(answer["data"]["state"], "created");
    let mms = answer["data"]["mms_agreement_id"].as_str().unwrap();
    assert_eq!((mms.len(), &mms[12..13]), (32, "1"));

    rig.pass(60).await;
    assert_eq!(rig.agreement_state("A1").await, "active");
}

#[tokio::test]
async fn a_payer_may_decline() {
    let rig = Rig::start().await;
    rig.payer(json!({"decision": "decline"})).await;
    rig.propose(agreement("A1", twice_monthly())).await;
    rig.pass(1).await;
    let (_, answer) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(answer["data"]["state"], "declined");
    assert_eq!(answer["data"]["state_caused_by"], "debtor");
    assert_eq!(answer["data"]["state_reason"]["code"], "MD16");
}

#[tokio::test]
async fn an_unanswered_agreement_expires_after_five_days() {
    let rig = Rig::start().await;
    rig.propose(agreement("A1", twice_monthly())).await;
    rig.wait_until("2026-06-05T23:59:59Z").await;
    assert_eq!(rig.agreement_state("A1").await, "created");
    rig.wait_until("2026-06-06T00:00:00Z").await;
    assert_eq!(rig.agreement_state("A1").await, "expired");
}

#[tokio::test]
async fn an_agreement_may_ask_to_be_cancelled_when_it_is_not_answered_in_time() {
    let rig = Rig::start().await;
    let mut body = agreement("A1", twice_monthly());
    body["resolution_requested_before"] = json!("2026-06-02T00:00:00Z");
    body["cancel_if_unresolved"] = json!(true);
    assert_eq!(rig.propose(body).await.0, 201);
    rig.wait_until("2026-06-02T00:00:00Z").await;
    assert_eq!(rig.agreement_state("A1").await, "cancelled");
}

#[tokio::test]
async fn the_scheme_ends_an_agreement_whose_validity_is_over() {
    let rig = Rig::start().await;
    let end = json!({"validity_end_date": "2026-06-03"});
    rig.activate_from("A1", twice_monthly(), end).await;
    rig.wait_until("2026-06-03T13:59:59Z").await;
    assert_eq!(rig.agreement_state("A1").await, "active");
    rig.wait_until("2026-06-03T14:00:00Z").await;
    let (_, answer) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(answer["data"]["state"], "cancelled");
    assert_eq!(answer["data"]["state_reason"]["code"], "MD20");
}

#[tokio::test]
async fn every_scripted_ending_of_an_agreement_comes_about() {
    let table = [
        ("debtor_accept", "active", None),
        ("debtor_decline", "declined", Some("MD16")),
        ("expire", "expired", None),
        (
            "debtor_account_type_not_supported",
            "declined",
            Some("AC13"),
        ),
        ("debtor_alias_not_found", "failed", Some("ZPUNP07")),
        ("creditor_alias_not_found", "failed", Some("ZPUNP08")),
        (
            "alias_resolution_service_unavailable",
            "failed",
            Some("ZPUNP06"),
        ),
        (
            "agreement_service_unavailable",
            "failed",
            Some("MMS.API.9006"),
        ),
    ];
    let rig = Rig::start().await;
    for (number, (ending, state, code)) in table.into_iter().enumerate() {
        let uid = format!("A{number}");
        let mut body = agreement(&uid, twice_monthly());
        let alias = format!("payer{number}@example.com");
        body["debtor"]["account_identifier"] = json!({"type": "alias_email", "value": alias});
        body["sandbox"] = json!({"simulate": ending, "delay": 5});
        assert_eq!(rig.propose(body).await.0, 201, "{ending}");
        rig.pass(6).await;
        let (_, answer) = rig.get(&format!("/v1/payto/agreements/{uid}")).await;
        assert_eq!(answer["data"]["state"], state, "{ending}");
        assert_eq!(
            answer["data"]["state_reason"]["code"].as_str(),
            code,
            "{ending}"
        );
    }
}

#[tokio::test]
async fn a_payer_acts_in_the_bank_app_at_any_time() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    rig.propose(agreement("A1", twice_monthly())).await;
    rig.pass(1).await;
    let (_, listed) = rig.get("/sandbox/agreements?state=created").await;
    assert_eq!(listed["agreements"][0]["uid"], "A1");
    let acts = [
        ("suspend", 409, "created"),
        ("approve", 200, "active"),
        ("approve", 409, "active"),
        ("suspend", 200, "suspended"),
        ("reactivate", 200, "active"),
        ("cancel", 200, "cancelled"),
        ("reactivate", 409, "cancelled"),
    ];
    for (act, status, state) in acts {
        let answer = rig
            .post("/sandbox/agreements/A1/decision", json!({"decision": act}))
            .await;
        assert_eq!(answer.0, status, "{act}");
        assert_eq!(rig.agreement_state("A1").await, state, "{act}");
    }
    // The clock stands still: these are delivered in the background.
    receiver.wait_for(4).await;
    let expected = ["activated", "suspended", "reactivated", "cancelled"];
    assert_eq!(
        receiver.kinds(),
        expected.map(|word| format!("payto_agreement.{word}"))
    );
}

#[tokio::test]
async fn a_cancellation_is_accepted_first_and_takes_effect_later() {
    let rig = Rig::start().await;
    rig.activate("A1", twice_monthly()).await;
    let path = "/v1/payto/agreements/A1/cancellation";
    let body = json!({"reason": "initiating_party_requested", "narrative": "Loan repaid"});
    assert_eq!(rig.post(path, body.clone()).await, (202, Value::Null));
    assert_eq!(codes(&rig.post(path, body.clone()).await), ["ZPCAN01"]);
    rig.pass(1).await;
    let (_, answer) = rig.get("/v1/payto/agreements/A1").await;
    assert_eq!(answer["data"]["state"], "cancelled");
    assert_eq!(answer["data"]["state_reason"]["code"], "MD17");
    assert_eq!(answer["data"]["state_reason"]["narrative"], "Loan repaid");
    assert_eq!(codes(&rig.post(path, body).await), ["ZPCAN00"]);
}

#[tokio::test]
async fn a_cancellation_beaten_by_the_debtors_own_fails() {
    let rig = Rig::start().await;
    let receiver = Receiver::start().await;
    rig.listen_at(&receiver).await;
    rig.activate("A1", twice_monthly()).await;
    let body = json!({
        "reason": "customer_requested",
        "sandbox": {"simulate": "agreement_cancelled"},
    });
    assert_eq!(
        rig.post("/v1/payto/agreements/A1/cancellation", body)
            .await
            .0,
        202
    );
    rig.pass(1).await;
    let expected = ["activated", "cancelled", "cancellation_failed"];
    assert_eq!(
        receiver.kinds(),
        expected.map(|word| format!("payto_agreement.{word}"))
    );
}

#[tokio::test]
async fn what_nobody_created_is_not_found_and_has_no_body() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/v1/payto/agreements/A1").await, (404, Value::Null));
    assert_eq!(rig.get("/v1/payto/payments/P1").await, (404, Value::Null));
    let body = json!({"reason": "customer_requested"});
    let answer = rig.post("/v1/payto/agreements/A1/cancellation", body).await;
    assert_eq!(answer, (404, Value::Null));
}

#[tokio::test]
async fn a_wrong_token_is_refused_without_a_code() {
    let rig = Rig::start().await;
    for token in ["", "another", &format!("{TOKEN}x")] {
        let request = rig.http.get(format!("{}/v1/payto/agreements/A1", rig.base));
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["title"], "Unauthorised access token");
        assert!(body["errors"][0].get("code").is_none());
    }
}

#[tokio::test]
async fn an_alias_resolves_to_a_name_unless_nobody_has_it() {
    let rig = Rig::start().await;
    let path = "/v1/payto/alias_resolution";
    let account = json!({"type": "alias_phone", "value": "+61-411222333"});
    let ask = |simulate: Option<&str>| {
        let mut body = account.clone();
        body["requester"] = json!({"id": "customer-1", "remote_ip": "203.0.113.9"});
        if let Some(simulate) = simulate {
            body["sandbox"] = json!({"simulate": simulate});
        }
        body
    };
    let found = rig.post(path, ask(None)).await;
    assert_eq!(
        found,
        (200, json!({"data": {"display_name": "Sandbox User"}}))
    );
    assert_eq!(
        codes(&rig.post(path, ask(Some("alias_not_found"))).await),
        ["ZPADD01"]
    );
    let down = rig.post(path, ask(Some("service_unavailable"))).await;
    assert_eq!((down.0, codes(&down)), (503, vec!["ZPADD98"]));

    rig.post(
        "/sandbox/payers",
        json!({"account": account, "display_name": null}),
    )
    .await;
    assert_eq!(codes(&rig.post(path, ask(None)).await), ["ZPADD01"]);
    let mut body = agreement("A1", twice_monthly());
    body["debtor"]["account_identifier"] = account.clone();
    assert_eq!(codes(&rig.propose(body).await), ["ZPUNP07"]);
}
