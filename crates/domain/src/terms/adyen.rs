//! Terms and dates in the words of Adyen's mandate, and back.
//!
//! Adyen has one amount with a rule (`exact` or `max`), writes amount and count as strings of
//! digits, and knows no agreement without an end. What it cannot say is refused by name
//! ([`Inexpressible`]), never rounded to what it can.
//!
//! Two things are lost without money being at stake. Usage-based terms come back as variable ones:
//! Adyen has one word, `max`, for both. And where Oligo makes an agreement by itself, Adyen makes it
//! together with a first payment, so its first instalment is due the day the payer agrees.

use super::{Allowance, Amounts, Frequency, PaymentTerms, Validity};
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::violation::Violation;

/// The most characters of a mandate's `remarks`.
pub const REMARKS_CHARS_MAX: usize = 140;

/// The fields of Adyen's `mandate` object, as they stand on its wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mandate {
    /// Cents in digits, `1` to `1000000000`.
    pub amount: String,
    /// `exact` or `max`.
    pub amount_rule: String,
    /// One of the words of [`frequency_word`].
    pub frequency: String,
    /// Digits: payments in a period; under `adhoc`, payments in all, and only there optional.
    pub count: Option<String>,
    /// `YYYY-MM-DD`, the first date.
    pub starts_at: String,
    /// `YYYY-MM-DD`, the last date; Adyen knows no mandate without one.
    pub ends_at: String,
    /// What the payer reads, 1 to 140 characters.
    pub remarks: String,
}

/// What Adyen's mandate has no words for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inexpressible {
    /// Another amount for the first or the last payment.
    #[error("Adyen has one amount, and balloon terms have more")]
    Balloon,
    /// An agreement without an end.
    #[error("Adyen needs an end date, and the agreement has none")]
    NoEndDate,
    /// An end before the start.
    #[error("the agreement would end on {ends_at}, before it begins on {starts_at}")]
    EndsBeforeStart {
        /// The first date.
        starts_at: BusinessDate,
        /// The last date.
        ends_at: BusinessDate,
    },
    /// A date for the first payment.
    #[error("Adyen has no first payment date, and the terms name {date}")]
    FirstPaymentDate {
        /// The date of the terms.
        date: BusinessDate,
    },
    /// A date after which nothing is collected, apart from the agreement's end.
    #[error("Adyen has no last payment date, and the terms name {date}")]
    LastPaymentDate {
        /// The date of the terms.
        date: BusinessDate,
    },
    /// Remarks that are empty or too long.
    #[error("Adyen takes remarks of 1 to 140 characters, and these have {chars}")]
    Remarks {
        /// How many characters they have.
        chars: usize,
    },
}

/// Adyen's word for a frequency.
///
/// # Examples
///
/// ```
/// use domain::terms::{Frequency, adyen};
///
/// assert_eq!(adyen::frequency_word(Frequency::Fortnightly), "biWeekly");
/// assert_eq!(adyen::frequency_word(Frequency::SemiAnnual), "halfYearly");
/// ```
pub const fn frequency_word(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Adhoc => "adhoc",
        Frequency::Daily => "daily",
        Frequency::Weekly => "weekly",
        Frequency::Fortnightly => "biWeekly",
        Frequency::Monthly => "monthly",
        Frequency::Quarterly => "quarterly",
        Frequency::SemiAnnual => "halfYearly",
        Frequency::Annual => "yearly",
    }
}

/// The frequency behind Adyen's word.
///
/// # Examples
///
/// ```
/// use domain::terms::{Frequency, adyen};
///
/// assert_eq!(adyen::parse_frequency("yearly"), Some(Frequency::Annual));
/// assert_eq!(adyen::parse_frequency("annual"), None);
/// ```
pub fn parse_frequency(word: &str) -> Option<Frequency> {
    Frequency::ALL
        .iter()
        .copied()
        .find(|frequency| frequency_word(*frequency) == word)
}

