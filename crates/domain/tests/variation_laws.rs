//! The laws of variations, for all plans and changes.

use domain::date::BusinessDate;
use domain::fit::{Demand, Validity, prove};
use domain::instalment::State;
use domain::money::Cents;
use domain::period::Reading;
use domain::schedule::{Cadence, DueDay, Schedule};
use domain::terms::{Frequency, PaymentTerms, TermsDraft};
use domain::variation::{
    Change, ChangeKind, Edit, InstalmentView, PlanView, Rest, Rhythm, Verdict, WhatIf, what_if,
};
use proptest::prelude::*;
use proptest::sample::select;

const CADENCES: [Cadence; 5] = [
    Cadence::Weekly,
    Cadence::Fortnightly,
    Cadence::FourWeekly,
    Cadence::Monthly,
    Cadence::Quarterly,
];

fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        ..ProptestConfig::default()
    }
}

fn day(days: i64) -> BusinessDate {
    let first: BusinessDate = "2026-01-01".parse().expect("a date");
    first.plus_days(days).expect("in range")
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("an amount")
}

fn terms(draft: TermsDraft) -> PaymentTerms {
    PaymentTerms::from_draft(&draft).expect("terms")
}

/// What a plan may be authorised by: narrow or wide, fixed or not.
fn some_terms() -> impl Strategy<Value = PaymentTerms> {
    let frequency = select(vec![
        Frequency::Weekly,
        Frequency::Monthly,
        Frequency::Quarterly,
        Frequency::Adhoc,
    ]);
    (frequency, 1_u32..15, any::<bool>(), 30_000_i64..400_000).prop_map(
        |(frequency, count, is_fixed, most)| {
            let amount = is_fixed.then_some(30_000);
            terms(TermsDraft {
                kind: if is_fixed { "fixed" } else { "variable" }.to_owned(),
                frequency: frequency.as_str().to_owned(),
                count: Some(count.into()),
                amount,
                max_amount: (!is_fixed).then_some(most),
                ..TermsDraft::default()
            })
        },
    )
}

/// Instalments of a rhythm; some have ended, and none that is due later was sent.
fn a_plan() -> impl Strategy<Value = PlanView> {
    let one = (
        prop_oneof![6 => Just(State::Scheduled), 3 => select(State::ALL.to_vec())],
        prop_oneof![Just(30_000_i64), 1_i64..60_000],
    );
    (
        select(CADENCES.to_vec()),
        0_i64..400,
        prop::collection::vec(one, 1..14),
        0_i64..120,
        some_terms(),
        select(vec![0_u32, 0, 0, 3]),
        any::<bool>(),
    )
        .prop_map(
            |(cadence, first, ones, asked, terms, retry_days, has_rhythm)| {
                let first_date = day(first);
                let rhythm = Rhythm {
                    cadence,
                    first_date,
                    due_day: DueDay::SameDay,
                };
                let today = first_date.plus_days(asked - 30).expect("in range");
                let dates = rhythm.dates_after(first_date.plus_days(-1).expect("in range"));
                let instalments = (1..)
                    .zip(dates.zip(ones))
                    .map(|(sequence, (due_date, one))| {
                        let (state, amount) = one;
                        let sent = matches!(
                            state,
                            State::Collecting | State::Retrying | State::Collected
                        );
                        InstalmentView {
                            sequence,
                            due_date,
                            amount: cents(amount),
                            state: if sent && today < due_date {
                                State::Scheduled
                            } else {
                                state
                            },
                        }
                    });
                PlanView {
                    instalments: instalments.collect(),
                    rhythm: has_rhythm.then_some(rhythm),
                    terms,
                    validity: Validity {
                        start_date: first_date,
                        end_date: None,
                    },
                    today,
                    retry_days,
                }
            },
        )
}

