//! One instalment: an amount due on a date, from the schedule to its named end.

use crate::failure::worded;
use crate::payment::Step;

worded! {
    /// Where an instalment stands.
    pub enum State {
        /// It waits for its due date, or for something that holds it back.
        Scheduled = "scheduled",
        /// A payment for it lives: money may move.
        Collecting = "collecting",
        /// Its payment failed, and it will be tried again.
        Retrying = "retrying",
        /// Collected. An end.
        Collected = "collected",
        /// Its window closed before it could be collected. An end.
        Missed = "missed",
        /// Tried, and failed for good. An end.
        Failed = "failed",
        /// The lender waived it. An end.
        Waived = "waived",
        /// The lender cancelled it. An end.
        Cancelled = "cancelled",
        /// The borrower paid it another way. An end.
        PaidElsewhere = "paid_elsewhere",
    }
}

worded! {
    /// What happens to an instalment.
    pub enum Event {
        /// A payment for it is about to be sent.
        SendStarted = "send_started",
        /// Its payment settled.
        PaymentSettled = "payment_settled",
        /// Its payment failed, and another try is planned.
        PaymentFailedRetryable = "payment_failed_retryable",
        /// Its payment failed, and no other try will be made.
        PaymentFailed = "payment_failed",
        /// Its payment was given up before anything was sent.
        PaymentGivenUp = "payment_given_up",
        /// The last date on which it may be collected has passed.
        WindowMissed = "window_missed",
        /// The lender waives it.
        Waived = "waived",
        /// The lender cancels it, or the whole plan.
        Cancelled = "cancelled",
        /// The lender says that it was paid another way.
        PaidElsewhere = "paid_elsewhere",
    }
}

impl State {
    /// What `event` means for an instalment in this state.
    ///
    /// While a payment lives, no person's decision ends the instalment: the payment is decided
    /// first. An instalment that has ended stays as it ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::instalment::{Event, State};
    /// use domain::payment::Step;
    ///
    /// assert_eq!(State::Collecting.step(Event::PaymentSettled), Step::Advance(State::Collected));
    /// assert_eq!(State::Collecting.step(Event::Waived), Step::Conflict);
    /// // Money moved for what had ended: somebody may have to give it back.
    /// assert_eq!(State::Waived.step(Event::PaymentSettled), Step::Conflict);
    /// ```
    #[must_use]
    pub const fn step(self, event: Event) -> Step<Self> {
        match event {
            Event::SendStarted => self.on_send_started(),
            Event::PaymentSettled => self.on_payment_settled(),
            Event::PaymentFailedRetryable => self.on_payment_failed_retryable(),
            Event::PaymentFailed => self.on_payment_failed(),
            Event::PaymentGivenUp => self.on_payment_given_up(),
            Event::WindowMissed => self.on_window_missed(),
            Event::Waived => self.on_waived(),
            Event::Cancelled => self.on_cancelled(),
            Event::PaidElsewhere => self.on_paid_elsewhere(),
        }
    }

    const fn on_send_started(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Retrying => T::Advance(S::Collecting),
            S::Collecting => T::Ignore,
            S::Collected | S::Missed | S::Failed => T::Conflict,
            S::Waived | S::Cancelled | S::PaidElsewhere => T::Conflict,
        }
    }

    const fn on_payment_settled(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Collecting | S::Retrying => T::Advance(S::Collected),
            S::Collected => T::Ignore,
            // Money moved for what had ended: somebody may have to give it back.
            S::Missed | S::Failed | S::Waived | S::Cancelled | S::PaidElsewhere => T::Conflict,
        }
    }

    /// A failure moves no money, so an instalment that has ended otherwise keeps its end.
    const fn on_payment_failed_retryable(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Collecting => T::Advance(S::Retrying),
            S::Retrying => T::Ignore,
            S::Collected => T::Conflict,
            S::Missed | S::Failed | S::Waived | S::Cancelled | S::PaidElsewhere => T::Ignore,
        }
    }

    const fn on_payment_failed(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Collecting | S::Retrying => T::Advance(S::Failed),
            S::Collected => T::Conflict,
            S::Missed | S::Failed | S::Waived | S::Cancelled | S::PaidElsewhere => T::Ignore,
        }
    }

    const fn on_payment_given_up(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Collecting => T::Advance(S::Scheduled),
            S::Scheduled | S::Retrying => T::Ignore,
            S::Collected => T::Conflict,
            S::Missed | S::Failed | S::Waived | S::Cancelled | S::PaidElsewhere => T::Ignore,
        }
    }

    const fn on_window_missed(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Retrying => T::Advance(S::Missed),
            // Money may still move; the window's end decides nothing about that.
            S::Collecting => T::Conflict,
            S::Collected | S::Missed | S::Failed => T::Ignore,
            S::Waived | S::Cancelled | S::PaidElsewhere => T::Ignore,
        }
    }

    /// A whole plan is cancelled at once: what has ended already needs no cancelling.
    const fn on_cancelled(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Retrying => T::Advance(S::Cancelled),
            S::Collecting => T::Conflict,
            S::Collected | S::Missed | S::Failed => T::Ignore,
            S::Waived | S::Cancelled | S::PaidElsewhere => T::Ignore,
        }
    }

    const fn on_waived(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Retrying => T::Advance(S::Waived),
            S::Waived => T::Ignore,
            S::Collecting | S::Collected | S::Missed | S::Failed => T::Conflict,
            S::Cancelled | S::PaidElsewhere => T::Conflict,
        }
    }

    const fn on_paid_elsewhere(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Scheduled | S::Retrying => T::Advance(S::PaidElsewhere),
            S::PaidElsewhere => T::Ignore,
            S::Collecting | S::Collected | S::Missed | S::Failed => T::Conflict,
            S::Waived | S::Cancelled => T::Conflict,
        }
    }

    /// Whether it has not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::instalment::State;
    ///
    /// assert!(State::Retrying.is_open());
    /// assert!(!State::Missed.is_open());
    /// ```
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Scheduled | Self::Collecting | Self::Retrying => true,
            Self::Collected | Self::Missed | Self::Failed => false,
            Self::Waived | Self::Cancelled | Self::PaidElsewhere => false,
        }
    }

    /// Whether a payment may be started for it, once it is due: it is open and none lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::instalment::State;
    ///
    /// assert!(State::Scheduled.is_owed_now());
    /// assert!(!State::Collecting.is_owed_now());
    /// ```
    #[must_use]
    pub const fn is_owed_now(self) -> bool {
        match self {
            Self::Scheduled | Self::Retrying => true,
            Self::Collecting | Self::Collected | Self::Missed | Self::Failed => false,
            Self::Waived | Self::Cancelled | Self::PaidElsewhere => false,
        }
    }
}
