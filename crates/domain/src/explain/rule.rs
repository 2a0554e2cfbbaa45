//! The rules of the gate, as they are recorded.

use super::{History, Subject};
use crate::failure::{RETRIES_IN_ALL_MAX, SUBMISSIONS_IN_24H_MAX, worded};
use crate::terms::{Allowance, AmountRefusal};

/// The code of the one amount rule whose answer changes when another payment settles: the first
/// payment's amount.
pub(super) const FIRST_AMOUNT_CODE: &str = "ZPPAY18";

/// The code of the rule on the last payment's amount.
const LAST_AMOUNT_CODE: &str = "ZPPAY19";

/// The code of the rule on the most that a payment may be.
const OVER_MAX_CODE: &str = "ZPPAY12";

worded! {
    /// A rule that holds a payment back, by the word of its [`Refusal`](crate::gate::Refusal).
    pub enum Rule {
        /// The database has not been compared with the provider since it was restored.
        DatabaseNotReconciled = "database_not_reconciled",
        /// A kill switch over it is closed.
        CollectionsStopped = "collections_stopped",
        /// An open question freezes the plan.
        PlanFrozen = "plan_frozen",
        /// The plan does not collect.
        PlanNotActive = "plan_not_active",
        /// The instalment does not want this kind of sending.
        InstalmentNotOwed = "instalment_not_owed",
        /// Its date has not come.
        NotDueYet = "not_due_yet",
        /// Money may move, or has moved, by another payment.
        OtherPaymentLive = "other_payment_live",
        /// The window that holds the due date is over.
        WindowOver = "window_over",
        /// An instalment without a window is not collected this late.
        RoomOver = "room_over",
        /// The payer's permission is not there.
        AgreementNotActive = "agreement_not_active",
        /// The provider has not confirmed the agreement lately.
        AgreementStale = "agreement_stale",
        /// The agreement does not hold yet.
        BeforeValidity = "before_validity",
        /// The agreement does not hold any more.
        AfterValidity = "after_validity",
        /// The terms' last payment date has passed.
        AfterLastPaymentDate = "after_last_payment_date",
        /// The terms fix the date of the first payment, and it is another one.
        FirstPaymentDateMismatch = "first_payment_date_mismatch",
        /// A balloon's last payment is made: the provider takes none after it.
        LastPaymentMade = "last_payment_made",
        /// The terms do not allow the amount.
        AmountRefused = "amount_refused",
        /// Every payment the terms allow in the window has been made, or may be on its way.
        NoFreeSlot = "no_free_slot",
        /// One more failure brings the agreement too near to suspension.
        TooManyFailuresInARow = "too_many_failures_in_a_row",
        /// The provider's limits on retries are reached.
        RetryBudgetSpent = "retry_budget_spent",
        /// As many late payments as one day takes have been made for the customer.
        CatchUpSpent = "catch_up_spent",
        /// Nothing is sent at this hour.
        OutsideSendingHours = "outside_sending_hours",
        /// Too near to a midnight at which a window turns.
        NearWindowEdge = "near_window_edge",
    }
}

