//! One payment: a single uid at the provider, from the intention to its end.
//!
//! The answer to a call, the reply to a question and a webhook all become an [`Event`], and
//! [`State::step`] alone says what it means. Reports may come in any order and any number, and
//! what cannot be true together with what is held is an [`Incident`], never silence.

use crate::failure::worded;

/// What an event means for a state of a machine: a payment, an instalment, an agreement or a plan.
///
/// # Examples
///
/// ```
/// use domain::payment::{Event, State, Step};
///
/// assert_eq!(State::Submitted.step(Event::Settled), Step::Advance(State::Settled));
/// assert_eq!(State::Settled.step(Event::Accepted), Step::Ignore);
/// assert_eq!(State::Settled.step(Event::Failed), Step::Conflict);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// It moves to this state.
    Advance(S),
    /// It is old news, or agrees with what is known.
    Ignore,
    /// Both cannot be true: nothing moves, and a person looks.
    Conflict,
}

worded! {
    /// Where a payment stands.
    pub enum State {
        /// Written down, slots taken; nothing has left, or what left is known to be absent.
        Intended = "intended",
        /// A request may be on its way.
        Sending = "sending",
        /// A request may have arrived: nobody knows yet. Only asking ends this, never time.
        Unknown = "unknown",
        /// The provider has it and works on it.
        Submitted = "submitted",
        /// The provider's people look into it. Money may still move.
        UnderInvestigation = "under_investigation",
        /// The money has moved. Final.
        Settled = "settled",
        /// The provider tried and no money moved. Final, unless it is retried under its uid.
        Failed = "failed",
        /// The provider refused to create it. Final.
        Rejected = "rejected",
        /// Given up before anything left. Final.
        Abandoned = "abandoned",
    }
}

worded! {
    /// What can be heard of a payment, or done with it.
    pub enum Event {
        /// The request to create it is about to leave.
        SendStarted = "send_started",
        /// The request to retry it is about to leave.
        RetryStarted = "retry_started",
        /// No byte of the request to create it left. A retry that never left is reported as
        /// [`Event::Failed`] instead: that is how the payment stands at the provider.
        NotSent = "not_sent",
        /// The call ended without an answer that decides.
        OutcomeUnknown = "outcome_unknown",
        /// The provider has it.
        Accepted = "accepted",
        /// The provider investigates it.
        Investigating = "investigating",
        /// The provider says the money has moved.
        Settled = "settled",
        /// The provider says it failed.
        Failed = "failed",
        /// The provider refused to create it, by a listed answer. Neither "the uid exists
        /// already" nor the refusal of a retry is one: both are reasons to ask.
        Rejected = "rejected",
        /// The provider does not know the uid, asked twice and long enough after sending.
        ConfirmedAbsent = "confirmed_absent",
        /// Nothing more will be sent for it.
        GivenUp = "given_up",
    }
}

worded! {
    /// What kind of contradiction stands between what is held and what was heard.
    pub enum IncidentKind {
        /// Money moved for a payment that was over: by now another may have been sent.
        LateSettlement = "late_settlement",
        /// What had settled is said to have failed: money that was counted may be gone.
        Reversal = "reversal",
        /// Any other pair that cannot both be true.
        Contradiction = "payment_conflict",
    }
}

/// Two statements about one payment of which only one can be true.
///
/// Nothing moves for it: the plan is frozen and a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Incident {
    /// Its kind, which is also the name of the question put to a person.
    pub kind: IncidentKind,
    /// Where the payment stands, and keeps standing.
    pub held: State,
    /// Where it would stand if what was heard were true.
    pub claimed: State,
}

impl std::fmt::Display for Incident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Incident { held, claimed, .. } = self;
        write!(f, "the payment is {held}, yet the provider says {claimed}")
    }
}

