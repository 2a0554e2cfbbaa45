//! What would make an instalment go.

use super::reason::{Hindrance, ProviderCode, Reason};
use super::rule::Rule;
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::failure::{Cause, failure_code, worded};
use crate::instalment::State;
use crate::{agreement, plan};

worded! {
    /// What would make an instalment go. It is not the only thing: of several that are missing,
    /// the one that has to come first.
    pub enum Cure {
        /// Its due date.
        DueDateComes = "due_date_comes",
        /// Time alone: an hour, a day, the next look.
        TimePasses = "time_passes",
        /// The payer approves the agreement in their bank.
        PayerApproves = "payer_approves",
        /// The provider says how the agreement, or the payment, stands.
        ProviderAnswers = "provider_answers",
        /// The payer, or the payer's bank, lifts the suspension.
        SuspensionLifted = "suspension_lifted",
        /// Another agreement: this one is over, or does not allow it.
        NewAgreement = "new_agreement",
        /// The lender resumes the plan.
        PlanResumed = "plan_resumed",
        /// The kill switch stands at "collect" again.
        CollectionsReopened = "collections_reopened",
        /// A person answers the open question.
        QuestionAnswered = "question_answered",
        /// The payer has the money, or room in their bank's limit.
        FundsArrive = "funds_arrive",
        /// Somebody puts right an account, a name or a limit.
        PersonPutsRight = "person_puts_right",
    }
}

/// What would make it go; nothing once it has ended.
pub(super) fn of(
    subject: &Subject<'_>,
    history: &History<'_>,
    reason: &Reason,
    now: Instant,
) -> Option<Cure> {
    match subject.state {
        State::Collecting => match reason {
            Reason::Contradicted { .. } => Some(Cure::QuestionAnswered),
            Reason::NotDueYet | Reason::Due | Reason::HeldBack(_) | Reason::InFlight(_) => {
                Some(Cure::ProviderAnswers)
            }
            Reason::TryingAgain { .. } | Reason::Collected | Reason::Missed(_) => {
                Some(Cure::ProviderAnswers)
            }
            Reason::FailedForGood { .. } | Reason::RefusedForGood(_) => Some(Cure::ProviderAnswers),
            Reason::Waived(_) | Reason::Cancelled(_) => Some(Cure::ProviderAnswers),
            Reason::PaidElsewhere(_) => Some(Cure::ProviderAnswers),
        },
        State::Scheduled | State::Retrying => obstacle(history)
            .or_else(|| of_reason(reason))
            .or_else(|| of_date(subject, now)),
        State::Collected | State::Missed | State::Failed => None,
        State::Waived | State::Cancelled | State::PaidElsewhere => None,
    }
}

/// What is in the way as things stand now, whatever was recorded before; in the gate's order.
fn obstacle(history: &History<'_>) -> Option<Cure> {
    if history.frozen_because.is_some() {
        return Some(Cure::QuestionAnswered);
    }
    if history.plan_state == plan::State::Paused {
        return Some(Cure::PlanResumed);
    }
    use agreement::State as S;
    match history.agreement_state {
        S::Active => None,
        S::Created => Some(Cure::PayerApproves),
        S::Drafted | S::Sending | S::Unknown | S::Pending => Some(Cure::ProviderAnswers),
        S::Suspended => Some(Cure::SuspensionLifted),
        S::Declined | S::Expired | S::Cancelled | S::Failed => Some(Cure::NewAgreement),
    }
}

fn of_reason(reason: &Reason) -> Option<Cure> {
    match reason {
        Reason::HeldBack(Hindrance::Rule(rule)) => Some(of_rule(*rule)),
        Reason::HeldBack(Hindrance::Refused(_) | Hindrance::Other(_)) => Some(Cure::TimePasses),
        Reason::TryingAgain { failure, refused } if refused.is_empty() => {
            Some(failure.as_ref().map_or(Cure::TimePasses, of_failure))
        }
        Reason::TryingAgain { .. } => Some(Cure::TimePasses),
        Reason::Contradicted { .. } => Some(Cure::QuestionAnswered),
        Reason::NotDueYet | Reason::Due | Reason::InFlight(_) | Reason::Collected => None,
        Reason::Missed(_) | Reason::FailedForGood { .. } | Reason::RefusedForGood(_) => None,
        Reason::Waived(_) | Reason::Cancelled(_) | Reason::PaidElsewhere(_) => None,
    }
}

const fn of_rule(rule: Rule) -> Cure {
    match rule {
        Rule::CollectionsStopped => Cure::CollectionsReopened,
        Rule::OtherPaymentLive => Cure::ProviderAnswers,
        Rule::AgreementStale => Cure::ProviderAnswers,
        Rule::WindowOver | Rule::RoomOver => Cure::NewAgreement,
        Rule::AfterValidity | Rule::AfterLastPaymentDate => Cure::NewAgreement,
        Rule::FirstPaymentDateMismatch | Rule::LastPaymentMade => Cure::NewAgreement,
        Rule::AmountRefused => Cure::NewAgreement,
        Rule::TooManyFailuresInARow => Cure::PersonPutsRight,
        // What was in the way is so no more: the next look finds that out.
        Rule::PlanFrozen | Rule::PlanNotActive | Rule::AgreementNotActive => Cure::TimePasses,
        Rule::InstalmentNotOwed | Rule::NotDueYet | Rule::BeforeValidity => Cure::TimePasses,
        Rule::NoFreeSlot | Rule::RetryBudgetSpent => Cure::TimePasses,
        Rule::OutsideSendingHours | Rule::NearWindowEdge => Cure::TimePasses,
    }
}

fn of_failure(failure: &ProviderCode) -> Cure {
    match failure_code(&failure.code).map(|known| known.cause) {
        Some(Cause::Funds) => Cure::FundsArrive,
        Some(Cause::ForAPerson) => Cure::PersonPutsRight,
        Some(Cause::ValidityOver | Cause::Hopeless) => Cure::NewAgreement,
        Some(Cause::Passing) | None => Cure::TimePasses,
    }
}

fn of_date(subject: &Subject<'_>, now: Instant) -> Option<Cure> {
    if BusinessDate::of_instant(now) < subject.due_date {
        Some(Cure::DueDateComes)
    } else {
        Some(Cure::TimePasses)
    }
}
