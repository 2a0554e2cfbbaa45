//! The laws of fitting: proofs, counter-examples and proposals, for all inputs.

use domain::date::BusinessDate;
use domain::fit::{
    CounterExample, Demand, FitRule, ProposalPolicy, ProposeError, Validity, propose, prove,
};
use domain::money::Cents;
use domain::period::{Reading, windows};
use domain::schedule::Schedule;
use domain::terms::{Amounts, Frequency, PaymentTerms, TermsDraft, agreement_rules};
use proptest::prelude::*;

#[path = "fit_laws/naive.rs"]
mod naive;

use naive::first_offence;

const PERIODIC: [Frequency; 7] = [
    Frequency::Daily,
    Frequency::Weekly,
    Frequency::Fortnightly,
    Frequency::Monthly,
    Frequency::Quarterly,
    Frequency::SemiAnnual,
    Frequency::Annual,
];

fn day(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn later(date: BusinessDate, days: i64) -> BusinessDate {
    date.plus_days(days).expect("in range")
}

fn cents(amount: i64) -> Cents {
    Cents::new(amount).expect("a test's amount")
}

fn terms(draft: &TermsDraft) -> PaymentTerms {
    PaymentTerms::from_draft(draft).expect("a test's terms")
}

fn fixed(frequency: Frequency) -> TermsDraft {
    TermsDraft {
        kind: "fixed".into(),
        frequency: frequency.as_str().into(),
        amount: Some(100),
        ..TermsDraft::default()
    }
}

fn listed(dates: &[BusinessDate], amount: i64) -> Schedule {
    let listed = dates.iter().map(|due| (*due, cents(amount))).collect();
    Schedule::explicit(listed).expect("ascending dates")
}

/// Rule and instalment.
fn offence(found: CounterExample) -> (FitRule, u32) {
    (found.rule, found.instalment)
}

fn a_date() -> impl Strategy<Value = BusinessDate> {
    (0_i64..20_000).prop_map(|days| later(day("2010-01-01"), days))
}

fn a_reading() -> impl Strategy<Value = &'static [Reading]> {
    prop::sample::select(vec![
        &[Reading::Oligo][..],
        &[Reading::Azupay],
        Reading::ALL,
    ])
}

/// Gaps of all sizes, bursts and months among them.
fn gaps(most: usize) -> impl Strategy<Value = Vec<i64>> {
    let gap = prop_oneof![
        0_i64..4,
        Just(7),
        Just(14),
        26_i64..35,
        80_i64..100,
        1_i64..200
    ];
    prop::collection::vec(gap, 0..most)
}

fn dates(first: BusinessDate, gaps: &[i64]) -> Vec<BusinessDate> {
    let mut dates = vec![first];
    for gap in gaps {
        let last = *dates.last().expect("a date");
        dates.push(later(last, *gap));
    }
    dates
}

/// The draft of any terms at all around a schedule of about a hundred cents each.
fn any_terms(first: BusinessDate) -> impl Strategy<Value = TermsDraft> {
    let few = || prop::sample::select(vec![99_i64, 100, 101]);
    let rarely = |days: std::ops::Range<i64>| {
        prop::option::weighted(
            0.1,
            days.prop_map(move |days| later(first, days).to_string()),
        )
    };
    let kind = prop::sample::select(vec!["fixed", "variable", "usage_based", "balloon"]);
    (
        (kind, prop::sample::select(Frequency::ALL.to_vec())),
        (few(), few(), few(), 0_u8..3),
        prop::option::of(1_i64..5),
        (rarely(-1..2), rarely(1..400)),
    )
        .prop_map(|((kind, frequency), amounts, count, (at_first, at_last))| {
            let (amount, first_amount, last_amount, ends) = amounts;
            let (exact, balloon) = (matches!(kind, "fixed" | "balloon"), kind == "balloon");
            TermsDraft {
                kind: kind.into(),
                frequency: frequency.as_str().into(),
                amount: exact.then_some(amount),
                max_amount: (!exact).then_some(amount),
                count,
                first_payment_amount: (balloon && ends != 0).then_some(first_amount),
                last_payment_amount: (balloon && ends != 1).then_some(last_amount),
                first_payment_date: at_first,
                last_payment_date: at_last,
            }
        })
}

