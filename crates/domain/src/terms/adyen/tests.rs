//! Unit tests of Adyen's words.

use super::*;
use crate::terms::TermsDraft;

fn day(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn year() -> Validity {
    Validity {
        start_date: day("2026-01-05"),
        end_date: Some(day("2027-01-04")),
    }
}

fn terms(change: impl FnOnce(&mut TermsDraft)) -> PaymentTerms {
    let mut draft = TermsDraft {
        kind: "fixed".into(),
        frequency: "monthly".into(),
        amount: Some(100),
        ..TermsDraft::default()
    };
    change(&mut draft);
    PaymentTerms::from_draft(&draft).expect("a test's terms")
}

fn mandate() -> Mandate {
    to_mandate(&terms(|_| ()), year(), "Loan 1").expect("expressible")
}

fn broken(change: impl FnOnce(&mut Mandate)) -> Vec<(String, &'static str)> {
    let mut mandate = mandate();
    change(&mut mandate);
    let broken = from_mandate(&mandate).expect_err("words that do not hold");
    broken
        .into_iter()
        .map(|one| (one.pointer, one.code))
        .collect()
}

fn one(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn every_frequency_has_its_own_word_at_adyen() {
    let words: Vec<_> = Frequency::ALL.iter().copied().map(frequency_word).collect();

    let expected = [
        "adhoc",
        "daily",
        "weekly",
        "biWeekly",
        "monthly",
        "quarterly",
        "halfYearly",
        "yearly",
    ];
    assert_eq!(words, expected);
    for frequency in Frequency::ALL {
        assert_eq!(
            parse_frequency(frequency_word(*frequency)),
            Some(*frequency)
        );
    }
    assert_eq!(parse_frequency("fortnightly"), None);
}

#[test]
fn fixed_terms_are_an_exact_amount_and_their_count_is_always_said() {
    let expected = Mandate {
        amount: "100".into(),
        amount_rule: "exact".into(),
        frequency: "monthly".into(),
        count: Some("1".into()),
        starts_at: "2026-01-05".into(),
        ends_at: "2027-01-04".into(),
        remarks: "Loan 1".into(),
    };
    assert_eq!(mandate(), expected);
}

#[test]
fn variable_and_usage_based_terms_are_a_maximum_and_come_back_as_variable() {
    for kind in ["variable", "usage_based"] {
        let terms = terms(|draft| {
            draft.kind = kind.into();
            (draft.amount, draft.max_amount) = (None, Some(900));
        });
        let mandate = to_mandate(&terms, year(), "Loan 1").expect("expressible");

        assert_eq!(mandate.amount_rule, "max");
        let (back, dates) = from_mandate(&mandate).expect("words that hold");
        let max_amount = Cents::new(900).expect("an amount");
        assert_eq!(back.amounts(), Amounts::Variable { max_amount });
        assert_eq!(dates, year());
    }
}

#[test]
fn adhoc_terms_say_their_count_for_life_or_none() {
    let said = |count| {
        let terms = terms(|draft| (draft.frequency, draft.count) = ("adhoc".into(), count));
        to_mandate(&terms, year(), "Loan 1")
            .expect("expressible")
            .count
    };

    assert_eq!(said(Some(3)), Some("3".to_owned()));
    assert_eq!(said(None), None);
}

#[test]
fn what_adyen_has_no_words_for_is_named() {
    let refused = |terms: &PaymentTerms, validity| to_mandate(terms, validity, "Loan 1");
    let balloon = terms(|draft| {
        (draft.kind, draft.last_payment_amount) = ("balloon".into(), Some(9));
    });
    assert_eq!(refused(&balloon, year()), Err(Inexpressible::Balloon));

    let plain = terms(|_| ());
    let until = |end_date| Validity { end_date, ..year() };
    assert_eq!(refused(&plain, until(None)), Err(Inexpressible::NoEndDate));
    let (starts_at, ends_at) = (day("2026-01-05"), day("2026-01-04"));
    let backwards = Inexpressible::EndsBeforeStart { starts_at, ends_at };
    assert_eq!(refused(&plain, until(Some(ends_at))), Err(backwards));
    assert!(refused(&plain, until(Some(starts_at))).is_ok());

    let date = day("2026-01-05");
    let first = terms(|draft| draft.first_payment_date = Some(date.to_string()));
    let expected = Inexpressible::FirstPaymentDate { date };
    assert_eq!(refused(&first, year()), Err(expected));
    let last = terms(|draft| draft.last_payment_date = Some(date.to_string()));
    let expected = Inexpressible::LastPaymentDate { date };
    assert_eq!(refused(&last, year()), Err(expected));
}

#[test]
fn remarks_have_1_to_140_characters() {
    let said = |chars: usize| to_mandate(&terms(|_| ()), year(), &"é".repeat(chars));

    assert!(said(1).is_ok() && said(140).is_ok());
    for chars in [0, 141] {
        assert_eq!(said(chars), Err(Inexpressible::Remarks { chars }));
        let refused = broken(|mandate| mandate.remarks = "é".repeat(chars));
        assert_eq!(refused, one("/remarks", "out_of_range"));
    }
}

#[test]
fn amounts_and_counts_are_plain_digits_in_range() {
    for amount in ["0", "-1", "+1", " 1", "01", "1.0", "", "1000000001"] {
        let refused = broken(|mandate| mandate.amount = amount.into());
        assert_eq!(refused, one("/amount", "out_of_range"), "{amount}");
    }
    for count in ["0", "-1", "01", "1000", "", "4294967297"] {
        let refused = broken(|mandate| mandate.count = Some(count.into()));
        assert_eq!(refused, one("/count", "out_of_range"), "{count}");
    }
    let most = Mandate {
        amount: "1000000000".into(),
        count: Some("999".into()),
        ..mandate()
    };
    let (terms, _) = from_mandate(&most).expect("the largest");
    assert_eq!(terms.count(), Some(999));
    assert_eq!(terms.amounts(), Amounts::Fixed { amount: Cents::MAX });
}

#[test]
fn a_count_is_required_but_for_adhoc() {
    assert_eq!(
        broken(|mandate| mandate.count = None),
        one("/count", "required")
    );
    let adhoc = Mandate {
        frequency: "adhoc".into(),
        count: None,
        ..mandate()
    };
    let (terms, _) = from_mandate(&adhoc).expect("words that hold");
    assert_eq!(terms.allowance(), Allowance::Unlimited);
}

#[test]
fn every_wrong_word_is_told_at_once() {
    let found = broken(|mandate| {
        mandate.amount = "ten".into();
        mandate.amount_rule = "about".into();
        mandate.frequency = "fortnightly".into();
        mandate.count = None;
        mandate.starts_at = "2026-02-30".into();
        mandate.ends_at = "soon".into();
    });

    let expected = [
        ("/amount".to_owned(), "out_of_range"),
        ("/amountRule".to_owned(), "unknown_value"),
        ("/frequency".to_owned(), "unknown_value"),
        ("/startsAt".to_owned(), "not_a_date"),
        ("/endsAt".to_owned(), "not_a_date"),
    ];
    assert_eq!(found, expected);
    let backwards = broken(|mandate| mandate.ends_at = "2026-01-04".into());
    assert_eq!(backwards, one("/endsAt", "before_validity_start"));
    assert!(
        from_mandate(&Mandate {
            ends_at: "2026-01-05".into(),
            ..mandate()
        })
        .is_ok()
    );
}
