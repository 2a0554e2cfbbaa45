//! What an outage kept back is collected a few payments a day.

use super::{GateFacts, Purpose, Refusal, room};
use crate::date::BusinessDate;

/// The late payments of one customer on one day, over all their plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// New payments made today for instalments whose due date was over, without this one's own.
    pub made_today: u32,
    /// The most in a day, at least 1; `None` is without limit. Our own rule: a customer who owes for
    /// a week of ours should not be charged all of it in one morning.
    pub a_day_max: Option<u32>,
}

impl CatchUp {
    /// No payment is late, and none would be held back for it.
    pub const UNLIMITED: CatchUp = CatchUp {
        made_today: 0,
        a_day_max: None,
    };
}

/// A late instalment waits for another day, as long as it has one: nothing is lost by the rule.
pub(super) fn check(facts: &GateFacts<'_>, today: BusinessDate) -> Result<(), Refusal> {
    match facts.purpose {
        Purpose::First => {}
        // It has been made already.
        Purpose::Resend | Purpose::Retry { .. } => return Ok(()),
    }
    let CatchUp {
        made_today,
        a_day_max,
    } = facts.catch_up;
    let Some(most) = a_day_max.filter(|most| *most <= made_today) else {
        return Ok(());
    };
    let room = room(facts.terms, facts.validity, facts.due_date, facts.carry);
    let is_late = facts.due_date < today;
    match today.plus_days(1) {
        Some(tomorrow) if is_late && tomorrow <= room.last_date() => Err(Refusal::CatchUpSpent {
            made: made_today,
            most,
            clear_at: tomorrow.opens_at(),
        }),
        Some(_) | None => Ok(()),
    }
}
