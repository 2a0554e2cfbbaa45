//! How a schedule lies in the windows of an anchor, and the anchor that suits it best.

use super::ProposalPolicy;
use crate::date::BusinessDate;
use crate::gate::ADHOC_ROOM_DAYS;
use crate::period::{Length, Reading, index_holding, window};
use crate::schedule::Schedule;
use crate::terms::{Frequency, PaymentTerms};

/// Days to try again that a shorter period than the schedule's own has to leave to be preferred.
///
/// Ours: with fewer, a failed payment's slot is gone before anyone can repair what was wrong.
const SHORTER_ROOM_DAYS: i64 = 4;

/// How a schedule lies in the windows of one anchor, the worse of the readings in each figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) frequency: Frequency,
    pub(super) anchor: BusinessDate,
    /// The most instalments in one window: the count this anchor needs, at most what a provider
    /// takes.
    pub(super) count: u32,
    /// Days between a due date and its window's last date, the least of all instalments.
    pub(super) room_days: i64,
    /// Windows from the anchor to the one with the last due date.
    pub(super) windows: u32,
}

impl Layout {
    /// Whether the agreement would allow at most twice the payments that are due.
    fn is_narrow(&self, due: usize) -> bool {
        u64::from(self.count) * u64::from(self.windows) <= 2 * due as u64
    }
}

/// The layout to propose; `None` when an adhoc agreement is narrower than any that has the room.
pub(super) fn choose(schedule: &Schedule, policy: &ProposalPolicy) -> Option<Layout> {
    let due = schedule.instalments().len();
    let natural = natural_frequency(schedule);
    let (at_most, longer): (Vec<Frequency>, Vec<Frequency>) = Frequency::ALL
        .iter()
        .filter(|frequency| frequency.length().is_some())
        .partition(|frequency| **frequency <= natural);

    // Each layout takes hundreds of anchors to find, so each is looked for at most once.
    let mut narrow_counted = None;
    for frequency in at_most.iter().rev() {
        let Some(layout) = best_layout(schedule, *frequency, policy) else {
            continue;
        };
        let roomy = *frequency == natural || SHORTER_ROOM_DAYS <= layout.room_days;
        if layout.count <= 1 && roomy && layout.is_narrow(due) {
            return Some(layout);
        }
        if narrow_counted.is_none() && layout.is_narrow(due) {
            narrow_counted = Some(layout);
        }
    }
    if narrow_counted.is_some() {
        return narrow_counted;
    }
    let longer: Vec<Layout> = longer
        .iter()
        .filter_map(|frequency| best_layout(schedule, *frequency, policy))
        .filter(|layout| layout.is_narrow(due))
        .collect();
    // One payment in each of a few longer windows says more to a payer than no period at all.
    if let Some(single) = longer.iter().find(|layout| layout.count <= 1) {
        return Some(*single);
    }
    // Without the days to try again the natural period would do: look for them in a longer one.
    let roomless = ProposalPolicy::new(policy.today, 0);
    let follows_a_period =
        best_layout(schedule, natural, &roomless).is_some_and(|layout| layout.is_narrow(due));
    // And where an adhoc agreement has none either, whatever has them will do.
    let outlasts_adhoc = ADHOC_ROOM_DAYS < i64::from(policy.retry_days);
    if let Some(layout) = longer
        .first()
        .filter(|_| follows_a_period || outlasts_adhoc)
    {
        return Some(*layout);
    }
    // A count for life is as narrow as can be, but a provider takes none above 999.
    if (PaymentTerms::COUNT_MAX as usize) < due {
        return at_most
            .iter()
            .rev()
            .find_map(|frequency| best_layout(schedule, *frequency, policy));
    }
    None
}

