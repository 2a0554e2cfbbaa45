//! Every example Oligo publishes is read by the client, through a real connection where it is an
//! answer. Files are named `operation.status.name`, `operation.request.name` or `webhook.type`.

use std::fs;
use std::path::Path;

use crate::stub::{Then, answer, client, serve};
use futures::TryStreamExt;
use oligo_client::{
    Agreement, AgreementState, CallError, CancelAgreement, CancelReason, CreateAgreement,
    CreatePayment, Envelope, EventKind, ListAgreements, ListPayments, Priority, ResolveAlias,
    ResourceKind,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const EXAMPLES: usize = 104;

struct Example {
    name: String,
    text: String,
    json: Value,
}

fn examples() -> Vec<Example> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut examples: Vec<Example> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Example {
                name,
                json: serde_json::from_str(&text).unwrap(),
                text,
            }
        })
        .collect();
    examples.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(examples.len(), EXAMPLES);
    examples
}

/// The text of the first example whose name starts so.
pub fn example(start: &str) -> String {
    let examples = examples().into_iter();
    let mut found = examples.filter(|example| example.name.starts_with(start));
    found.next().expect("an example").text
}

fn round_trip<T: DeserializeOwned + Serialize>(example: &Example) -> T {
    let request: T = serde_json::from_value(example.json.clone())
        .unwrap_or_else(|error| panic!("{}: {error}", example.name));
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        example.json,
        "{}",
        example.name
    );
    request
}

