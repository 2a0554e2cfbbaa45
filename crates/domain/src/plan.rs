//! One plan: a schedule of instalments and whether they are being collected.

use crate::failure::worded;
use crate::payment::Step;

worded! {
    /// Where a plan stands.
    pub enum State {
        /// Its agreement has not been accepted yet.
        AwaitingAgreement = "awaiting_agreement",
        /// What falls due is collected.
        Active = "active",
        /// The lender paused it.
        Paused = "paused",
        /// No instalment is open any more. An end.
        Completed = "completed",
        /// The lender cancelled it. An end.
        Cancelled = "cancelled",
        /// Its agreement is lost: a person gives it another one, or cancels it.
        Blocked = "blocked",
    }
}

worded! {
    /// What happens to a plan.
    pub enum Event {
        /// Its agreement became active, the first time or again.
        AgreementActivated = "agreement_activated",
        /// Its agreement ended, and can never be collected under again.
        AgreementLost = "agreement_lost",
        /// None of its instalments is open any more.
        InstalmentsEnded = "instalments_ended",
        /// The lender pauses it.
        Paused = "paused",
        /// The lender resumes it. Whoever resumes a plan whose agreement is lost says
        /// [`Event::AgreementLost`] next.
        Resumed = "resumed",
        /// The lender resumes it before any agreement for it became active.
        ResumedToWait = "resumed_to_wait",
        /// The lender cancels it.
        Cancelled = "cancelled",
    }
}

impl State {
    /// What `event` means for a plan in this state.
    ///
    /// A pause outlasts everything but the lender's word and the plan's end: neither a lost
    /// agreement nor a new one starts collections that a person stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::Step;
    /// use domain::plan::{Event, State};
    ///
    /// assert_eq!(State::Active.step(Event::AgreementLost), Step::Advance(State::Blocked));
    /// assert_eq!(State::Paused.step(Event::AgreementActivated), Step::Ignore);
    /// assert_eq!(State::Completed.step(Event::Cancelled), Step::Conflict);
    /// ```
    #[must_use]
    pub const fn step(self, event: Event) -> Step<Self> {
        match event {
            Event::AgreementActivated => self.on_agreement_activated(),
            Event::AgreementLost => self.on_agreement_lost(),
            Event::InstalmentsEnded => self.on_instalments_ended(),
            Event::Paused => self.on_paused(),
            Event::Resumed => self.on_resumed(),
            Event::ResumedToWait => self.on_resumed_to_wait(),
            Event::Cancelled => self.on_cancelled(),
        }
    }

    const fn on_agreement_activated(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::AwaitingAgreement | S::Blocked => T::Advance(S::Active),
            S::Active | S::Paused | S::Completed | S::Cancelled => T::Ignore,
        }
    }

    const fn on_agreement_lost(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::AwaitingAgreement | S::Active => T::Advance(S::Blocked),
            S::Paused | S::Blocked | S::Completed | S::Cancelled => T::Ignore,
        }
    }

    const fn on_instalments_ended(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::AwaitingAgreement | S::Active | S::Paused | S::Blocked => T::Advance(S::Completed),
            S::Completed | S::Cancelled => T::Ignore,
        }
    }

    const fn on_paused(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::AwaitingAgreement | S::Active => T::Advance(S::Paused),
            S::Paused => T::Ignore,
            S::Blocked | S::Completed | S::Cancelled => T::Conflict,
        }
    }

    /// A plan resumed before its agreement is active collects nothing: the gate asks for both.
    const fn on_resumed(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Paused => T::Advance(S::Active),
            S::AwaitingAgreement | S::Active => T::Ignore,
            S::Blocked | S::Completed | S::Cancelled => T::Conflict,
        }
    }

    /// Its agreement is still to be proposed, or to be approved.
    const fn on_resumed_to_wait(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Paused => T::Advance(S::AwaitingAgreement),
            S::AwaitingAgreement | S::Active => T::Ignore,
            S::Blocked | S::Completed | S::Cancelled => T::Conflict,
        }
    }

    const fn on_cancelled(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::AwaitingAgreement | S::Active | S::Paused | S::Blocked => T::Advance(S::Cancelled),
            S::Cancelled => T::Ignore,
            S::Completed => T::Conflict,
        }
    }

    /// Whether it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::plan::State;
    ///
    /// assert!(State::Completed.is_final());
    /// assert!(!State::Blocked.is_final());
    /// ```
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Completed | Self::Cancelled => true,
            Self::AwaitingAgreement | Self::Active | Self::Paused | Self::Blocked => false,
        }
    }
}
