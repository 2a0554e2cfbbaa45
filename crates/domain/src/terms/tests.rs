//! Unit tests of payment terms.

use super::*;

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("a test's amount")
}

fn terms(amounts: Amounts) -> PaymentTerms {
    PaymentTerms::undated(amounts, Frequency::Monthly, None)
}

#[test]
fn every_name_is_read_back_as_what_it_names() {
    for frequency in Frequency::ALL {
        assert_eq!(Frequency::parse(frequency.as_str()), Some(*frequency));
    }
    for kind in TermsType::ALL {
        assert_eq!(TermsType::parse(kind.as_str()), Some(*kind));
    }
    assert_eq!(Frequency::parse("Monthly"), None);
    assert_eq!(TermsType::parse("usage"), None);
}

#[test]
fn an_omitted_count_is_one_per_window_but_unlimited_when_adhoc() {
    let amounts = Amounts::Fixed { amount: cents(100) };
    let allowance = |frequency, count| PaymentTerms::undated(amounts, frequency, count).allowance();

    assert_eq!(allowance(Frequency::Monthly, None), Allowance::PerWindow(1));
    assert_eq!(
        allowance(Frequency::Weekly, Some(3)),
        Allowance::PerWindow(3)
    );
    assert_eq!(allowance(Frequency::Adhoc, Some(3)), Allowance::Lifetime(3));
    assert_eq!(allowance(Frequency::Adhoc, None), Allowance::Unlimited);
}

#[test]
fn fixed_terms_allow_one_amount_exactly() {
    let fixed = terms(Amounts::Fixed { amount: cents(100) });
    let code = |given| {
        fixed
            .allows_amount(cents(given), false, false)
            .map_err(|no| no.code)
    };

    assert_eq!(code(100), Ok(()));
    assert_eq!(code(99), Err("ZPPAY15"));
    assert_eq!(code(101), Err("ZPPAY15"));
}

#[test]
fn variable_and_usage_based_terms_allow_up_to_the_maximum() {
    let max_amount = cents(100);
    for amounts in [
        Amounts::Variable { max_amount },
        Amounts::UsageBased { max_amount },
    ] {
        assert_eq!(terms(amounts).allows_amount(cents(100), true, true), Ok(()));
        let refusal = terms(amounts).allows_amount(cents(101), false, false);
        let expected = AmountRefusal {
            code: "ZPPAY12",
            expected: max_amount,
            given: cents(101),
        };
        assert_eq!(refusal, Err(expected));
    }
}

#[test]
fn balloon_terms_have_their_own_first_and_last_amounts() {
    let balloon = terms(Amounts::Balloon {
        amount: cents(100),
        first_amount: Some(cents(10)),
        last_amount: Some(cents(900)),
    });
    let code = |given, first, last| {
        balloon
            .allows_amount(cents(given), first, last)
            .map_err(|no| no.code)
    };

    assert_eq!(code(100, false, false), Ok(()));
    assert_eq!(code(10, true, false), Ok(()));
    assert_eq!(code(900, false, true), Ok(()));
    assert_eq!(code(100, true, false), Err("ZPPAY18"));
    assert_eq!(code(100, false, true), Err("ZPPAY19"));
    assert_eq!(code(900, false, false), Err("ZPPAY15"));
    assert_eq!(code(10, true, true), Err("ZPPAY19"));
}

#[test]
fn a_word_that_no_terms_know_is_told_with_those_they_do() {
    let refused = PaymentTerms::from_draft(&TermsDraft {
        kind: "free".into(),
        frequency: "hourly".into(),
        ..TermsDraft::default()
    });
    let told: Vec<String> = refused
        .unwrap_err()
        .into_iter()
        .map(|one| format!("{}: {}", one.pointer, one.detail))
        .collect();

    let expected = [
        "/frequency: must be one of adhoc, daily, weekly, fortnightly, monthly, quarterly, \
         semi_annual, annual",
        "/type: must be one of fixed, variable, usage_based, balloon",
    ];
    assert_eq!(told, expected);
    assert_eq!(TermsType::UsageBased.to_string(), "usage_based");
    assert_eq!(Frequency::SemiAnnual.to_string(), "semi_annual");
}
