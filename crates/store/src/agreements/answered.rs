//! Which questions about an agreement, or its plan, a step of the agreement answers.

use domain::agreement::State;
use domain::exception::Kind;
use domain::plan;

use super::AgreementWrite;
use crate::exceptions::{About, ByItself};

/// What the world has answered by this step.
pub(super) fn answered(write: &AgreementWrite) -> Vec<ByItself> {
    let subject = About::Subject(write.id.uuid());
    let mut answered = Vec::new();
    let mut close = |kinds, about, because| {
        answered.push(ByItself {
            kinds,
            about,
            because,
        });
    };
    let is_step = write.from != write.to;
    if is_step && write.to.is_terminal() {
        let kinds: &[Kind] = &[
            Kind::CancellationFailed,
            Kind::AgreementHeldBack,
            Kind::AgreementMissing,
            Kind::PayidLookupRefused,
        ];
        close(kinds, subject, "the agreement has ended");
    }
    if is_step && is_at_the_provider(write.to) && write.from == State::Sending {
        let kinds: &[Kind] = &[Kind::PayidLookupRefused];
        close(kinds, subject, "the agreement was proposed");
    }
    if write.is_confirmed && write.exception.is_none() {
        let kinds: &[Kind] = &[Kind::AgreementMissing];
        close(kinds, subject, "the provider knows the agreement again");
    }
    let is_active = |step: &super::PlanMove| step.from != step.to && step.to == plan::State::Active;
    if write.plan.as_ref().is_some_and(is_active) {
        let kinds: &[Kind] = &[Kind::AgreementLost, Kind::PayidNameDiffers];
        let plan = About::Plan(write.plan_id.uuid());
        close(kinds, plan, "the plan has an active agreement");
    }
    answered
}

const fn is_at_the_provider(state: State) -> bool {
    match state {
        State::Pending | State::Created | State::Active | State::Suspended => true,
        State::Drafted | State::Sending | State::Unknown => false,
        State::Declined | State::Expired | State::Cancelled | State::Failed => false,
    }
}
