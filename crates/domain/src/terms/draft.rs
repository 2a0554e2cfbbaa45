//! From an unchecked draft of terms to terms that hold.

use super::{Amounts, Frequency, PaymentTerms, TermsType};
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::violation::Violation;

/// Payment terms that nobody has checked: the fields as a caller or the database gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermsDraft {
    /// The `type`: one of [`TermsType`]'s names.
    pub kind: String,
    /// One of [`Frequency`]'s names.
    pub frequency: String,
    /// The exact amount in cents; fixed and balloon only, and required there.
    pub amount: Option<i64>,
    /// The largest amount in cents; variable and usage-based only, and required there.
    pub max_amount: Option<i64>,
    /// Payments allowed in a period, `1..=999`.
    pub count: Option<i64>,
    /// The first payment's amount in cents; balloon only.
    pub first_payment_amount: Option<i64>,
    /// The last payment's amount in cents; balloon only.
    pub last_payment_amount: Option<i64>,
    /// The exact date of the first payment, `YYYY-MM-DD`.
    pub first_payment_date: Option<String>,
    /// The last date on which a payment may be made, `YYYY-MM-DD`.
    pub last_payment_date: Option<String>,
}

impl PaymentTerms {
    /// The terms that `draft` describes.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once; the pointers name the draft's fields (`/type` for its
    /// kind) and are relative to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{PaymentTerms, TermsDraft, TermsType};
    ///
    /// let draft = TermsDraft {
    ///     kind: "balloon".into(),
    ///     frequency: "monthly".into(),
    ///     amount: Some(20_000),
    ///     last_payment_amount: Some(500_000),
    ///     ..TermsDraft::default()
    /// };
    /// let terms = PaymentTerms::from_draft(&draft).expect("terms that hold");
    /// assert_eq!(terms.terms_type(), TermsType::Balloon);
    ///
    /// // A fixed agreement has one amount.
    /// let broken = PaymentTerms::from_draft(&TermsDraft { kind: "fixed".into(), ..draft });
    /// let broken = broken.unwrap_err();
    /// assert_eq!(broken[0].pointer, "/last_payment_amount");
    /// assert_eq!(broken[0].code, "forbidden");
    /// ```
    pub fn from_draft(draft: &TermsDraft) -> Result<PaymentTerms, Vec<Violation>> {
        let mut broken = Vec::new();

        let frequency = Frequency::parse(&draft.frequency);
        if frequency.is_none() {
            broken.push(unknown(
                "/frequency",
                &names(Frequency::ALL, |item| item.as_str()),
            ));
        }
        let amounts = amounts(draft, &mut broken);
        let count = count(draft.count, &mut broken);
        let first_payment_date = date(
            "/first_payment_date",
            draft.first_payment_date.as_deref(),
            &mut broken,
        );
        let last_payment_date = date(
            "/last_payment_date",
            draft.last_payment_date.as_deref(),
            &mut broken,
        );
        if let (Some(first), Some(last)) = (first_payment_date, last_payment_date)
            && last < first
        {
            let detail = format!("last_payment_date {last} is before first_payment_date {first}");
            broken.push(Violation::new(
                "/last_payment_date",
                super::AgreementRule::LastBeforeFirst.as_str(),
                detail,
            ));
        }

        match (amounts, frequency) {
            (Some(amounts), Some(frequency)) if broken.is_empty() => Ok(PaymentTerms {
                amounts,
                frequency,
                count,
                first_payment_date,
                last_payment_date,
            }),
            (Some(_) | None, Some(_) | None) => Err(broken),
        }
    }
}

/// The amounts of the draft's type; what the type forbids is refused. `None` when anything broke.
fn amounts(draft: &TermsDraft, broken: &mut Vec<Violation>) -> Option<Amounts> {
    let Some(kind) = TermsType::parse(&draft.kind) else {
        broken.push(unknown(
            "/type",
            &names(TermsType::ALL, |item| item.as_str()),
        ));
        return None;
    };
    let amount = cents("/amount", draft.amount, broken);
    let max_amount = cents("/max_amount", draft.max_amount, broken);
    let first_amount = cents("/first_payment_amount", draft.first_payment_amount, broken);
    let last_amount = cents("/last_payment_amount", draft.last_payment_amount, broken);

    let (exact, balloon) = match kind {
        TermsType::Fixed => (true, false),
        TermsType::Variable | TermsType::UsageBased => (false, false),
        TermsType::Balloon => (true, true),
    };
    let fields = [
        ("amount", draft.amount.is_some(), exact),
        ("max_amount", draft.max_amount.is_some(), !exact),
    ];
    for (field, given, wanted) in fields {
        match (given, wanted) {
            (true, false) => broken.push(forbidden(field, kind)),
            (false, true) => {
                let detail = format!("{kind} terms need {field}");
                broken.push(Violation::new(format!("/{field}"), "required", detail));
            }
            (true, true) | (false, false) => {}
        }
    }
    let ends = [
        ("first_payment_amount", draft.first_payment_amount.is_some()),
        ("last_payment_amount", draft.last_payment_amount.is_some()),
    ];
    if !balloon {
        broken.extend(
            ends.iter()
                .filter(|end| end.1)
                .map(|end| forbidden(end.0, kind)),
        );
    } else if !ends.iter().any(|end| end.1) {
        let detail = "balloon terms need first_payment_amount or last_payment_amount";
        broken.push(Violation::new("/last_payment_amount", "required", detail));
    }

    match kind {
        TermsType::Fixed => Some(Amounts::Fixed { amount: amount? }),
        TermsType::Variable => Some(Amounts::Variable {
            max_amount: max_amount?,
        }),
        TermsType::UsageBased => Some(Amounts::UsageBased {
            max_amount: max_amount?,
        }),
        TermsType::Balloon => Some(Amounts::Balloon {
            amount: amount?,
            first_amount,
            last_amount,
        }),
    }
}

