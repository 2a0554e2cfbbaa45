//! What is in the way as things stand now, whatever was recorded before.

use super::History;
use super::cure::Cure;
use super::rule::Rule;
use crate::{agreement, plan};

/// What keeps every payment of a plan from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A kill switch over it is closed.
    Closed,
    /// An open question freezes the plan.
    Question,
    /// The plan does not collect, for a reason of its own.
    Plan(plan::State),
    /// The payer's permission is not there.
    Agreement(agreement::State),
}

/// What is in the way now. In the gate's order, but that a plan which only follows its agreement
/// has the agreement named instead.
pub(super) fn obstacle(history: &History<'_>) -> Option<Obstacle> {
    if history.closed.is_some() {
        return Some(Obstacle::Closed);
    }
    if history.frozen_because.is_some() {
        return Some(Obstacle::Question);
    }
    let of_plan = match history.plan_state {
        plan::State::Active => None,
        state @ (plan::State::AwaitingAgreement | plan::State::Blocked) => {
            Some(Obstacle::Plan(state))
        }
        state @ (plan::State::Paused | plan::State::Completed | plan::State::Cancelled) => {
            return Some(Obstacle::Plan(state));
        }
    };
    if history.agreement_state.is_payable() {
        of_plan
    } else {
        Some(Obstacle::Agreement(history.agreement_state))
    }
}

impl Obstacle {
    /// The rule of the gate by which it holds payments back.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Obstacle::Closed => Rule::CollectionsStopped,
            Obstacle::Question => Rule::PlanFrozen,
            Obstacle::Plan(_) => Rule::PlanNotActive,
            Obstacle::Agreement(_) => Rule::AgreementNotActive,
        }
    }

    /// Whether it lies on the way of every plan, between its acceptance and the payer's: until a
    /// due date has come, it is no reason why an instalment would not be collected.
    pub(super) const fn is_of_the_start(self) -> bool {
        use {agreement::State as A, plan::State as P};
        match self {
            Obstacle::Plan(P::AwaitingAgreement) => true,
            Obstacle::Agreement(A::Drafted | A::Sending | A::Unknown) => true,
            Obstacle::Agreement(A::Pending | A::Created) => true,
            Obstacle::Closed | Obstacle::Question => false,
            Obstacle::Plan(P::Active | P::Paused | P::Blocked) => false,
            Obstacle::Plan(P::Completed | P::Cancelled) => false,
            Obstacle::Agreement(A::Active | A::Suspended | A::Declined) => false,
            Obstacle::Agreement(A::Expired | A::Cancelled | A::Failed) => false,
        }
    }

    /// What would clear it.
    pub(super) const fn cure(self) -> Cure {
        use {agreement::State as A, plan::State as P};
        match self {
            Obstacle::Closed => Cure::CollectionsReopened,
            Obstacle::Question => Cure::QuestionAnswered,
            Obstacle::Plan(P::Paused) => Cure::PlanResumed,
            // It follows its agreement, which is active by now.
            Obstacle::Plan(P::AwaitingAgreement | P::Active | P::Blocked) => Cure::TimePasses,
            Obstacle::Plan(P::Completed | P::Cancelled) => Cure::TimePasses,
            Obstacle::Agreement(A::Created) => Cure::PayerApproves,
            Obstacle::Agreement(A::Drafted | A::Sending | A::Unknown) => Cure::ProviderAnswers,
            Obstacle::Agreement(A::Pending | A::Active) => Cure::ProviderAnswers,
            Obstacle::Agreement(A::Suspended) => Cure::SuspensionLifted,
            Obstacle::Agreement(A::Declined | A::Expired) => Cure::NewAgreement,
            Obstacle::Agreement(A::Cancelled | A::Failed) => Cure::NewAgreement,
        }
    }
}
