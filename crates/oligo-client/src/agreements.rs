//! What is sent to create an agreement.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::account::AccountIdentifier;
use crate::check::{Checker, FieldProblem, Metadata, Problem};

closed_words! {
    /// Why money will be collected, as shown to the payer.
    Purpose {
        /// A mortgage.
        Mortgage = "mortgage",
        /// A utility bill.
        Utility = "utility",
        /// A loan.
        Loan = "loan",
        /// Support of a dependant.
        DependantSupport = "dependant_support",
        /// Gambling.
        Gambling = "gambling",
        /// Retail.
        Retail = "retail",
        /// A salary.
        Salary = "salary",
        /// A personal matter.
        Personal = "personal",
        /// Government.
        Government = "government",
        /// A pension.
        Pension = "pension",
        /// A tax.
        Tax = "tax",
        /// None of the others.
        Other = "other",
    }
}

closed_words! {
    /// How the amounts of an agreement are bound.
    TermsKind {
        /// Always the same amount.
        Fixed = "fixed",
        /// Any amount up to a maximum.
        Variable = "variable",
        /// Any amount up to a maximum, by use.
        UsageBased = "usage_based",
        /// The same amount, but for the first or the last.
        Balloon = "balloon",
    }
}

closed_words! {
    /// The length of one period of an agreement.
    Frequency {
        /// No period.
        Adhoc = "adhoc",
        /// One day.
        Daily = "daily",
        /// Seven days.
        Weekly = "weekly",
        /// Fourteen days.
        Fortnightly = "fortnightly",
        /// One month.
        Monthly = "monthly",
        /// Three months.
        Quarterly = "quarterly",
        /// Six months.
        SemiAnnual = "semi_annual",
        /// Twelve months.
        Annual = "annual",
    }
}

/// The payer of a new agreement. Its `Debug` leaves the names out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debtor {
    /// The payer's name, 1 to 140 printable ASCII characters.
    pub party_name: String,
    /// Who ultimately owes, when that is another: 1 to 140 printable ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ultimate_party_name: Option<String>,
    /// The account to collect from.
    pub account_identifier: AccountIdentifier,
}

impl fmt::Debug for Debtor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debtor")
            .field("account_identifier", &self.account_identifier)
            .finish_non_exhaustive()
    }
}

/// What may be collected under an agreement. Amounts in cents, 1 to 1,000,000,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTermsBody {
    /// How the amounts are bound; `type` on the wire.
    #[serde(rename = "type")]
    pub kind: TermsKind,
    /// The length of one period.
    pub frequency: Frequency,
    /// The amount of each payment, in cents. Fixed and balloon must have it, the others must not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The most one payment may be, in cents. Variable and usage based only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<i64>,
    /// Payments per period, at least 1. Left out, it means 1, or no limit when `adhoc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The amount of the first payment, in cents. Balloon only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_payment_amount: Option<i64>,
    /// The amount of the last payment, in cents. Balloon only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_payment_amount: Option<i64>,
    /// The Sydney date of the first payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_payment_date: Option<NaiveDate>,
    /// The Sydney date of the last payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_payment_date: Option<NaiveDate>,
}

impl PaymentTermsBody {
    fn check(&self, checker: &mut Checker) {
        let (fixed_amount, balloon) = match self.kind {
            TermsKind::Fixed => (true, false),
            TermsKind::Balloon => (true, true),
            TermsKind::Variable | TermsKind::UsageBased => (false, false),
        };
        if fixed_amount && self.amount.is_none() {
            checker.add("payment_terms.amount", Problem::Missing);
        }
        checker.amount_belongs("payment_terms.amount", self.amount, fixed_amount);
        checker.amount_belongs("payment_terms.max_amount", self.max_amount, !fixed_amount);
        let (first, last) = (self.first_payment_amount, self.last_payment_amount);
        checker.amount_belongs("payment_terms.first_payment_amount", first, balloon);
        checker.amount_belongs("payment_terms.last_payment_amount", last, balloon);
        if self.count == Some(0) {
            let problem = Problem::OutOfRange {
                min: 1,
                max: i64::from(u32::MAX),
            };
            checker.add("payment_terms.count", problem);
        }
        in_order(
            checker,
            ("payment_terms.first_payment_date", self.first_payment_date),
            ("payment_terms.last_payment_date", self.last_payment_date),
        );
    }
}