fn cents(pointer: &str, given: Option<i64>, broken: &mut Vec<Violation>) -> Option<Cents> {
    match Cents::new(given?) {
        Ok(cents) => Some(cents),
        Err(error) => {
            broken.push(Violation::new(pointer, "out_of_range", error.to_string()));
            None
        }
    }
}

fn count(given: Option<i64>, broken: &mut Vec<Violation>) -> Option<u32> {
    let given = given?;
    match u32::try_from(given) {
        Ok(count) if (1..=PaymentTerms::COUNT_MAX).contains(&count) => Some(count),
        Ok(_) | Err(_) => {
            let detail = format!("count is {given}, not in 1 to {}", PaymentTerms::COUNT_MAX);
            broken.push(Violation::new("/count", "out_of_range", detail));
            None
        }
    }
}

fn date(pointer: &str, given: Option<&str>, broken: &mut Vec<Violation>) -> Option<BusinessDate> {
    match given?.parse() {
        Ok(date) => Some(date),
        Err(error) => {
            let error: crate::date::DateError = error;
            broken.push(Violation::new(pointer, "not_a_date", error.to_string()));
            None
        }
    }
}

fn forbidden(field: &str, kind: TermsType) -> Violation {
    let detail = format!("{kind} terms have no {field}");
    Violation::new(format!("/{field}"), "forbidden", detail)
}

fn unknown(pointer: &str, names: &str) -> Violation {
    Violation::new(pointer, "unknown_value", format!("must be one of {names}"))
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter()
        .map(|item| name(*item))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: &str) -> TermsDraft {
        TermsDraft {
            kind: kind.into(),
            frequency: "monthly".into(),
            ..TermsDraft::default()
        }
    }

    fn broken(draft: &TermsDraft) -> Vec<(String, &'static str)> {
        let violations = PaymentTerms::from_draft(draft).expect_err("a draft with faults");
        violations
            .into_iter()
            .map(|violation| (violation.pointer, violation.code))
            .collect()
    }

    #[test]
    fn each_type_of_terms_takes_the_amounts_it_needs() {
        let drafts = [
            TermsDraft {
                amount: Some(100),
                ..draft("fixed")
            },
            TermsDraft {
                max_amount: Some(100),
                ..draft("variable")
            },
            TermsDraft {
                max_amount: Some(100),
                ..draft("usage_based")
            },
            TermsDraft {
                amount: Some(9),
                first_payment_amount: Some(1),
                ..draft("balloon")
            },
            TermsDraft {
                amount: Some(9),
                last_payment_amount: Some(1),
                ..draft("balloon")
            },
        ];
        for draft in drafts {
            let terms = PaymentTerms::from_draft(&draft).expect("terms that hold");
            assert_eq!(terms.terms_type().as_str(), draft.kind);
        }
    }

    #[test]
    fn each_type_of_terms_refuses_to_be_without_its_amount() {
        let required = |field: &str| vec![(format!("/{field}"), "required")];

        assert_eq!(broken(&draft("fixed")), required("amount"));
        assert_eq!(broken(&draft("variable")), required("max_amount"));
        assert_eq!(broken(&draft("usage_based")), required("max_amount"));
        let balloon = TermsDraft {
            amount: Some(9),
            ..draft("balloon")
        };
        assert_eq!(broken(&balloon), required("last_payment_amount"));
    }

    #[test]
    fn each_type_of_terms_refuses_the_amounts_of_another() {
        let variable = TermsDraft {
            amount: Some(100),
            max_amount: Some(100),
            first_payment_amount: Some(1),
            ..draft("variable")
        };
        let fixed = TermsDraft {
            amount: Some(1),
            max_amount: Some(1),
            ..draft("fixed")
        };

        let pointers = ["/amount", "/first_payment_amount"].map(|at| (at.into(), "forbidden"));
        assert_eq!(broken(&variable), pointers);
        assert_eq!(broken(&fixed), [("/max_amount".into(), "forbidden")]);
    }

    #[test]
    fn every_fault_of_a_draft_is_told_at_once() {
        let draft = TermsDraft {
            kind: "free".into(),
            frequency: "hourly".into(),
            count: Some(0),
            first_payment_date: Some("2026-02-30".into()),
            ..TermsDraft::default()
        };

        let codes = [
            ("/frequency".into(), "unknown_value"),
            ("/type".into(), "unknown_value"),
            ("/count".into(), "out_of_range"),
            ("/first_payment_date".into(), "not_a_date"),
        ];
        assert_eq!(broken(&draft), codes);
    }

    #[test]
    fn a_count_is_between_1_and_999() {
        let counted = |count| TermsDraft {
            amount: Some(1),
            count: Some(count),
            ..draft("fixed")
        };

        for count in [1, 999] {
            let terms = PaymentTerms::from_draft(&counted(count)).expect("a count in range");
            assert_eq!(terms.count().map(i64::from), Some(count));
        }
        for count in [-1, 0, 1_000, i64::MAX] {
            assert_eq!(broken(&counted(count)), [("/count".into(), "out_of_range")]);
        }
    }

    #[test]
    fn the_first_payment_may_not_come_after_the_last() {
        let dated = |first: &str, last: &str| TermsDraft {
            amount: Some(1),
            first_payment_date: Some(first.into()),
            last_payment_date: Some(last.into()),
            ..draft("fixed")
        };

        assert!(PaymentTerms::from_draft(&dated("2026-01-01", "2026-01-01")).is_ok());
        let codes = [("/last_payment_date".into(), "before_first_payment_date")];
        assert_eq!(broken(&dated("2026-01-02", "2026-01-01")), codes);
    }
}
