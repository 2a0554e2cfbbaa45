//! When a row is looked at next.
//!
//! Every answer is counted from what is stored, so a restart asks at the same moments, and asking
//! slows down but never ends: a payment can stay undecided at the provider for 40 hours.

use chrono::TimeDelta;

use crate::date::{BusinessDate, Instant};
use crate::gate::SendingHours;
use crate::{agreement, payment};

/// How long a call may take, with room to write down its outcome, before the row is asked about.
const CALL_ROOM: TimeDelta = TimeDelta::seconds(30);

/// How far apart two "not found" answers have to be.
const ABSENCES_APART: TimeDelta = TimeDelta::seconds(60);

/// How long after sending the second "not found" counts.
const ABSENCE_AFTER_SENDING: TimeDelta = TimeDelta::minutes(5);

/// Delays until an undecided outcome is asked about again, each with the age up to which it holds.
const UNDECIDED: &[(TimeDelta, TimeDelta)] = &[
    (TimeDelta::seconds(5), TimeDelta::seconds(5)),
    (TimeDelta::seconds(15), TimeDelta::seconds(10)),
    (TimeDelta::seconds(35), TimeDelta::seconds(20)),
    (TimeDelta::seconds(75), TimeDelta::seconds(40)),
    (TimeDelta::minutes(10), TimeDelta::seconds(60)),
    (TimeDelta::hours(1), TimeDelta::minutes(5)),
    (TimeDelta::hours(48), TimeDelta::minutes(15)),
];

/// The same for an agreement that waits for its payer.
const AWAITING_PAYER: &[(TimeDelta, TimeDelta)] = &[
    (TimeDelta::minutes(10), TimeDelta::seconds(30)),
    (TimeDelta::hours(1), TimeDelta::minutes(5)),
];

/// How long after a payment failed, was refused or was given up it is asked about once more.
const SECOND_LOOKS: &[TimeDelta] = &[
    TimeDelta::hours(1),
    TimeDelta::hours(6),
    TimeDelta::hours(24),
    TimeDelta::hours(48),
    TimeDelta::days(4),
    TimeDelta::days(8),
];

/// The longest delay between two questions.
const SLOWEST: TimeDelta = TimeDelta::hours(1);

/// The shortest delay while the provider's people look into a payment.
const INVESTIGATION_PACE: TimeDelta = TimeDelta::minutes(15);

/// When an instalment is taken up: the opening of its due date's sending hours.
///
/// # Examples
///
/// ```
/// use domain::date::BusinessDate;
/// use domain::gate::SendingHours;
/// use domain::wake::due_at;
///
/// let due_date: BusinessDate = "2026-07-01".parse()?;
/// assert_eq!(due_at(due_date, SendingHours::default()), due_date.at_hour(6, 0));
/// # Ok::<(), domain::date::DateError>(())
/// ```
#[must_use]
pub fn due_at(due_date: BusinessDate, hours: SendingHours) -> Instant {
    hours.opens_at(due_date)
}

/// When the provider is asked about a payment next; nothing where there is nothing to ask.
///
/// Never before `now`, and at most an hour (for a call in flight, 30 seconds) later.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::date::Instant;
/// use domain::payment::State;
/// use domain::wake::next_payment_ask;
///
/// let now: Instant = "2026-03-09T22:00:00Z".parse()?;
/// let soon = now + TimeDelta::seconds(5);
/// assert_eq!(next_payment_ask(State::Unknown, now, now), Some(soon));
/// assert_eq!(next_payment_ask(State::Settled, now, now), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn next_payment_ask(
    state: payment::State,
    last_sent_at: Instant,
    now: Instant,
) -> Option<Instant> {
    use payment::State as S;
    let age = now - last_sent_at;
    match state {
        S::Sending => Some(after_call(last_sent_at, now)),
        S::Unknown => Some(now + delay(UNDECIDED, age)),
        S::Submitted => Some(now + delay(UNDECIDED, age).max(TimeDelta::seconds(10))),
        S::UnderInvestigation => Some(now + delay(UNDECIDED, age).max(INVESTIGATION_PACE)),
        S::Intended | S::Settled | S::Failed | S::Rejected | S::Abandoned => None,
    }
}

