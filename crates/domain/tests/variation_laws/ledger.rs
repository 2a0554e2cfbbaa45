//! A provider's ledger: payments counted in windows that are found by walking the days.
//!
//! Written from the providers' words, it shares nothing with the crate's arithmetic of windows.

use std::collections::HashMap;

use domain::date::BusinessDate;
use domain::period::Reading;
use domain::terms::{Allowance, Frequency};
use domain::variation::PlanView;

/// The payments of one agreement.
pub struct Ledger {
    anchor: BusinessDate,
    allowance: Allowance,
    /// The window of each date from the anchor on, in the order of [`Reading::ALL`].
    numbered: [Vec<u32>; 2],
    /// The payments in each window.
    taken: [HashMap<u32, u32>; 2],
    /// The payments in all.
    pub payments: u32,
}

impl Ledger {
    /// An empty one, for dates up to `until`.
    pub fn new(plan: &PlanView, until: BusinessDate) -> Ledger {
        let anchor = plan.validity.start_date;
        let days = anchor.days_until(until).max(0);
        let walk = |reading| {
            let mut index = 0;
            let dates = (0..=days).map(|days| anchor.plus_days(days).expect("in range"));
            let number = |date| {
                if anchor < date && begins(anchor, plan.terms.frequency(), reading, date) {
                    index += 1;
                }
                index
            };
            dates.map(number).collect()
        };
        Ledger {
            anchor,
            allowance: plan.terms.allowance(),
            numbered: [walk(Reading::Oligo), walk(Reading::Azupay)],
            taken: [HashMap::new(), HashMap::new()],
            payments: 0,
        }
    }

    /// The window of a date by each reading; of one before the agreement, the first.
    pub fn windows(&self, date: BusinessDate) -> [u32; 2] {
        let days = usize::try_from(self.anchor.days_until(date).max(0)).expect("few");
        [self.numbered[0][days], self.numbered[1][days]]
    }

    pub fn take(&mut self, date: BusinessDate) {
        let windows = self.windows(date);
        for (taken, index) in self.taken.iter_mut().zip(windows) {
            *taken.entry(index).or_default() += 1;
        }
        self.payments += 1;
    }

    /// What the gate is told of a date: the payments in its windows, or in all.
    pub fn slots_taken(&self, date: BusinessDate) -> [u32; 2] {
        match self.allowance {
            Allowance::PerWindow(_) => {
                let [oligo, azupay] = self.windows(date);
                let held = |reading: usize, index| self.taken[reading].get(&index).copied();
                [held(0, oligo).unwrap_or(0), held(1, azupay).unwrap_or(0)]
            }
            Allowance::Lifetime(_) | Allowance::Unlimited => [self.payments; 2],
        }
    }

    /// The most windows used by a reading, and the most payments in one.
    pub fn fullness(&self) -> (usize, u32) {
        let windows = self.taken.iter().map(HashMap::len).max().unwrap_or(0);
        let fullest = self.taken.iter().flat_map(HashMap::values).max();
        match self.allowance {
            Allowance::PerWindow(_) => (windows, fullest.copied().unwrap_or(0)),
            Allowance::Lifetime(_) | Allowance::Unlimited => (0, 0),
        }
    }

    /// Whether nothing holds more than the terms allow.
    pub fn keeps_its_terms(&self) -> bool {
        match self.allowance {
            Allowance::PerWindow(count) => self.fullness().1 <= count,
            Allowance::Lifetime(count) => self.payments <= count,
            Allowance::Unlimited => true,
        }
    }
}

/// Whether a period of the agreement begins on `date`.
fn begins(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    date: BusinessDate,
) -> bool {
    let days = anchor.days_until(date);
    let every = match frequency {
        Frequency::Adhoc => return false,
        Frequency::Daily => return true,
        Frequency::Weekly => return days % 7 == 0,
        Frequency::Fortnightly => return days % 14 == 0,
        Frequency::Monthly => 1,
        Frequency::Quarterly => 3,
        Frequency::SemiAnnual => 6,
        Frequency::Annual => 12,
    };
    let months_since = |date: BusinessDate| {
        let year = i64::from(date.year()) - i64::from(anchor.year());
        12 * year + i64::from(date.month()) - i64::from(anchor.month())
    };
    let in_turn = |date| months_since(date) % every == 0;
    if in_turn(date) && date.day() == anchor.day() {
        return true;
    }
    match reading {
        // The short month's last day begins the new period.
        Reading::Azupay => in_turn(date) && date.is_last_of_month() && date.day() < anchor.day(),
        // It ends the old one, and the new one begins on the day after it.
        Reading::Oligo => {
            let yesterday = date.plus_days(-1).expect("in range");
            in_turn(yesterday) && yesterday.is_last_of_month() && yesterday.day() < anchor.day()
        }
    }
}