/// A change of `plan`: its dates are about today, its numbers mostly the plan's.
fn change_of(plan: &PlanView, kind: ChangeKind, rest: Rest, numbers: [i64; 3]) -> Change {
    let [ahead, length, size] = numbers;
    let from = plan.today.plus_days(ahead).expect("in range");
    let until = from.plus_days(length).expect("in range");
    let count = i64::try_from(plan.instalments.len()).expect("few");
    let sequence = u32::try_from(size % (count + 1) + 1).expect("a number");
    let amount = cents(size + 1);
    match kind {
        ChangeKind::Pause => Change::Pause { from, until },
        ChangeKind::Skip => Change::Skip { sequence, rest },
        ChangeKind::Move => {
            let due = plan.instalments.iter().find(|one| one.sequence == sequence);
            let near = due.map_or(from, |one| one.due_date);
            let to = near.plus_days(ahead % 11 - 5).expect("in range");
            Change::Move { sequence, to }
        }
        ChangeKind::Lower => Change::Lower {
            from,
            until,
            amount,
            rest,
        },
        ChangeKind::PayOut => Change::PayOut { on: from, amount },
        ChangeKind::ChangeAccount => Change::ChangeAccount,
        ChangeKind::End => Change::End,
    }
}

/// A plan and a change of it.
fn a_case() -> impl Strategy<Value = (PlanView, Change)> {
    let numbers = (-5_i64..150, -2_i64..120, 0_i64..40_000);
    let kind = select(ChangeKind::ALL.to_vec());
    (a_plan(), kind, select(Rest::ALL.to_vec()), numbers).prop_map(|(plan, kind, rest, numbers)| {
        let change = change_of(&plan, kind, rest, numbers.into());
        (plan, change)
    })
}

fn owed(plan: &PlanView) -> i64 {
    plan.unsent().map(|one| one.amount.get()).sum()
}

fn sum(answer: &WhatIf) -> i64 {
    answer.tail.iter().map(|one| one.amount.get()).sum()
}

