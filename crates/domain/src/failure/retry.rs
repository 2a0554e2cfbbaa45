//! Whether a failed instalment is tried again, when, and by which kind of payment.

use chrono::TimeDelta;

use super::{Cause, Failure, Remedy, RetryPolicy, failure_code, remedy, worded};
use crate::date::{BusinessDate, Instant};
use crate::gate::Room;

#[cfg(test)]
mod tests;

/// The most retries one payment may ever have: Oligo's limit for `/retry`.
pub const RETRIES_IN_ALL_MAX: u32 = 10;

/// The most submissions of one payment within 24 hours, the first one counted: Oligo's limit, which
/// leaves four retries.
pub const SUBMISSIONS_IN_24H_MAX: u32 = 5;

/// The failures in a row after which an agreement is left alone.
///
/// Ours, and below the seven at which a bank suspends the agreement (`MSUC`).
pub const FAILURES_IN_A_ROW_MAX: u32 = 5;

/// The time over which submissions are counted.
const BUDGET_SPAN: TimeDelta = TimeDelta::hours(24);

worded! {
    /// Why an instalment is not tried again.
    pub enum StopReason {
        /// The failure does not pass by itself.
        NotRetryable = "not_retryable",
        /// Every retry the policy or the provider allows has been made.
        RetriesUsedUp = "retries_used_up",
        /// The next try would fall after the last date on which the instalment may be collected.
        WindowOver = "window_over",
        /// One more failure brings the agreement too near to suspension by the payer's bank.
        TooManyFailuresInARow = "too_many_failures_in_a_row",
        /// The payer's bank says that the agreement's validity is over.
        AfterValidity = "after_validity",
    }
}

worded! {
    /// How a failed instalment is tried again.
    pub enum RetryBy {
        /// The same payment, under its uid, by the provider's `/retry`.
        SameUid = "same_uid",
        /// A new payment under the next uid.
        NewPayment = "new_payment",
    }
}

/// What has been tried so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryHistory<'a> {
    /// Tries of this instalment after its first.
    pub retries_made: u32,
    /// When the failed payment was submitted, each time, in any order.
    pub submitted_at: &'a [Instant],
    /// Failures of the agreement since its last settled payment.
    pub consecutive_failures: u32,
}

/// Whether a failed instalment is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// It is, at this instant.
    Retry {
        /// When.
        at: Instant,
        /// How.
        by: RetryBy,
    },
    /// It is not.
    Stop {
        /// Why not.
        reason: StopReason,
    },
}

/// How many of these submissions lie in the 24 hours before `now`, those of `now` itself counted.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::date::Instant;
/// use domain::failure::submissions_in_24h;
///
/// let now: Instant = "2026-03-10T00:00:00Z".parse()?;
/// let sent_at = [now - TimeDelta::hours(24), now - TimeDelta::hours(23), now];
///
/// assert_eq!(submissions_in_24h(&sent_at, now), 2);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn submissions_in_24h(submitted_at: &[Instant], now: Instant) -> u32 {
    let counted = submitted_at.iter().filter(|at| is_counted(**at, now));
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}

fn is_counted(at: Instant, now: Instant) -> bool {
    at <= now && now - at < BUDGET_SPAN
}

/// When fewer than `allowed` of these events lie in the 24 hours before: `now`, or the instant at
/// which the one that is too many drops out. Later events change the answer.
pub(crate) fn budget_free_at(events: &[Instant], allowed: u32, now: Instant) -> Instant {
    let mut counted: Vec<Instant> = events
        .iter()
        .copied()
        .filter(|at| is_counted(*at, now))
        .collect();
    counted.sort_unstable_by(|one, other| other.cmp(one));
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    // Of the newest `allowed`, the oldest has to drop out.
    match counted.get(allowed.saturating_sub(1)) {
        Some(at) => at
            .checked_add_signed(BUDGET_SPAN)
            .unwrap_or(Instant::MAX_UTC),
        None => now,
    }
}

