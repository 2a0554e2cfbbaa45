//! The gate: everything that must be true at the moment before a payment is sent.
//!
//! It runs once to decide and again under row locks, on the same facts read afresh. It knows no
//! clock and no database: [`GateFacts`] is all there is, and the first broken rule, in the order
//! of [`Refusal`], is the answer.

use chrono::TimeDelta;

use crate::date::{BusinessDate, Instant};
use crate::failure::{
    FAILURES_IN_A_ROW_MAX, RETRIES_IN_ALL_MAX, SUBMISSIONS_IN_24H_MAX, budget_free_at,
    submissions_in_24h,
};
use crate::fit::Validity;
use crate::money::Cents;
use crate::period::Window;
use crate::terms::{PaymentTerms, TermsType};
use crate::{agreement, instalment, plan};

mod catch_up;
mod clears;
mod hours;
mod proposal;
mod refusal;
mod room;
mod scope;
mod slots;
#[cfg(test)]
mod tests;

pub use catch_up::CatchUp;
pub use clears::{Awaited, Clears};
pub use hours::SendingHours;
pub use proposal::{CREATIONS_IN_24H_MAX, ProposalFacts, ProposalRefusal, may_propose};
pub use refusal::Refusal;
pub use room::{Carry, Room, room, room_until};
pub use scope::Scope;

pub(crate) use room::ADHOC_ROOM_DAYS;
use room::{adhoc_end, due_in, earliest_end, windows_holding};

/// The longest ago an agreement may have been confirmed for a payment to rest on it.
const CONFIRMATION_MAX_AGE: TimeDelta = TimeDelta::hours(24);

/// Which kind of sending is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A new payment for an instalment that is owed.
    First,
    /// The same payment again, under its uid, after it is known not to have arrived.
    Resend,
    /// A retry at the provider of a payment that failed.
    Retry {
        /// Retries of this payment so far.
        retries_made: u32,
        /// When it was submitted, each time, the first one included, in any order.
        submitted_at: &'a [Instant],
    },
}

/// What the gate decides on, as read from the rows at `now`.
#[derive(Clone, Copy, Debug)]
pub struct GateFacts<'a> {
    /// The time.
    pub now: Instant,
    /// Whether the database is the one that was last compared with the provider: a restored copy may lack what was
    /// sent.
    pub database_reconciled: bool,
    /// The widest kill switch over it that is closed; nothing where all are open.
    pub closed: Option<Scope>,
    /// Whether an open exception freezes the plan.
    pub plan_frozen: bool,
    /// Where the plan stands.
    pub plan_state: plan::State,
    /// Where the instalment stands.
    pub instalment_state: instalment::State,
    /// When the instalment is due.
    pub due_date: BusinessDate,
    /// What the payment collects.
    pub amount: Cents,
    /// Where the agreement stands.
    pub agreement_state: agreement::State,
    /// When the provider last said so.
    pub agreement_confirmed_at: Option<Instant>,
    /// The terms the payer agreed to.
    pub terms: &'a PaymentTerms,
    /// The dates between which the agreement holds.
    pub validity: Validity,
    /// When payments are sent.
    pub hours: SendingHours,
    /// Which kind of sending is asked for.
    pub purpose: Purpose<'a>,
    /// Whether the plan's policy lets a failed instalment go into the window after its own.
    pub carry: Carry<'a>,
    /// Whether another payment for the same instalment lives or has settled.
    pub other_live_payment: bool,
    /// Whether the agreement has no other payment that has not failed.
    pub first_of_agreement: bool,
    /// Whether the instalment is the plan's last.
    pub last_of_plan: bool,
    /// Whether another payment under the agreement that has not failed was called its last, as one
    /// of a balloon is.
    pub last_already_made: bool,
    /// Failures of the agreement since its last settled payment.
    pub consecutive_failures: u32,
    /// Other payments under the agreement that may yet fail.
    pub in_flight: u32,
    /// Late payments of the customer today.
    pub catch_up: CatchUp,
    /// Slots taken in the window that holds today, in the order of
    /// [`Reading::ALL`](crate::period::Reading::ALL), without this payment's own; under ad hoc terms with a count, slots taken over the agreement's life. A
    /// payment of an earlier window takes one as long as nobody knows what becomes of it: the
    /// provider may come to count it here.
    pub slots_taken: [u32; 2],
    /// How many of those are taken by payments that nothing has decided yet: one that fails gives
    /// its slot back, and one of an earlier window does however it ends.
    pub slots_undecided: [u32; 2],
}

