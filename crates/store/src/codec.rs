//! Between columns and domain values. What a column holds and no constructor accepts is a named error.

use chrono::NaiveDate;
use serde_json::{Value, json};

use domain::date::BusinessDate;
use domain::fit::Validity;
use domain::money::Cents;
use domain::terms::{Amounts, PaymentTerms, TermsDraft};

use crate::StoreError;

/// The terms as one JSON object in the wire's words: `type`, `frequency`, `amount`, … Absent ones left out.
pub fn terms_to_json(terms: &PaymentTerms) -> Value {
    let mut object = serde_json::Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    put("type", Some(json!(terms.terms_type().as_str())));
    put("frequency", Some(json!(terms.frequency().as_str())));
    put("count", terms.count().map(Value::from));
    let cents = |amount: Cents| json!(amount.get());
    match terms.amounts() {
        Amounts::Fixed { amount } => put("amount", Some(cents(amount))),
        Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
            put("max_amount", Some(cents(max_amount)));
        }
        Amounts::Balloon {
            amount,
            first_amount,
            last_amount,
        } => {
            put("amount", Some(cents(amount)));
            put("first_payment_amount", first_amount.map(cents));
            put("last_payment_amount", last_amount.map(cents));
        }
    }
    put(
        "first_payment_date",
        terms
            .first_payment_date()
            .map(|date| json!(date.to_string())),
    );
    put(
        "last_payment_date",
        terms
            .last_payment_date()
            .map(|date| json!(date.to_string())),
    );
    Value::Object(object)
}

/// Reads what [`terms_to_json`] wrote. `None` when it is not that.
pub fn terms_from_json(value: &Value) -> Option<PaymentTerms> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| value.get(key).and_then(Value::as_i64);
    let draft = TermsDraft {
        kind: text("type")?,
        frequency: text("frequency")?,
        amount: number("amount"),
        max_amount: number("max_amount"),
        count: number("count"),
        first_payment_amount: number("first_payment_amount"),
        last_payment_amount: number("last_payment_amount"),
        first_payment_date: text("first_payment_date"),
        last_payment_date: text("last_payment_date"),
    };
    PaymentTerms::from_draft(&draft).ok()
}

/// A value that was read from row `id`, or the error that says it cannot be.
pub(crate) fn understood<T>(
    value: Option<T>,
    what: &'static str,
    id: impl std::fmt::Display,
) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Undecodable {
        id: id.to_string(),
        what,
    })
}

pub(crate) fn date(
    value: NaiveDate,
    what: &'static str,
    id: impl std::fmt::Display,
) -> Result<BusinessDate, StoreError> {
    understood(BusinessDate::from_naive(value).ok(), what, id)
}

pub(crate) fn dates(
    values: Vec<NaiveDate>,
    what: &'static str,
    id: impl std::fmt::Display + Copy,
) -> Result<Vec<BusinessDate>, StoreError> {
    values
        .into_iter()
        .map(|value| date(value, what, id))
        .collect()
}

pub(crate) fn cents(value: i64, id: impl std::fmt::Display) -> Result<Cents, StoreError> {
    understood(Cents::new(value).ok(), "amount_cents", id)
}

pub(crate) fn count(value: i32, id: impl std::fmt::Display) -> Result<u32, StoreError> {
    understood(u32::try_from(value).ok(), "count", id)
}

pub(crate) fn validity(
    start: NaiveDate,
    end: Option<NaiveDate>,
    id: impl std::fmt::Display + Copy,
) -> Result<Validity, StoreError> {
    let end_date = match end {
        Some(end) => Some(date(end, "validity_end_date", id)?),
        None => None,
    };
    Ok(Validity {
        start_date: date(start, "validity_start_date", id)?,
        end_date,
    })
}

/// A count of ours as PostgreSQL's `integer`; saturates, since no count of ours comes near the limit.
pub(crate) fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
