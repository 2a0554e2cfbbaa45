//! What an agreement allows, and whether a payment keeps to it.

use chrono::NaiveDate;
use serde::Serialize;

use crate::complaint::{
    AFTER_END, AFTER_LAST_DATE, AMOUNT_INCORRECT, BALLOON_UNMARKED, BEFORE_START, Complaint,
    FIRST_AMOUNT_INCORRECT, FIRST_DATE_MISMATCH, LAST_AMOUNT_INCORRECT, LAST_DATE_MISMATCH,
    LAST_MADE, LAST_MARKED, OVER_MAXIMUM, TOO_MANY,
};
use crate::form::{Findings, Form, cents, count, date};
use crate::window::{Window, window_holding};
use crate::words::{Frequency, MonthEnd, TermsType};

/// Payment terms as Oligo writes them back: all nine keys, the unused ones null.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Terms {
    #[serde(rename = "type")]
    pub(crate) kind: TermsType,
    pub(crate) frequency: Frequency,
    pub(crate) amount: Option<i64>,
    pub(crate) max_amount: Option<i64>,
    /// Payments per period; over the whole life when the frequency is `adhoc`; null: no limit.
    pub(crate) count: Option<u64>,
    pub(crate) first_payment_amount: Option<i64>,
    pub(crate) last_payment_amount: Option<i64>,
    pub(crate) first_payment_date: Option<NaiveDate>,
    pub(crate) last_payment_date: Option<NaiveDate>,
}

const KEYS: [&str; 9] = [
    "type",
    "frequency",
    "amount",
    "max_amount",
    "count",
    "first_payment_amount",
    "last_payment_amount",
    "first_payment_date",
    "last_payment_date",
];

/// Reads the `payment_terms` of a request.
pub(crate) fn read(findings: &mut Findings, root: &Form<'_>) -> Option<Terms> {
    let form = findings.object(root, "payment_terms", &KEYS)?;
    let kind = findings.choice(&form, "type", TermsType::WORDS, TermsType::from_word);
    let frequency = findings.choice(&form, "frequency", Frequency::WORDS, Frequency::from_word);
    let amount = findings.optional(&form, "amount", cents);
    let max_amount = findings.optional(&form, "max_amount", cents);
    let stated = findings.optional(&form, "count", count);
    let first_payment_amount = findings.optional(&form, "first_payment_amount", cents);
    let last_payment_amount = findings.optional(&form, "last_payment_amount", cents);
    let first_payment_date = findings.optional(&form, "first_payment_date", date);
    let last_payment_date = findings.optional(&form, "last_payment_date", date);
    let kind = kind?;
    keep_to_type(findings, &form, kind);
    let frequency = frequency?;
    let unstated = (frequency != Frequency::Adhoc).then_some(1);
    Some(Terms {
        kind,
        frequency,
        amount,
        max_amount,
        count: stated.or(unstated),
        first_payment_amount,
        last_payment_amount,
        first_payment_date,
        last_payment_date,
    })
}

/// Each type has its own amounts; any other is refused.
fn keep_to_type(findings: &mut Findings, form: &Form<'_>, kind: TermsType) {
    const FOREIGN: &str = "does not belong to this type of terms";
    match kind {
        TermsType::Fixed | TermsType::Balloon => {
            findings.required(form, "amount", cents_present);
            findings.forbid(form, "max_amount", FOREIGN);
        }
        TermsType::Variable | TermsType::UsageBased => {
            const WHY: &str = "must not be present unless the type is 'fixed' or 'balloon'";
            findings.forbid(form, "amount", WHY);
        }
    }
    if kind != TermsType::Balloon {
        findings.forbid(form, "first_payment_amount", FOREIGN);
        findings.forbid(form, "last_payment_amount", FOREIGN);
    }
}

/// The field's own format is checked where it is read; here it only has to be there.
fn cents_present(_: &serde_json::Value) -> Option<()> {
    Some(())
}

