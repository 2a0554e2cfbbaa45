//! The numbers behind a reason.

use super::reason::{Hindrance, Reason};
use super::rule::{Budget, Rule, amount_figure};
use super::until::{last_date, window_at, window_of};
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::failure::{
    FAILURES_IN_A_ROW_MAX, RETRIES_IN_ALL_MAX, SUBMISSIONS_IN_24H_MAX, StopReason,
};
use crate::money::Cents;
use crate::period::Window;
use crate::terms::Allowance;

/// One number behind a reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Figure {
    /// Its name in snake_case; stable, for programs.
    pub name: &'static str,
    /// The number.
    pub value: Value,
}

/// A number, in the unit of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A Sydney date.
    Date(BusinessDate),
    /// An instant.
    At(Instant),
    /// So many.
    Count(u32),
    /// An amount.
    Amount(Cents),
    /// A word, such as a state.
    Word(String),
}

/// The numbers behind `reason`.
///
/// Of whatever is open, or was missed: the last date on which it may be collected.
pub(super) fn of(
    subject: &Subject<'_>,
    history: &History<'_>,
    reason: &Reason,
    now: Instant,
) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, value| figures.push(Figure { name, value });

    if !history.attempts.is_empty() {
        add("tries", Value::Count(history.tries()));
    }
    match reason {
        Reason::HeldBack(Hindrance::Rule(rule)) | Reason::Missed(Some(Hindrance::Rule(rule))) => {
            of_rule(*rule, subject, history, now, &mut add);
        }
        Reason::HeldBack(Hindrance::Refused(_) | Hindrance::Other(_)) => {}
        Reason::Missed(Some(Hindrance::Refused(_) | Hindrance::Other(_)) | None) => {}
        Reason::NotDueYet => add("due_date", Value::Date(subject.due_date)),
        Reason::InFlight(state) => add("payment_state", Value::Word(state.to_string())),
        Reason::FailedForGood { stop, .. } => of_stop(*stop, history, &mut add),
        Reason::Contradicted { held, claimed } => {
            add("payment_state", Value::Word(held.to_string()));
            add("provider_says", Value::Word(claimed.to_string()));
        }
        Reason::Due | Reason::TryingAgain { .. } | Reason::Collected => {}
        Reason::Quarantined => {}
        Reason::RefusedForGood(_) | Reason::Waived(_) => {}
        Reason::Cancelled(_) | Reason::PaidElsewhere(_) => {}
    }
    if subject.state.is_open() || matches!(reason, Reason::Missed(_)) {
        let until = last_date(subject, history);
        add("collectable_until", Value::Date(until));
    }
    figures
}

fn of_rule(
    rule: Rule,
    subject: &Subject<'_>,
    history: &History<'_>,
    now: Instant,
    add: &mut impl FnMut(&'static str, Value),
) {
    match rule {
        Rule::PlanFrozen => {
            if let Some(kind) = history.frozen_because {
                add("frozen_because", Value::Word(kind.to_owned()));
            }
        }
        Rule::CollectionsStopped => {
            if let Some(closure) = history.closed {
                add("stopped_scope", Value::Word(closure.scope.to_string()));
                add("stopped_because", Value::Word(closure.because.to_owned()));
                add("stopped_at", Value::At(closure.since));
            }
        }
        Rule::PlanNotActive => {
            add("plan_state", Value::Word(history.plan_state.to_string()));
            add_date("paused_until", history.paused_until, add);
        }
        Rule::AgreementNotActive => {
            add(
                "agreement_state",
                Value::Word(history.agreement_state.to_string()),
            );
        }
        Rule::AgreementStale => {
            if let Some(at) = history.agreement_confirmed_at {
                add("agreement_confirmed_at", Value::At(at));
            }
        }
        Rule::NotDueYet => add("due_date", Value::Date(subject.due_date)),
        Rule::WindowOver => add_window(window_of(subject.due_date, history), add),
        Rule::NearWindowEdge => add_window(window_at(subject, history, now), add),
        Rule::NoFreeSlot => {
            add_window(window_at(subject, history, now), add);
            match history.terms.allowance() {
                Allowance::PerWindow(count) | Allowance::Lifetime(count) => {
                    add("allowed", Value::Count(count));
                }
                Allowance::Unlimited => {}
            }
        }
        Rule::BeforeValidity => add(
            "validity_start_date",
            Value::Date(history.validity.start_date),
        ),
        Rule::AfterValidity => add_date("validity_end_date", history.validity.end_date, add),
        Rule::AfterLastPaymentDate => {
            add_date("last_payment_date", history.terms.last_payment_date(), add);
        }
        Rule::FirstPaymentDateMismatch => {
            add_date(
                "first_payment_date",
                history.terms.first_payment_date(),
                add,
            );
        }
        Rule::AmountRefused => of_amount(subject, history, add),
        Rule::TooManyFailuresInARow => {
            add("failures_in_a_row_max", Value::Count(FAILURES_IN_A_ROW_MAX));
        }
        Rule::RetryBudgetSpent => of_budget(history, add),
        Rule::DatabaseNotReconciled => {}
        Rule::InstalmentNotOwed | Rule::RoomOver | Rule::CatchUpSpent => {}
        Rule::LastPaymentMade | Rule::OtherPaymentLive | Rule::OutsideSendingHours => {}
    }
}

fn of_amount(
    subject: &Subject<'_>,
    history: &History<'_>,
    add: &mut impl FnMut(&'static str, Value),
) {
    add("amount", Value::Amount(subject.amount));
    if let Some(refusal) = subject.refused_amount(history) {
        add(amount_figure(refusal), Value::Amount(refusal.expected));
    }
}

fn of_budget(history: &History<'_>, add: &mut impl FnMut(&'static str, Value)) {
    match Budget::spent(history) {
        Budget::InAll => add("retries_in_all_max", Value::Count(RETRIES_IN_ALL_MAX)),
        Budget::InADay => {
            add(
                "submissions_in_24h_max",
                Value::Count(SUBMISSIONS_IN_24H_MAX),
            );
        }
    }
}

fn of_stop(
    stop: Option<StopReason>,
    history: &History<'_>,
    add: &mut impl FnMut(&'static str, Value),
) {
    match stop {
        Some(StopReason::RetriesUsedUp) => {
            let own = history.retry_policy.retries_max();
            if own < RETRIES_IN_ALL_MAX {
                add("retries_max", Value::Count(own));
            } else {
                add("retries_in_all_max", Value::Count(RETRIES_IN_ALL_MAX));
            }
        }
        Some(StopReason::TooManyFailuresInARow) => {
            add("failures_in_a_row_max", Value::Count(FAILURES_IN_A_ROW_MAX));
        }
        Some(StopReason::AfterValidity) => {
            add_date("validity_end_date", history.validity.end_date, add);
        }
        Some(StopReason::NotRetryable | StopReason::WindowOver) | None => {}
    }
}

fn add_date(
    name: &'static str,
    date: Option<BusinessDate>,
    add: &mut impl FnMut(&'static str, Value),
) {
    if let Some(date) = date {
        add(name, Value::Date(date));
    }
}

fn add_window(window: Option<Window>, add: &mut impl FnMut(&'static str, Value)) {
    if let Some(Window {
        first_date,
        last_date,
        ..
    }) = window
    {
        add("window_first_date", Value::Date(first_date));
        add("window_last_date", Value::Date(last_date));
    }
}
