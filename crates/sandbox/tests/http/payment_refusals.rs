//! Every way to be refused a payment.

use serde_json::{Value, json};

use crate::rig::{Answer, Rig, adhoc, codes, payment, twice_monthly};

async fn pay_marked(rig: &Rig, uid: &str, amount: i64, last_payment: Option<bool>) -> Answer {
    let mut body = payment(uid, "A1", amount);
    body["last_payment"] = json!(last_payment);
    rig.post("/v1/payto/payments", body).await
}

#[tokio::test]
async fn a_payment_with_wrong_keys_or_fields_is_refused() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    let mut body = payment("P1", "A1", 100);
    body["creditor_reference"] = json!("x");
    let answer = rig.post("/v1/payto/payments", body).await;
    assert_eq!((answer.0, codes(&answer)), (400, vec![""]));
    let spoil: [fn(&mut Value); 5] = [
        |body| body["amount"] = json!(0),
        |body| body["amount"] = json!(1.5),
        |body| body["priority"] = json!("soon"),
        |body| body["reference"] = json!("x".repeat(36)),
        |body| body["last_payment"] = json!("yes"),
    ];
    for spoil in spoil {
        let mut body = payment("P1", "A1", 100);
        spoil(&mut body);
        assert_eq!(
            codes(&rig.post("/v1/payto/payments", body).await),
            ["ZPUNP00"]
        );
    }
}

#[tokio::test]
async fn a_payment_needs_an_agreement_that_is_known_and_active() {
    let rig = Rig::start().await;
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY22"]);
    rig.activate("A1", adhoc()).await;
    rig.post(
        "/sandbox/agreements/A1/decision",
        json!({"decision": "suspend"}),
    )
    .await;
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY03"]);
}

