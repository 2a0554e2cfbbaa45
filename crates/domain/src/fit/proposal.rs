//! Terms that a schedule fits: as narrow as it needs, with room to try again.

use super::{CounterExample, Validity, prove};
use crate::date::BusinessDate;
use crate::period::{Length, Reading, index_holding, window};
use crate::schedule::Schedule;
use crate::terms::{Amounts, Frequency, PaymentTerms};

/// Days of an adhoc agreement after its last due date, in place of a window.
const ADHOC_TAIL_DAYS: i64 = 28;

/// Days wanted between a due date and its window's end: the retries of the usual policy.
const ROOM_WANTED_DAYS: i64 = 4;

/// Terms and dates for an agreement that a schedule fits under every reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The terms.
    pub terms: PaymentTerms,
    /// The dates; the start is the anchor of all windows.
    pub validity: Validity,
    /// One or two sentences: which anchor, frequency and count, and why.
    pub reason: String,
}

/// Why no agreement can be proposed for a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// An agreement cannot begin in the past, so it would begin after the first instalment.
    #[error("the first instalment is due on {first_due}, before today, {today}")]
    FirstDueInPast {
        /// The first due date.
        first_due: BusinessDate,
        /// The date of asking.
        today: BusinessDate,
    },
    /// No terms known to us hold the schedule.
    #[error("no terms fit the schedule: {0}")]
    NothingFits(#[source] CounterExample),
}

/// The narrowest terms that hold `schedule` and leave room for retries.
///
/// Fixed when all amounts are equal, else variable up to the largest. The frequency follows the
/// spacing of the due dates, with the smallest count that fits; an agreement that would then allow
/// far more payments than are due becomes an adhoc one with a count for its whole life. Never a
/// first payment date: the provider wants the first payment on exactly that date, so one missed
/// day would lock the agreement for ever. Never a last payment date: the end date does its work.
///
/// # Errors
///
/// Fails when the first instalment is due before `today`.
pub fn propose(schedule: &Schedule, today: BusinessDate) -> Result<Proposal, ProposeError> {
    let first_due = schedule.first_due();
    if first_due < today {
        return Err(ProposeError::FirstDueInPast { first_due, today });
    }

    let proposal = match choose(schedule, today) {
        Some(layout) => periodic(schedule, layout),
        None => adhoc(schedule),
    };
    prove(schedule, &proposal.terms, proposal.validity, Reading::ALL)
        .map_err(ProposeError::NothingFits)?;

    Ok(proposal)
}

/// How a schedule lies in the windows of one anchor, the worse of the readings in each figure.
#[derive(Clone, Copy)]
struct Layout {
    frequency: Frequency,
    anchor: BusinessDate,
    /// The most instalments in one window: the count this anchor needs.
    count: u32,
    /// Days between a due date and its window's last date, the least of all instalments.
    room_days: i64,
    /// Windows from the anchor to the one with the last due date.
    windows: u32,
}

impl Layout {
    /// Whether the agreement would allow at most twice the payments that are due.
    fn is_narrow(&self, due: usize) -> bool {
        u64::from(self.count) * u64::from(self.windows) <= 2 * due as u64
    }
}

/// The layout to propose; `None` when an adhoc agreement is narrower than any of them.
fn choose(schedule: &Schedule, today: BusinessDate) -> Option<Layout> {
    let due = schedule.instalments().len();
    let finest_first = Frequency::ALL
        .iter()
        .copied()
        .filter(|one| one.length().is_some());
    let natural = spacing(schedule);
    let layouts: Vec<Layout> = finest_first
        .rev()
        .skip_while(|frequency| *frequency != natural)
        .filter_map(|frequency| best_layout(schedule, frequency, today))
        .collect();

    let single = layouts.iter().find(|layout| {
        let roomy = layout.frequency == natural || ROOM_WANTED_DAYS <= layout.room_days;
        layout.count <= 1 && roomy && layout.is_narrow(due.max(2))
    });
    let counted = || layouts.iter().find(|layout| layout.is_narrow(due));
    // A count for life is as narrow as can be, but a provider takes none above 999.
    let last_resort = || {
        let too_many = (PaymentTerms::COUNT_MAX as usize) < due;
        layouts
            .iter()
            .find(|layout| too_many && layout.count <= PaymentTerms::COUNT_MAX)
    };

    single.or_else(counted).or_else(last_resort).copied()
}

/// The longest period of which three quarters fit into the usual gap between due dates.
///
/// Three quarters, so that dates moved off weekends and short months still count as monthly.
/// A lone instalment has no gap: a month keeps its agreement short.
fn spacing(schedule: &Schedule) -> Frequency {
    let mut gaps: Vec<i64> = schedule
        .instalments()
        .windows(2)
        .map(|pair| pair[0].due_date.days_until(pair[1].due_date))
        .collect();
    gaps.sort_unstable();
    let Some(usual) = gaps.get(gaps.len().saturating_sub(1) / 2) else {
        return Frequency::Monthly;
    };

    Frequency::ALL
        .iter()
        .rev()
        .copied()
        .find(|frequency| longest_days(*frequency).is_some_and(|days| 3 * days <= 4 * usual))
        .unwrap_or(Frequency::Daily)
}

