//! Whether waiting helps a refused payment: until an instant, for something to happen, or not.

use super::Refusal;
use crate::date::Instant;
use crate::failure::worded;
use crate::instalment;
use crate::period::Window;

/// The code of the one amount rule whose answer changes when another payment settles: the first
/// payment's amount.
const FIRST_AMOUNT_CODE: &str = "ZPPAY18";

worded! {
    /// What has to happen before a refusal can cease to hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::{Awaited, Clears, Refusal, Scope};
    ///
    /// let clears = Refusal::CollectionsStopped { scope: Scope::All }.clears();
    /// assert_eq!(clears, Clears::When(Awaited::CollectionsOpened));
    /// assert_eq!(Awaited::CollectionsOpened.as_str(), "collections_opened");
    /// ```
    pub enum Awaited {
        /// The database has been compared with the provider.
        DatabaseReconciled = "database_reconciled",
        /// A person opens the kill switch that is closed.
        CollectionsOpened = "collections_opened",
        /// A person resolves the exception that freezes the plan.
        ExceptionResolved = "exception_resolved",
        /// The lender resumes the plan.
        PlanResumed = "plan_resumed",
        /// The plan comes to wait for an agreement.
        PlanAwaitsAgreement = "plan_awaits_agreement",
        /// The instalment's payment is decided, so that the instalment moves.
        InstalmentMoved = "instalment_moved",
        /// The other payment for the instalment ends without having collected it.
        OtherPaymentEnded = "other_payment_ended",
        /// The payer or their bank makes the agreement active, the first time or again.
        AgreementActivated = "agreement_activated",
        /// The provider is asked and confirms the agreement.
        AgreementConfirmed = "agreement_confirmed",
        /// The agreement is known to be absent at the provider, and drafted again.
        AgreementDrafted = "agreement_drafted",
        /// The agreement's first payment settles.
        FirstPaymentSettled = "first_payment_settled",
        /// A payment that holds a slot fails and frees it.
        SlotFreed = "slot_freed",
        /// A person finds out why everything fails, and a payment settles.
        StreakBroken = "streak_broken",
    }
}

/// When a refusal ceases to hold, all else being as it is.
///
/// The next answer may be another refusal: a full window clears when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clears {
    /// At this instant, by time alone. Just before, it still holds.
    At(Instant),
    /// When this happens; no time is known.
    When(Awaited),
    /// Never: the payment may be given up. The instalment may yet be collected under another
    /// agreement.
    Never,
}

impl Refusal {
    /// When this refusal ceases to hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::BusinessDate;
    /// use domain::gate::{Clears, Refusal};
    ///
    /// let due_date: BusinessDate = "2026-03-11".parse()?;
    /// let clears = Refusal::NotDueYet { due_date }.clears();
    /// assert_eq!(clears, Clears::At(due_date.opens_at()));
    ///
    /// let end_date = "2026-03-10".parse()?;
    /// assert_eq!(Refusal::AfterValidity { end_date }.clears(), Clears::Never);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    #[must_use]
    pub fn clears(&self) -> Clears {
        use crate::plan::State as P;
        match self {
            Self::DatabaseNotReconciled => Clears::When(Awaited::DatabaseReconciled),
            Self::CollectionsStopped { .. } => Clears::When(Awaited::CollectionsOpened),
            Self::PlanFrozen => Clears::When(Awaited::ExceptionResolved),
            Self::PlanNotActive { state } => match state {
                P::Paused => Clears::When(Awaited::PlanResumed),
                P::AwaitingAgreement | P::Blocked | P::Active => {
                    Clears::When(Awaited::AgreementActivated)
                }
                P::Completed | P::Cancelled => Clears::Never,
            },
            Self::InstalmentNotOwed { state } => of_instalment(*state),
            Self::NotDueYet { due_date } => Clears::At(due_date.opens_at()),
            Self::OtherPaymentLive => Clears::When(Awaited::OtherPaymentEnded),
            Self::AgreementNotActive { state } if state.is_lost() => Clears::Never,
            Self::AgreementNotActive { .. } => Clears::When(Awaited::AgreementActivated),
            Self::AgreementStale { .. } => Clears::When(Awaited::AgreementConfirmed),
            Self::BeforeValidity { start_date } => Clears::At(start_date.opens_at()),
            // Once the payment before it settles, another amount is due.
            Self::AmountRefused(refusal) if refusal.code == FIRST_AMOUNT_CODE => {
                Clears::When(Awaited::FirstPaymentSettled)
            }
            Self::NoFreeSlot {
                window,
                may_be_freed,
                ..
            } => {
                let closes_at = window.filter(|_| !may_be_freed).map(Window::closes_at);
                closes_at.map_or(Clears::When(Awaited::SlotFreed), Clears::At)
            }
            Self::TooManyFailuresInARow { .. } => Clears::When(Awaited::StreakBroken),
            Self::RetryBudgetSpent { clear_at, .. } => clear_at.map_or(Clears::Never, Clears::At),
            Self::OutsideSendingHours { opens_at } => Clears::At(*opens_at),
            Self::CatchUpSpent { clear_at, .. } | Self::NearWindowEdge { clear_at } => {
                Clears::At(*clear_at)
            }
            Self::WindowOver { .. }
            | Self::RoomOver { .. }
            | Self::AfterValidity { .. }
            | Self::AfterLastPaymentDate { .. }
            | Self::FirstPaymentDateMismatch { .. }
            | Self::LastPaymentMade
            | Self::AmountRefused(_) => Clears::Never,
        }
    }

    /// Whether nothing that can still happen lets this payment through: [`Clears::Never`].
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::Refusal;
    ///
    /// assert!(!Refusal::PlanFrozen.is_for_ever());
    /// let until = "2026-03-10".parse()?;
    /// assert!(Refusal::RoomOver { until }.is_for_ever());
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    #[must_use]
    pub fn is_for_ever(&self) -> bool {
        self.clears() == Clears::Never
    }
}

fn of_instalment(state: instalment::State) -> Clears {
    if state.is_open() {
        Clears::When(Awaited::InstalmentMoved)
    } else {
        Clears::Never
    }
}
