//! Why the gate does not let a payment through.

use thiserror::Error;

use super::Scope;
use crate::date::{BusinessDate, Instant};
use crate::period::{Reading, Window};
use crate::terms::AmountRefusal;
use crate::{agreement, instalment, plan};

/// The rule a payment breaks. The order is the precedence: a payment that breaks several is
/// refused for the first.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The database is a restored or promoted copy that has not been compared with the provider.
    #[error("the database has not been compared with the provider since it was restored")]
    DatabaseNotReconciled,
    /// A kill switch over it is closed.
    #[error("collections are stopped for {}", scope.stopped())]
    CollectionsStopped {
        /// The widest one.
        scope: Scope,
    },
    /// An open exception freezes the plan.
    #[error("the plan is frozen until its open exception is resolved")]
    PlanFrozen,
    /// The plan does not collect.
    #[error("the plan is {state}, not active")]
    PlanNotActive {
        /// Where the plan stands.
        state: plan::State,
    },
    /// The instalment does not want this kind of sending.
    #[error("the instalment is {state}, so this payment is not owed")]
    InstalmentNotOwed {
        /// Where the instalment stands.
        state: instalment::State,
    },
    /// The due date, or the date set for the agreement's first payment or a balloon's last, has not
    /// come.
    #[error("the instalment is not due before {due_date}")]
    NotDueYet {
        /// The date it is due.
        due_date: BusinessDate,
    },
    /// Money may move, or has moved, by another payment.
    #[error("another payment for the instalment is live or settled")]
    OtherPaymentLive,
    /// The window that holds the due date is over, under one reading at least.
    #[error("the window {window}, which holds the due date, is over")]
    WindowOver {
        /// That window.
        window: Window,
    },
    /// An instalment without a window, under ad hoc terms, is not collected this late.
    #[error("the instalment could be collected until {until}")]
    RoomOver {
        /// The last date on which it could.
        until: BusinessDate,
    },
    /// The payer's permission is not there.
    #[error("the agreement is {state}, not active")]
    AgreementNotActive {
        /// Where the agreement stands.
        state: agreement::State,
    },
    /// The provider has not confirmed the agreement within 24 hours.
    #[error("the agreement's state is not fresh: {}", confirmed(*.confirmed_at))]
    AgreementStale {
        /// When it was last confirmed.
        confirmed_at: Option<Instant>,
    },
    /// The agreement does not hold yet.
    #[error("the agreement is valid from {start_date}")]
    BeforeValidity {
        /// The first date it holds.
        start_date: BusinessDate,
    },
    /// The agreement does not hold any more.
    #[error("the agreement was valid until {end_date}")]
    AfterValidity {
        /// The last date it held.
        end_date: BusinessDate,
    },
    /// The terms' last payment date has passed.
    #[error("the last payment date, {date}, has passed")]
    AfterLastPaymentDate {
        /// That date.
        date: BusinessDate,
    },
    /// The terms fix the date of the agreement's first payment, and it is another one.
    #[error("the agreement's first payment has to be made on {date}")]
    FirstPaymentDateMismatch {
        /// The date it has to be made on.
        date: BusinessDate,
    },
    /// A balloon's last payment is made, or may be on its way: the provider takes none after it.
    #[error("the payment that ends the balloon has been made already")]
    LastPaymentMade,
    /// The terms do not allow the amount.
    #[error(transparent)]
    AmountRefused(AmountRefusal),
    /// Every payment the terms allow in the window has been made, or may be on its way.
    #[error("{}", slots(*.window, *.allowed))]
    NoFreeSlot {
        /// The reading under which the window is full.
        reading: Reading,
        /// The window that holds today; none where the count is for the agreement's life.
        window: Option<Window>,
        /// How many payments the terms allow.
        allowed: u32,
        /// Whether there is room again once what is undecided has ended: then a slot may be free
        /// before the window is over.
        may_be_freed: bool,
    },
    /// One more failure brings the agreement too near to suspension by the payer's bank.
    #[error("the agreement's last {count} payments failed, and {in_flight} more are under way")]
    TooManyFailuresInARow {
        /// How many failed in a row.
        count: u32,
        /// How many are under way that may fail as well.
        in_flight: u32,
    },
    /// Oligo's limits on retries of one payment are reached.
    #[error("retried {retries_made} times, submitted {submissions_in_24h} times in 24 hours")]
    RetryBudgetSpent {
        /// Retries so far; the most is 10.
        retries_made: u32,
        /// Submissions in the last 24 hours, the first one counted; the most is 5.
        submissions_in_24h: u32,
        /// When one of them drops out of the 24 hours; nothing where all retries are made.
        clear_at: Option<Instant>,
    },
    /// As many late payments as one day takes have been made for the customer.
    #[error("{made} late payments were made for the customer today, of {most} a day")]
    CatchUpSpent {
        /// How many were made today.
        made: u32,
        /// The most in a day.
        most: u32,
        /// When the next day begins.
        clear_at: Instant,
    },
    /// Nothing is sent at this hour.
    #[error("payments are sent again from {opens_at}")]
    OutsideSendingHours {
        /// When sending opens.
        opens_at: Instant,
    },
    /// Too near to a midnight at which a window turns.
    #[error("a window turns at midnight: clear from {clear_at}")]
    NearWindowEdge {
        /// From when on it is clear.
        clear_at: Instant,
    },
}

impl Refusal {
    /// The refusal's word, in `snake_case`: what an instalment that waits for it says.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::Refusal;
    ///
    /// assert_eq!(Refusal::PlanFrozen.code(), "plan_frozen");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DatabaseNotReconciled => "database_not_reconciled",
            Self::CollectionsStopped { .. } => "collections_stopped",
            Self::PlanFrozen => "plan_frozen",
            Self::PlanNotActive { .. } => "plan_not_active",
            Self::InstalmentNotOwed { .. } => "instalment_not_owed",
            Self::NotDueYet { .. } => "not_due_yet",
            Self::OtherPaymentLive => "other_payment_live",
            Self::WindowOver { .. } => "window_over",
            Self::RoomOver { .. } => "room_over",
            Self::AgreementNotActive { .. } => "agreement_not_active",
            Self::AgreementStale { .. } => "agreement_stale",
            Self::BeforeValidity { .. } => "before_validity",
            Self::AfterValidity { .. } => "after_validity",
            Self::AfterLastPaymentDate { .. } => "after_last_payment_date",
            Self::FirstPaymentDateMismatch { .. } => "first_payment_date_mismatch",
            Self::LastPaymentMade => "last_payment_made",
            Self::AmountRefused(_) => "amount_refused",
            Self::NoFreeSlot { .. } => "no_free_slot",
            Self::TooManyFailuresInARow { .. } => "too_many_failures_in_a_row",
            Self::RetryBudgetSpent { .. } => "retry_budget_spent",
            Self::CatchUpSpent { .. } => "catch_up_spent",
            Self::OutsideSendingHours { .. } => "outside_sending_hours",
            Self::NearWindowEdge { .. } => "near_window_edge",
        }
    }
}

fn confirmed(confirmed_at: Option<Instant>) -> String {
    match confirmed_at {
        Some(at) => format!("last confirmed at {at}, more than 24 hours ago"),
        None => String::from("never confirmed by the provider"),
    }
}

fn slots(window: Option<Window>, allowed: u32) -> String {
    match window {
        Some(window) => {
            format!("the window {window} allows {allowed}, and all are taken or needed")
        }
        None => format!("the agreement allows {allowed} in all, and all are taken"),
    }
}