/// An agreement in Adyen's words.
///
/// Usage-based terms are said as variable ones, `max`: the same amounts are allowed. A count that
/// the terms leave out is said as the 1 it means, because Adyen wants it said.
///
/// # Errors
///
/// Fails with the first thing, in the order of [`Inexpressible`], that Adyen has no words for.
///
/// # Examples
///
/// ```
/// use domain::terms::{PaymentTerms, TermsDraft, Validity, adyen};
///
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "variable".into(),
///     frequency: "fortnightly".into(),
///     max_amount: Some(9_000),
///     ..TermsDraft::default()
/// })
/// .expect("terms that hold");
/// let until = Some("2027-12-31".parse()?);
/// let validity = Validity::new("2026-12-01".parse()?, until).expect("dates in order");
///
/// let mandate = adyen::to_mandate(&terms, validity, "Loan 123").expect("Adyen has the words");
/// assert_eq!((mandate.amount.as_str(), mandate.amount_rule.as_str()), ("9000", "max"));
/// assert_eq!((mandate.frequency.as_str(), mandate.count.as_deref()), ("biWeekly", Some("1")));
///
/// let endless = Validity { end_date: None, ..validity };
/// let refused = adyen::to_mandate(&terms, endless, "Loan 123");
/// assert_eq!(refused, Err(adyen::Inexpressible::NoEndDate));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn to_mandate(
    terms: &PaymentTerms,
    validity: Validity,
    remarks: &str,
) -> Result<Mandate, Inexpressible> {
    let (amount, amount_rule) = match terms.amounts() {
        Amounts::Fixed { amount } => (amount, "exact"),
        Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
            (max_amount, "max")
        }
        Amounts::Balloon { .. } => return Err(Inexpressible::Balloon),
    };
    let starts_at = validity.start_date;
    let ends_at = validity.end_date.ok_or(Inexpressible::NoEndDate)?;
    if ends_at < starts_at {
        return Err(Inexpressible::EndsBeforeStart { starts_at, ends_at });
    }
    if let Some(date) = terms.first_payment_date() {
        return Err(Inexpressible::FirstPaymentDate { date });
    }
    if let Some(date) = terms.last_payment_date() {
        return Err(Inexpressible::LastPaymentDate { date });
    }
    let chars = remarks.chars().count();
    if !remarks_fit(chars) {
        return Err(Inexpressible::Remarks { chars });
    }
    let count = match terms.allowance() {
        Allowance::PerWindow(count) | Allowance::Lifetime(count) => Some(count.to_string()),
        Allowance::Unlimited => None,
    };

    Ok(Mandate {
        amount: amount.get().to_string(),
        amount_rule: amount_rule.to_owned(),
        frequency: frequency_word(terms.frequency()).to_owned(),
        count,
        starts_at: starts_at.to_string(),
        ends_at: ends_at.to_string(),
        remarks: remarks.to_owned(),
    })
}

