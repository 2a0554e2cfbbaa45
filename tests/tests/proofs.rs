//! The domain's proofs against the bank's own arithmetic, which shares no code with it: what is proved is
//! never refused, and what is refuted is refused, for the same instalment and under the same code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::date::BusinessDate;
use domain::fit::{Demand, ProposalPolicy, Validity, propose, prove};
use domain::money::Cents;
use domain::period::Reading;
use domain::schedule::Schedule;
use domain::terms::{Frequency, PaymentTerms, TermsDraft, TermsType, agreement_rules};
use proptest::prelude::*;
use sandbox::{JudgedDates, JudgedPayment, MonthEnd, judge};
use store::codec::terms_to_json;

/// Each reading by itself, with the bank's word for it.
const READINGS: [(&[Reading], MonthEnd); 2] = [
    (&[Reading::Oligo], MonthEnd::Oligo),
    (&[Reading::Azupay], MonthEnd::Azupay),
];

fn ten_thousand() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn later(date: BusinessDate, days: i64) -> BusinessDate {
    date.plus_days(days).unwrap()
}

fn a_date() -> impl Strategy<Value = BusinessDate> {
    let from: BusinessDate = "2024-01-01".parse().unwrap();
    (0_i64..3_000).prop_map(move |days| later(from, days))
}

/// Up to a dozen instalments of about a hundred cents, on one date or up to three months apart.
fn a_schedule() -> impl Strategy<Value = Schedule> {
    let gap = prop_oneof![0_i64..4, Just(7), Just(14), 27_i64..33, 1_i64..95];
    let amount = prop_oneof![8 => Just(100_i64), 1 => 99_i64..102];
    (a_date(), prop::collection::vec((gap, amount), 1..12)).prop_map(|(first, steps)| {
        let mut due = first;
        let listed = steps.into_iter().enumerate().map(|(place, (gap, amount))| {
            if 0 < place {
                due = later(due, gap);
            }
            (due, Cents::new(amount).unwrap())
        });
        Schedule::explicit(listed.collect()).unwrap()
    })
}

/// Terms of every type that a schedule from `first` on may fit, or may not.
fn some_terms(first: BusinessDate) -> impl Strategy<Value = TermsDraft> {
    let amount = || prop::sample::select(vec![99_i64, 100, 100, 100, 101]);
    let rarely = |days: std::ops::Range<i64>| {
        let date = days.prop_map(move |days| later(first, days).to_string());
        prop::option::weighted(0.15, date)
    };
    (
        prop::sample::select(TermsType::ALL.to_vec()),
        prop::sample::select(Frequency::ALL.to_vec()),
        (amount(), amount(), amount(), 0_u8..3),
        prop::option::of(1_i64..5),
        (rarely(-1..2), rarely(1..300)),
    )
        .prop_map(
            |(kind, frequency, amounts, count, (first_date, last_date))| {
                let (amount, at_first, at_last, ends) = amounts;
                let is_balloon = kind == TermsType::Balloon;
                let is_exact = is_balloon || kind == TermsType::Fixed;
                TermsDraft {
                    kind: kind.as_str().to_owned(),
                    frequency: frequency.as_str().to_owned(),
                    amount: is_exact.then_some(amount),
                    max_amount: (!is_exact).then_some(amount),
                    count,
                    first_payment_amount: (is_balloon && ends != 1).then_some(at_first),
                    last_payment_amount: (is_balloon && ends != 0).then_some(at_last),
                    first_payment_date: first_date,
                    last_payment_date: last_date,
                }
            },
        )
}

/// Which of the schedule's instalments, each collected on its due date, the bank refuses first, and how.
fn refused(
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    reading: MonthEnd,
) -> Option<(u32, Vec<&'static str>)> {
    let is_balloon = terms.terms_type() == TermsType::Balloon;
    let last = schedule.instalments().last();
    let payments: Vec<JudgedPayment> = schedule
        .instalments()
        .iter()
        .map(|instalment| JudgedPayment {
            date: instalment.due_date.naive(),
            amount: instalment.amount.get(),
            last_payment: is_balloon.then_some(Some(instalment) == last),
        })
        .collect();
    let dates = JudgedDates {
        validity_start: validity.start_date.naive(),
        validity_end: validity.end_date.map(BusinessDate::naive),
        reading,
    };
    let judged = judge(&terms_to_json(terms), dates, &payments).unwrap();
    (1..).zip(judged).find(|(_, codes)| !codes.is_empty())
}

proptest! {
    #![proptest_config(ten_thousand())]

    #[test]
    fn what_is_proved_is_never_refused_and_what_is_refuted_is_refused_for_the_same_reason(
        (schedule, draft, start, end) in a_schedule().prop_flat_map(|schedule| {
            let first = schedule.first_due();
            (Just(schedule), some_terms(first), -40_i64..2, prop::option::of(0_i64..600))
        })
    ) {
        let first = schedule.first_due();
        let validity = Validity {
            start_date: later(first, start),
            end_date: end.map(|days| later(first, days)),
        };
        let Ok(terms) = PaymentTerms::from_draft(&draft) else {
            return Ok(());
        };
        prop_assume!(agreement_rules(&terms, validity, validity.start_date).is_ok());
        // Of a payment that is first and last at once, nobody says which amount counts: the proof asks for
        // both, the bank for the last one.
        let is_both = schedule.instalments().len() == 1;
        let has_both = draft.first_payment_amount.and(draft.last_payment_amount).is_some();
        prop_assume!(!(is_both && has_both));

        for (readings, month_end) in READINGS {
            let proof = prove(&schedule, &terms, validity, &Demand::new(readings, 0));
            let refused = refused(&schedule, &terms, validity, month_end);
            match (proof, refused) {
                (Ok(_), None) => {}
                (Err(counter), Some((instalment, codes))) => {
                    prop_assert_eq!(counter.instalment, instalment, "{} {:?}", counter, codes);
                    prop_assert!(
                        codes.contains(&counter.provider_code),
                        "{} {:?}", counter, codes
                    );
                }
                (proof, refused) => prop_assert!(
                    false,
                    "{proof:?}, yet the bank says {refused:?} to {schedule:?} under {draft:?} {validity:?}"
                ),
            }
        }
    }

    #[test]
    fn what_is_proposed_is_never_refused(
        schedule in a_schedule(), ahead in 0_i64..60, retry_days in 0_u32..5
    ) {
        let today = later(schedule.first_due(), -ahead);
        let Ok(proposal) = propose(&schedule, &ProposalPolicy::new(today, retry_days)) else {
            return Ok(());
        };
        for (_, month_end) in READINGS {
            let refused = refused(&schedule, &proposal.terms, proposal.validity, month_end);
            prop_assert_eq!(refused, None, "{}", proposal.reason);
        }
    }
}
