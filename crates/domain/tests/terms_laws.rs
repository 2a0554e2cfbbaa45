//! The laws of terms, for all inputs.

use domain::date::BusinessDate;
use domain::terms::{
    Amounts, Frequency, PaymentTerms, TermsDraft, TermsType, Validity, adyen, agreement_rules,
};
use proptest::prelude::*;

fn later(days: i64) -> BusinessDate {
    let first: BusinessDate = "2010-01-01".parse().expect("a test's date");
    first.plus_days(days).expect("in range")
}

fn a_draft() -> impl Strategy<Value = TermsDraft> {
    let amount = || prop::option::of(prop_oneof![1_i64..=1_000_000_000, -2_i64..3]);
    let date = || {
        let near = (0_i64..20).prop_map(|days| later(days).to_string());
        prop::option::of(prop_oneof![4 => near, 1 => Just("2026-02-30".to_owned())])
    };
    let kinds = TermsType::ALL.iter().map(|kind| kind.as_str());
    let frequencies = Frequency::ALL.iter().map(|frequency| frequency.as_str());
    (
        prop::sample::select(kinds.chain(["other"]).collect::<Vec<_>>()),
        prop::sample::select(frequencies.collect::<Vec<_>>()),
        (amount(), amount(), amount(), amount()),
        prop::option::of(-1_i64..1_001),
        (date(), date()),
    )
        .prop_map(|(kind, frequency, amounts, count, dates)| TermsDraft {
            kind: kind.into(),
            frequency: frequency.into(),
            amount: amounts.0,
            max_amount: amounts.1,
            count,
            first_payment_amount: amounts.2,
            last_payment_amount: amounts.3,
            first_payment_date: dates.0,
            last_payment_date: dates.1,
        })
}

/// What the rules of Oligo and the mandate service say of a draft, told once more from their table.
fn is_in_order(draft: &TermsDraft) -> bool {
    let in_range =
        |amount: &Option<i64>| amount.is_none_or(|one| (1..=1_000_000_000).contains(&one));
    let given = [
        draft.amount.is_some(),
        draft.max_amount.is_some(),
        draft.first_payment_amount.is_some(),
        draft.last_payment_amount.is_some(),
    ];
    let shape = match draft.kind.as_str() {
        "fixed" => given == [true, false, false, false],
        "variable" | "usage_based" => given == [false, true, false, false],
        "balloon" => given[0] && !given[1] && (given[2] || given[3]),
        _ => false,
    };
    let amounts = [
        &draft.amount,
        &draft.max_amount,
        &draft.first_payment_amount,
        &draft.last_payment_amount,
    ];
    let dates = [&draft.first_payment_date, &draft.last_payment_date];
    let real = |date: &&Option<String>| date.as_deref() != Some("2026-02-30");
    let ordered = match (&draft.first_payment_date, &draft.last_payment_date) {
        (Some(first), Some(last)) => first <= last,
        (Some(_) | None, Some(_) | None) => true,
    };
    shape
        && amounts.into_iter().all(in_range)
        && draft.count.is_none_or(|count| (1..=999).contains(&count))
        && dates.iter().all(real)
        && ordered
}

fn a_period() -> impl Strategy<Value = Validity> {
    (0_i64..9_000, prop::option::of(-2_i64..4_000)).prop_map(|(start, length)| Validity {
        start_date: later(start),
        end_date: length.map(|days| later(start + days)),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn a_draft_becomes_terms_just_when_the_table_of_fields_and_types_allows_it(draft in a_draft()) {
        let read = PaymentTerms::from_draft(&draft);

        prop_assert_eq!(read.is_ok(), is_in_order(&draft), "{:?}", read);
        if let Ok(terms) = read {
            prop_assert_eq!(terms.terms_type().as_str(), draft.kind);
            prop_assert_eq!(terms.frequency().as_str(), draft.frequency);
            prop_assert_eq!(terms.count().map(i64::from), draft.count);
        }
    }

    #[test]
    fn an_agreement_is_in_order_just_when_its_dates_are(
        first in prop::option::of(0_i64..8), last in prop::option::of(0_i64..8),
        start in 0_i64..8, end in prop::option::of(0_i64..8), today in 0_i64..8
    ) {
        let text = |days: Option<i64>| days.map(|days| later(days).to_string());
        let draft = TermsDraft {
            kind: "fixed".into(),
            frequency: "monthly".into(),
            amount: Some(1),
            first_payment_date: text(first),
            last_payment_date: text(last),
            ..TermsDraft::default()
        };
        let inside = |days: Option<i64>| {
            let until = end.unwrap_or(i64::MAX);
            days.is_none_or(|days| start <= days && days <= until && today <= days)
        };
        let expected = today <= start && inside(first) && inside(last) && inside(end);

        let Ok(terms) = PaymentTerms::from_draft(&draft) else {
            prop_assert!(last < first);
            return Ok(());
        };
        let validity = Validity { start_date: later(start), end_date: end.map(later) };
        let judged = agreement_rules(&terms, validity, later(today));
        prop_assert_eq!(judged.is_ok(), expected, "{:?}", judged);
    }

    #[test]
    fn what_adyen_has_words_for_comes_back_as_it_went(
        cents in 1_i64..=1_000_000_000, exact in any::<bool>(),
        frequency in prop::sample::select(Frequency::ALL.to_vec()),
        count in prop::option::of(1_i64..=999), validity in a_period(), remarks in "\\PC{1,140}"
    ) {
        let terms = PaymentTerms::from_draft(&TermsDraft {
            kind: if exact { "fixed" } else { "variable" }.into(),
            frequency: frequency.as_str().into(),
            amount: exact.then_some(cents),
            max_amount: (!exact).then_some(cents),
            count,
            ..TermsDraft::default()
        })
        .expect("terms in range");

        let said = adyen::to_mandate(&terms, validity, &remarks);
        let ordered = validity.end_date.is_some_and(|end| validity.start_date <= end);
        prop_assert_eq!(said.is_ok(), ordered);
        if let Ok(said) = said {
            let (back, dates) = adyen::from_mandate(&said).expect("our own words");
            prop_assert_eq!(back.amounts(), terms.amounts());
            prop_assert_eq!(back.frequency(), terms.frequency());
            prop_assert_eq!(back.allowance(), terms.allowance());
            prop_assert_eq!(dates, validity);
            prop_assert_eq!(adyen::to_mandate(&back, dates, &remarks), Ok(said));
        }
    }

    #[test]
    fn no_words_of_adyens_are_too_much(
        amount in "[0-9]{0,11}|\\PC{0,4}", rule in "exact|max|\\PC{0,4}",
        frequency in "monthly|adhoc|biWeekly|\\PC{0,9}",
        count in prop::option::of("[0-9]{0,5}|\\PC{0,4}"),
        starts_at in "20[0-9]{2}-0[0-9]-[0-3][0-9]|\\PC{0,10}",
        ends_at in "20[0-9]{2}-1[0-9]-[0-3][0-9]|\\PC{0,10}", remarks in "\\PC{0,200}"
    ) {
        let mandate = adyen::Mandate {
            amount, amount_rule: rule, frequency, count, starts_at, ends_at, remarks,
        };
        match adyen::from_mandate(&mandate) {
            Ok((terms, validity)) => {
                let balloon = matches!(terms.amounts(), Amounts::Balloon { .. });
                prop_assert!(!balloon && validity.end_date.is_some());
                prop_assert_eq!(adyen::to_mandate(&terms, validity, &mandate.remarks), Ok(mandate));
            }
            Err(broken) => prop_assert!(!broken.is_empty()),
        }
    }
}