/// The longest period of which three quarters fit into the usual gap between due dates.
///
/// Three quarters, so that dates moved off weekends and short months still count as monthly.
/// A lone instalment has no gap: a month keeps its agreement short.
fn natural_frequency(schedule: &Schedule) -> Frequency {
    let mut gaps: Vec<i64> = schedule
        .instalments()
        .windows(2)
        .map(|pair| pair[0].due_date.days_until(pair[1].due_date))
        // Several due on one date are one in the rhythm.
        .filter(|gap| 0 < *gap)
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

/// The anchor that leaves the policy's days to try again, needs the smallest count, then leaves
/// the most room, then comes latest.
fn best_layout(
    schedule: &Schedule,
    frequency: Frequency,
    policy: &ProposalPolicy,
) -> Option<Layout> {
    let first_due = schedule.first_due();
    let reach = longest_days(frequency)?;
    let anchors = || {
        (0..reach)
            .map_while(|days| first_due.plus_days(-days))
            .take_while(|anchor| policy.today <= *anchor)
    };
    let wanted = i64::from(policy.retry_days);
    let best = |anchors: &mut dyn Iterator<Item = BusinessDate>| {
        let mut best: Option<Layout> = None;
        for anchor in anchors {
            // From the latest anchor backwards: an earlier one has to be better, not as good.
            best = lay_out(schedule, frequency, anchor, wanted, best).or(best);
        }
        best
    };

    best(&mut anchors().filter(|anchor| is_steady(frequency, *anchor)))
        .or_else(|| best(&mut anchors()))
}

/// Whether both readings agree on every window from `anchor`.
///
/// Up to the 28th they do: every month has the day.
fn is_steady(frequency: Frequency, anchor: BusinessDate) -> bool {
    match frequency.length() {
        Some(Length::Months(_)) => anchor.day() <= 28,
        Some(Length::Days(_)) | None => true,
    }
}

/// How the schedule lies in the windows from `anchor`, if it leaves the room wanted and is better
/// than the best so far; `None` for adhoc, too.
fn lay_out(
    schedule: &Schedule,
    frequency: Frequency,
    anchor: BusinessDate,
    room_wanted: i64,
    best: Option<Layout>,
) -> Option<Layout> {
    let readings = if is_steady(frequency, anchor) {
        &[Reading::Oligo]
    } else {
        Reading::ALL
    };
    let (mut count, mut room_days, mut windows) = (0, i64::MAX, 0);
    for reading in readings {
        let mut held: Option<(u32, BusinessDate, u32)> = None;
        for instalment in schedule.instalments() {
            let due = instalment.due_date;
            let (index, end, number) = match held {
                Some((index, end, number)) if due <= end => (index, end, number + 1),
                Some(_) | None => {
                    let index = index_holding(anchor, frequency, *reading, due)?;
                    let whole = window(anchor, frequency, *reading, index)?;
                    (index, whole.last_date, 1)
                }
            };
            held = Some((index, end, number));
            count = count.max(number);
            windows = windows.max(index.saturating_add(1));
            room_days = room_days.min(due.days_until(end));
            let beaten = best.is_some_and(|best| !is_better((count, room_days), &best));
            if room_days < room_wanted || PaymentTerms::COUNT_MAX < count || beaten {
                return None;
            }
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

/// Whether a smaller count, or as small a one with more room, is needed than by `best`.
///
/// Counts only grow and room only shrinks along a schedule, so a half-told layout that is not
/// better never becomes so.
fn is_better((count, room_days): (u32, i64), best: &Layout) -> bool {
    count < best.count || (count == best.count && best.room_days < room_days)
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

/// The last date of the window that holds the last due date, as Oligo reads it.
pub(super) fn last_date(schedule: &Schedule, layout: Layout) -> BusinessDate {
    let last_due = schedule.last_due();
    let Layout {
        frequency, anchor, ..
    } = layout;
    index_holding(anchor, frequency, Reading::Oligo, last_due).map_or(last_due, |index| {
        end_of(anchor, frequency, Reading::Oligo, index)
    })
}
