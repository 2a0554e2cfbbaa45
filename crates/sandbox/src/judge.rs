//! What Oligo would refuse of a row of payments, without a server: the bank's own arithmetic, by itself.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::form::Findings;
use crate::terms::{self, Draft, Rules, Standing};
use crate::words::MonthEnd;

/// A payment to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedPayment {
    /// The Sydney date it is made on.
    pub date: NaiveDate,
    /// In cents.
    pub amount: i64,
    /// The request's `last_payment`: said under balloon terms, and only there.
    pub last_payment: Option<bool>,
}

/// An agreement's dates, both included, and the reading its periods are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedDates {
    /// The anchor of its periods.
    pub validity_start: NaiveDate,
    /// Its last date, if it has one.
    pub validity_end: Option<NaiveDate>,
    /// How month-based periods end in short months.
    pub reading: MonthEnd,
}

/// The codes with which each of `payments`, made in their order and each settled unless refused, would be
/// refused under `payment_terms` (Oligo's object). An empty list is a payment that would be taken.
///
/// # Errors
///
/// Fails with what is wrong with the terms, one sentence each, when Oligo would not take them.
pub fn judge(
    payment_terms: &Value,
    dates: JudgedDates,
    payments: &[JudgedPayment],
) -> Result<Vec<Vec<&'static str>>, Vec<String>> {
    let body = json!({ "payment_terms": payment_terms });
    let mut findings = Findings::default();
    let read = findings
        .root(&body, &["payment_terms"])
        .and_then(|root| terms::read(&mut findings, &root));
    let terms = findings
        .conclude(read)
        .map_err(|refusal| refusal.details())?;
    let rules = Rules {
        terms: &terms,
        validity_start: dates.validity_start,
        validity_end: dates.validity_end,
        reading: dates.reading,
    };

    let mut standing = Vec::new();
    Ok(payments
        .iter()
        .map(|payment| {
            let draft = Draft {
                amount: payment.amount,
                last_payment: payment.last_payment,
                date: payment.date,
            };
            let refused_with: Vec<&'static str> = rules
                .complaints(&draft, &standing)
                .into_iter()
                .map(|complaint| complaint.code)
                .collect();
            if refused_with.is_empty() {
                standing.push(Standing {
                    date: payment.date,
                    is_last: payment.last_payment == Some(true),
                });
            }
            refused_with
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(reading: MonthEnd, dates: &[&str]) -> Vec<Vec<&'static str>> {
        let terms = json!({ "type": "fixed", "frequency": "monthly", "amount": 100 });
        let day = |text: &str| text.parse().expect("a test's date");
        let payments: Vec<JudgedPayment> = dates
            .iter()
            .map(|date| JudgedPayment {
                date: day(date),
                amount: 100,
                last_payment: None,
            })
            .collect();
        let dates = JudgedDates {
            validity_start: day("2026-01-31"),
            validity_end: Some(day("2026-04-30")),
            reading,
        };
        judge(&terms, dates, &payments).expect("terms that hold")
    }

    #[test]
    fn the_second_payment_of_a_period_is_refused_by_the_reading_in_force() {
        let dates = ["2026-01-31", "2026-02-28", "2026-03-30"];

        assert_eq!(
            judged(MonthEnd::Oligo, &dates),
            [vec![], vec!["ZPPAY17"], vec![]]
        );
        assert_eq!(
            judged(MonthEnd::Azupay, &dates),
            [vec![], vec![], vec!["ZPPAY17"]]
        );
    }

    #[test]
    fn a_payment_after_the_end_is_refused() {
        let refused = judged(MonthEnd::Oligo, &["2026-05-01"]);

        assert_eq!(refused, [vec!["ZPPAY07"]]);
    }

    #[test]
    fn terms_oligo_would_not_take_are_named() {
        let dates = JudgedDates {
            validity_start: NaiveDate::MIN,
            validity_end: None,
            reading: MonthEnd::Oligo,
        };

        let refused = judge(
            &json!({ "type": "fixed", "frequency": "monthly" }),
            dates,
            &[],
        );

        let wrong = refused.expect_err("fixed terms need an amount");
        assert_eq!(wrong, ["params.payment_terms.amount is missing"]);
    }
}