/// A schedule, an agreement that nearly fits or fits it, and a demand.
fn a_case() -> impl Strategy<Value = (Schedule, PaymentTerms, Validity, Demand)> {
    (a_date(), gaps(10), prop::bool::weighted(0.7)).prop_flat_map(|(first, gaps, equal)| {
        let dates = dates(first, &gaps);
        let last = *dates.last().expect("a date");
        let amounts = prop::collection::vec(99_i64..=101, dates.len());
        let start = (-40_i64..2).prop_map(move |days| later(first, days));
        let end = prop::option::of((-3_i64..40).prop_map(move |days| later(last, days)));
        let demand = (a_reading(), prop_oneof![Just(0_u32), 1_u32..5]);
        (Just(dates), amounts, any_terms(first), start, end, demand).prop_filter_map(
            "terms whose dates are in order",
            move |(dates, amounts, draft, start_date, end_date, demand)| {
                let amount = |own: &i64| cents(if equal { 100 } else { *own });
                let rows = dates.iter().copied().zip(amounts.iter().map(amount));
                let schedule = Schedule::explicit(rows.collect()).ok()?;
                let terms = PaymentTerms::from_draft(&draft).ok()?;
                let validity = Validity {
                    start_date,
                    end_date,
                };
                Some((schedule, terms, validity, Demand::new(demand.0, demand.1)))
            },
        )
    })
}

/// A run of windows by one reading, and how far into them things stand.
fn a_run() -> impl Strategy<Value = (BusinessDate, Frequency, Reading, usize, usize)> {
    let longer_than_a_day = prop::sample::select(PERIODIC[1..].to_vec());
    let reading = prop::sample::select(Reading::ALL.to_vec());
    (
        a_date(),
        longer_than_a_day,
        reading,
        3_usize..20,
        any::<prop::sample::Index>(),
    )
        .prop_map(|(anchor, frequency, reading, number, place)| {
            (anchor, frequency, reading, number, place.index(number - 1))
        })
}

fn only(reading: Reading) -> &'static [Reading] {
    match reading {
        Reading::Oligo => &[Reading::Oligo],
        Reading::Azupay => &[Reading::Azupay],
    }
}