/// What counts under the agreement after the change, found from the plan's own rows.
fn counted(plan: &PlanView, answer: &WhatIf) -> Schedule {
    let stands = plan.instalments.iter().filter(|one| match one.state {
        State::Collecting | State::Retrying => true,
        State::Collected => plan.validity.start_date <= one.due_date,
        State::Scheduled | State::Missed | State::Failed => false,
        State::Waived | State::Cancelled | State::PaidElsewhere => false,
    });
    let mut listed: Vec<_> = stands.map(|one| (one.due_date, one.amount)).collect();
    listed.extend(answer.tail.iter().map(|one| (one.due_date, one.amount)));
    listed.sort();
    Schedule::explicit(listed).expect("strictly ascending dates")
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_change_conserves_what_is_owed_to_the_cent_or_names_the_difference(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };

        prop_assert_eq!(sum(&answer) + answer.difference.cents(), owed(&plan));
        prop_assert!(0 <= answer.difference.cents());
        let named = answer.difference.as_str() != "none";
        prop_assert_eq!(named, answer.difference.cents() != 0);
    }

    #[test]
    fn a_change_never_touches_what_was_sent_or_has_ended(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };

        let state = |sequence| {
            plan.instalments.iter().find(|one| one.sequence == sequence).map(|one| one.state)
        };
        for one in &answer.tail {
            let expected = (one.edit != Edit::Added).then_some(State::Scheduled);
            prop_assert_eq!(state(one.sequence), expected);
        }
        for one in &answer.dropped {
            prop_assert_eq!(state(one.sequence), Some(State::Scheduled));
            prop_assert!(answer.tail.iter().all(|kept| kept.sequence != one.sequence));
        }
        let added = answer.tail.iter().filter(|one| one.edit == Edit::Added).count();
        let unsent = plan.unsent().count();
        prop_assert_eq!(answer.tail.len() + answer.dropped.len(), unsent + added);
    }

    #[test]
    fn a_change_keeps_the_order_and_gives_no_date_in_the_past(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };

        for pair in answer.tail.windows(2) {
            prop_assert!(pair[0].due_date < pair[1].due_date);
            prop_assert!(pair[0].sequence < pair[1].sequence);
        }
        for one in &answer.tail {
            let before = plan.instalments.iter().find(|old| old.sequence == one.sequence);
            let is_same = before.is_some_and(|old| old.due_date == one.due_date);
            prop_assert!(is_same || plan.today <= one.due_date);
            let is_kept = before.is_some_and(|old| old.amount == one.amount) && is_same;
            prop_assert_eq!(one.edit == Edit::Kept, is_kept);
        }
    }

    #[test]
    fn what_fits_as_it_is_is_proved_as_a_whole_and_what_does_not_has_a_proposal_that_proves(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };

        let demand = Demand::new(Reading::ALL, plan.retry_days);
        match &answer.verdict {
            Verdict::FitsAsItIs(proof) => {
                let whole = counted(&plan, &answer);
                prop_assert_eq!(prove(&whole, &plan.terms, plan.validity, &demand), Ok(*proof));
            }
            Verdict::NeedsNewAgreement { proposal, because } => {
                let listed = answer.tail.iter().map(|one| (one.due_date, one.amount));
                let tail = Schedule::explicit(listed.collect()).expect("a schedule");
                let proof = prove(&tail, &proposal.terms, proposal.validity, &demand);
                prop_assert!(proof.is_ok(), "{:?}", proof);
                prop_assert!(plan.today <= proposal.validity.start_date);
                if because.code() == "does_not_fit" {
                    let whole = counted(&plan, &answer);
                    prop_assert!(prove(&whole, &plan.terms, plan.validity, &demand).is_err());
                }
            }
            Verdict::NothingLeft => prop_assert!(answer.tail.is_empty()),
            Verdict::Refused { .. } => {
                prop_assert!(answer.tail.iter().all(|one| one.edit == Edit::Kept));
                prop_assert!(answer.dropped.is_empty());
            }
        }
    }

    #[test]
    fn a_pause_leaves_no_unsent_date_inside_it_and_moves_by_whole_periods(
        plan in a_plan(), start in 0_i64..300, days in 0_i64..120
    ) {
        let from = plan.today.plus_days(start).expect("in range");
        let until = from.plus_days(days).expect("in range");
        let answer = what_if(&plan, &Change::Pause { from, until }).expect("well formed");
        let Verdict::Refused { .. } = answer.verdict else {
            let rhythm = plan.rhythm.expect("a pause needs one");
            prop_assert_eq!(answer.tail.len(), plan.unsent().count());
            for (old, new) in plan.unsent().zip(&answer.tail) {
                prop_assert_eq!((old.sequence, old.amount), (new.sequence, new.amount));
                prop_assert!(new.due_date < from || until < new.due_date);
                let day_before = new.due_date.plus_days(-1).expect("in range");
                prop_assert_eq!(rhythm.dates_after(day_before).next(), Some(new.due_date));
                let moves = from <= old.due_date;
                prop_assert_eq!(moves, new.edit == Edit::Changed);
                prop_assert!(!moves || old.due_date < new.due_date);
            }
            return Ok(());
        };
    }
}

/// The generators above reach every verdict, or the laws would say little.
#[test]
fn the_laws_are_asked_of_every_verdict() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..2_000 {
        let (plan, change) = a_case().new_tree(&mut runner).expect("a case").current();
        let word = match what_if(&plan, &change) {
            Ok(answer) => answer.verdict.as_str(),
            Err(_) => "broken",
        };
        *seen.entry(word).or_insert(0) += 1;
    }

    let all = [
        "broken",
        "fits_as_it_is",
        "needs_new_agreement",
        "nothing_left",
        "refused",
    ];
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), all);
    assert!(seen.values().all(|count| 40 < *count), "{seen:?}");
}
