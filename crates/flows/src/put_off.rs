//! What becomes of an instalment that may not be sent now: it waits for a named rule, or ends for one.

use chrono::TimeDelta;

use domain::date::{BusinessDate, Instant};
use domain::gate::{Clears, Refusal, SendingHours};
use domain::instalment::{Event, State};
use domain::payment::Step;
use domain::plan;
use store::instalments::InstalmentMove;
use store::payments::DueRow;

use crate::Settings;
use crate::cancel_plan::PLAN_CANCELLED;
use crate::retry_policy::room_of;

/// How long to wait where the rule itself cannot say when it will hold no more.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// The same, in the last hour in which it could be collected, and where an answer of the provider's is all that is
/// missing.
const LOOK_AGAIN_SOON: TimeDelta = TimeDelta::minutes(5);

/// The step of an instalment that the gate refused.
///
/// Nothing is lost: as long as its room lasts it waits and is looked at again; after that it is missed,
/// under the name of the rule that kept it.
pub(crate) fn put_off(
    row: &DueRow,
    refusal: &Refusal,
    now: Instant,
    settings: &Settings,
) -> InstalmentMove {
    let today = BusinessDate::of_instant(now);
    let room_ends = room_of(row, settings).last_date();
    // Undecided: a person says what becomes of it, or the comparison with the provider, not the end of its room.
    let is_frozen = matches!(
        refusal,
        Refusal::PlanFrozen | Refusal::DatabaseNotReconciled
    );
    if let (true, Step::Advance(cancelled)) =
        (is_cancelled(refusal), row.state.step(Event::Cancelled))
    {
        return InstalmentMove {
            to: cancelled,
            waiting_because: None,
            ended_because: Some(PLAN_CANCELLED.to_owned()),
            cause: PLAN_CANCELLED,
            ..waiting(row, refusal)
        };
    }
    let is_over = !is_frozen && (room_ends < today || ends_instalment(refusal));
    match row.state.step(Event::WindowMissed) {
        Step::Advance(missed) if is_over => InstalmentMove {
            to: missed,
            wake_at: None,
            ended_because: Some(kept_by(row, refusal)),
            cause: "room_over",
            ..waiting(row, refusal)
        },
        Step::Advance(_) => InstalmentMove {
            wake_at: Some(look_again(refusal, room_ends, now, settings.hours)),
            ..waiting(row, refusal)
        },
        // Its payment is the work now, or it has ended: nothing is left to do here.
        Step::Ignore | Step::Conflict => InstalmentMove {
            wake_at: None,
            ..waiting(row, refusal)
        },
    }
}

/// What was under way when its plan was cancelled, and took no money, ends as everything else did then.
fn is_cancelled(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::PlanNotActive {
            state: plan::State::Cancelled
        }
    )
}

/// That the window is over says less than what the instalment waited for until then.
fn kept_by(row: &DueRow, refusal: &Refusal) -> String {
    let is_of_time = matches!(
        refusal,
        Refusal::WindowOver { .. }
            | Refusal::RoomOver { .. }
            | Refusal::AfterValidity { .. }
            | Refusal::AfterLastPaymentDate { .. }
    );
    let waited_for = row.waiting_because.clone().filter(|_| is_of_time);
    waited_for.unwrap_or_else(|| refusal.code().to_owned())
}

/// A lost agreement may be followed by another before the room ends; nothing else that holds for ever may.
fn ends_instalment(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::AgreementNotActive { .. }) && refusal.is_for_ever()
}

fn waiting(row: &DueRow, refusal: &Refusal) -> InstalmentMove {
    InstalmentMove {
        id: row.id,
        plan_id: row.plan_id,
        version: row.version,
        from: row.state,
        to: row.state,
        wake_at: None,
        waiting_because: is_waiting(row.state).then(|| refusal.code().to_owned()),
        ended_because: None,
        cause: "put_off",
    }
}

const fn is_waiting(state: State) -> bool {
    state.is_owed_now()
}

/// When the rule may hold no more; at the latest right after the room ends, so that the end is recorded then.
pub(crate) fn look_again(
    refusal: &Refusal,
    room_ends: BusinessDate,
    now: Instant,
    hours: SendingHours,
) -> Instant {
    let clears_at = match refusal.clears() {
        Clears::At(at) => at,
        Clears::When(_) if is_told(refusal) => tomorrow(now, room_ends, hours),
        Clears::When(_) if hangs_on_an_answer(refusal) => {
            after(LOOK_AGAIN_SOON, now, room_ends, hours)
        }
        Clears::When(_) | Clears::Never => after(LOOK_AGAIN, now, room_ends, hours),
    };
    let next = clears_at.max(now + TimeDelta::seconds(1));
    let over_at = room_ends.closes_at();
    if over_at <= now {
        next
    } else {
        next.min(over_at.max(now + TimeDelta::seconds(1)))
    }
}