/// An agreement's terms with the dates and the reading they are kept by.
pub(crate) struct Rules<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) validity_start: NaiveDate,
    pub(crate) validity_end: Option<NaiveDate>,
    pub(crate) reading: MonthEnd,
}

/// A payment about to be made.
pub(crate) struct Draft {
    pub(crate) amount: i64,
    pub(crate) last_payment: Option<bool>,
    /// Today, Sydney.
    pub(crate) date: NaiveDate,
}

/// A payment of the same agreement that has not failed.
pub(crate) struct Standing {
    /// The Sydney date of its latest submission, which places it in a period.
    pub(crate) date: NaiveDate,
    pub(crate) is_last: bool,
}

impl Rules<'_> {
    /// The period that holds `date`, if this agreement has periods and is valid by then.
    pub(crate) fn window(&self, date: NaiveDate) -> Option<Window> {
        window_holding(
            self.validity_start,
            self.terms.frequency,
            self.reading,
            date,
        )
    }

    /// Everything in which `draft` breaks the terms, given the payments that stand.
    pub(crate) fn complaints(&self, draft: &Draft, standing: &[Standing]) -> Vec<Complaint> {
        let mut found = Vec::new();
        self.check_dates(draft, standing, &mut found);
        self.check_amount(draft, standing, &mut found);
        if standing.iter().any(|payment| payment.is_last) {
            found.push(LAST_MADE);
        }
        if self
            .terms
            .count
            .is_some_and(|count| count <= self.used(draft.date, standing))
        {
            found.push(TOO_MANY);
        }
        found
    }

    /// How many payments stand in the period of `date`; in the whole life when there are none.
    fn used(&self, date: NaiveDate, standing: &[Standing]) -> u64 {
        let window = self.window(date);
        let counts = |payment: &&Standing| match (self.terms.frequency, window) {
            (Frequency::Adhoc, _) => true,
            (_, Some(window)) => window.holds(payment.date),
            // Before the first period nothing can stand, and the date itself is refused.
            (_, None) => false,
        };
        standing.iter().filter(counts).count() as u64
    }

    fn check_dates(&self, draft: &Draft, standing: &[Standing], found: &mut Vec<Complaint>) {
        let Draft { date, .. } = *draft;
        if date < self.validity_start {
            found.push(BEFORE_START);
        }
        if self.validity_end.is_some_and(|end| end < date) {
            found.push(AFTER_END);
        }
        if self.terms.last_payment_date.is_some_and(|last| last < date) {
            found.push(AFTER_LAST_DATE);
        }
        let is_first = standing.is_empty();
        if is_first
            && self
                .terms
                .first_payment_date
                .is_some_and(|first| first != date)
        {
            found.push(FIRST_DATE_MISMATCH);
        }
        let is_last = draft.last_payment == Some(true) && self.terms.kind == TermsType::Balloon;
        if is_last
            && self
                .terms
                .last_payment_date
                .is_some_and(|last| last != date)
        {
            found.push(LAST_DATE_MISMATCH);
        }
    }

    fn check_amount(&self, draft: &Draft, standing: &[Standing], found: &mut Vec<Complaint>) {
        let terms = self.terms;
        match (terms.kind, draft.last_payment) {
            (TermsType::Balloon, None) => found.push(BALLOON_UNMARKED),
            (TermsType::Balloon, Some(_)) => {}
            (_, Some(_)) => found.push(LAST_MARKED),
            (_, None) => {}
        }
        if terms.max_amount.is_some_and(|max| max < draft.amount) {
            found.push(OVER_MAXIMUM);
        }
        let is_last = draft.last_payment == Some(true);
        let (due, complaint) = match (terms.first_payment_amount, terms.last_payment_amount) {
            (_, Some(last)) if is_last => (Some(last), LAST_AMOUNT_INCORRECT),
            (Some(first), _) if standing.is_empty() => (Some(first), FIRST_AMOUNT_INCORRECT),
            (_, _) => (terms.amount, AMOUNT_INCORRECT),
        };
        if due.is_some_and(|due| due != draft.amount) {
            found.push(complaint);
        }
    }
}
