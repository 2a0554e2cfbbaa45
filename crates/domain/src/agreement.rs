//! One agreement: the payer's standing permission, as the provider tells it.

use std::fmt;

use crate::failure::worded;
use crate::payment::Step;

worded! {
    /// Where an agreement stands.
    pub enum State {
        /// Written down; nothing has left, or what left is known to be absent.
        Drafted = "drafted",
        /// A request to create it may be on its way.
        Sending = "sending",
        /// The request may have arrived: nobody knows yet.
        Unknown = "unknown",
        /// The provider has it; the scheme does not yet.
        Pending = "pending",
        /// It waits for the payer.
        Created = "created",
        /// The payer accepted it: it can be collected under.
        Active = "active",
        /// Paused, by the payer or the payer's bank; only whoever paused it can lift that.
        Suspended = "suspended",
        /// The payer or the payer's bank refused it. An end.
        Declined = "declined",
        /// The payer did not answer in time. An end.
        Expired = "expired",
        /// Somebody ended it, or its validity did. An end.
        Cancelled = "cancelled",
        /// It could not be created. An end.
        Failed = "failed",
    }
}

worded! {
    /// The state of an agreement in the provider's words.
    pub enum Reported {
        /// Accepted by the provider.
        Pending = "pending",
        /// In the scheme, waiting for the payer.
        Created = "created",
        /// The payer accepted.
        Active = "active",
        /// Paused.
        Suspended = "suspended",
        /// Refused by the payer or the payer's bank.
        Declined = "declined",
        /// The payer did not answer in time.
        Expired = "expired",
        /// Ended by somebody, or with its validity.
        Cancelled = "cancelled",
        /// Could not be created.
        Failed = "failed",
    }
}

/// What can be heard of an agreement, or done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The request to create it is about to leave.
    SendStarted,
    /// No byte of that request left.
    NotSent,
    /// The call ended without an answer that decides.
    OutcomeUnknown,
    /// The provider does not know the uid, asked twice and long enough after sending.
    ConfirmedAbsent,
    /// The provider refused to create it. "The uid exists already" is no refusal: it is asked for.
    Rejected,
    /// We take it back before anything left: its plan wants it no more, or another follows it.
    Withdrawn,
    /// The provider said how it stands.
    Reported(Reported),
}

