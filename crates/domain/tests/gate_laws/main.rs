//! The laws of the two gates, for all facts.

use chrono::TimeDelta;
use domain::date::{BusinessDate, Instant};
use domain::failure::FAILURES_IN_A_ROW_MAX;
use domain::gate::{Clears, GateFacts, Purpose, Refusal, Scope, gate, may_propose, room};
use domain::{agreement, instalment, plan};
use proptest::prelude::*;

mod facts;

use facts::{Owned, OwnedProposal};

/// The refusals by their words, in the order of precedence.
const ORDER: [&str; 22] = [
    "collections_stopped",
    "plan_frozen",
    "plan_not_active",
    "instalment_not_owed",
    "not_due_yet",
    "other_payment_live",
    "window_over",
    "room_over",
    "agreement_not_active",
    "agreement_stale",
    "before_validity",
    "after_validity",
    "after_last_payment_date",
    "first_payment_date_mismatch",
    "last_payment_made",
    "amount_refused",
    "no_free_slot",
    "too_many_failures_in_a_row",
    "retry_budget_spent",
    "catch_up_spent",
    "outside_sending_hours",
    "near_window_edge",
];

fn rank(refusal: &Refusal) -> usize {
    let place = ORDER.iter().position(|code| *code == refusal.code());
    place.expect("a refusal of the list")
}

/// The place of the answer: passing comes after every refusal.
fn answer(facts: &GateFacts<'_>) -> usize {
    gate(facts).map_or_else(|refusal| rank(&refusal), |_| ORDER.len())
}