/// The contradiction that `event` brings to a payment in `state`.
///
/// Something exactly where [`State::step`] answers [`Step::Conflict`].
///
/// # Examples
///
/// ```
/// use domain::payment::{Event, IncidentKind, State, incident};
///
/// let late = incident(State::Failed, Event::Settled).expect("money moved after the failure");
/// assert_eq!(late.kind, IncidentKind::LateSettlement);
/// assert_eq!(late.to_string(), "the payment is failed, yet the provider says settled");
///
/// assert_eq!(incident(State::Submitted, Event::Settled), None);
/// ```
#[must_use]
pub const fn incident(state: State, event: Event) -> Option<Incident> {
    match state.step(event) {
        Step::Conflict => Some(Incident {
            kind: kind_of(state, event),
            held: state,
            claimed: event.claims(),
        }),
        Step::Advance(State::Intended | State::Sending | State::Unknown) => None,
        Step::Advance(State::Submitted | State::UnderInvestigation | State::Settled) => None,
        Step::Advance(State::Failed | State::Rejected | State::Abandoned) | Step::Ignore => None,
    }
}

/// The kind of a contradiction; of a pair that is none, the answer means nothing.
const fn kind_of(state: State, event: Event) -> IncidentKind {
    match event {
        Event::Settled => IncidentKind::LateSettlement,
        Event::Failed => match state {
            State::Settled => IncidentKind::Reversal,
            State::Intended | State::Sending | State::Unknown => IncidentKind::Contradiction,
            State::Submitted | State::UnderInvestigation => IncidentKind::Contradiction,
            State::Failed | State::Rejected | State::Abandoned => IncidentKind::Contradiction,
        },
        Event::SendStarted | Event::RetryStarted | Event::NotSent => IncidentKind::Contradiction,
        Event::OutcomeUnknown | Event::Accepted => IncidentKind::Contradiction,
        Event::Investigating | Event::Rejected => IncidentKind::Contradiction,
        Event::ConfirmedAbsent | Event::GivenUp => IncidentKind::Contradiction,
    }
}

impl Event {
    /// Where a payment stands if this event is the last true word about it.
    ///
    /// An absence and a call without an outcome say least: that the provider may have it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::{Event, State};
    ///
    /// assert_eq!(Event::Settled.claims(), State::Settled);
    /// assert_eq!(Event::OutcomeUnknown.claims(), State::Submitted);
    /// ```
    #[must_use]
    pub const fn claims(self) -> State {
        match self {
            Self::Settled => State::Settled,
            Self::Failed => State::Failed,
            Self::Rejected => State::Rejected,
            Self::Investigating => State::UnderInvestigation,
            Self::SendStarted | Self::RetryStarted | Self::NotSent => State::Submitted,
            Self::OutcomeUnknown | Self::Accepted => State::Submitted,
            Self::ConfirmedAbsent | Self::GivenUp => State::Submitted,
        }
    }
}

impl State {
    /// What `event` means for a payment in this state.
    ///
    /// A final state is never left by a report: only a failed payment is, by its own retry.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::{Event, State, Step};
    ///
    /// // Sent again after a lost answer: the same uid, so the same payment.
    /// assert_eq!(State::Sending.step(Event::SendStarted), Step::Ignore);
    /// assert_eq!(State::Failed.step(Event::RetryStarted), Step::Advance(State::Sending));
    /// ```
    #[must_use]
    pub const fn step(self, event: Event) -> Step<Self> {
        match event {
            Event::SendStarted => self.on_send_started(),
            Event::RetryStarted => self.on_retry_started(),
            Event::NotSent => self.on_not_sent(),
            Event::OutcomeUnknown => self.on_outcome_unknown(),
            Event::Accepted => self.on_accepted(),
            Event::Investigating => self.on_investigating(),
            Event::Settled => self.on_settled(),
            Event::Failed => self.on_failed(),
            Event::Rejected => self.on_rejected(),
            Event::ConfirmedAbsent => self.on_confirmed_absent(),
            Event::GivenUp => self.on_given_up(),
        }
    }

