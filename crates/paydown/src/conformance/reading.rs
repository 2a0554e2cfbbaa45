//! What Paydown's own client makes of a body.

use oligo_client::{
    Agreement, AgreementState, ErrorCode, Party, Payment, PaymentState, Reported, ResolvedAlias,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::case::{Answer, Grade};

/// Where the client does not understand what the provider says, and what it wanted there.
pub(super) struct Misread {
    pub(super) at: String,
    pub(super) expected: &'static str,
    pub(super) actual: String,
    /// The client lives with words it does not know, which Oligo may add; with nothing else.
    pub(super) grade: Grade,
}

/// Reads a body as the client would.
pub(super) fn misread(answer: Answer, body: &Value) -> Vec<Misread> {
    match answer {
        Answer::Nothing | Answer::Anything | Answer::Errors => Vec::new(),
        Answer::Codes => each(body.get("errors"), "/errors", |error| {
            let code = error.get("code").and_then(Value::as_str);
            match code.map(ErrorCode::from) {
                Some(ErrorCode::Unrecognised(code)) => Err(("code", code)),
                Some(_) | None => Ok(()),
            }
        }),
        Answer::Agreement => one(body, agreement),
        Answer::Payment => one(body, payment),
        Answer::Alias => one(body, |data| read::<ResolvedAlias>(data).map(|_| ())),
        Answer::Agreements => each(body.get("data"), "/data", agreement),
        Answer::Payments => each(body.get("data"), "/data", payment),
    }
}

/// The field that is not understood, and what stands there.
type Unclear = (&'static str, String);

fn one(body: &Value, understand: impl Fn(&Value) -> Result<(), Unclear>) -> Vec<Misread> {
    let data = body.get("data").unwrap_or(&Value::Null);
    understand(data)
        .err()
        .map(|unclear| told("/data", unclear))
        .into_iter()
        .collect()
}

fn each(
    list: Option<&Value>,
    at: &str,
    understand: impl Fn(&Value) -> Result<(), Unclear>,
) -> Vec<Misread> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .enumerate()
        .filter_map(|(index, item)| Some((index, understand(item).err()?)))
        .map(|(index, unclear)| told(&format!("{at}/{index}"), unclear))
        .collect()
}

fn told(at: &str, (field, actual): Unclear) -> Misread {
    let (expected, grade) = if field.is_empty() {
        ("what Paydown's client can read", Grade::Must)
    } else {
        ("a word Paydown's client knows", Grade::Said)
    };
    Misread {
        at: format!("{at}/{field}").trim_end_matches('/').to_owned(),
        expected,
        actual,
        grade,
    }
}

fn read<T: DeserializeOwned>(data: &Value) -> Result<T, Unclear> {
    // The library's own words quote the value.
    T::deserialize(data).map_err(|_| ("", "what it cannot read".to_owned()))
}

fn known<T>(field: &'static str, word: Option<&Reported<T>>) -> Result<(), Unclear> {
    match word {
        Some(Reported::Unrecognised(word)) => Err((field, word.clone())),
        Some(Reported::Known(_)) | None => Ok(()),
    }
}

fn agreement(data: &Value) -> Result<(), Unclear> {
    let read: Agreement = read(data)?;
    if let AgreementState::Unrecognised(word) = read.state {
        return Err(("state", word));
    }
    if let Some(Party::Unrecognised(word)) = read.state_caused_by {
        return Err(("state_caused_by", word));
    }
    known("purpose", read.purpose.as_ref())?;
    let terms = read.payment_terms.unwrap_or_default();
    known("payment_terms/type", terms.kind.as_ref())?;
    known("payment_terms/frequency", terms.frequency.as_ref())
}

fn payment(data: &Value) -> Result<(), Unclear> {
    let read: Payment = read(data)?;
    if let PaymentState::Unrecognised(word) = read.state {
        return Err(("state", word));
    }
    known("priority", read.priority.as_ref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_client_does_not_understand_is_named_by_its_place() {
        let unclear = |answer, body: Value| {
            let found = misread(answer, &body).into_iter();
            found
                .map(|found| (found.at, found.actual))
                .collect::<Vec<_>>()
        };
        let place = |at: &str, actual: &str| vec![(at.to_owned(), actual.to_owned())];
        assert_eq!(
            unclear(
                Answer::Agreement,
                json!({"data": {"uid": "A", "state": "frozen"}})
            ),
            place("/data/state", "frozen")
        );
        assert_eq!(
            unclear(
                Answer::Payment,
                json!({"data": {"uid": "P", "state": "settled", "amount": "1"}})
            ),
            place("/data", "what it cannot read")
        );
        let list = json!({"data": [{"uid": "P", "state": "settled"}, {"uid": "Q", "state": "x"}]});
        assert_eq!(unclear(Answer::Payments, list), place("/data/1/state", "x"));
        assert_eq!(
            unclear(
                Answer::Codes,
                json!({"errors": [{"code": "ZPPAY17"}, {"code": "ZPNEW00"}]})
            ),
            place("/errors/1/code", "ZPNEW00")
        );
        let clear = json!({"data": {"display_name": "Robin"}});
        assert_eq!(unclear(Answer::Alias, clear), []);
    }
}