#[tokio::test]
async fn a_uid_names_one_payment_for_ever() {
    let rig = Rig::start().await;
    rig.activate("A1", twice_monthly()).await;
    assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY00"]);
    assert_eq!(rig.ledger().await["payments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_payment_lies_within_the_agreements_validity() {
    let rig = Rig::start().await;
    let dates = json!({"validity_start_date": "2026-06-02", "validity_end_date": "2026-06-03"});
    rig.activate_from("A1", adhoc(), dates).await;
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY08"]);
    rig.wait_until("2026-06-01T13:59:59Z").await;
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY08"]);
    rig.wait_until("2026-06-01T14:00:00Z").await;
    assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
    rig.wait_until("2026-06-03T13:59:59Z").await;
    assert_eq!(rig.pay("P2", "A1", 100).await.0, 201);
    rig.wait_until("2026-06-03T14:00:00Z").await;
    assert_eq!(
        codes(&rig.pay("P3", "A1", 100).await),
        ["ZPPAY03", "ZPPAY07"]
    );
}

#[tokio::test]
async fn an_amount_keeps_to_its_agreement() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    assert_eq!(codes(&rig.pay("P1", "A1", 65_001).await), ["ZPPAY12"]);
    assert_eq!(rig.pay("P1", "A1", 65_000).await.0, 201);
    let fixed = json!({"type": "fixed", "frequency": "daily", "amount": 5_000});
    rig.activate("A2", fixed).await;
    assert_eq!(codes(&rig.pay("P2", "A2", 4_999).await), ["ZPPAY15"]);
    assert_eq!(rig.pay("P2", "A2", 5_000).await.0, 201);
}

#[tokio::test]
async fn the_first_and_last_payment_dates_are_kept() {
    let rig = Rig::start().await;
    let terms = json!({
        "type": "variable", "frequency": "daily", "max_amount": 100,
        "first_payment_date": "2026-06-02", "last_payment_date": "2026-06-04",
    });
    rig.activate("A1", terms).await;
    assert_eq!(codes(&rig.pay("P1", "A1", 100).await), ["ZPPAY14"]);
    rig.wait_until("2026-06-02T00:00:00Z").await;
    let mut body = payment("P0", "A1", 100);
    body["sandbox"] = json!({"simulate": "insufficient_funds"});
    rig.post("/v1/payto/payments", body).await;
    rig.pass(3).await;
    // The failed one was not the first.
    assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
    rig.wait_until("2026-06-04T00:00:00Z").await;
    assert_eq!(rig.pay("P2", "A1", 100).await.0, 201);
    rig.wait_until("2026-06-05T00:00:00Z").await;
    assert_eq!(codes(&rig.pay("P3", "A1", 100).await), ["ZPPAY13"]);
}

#[tokio::test]
async fn a_balloon_has_its_own_first_and_last_payments() {
    let rig = Rig::start().await;
    let terms = json!({
        "type": "balloon", "frequency": "daily", "amount": 100, "first_payment_amount": 50,
        "last_payment_amount": 900, "last_payment_date": "2026-06-04",
    });
    rig.activate("A1", terms).await;
    assert_eq!(codes(&pay_marked(&rig, "P1", 50, None).await), ["ZPPAY09"]);
    assert_eq!(
        codes(&pay_marked(&rig, "P1", 100, Some(false)).await),
        ["ZPPAY18"]
    );
    assert_eq!(pay_marked(&rig, "P1", 50, Some(false)).await.0, 201);
    rig.wait_until("2026-06-02T00:00:00Z").await;
    assert_eq!(
        codes(&pay_marked(&rig, "P2", 50, Some(false)).await),
        ["ZPPAY15"]
    );
    assert_eq!(pay_marked(&rig, "P2", 100, Some(false)).await.0, 201);
    rig.wait_until("2026-06-03T00:00:00Z").await;
    assert_eq!(
        codes(&pay_marked(&rig, "P3", 900, Some(true)).await),
        ["ZPPAY20"]
    );
    rig.wait_until("2026-06-04T00:00:00Z").await;
    assert_eq!(
        codes(&pay_marked(&rig, "P3", 100, Some(true)).await),
        ["ZPPAY19"]
    );
    assert_eq!(pay_marked(&rig, "P3", 900, Some(true)).await.0, 201);
    let late = pay_marked(&rig, "P4", 100, Some(false)).await;
    assert_eq!(codes(&late), ["ZPPAY21", "ZPPAY17"]);
    rig.wait_until("2026-06-05T00:00:00Z").await;
    let late = pay_marked(&rig, "P4", 900, Some(true)).await;
    assert_eq!(codes(&late), ["ZPPAY13", "ZPPAY20", "ZPPAY21"]);
}

#[tokio::test]
async fn only_a_balloon_payment_says_whether_it_is_the_last() {
    let rig = Rig::start().await;
    rig.activate("A1", adhoc()).await;
    assert_eq!(
        codes(&pay_marked(&rig, "P1", 100, Some(false)).await),
        ["ZPPAY10"]
    );
}

#[tokio::test]
async fn a_period_holds_as_many_payments_as_its_count_and_a_failed_one_takes_no_place() {
    let rig = Rig::start().await;
    rig.payer(json!({"short_first": 1})).await;
    rig.activate("A1", twice_monthly()).await;
    for uid in ["P1", "P2"] {
        assert_eq!(rig.pay(uid, "A1", 100).await.0, 201);
    }
    assert_eq!(
        codes(&rig.pay("P3", "A1", 100).await),
        ["ZPPAY17"],
        "unfinished ones count"
    );
    rig.pass(3).await;
    assert_eq!(rig.payment_state("P1").await, "failed AM04");
    assert_eq!(rig.pay("P3", "A1", 100).await.0, 201);
    rig.wait_until("2026-06-30T13:59:59Z").await;
    assert_eq!(codes(&rig.pay("P4", "A1", 100).await), ["ZPPAY17"]);
    rig.wait_until("2026-06-30T14:00:00Z").await;
    assert_eq!(rig.pay("P4", "A1", 100).await.0, 201);
}

#[tokio::test]
async fn a_count_left_out_means_one_and_an_adhoc_count_holds_for_life() {
    let rig = Rig::start().await;
    rig.activate(
        "A1",
        json!({"type": "variable", "frequency": "daily", "max_amount": 9}),
    )
    .await;
    assert_eq!(rig.pay("P1", "A1", 1).await.0, 201);
    assert_eq!(codes(&rig.pay("P2", "A1", 1).await), ["ZPPAY17"]);
    let capped = json!({"type": "variable", "frequency": "adhoc", "max_amount": 9, "count": 1});
    rig.activate("A2", capped).await;
    assert_eq!(rig.pay("P3", "A2", 1).await.0, 201);
    rig.wait_until("2027-06-01T00:00:00Z").await;
    assert_eq!(codes(&rig.pay("P4", "A2", 1).await), ["ZPPAY17"]);
}

#[tokio::test]
async fn the_last_day_of_a_short_month_belongs_to_the_period_of_the_chosen_reading() {
    let terms = json!({"type": "variable", "frequency": "monthly", "max_amount": 100});
    let january = "2026-01-31T00:00:00Z";
    let february = "2026-02-28T00:00:00Z";
    let oligo = Rig::start_at(january).await;
    let azupay = Rig::start_azupay(january).await;
    for rig in [&oligo, &azupay] {
        rig.activate("A1", terms.clone()).await;
        assert_eq!(rig.pay("P1", "A1", 100).await.0, 201);
        rig.wait_until(february).await;
    }
    assert_eq!(codes(&oligo.pay("P2", "A1", 100).await), ["ZPPAY17"]);
    assert_eq!(azupay.pay("P2", "A1", 100).await.0, 201);
}
