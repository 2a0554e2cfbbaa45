//! The laws of variations, for all plans and changes.

use domain::fit::{Demand, ProposeError, prove};
use domain::instalment::State;
use domain::period::Reading;
use domain::schedule::Schedule;
use domain::terms::Frequency;
use domain::variation::{Change, Edit, PlanView, Refusal, Verdict, WhatIf, what_if};
use proptest::prelude::*;

#[path = "variation_laws/collecting.rs"]
mod collecting;
#[path = "variation_laws/given.rs"]
mod given;
#[path = "variation_laws/ledger.rs"]
mod ledger;

use collecting::{ledger, never_collected, opens_date};
use given::{a_case, a_plan};

fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        ..ProptestConfig::default()
    }
}

fn owed(plan: &PlanView) -> i64 {
    plan.unsent().map(|one| one.amount.get()).sum()
}

fn sum(answer: &WhatIf) -> i64 {
    answer.tail.iter().map(|one| one.amount.get()).sum()
}

/// What counts under the agreement after the change, found from the plan's own rows.
fn counted(plan: &PlanView, answer: &WhatIf) -> Schedule {
    let stands = plan
        .instalments
        .iter()
        .filter(|one| one.state == State::Collected);
    let mut listed: Vec<_> = stands.map(|one| (one.due_date, one.amount)).collect();
    listed.extend(answer.tail.iter().map(|one| (one.due_date, one.amount)));
    listed.sort();
    Schedule::explicit(listed).expect("strictly ascending dates")
}

/// Whether every instalment is collected when it is due, as a schedule is proved.
fn is_punctual(plan: &PlanView, answer: &WhatIf) -> bool {
    let start = plan.validity.start_date;
    let stands = plan.instalments.iter().all(|one| match one.state {
        State::Collecting | State::Retrying => false,
        State::Collected => one.collection_date == Some(one.due_date) && start <= one.due_date,
        State::Scheduled | State::Missed | State::Failed => true,
        State::Waived | State::Cancelled | State::PaidElsewhere => true,
    });
    stands
        && answer
            .tail
            .iter()
            .all(|one| opens_date(plan) <= one.due_date)
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
        let whole = || prove(&counted(&plan, &answer), &plan.terms, plan.validity, &demand);
        match &answer.verdict {
            Verdict::FitsAsItIs(proof) if is_punctual(&plan, &answer) => {
                prop_assert_eq!(whole(), Ok(*proof));
            }
            Verdict::FitsAsItIs(_) => {}
            Verdict::NeedsNewAgreement { proposal, because, moved } => {
                let listed = answer.tail.iter().map(|one| (one.due_date, one.amount));
                let tail = Schedule::explicit(listed.collect()).expect("a schedule");
                let proof = prove(&tail, &proposal.terms, proposal.validity, &demand);
                prop_assert!(proof.is_ok(), "{:?}", proof);
                prop_assert!(plan.today <= proposal.validity.start_date);
                let is_as_due = moved.is_empty() && is_punctual(&plan, &answer);
                if because.code() == "does_not_fit" && is_as_due {
                    prop_assert!(whole().is_err());
                }
            }
            Verdict::NothingLeft => prop_assert!(answer.tail.is_empty()),
            Verdict::Refused { because } => {
                prop_assert!(answer.tail.iter().all(|one| one.edit == Edit::Kept));
                prop_assert!(answer.dropped.is_empty());
                let past = matches!(
                    because,
                    Refusal::NoAgreementFits(ProposeError::FirstDueInPast { .. })
                );
                prop_assert!(!past, "{:?}", because);
            }
        }
    }

    #[test]
    fn what_fits_as_it_is_overfills_no_window_wherever_its_payments_are_made(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };
        let Verdict::FitsAsItIs(proof) = answer.verdict else { return Ok(()) };

        let mut ledger = ledger(&plan, &answer);
        let mut is_whole = true;
        for one in collecting::owed(&plan, &answer) {
            // A retry within its own room is made; of one beyond it the gate has to be asked.
            let own = if plan.terms.frequency() == Frequency::Adhoc {
                one.due_date.days_until(one.from_date) <= 28
            } else {
                ledger.windows(one.due_date) == ledger.windows(one.from_date)
            };
            if one.state == State::Scheduled || own {
                ledger.take(one.from_date);
            } else {
                is_whole = false;
            }
        }
        prop_assert!(ledger.keeps_its_terms(), "{:?}", ledger.fullness());
        if is_whole && plan.terms.frequency() != Frequency::Adhoc {
            let (windows, fullest) = ledger.fullness();
            prop_assert_eq!(u32::try_from(windows), Ok(proof.windows_used));
            prop_assert_eq!(fullest, proof.fullest_window);
            prop_assert_eq!(ledger.payments, proof.instalments);
        }
    }

    #[test]
    fn of_what_fits_as_it_is_the_gate_lets_every_instalment_through(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };
        let Verdict::FitsAsItIs(_) = answer.verdict else { return Ok(()) };

        let mut ledger = ledger(&plan, &answer);
        let owed = collecting::owed(&plan, &answer);
        let never = never_collected(&plan, owed, &mut ledger);
        let of_tail = never.iter().find(|one| one.state == State::Scheduled);
        prop_assert!(of_tail.is_none(), "{:?}", never);
        prop_assert!(ledger.keeps_its_terms());
    }

    #[test]
    fn another_agreement_moves_what_is_overdue_as_little_as_can_be_and_names_it(
        (plan, change) in a_case()
    ) {
        let Ok(answer) = what_if(&plan, &change) else { return Ok(()) };
        let Verdict::NeedsNewAgreement { moved, .. } = &answer.verdict else { return Ok(()) };

        let mut earliest = plan.today;
        let mut named = moved.iter();
        for one in &answer.tail {
            prop_assert!(earliest <= one.due_date);
            if moved.iter().any(|moved| moved.sequence == one.sequence) {
                let moved = named.next().expect("in the tail's order");
                prop_assert_eq!(moved.sequence, one.sequence);
                prop_assert_eq!(moved.to_date, one.due_date);
                prop_assert_eq!(one.due_date, earliest);
                prop_assert!(moved.from_date < moved.to_date);
            }
            earliest = one.due_date.plus_days(1).expect("in range");
        }
        prop_assert!(named.next().is_none());
    }

    #[test]
    fn a_pause_leaves_no_unsent_date_inside_it_and_moves_by_whole_periods(
        plan in a_plan(), start in 0_i64..300, days in 0_i64..120
    ) {
        let from = plan.today.plus_days(start).expect("in range");
        let until = from.plus_days(days).expect("in range");
        let answer = what_if(&plan, &Change::Pause { from, until }).expect("well formed");
        let is_moved = matches!(
            &answer.verdict,
            Verdict::NeedsNewAgreement { moved, .. } if !moved.is_empty()
        );
        let Verdict::Refused { .. } = answer.verdict else {
            prop_assume!(!is_moved);
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