    const fn on_send_started(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended => T::Advance(S::Sending),
            // Sent again after a lost answer: the same uid, so the same payment.
            S::Sending => T::Ignore,
            S::Unknown | S::Submitted | S::UnderInvestigation => T::Conflict,
            S::Settled | S::Failed | S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    const fn on_retry_started(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Failed => T::Advance(S::Sending),
            S::Sending => T::Ignore,
            S::Intended | S::Unknown | S::Submitted | S::UnderInvestigation => T::Conflict,
            S::Settled | S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    /// It speaks of one call, never of the payment: another call may have arrived.
    const fn on_not_sent(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending => T::Advance(S::Intended),
            S::Intended | S::Unknown | S::Submitted | S::UnderInvestigation => T::Ignore,
            S::Settled | S::Failed | S::Rejected | S::Abandoned => T::Ignore,
        }
    }

    const fn on_outcome_unknown(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended | S::Sending => T::Advance(S::Unknown),
            S::Unknown | S::Submitted | S::UnderInvestigation => T::Ignore,
            S::Settled | S::Failed => T::Ignore,
            // Something may have arrived for a payment we hold to be dead.
            S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    /// An intended payment can be found at the provider: its row was re-made from a backup.
    const fn on_accepted(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended | S::Sending | S::Unknown => T::Advance(S::Submitted),
            S::Submitted | S::UnderInvestigation | S::Settled | S::Failed => T::Ignore,
            S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    const fn on_investigating(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended | S::Sending | S::Unknown | S::Submitted => {
                T::Advance(S::UnderInvestigation)
            }
            S::UnderInvestigation | S::Settled | S::Failed => T::Ignore,
            S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    const fn on_settled(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended | S::Sending | S::Unknown => T::Advance(S::Settled),
            S::Submitted | S::UnderInvestigation => T::Advance(S::Settled),
            S::Settled => T::Ignore,
            // A late settlement: by now another payment may have been sent for the instalment.
            S::Failed | S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    const fn on_failed(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended | S::Sending | S::Unknown => T::Advance(S::Failed),
            S::Submitted | S::UnderInvestigation => T::Advance(S::Failed),
            S::Failed => T::Ignore,
            S::Settled | S::Rejected | S::Abandoned => T::Conflict,
        }
    }

    const fn on_rejected(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending | S::Unknown => T::Advance(S::Rejected),
            // The late answer of a call before the last: the next one hears it again.
            S::Intended => T::Ignore,
            S::Rejected | S::Abandoned => T::Ignore,
            S::Submitted | S::UnderInvestigation | S::Settled | S::Failed => T::Conflict,
        }
    }

    const fn on_confirmed_absent(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending | S::Unknown => T::Advance(S::Intended),
            S::Intended | S::Rejected | S::Abandoned => T::Ignore,
            S::Submitted | S::UnderInvestigation | S::Settled | S::Failed => T::Conflict,
        }
    }

    /// Giving up says that nothing was sent, so it is no way out of an unknown outcome.
    const fn on_given_up(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Intended => T::Advance(S::Abandoned),
            S::Failed | S::Rejected | S::Abandoned => T::Ignore,
            S::Sending | S::Unknown | S::Submitted | S::UnderInvestigation => T::Conflict,
            S::Settled => T::Conflict,
        }
    }

    /// Whether money may still move for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::State;
    ///
    /// assert!(State::Unknown.is_live());
    /// assert!(!State::Settled.is_live());
    /// ```
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Intended | Self::Sending | Self::Unknown => true,
            Self::Submitted | Self::UnderInvestigation => true,
            Self::Settled | Self::Failed | Self::Rejected | Self::Abandoned => false,
        }
    }

    /// Whether it is over; a failed payment can still be retried under its uid.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::State;
    ///
    /// assert!(State::Failed.is_final());
    /// assert!(!State::UnderInvestigation.is_final());
    /// ```
    #[must_use]
    pub const fn is_final(self) -> bool {
        !self.is_live()
    }

    /// Whether it counts against its window's slots and its instalment: it lives, or has settled.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::payment::State;
    ///
    /// assert!(State::Settled.holds_slot());
    /// assert!(!State::Failed.holds_slot());
    /// ```
    #[must_use]
    pub const fn holds_slot(self) -> bool {
        match self {
            Self::Intended | Self::Sending | Self::Unknown => true,
            Self::Submitted | Self::UnderInvestigation | Self::Settled => true,
            Self::Failed | Self::Rejected | Self::Abandoned => false,
        }
    }
}
