//! The types against the contract's own words. `tests/facts.json` lists the enums, patterns, limits,
//! codes, fields and operations of Oligo's OpenAPI that the nine calls and the webhooks use, but for
//! the simulations of its sandbox. Each is compared both ways: neither side has a word the other
//! lacks unless it is named here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use oligo_client::{
    AccountKind, Agreement, AgreementState, CallError, CancelReason, Certainty, ErrorCode,
    EventKind, Frequency, ListAgreements, ListPayments, Party, Payment, PaymentState, Priority,
    Purpose, ReasonCode, Refunds, ResourceKind, TermsKind,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::examples::{call, example};
use crate::stub::{Then, answer, serve};

type Lists = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
pub struct Facts {
    operations: BTreeMap<String, Operation>,
    enums: Lists,
    codes: Lists,
    codes_of_removed_operations: Lists,
    pub patterns: BTreeMap<String, String>,
    pub limits: BTreeMap<String, Value>,
    fields: Lists,
}

#[derive(Deserialize)]
struct Operation {
    method: String,
    path: String,
    statuses: Vec<u16>,
    query: Vec<String>,
}

pub static FACTS: LazyLock<Facts> =
    LazyLock::new(|| serde_json::from_str(include_str!("../facts.json")).unwrap());

fn set<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> BTreeSet<String> {
    let words = words.into_iter();
    words.map(|word| word.as_ref().to_owned()).collect()
}

fn fact(name: &str) -> BTreeSet<String> {
    set(&FACTS.enums[name])
}

fn union(lists: &[&Lists]) -> BTreeSet<String> {
    set(lists.iter().flat_map(|lists| lists.values().flatten()))
}

/// Compares a type's words with those of the contract, but for the words named as `more`.
macro_rules! same {
    ($type:ty, $fact:expr, more: $more:expr) => {{
        let ours = set(<$type>::ALL.iter().map(|word| word.as_str()));
        let (theirs, more) = ($fact, set::<&str>($more));
        assert!(theirs.is_disjoint(&more), "the contract has {more:?} by now");
        assert_eq!(ours, theirs.union(&more).cloned().collect(), stringify!($type));
    }};
    ($type:ty, $fact:expr) => { same!($type, $fact, more: []) };
}

#[test]
fn every_word_that_is_sent_is_oligos_and_every_word_of_oligos_can_be_sent() {
    same!(Purpose, fact("agreement.purpose"));
    same!(TermsKind, fact("payment_terms.type"));
    same!(Frequency, fact("payment_terms.frequency"));
    same!(AccountKind, fact("account_identifier.type"));
    same!(CancelReason, fact("cancellation.reason"));
    same!(Priority, fact("payment.priority"));
    same!(Refunds, fact("list_payments.refunds"));
    let aliases = AccountKind::ALL.iter().filter(|kind| kind.is_alias());
    assert_eq!(
        set(aliases.map(AccountKind::as_str)),
        fact("alias_resolution.type")
    );
}

#[test]
fn every_word_that_is_told_has_a_name_here() {
    same!(AgreementState, fact("agreement.state"));
    same!(Party, fact("agreement.state_caused_by"));
    // In Oligo's webhooks and Zepto's contract, not in Oligo's enum.
    same!(PaymentState, fact("payment.state"), more: ["pending"]);
    same!(EventKind, fact("event.type"));
    same!(ResourceKind, fact("event.resource_type"));
}

#[test]
fn every_code_of_a_reason_or_failure_has_a_name_here() {
    let codes: Lists = FACTS
        .enums
        .iter()
        .filter(|(name, _)| name.ends_with(".code"))
        .map(|(name, codes)| (name.clone(), codes.clone()))
        .collect();
    assert_eq!(codes.len(), 8);
    same!(ReasonCode, union(&[&codes]));
}

#[test]
fn every_code_of_a_refusal_has_a_name_here() {
    let theirs = union(&[&FACTS.codes, &FACTS.codes_of_removed_operations]);
    // The first two are in Zepto's contract; the last is in Oligo's table only.
    same!(ErrorCode, theirs, more: ["ZPAGR18", "ZPPAY25", "ZPREF11"]);
}