impl Rule {
    /// What is true while it holds a payment back.
    pub(super) fn told(self, subject: &Subject<'_>, history: &History<'_>) -> String {
        match self {
            Rule::DatabaseNotReconciled => {
                "the database was restored, and is compared with the provider first".to_owned()
            }
            Rule::CollectionsStopped => match history.closed {
                Some(closure) => format!(
                    "collections are stopped for {}: {}",
                    closure.scope.stopped(),
                    closure.because
                ),
                None => "collections were stopped".to_owned(),
            },
            Rule::PlanFrozen => match history.frozen_because {
                Some(kind) => format!("the plan is frozen by an open question ({kind})"),
                None => "the plan was frozen by a question".to_owned(),
            },
            Rule::PlanNotActive => match history.paused_until {
                Some(until) => format!("the plan is paused until {until}"),
                None => not_active("plan", history.plan_state.as_str()),
            },
            Rule::AgreementNotActive => not_active("agreement", history.agreement_state.as_str()),
            Rule::InstalmentNotOwed => format!("it is {}, so nothing is sent", subject.state),
            Rule::NotDueYet => "its date has not come".to_owned(),
            Rule::OtherPaymentLive => "another payment for it is undecided or settled".to_owned(),
            Rule::WindowOver => "the agreement's period that holds its date is over".to_owned(),
            Rule::RoomOver => "it is too late after its date".to_owned(),
            Rule::AgreementStale => {
                "the provider has not confirmed the agreement lately".to_owned()
            }
            Rule::BeforeValidity => {
                format!("the agreement begins on {}", history.validity.start_date)
            }
            Rule::AfterValidity => match history.validity.end_date {
                Some(end) => format!("the agreement ended on {end}"),
                None => "the agreement's dates are over".to_owned(),
            },
            Rule::AfterLastPaymentDate => "the terms' last payment date has passed".to_owned(),
            Rule::FirstPaymentDateMismatch => {
                "the terms fix another date for the first payment".to_owned()
            }
            Rule::LastPaymentMade => "the payment that ends the agreement is made".to_owned(),
            Rule::AmountRefused => match subject.refused_amount(history) {
                Some(refusal) => allowed(refusal),
                None => "the terms did not allow its amount".to_owned(),
            },
            Rule::NoFreeSlot => match history.terms.allowance() {
                Allowance::Lifetime(count) => {
                    format!("the agreement allows {count} in all, and all are taken")
                }
                Allowance::PerWindow(_) | Allowance::Unlimited => {
                    "the period's payments are all taken".to_owned()
                }
            },
            Rule::TooManyFailuresInARow => {
                "too many payments in a row have failed, or still may".to_owned()
            }
            Rule::RetryBudgetSpent => match Budget::spent(history) {
                Budget::InAll => {
                    format!("the provider takes {RETRIES_IN_ALL_MAX} retries of a payment")
                }
                Budget::InADay => format!(
                    "the provider takes a payment {SUBMISSIONS_IN_24H_MAX} times in 24 hours"
                ),
            },
            Rule::CatchUpSpent => {
                "as many late payments as one day takes have been made for the customer".to_owned()
            }
            Rule::OutsideSendingHours => "nothing is sent at this hour".to_owned(),
            Rule::NearWindowEdge => "a period turns at midnight".to_owned(),
        }
    }
}

/// The name of the figure for which an amount was refused.
pub(super) fn amount_figure(refusal: AmountRefusal) -> &'static str {
    if refusal.code == FIRST_AMOUNT_CODE {
        "first_payment_amount"
    } else if refusal.code == LAST_AMOUNT_CODE {
        "last_payment_amount"
    } else if refusal.code == OVER_MAX_CODE {
        "max_amount"
    } else {
        "agreed_amount"
    }
}

fn allowed(refusal: AmountRefusal) -> String {
    let expected = refusal.expected;
    if refusal.code == FIRST_AMOUNT_CODE {
        format!("the terms allow only {expected} for the first payment")
    } else if refusal.code == LAST_AMOUNT_CODE {
        format!("the terms allow only {expected} for the last payment")
    } else if refusal.code == OVER_MAX_CODE {
        format!("the terms allow at most {expected}")
    } else {
        format!("the terms allow only {expected}")
    }
}

/// The provider's limits on the retries of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    /// Retries in all.
    InAll,
    /// Submissions within 24 hours.
    InADay,
}

impl Budget {
    /// The one that is spent, where one is.
    pub(super) fn spent(history: &History<'_>) -> Budget {
        match history.attempts.last() {
            Some(last) if RETRIES_IN_ALL_MAX <= last.retries_made => Budget::InAll,
            Some(_) | None => Budget::InADay,
        }
    }
}

/// What was recorded may be so no more: what stands now is told as it stands.
fn not_active(what: &str, state: &str) -> String {
    if state == "active" {
        format!("the {what} was not active")
    } else {
        format!("the {what} is {state}, not active")
    }
}