fn for_ever(start_date: BusinessDate) -> Validity {
    Validity {
        start_date,
        end_date: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn a_proof_and_a_naive_count_of_days_agree_on_the_first_offence(
        (schedule, terms, validity, demand) in a_case()
    ) {
        let found = prove(&schedule, &terms, validity, &demand);
        let naive = first_offence(&schedule, &terms, validity, &demand);

        let code = found.as_ref().err().map(|found| found.provider_code);
        let told = found.as_ref().err().map(|found| (found.rule, found.instalment));
        prop_assert_eq!(told, naive.map(|naive| (naive.0, naive.1)), "{:?}", found);
        prop_assert_eq!(code, naive.map(|naive| naive.2), "{:?}", found);
        if let Ok(proof) = found {
            prop_assert_eq!(proof.instalments as usize, schedule.instalments().len());
        }
    }

    #[test]
    fn what_is_proposed_is_proved_with_room_to_retry_and_could_be_agreed_today(
        first in a_date(), gaps in gaps(12), ahead in 0_i64..60, retry_days in 0_u32..12,
        amounts in prop::collection::vec(1_i64..1_000_000, 12), equal in any::<bool>()
    ) {
        let dates = dates(first, &gaps);
        let amount = |own: &i64| cents(if equal { amounts[0] } else { *own });
        let rows = dates.iter().copied().zip(amounts.iter().map(amount));
        let schedule = Schedule::explicit(rows.collect()).expect("ascending dates");
        let today = later(first, -ahead);

        let found = propose(&schedule, &ProposalPolicy::new(today, retry_days));
        let found = found.expect("a proposal");
        let demand = Demand::new(Reading::ALL, retry_days);
        prop_assert!(prove(&schedule, &found.terms, found.validity, &demand).is_ok());
        prop_assert_eq!(first_offence(&schedule, &found.terms, found.validity, &demand), None);
        prop_assert_eq!(agreement_rules(&found.terms, found.validity, today), Ok(()));
        let one_amount = schedule.instalments().iter().all(|one| one.amount == cents(amounts[0]));
        let is_fixed = matches!(found.terms.amounts(), Amounts::Fixed { .. });
        prop_assert_eq!(is_fixed, one_amount);
        let start = found.validity.start_date.to_string();
        prop_assert!(found.reason.contains(&start), "{}", found.reason);
    }

    #[test]
    fn one_cent_too_many_is_found_at_its_instalment(
        first in a_date(), gaps in gaps(12), place in any::<prop::sample::Index>()
    ) {
        let dates = dates(first, &gaps);
        let place = place.index(dates.len());
        let sequence = u32::try_from(place + 1).expect("a small number");
        let with_one = |changed: i64| {
            let row = |(at, due): (usize, &BusinessDate)| {
                (*due, cents(if at == place { changed } else { 100 }))
            };
            let rows = dates.iter().enumerate().map(row).collect();
            Schedule::explicit(rows).expect("ascending dates")
        };
        let exact = terms(&fixed(Frequency::Adhoc));
        let up_to = terms(&TermsDraft {
            kind: "variable".into(),
            amount: None,
            max_amount: Some(100),
            ..fixed(Frequency::Adhoc)
        });
        let judged = |changed, terms: &PaymentTerms| {
            prove(&with_one(changed), terms, for_ever(first), &Demand::BOTH).map_err(offence)
        };

        prop_assert!(judged(100, &exact).is_ok() && judged(100, &up_to).is_ok());
        prop_assert!(judged(99, &up_to).is_ok());
        for changed in [99, 101] {
            let expected = Err((FitRule::AmountNotExact, sequence));
            prop_assert_eq!(judged(changed, &exact), expected);
        }
        let expected = Err((FitRule::AmountOverMaximum, sequence));
        prop_assert_eq!(judged(101, &up_to), expected);
    }

    #[test]
    fn one_day_outside_a_date_of_the_agreement_is_found_at_its_instalment(
        first in a_date(), gaps in gaps(12), place in any::<prop::sample::Index>()
    ) {
        let dates = dates(first, &gaps);
        let schedule = listed(&dates, 100);
        // Of several due on one date, the first is the one found.
        let chosen = dates[place.index(dates.len())];
        let place = dates.partition_point(|due| *due < chosen);
        let (due, last) = (dates[place], *dates.last().expect("a date"));
        let sequence = u32::try_from(place + 1).expect("a small number");
        let adhoc = terms(&fixed(Frequency::Adhoc));
        let judged = |terms: &PaymentTerms, start_date, end_date| {
            let validity = Validity { start_date, end_date };
            prove(&schedule, terms, validity, &Demand::BOTH).map_err(offence)
        };

        prop_assert!(judged(&adhoc, first, Some(last)).is_ok());
        let early_end = judged(&adhoc, first, Some(later(due, -1)));
        prop_assert_eq!(early_end, Err((FitRule::AfterValidityEnd, sequence)));
        let late_start = judged(&adhoc, later(first, 1), None);
        prop_assert_eq!(late_start, Err((FitRule::BeforeValidityStart, 1)));

        let until = |date: BusinessDate| terms(&TermsDraft {
            last_payment_date: Some(date.to_string()),
            ..fixed(Frequency::Adhoc)
        });
        prop_assert!(judged(&until(last), first, None).is_ok());
        let late = judged(&until(later(due, -1)), first, None);
        prop_assert_eq!(late, Err((FitRule::AfterLastPaymentDate, sequence)));
        let from = |days: i64| terms(&TermsDraft {
            first_payment_date: Some(later(first, days).to_string()),
            ..fixed(Frequency::Adhoc)
        });
        prop_assert!(judged(&from(0), first, None).is_ok());
        for days in [-1, 1] {
            let expected = Err((FitRule::FirstDateMismatch, 1));
            prop_assert_eq!(judged(&from(days), later(first, -2), None), expected);
        }
    }

    #[test]
    fn one_payment_more_than_a_count_for_life_is_found_at_the_last_instalment(
        first in a_date(), gaps in gaps(12)
    ) {
        let dates = dates(first, &gaps);
        let schedule = listed(&dates, 100);
        let number = u32::try_from(dates.len()).expect("a small number");
        let judged = |count: u32| {
            let draft = TermsDraft { count: Some(count.into()), ..fixed(Frequency::Adhoc) };
            let validity = for_ever(first);
            prove(&schedule, &terms(&draft), validity, &Demand::BOTH).map_err(offence)
        };

        prop_assert!(judged(number).is_ok());
        if 1 < number {
            prop_assert_eq!(judged(number - 1), Err((FitRule::TooManyInAll, number)));
        }
    }

    #[test]
    fn one_day_over_a_windows_edge_is_found_in_the_window_it_falls_into(
        (anchor, frequency, reading, number, place) in a_run()
    ) {
        let windows: Vec<_> = windows(anchor, frequency, reading).take(number).collect();
        let at = |last: bool| -> Vec<_> {
            windows.iter().map(|one| if last { one.last_date } else { one.first_date }).collect()
        };
        let terms = terms(&fixed(frequency));
        let judged = |dates: &[BusinessDate]| {
            prove(&listed(dates, 100), &terms, for_ever(anchor), &Demand::new(only(reading), 0))
        };
        let (mut lasts, mut firsts) = (at(true), at(false));
        prop_assert!(judged(&lasts).is_ok() && judged(&firsts).is_ok());

        // On the last day of each: one of them a day later is in the window of the next.
        lasts[place] = later(lasts[place], 1);
        let found = judged(&lasts).expect_err("two in one window");
        let sequence = u32::try_from(place + 2).expect("a small number");
        prop_assert_eq!((found.rule, found.instalment), (FitRule::TooManyInPeriod, sequence));
        prop_assert_eq!((found.window, found.reading), (Some(windows[place + 1]), Some(reading)));

        // On the first day of each: one of them a day earlier is in the window before.
        firsts[place + 1] = later(firsts[place + 1], -1);
        let found = judged(&firsts).expect_err("two in one window");
        prop_assert_eq!((found.rule, found.instalment), (FitRule::TooManyInPeriod, sequence));
        prop_assert_eq!(found.window, Some(windows[place]));
    }

    #[test]
    fn one_day_more_to_retry_than_a_window_leaves_is_found_with_what_it_leaves(
        (anchor, frequency, reading, number, place) in a_run(), room in 0_i64..6
    ) {
        let windows: Vec<_> = windows(anchor, frequency, reading).take(number).collect();
        let mut dates: Vec<_> = windows.iter().map(|one| later(one.last_date, -room)).collect();
        let terms = terms(&fixed(frequency));
        let judged = |dates: &[BusinessDate], retry_days: i64| {
            let retry_days = u32::try_from(retry_days).expect("a small number");
            let demand = Demand::new(only(reading), retry_days);
            prove(&listed(dates, 100), &terms, for_ever(anchor), &demand)
        };

        prop_assert!(judged(&dates, room).is_ok());
        let found = judged(&dates, room + 1).expect_err("no room");
        prop_assert_eq!((found.rule, found.instalment), (FitRule::NoRoomToRetry, 1));
        prop_assert_eq!(found.room_days.map(i64::from), Some(room));
        prop_assert_eq!((found.window, found.provider_code), (Some(windows[0]), "ZPPAY17"));

        if 0 < room {
            dates[place] = later(dates[place], 1);
            let found = judged(&dates, room).expect_err("no room");
            let sequence = u32::try_from(place + 1).expect("a small number");
            prop_assert_eq!((found.rule, found.instalment), (FitRule::NoRoomToRetry, sequence));
            prop_assert_eq!(found.room_days.map(i64::from), Some(room - 1));
        }
    }

    #[test]
    fn no_input_at_the_calendars_edges_is_too_much(
        early in any::<bool>(), offset in 0_i64..400, gaps in gaps(6),
        frequency in prop::sample::select(Frequency::ALL.to_vec()), retry_days in any::<u32>()
    ) {
        let first = match early {
            true => later(BusinessDate::MIN, offset),
            false => later(BusinessDate::MAX, -offset),
        };
        let mut due = vec![first];
        for gap in gaps {
            due.extend(due.last().and_then(|last| last.plus_days(gap)));
        }
        due.dedup();
        let schedule = listed(&due, 100);
        let demand = Demand::new(Reading::ALL, retry_days);
        let judged = prove(&schedule, &terms(&fixed(frequency)), for_ever(first), &demand);
        let number = u32::try_from(due.len()).expect("a small number");
        match judged {
            Ok(proof) => prop_assert_eq!(proof.instalments, number),
            Err(found) => prop_assert!((1..=number).contains(&found.instalment)),
        }

        match propose(&schedule, &ProposalPolicy::new(BusinessDate::MIN, retry_days)) {
            Ok(found) => {
                prop_assert!(prove(&schedule, &found.terms, found.validity, &demand).is_ok());
            }
            Err(ProposeError::NothingFits(found)) => {
                let last = *due.last().expect("a date");
                prop_assert_eq!(found.rule, FitRule::NoRoomToRetry);
                // No year has more than 366 days, and without a window there are 28.
                let room = last.days_until(BusinessDate::MAX).min(28);
                prop_assert!(room < i64::from(retry_days));
            }
            Err(error @ ProposeError::FirstDueInPast { .. }) => {
                prop_assert!(false, "{}", error);
            }
        }
    }
}