#[test]
fn every_published_request_can_be_said_in_our_types() {
    let mut count = 0;
    for example in examples()
        .iter()
        .filter(|example| example.name.contains(".request."))
    {
        let valid = match example.name.split('.').next().unwrap() {
            "create_agreement" => round_trip::<CreateAgreement>(example).validate(),
            "create_payment" => round_trip::<CreatePayment>(example).validate(),
            "cancel_agreement" => round_trip::<CancelAgreement>(example).validate(),
            "resolve_alias" => round_trip::<ResolveAlias>(example).validate(),
            other => panic!("{other} is no operation of the client"),
        };
        // Oligo's own organisation example has an upper-case letter, which its pattern refuses.
        let expected = example.name != "resolve_alias.request.organisation.json";
        assert_eq!(valid.is_ok(), expected, "{}: {valid:?}", example.name);
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn every_published_webhook_is_read_as_what_it_is() {
    let mut count = 0;
    for example in examples()
        .iter()
        .filter(|example| example.name.starts_with("webhook."))
    {
        let event = Envelope::parse(example.text.as_bytes()).unwrap();
        let data = &example.json["data"];
        assert!(EventKind::ALL.contains(&event.kind), "{}", example.name);
        assert!(
            ResourceKind::ALL.contains(&event.resource_kind),
            "{}",
            example.name
        );
        assert_eq!(event.kind.as_str(), data["type"], "{}", example.name);
        assert_eq!(event.resource_uid, data["resource_uid"], "{}", example.name);
        assert!(event.published_at.is_some(), "{}", example.name);
        assert_eq!(
            event.link.as_deref(),
            example.json["links"]["resource"].as_str()
        );
        let body = &data["body"];
        let code = body["failure"]["code"]
            .as_str()
            .or(body["reason"]["code"].as_str());
        assert_eq!(event.body.code(), code, "{}", example.name);
        count += 1;
    }
    assert_eq!(count, EventKind::ALL.len());
}

#[test]
fn the_older_bare_agreement_is_read_by_its_status() {
    let examples = examples();
    let older = examples
        .iter()
        .find(|example| example.name.starts_with("older."))
        .unwrap();
    let agreement: Agreement = serde_json::from_str(&older.text).unwrap();
    assert_eq!(agreement.state, AgreementState::Pending);
    assert!(
        agreement
            .links
            .unwrap()
            .own
            .unwrap()
            .starts_with("https://")
    );
}

#[tokio::test]
async fn every_published_answer_is_read_by_the_operation_it_answers() {
    let mut count = 0;
    for example in examples() {
        let mut parts = example.name.split('.');
        let operation = parts.next().unwrap();
        let Ok(status) = parts.next().unwrap().parse::<u16>() else {
            continue;
        };
        match status {
            200..=299 => succeeds(operation, status, &example).await,
            _ => fails(operation, status, &example).await,
        }
        count += 1;
    }
    assert_eq!(count, EXAMPLES - 16 - EventKind::ALL.len() - 1);
}

async fn succeeds(operation: &str, status: u16, example: &Example) {
    let (url, _served) = serve(Then::Write(answer(status, &example.text))).await;
    let data = &example.json["data"];
    let uid = data["uid"].as_str().unwrap_or("U-1");
    let said = call(operation, url, uid).await.unwrap();
    if let Some(items) = data.as_array() {
        let uids = |list: &[Value]| {
            list.iter()
                .map(|item| item["uid"].clone())
                .collect::<Vec<_>>()
        };
        let read = said.as_array().unwrap();
        assert_eq!(uids(read), uids(items), "{}", example.name);
        return;
    }
    for key in [
        "uid",
        "state",
        "amount",
        "display_name",
        "mms_agreement_id",
        "purpose",
    ] {
        assert_eq!(
            said.get(key).unwrap_or(&Value::Null),
            &data[key],
            "{} {key}",
            example.name
        );
    }
}

async fn fails(operation: &str, status: u16, example: &Example) {
    let (url, _served) = serve(Then::Write(answer(status, &example.text))).await;
    let error = call(operation, url, "U-1").await.unwrap_err();
    if status == 401 {
        assert!(
            matches!(error, CallError::Unauthorised),
            "{}: {error:?}",
            example.name
        );
        return;
    }
    let wire = example.json["errors"].as_array().unwrap();
    let codes: Vec<&str> = wire
        .iter()
        .filter_map(|error| error["code"].as_str())
        .collect();
    assert_eq!(error.codes().collect::<Vec<_>>(), codes, "{}", example.name);
    let CallError::Refused {
        status: refused,
        errors,
        ..
    } = &error
    else {
        panic!("{}: {error:?}", example.name)
    };
    assert_eq!(
        (*refused, errors.len()),
        (status, wire.len()),
        "{}",
        example.name
    );
    for (read, wire) in errors.iter().zip(wire) {
        assert_eq!(read.title, wire["title"], "{}", example.name);
        assert_eq!(read.detail, wire["detail"], "{}", example.name);
    }
    assert_eq!(error.is_transient(), status == 503, "{}", example.name);
}

/// Makes the call an example answers and returns what the client read, as JSON.
pub async fn call(operation: &str, url: url::Url, uid: &str) -> Result<Value, CallError> {
    let client = client(url);
    let value = |read: Result<Value, serde_json::Error>| read.unwrap();
    Ok(match operation {
        "create_agreement" => value(serde_json::to_value(
            client.create_agreement(&new_agreement(uid)).await?,
        )),
        "agreement" => value(serde_json::to_value(client.agreement(uid).await?)),
        "cancel_agreement" => {
            let reason = CancelReason::InitiatingPartyRequested;
            let request = CancelAgreement {
                reason,
                narrative: None,
            };
            client.cancel_agreement(uid, &request).await?;
            Value::Null
        }
        "create_payment" => value(serde_json::to_value(
            client.create_payment(&new_payment(uid)).await?,
        )),
        "payment" => value(serde_json::to_value(client.payment(uid).await?)),
        "list_agreements" => {
            let list = client.list_agreements(&ListAgreements::default())?;
            value(serde_json::to_value(list.try_collect::<Vec<_>>().await?))
        }
        "list_payments" => {
            let list = client.list_payments(&ListPayments::default())?;
            value(serde_json::to_value(list.try_collect::<Vec<_>>().await?))
        }
        "retry_payment" => {
            client.retry_payment(uid).await?;
            Value::Null
        }
        "resolve_alias" => value(serde_json::to_value(
            client.resolve_alias(&new_look_up()).await?,
        )),
        other => panic!("{other} is no operation of the client"),
    })
}

fn new_agreement(uid: &str) -> CreateAgreement {
    serde_json::from_value(json!({
        "uid": uid,
        "purpose": "loan",
        "description": "Loan 40217 repayments",
        "debtor": {
            "party_name": "Robin Sample",
            "account_identifier": { "type": "bban", "value": "062000-12345678" },
        },
        "payment_terms": { "type": "variable", "frequency": "monthly", "max_amount": 65_000 },
    }))
    .unwrap()
}

fn new_payment(uid: &str) -> CreatePayment {
    CreatePayment {
        uid: uid.to_owned(),
        agreement_uid: "AGR-7f3c0001".to_owned(),
        amount: 48_250,
        priority: Priority::Unattended,
        reference: None,
        description: None,
        last_payment: None,
        metadata: None,
    }
}

fn new_look_up() -> ResolveAlias {
    serde_json::from_value(json!({
        "type": "alias_phone",
        "value": "+61-411222333",
        "requester": { "id": "user_1", "remote_ip": "192.0.2.146" },
    }))
    .unwrap()
}