#[test]
fn a_list_is_filtered_by_oligos_states_and_no_others() {
    for state in AgreementState::ALL {
        let request = ListAgreements {
            states: vec![state.clone()],
            ..ListAgreements::default()
        };
        let known = fact("list_agreements.state").contains(state.as_str());
        assert_eq!(request.validate().is_ok(), known, "{state}");
    }
    for state in PaymentState::ALL {
        let request = ListPayments {
            states: vec![state.clone()],
            ..ListPayments::default()
        };
        let known = fact("list_payments.state").contains(state.as_str());
        assert_eq!(request.validate().is_ok(), known, "{state}");
    }
}

/// The fields of a value, null or not.
fn fields(value: impl serde::Serialize) -> BTreeSet<String> {
    let value = serde_json::to_value(value).unwrap();
    set(value.as_object().unwrap().keys())
}

#[test]
fn every_field_of_an_answer_is_read() {
    let least = json!({ "uid": "U-1", "state": "created" });
    let agreement: Agreement = serde_json::from_value(least.clone()).unwrap();
    let payment: Payment = serde_json::from_value(least).unwrap();
    // In the guide's examples, not in the schema.
    let (agreement_more, payment_more) = (set(["creditor", "initiator"]), set(["creditor"]));
    let theirs = set(&FACTS.fields["agreement"]);
    assert_eq!(fields(agreement), &theirs | &agreement_more);
    let theirs = set(&FACTS.fields["payment"]);
    assert_eq!(fields(payment), &theirs | &payment_more);
    let failure = oligo_client::Failure::default();
    assert_eq!(fields(failure), set(&FACTS.fields["payment_failure"]));
}

#[test]
fn every_field_of_a_request_can_be_sent_but_the_simulation() {
    let terms = json!({ "type": "variable", "frequency": "monthly" });
    let debtor = json!({
        "party_name": "n",
        "account_identifier": { "type": "bban", "value": "062000-1" },
    });
    let agreement: oligo_client::CreateAgreement = serde_json::from_value(json!({
        "uid": "U", "purpose": "loan", "description": "d", "debtor": debtor,
        "payment_terms": terms, "validity_start_date": "2026-09-15",
        "validity_end_date": "2027-09-15", "resolution_requested_before": "2026-09-16T00:00:00Z",
        "cancel_if_unresolved": true, "metadata": {},
    }))
    .unwrap();
    let payment: oligo_client::CreatePayment = serde_json::from_value(json!({
        "uid": "U", "agreement_uid": "A", "amount": 1, "priority": "attended", "reference": "r",
        "description": "d", "last_payment": true, "metadata": {},
    }))
    .unwrap();
    let cancellation: oligo_client::CancelAgreement =
        serde_json::from_value(json!({ "reason": "no_answer", "narrative": "n" })).unwrap();
    let requests = [
        ("create_agreement", fields(agreement)),
        ("create_payment", fields(payment)),
        ("cancel_agreement", fields(cancellation)),
    ];
    for (name, ours) in requests {
        let more = set(["sandbox"]);
        assert_eq!(&ours | &more, set(&FACTS.fields[name]), "{name}");
    }
}

#[tokio::test]
async fn every_operation_asks_by_its_own_method_and_path() {
    assert_eq!(FACTS.operations.len(), 9);
    for (name, operation) in &FACTS.operations {
        let (url, served) = serve(Then::Write(answer(500, ""))).await;
        call(name, url, "U-1").await.unwrap_err();
        let head = served.await.unwrap().head;
        let path = operation.path.replace("{agreement_uid}", "U-1");
        let path = path.replace("{payment_uid}", "U-1");
        let line = format!("{} /v1{path} HTTP/1.1\r\n", operation.method).to_lowercase();
        assert!(head.starts_with(&line), "{name}: {head}");
    }
}

