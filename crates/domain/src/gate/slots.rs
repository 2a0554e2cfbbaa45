//! Payments in a window, or over an agreement's life: no more than its terms allow.

use super::{GateFacts, Refusal, carried, due_in};
use crate::date::BusinessDate;
use crate::period::{Reading, Window};
use crate::terms::Allowance;

/// One slot must be free under each reading: whichever the provider counts by, it agrees. An
/// instalment that came from the window before leaves a slot to each that belongs here.
pub(super) fn check(
    facts: &GateFacts<'_>,
    today: BusinessDate,
    windows: [Option<Window>; 2],
) -> Result<Option<u32>, Refusal> {
    let allowed = match facts.terms.allowance() {
        Allowance::PerWindow(allowed) | Allowance::Lifetime(allowed) => allowed,
        Allowance::Unlimited => return Ok(None),
    };
    let counts_windows = match facts.terms.allowance() {
        Allowance::PerWindow(_) => true,
        Allowance::Lifetime(_) | Allowance::Unlimited => false,
    };
    let others_due = carried(facts, today).unwrap_or(&[]);
    let taken = facts.slots_taken.into_iter().zip(facts.slots_undecided);
    for ((reading, window), (taken, undecided)) in Reading::ALL.iter().zip(windows).zip(taken) {
        // Periods reach beyond the calendar's end: no window means nothing to count in.
        if counts_windows && window.is_none() {
            return Err(Refusal::AfterValidity { end_date: today });
        }
        let needed = window.map_or(0, |window| due_in(window, others_due));
        if allowed <= taken.saturating_add(needed) {
            let kept = taken.saturating_sub(undecided).saturating_add(needed);
            return Err(Refusal::NoFreeSlot {
                reading: *reading,
                window,
                allowed,
                may_be_freed: kept < allowed,
            });
        }
    }
    Ok(Some(allowed))
}