/// Decides whether a failed instalment is tried again, when, and how.
///
/// `room` is how long the instalment may be collected (see [`room`](crate::gate::room)). Inside its
/// own window the code decides how; in the window after it, where the policy allows that, it is
/// always a new payment. The answer lies after `now`, inside the room, and within the provider's
/// budgets, whatever the policy says.
///
/// # Examples
///
/// ```
/// use domain::date::BusinessDate;
/// use domain::failure::{
///     Failure, RetryBy, RetryDecision, RetryHistory, RetryPolicy, StopReason, decide_retry,
/// };
/// use domain::gate::Room;
///
/// let today: BusinessDate = "2026-03-10".parse()?;
/// let room = Room { until: "2026-03-31".parse()?, next_until: None };
/// let decide = |code: &str, retryable| {
///     let failure = Failure { code: code.to_owned(), retryable };
///     let history = RetryHistory { consecutive_failures: 1, ..RetryHistory::default() };
///     decide_retry(&RetryPolicy::default(), &failure, history, today.at_hour(9, 0), room)
/// };
///
/// let tomorrow: BusinessDate = "2026-03-11".parse()?;
/// let again = RetryDecision::Retry { at: tomorrow.at_hour(6, 0), by: RetryBy::SameUid };
/// assert_eq!(decide("AM04", true), again);
/// let reason = StopReason::NotRetryable;
/// assert_eq!(decide("AC05", false), RetryDecision::Stop { reason });
/// # Ok::<(), domain::date::DateError>(())
/// ```
#[must_use]
pub fn decide_retry(
    policy: &RetryPolicy,
    failure: &Failure,
    history: RetryHistory<'_>,
    now: Instant,
    room: Room,
) -> RetryDecision {
    let stop = |reason| RetryDecision::Stop { reason };
    let cause = failure_code(&failure.code).map(|known| known.cause);
    if cause == Some(Cause::ValidityOver) {
        return stop(StopReason::AfterValidity);
    }
    let by = match remedy(&failure.code, failure.retryable) {
        Remedy::RetrySameUid => RetryBy::SameUid,
        Remedy::NewPayment => RetryBy::NewPayment,
        Remedy::NeedsPerson | Remedy::Never => return stop(StopReason::NotRetryable),
    };
    if FAILURES_IN_A_ROW_MAX <= history.consecutive_failures {
        return stop(StopReason::TooManyFailuresInARow);
    }
    if policy.retries_max().min(RETRIES_IN_ALL_MAX) <= history.retries_made {
        return stop(StopReason::RetriesUsedUp);
    }

    let next_until = room.next_until.filter(|_| policy.next_window());
    match next_try(policy, cause, history, now) {
        Some((date, at)) if date <= room.until => RetryDecision::Retry { at, by },
        Some((date, at)) if next_until.is_some_and(|until| date <= until) => {
            let by = RetryBy::NewPayment;
            RetryDecision::Retry { at, by }
        }
        Some(_) | None => stop(StopReason::WindowOver),
    }
}

/// The date and instant of the next try; nothing where the calendar ends first.
fn next_try(
    policy: &RetryPolicy,
    cause: Option<Cause>,
    history: RetryHistory<'_>,
    now: Instant,
) -> Option<(BusinessDate, Instant)> {
    let today = BusinessDate::of_instant(now);
    let earliest = today.plus_days(i64::from(policy.days_between()))?;
    let free_at = budget_free_at(history.submitted_at, SUBMISSIONS_IN_24H_MAX, now);

    // Two days on, everything submitted until now is more than 24 hours old.
    (0..=2)
        .filter_map(|days| policy.date_from(earliest.plus_days(days)?, cause))
        .map(|date| (date, date.at_hour(policy.at_hour(), 0)))
        .find(|(_, at)| free_at <= *at)
}