/// The gate's consent, with what the payment has to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Today's date in Sydney: the date the payment is made on.
    pub today: BusinessDate,
    /// The window to take a slot in, in the order of [`Reading::ALL`](crate::period::Reading::ALL);
    /// none under ad hoc terms.
    pub windows: [Option<Window>; 2],
    /// Slots in each window, or over the agreement's life; none where there is no limit.
    pub slots_allowed: Option<u32>,
    /// Oligo's `last_payment`: said under balloon terms, and only there.
    pub last_payment: Option<bool>,
}

/// Whether this payment may be sent now.
///
/// # Errors
///
/// The first rule it breaks, in the order of [`Refusal`].
///
/// # Examples
///
/// ```
/// use domain::date::BusinessDate;
/// use domain::fit::Validity;
/// use domain::gate::{Carry, CatchUp, GateFacts, Purpose, Refusal, Scope, SendingHours, gate};
/// use domain::money::Cents;
/// use domain::terms::{PaymentTerms, TermsDraft};
/// use domain::{agreement, instalment, plan};
///
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "fixed".into(),
///     frequency: "weekly".into(),
///     amount: Some(28_850),
///     ..TermsDraft::default()
/// });
/// let terms = terms.expect("terms that hold");
/// let today: BusinessDate = "2026-03-10".parse()?;
/// let now = today.at_hour(9, 0);
/// let facts = GateFacts {
///     now,
///     database_reconciled: true,
///     closed: None,
///     plan_frozen: false,
///     plan_state: plan::State::Active,
///     instalment_state: instalment::State::Scheduled,
///     due_date: today,
///     amount: Cents::new(28_850)?,
///     agreement_state: agreement::State::Active,
///     agreement_confirmed_at: Some(now),
///     terms: &terms,
///     validity: Validity { start_date: "2026-03-03".parse()?, end_date: None },
///     hours: SendingHours::default(),
///     purpose: Purpose::First,
///     carry: Carry::Never,
///     other_live_payment: false,
///     first_of_agreement: true,
///     last_of_plan: false,
///     last_already_made: false,
///     consecutive_failures: 0,
///     in_flight: 0,
///     catch_up: CatchUp::UNLIMITED,
///     slots_taken: [0, 0],
///     slots_undecided: [0, 0],
/// };
///
/// let pass = gate(&facts)?;
/// assert_eq!((pass.today, pass.slots_allowed), (today, Some(1)));
///
/// let stopped = GateFacts { closed: Some(Scope::All), slots_taken: [1, 1], ..facts };
/// assert_eq!(gate(&stopped), Err(Refusal::CollectionsStopped { scope: Scope::All }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gate(facts: &GateFacts<'_>) -> Result<Pass, Refusal> {
    let today = BusinessDate::of_instant(facts.now);

    check_wanted(facts, today)?;
    check_due_window(facts, today)?;
    check_agreement(facts)?;
    check_dates(facts, today)?;
    let last_payment = check_amount(facts)?;
    let windows = windows_holding(facts.terms, facts.validity, today);
    let slots_allowed = slots::check(facts, today, windows)?;
    check_budgets(facts)?;
    catch_up::check(facts, today)?;
    hours::check(facts, today, windows)?;

    Ok(Pass {
        today,
        windows,
        slots_allowed,
        last_payment,
    })
}

fn check_wanted(facts: &GateFacts<'_>, today: BusinessDate) -> Result<(), Refusal> {
    if !facts.database_reconciled {
        return Err(Refusal::DatabaseNotReconciled);
    }
    if let Some(scope) = facts.closed {
        return Err(Refusal::CollectionsStopped { scope });
    }
    if facts.plan_frozen {
        return Err(Refusal::PlanFrozen);
    }
    if facts.plan_state != plan::State::Active {
        return Err(Refusal::PlanNotActive {
            state: facts.plan_state,
        });
    }
    let state = facts.instalment_state;
    let owed = match facts.purpose {
        Purpose::First => state.is_owed_now(),
        Purpose::Resend => state == instalment::State::Collecting,
        Purpose::Retry { .. } => state == instalment::State::Retrying,
    };
    if !owed {
        return Err(Refusal::InstalmentNotOwed { state });
    }
    let due_date = earliest_date(facts);
    if today < due_date {
        return Err(Refusal::NotDueYet { due_date });
    }
    if facts.other_live_payment {
        return Err(Refusal::OtherPaymentLive);
    }
    Ok(())
}

/// The date from which the instalment is due: an agreement's first payment waits for its date, and
/// so does a balloon's last.
fn earliest_date(facts: &GateFacts<'_>) -> BusinessDate {
    let is_balloon = facts.terms.terms_type() == TermsType::Balloon;
    let first = facts.terms.first_payment_date();
    let last = facts.terms.last_payment_date();
    let set = [
        first.filter(|_| facts.first_of_agreement),
        last.filter(|_| is_balloon && facts.last_of_plan),
    ];

    set.into_iter()
        .flatten()
        .fold(facts.due_date, BusinessDate::max)
}