/// The body that creates an agreement. Its `Debug` leaves free text out.
///
/// Its JSON is the same text each time: fields in this order, those that are `None` left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAgreement {
    /// The caller's own permanent id, 1 to 64 of Oligo's uid characters.
    pub uid: String,
    /// Why money will be collected.
    pub purpose: Purpose,
    /// Shown to the payer, 1 to 140 printable ASCII characters.
    pub description: String,
    /// The payer.
    pub debtor: Debtor,
    /// What may be collected.
    pub payment_terms: PaymentTermsBody,
    /// The first Sydney date of the agreement; left out, today. The periods count from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_start_date: Option<NaiveDate>,
    /// The last Sydney date of the agreement, inclusive; left out, open-ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_end_date: Option<NaiveDate>,
    /// When the payer is asked to have answered. Does not move Oligo's own five days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_requested_before: Option<DateTime<Utc>>,
    /// Whether Oligo cancels the agreement if unanswered at that moment, which must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_if_unresolved: Option<bool>,
    /// The caller's own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl CreateAgreement {
    /// Checks every limit Oligo states that needs no clock.
    ///
    /// # Errors
    ///
    /// Names every wrong field, in the order of the body.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        checker.uid("uid", &self.uid);
        checker.printable("description", &self.description, 140);
        checker.printable("debtor.party_name", &self.debtor.party_name, 140);
        if let Some(name) = &self.debtor.ultimate_party_name {
            checker.printable("debtor.ultimate_party_name", name, 140);
        }
        self.debtor
            .account_identifier
            .check(&mut checker, "debtor.account_identifier.value");
        self.payment_terms.check(&mut checker);
        in_order(
            &mut checker,
            ("validity_start_date", self.validity_start_date),
            ("validity_end_date", self.validity_end_date),
        );
        // Whether `false` also needs the moment is not said; sending neither is always taken.
        if self.cancel_if_unresolved.is_some() && self.resolution_requested_before.is_none() {
            checker.add("resolution_requested_before", Problem::Missing);
        }
        checker.metadata(self.metadata.as_ref());
        checker.finish()
    }
}

impl fmt::Debug for CreateAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateAgreement")
            .field("uid", &self.uid)
            .field("purpose", &self.purpose)
            .field("debtor", &self.debtor)
            .field("payment_terms", &self.payment_terms)
            .field("validity_start_date", &self.validity_start_date)
            .field("validity_end_date", &self.validity_end_date)
            .field(
                "resolution_requested_before",
                &self.resolution_requested_before,
            )
            .field("cancel_if_unresolved", &self.cancel_if_unresolved)
            .finish_non_exhaustive()
    }
}

/// The first of two dates must not be after the second, when both are given.
fn in_order(
    checker: &mut Checker,
    (first_field, first): (&'static str, Option<NaiveDate>),
    (second_field, second): (&'static str, Option<NaiveDate>),
) {
    if let (Some(first), Some(second)) = (first, second) {
        checker.unless(
            first <= second,
            first_field,
            Problem::After {
                other: second_field,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountKind;

    fn variable() -> CreateAgreement {
        CreateAgreement {
            uid: "AGR-7f3c0001".to_owned(),
            purpose: Purpose::Loan,
            description: "Loan 40217 repayments".to_owned(),
            debtor: Debtor {
                party_name: "Robin Sample".to_owned(),
                ultimate_party_name: None,
                account_identifier: AccountIdentifier {
                    kind: AccountKind::Bban,
                    value: "062000-12345678".to_owned(),
                },
            },
            payment_terms: PaymentTermsBody {
                kind: TermsKind::Variable,
                frequency: Frequency::Monthly,
                amount: None,
                max_amount: Some(65_000),
                count: Some(2),
                first_payment_amount: None,
                last_payment_amount: None,
                first_payment_date: None,
                last_payment_date: None,
            },
            validity_start_date: NaiveDate::from_ymd_opt(2026, 9, 15),
            validity_end_date: None,
            resolution_requested_before: None,
            cancel_if_unresolved: None,
            metadata: None,
        }
    }

    #[test]
    fn an_agreement_is_written_in_field_order_without_what_it_does_not_have() {
        let text = serde_json::to_string(&variable()).unwrap();
        let expected = concat!(
            r#"{"uid":"AGR-7f3c0001","purpose":"loan","description":"Loan 40217 repayments","#,
            r#""debtor":{"party_name":"Robin Sample","#,
            r#""account_identifier":{"type":"bban","value":"062000-12345678"}},"#,
            r#""payment_terms":{"type":"variable","frequency":"monthly","max_amount":65000,"#,
            r#""count":2},"validity_start_date":"2026-09-15"}"#,
        );
        assert_eq!(text, expected);
        assert_eq!(
            serde_json::from_str::<CreateAgreement>(&text).unwrap(),
            variable()
        );
    }

    #[test]
    fn every_wrong_field_of_an_agreement_is_named_at_once() {
        let mut request = variable();
        request.uid = "..".to_owned();
        request.description = "caf\u{e9}".to_owned();
        request.debtor.party_name = String::new();
        request.debtor.account_identifier.value = "062-000 12345678".to_owned();
        request.payment_terms.amount = Some(100);
        request.payment_terms.max_amount = Some(0);
        request.payment_terms.count = Some(0);
        request.validity_end_date = NaiveDate::from_ymd_opt(2026, 9, 14);
        request.cancel_if_unresolved = Some(true);
        request.metadata = Some(Metadata::from([("k".to_owned(), serde_json::json!([]))]));

        let problems = request.validate().unwrap_err();

        let fields: Vec<&str> = problems.iter().map(|wrong| wrong.field.as_str()).collect();
        let expected = [
            "uid",
            "description",
            "debtor.party_name",
            "debtor.account_identifier.value",
            "payment_terms.amount",
            "payment_terms.max_amount",
            "payment_terms.count",
            "validity_start_date",
            "resolution_requested_before",
            "metadata",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_payer_is_never_printed() {
        let printed = format!("{:?}", variable());
        for secret in ["Robin", "12345678", "40217 repay"] {
            assert!(!printed.contains(secret), "{secret} is printed");
        }
    }
}