/// When a payment by which no money moved, as far as we know, is asked about once more; nothing
/// when it ended eight days ago, longer than a bank goes on looking into it. It may have ended long after it was sent.
///
/// A request can arrive after it was given up, and a failure can turn out to have settled.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::date::Instant;
/// use domain::wake::next_second_look;
///
/// let ended_at: Instant = "2026-03-09T22:00:00Z".parse()?;
/// let look = |hours| next_second_look(ended_at, ended_at + TimeDelta::hours(hours));
/// assert_eq!(look(0), Some(ended_at + TimeDelta::hours(1)));
/// assert_eq!(look(1), Some(ended_at + TimeDelta::hours(6)));
/// assert_eq!(look(48), Some(ended_at + TimeDelta::days(4)));
/// assert_eq!(look(8 * 24), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn next_second_look(ended_at: Instant, now: Instant) -> Option<Instant> {
    SECOND_LOOKS
        .iter()
        .map(|age| ended_at + *age)
        .find(|at| now < *at)
}

/// When the provider is asked again about a payment that moved no money as far as we know, after a question of
/// which nothing was heard, or of which it was heard that it is under way: however old it is, it is asked about
/// until the provider has said how it ended.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::date::Instant;
/// use domain::wake::next_look_unanswered;
///
/// let now: Instant = "2026-03-09T22:00:00Z".parse()?;
/// assert_eq!(next_look_unanswered(now), now + TimeDelta::hours(1));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn next_look_unanswered(now: Instant) -> Instant {
    now + SLOWEST
}

/// When the provider is asked about an agreement next; nothing once it has ended.
///
/// `since` is when it was last sent, or accepted by the provider; `refresh` is how long a standing
/// agreement's state is relied on. A drafted agreement is taken up at once.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::agreement::State;
/// use domain::date::Instant;
/// use domain::wake::next_agreement_ask;
///
/// let now: Instant = "2026-03-09T22:00:00Z".parse()?;
/// let refresh = TimeDelta::hours(24);
/// let ask = |state| next_agreement_ask(state, now, now, refresh);
/// assert_eq!(ask(State::Drafted), Some(now));
/// assert_eq!(ask(State::Active), Some(now + refresh));
/// assert_eq!(ask(State::Cancelled), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn next_agreement_ask(
    state: agreement::State,
    since: Instant,
    now: Instant,
    refresh: TimeDelta,
) -> Option<Instant> {
    use agreement::State as S;
    let age = now - since;
    match state {
        S::Drafted => Some(now),
        S::Sending => Some(after_call(since, now)),
        S::Unknown => Some(now + delay(UNDECIDED, age)),
        S::Pending | S::Created => Some(now + delay(AWAITING_PAYER, age)),
        S::Active | S::Suspended => Some(now + refresh),
        S::Declined | S::Expired | S::Cancelled | S::Failed => None,
    }
}

/// Whether a "not found" heard `now` is the one that proves a payment absent, so that the same uid
/// and body may be sent again.
///
/// The first "not found" must be at least 60 seconds old and later than the last sending, and the
/// last sending at least 5 minutes ago: a request can arrive after the question about it.
///
/// # Examples
///
/// ```
/// use chrono::TimeDelta;
/// use domain::date::Instant;
/// use domain::wake::may_resend;
///
/// let sent_at: Instant = "2026-03-09T22:00:00Z".parse()?;
/// let first_404_at = Some(sent_at + TimeDelta::minutes(1));
/// assert!(may_resend(first_404_at, sent_at, sent_at + TimeDelta::minutes(5)));
/// assert!(!may_resend(None, sent_at, sent_at + TimeDelta::minutes(5)));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn may_resend(first_404_at: Option<Instant>, last_sent_at: Instant, now: Instant) -> bool {
    match first_404_at {
        Some(first) => {
            last_sent_at <= first
                && ABSENCES_APART <= now - first
                && ABSENCE_AFTER_SENDING <= now - last_sent_at
        }
        None => false,
    }
}

/// The end of the call's own room; after that, as for any undecided outcome.
fn after_call(last_sent_at: Instant, now: Instant) -> Instant {
    let age = now - last_sent_at;
    if TimeDelta::zero() <= age && age < CALL_ROOM {
        last_sent_at + CALL_ROOM
    } else {
        now + delay(UNDECIDED, age)
    }
}

fn delay(pace: &[(TimeDelta, TimeDelta)], age: TimeDelta) -> TimeDelta {
    pace.iter()
        .find(|(until, _)| age < *until)
        .map_or(SLOWEST, |(_, delay)| *delay)
}

#[cfg(test)]
mod tests;