/// The days of the frequency's longest period; `None` for adhoc.
fn longest_days(frequency: Frequency) -> Option<i64> {
    frequency.length().map(|length| match length {
        Length::Days(days) => days,
        // No n months are longer than n times 31 days, nor a year than 366.
        Length::Months(months) => (31 * months).min(366),
    })
}

/// The anchor that needs the smallest count, then leaves the most room, then comes latest.
fn best_layout(schedule: &Schedule, frequency: Frequency, today: BusinessDate) -> Option<Layout> {
    let first_due = schedule.first_due();
    let reach = longest_days(frequency)? - 1;
    let anchors: Vec<BusinessDate> = (0..=reach)
        .map_while(|days| first_due.plus_days(-days))
        .take_while(|anchor| today <= *anchor)
        .collect();
    // Up to the 28th every month has the day, and so both readings agree.
    let steady = |anchor: &BusinessDate| !frequency.is_month_based() || anchor.day() <= 28;
    let best = |anchors: &mut dyn Iterator<Item = &BusinessDate>| {
        anchors
            .filter_map(|anchor| lay_out(schedule, frequency, *anchor))
            .min_by_key(|layout| {
                (
                    layout.count,
                    -layout.room_days,
                    layout.anchor.days_until(first_due),
                )
            })
    };

    best(&mut anchors.iter().filter(|anchor| steady(anchor))).or_else(|| best(&mut anchors.iter()))
}

/// How the schedule lies in the windows from `anchor`; `None` for adhoc.
fn lay_out(schedule: &Schedule, frequency: Frequency, anchor: BusinessDate) -> Option<Layout> {
    let (mut count, mut room_days, mut windows) = (0, i64::MAX, 0);
    for reading in Reading::ALL {
        let mut held = (None, 0);
        for instalment in schedule.instalments() {
            let due = instalment.due_date;
            let index = index_holding(anchor, frequency, *reading, due)?;
            held = if held.0 == Some(index) {
                (held.0, held.1 + 1)
            } else {
                (Some(index), 1)
            };
            count = count.max(held.1);
            windows = windows.max(index.saturating_add(1));
            room_days = room_days.min(due.days_until(end_of(anchor, frequency, *reading, index)));
        }
    }

    Some(Layout {
        frequency,
        anchor,
        count,
        room_days,
        windows,
    })
}

/// The last date of a window, or of the date range when the window outlasts it.
fn end_of(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    index: u32,
) -> BusinessDate {
    window(anchor, frequency, reading, index).map_or(BusinessDate::MAX, |window| window.last_date)
}

fn periodic(schedule: &Schedule, layout: Layout) -> Proposal {
    let Layout {
        frequency,
        anchor,
        count,
        room_days,
        windows: _,
    } = layout;
    let last_due = schedule.last_due();
    let end_date = index_holding(anchor, frequency, Reading::Oligo, last_due)
        .map_or(last_due, |index| {
            end_of(anchor, frequency, Reading::Oligo, index)
        });
    let terms = PaymentTerms::undated(amounts(schedule), frequency, Some(count));
    let reason = format!(
        "A {frequency} agreement from {anchor} with a count of {count} holds every instalment and \
         leaves at least {room_days} days after each due date to try again. It names no first \
         payment date, which the provider would hold the first payment to exactly."
    );

    Proposal {
        terms,
        validity: Validity {
            start_date: anchor,
            end_date: Some(end_date),
        },
        reason,
    }
}

fn adhoc(schedule: &Schedule) -> Proposal {
    let due = schedule.instalments().len();
    let (anchor, last_due) = (schedule.first_due(), schedule.last_due());
    let count = u32::try_from(due)
        .ok()
        .filter(|count| *count <= PaymentTerms::COUNT_MAX);
    let end_date = last_due
        .plus_days(ADHOC_TAIL_DAYS)
        .unwrap_or(BusinessDate::MAX);
    let reason = format!(
        "The due dates follow no period, so an adhoc agreement from {anchor} for {due} payments in \
         all is the narrowest that holds them. It names no first payment date, which the provider \
         would hold the first payment to exactly."
    );

    Proposal {
        terms: PaymentTerms::undated(amounts(schedule), Frequency::Adhoc, count),
        validity: Validity {
            start_date: anchor,
            end_date: Some(end_date),
        },
        reason,
    }
}

/// One fixed amount when all are equal, else up to the largest.
fn amounts(schedule: &Schedule) -> Amounts {
    let instalments = schedule.instalments();
    let amount = instalments[0].amount;
    if instalments
        .iter()
        .all(|instalment| instalment.amount == amount)
    {
        return Amounts::Fixed { amount };
    }
    let largest = instalments.iter().map(|instalment| instalment.amount).max();
    Amounts::Variable {
        max_amount: largest.unwrap_or(amount),
    }
}

#[cfg(test)]
mod tests;