/// A late instalment is never stacked onto the window of the next one.
fn check_due_window(facts: &GateFacts<'_>, today: BusinessDate) -> Result<(), Refusal> {
    let held = windows_holding(facts.terms, facts.validity, facts.due_date);
    match earliest_end(held) {
        Some(window) if window.last_date < today && carried(facts, today).is_none() => {
            Err(Refusal::WindowOver { window })
        }
        Some(_) => Ok(()),
        None => {
            let until = adhoc_end(facts.due_date);
            if until < today {
                return Err(Refusal::RoomOver { until });
            }
            Ok(())
        }
    }
}

/// The due dates of the others, when the instalment is collected in the window after its own: by a
/// new payment, or by the same again that never arrived, where there is a place for it.
fn carried<'a>(facts: &GateFacts<'a>, today: BusinessDate) -> Option<&'a [BusinessDate]> {
    let Carry::IntoNextWindow { others_due } = facts.carry else {
        return None;
    };
    let is_creation = match facts.purpose {
        Purpose::First | Purpose::Resend => true,
        Purpose::Retry { .. } => false,
    };
    let room = room(facts.terms, facts.validity, facts.due_date, facts.carry);
    let is_late = is_creation && room.until < today;
    let has_place = room.next_until.is_some_and(|until| today <= until);

    (is_late && has_place).then_some(others_due)
}

fn check_agreement(facts: &GateFacts<'_>) -> Result<(), Refusal> {
    if !facts.agreement_state.is_payable() {
        return Err(Refusal::AgreementNotActive {
            state: facts.agreement_state,
        });
    }
    match facts.agreement_confirmed_at {
        // A clock may run ahead of another's, but not by a day.
        Some(at) if (facts.now - at).abs() <= CONFIRMATION_MAX_AGE => Ok(()),
        confirmed_at @ (Some(_) | None) => Err(Refusal::AgreementStale { confirmed_at }),
    }
}

fn check_dates(facts: &GateFacts<'_>, today: BusinessDate) -> Result<(), Refusal> {
    let Validity {
        start_date,
        end_date,
    } = facts.validity;
    if today < start_date {
        return Err(Refusal::BeforeValidity { start_date });
    }
    if let Some(end_date) = end_date.filter(|end_date| *end_date < today) {
        return Err(Refusal::AfterValidity { end_date });
    }
    if let Some(date) = facts.terms.last_payment_date().filter(|date| *date < today) {
        return Err(Refusal::AfterLastPaymentDate { date });
    }
    match facts.terms.first_payment_date() {
        Some(date) if facts.first_of_agreement && date != today => {
            Err(Refusal::FirstPaymentDateMismatch { date })
        }
        Some(_) | None => Ok(()),
    }
}

/// The amount against the terms; the answer is what `last_payment` has to say.
fn check_amount(facts: &GateFacts<'_>) -> Result<Option<bool>, Refusal> {
    let last_payment = match facts.terms.terms_type() {
        TermsType::Balloon if facts.last_already_made => return Err(Refusal::LastPaymentMade),
        TermsType::Balloon => Some(facts.last_of_plan),
        TermsType::Fixed | TermsType::Variable | TermsType::UsageBased => None,
    };
    facts
        .terms
        .allows_amount(facts.amount, facts.first_of_agreement, facts.last_of_plan)
        .map_err(Refusal::AmountRefused)?;

    Ok(last_payment)
}

fn check_budgets(facts: &GateFacts<'_>) -> Result<(), Refusal> {
    let (count, in_flight) = (facts.consecutive_failures, facts.in_flight);
    // Those under way may fail as well: together they stay within the limit, whatever becomes of them.
    if FAILURES_IN_A_ROW_MAX <= count.saturating_add(in_flight) {
        return Err(Refusal::TooManyFailuresInARow { count, in_flight });
    }
    let (retries_made, submitted_at) = match facts.purpose {
        Purpose::First | Purpose::Resend => return Ok(()),
        Purpose::Retry {
            retries_made,
            submitted_at,
        } => (retries_made, submitted_at),
    };
    let submissions_in_24h = submissions_in_24h(submitted_at, facts.now);
    let in_all = retries_made < RETRIES_IN_ALL_MAX;
    if in_all && submissions_in_24h < SUBMISSIONS_IN_24H_MAX {
        return Ok(());
    }
    let free_at = budget_free_at(submitted_at, SUBMISSIONS_IN_24H_MAX, facts.now);
    Err(Refusal::RetryBudgetSpent {
        retries_made,
        submissions_in_24h,
        clear_at: in_all.then_some(free_at),
    })
}
