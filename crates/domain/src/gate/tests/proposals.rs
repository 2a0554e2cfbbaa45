//! The gate before an agreement is proposed.

use super::*;

/// A drafted agreement whose plan waits for it, proposed on its first day.
fn proposal() -> ProposalFacts<'static> {
    ProposalFacts {
        now: date(2026, 3, 10).at_hour(9, 0),
        database_reconciled: true,
        closed: None,
        plan_frozen: false,
        plan_state: plan::State::AwaitingAgreement,
        agreement_state: agreement::State::Drafted,
        validity: Validity {
            start_date: date(2026, 3, 10),
            end_date: None,
        },
        created_at: &[],
    }
}

#[test]
fn a_drafted_agreement_that_its_plan_waits_for_is_proposed() {
    assert_eq!(may_propose(&proposal()), Ok(()));
}

#[test]
fn while_collections_are_stopped_nothing_is_proposed() {
    let scope = Scope::Provider;
    let stopped = ProposalFacts {
        closed: Some(scope),
        ..proposal()
    };
    let refusal = ProposalRefusal::CollectionsStopped { scope };

    assert_eq!(may_propose(&stopped), Err(refusal.clone()));
    assert_eq!(refusal.clears(), Clears::When(Awaited::CollectionsOpened));
    assert!(refusal.to_string().ends_with(scope.stopped()), "{refusal}");
}

#[test]
fn a_database_that_was_not_compared_with_the_provider_proposes_nothing() {
    let restored = ProposalFacts {
        database_reconciled: false,
        plan_frozen: true,
        ..proposal()
    };
    let refusal = ProposalRefusal::DatabaseNotReconciled;

    assert_eq!(may_propose(&restored), Err(refusal.clone()));
    assert_eq!(refusal.clears(), Clears::When(Awaited::DatabaseReconciled));
    assert_eq!(refusal.code(), "database_not_reconciled");
}

#[test]
fn a_frozen_plan_proposes_nothing() {
    let frozen = ProposalFacts {
        plan_frozen: true,
        ..proposal()
    };
    let refusal = ProposalRefusal::PlanFrozen;

    assert_eq!(may_propose(&frozen), Err(refusal.clone()));
    assert_eq!(refusal.clears(), Clears::When(Awaited::ExceptionResolved));
}

#[test]
fn only_a_plan_that_waits_for_an_agreement_proposes_one() {
    use plan::State as S;
    let states = S::ALL.iter().copied();
    for state in states.filter(|state| *state != S::AwaitingAgreement) {
        let refused = may_propose(&ProposalFacts {
            plan_state: state,
            ..proposal()
        });
        let refusal = ProposalRefusal::PlanNotWaiting { state };
        assert_eq!(refused, Err(refusal.clone()));
        let clears = match state.is_final() {
            true => Clears::Never,
            false => Clears::When(Awaited::PlanAwaitsAgreement),
        };
        assert_eq!(refusal.clears(), clears, "{state}");
    }
}

#[test]
fn an_agreement_is_proposed_once() {
    use agreement::State as S;
    for state in S::ALL.iter().copied().filter(|state| *state != S::Drafted) {
        let refused = may_propose(&ProposalFacts {
            agreement_state: state,
            ..proposal()
        });
        let refusal = ProposalRefusal::NotDrafted { state };
        assert_eq!(refused, Err(refusal.clone()));
        let clears = match state.is_lost() {
            true => Clears::Never,
            false => Clears::When(Awaited::AgreementDrafted),
        };
        assert_eq!(refusal.clears(), clears, "{state}");
    }
}

#[test]
fn an_agreement_that_would_begin_before_today_is_not_proposed() {
    let start = |start_date| {
        may_propose(&ProposalFacts {
            validity: Validity {
                start_date,
                end_date: None,
            },
            ..proposal()
        })
    };
    let start_date = date(2026, 3, 9);

    assert_eq!(start(date(2026, 3, 11)), Ok(()));
    let refusal = ProposalRefusal::StartInPast { start_date };
    assert_eq!(start(start_date), Err(refusal.clone()));
    assert_eq!(refusal.clears(), Clears::Never);
}

#[test]
fn at_most_six_agreements_are_created_for_one_account_in_24_hours() {
    let now = proposal().now;
    let hours_ago = |hours| now - TimeDelta::hours(hours);
    let created = [24, 23, 5, 4, 3, 2, 1].map(hours_ago);
    let propose = |created_at, now| {
        may_propose(&ProposalFacts {
            now,
            created_at,
            ..proposal()
        })
    };

    assert_eq!(propose(&created[..6], now), Ok(()), "the oldest is over");
    let clear_at = hours_ago(23) + TimeDelta::hours(24);
    let refusal = ProposalRefusal::CreationBudgetSpent {
        creations_in_24h: 6,
        clear_at,
    };
    assert_eq!(propose(&created, now), Err(refusal.clone()));
    assert_eq!(refusal.clears(), Clears::At(clear_at));
    let just_before = clear_at - TimeDelta::nanoseconds(1);
    assert_eq!(propose(&created[1..], just_before), Err(refusal));
    assert_eq!(propose(&created, clear_at), Ok(()));
}

#[test]
fn the_first_broken_rule_of_a_proposal_is_the_answer() {
    let now = proposal().now;
    let all = [now; 6];
    let mut facts = ProposalFacts {
        closed: Some(Scope::All),
        plan_frozen: true,
        plan_state: plan::State::Paused,
        agreement_state: agreement::State::Sending,
        validity: Validity {
            start_date: date(2026, 3, 9),
            end_date: None,
        },
        created_at: &all,
        ..proposal()
    };
    let code = |facts: &ProposalFacts<'_>| may_propose(facts).unwrap_err().code();

    assert_eq!(code(&facts), "collections_stopped");
    facts.closed = None;
    assert_eq!(code(&facts), "plan_frozen");
    facts.plan_frozen = false;
    assert_eq!(code(&facts), "plan_not_waiting");
    facts.plan_state = plan::State::AwaitingAgreement;
    assert_eq!(code(&facts), "not_drafted");
    facts.agreement_state = agreement::State::Drafted;
    assert_eq!(code(&facts), "start_in_past");
    facts.validity.start_date = date(2026, 3, 10);
    assert_eq!(code(&facts), "creation_budget_spent");
    facts.created_at = &all[..5];
    assert_eq!(may_propose(&facts), Ok(()));
}
