//! Unit tests of proving.

use super::*;
use crate::date::BusinessDate;
use crate::money::Cents;
use crate::terms::{Amounts, Frequency, TermsDraft};

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn listed(dates: &[(&str, i64)]) -> Schedule {
    let cents = |cents| Cents::new(cents).expect("a test's amount");
    let listed = dates
        .iter()
        .map(|(due, amount)| (date(due), cents(*amount)))
        .collect();
    Schedule::explicit(listed).expect("a test's schedule")
}

fn draft(kind: &str) -> TermsDraft {
    TermsDraft {
        kind: kind.into(),
        frequency: "monthly".into(),
        ..TermsDraft::default()
    }
}

fn fixed() -> TermsDraft {
    TermsDraft {
        amount: Some(100),
        ..draft("fixed")
    }
}

fn from(start: &str) -> Validity {
    Validity {
        start_date: date(start),
        end_date: None,
    }
}

fn refuted_by(schedule: &Schedule, draft: &TermsDraft, validity: Validity) -> CounterExample {
    let terms = PaymentTerms::from_draft(draft).expect("a test's terms");
    prove(schedule, &terms, validity, &Demand::BOTH).expect_err("a schedule that does not fit")
}

#[test]
fn every_rule_is_read_back_as_what_it_names() {
    for rule in FitRule::ALL {
        assert_eq!(FitRule::parse(rule.as_str()), Some(*rule));
        assert_eq!(rule.to_string(), rule.as_str());
    }
    assert_eq!(FitRule::parse("other"), None);
}

#[test]
fn two_instalments_in_one_window_are_shown_with_window_and_count() {
    let schedule = listed(&[("2026-01-31", 100), ("2026-02-28", 100)]);
    let found = refuted_by(&schedule, &fixed(), from("2026-01-31"));

    assert_eq!(
        (found.rule, found.instalment),
        (FitRule::TooManyInPeriod, 2)
    );
    assert_eq!(
        (found.provider_code, found.reading),
        ("ZPPAY17", Some(Reading::Oligo))
    );
    let window = found.window.map(|window| window.to_string());
    assert_eq!(window.as_deref(), Some("2026-01-31…2026-02-28"));
    let sentence = "instalment 2 on 2026-02-28 is the second in window 2026-01-31…2026-02-28, \
                    which allows 1";
    assert_eq!(found.detail, sentence);
    assert_eq!(found.to_string(), sentence);
}

#[test]
fn the_last_payment_date_itself_is_allowed_and_the_day_after_is_not() {
    let dated = TermsDraft {
        last_payment_date: Some("2026-02-10".into()),
        ..fixed()
    };
    let terms = PaymentTerms::from_draft(&dated).expect("terms");
    let due_on = |due| {
        prove(
            &listed(&[(due, 100)]),
            &terms,
            from("2026-01-31"),
            &Demand::BOTH,
        )
    };

    assert!(due_on("2026-02-10").is_ok());
    let late = due_on("2026-02-11").map_err(|found| found.rule);
    assert_eq!(late, Err(FitRule::AfterLastPaymentDate));
}

#[test]
fn a_schedule_may_fit_under_one_reading_and_not_under_the_other() {
    let schedule = listed(&[("2026-01-31", 100), ("2026-02-28", 100)]);
    let terms = PaymentTerms::from_draft(&fixed()).expect("terms");
    let under = |reading| {
        prove(
            &schedule,
            &terms,
            from("2026-01-31"),
            &Demand::new(reading, 0),
        )
    };

    assert!(under(&[Reading::Oligo]).is_err());
    let proof = Proof {
        instalments: 2,
        windows_used: 2,
        fullest_window: 1,
    };
    assert_eq!(under(&[Reading::Azupay]), Ok(proof));
}

#[test]
fn a_proof_tells_the_most_windows_and_the_fullest_over_the_readings() {
    let schedule = listed(&[("2026-01-31", 100), ("2026-02-28", 100)]);
    let twice = TermsDraft {
        count: Some(2),
        ..fixed()
    };
    let terms = PaymentTerms::from_draft(&twice).expect("terms");

    // Both in one window by Oligo's reading, each in its own by Azupay's.
    let proof = Proof {
        instalments: 2,
        windows_used: 2,
        fullest_window: 2,
    };
    let proved = prove(&schedule, &terms, from("2026-01-31"), &Demand::BOTH);
    assert_eq!(proved, Ok(proof));
}

#[test]
fn an_instalment_outside_the_validity_is_refused() {
    let schedule = listed(&[("2026-01-05", 100), ("2026-02-05", 100)]);
    let until = |end| Validity {
        end_date: Some(date(end)),
        ..from("2026-01-05")
    };

    let early = refuted_by(&schedule, &fixed(), from("2026-01-06"));
    assert_eq!(
        (early.rule, early.instalment),
        (FitRule::BeforeValidityStart, 1)
    );
    let late = refuted_by(&schedule, &fixed(), until("2026-02-04"));
    assert_eq!((late.rule, late.instalment), (FitRule::AfterValidityEnd, 2));
    let terms = PaymentTerms::from_draft(&fixed()).expect("terms");
    assert!(prove(&schedule, &terms, until("2026-02-05"), &Demand::BOTH).is_ok());
}