#[tokio::test]
async fn every_parameter_of_a_list_can_be_said() {
    let day = serde_json::from_value(json!("2026-09-15")).unwrap();
    let agreements = ListAgreements {
        per_page: Some(1),
        states: vec![AgreementState::Active],
        min_created_date: Some(day),
        max_created_date: Some(day),
    };
    let payments = ListPayments {
        per_page: Some(1),
        states: vec![PaymentState::Failed],
        min_created_date: Some(day),
        max_created_date: Some(day),
        agreement_uid: Some("A".to_owned()),
        refunds: Some(Refunds::Only),
    };
    for name in ["list_agreements", "list_payments"] {
        let (url, served) = serve(Then::Write(answer(500, ""))).await;
        let client = crate::stub::client(url);
        if name == "list_agreements" {
            client
                .agreement_pages(&agreements)
                .unwrap()
                .next_page()
                .await
                .unwrap_err();
        } else {
            client
                .payment_pages(&payments)
                .unwrap()
                .next_page()
                .await
                .unwrap_err();
        }
        let head = served.await.unwrap().head;
        let line = head.split(' ').nth(1).unwrap();
        let asked = url::Url::parse("http://x").unwrap().join(line).unwrap();
        let mut asked = set(asked.query_pairs().map(|(name, _)| name.into_owned()));
        // Only a link says it.
        asked.insert("starting_after".to_owned());
        assert_eq!(asked, set(&FACTS.operations[name].query), "{name}");
    }
}

#[tokio::test]
async fn every_declared_code_of_every_operation_is_read_as_what_it_is() {
    let mut count = 0;
    for (name, codes) in &FACTS.codes {
        let (operation, status) = name.split_once('.').unwrap_or((name, "422"));
        let status: u16 = status.parse().unwrap();
        for code in codes {
            let body = json!({ "errors": [
                { "title": "t", "detail": "d", "code": "ZPNEW00" },
                { "title": "t", "detail": "d", "code": code, "meta": { "resource_uid": "U" } },
            ] });
            let (url, _served) = serve(Then::Write(answer(status, &body.to_string()))).await;
            let error = call(operation, url, "U-1").await.unwrap_err();

            assert_eq!(
                error.codes().collect::<Vec<_>>(),
                ["ZPNEW00", code],
                "{name}"
            );
            let taken = ["ZPAGR00", "ZPPAY00"].contains(&code.as_str()) || status == 503;
            let expected = if taken {
                Certainty::Unknown
            } else {
                Certainty::Refused
            };
            assert_eq!(error.certainty(), expected, "{name} {code}");
            let CallError::Refused { errors, .. } = error else {
                panic!("{name} {code}: {error:?}")
            };
            let known = errors[1].code.as_ref().unwrap();
            assert!(ErrorCode::ALL.contains(known), "{name} {code}");
            assert_eq!(errors[0].code, Some(ErrorCode::from("ZPNEW00")));
            count += 1;
        }
    }
    assert_eq!(count, FACTS.codes.values().map(Vec::len).sum::<usize>());
    assert!(90 < count, "{count}");
}

#[tokio::test]
async fn every_declared_status_of_every_operation_has_its_own_name() {
    for (name, operation) in &FACTS.operations {
        for status in &operation.statuses {
            let body = match status {
                200 | 201 => example(&format!("{name}.{status}.")),
                400 => r#"{"errors":[{"title":"Validation Failed","detail":"d"}]}"#.to_owned(),
                422 | 503 => {
                    r#"{"errors":[{"title":"t","detail":"d","code":"ZPUNP00"}]}"#.to_owned()
                }
                // 202 has no body; 403, 404 and 500 are declared without one.
                _ => String::new(),
            };
            let told: Value = serde_json::from_str(&body).unwrap_or_default();
            let uid = told["data"]["uid"].as_str().unwrap_or("U-1").to_owned();
            let (url, _served) = serve(Then::Write(answer(*status, &body))).await;
            let outcome = call(name, url, &uid).await;
            let fits = match status {
                200..=202 => outcome.is_ok(),
                400 | 422 | 503 => {
                    let codes = outcome.as_ref().err().map(|error| error.codes().count());
                    let is_refused = matches!(&outcome, Err(CallError::Refused { .. }));
                    is_refused && codes == Some(usize::from(*status != 400))
                }
                401 => matches!(outcome, Err(CallError::Unauthorised)),
                403 => matches!(outcome, Err(CallError::Forbidden)),
                404 => matches!(outcome, Err(CallError::NotFound)),
                500 => matches!(outcome, Err(CallError::ServerError { status: 500, .. })),
                other => panic!("{name} declares {other}"),
            };
            assert!(fits, "{name} {status}: {outcome:?}");
        }
    }
}
