//! Seeded misfortune: webhooks lost, repeated and delayed, answers that never come.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// How often each misfortune strikes; all zero is a kind world.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FaultRates {
    pub(crate) seed: u64,
    /// Percent of events that never leave although the bank believes they arrived.
    pub(crate) lose_webhooks: u8,
    /// Percent of events sent twice.
    pub(crate) repeat_webhooks: u8,
    /// Percent of events whose first attempt waits for `delay_seconds`.
    pub(crate) delay_webhooks: u8,
    pub(crate) delay_seconds: u32,
    /// Every n-th accepted payment or retry is recorded but never answered.
    pub(crate) accept_then_hang_every: Option<u32>,
    /// How long such a connection is held before it is closed.
    pub(crate) hang_ms: u64,
}

impl Default for FaultRates {
    fn default() -> FaultRates {
        FaultRates {
            seed: 0,
            lose_webhooks: 0,
            repeat_webhooks: 0,
            delay_webhooks: 0,
            delay_seconds: 0,
            accept_then_hang_every: None,
            hang_ms: 60_000,
        }
    }
}

/// How often each misfortune struck.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Struck {
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) delayed: u64,
    pub(crate) hung: u64,
}

/// The dice and what they are set to.
pub(crate) struct Faults {
    pub(crate) rates: FaultRates,
    pub(crate) struck: Struck,
    dice: StdRng,
    /// Payments and retries accepted since the rates were set.
    accepted: u64,
}

/// What befalls one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventFate {
    pub(crate) lost: bool,
    pub(crate) repeated: bool,
    pub(crate) delay_seconds: u32,
}

impl Faults {
    pub(crate) fn new(rates: FaultRates) -> Faults {
        let dice = StdRng::seed_from_u64(rates.seed);
        Faults {
            rates,
            struck: Struck::default(),
            dice,
            accepted: 0,
        }
    }

    /// Rolls for one event. Every event takes three throws, whatever the rates, so that changing
    /// one rate does not change which events another strikes.
    pub(crate) fn event_fate(&mut self) -> EventFate {
        let [lose, repeat, delay] = [0; 3].map(|_: u8| self.dice.random_range(0..100_u8));
        let lost = lose < self.rates.lose_webhooks;
        let repeated = !lost && repeat < self.rates.repeat_webhooks;
        let delayed = !lost && delay < self.rates.delay_webhooks;
        self.struck.lost += u64::from(lost);
        self.struck.repeated += u64::from(repeated);
        self.struck.delayed += u64::from(delayed);
        let delay_seconds = if delayed { self.rates.delay_seconds } else { 0 };
        EventFate {
            lost,
            repeated,
            delay_seconds,
        }
    }

    /// Counts one accepted payment or retry; the milliseconds to hang, if it is its turn.
    pub(crate) fn hang(&mut self) -> Option<u64> {
        self.accepted += 1;
        let every = u64::from(self.rates.accept_then_hang_every?);
        let struck = 0 < every && self.accepted.is_multiple_of(every);
        self.struck.hung += u64::from(struck);
        struck.then_some(self.rates.hang_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(rates: FaultRates) -> Vec<EventFate> {
        let mut faults = Faults::new(rates);
        (0..200).map(|_| faults.event_fate()).collect()
    }

    #[test]
    fn the_same_seed_strikes_the_same_events() {
        let rates = FaultRates {
            seed: 7,
            lose_webhooks: 30,
            ..FaultRates::default()
        };
        assert_eq!(fates(rates), fates(rates));
        let lost = fates(rates).iter().filter(|fate| fate.lost).count();
        assert!((30..90).contains(&lost), "{lost} of 200 lost at 30 percent");
    }

    #[test]
    fn repeating_events_does_not_change_which_are_lost() {
        let losing = FaultRates {
            seed: 7,
            lose_webhooks: 30,
            ..FaultRates::default()
        };
        let both = FaultRates {
            repeat_webhooks: 50,
            ..losing
        };
        let lost = |rates| {
            fates(rates)
                .iter()
                .map(|fate| fate.lost)
                .collect::<Vec<_>>()
        };
        assert_eq!(lost(losing), lost(both));
    }

    #[test]
    fn every_third_acceptance_hangs() {
        let rates = FaultRates {
            accept_then_hang_every: Some(3),
            ..FaultRates::default()
        };
        let mut faults = Faults::new(rates);
        let hung: Vec<bool> = (0..6).map(|_| faults.hang().is_some()).collect();
        assert_eq!(hung, [false, false, true, false, false, true]);
    }
}