/// A rule to break, and how. None of these mends another, as moving a window's anchor would.
type Break = fn(&mut GateFacts<'_>);

const BREAKS: &[(&str, Break)] = &[
    ("collections_stopped", |facts| {
        facts.closed = Some(Scope::All);
    }),
    ("plan_frozen", |facts| facts.plan_frozen = true),
    ("plan_not_active", |facts| {
        facts.plan_state = plan::State::Paused
    }),
    ("instalment_not_owed", |facts| {
        facts.instalment_state = instalment::State::Waived;
    }),
    ("not_due_yet", |facts| facts.due_date = BusinessDate::MAX),
    ("other_payment_live", |facts| {
        facts.other_live_payment = true
    }),
    ("agreement_not_active", |facts| {
        facts.agreement_state = agreement::State::Suspended;
    }),
    ("agreement_stale", |facts| {
        facts.agreement_confirmed_at = None
    }),
    ("after_validity", |facts| {
        facts.validity.end_date = Some(BusinessDate::MIN);
    }),
    ("last_payment_made", |facts| facts.last_already_made = true),
    ("no_free_slot", |facts| facts.slots_taken = [u32::MAX; 2]),
    ("too_many_failures_in_a_row", |facts| {
        facts.consecutive_failures = 5
    }),
    ("outside_sending_hours", |facts| facts.hours.closes_hour = 0),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_gate_answers_on_any_facts_whatever(owned in facts::anything()) {
        let facts = owned.facts();
        if let Err(refusal) = gate(&facts) {
            prop_assert!(!refusal.to_string().is_empty());
            prop_assert!(ORDER.contains(&refusal.code()));
            prop_assert_eq!(refusal.is_for_ever(), refusal.clears() == Clears::Never);
        }
        let room = room(facts.terms, facts.validity, facts.due_date, facts.carry);
        prop_assert!(room.next_until.is_none_or(|next| room.until < next));
    }

    #[test]
    fn breaking_one_more_rule_never_brings_a_later_answer(
        owned in facts::likely(), which in prop::sample::select(BREAKS)
    ) {
        let mut facts = owned.facts();
        let before = answer(&facts);
        let (code, break_rule) = which;
        break_rule(&mut facts);

        let after = answer(&facts);
        prop_assert!(after <= before, "{} after breaking {}", ORDER[after], code);
    }

    #[test]
    fn a_refusal_holds_until_the_instant_at_which_it_clears_and_not_at_it(owned in facts::likely()) {
        let facts = owned.facts();
        let Err(refusal) = gate(&facts) else { return Ok(()) };
        let Clears::At(at) = refusal.clears() else { return Ok(()) };

        prop_assert!(facts.now < at, "{} clears in the past", refusal);
        let just_before = gate(&GateFacts { now: at - TimeDelta::nanoseconds(1), ..facts });
        // Time may have broken an earlier rule meanwhile: a confirmation gets old, a window ends.
        match &just_before {
            Ok(_) => prop_assert!(false, "{} did not hold until {}", refusal, at),
            Err(other) => prop_assert!(rank(other) <= rank(&refusal), "{other}, not {refusal}"),
        }
        let then = gate(&GateFacts { now: at, ..facts });
        prop_assert_ne!(&then, &Err(refusal.clone()));
        // The next window may be full too, and the next day have no hours; no budget stays spent.
        if let (Err(other), Refusal::RetryBudgetSpent { .. }) = (then, &refusal) {
            prop_assert_ne!(rank(&other), rank(&refusal));
        }
    }

    #[test]
    fn what_never_clears_is_refused_for_ever(owned in facts::likely(), hours in 0_i64..20_000) {
        let facts = owned.facts();
        let Err(refusal) = gate(&facts) else { return Ok(()) };
        if !refusal.is_for_ever() {
            return Ok(());
        }

        let now = facts.now + TimeDelta::hours(hours);
        prop_assert!(gate(&GateFacts { now, ..facts }).is_err(), "{} ceased to hold", refusal);
    }

    #[test]
    fn what_passes_keeps_to_the_agreement(owned in facts::likely()) {
        let facts = owned.facts();
        let Ok(pass) = gate(&facts) else { return Ok(()) };

        prop_assert_eq!(pass.today, BusinessDate::of_instant(facts.now));
        prop_assert!(facts.due_date <= pass.today);
        prop_assert!(facts.validity.start_date <= pass.today);
        prop_assert!(facts.validity.end_date.is_none_or(|end| pass.today <= end));
        prop_assert!(facts.hours.opens_at(pass.today) <= facts.now);
        prop_assert!(facts.now < facts.hours.closes_at(pass.today));
        let room = room(facts.terms, facts.validity, facts.due_date, facts.carry);
        let is_retry = matches!(facts.purpose, Purpose::Retry { .. });
        let last = if is_retry { room.until } else { room.last_date() };
        prop_assert!(pass.today <= last, "sent on {} after {}", pass.today, last);
        if let Some(allowed) = pass.slots_allowed {
            prop_assert!(facts.slots_taken.iter().all(|taken| *taken < allowed));
        }
        let may_fail = facts.consecutive_failures.saturating_add(facts.in_flight);
        prop_assert!(may_fail < FAILURES_IN_A_ROW_MAX);
        for window in pass.windows.into_iter().flatten() {
            prop_assert!(window.contains(pass.today));
        }
    }

    #[test]
    fn a_proposal_is_answered_on_any_facts_and_refused_until_it_clears(
        owned in facts::a_proposal()
    ) {
        let facts = owned.facts();
        let Err(refusal) = may_propose(&facts) else { return Ok(()) };
        prop_assert!(!refusal.to_string().is_empty() && !refusal.code().is_empty());
        let Clears::At(at) = refusal.clears() else { return Ok(()) };

        prop_assert!(facts.now < at);
        let mut later = facts;
        later.now = at - TimeDelta::nanoseconds(1);
        prop_assert!(may_propose(&later).is_err());
        later.now = at;
        prop_assert_ne!(may_propose(&later), Err(refusal));
    }
}

#[test]
fn the_likely_facts_reach_every_refusal_and_passing() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..30_000 {
        let owned: Owned = facts::likely()
            .new_tree(&mut runner)
            .expect("a case")
            .current();
        seen.insert(answer(&owned.facts()));
    }
    let unseen: Vec<&str> = (0..=ORDER.len())
        .filter(|place| !seen.contains(place))
        .map(|place| ORDER.get(place).copied().unwrap_or("a pass"))
        .collect();

    assert!(unseen.is_empty(), "never reached: {unseen:?}");
}

/// The two extremes of time: chrono's own.
fn extremes() -> [Instant; 2] {
    [Instant::MIN_UTC, Instant::MAX_UTC]
}

#[test]
fn the_extremes_of_time_are_answered() {
    for now in extremes() {
        for confirmed in extremes() {
            let owned = Owned::at(now, confirmed);
            assert!(gate(&owned.facts()).is_err());
            let proposal = OwnedProposal::at(now, confirmed);
            let _ = may_propose(&proposal.facts());
        }
    }
}
