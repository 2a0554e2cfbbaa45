//! How long after its due date an instalment could still be collected.

use super::rule::{CounterExample, FitRule};
use super::{Demand, Validity};
use crate::date::BusinessDate;
use crate::gate::ADHOC_ROOM_DAYS;
use crate::period::{Reading, Window, window_holding};
use crate::schedule::{PlannedInstalment, Schedule};
use crate::terms::{Amounts, Frequency, PaymentTerms};

/// The code of a limit that no provider sets.
const OWN_RULE: &str = "";

/// Something that ends the days on which an instalment may be collected.
struct Limit {
    /// The last date that it allows.
    until: BusinessDate,
    /// The code of a payment made later.
    code: &'static str,
    /// What it is; a sentence goes on with the date.
    what: String,
    /// The window, where it is one.
    held: Option<(Reading, Window)>,
}

impl Limit {
    fn new(until: BusinessDate, code: &'static str, what: &str) -> Limit {
        Limit {
            until,
            code,
            what: what.to_owned(),
            held: None,
        }
    }
}

/// Whether the instalment, should its payment fail, may be tried again for the days asked for.
///
/// A payment that stays in its own window under every reading takes no other's slot, in whatever
/// order the retries of several instalments fall: a failed payment gives its slot back, and so no
/// window ever holds more than the instalments due in it.
pub(super) fn check(
    place: usize,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    demand: &Demand,
) -> Result<(), CounterExample> {
    let Some(instalment) = schedule.instalments().get(place) else {
        return Ok(());
    };
    if demand.retry_days == 0 {
        return Ok(());
    }
    let due = instalment.due_date;
    let wanted = i64::from(demand.retry_days);
    let limits = limits(instalment, place, schedule, terms, validity, demand);
    let passed = limits
        .iter()
        .find(|limit| due.days_until(limit.until) < wanted);
    let Some(limit) = passed else {
        return Ok(());
    };

    let room = limits.iter().map(|limit| due.days_until(limit.until)).min();
    let room_days = room.and_then(|days| u32::try_from(days).ok()).unwrap_or(0);
    let sequence = instalment.sequence;
    let (what, until) = (&limit.what, limit.until);
    let detail = format!(
        "instalment {sequence} on {due} leaves {room_days} of the {wanted} days wanted to try \
         again: {what} {until}"
    );
    Err(CounterExample {
        instalment: sequence,
        due_date: due,
        rule: FitRule::NoRoomToRetry,
        provider_code: limit.code,
        reading: limit.held.map(|held| held.0),
        window: limit.held.map(|held| held.1),
        room_days: Some(room_days),
        detail,
    })
}

/// Every limit of an instalment that fits on its due date, in the order of [`FitRule`].
fn limits(
    instalment: &PlannedInstalment,
    place: usize,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    demand: &Demand,
) -> Vec<Limit> {
    let due = instalment.due_date;
    let mut limits = vec![match validity.end_date {
        Some(end) => Limit::new(end, "ZPPAY07", "the agreement ends on"),
        None => Limit::new(BusinessDate::MAX, "ZPPAY07", "the calendar ends on"),
    }];
    if place == 0 && terms.first_payment_date().is_some() {
        let what = "the first payment has to be made on exactly";
        limits.push(Limit::new(due, "ZPPAY14", what));
    }
    if let Some(last) = terms.last_payment_date() {
        limits.push(Limit::new(last, "ZPPAY13", "the last payment date is"));
    }
    limits.extend(balloon_limits(place, schedule, terms));
    if terms.frequency() == Frequency::Adhoc
        && let Some(until) = due.plus_days(ADHOC_ROOM_DAYS)
    {
        let what = "without a window it is collected for 28 days, until";
        limits.push(Limit::new(until, OWN_RULE, what));
    }
    for reading in demand.readings {
        let anchor = validity.start_date;
        if let Some(window) = window_holding(anchor, terms.frequency(), *reading, due) {
            limits.push(Limit {
                held: Some((*reading, window)),
                ..Limit::new(
                    window.last_date,
                    "ZPPAY17",
                    &format!("its window {window} ends on"),
                )
            });
        }
    }
    limits
}

/// A balloon knows its payments by their order, so none may be overtaken by one that matters.
fn balloon_limits(place: usize, schedule: &Schedule, terms: &PaymentTerms) -> Vec<Limit> {
    let Amounts::Balloon {
        amount,
        first_amount,
        last_amount: _,
    } = terms.amounts()
    else {
        return Vec::new();
    };
    let instalments = schedule.instalments();
    let day_before = |other: Option<&PlannedInstalment>| other?.due_date.plus_days(-1);
    let mut limits = Vec::new();

    // After the payment that was called the last, the provider takes no other.
    let later = instalments.get(place + 1..).and_then(<[_]>::last);
    if let Some(until) = day_before(later) {
        let what = "no payment follows a balloon's last, so it has to be made by";
        limits.push(Limit::new(until, "ZPPAY21", what));
    }
    // Made after the second, the first payment would be held to the ordinary amount.
    let first_differs = first_amount.is_some_and(|first| first != amount);
    if place == 0
        && first_differs
        && let Some(until) = day_before(instalments.get(1))
    {
        let what = "to be a balloon's first payment, it has to be made by";
        limits.push(Limit::new(until, "ZPPAY15", what));
    }
    limits
}
