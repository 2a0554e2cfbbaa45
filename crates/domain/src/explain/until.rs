//! Until when an instalment may be collected, and in which window.

use super::rule::Rule;
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::gate::{ADHOC_ROOM_DAYS, Carry, room};
use crate::instalment::State;
use crate::period::{Reading, Window, window_holding};

/// The last date on which the instalment may be collected, or could be.
///
/// While it waits: in its own window, and once it has failed also in the next one, where the plan's
/// policy and the count allow it. Of one that was sent: in the window in which that was.
pub(super) fn last_date(subject: &Subject<'_>, history: &History<'_>) -> BusinessDate {
    let room = |carry| room(history.terms, history.validity, subject.due_date, carry);
    if is_waiting(subject, history) {
        // Only what failed before may go into the next window.
        let has_failed = subject.state == State::Retrying || 1 < history.attempts.len();
        let carry = if has_failed {
            history.carry
        } else {
            Carry::Never
        };
        return room(carry).last_date();
    }
    let own_end = room(Carry::Never).until;
    match sent_date(history) {
        // It was let through, so there was a place for it.
        Some(sent) if own_end < sent => room(Carry::IntoNextWindow { others_due: &[] }).last_date(),
        Some(_) | None => own_end,
    }
}

/// When its last payment was sent.
fn sent_date(history: &History<'_>) -> Option<BusinessDate> {
    let sent_at = history.attempts.last()?.last_sent_at?;
    Some(BusinessDate::of_instant(sent_at))
}

/// Whether something is to be sent for it, and none of it is on its way.
fn is_waiting(subject: &Subject<'_>, history: &History<'_>) -> bool {
    match subject.state {
        State::Scheduled | State::Retrying => true,
        State::Collecting => history.waits_to_be_sent_again(),
        State::Collected | State::Missed | State::Failed => false,
        State::Waived | State::Cancelled | State::PaidElsewhere => false,
    }
}

/// Whether it waits although it cannot be collected any more: the next look ends it.
pub(super) fn is_over(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> bool {
    let today = BusinessDate::of_instant(now);
    is_waiting(subject, history) && last_date(subject, history) < today
}

/// The rule by which one whose time is over is not collected.
pub(super) fn rule_of_end(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Rule {
    let today = BusinessDate::of_instant(now);
    let has_passed = |date: Option<BusinessDate>| date.is_some_and(|date| date < today);
    let window = window_of(subject.due_date, history);
    // In the order of the gate: without a window it is the days after the due date that are over.
    let adhoc_end = match window {
        Some(_) => None,
        None => subject.due_date.plus_days(ADHOC_ROOM_DAYS),
    };
    if has_passed(window.map(|window| window.last_date)) {
        Rule::WindowOver
    } else if has_passed(adhoc_end) {
        Rule::RoomOver
    } else if has_passed(history.validity.end_date) {
        Rule::AfterValidity
    } else if has_passed(history.terms.last_payment_date()) {
        Rule::AfterLastPaymentDate
    } else {
        Rule::RoomOver
    }
}

/// The window in which it is, or was, to be collected: that of `now`, from its own to the last in
/// which it may be.
pub(super) fn window_at(
    subject: &Subject<'_>,
    history: &History<'_>,
    now: Instant,
) -> Option<Window> {
    let today = BusinessDate::of_instant(now);
    let date = today.max(subject.due_date);
    window_of(date.min(last_date(subject, history)), history)
}

/// The window that holds a date; of two readings, the one that ends first.
pub(super) fn window_of(date: BusinessDate, history: &History<'_>) -> Option<Window> {
    let anchor = history.validity.start_date;
    let frequency = history.terms.frequency();
    let held = Reading::ALL
        .iter()
        .filter_map(|reading| window_holding(anchor, frequency, *reading, date.max(anchor)));
    held.min_by_key(|window| window.last_date)
}