/// Whether what ends the refusal wakes the instalment in the same transaction, even one that is attended just then: so
/// there is nothing to look for. A switch wakes as well, but in need it may be turned by hand in the database. Failures
/// in a row end with a payment that settles; where none is under way, only a person ends them.
const fn is_told(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::PlanFrozen
            | Refusal::PlanNotActive { .. }
            | Refusal::TooManyFailuresInARow { in_flight: 0, .. }
    )
}

/// Whether the provider was asked about this just now and said nothing that helps: it is asked again when the
/// instalment is looked at, and nothing else wakes it.
const fn hangs_on_an_answer(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::AgreementStale { .. } | Refusal::OtherPaymentLive
    )
}

/// Tomorrow, when sending begins; as ever on its last day. What is frozen waits on after that.
fn tomorrow(now: Instant, room_ends: BusinessDate, hours: SendingHours) -> Instant {
    let today = BusinessDate::of_instant(now);
    let tomorrow = today.plus_days(1).filter(|_| today != room_ends);
    tomorrow.map_or_else(
        || after(LOOK_AGAIN, now, room_ends, hours),
        |tomorrow| hours.opens_at(tomorrow),
    )
}

/// So long from now. Outside sending hours nothing could be sent anyway; but the last of them are not slept
/// through.
fn after(pause: TimeDelta, now: Instant, room_ends: BusinessDate, hours: SendingHours) -> Instant {
    let soon = now + pause;
    let today = BusinessDate::of_instant(soon);
    let last_minutes = now + LOOK_AGAIN_SOON;
    if soon < hours.closes_at(today) {
        soon.max(hours.opens_at(today))
    } else if room_ends == today && last_minutes < hours.closes_at(today) {
        last_minutes
    } else {
        let tomorrow = today.plus_days(1);
        tomorrow.map_or(soon, |tomorrow| hours.opens_at(tomorrow))
    }
}

#[cfg(test)]
mod tests {
    use domain::gate::Scope;

    use super::*;

    fn next(refusal: &Refusal, room_ends: &str, now: &str) -> String {
        let hours = SendingHours::default();
        let now = now.parse().expect("an instant");
        let next = look_again(refusal, room_ends.parse().expect("a date"), now, hours);
        next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn what_is_woken_by_what_it_waits_for_sleeps_until_the_morning() {
        let paused = Refusal::PlanNotActive {
            state: plan::State::Paused,
        };
        let held_back = Refusal::TooManyFailuresInARow {
            count: 5,
            in_flight: 0,
        };
        for refusal in [paused, held_back, Refusal::PlanFrozen] {
            // Ten in the morning in Sydney, in winter; sending begins at six.
            let waits = next(&refusal, "2026-06-12", "2026-06-10T00:00:00Z");
            assert_eq!(waits, "2026-06-10T20:00:00Z", "{refusal}");
            // On its last day as everything else, and no longer than its room.
            let last = next(&refusal, "2026-06-10", "2026-06-10T00:00:00Z");
            assert_eq!(last, "2026-06-10T01:00:00Z", "{refusal}");
            let over = next(&refusal, "2026-06-10", "2026-06-10T13:59:58Z");
            assert_eq!(over, "2026-06-10T14:00:00Z", "{refusal}");
        }
        let frozen = next(&Refusal::PlanFrozen, "2026-06-09", "2026-06-10T00:00:00Z");
        assert_eq!(frozen, "2026-06-10T20:00:00Z");
    }

    #[test]
    fn what_nobody_wakes_is_looked_at_within_the_hour() {
        let suspended = Refusal::AgreementNotActive {
            state: domain::agreement::State::Suspended,
        };
        let stopped = Refusal::CollectionsStopped { scope: Scope::All };
        let may_fail = Refusal::TooManyFailuresInARow {
            count: 4,
            in_flight: 1,
        };
        for refusal in [suspended, stopped, may_fail] {
            let waits = next(&refusal, "2026-06-12", "2026-06-10T00:00:00Z");
            assert_eq!(waits, "2026-06-10T01:00:00Z", "{refusal}");
        }
    }

    #[test]
    fn what_only_an_answer_lets_pass_is_asked_about_again_within_minutes() {
        let stale = Refusal::AgreementStale { confirmed_at: None };
        for refusal in [stale, Refusal::OtherPaymentLive] {
            let waits = next(&refusal, "2026-06-12", "2026-06-10T00:00:00Z");
            assert_eq!(waits, "2026-06-10T00:05:00Z", "{refusal}");
            // Sending ends at ten in the evening.
            let late = next(&refusal, "2026-06-12", "2026-06-10T11:54:00Z");
            assert_eq!(late, "2026-06-10T11:59:00Z", "{refusal}");
            let over = next(&refusal, "2026-06-12", "2026-06-10T11:55:00Z");
            assert_eq!(over, "2026-06-10T20:00:00Z", "{refusal}");
            let last = next(&refusal, "2026-06-10", "2026-06-10T11:55:00Z");
            assert_eq!(last, "2026-06-10T14:00:00Z", "{refusal}");
        }
    }
}