/// The terms and dates behind Adyen's words.
///
/// # Errors
///
/// Fails with every broken rule at once; the pointers are Adyen's field names, such as
/// `/amountRule`.
///
/// # Examples
///
/// ```
/// use domain::terms::{Amounts, Frequency, adyen};
///
/// let mandate = adyen::Mandate {
///     amount: "4001".into(),
///     amount_rule: "exact".into(),
///     frequency: "adhoc".into(),
///     count: Some("3".into()),
///     starts_at: "2026-11-13".into(),
///     ends_at: "2026-12-31".into(),
///     remarks: "Loan 123".into(),
/// };
/// let (terms, validity) = adyen::from_mandate(&mandate).expect("words that hold");
/// assert_eq!((terms.frequency(), terms.count()), (Frequency::Adhoc, Some(3)));
/// assert_eq!(validity.end_date.map(|date| date.to_string()).as_deref(), Some("2026-12-31"));
///
/// let wrong = adyen::Mandate { amount_rule: "about".into(), amount: "4.1".into(), ..mandate };
/// assert_eq!(adyen::from_mandate(&wrong).unwrap_err().len(), 2);
/// ```
pub fn from_mandate(mandate: &Mandate) -> Result<(PaymentTerms, Validity), Vec<Violation>> {
    let mut broken = Vec::new();
    let amount = amount(&mandate.amount, &mut broken);
    let amounts = amounts(&mandate.amount_rule, amount, &mut broken);
    let frequency = parse_frequency(&mandate.frequency);
    if frequency.is_none() {
        let words: Vec<_> = Frequency::ALL.iter().copied().map(frequency_word).collect();
        let detail = format!("must be one of {}", words.join(", "));
        broken.push(Violation::new("/frequency", "unknown_value", detail));
    }
    let count = count(mandate.count.as_deref(), frequency, &mut broken);
    let starts_at = date("/startsAt", &mandate.starts_at, &mut broken);
    let ends_at = date("/endsAt", &mandate.ends_at, &mut broken);
    if let (Some(start), Some(end)) = (starts_at, ends_at)
        && end < start
    {
        let detail = format!("endsAt {end} is before startsAt {start}");
        broken.push(Violation::new("/endsAt", "before_validity_start", detail));
    }
    let chars = mandate.remarks.chars().count();
    if !remarks_fit(chars) {
        let detail = Inexpressible::Remarks { chars }.to_string();
        broken.push(Violation::new("/remarks", "out_of_range", detail));
    }

    match (amounts, frequency, starts_at) {
        (Some(amounts), Some(frequency), Some(start_date)) if broken.is_empty() => Ok((
            PaymentTerms::undated(amounts, frequency, count),
            Validity {
                start_date,
                end_date: ends_at,
            },
        )),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(broken),
    }
}

fn remarks_fit(chars: usize) -> bool {
    (1..=REMARKS_CHARS_MAX).contains(&chars)
}

/// A whole number in plain digits, without sign, blank or leading nought.
fn digits(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

fn amount(text: &str, broken: &mut Vec<Violation>) -> Option<Cents> {
    let amount = digits(text).and_then(|cents| Cents::new(cents).ok());
    if amount.is_none() {
        let detail = format!("amount is digits from 1 to {}", Cents::MAX.get());
        broken.push(Violation::new("/amount", "out_of_range", detail));
    }
    amount
}

fn amounts(rule: &str, amount: Option<Cents>, broken: &mut Vec<Violation>) -> Option<Amounts> {
    if rule == "exact" {
        return Some(Amounts::Fixed { amount: amount? });
    }
    if rule == "max" {
        let max_amount = amount?;
        return Some(Amounts::Variable { max_amount });
    }
    let detail = "must be one of exact, max";
    broken.push(Violation::new("/amountRule", "unknown_value", detail));
    None
}

fn count(
    text: Option<&str>,
    frequency: Option<Frequency>,
    broken: &mut Vec<Violation>,
) -> Option<u32> {
    let Some(text) = text else {
        let optional = frequency.is_none_or(|frequency| frequency == Frequency::Adhoc);
        if !optional {
            let detail = "count is required unless the frequency is adhoc";
            broken.push(Violation::new("/count", "required", detail));
        }
        return None;
    };
    let count = digits(text)
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| *count <= PaymentTerms::COUNT_MAX);
    if count.is_none() {
        let detail = format!("count is digits from 1 to {}", PaymentTerms::COUNT_MAX);
        broken.push(Violation::new("/count", "out_of_range", detail));
    }
    count
}

fn date(pointer: &str, text: &str, broken: &mut Vec<Violation>) -> Option<BusinessDate> {
    match text.parse::<BusinessDate>() {
        Ok(date) => Some(date),
        Err(error) => {
            broken.push(Violation::new(pointer, "not_a_date", error.to_string()));
            None
        }
    }
}

#[cfg(test)]
mod tests;
