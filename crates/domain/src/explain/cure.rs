//! What would make an instalment go.

use super::obstacle::{Obstacle, obstacle};
use super::reason::{Hindrance, ProviderCode, Reason};
use super::rule::{FIRST_AMOUNT_CODE, Rule};
use super::until::is_over;
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::failure::{Cause, failure_code, worded};

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
        /// The kill switch that is closed is opened.
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
    if !subject.state.is_open() {
        return None;
    }
    let in_the_way = obstacle(history).map(Obstacle::cure);
    // Under this agreement its time is over.
    let is_over = is_over(subject, history, now).then_some(Cure::NewAgreement);
    let waiting = |cure| in_the_way.or(is_over).or(Some(cure));

    match reason {
        Reason::Contradicted { .. } | Reason::Quarantined => Some(Cure::QuestionAnswered),
        Reason::InFlight(_) => Some(Cure::ProviderAnswers),
        Reason::NotDueYet if BusinessDate::of_instant(now) < subject.due_date => {
            waiting(Cure::DueDateComes)
        }
        Reason::HeldBack(Hindrance::Rule(Rule::AmountRefused)) => {
            waiting(of_amount(subject, history))
        }
        Reason::HeldBack(Hindrance::Rule(rule)) => waiting(of_rule(*rule)),
        Reason::TryingAgain {
            failure: Some(failure),
            refused,
        } if refused.is_empty() => waiting(of_failure(failure)),
        Reason::HeldBack(Hindrance::Refused(_) | Hindrance::Other(_)) => waiting(Cure::TimePasses),
        Reason::TryingAgain { .. } | Reason::NotDueYet | Reason::Due => waiting(Cure::TimePasses),
        Reason::Collected | Reason::Missed(_) | Reason::FailedForGood { .. } => None,
        Reason::RefusedForGood(_) | Reason::Waived(_) => None,
        Reason::Cancelled(_) | Reason::PaidElsewhere(_) => None,
    }
}

/// Once the first payment is made, or where nothing refuses the amount any more, waiting helps.
fn of_amount(subject: &Subject<'_>, history: &History<'_>) -> Cure {
    let refused = subject.refused_amount(history);
    match refused.filter(|refusal| refusal.code != FIRST_AMOUNT_CODE) {
        Some(_) => Cure::NewAgreement,
        None => Cure::TimePasses,
    }
}

const fn of_rule(rule: Rule) -> Cure {
    match rule {
        Rule::DatabaseNotReconciled => Cure::TimePasses,
        Rule::OtherPaymentLive => Cure::ProviderAnswers,
        Rule::AgreementStale => Cure::ProviderAnswers,
        Rule::WindowOver | Rule::RoomOver => Cure::NewAgreement,
        Rule::AfterValidity | Rule::AfterLastPaymentDate => Cure::NewAgreement,
        Rule::FirstPaymentDateMismatch | Rule::LastPaymentMade => Cure::NewAgreement,
        Rule::AmountRefused => Cure::NewAgreement,
        Rule::TooManyFailuresInARow => Cure::PersonPutsRight,
        // What was in the way is so no more: the next look finds that out.
        Rule::CollectionsStopped | Rule::PlanFrozen => Cure::TimePasses,
        Rule::PlanNotActive | Rule::AgreementNotActive => Cure::TimePasses,
        Rule::InstalmentNotOwed | Rule::NotDueYet | Rule::BeforeValidity => Cure::TimePasses,
        Rule::NoFreeSlot | Rule::RetryBudgetSpent | Rule::CatchUpSpent => Cure::TimePasses,
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
