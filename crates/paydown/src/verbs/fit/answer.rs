//! What `paydown fit` answers.

use domain::fit::{CounterExample, Proof, Validity};
use domain::terms::PaymentTerms;
use serde::Serialize;
use serde_json::Value;
use store::codec::terms_to_json;

/// The verdict, as it is printed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The schedule fits. The terms are Oligo's `payment_terms`; what their type does not have is left out.
    Fits(FitsBody),
    /// It does not.
    DoesNotFit(DoesNotFitBody),
}

/// What fits what.
pub struct Fitting<'a> {
    /// The terms, given or proposed.
    pub terms: &'a PaymentTerms,
    /// The dates, given or proposed.
    pub validity: Validity,
    /// How the schedule lies in them.
    pub proof: Proof,
    /// The reading asked for.
    pub reading: &'static str,
    /// The days to try again asked for.
    pub retry_days: u32,
    /// Why these terms, where they were proposed.
    pub reason: Option<String>,
}

/// An agreement that the schedule fits.
#[derive(Debug, Serialize)]
pub struct FitsBody {
    fits: bool,
    terms: Value,
    validity_start_date: String,
    validity_end_date: Option<String>,
    reading: &'static str,
    retry_days: u32,
    instalments: u32,
    windows_used: u32,
    fullest_window: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Why the schedule does not fit.
#[derive(Debug, Serialize)]
pub struct DoesNotFitBody {
    fits: bool,
    counter_example: CounterExampleBody,
}

/// The first instalment that breaks a rule.
#[derive(Debug, Serialize)]
struct CounterExampleBody {
    instalment: u32,
    due_date: String,
    rule: &'static str,
    provider_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<WindowBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_days: Option<u32>,
    detail: String,
}

/// A period; both dates belong to it.
#[derive(Debug, Serialize)]
struct WindowBody {
    first_date: String,
    last_date: String,
}

impl Answer {
    /// The schedule fits.
    pub fn fits(fitting: Fitting<'_>) -> Answer {
        let Fitting {
            terms,
            validity,
            proof,
            reading,
            retry_days,
            reason,
        } = fitting;
        Answer::Fits(FitsBody {
            fits: true,
            terms: terms_to_json(terms),
            validity_start_date: validity.start_date.to_string(),
            validity_end_date: validity.end_date.map(|date| date.to_string()),
            reading,
            retry_days,
            instalments: proof.instalments,
            windows_used: proof.windows_used,
            fullest_window: proof.fullest_window,
            reason,
        })
    }

    /// It does not.
    pub fn does_not_fit(found: &CounterExample) -> Answer {
        Answer::DoesNotFit(DoesNotFitBody {
            fits: false,
            counter_example: CounterExampleBody {
                instalment: found.instalment,
                due_date: found.due_date.to_string(),
                rule: found.rule.as_str(),
                provider_code: found.provider_code,
                reading: found.reading.map(|reading| reading.as_str()),
                window: found.window.map(|window| WindowBody {
                    first_date: window.first_date.to_string(),
                    last_date: window.last_date.to_string(),
                }),
                room_days: found.room_days,
                detail: found.detail.clone(),
            },
        })
    }

    /// The answer for people: a name and a value in each row.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let rows = match self {
            Answer::Fits(body) => body.rows(),
            Answer::DoesNotFit(body) => body.rows(),
        };
        rows.into_iter()
            .map(|(name, value)| vec![name.to_owned(), value])
            .collect()
    }
}

impl FitsBody {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("fits", "yes".to_owned())];
        rows.extend(terms_rows(&self.terms));
        rows.push(("validity start date", self.validity_start_date.clone()));
        let end = self.validity_end_date.clone();
        rows.push(("validity end date", end.unwrap_or_else(|| "none".into())));
        rows.push(("reading", self.reading.to_owned()));
        rows.push(("days to retry", self.retry_days.to_string()));
        rows.push(("instalments", self.instalments.to_string()));
        rows.push(("windows used", self.windows_used.to_string()));
        rows.push(("fullest window", self.fullest_window.to_string()));
        rows.extend(self.reason.clone().map(|reason| ("reason", reason)));
        rows
    }
}

impl DoesNotFitBody {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let found = &self.counter_example;
        let mut rows = vec![
            ("fits", "no".to_owned()),
            ("instalment", found.instalment.to_string()),
            ("due date", found.due_date.clone()),
            ("rule", found.rule.to_owned()),
            ("provider code", found.provider_code.to_owned()),
        ];
        let reading = found.reading.map(str::to_owned);
        rows.extend(reading.map(|reading| ("reading", reading)));
        if let Some(window) = &found.window {
            let (first, last) = (&window.first_date, &window.last_date);
            rows.push(("window", format!("{first} to {last}")));
        }
        rows.push(("detail", found.detail.clone()));
        rows
    }
}

/// What the terms have of what terms can have, with the unit of an amount.
fn terms_rows(terms: &Value) -> Vec<(&'static str, String)> {
    const NAMES: [(&str, &str, &str); 9] = [
        ("type", "type", ""),
        ("frequency", "frequency", ""),
        ("amount", "amount", " cents"),
        ("max amount", "max_amount", " cents"),
        ("count", "count", ""),
        ("first payment amount", "first_payment_amount", " cents"),
        ("last payment amount", "last_payment_amount", " cents"),
        ("first payment date", "first_payment_date", ""),
        ("last payment date", "last_payment_date", ""),
    ];
    let shown = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    NAMES
        .into_iter()
        .filter_map(|(name, key, unit)| Some((name, shown(terms.get(key)?) + unit)))
        .collect()
}
