//! The gate before an agreement is proposed to its payer.

use thiserror::Error;

use super::{Awaited, Clears, Scope};
use crate::date::{BusinessDate, Instant};
use crate::failure::{budget_free_at, submissions_in_24h};
use crate::fit::Validity;
use crate::{agreement, plan};

/// The most agreements created for one payer's account within 24 hours, failed attempts counted:
/// Oligo's limit (`ZPAGR15`).
pub const CREATIONS_IN_24H_MAX: u32 = 6;

/// What is decided on before a proposal, as read from the rows at `now`.
#[derive(Clone, Copy, Debug)]
pub struct ProposalFacts<'a> {
    /// The time.
    pub now: Instant,
    /// Whether the database is the one that was last compared with the provider.
    pub database_reconciled: bool,
    /// The widest kill switch over proposals that is closed: that of everything, or of the provider.
    pub closed: Option<Scope>,
    /// Whether an open exception freezes the plan.
    pub plan_frozen: bool,
    /// Where the plan stands.
    pub plan_state: plan::State,
    /// Where the agreement stands.
    pub agreement_state: agreement::State,
    /// The dates between which it would hold.
    pub validity: Validity,
    /// When agreements were sent to the provider for the same payer's account, of this plan and
    /// all others, in any order.
    pub created_at: &'a [Instant],
}

/// Why an agreement is not proposed now. The order is the precedence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProposalRefusal {
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
    /// The plan does not wait for an agreement.
    #[error("the plan is {state}, not waiting for an agreement")]
    PlanNotWaiting {
        /// Where the plan stands.
        state: plan::State,
    },
    /// The agreement has been proposed already.
    #[error("the agreement is {state}, not drafted")]
    NotDrafted {
        /// Where the agreement stands.
        state: agreement::State,
    },
    /// The agreement would begin before today, which Oligo refuses (`ZPAGR04`).
    #[error("the agreement would begin on {start_date}, which has passed")]
    StartInPast {
        /// Its first date.
        start_date: BusinessDate,
    },
    /// Oligo's limit on agreements for one payer's account is reached.
    #[error("{creations_in_24h} agreements were created for this account in 24 hours")]
    CreationBudgetSpent {
        /// How many; the most is 6.
        creations_in_24h: u32,
        /// When one of them drops out of the 24 hours.
        clear_at: Instant,
    },
}

impl ProposalRefusal {
    /// The refusal's word, in `snake_case`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::ProposalRefusal;
    ///
    /// assert_eq!(ProposalRefusal::PlanFrozen.code(), "plan_frozen");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DatabaseNotReconciled => "database_not_reconciled",
            Self::CollectionsStopped { .. } => "collections_stopped",
            Self::PlanFrozen => "plan_frozen",
            Self::PlanNotWaiting { .. } => "plan_not_waiting",
            Self::NotDrafted { .. } => "not_drafted",
            Self::StartInPast { .. } => "start_in_past",
            Self::CreationBudgetSpent { .. } => "creation_budget_spent",
        }
    }

    /// When this refusal ceases to hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::{Clears, ProposalRefusal};
    ///
    /// let start_date = "2026-03-09".parse()?;
    /// assert_eq!(ProposalRefusal::StartInPast { start_date }.clears(), Clears::Never);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    #[must_use]
    pub fn clears(&self) -> Clears {
        match self {
            Self::DatabaseNotReconciled => Clears::When(Awaited::DatabaseReconciled),
            Self::CollectionsStopped { .. } => Clears::When(Awaited::CollectionsOpened),
            Self::PlanFrozen => Clears::When(Awaited::ExceptionResolved),
            Self::PlanNotWaiting { state } if state.is_final() => Clears::Never,
            Self::PlanNotWaiting { .. } => Clears::When(Awaited::PlanAwaitsAgreement),
            Self::NotDrafted { state } if state.is_lost() => Clears::Never,
            Self::NotDrafted { .. } => Clears::When(Awaited::AgreementDrafted),
            Self::StartInPast { .. } => Clears::Never,
            Self::CreationBudgetSpent { clear_at, .. } => Clears::At(*clear_at),
        }
    }
}

/// Whether this agreement may be proposed to its payer now.
///
/// # Errors
///
/// The first rule it breaks, in the order of [`ProposalRefusal`].
///
/// # Examples
///
/// ```
/// use domain::date::BusinessDate;
/// use domain::fit::Validity;
/// use domain::gate::{ProposalFacts, may_propose};
/// use domain::{agreement, plan};
///
/// let today: BusinessDate = "2026-03-10".parse()?;
/// let now = today.at_hour(9, 0);
/// let facts = ProposalFacts {
///     now,
///     database_reconciled: true,
///     closed: None,
///     plan_frozen: false,
///     plan_state: plan::State::AwaitingAgreement,
///     agreement_state: agreement::State::Drafted,
///     validity: Validity { start_date: today, end_date: None },
///     created_at: &[now; 5],
/// };
///
/// assert!(may_propose(&facts).is_ok());
/// let refused = may_propose(&ProposalFacts { created_at: &[now; 6], ..facts });
/// assert_eq!(refused.map_err(|refusal| refusal.code()), Err("creation_budget_spent"));
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn may_propose(facts: &ProposalFacts<'_>) -> Result<(), ProposalRefusal> {
    if !facts.database_reconciled {
        return Err(ProposalRefusal::DatabaseNotReconciled);
    }
    if let Some(scope) = facts.closed {
        return Err(ProposalRefusal::CollectionsStopped { scope });
    }
    if facts.plan_frozen {
        return Err(ProposalRefusal::PlanFrozen);
    }
    if facts.plan_state != plan::State::AwaitingAgreement {
        let state = facts.plan_state;
        return Err(ProposalRefusal::PlanNotWaiting { state });
    }
    if facts.agreement_state != agreement::State::Drafted {
        let state = facts.agreement_state;
        return Err(ProposalRefusal::NotDrafted { state });
    }
    let start_date = facts.validity.start_date;
    if start_date < BusinessDate::of_instant(facts.now) {
        return Err(ProposalRefusal::StartInPast { start_date });
    }
    let creations_in_24h = submissions_in_24h(facts.created_at, facts.now);
    if CREATIONS_IN_24H_MAX <= creations_in_24h {
        return Err(ProposalRefusal::CreationBudgetSpent {
            creations_in_24h,
            clear_at: budget_free_at(facts.created_at, CREATIONS_IN_24H_MAX, facts.now),
        });
    }
    Ok(())
}
