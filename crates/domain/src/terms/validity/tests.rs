//! Unit tests of an agreement's dates.

use super::*;
use crate::terms::TermsDraft;

fn day(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

/// Terms with a first and a last payment date.
fn dated(first: Option<&str>, last: Option<&str>) -> PaymentTerms {
    let draft = TermsDraft {
        kind: "fixed".into(),
        frequency: "monthly".into(),
        amount: Some(100),
        first_payment_date: first.map(str::to_owned),
        last_payment_date: last.map(str::to_owned),
        ..TermsDraft::default()
    };
    PaymentTerms::from_draft(&draft).expect("a test's terms")
}

fn dates(start: &str, end: Option<&str>) -> Validity {
    Validity {
        start_date: day(start),
        end_date: end.map(day),
    }
}

/// The rules broken today, 2026-03-10.
fn broken(terms: &PaymentTerms, validity: Validity) -> Vec<(String, &'static str)> {
    match agreement_rules(terms, validity, day("2026-03-10")) {
        Ok(()) => Vec::new(),
        Err(broken) => broken
            .into_iter()
            .map(|one| (one.pointer, one.code))
            .collect(),
    }
}

fn one(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn every_rule_is_read_back_as_what_it_names() {
    for rule in AgreementRule::ALL {
        assert_eq!(AgreementRule::parse(rule.as_str()), Some(*rule));
        assert_eq!(rule.to_string(), rule.as_str());
    }
    assert_eq!(AgreementRule::parse("other"), None);
}

#[test]
fn the_rules_have_oligos_codes_but_for_two_of_the_mandate_service() {
    let codes: Vec<_> = AgreementRule::ALL
        .iter()
        .map(|rule| rule.provider_code())
        .collect();

    let oligo = ["04", "06", "07", "08", "08", "09", "10", "11"].map(|last| format!("ZPAGR{last}"));
    let expected = oligo.iter().map(|code| Some(code.as_str()));
    assert_eq!(codes, expected.chain([None, None]).collect::<Vec<_>>());
}

#[test]
fn an_agreement_of_one_day_is_in_order() {
    let terms = dated(Some("2026-03-10"), Some("2026-03-10"));

    assert_eq!(broken(&terms, dates("2026-03-10", Some("2026-03-10"))), []);
    assert_eq!(broken(&dated(None, None), dates("2026-03-10", None)), []);
}

#[test]
fn an_agreement_does_not_begin_in_the_past() {
    let found = broken(&dated(None, None), dates("2026-03-09", None));
    assert_eq!(found, one("/validity_start_date", "validity_in_past"));
}

#[test]
fn an_agreement_does_not_end_before_it_begins() {
    let refused = Validity::new(day("2026-03-11"), Some(day("2026-03-10")));
    let told = refused.expect_err("backwards");
    let sentence =
        "validity_end_date 2026-03-10 is before validity_start_date 2026-03-11 (ZPAGR06)";
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail, sentence);

    let found = broken(&dated(None, None), dates("2026-03-11", Some("2026-03-10")));
    assert_eq!(found, one("/validity_end_date", "before_validity_start"));
    let day = day("2026-03-11");
    let expected = Validity {
        start_date: day,
        end_date: Some(day),
    };
    assert_eq!(Validity::new(day, Some(day)), Ok(expected));
}

#[test]
fn an_agreement_does_not_end_in_the_past() {
    let found = broken(&dated(None, None), dates("2026-03-10", Some("2026-03-09")));
    let expected = [
        ("/validity_end_date".to_owned(), "before_validity_start"),
        ("/validity_end_date".to_owned(), "validity_end_in_past"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_first_payment_is_not_before_the_agreement() {
    let found = broken(&dated(Some("2026-03-11"), None), dates("2026-03-12", None));
    let pointer = "/payment_terms/first_payment_date";
    assert_eq!(found, one(pointer, "first_payment_before_validity_start"));
    assert_eq!(
        broken(&dated(Some("2026-03-12"), None), dates("2026-03-12", None)),
        []
    );
}

#[test]
fn the_first_payment_is_neither_in_the_past_nor_after_the_end() {
    let past = broken(&dated(Some("2026-03-09"), None), dates("2026-03-10", None));
    let pointer = "/payment_terms/first_payment_date";
    let expected = [
        (pointer.to_owned(), "first_payment_before_validity_start"),
        (pointer.to_owned(), "first_payment_in_past"),
    ];
    assert_eq!(past, expected);

    let month = dates("2026-03-10", Some("2026-04-09"));
    let late = broken(&dated(Some("2026-04-10"), None), month);
    assert_eq!(late, one(pointer, "first_payment_after_validity_end"));
    assert_eq!(broken(&dated(Some("2026-04-09"), None), month), []);
}

#[test]
fn the_last_payment_is_inside_the_agreement() {
    let month = dates("2026-03-12", Some("2026-04-11"));
    let at_last = |last| broken(&dated(None, Some(last)), month);
    let pointer = "/payment_terms/last_payment_date";

    assert_eq!(
        at_last("2026-04-12"),
        one("/validity_end_date", "validity_end_before_last_payment")
    );
    assert_eq!(at_last("2026-04-11"), []);
    assert_eq!(
        at_last("2026-03-11"),
        one(pointer, "last_payment_before_validity_start")
    );
    assert_eq!(at_last("2026-03-12"), []);
}

#[test]
fn the_last_payment_is_not_in_the_past() {
    let found = broken(&dated(None, Some("2026-03-09")), dates("2026-03-10", None));
    let pointer = "/payment_terms/last_payment_date";
    let expected = [
        (pointer.to_owned(), "last_payment_in_past"),
        (pointer.to_owned(), "last_payment_before_validity_start"),
    ];
    assert_eq!(found, expected);
}