impl Event {
    /// Every event.
    pub const ALL: &'static [Self] = &[
        Self::SendStarted,
        Self::NotSent,
        Self::OutcomeUnknown,
        Self::ConfirmedAbsent,
        Self::Rejected,
        Self::Withdrawn,
        Self::Reported(Reported::Pending),
        Self::Reported(Reported::Created),
        Self::Reported(Reported::Active),
        Self::Reported(Reported::Suspended),
        Self::Reported(Reported::Declined),
        Self::Reported(Reported::Expired),
        Self::Reported(Reported::Cancelled),
        Self::Reported(Reported::Failed),
    ];

    /// The event's word, in `snake_case`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::agreement::{Event, Reported};
    ///
    /// assert_eq!(Event::Reported(Reported::Active).as_str(), "reported_active");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendStarted => "send_started",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ConfirmedAbsent => "confirmed_absent",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Reported(Reported::Pending) => "reported_pending",
            Self::Reported(Reported::Created) => "reported_created",
            Self::Reported(Reported::Active) => "reported_active",
            Self::Reported(Reported::Suspended) => "reported_suspended",
            Self::Reported(Reported::Declined) => "reported_declined",
            Self::Reported(Reported::Expired) => "reported_expired",
            Self::Reported(Reported::Cancelled) => "reported_cancelled",
            Self::Reported(Reported::Failed) => "reported_failed",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl State {
    /// What `event` means for an agreement in this state.
    ///
    /// A report that is older than what is known changes nothing; one that would bring an ended
    /// agreement back cannot be true. Whatever ends a living agreement is believed at once: the
    /// error, if it is one, collects nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::agreement::{Event, Reported, State};
    /// use domain::payment::Step;
    ///
    /// let suspended = State::Active.step(Event::Reported(Reported::Suspended));
    /// assert_eq!(suspended, Step::Advance(State::Suspended));
    /// let revived = State::Cancelled.step(Event::Reported(Reported::Active));
    /// assert_eq!(revived, Step::Conflict);
    /// ```
    #[must_use]
    pub const fn step(self, event: Event) -> Step<Self> {
        match event {
            Event::SendStarted => self.on_send_started(),
            Event::NotSent => self.on_not_sent(),
            Event::OutcomeUnknown => self.on_outcome_unknown(),
            Event::ConfirmedAbsent => self.on_confirmed_absent(),
            Event::Rejected => self.on_rejected(),
            Event::Withdrawn => self.on_withdrawn(),
            Event::Reported(Reported::Pending) => self.on_pending(),
            Event::Reported(Reported::Created) => self.on_created(),
            Event::Reported(Reported::Active) => self.on_active(),
            Event::Reported(Reported::Suspended) => self.on_suspended(),
            Event::Reported(Reported::Declined) => self.on_ended(Self::Declined),
            Event::Reported(Reported::Expired) => self.on_ended(Self::Expired),
            Event::Reported(Reported::Cancelled) => self.on_ended(Self::Cancelled),
            Event::Reported(Reported::Failed) => self.on_ended(Self::Failed),
        }
    }

    const fn on_send_started(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted => T::Advance(S::Sending),
            // Sent again after a lost answer: the same uid, so the same agreement.
            S::Sending => T::Ignore,
            S::Unknown | S::Pending | S::Created | S::Active | S::Suspended => T::Conflict,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Conflict,
        }
    }

    const fn on_not_sent(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending => T::Advance(S::Drafted),
            S::Drafted | S::Unknown | S::Pending | S::Created => T::Ignore,
            S::Active | S::Suspended => T::Ignore,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Ignore,
        }
    }

    const fn on_outcome_unknown(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending => T::Advance(S::Unknown),
            S::Unknown | S::Pending | S::Created | S::Active | S::Suspended => T::Ignore,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Ignore,
        }
    }

    const fn on_confirmed_absent(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending | S::Unknown => T::Advance(S::Drafted),
            // Failed may mean that its creation was refused: then it never existed.
            S::Drafted | S::Failed => T::Ignore,
            S::Pending | S::Created | S::Active | S::Suspended => T::Conflict,
            S::Declined | S::Expired | S::Cancelled => T::Conflict,
        }
    }

    const fn on_rejected(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Sending | S::Unknown => T::Advance(S::Failed),
            // The late answer of a call before the last: the next one hears it again.
            S::Drafted | S::Failed => T::Ignore,
            S::Pending | S::Created | S::Active | S::Suspended => T::Conflict,
            S::Declined | S::Expired | S::Cancelled => T::Conflict,
        }
    }

    const fn on_withdrawn(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted => T::Advance(S::Cancelled),
            // Whatever may be at the provider is cancelled there, not taken back here.
            S::Sending | S::Unknown | S::Pending | S::Created => T::Conflict,
            S::Active | S::Suspended => T::Conflict,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Ignore,
        }
    }

    const fn on_pending(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending | S::Unknown => T::Advance(S::Pending),
            S::Pending | S::Created | S::Active | S::Suspended => T::Ignore,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Ignore,
        }
    }

    const fn on_created(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending | S::Unknown | S::Pending => T::Advance(S::Created),
            S::Created | S::Active | S::Suspended => T::Ignore,
            S::Declined | S::Expired | S::Cancelled => T::Ignore,
            // Creation fails before the scheme has it, so what failed was never created.
            S::Failed => T::Conflict,
        }
    }

    const fn on_active(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending | S::Unknown => T::Advance(S::Active),
            S::Pending | S::Created | S::Suspended => T::Advance(S::Active),
            S::Active => T::Ignore,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Conflict,
        }
    }

    const fn on_suspended(self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending | S::Unknown => T::Advance(S::Suspended),
            S::Pending | S::Created | S::Active => T::Advance(S::Suspended),
            S::Suspended => T::Ignore,
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Conflict,
        }
    }

    const fn on_ended(self, end: Self) -> Step<Self> {
        use {State as S, Step as T};
        match self {
            S::Drafted | S::Sending | S::Unknown | S::Pending => T::Advance(end),
            S::Created | S::Active | S::Suspended => T::Advance(end),
            S::Declined | S::Expired | S::Cancelled | S::Failed if self as u8 == end as u8 => {
                T::Ignore
            }
            // It ended once, in one way.
            S::Declined | S::Expired | S::Cancelled | S::Failed => T::Conflict,
        }
    }

    /// Whether it has ended for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::agreement::State;
    ///
    /// assert!(State::Expired.is_terminal());
    /// assert!(!State::Suspended.is_terminal());
    /// ```
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Drafted | Self::Sending | Self::Unknown | Self::Pending => false,
            Self::Created | Self::Active | Self::Suspended => false,
            Self::Declined | Self::Expired | Self::Cancelled | Self::Failed => true,
        }
    }

    /// Whether a payment may be made under it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::agreement::State;
    ///
    /// assert!(State::Active.is_payable());
    /// assert!(!State::Created.is_payable());
    /// ```
    #[must_use]
    pub const fn is_payable(self) -> bool {
        match self {
            Self::Active => true,
            Self::Drafted | Self::Sending | Self::Unknown | Self::Pending => false,
            Self::Created | Self::Suspended => false,
            Self::Declined | Self::Expired | Self::Cancelled | Self::Failed => false,
        }
    }

    /// Whether its plan needs another agreement: this one can never be collected under (again).
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::agreement::State;
    ///
    /// assert!(State::Declined.is_lost());
    /// assert!(!State::Suspended.is_lost());
    /// ```
    #[must_use]
    pub const fn is_lost(self) -> bool {
        self.is_terminal()
    }
}