#[test]
fn an_amount_that_the_terms_do_not_allow_is_refused() {
    let schedule = listed(&[
        ("2026-01-05", 100),
        ("2026-02-05", 101),
        ("2026-03-05", 100),
    ]);
    let rule = |draft: &TermsDraft| {
        let found = refuted_by(&schedule, draft, from("2026-01-05"));
        (found.rule, found.instalment)
    };
    let balloon = TermsDraft {
        amount: Some(101),
        ..draft("balloon")
    };

    assert_eq!(rule(&fixed()), (FitRule::AmountNotExact, 2));
    let variable = TermsDraft {
        max_amount: Some(100),
        ..draft("variable")
    };
    assert_eq!(rule(&variable), (FitRule::AmountOverMaximum, 2));
    let first = TermsDraft {
        first_payment_amount: Some(99),
        ..balloon.clone()
    };
    assert_eq!(rule(&first), (FitRule::FirstAmountIncorrect, 1));
    let last = TermsDraft {
        first_payment_amount: Some(100),
        last_payment_amount: Some(99),
        ..balloon
    };
    assert_eq!(rule(&last), (FitRule::LastAmountIncorrect, 3));
}

#[test]
fn the_first_and_the_last_payment_keep_to_their_dates() {
    let schedule = listed(&[("2026-01-05", 100), ("2026-02-05", 100)]);
    let rule = |draft: TermsDraft| {
        let found = refuted_by(&schedule, &draft, from("2026-01-01"));
        (found.rule, found.instalment)
    };
    let dated = |first: &str| TermsDraft {
        first_payment_date: Some(first.into()),
        ..fixed()
    };
    let until = |last: &str| TermsDraft {
        last_payment_date: Some(last.into()),
        ..fixed()
    };
    let balloon = TermsDraft {
        kind: "balloon".into(),
        last_payment_amount: Some(100),
        ..until("2026-02-06")
    };

    assert_eq!(rule(dated("2026-01-04")), (FitRule::FirstDateMismatch, 1));
    assert_eq!(
        rule(until("2026-02-04")),
        (FitRule::AfterLastPaymentDate, 2)
    );
    assert_eq!(rule(balloon), (FitRule::LastDateMismatch, 2));
}

#[test]
fn an_adhoc_agreement_with_a_count_holds_so_many_in_all() {
    let schedule = listed(&[
        ("2026-01-05", 100),
        ("2026-01-06", 100),
        ("2027-01-07", 100),
    ]);
    let adhoc = TermsDraft {
        frequency: "adhoc".into(),
        count: Some(2),
        ..fixed()
    };
    let found = refuted_by(&schedule, &adhoc, from("2026-01-01"));

    assert_eq!((found.rule, found.instalment), (FitRule::TooManyInAll, 3));
    assert!(
        found
            .detail
            .contains("the third of an agreement that allows 2 in all")
    );
    let unlimited = TermsDraft {
        count: None,
        ..adhoc
    };
    let terms = PaymentTerms::from_draft(&unlimited).expect("terms");
    let proof = Proof {
        instalments: 3,
        windows_used: 0,
        fullest_window: 0,
    };
    assert_eq!(
        prove(&schedule, &terms, from("2026-01-01"), &Demand::BOTH),
        Ok(proof)
    );
}

#[test]
fn a_window_that_outlasts_the_date_range_holds_nothing() {
    let schedule = listed(&[("2200-11-30", 100), ("2200-12-15", 100)]);
    let amount = Cents::new(100).expect("an amount");
    let terms = PaymentTerms::undated(Amounts::Fixed { amount }, Frequency::Monthly, None);

    let whole = prove(&schedule, &terms, from("2200-11-01"), &Demand::BOTH);
    assert_eq!(whole.map(|proof| proof.windows_used), Ok(2));
    let found = prove(&schedule, &terms, from("2200-11-02"), &Demand::BOTH).expect_err("cut short");
    assert_eq!(
        (found.instalment, found.rule),
        (2, FitRule::AfterValidityEnd)
    );
    assert_eq!((found.reading, found.window), (Some(Reading::Oligo), None));
    let told = "instalment 2 on 2200-12-15 is due in a window that ends after 2200-12-31";
    assert_eq!(found.detail, told);
}

#[test]
fn places_are_named_as_people_name_them() {
    let named = [2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111].map(nth);

    let expected = [
        "second", "third", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "101st", "111th",
    ];
    assert_eq!(named, expected);
}

mod retries;
