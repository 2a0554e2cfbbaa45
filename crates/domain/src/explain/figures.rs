//! The numbers behind a reason.

use super::reason::{Hindrance, Reason};
use super::rule::Rule;
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::failure::{
    FAILURES_IN_A_ROW_MAX, RETRIES_IN_ALL_MAX, SUBMISSIONS_IN_24H_MAX, StopReason,
};
use crate::gate::{Carry, room};
use crate::instalment::State;
use crate::money::Cents;
use crate::period::{Reading, Window, window_holding};
use crate::terms::{Allowance, Amounts};

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
pub(super) fn of(subject: &Subject<'_>, history: &History<'_>, reason: &Reason) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, value| figures.push(Figure { name, value });

    if !history.attempts.is_empty() {
        add("tries", Value::Count(history.tries()));
    }
    match reason {
        Reason::HeldBack(Hindrance::Rule(rule)) | Reason::Missed(Some(Hindrance::Rule(rule))) => {
            of_rule(*rule, subject, history, &mut add);
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
        Reason::RefusedForGood(_) | Reason::Waived(_) => {}
        Reason::Cancelled(_) | Reason::PaidElsewhere(_) => {}
    }
    if subject.state.is_open() || matches!(reason, Reason::Missed(_)) {
        let until = last_date(subject, history);
        add("collectable_until", Value::Date(until));
    }
    figures
}

/// The last date on which the instalment may be collected: in its own window, and once it has
/// failed also in the next one, where the plan's policy and the count allow it.
pub(super) fn last_date(subject: &Subject<'_>, history: &History<'_>) -> BusinessDate {
    let carry = match subject.state {
        State::Retrying => history.carry,
        State::Scheduled | State::Collecting | State::Collected | State::Missed => Carry::Never,
        State::Failed | State::Waived | State::Cancelled | State::PaidElsewhere => Carry::Never,
    };
    room(history.terms, history.validity, subject.due_date, carry).last_date()
}

fn of_rule(
    rule: Rule,
    subject: &Subject<'_>,
    history: &History<'_>,
    add: &mut impl FnMut(&'static str, Value),
) {
    match rule {
        Rule::PlanFrozen => {
            if let Some(kind) = history.frozen_because {
                add("frozen_because", Value::Word(kind.to_owned()));
            }
        }
        Rule::PlanNotActive => add("plan_state", Value::Word(history.plan_state.to_string())),
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
        Rule::WindowOver | Rule::NearWindowEdge => add_window(subject, history, add),
        Rule::NoFreeSlot => {
            add_window(subject, history, add);
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
        Rule::AmountRefused => {
            add("amount", Value::Amount(subject.amount));
            let (name, allowed) = match history.terms.amounts() {
                Amounts::Fixed { amount } | Amounts::Balloon { amount, .. } => {
                    ("agreed_amount", amount)
                }
                Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
                    ("max_amount", max_amount)
                }
            };
            add(name, Value::Amount(allowed));
        }
        Rule::TooManyFailuresInARow => {
            add("failures_in_a_row_max", Value::Count(FAILURES_IN_A_ROW_MAX));
        }
        Rule::RetryBudgetSpent => add_budget(add),
        Rule::CollectionsStopped | Rule::InstalmentNotOwed | Rule::RoomOver => {}
        Rule::LastPaymentMade | Rule::OtherPaymentLive | Rule::OutsideSendingHours => {}
    }
}

fn of_stop(
    stop: Option<StopReason>,
    history: &History<'_>,
    add: &mut impl FnMut(&'static str, Value),
) {
    match stop {
        Some(StopReason::RetriesUsedUp) => add_budget(add),
        Some(StopReason::TooManyFailuresInARow) => {
            add("failures_in_a_row_max", Value::Count(FAILURES_IN_A_ROW_MAX));
        }
        Some(StopReason::AfterValidity) => {
            add_date("validity_end_date", history.validity.end_date, add);
        }
        Some(StopReason::NotRetryable | StopReason::WindowOver) | None => {}
    }
}

/// The provider's limits on the retries of one payment.
fn add_budget(add: &mut impl FnMut(&'static str, Value)) {
    add("retries_in_all_max", Value::Count(RETRIES_IN_ALL_MAX));
    add(
        "submissions_in_24h_max",
        Value::Count(SUBMISSIONS_IN_24H_MAX),
    );
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

/// The window that holds the due date; of two readings, the one that ends first.
fn add_window(
    subject: &Subject<'_>,
    history: &History<'_>,
    add: &mut impl FnMut(&'static str, Value),
) {
    let anchor = history.validity.start_date;
    let date = subject.due_date.max(anchor);
    let held = Reading::ALL
        .iter()
        .filter_map(|reading| window_holding(anchor, history.terms.frequency(), *reading, date));
    if let Some(Window {
        first_date,
        last_date,
        ..
    }) = held.min_by_key(|window| window.last_date)
    {
        add("window_first_date", Value::Date(first_date));
        add("window_last_date", Value::Date(last_date));
    }
}
