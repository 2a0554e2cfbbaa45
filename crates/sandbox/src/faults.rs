//! Seeded misfortune: events lost, repeated, delayed and overtaken, calls that go wrong, payments
//! that Oligo does not know for a while or that settle after they failed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::words::Operation;

/// How often each misfortune strikes; all zero is a kind world. Rates are percent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FaultRates {
    pub(crate) seed: u64,
    /// Events that never leave although the bank believes they arrived.
    pub(crate) lose_webhooks: u8,
    /// Events sent `repeat_times` more than once.
    pub(crate) repeat_webhooks: u8,
    /// 1 to 20.
    pub(crate) repeat_times: u8,
    /// Events whose first attempt waits for `delay_seconds`.
    pub(crate) delay_webhooks: u8,
    pub(crate) delay_seconds: u32,
    /// Events that wait until the next one has left, a minute at most.
    pub(crate) reorder_webhooks: u8,
    /// Every n-th accepted payment or retry is recorded but never answered.
    pub(crate) accept_then_hang_every: Option<u32>,
    /// How long such a connection is held before it is closed.
    pub(crate) hang_ms: u64,
    /// The operations the rates below are for; null: all nine.
    pub(crate) operations: Option<Vec<Operation>>,
    /// Every call waits this long in real time, and up to `latency_spread_ms` more.
    pub(crate) latency_ms: u64,
    pub(crate) latency_spread_ms: u64,
    /// Calls answered with a 429 and not carried out.
    pub(crate) limit_calls: u8,
    /// What the `Retry-After` of such a 429 says.
    pub(crate) retry_after_seconds: u32,
    /// Calls answered with `error_status` and not carried out.
    pub(crate) errors_before: u8,
    /// Calls carried out and then answered with `error_status`.
    pub(crate) errors_after: u8,
    /// 500 to 599.
    pub(crate) error_status: u16,
    /// Calls carried out and then answered with something that is not JSON.
    pub(crate) garbage: u8,
    /// Calls carried out whose answer breaks off half way.
    pub(crate) truncate: u8,
    /// Accepted payments that a GET does not find for `hide_seconds`.
    pub(crate) hide_payments: u8,
    pub(crate) hide_seconds: u32,
    /// Failed payments that settle all the same `settle_failed_after_seconds` later.
    pub(crate) settle_failed: u8,
    pub(crate) settle_failed_after_seconds: u32,
}

impl Default for FaultRates {
    fn default() -> FaultRates {
        FaultRates {
            seed: 0,
            lose_webhooks: 0,
            repeat_webhooks: 0,
            repeat_times: 1,
            delay_webhooks: 0,
            delay_seconds: 0,
            reorder_webhooks: 0,
            accept_then_hang_every: None,
            hang_ms: 60_000,
            operations: None,
            latency_ms: 0,
            latency_spread_ms: 0,
            limit_calls: 0,
            retry_after_seconds: 2,
            errors_before: 0,
            errors_after: 0,
            error_status: 500,
            garbage: 0,
            truncate: 0,
            hide_payments: 0,
            hide_seconds: 60,
            settle_failed: 0,
            settle_failed_after_seconds: 3_600,
        }
    }
}

/// How often each misfortune struck.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Struck {
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) delayed: u64,
    pub(crate) reordered: u64,
    pub(crate) hung: u64,
    pub(crate) limited: u64,
    pub(crate) errors_before: u64,
    pub(crate) errors_after: u64,
    pub(crate) garbage: u64,
    pub(crate) truncated: u64,
    pub(crate) hidden: u64,
    pub(crate) settled_late: u64,
}

/// The dice and what they are set to. Each kind of misfortune has dice of its own, so that a
/// webhook more or a call more does not change what befalls the others.
pub(crate) struct Faults {
    pub(crate) rates: FaultRates,
    pub(crate) struck: Struck,
    dice: StdRng,
    order_dice: StdRng,
    call_dice: StdRng,
    hide_dice: StdRng,
    late_dice: StdRng,
    /// Payments and retries accepted since the rates were set.
    accepted: u64,
}

/// What befalls one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventFate {
    pub(crate) lost: bool,
    /// How many times more than once it is sent.
    pub(crate) repeats: u8,
    pub(crate) delay_seconds: u32,
    /// Waits for the next event to leave first.
    pub(crate) overtaken: bool,
}

/// What befalls one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallFate {
    /// Real time it waits first.
    pub(crate) latency_ms: u64,
    pub(crate) blow: Option<Blow>,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// 429, not carried out.
    Limit { retry_after_seconds: u32 },
    /// An error, not carried out.
    Before { status: u16 },
    /// An error although carried out.
    After { status: u16 },
    /// Not JSON, although carried out.
    Garbage,
    /// Breaks off half way, although carried out.
    Truncate,
}

impl Faults {
    pub(crate) fn new(rates: FaultRates) -> Faults {
        let dice = |stream: u64| StdRng::seed_from_u64(rates.seed ^ (stream << 32));
        Faults {
            struck: Struck::default(),
            dice: dice(0),
            order_dice: dice(1),
            call_dice: dice(2),
            hide_dice: dice(3),
            late_dice: dice(4),
            accepted: 0,
            rates,
        }
    }

    /// Rolls for one event. Every event takes the same throws, whatever the rates, so that changing
    /// one rate does not change which events another strikes.
    pub(crate) fn event_fate(&mut self) -> EventFate {
        let [lose, repeat, delay] = [0; 3].map(|_: u8| self.dice.random_range(0..100_u8));
        let lost = lose < self.rates.lose_webhooks;
        let repeated = !lost && repeat < self.rates.repeat_webhooks;
        let delayed = !lost && delay < self.rates.delay_webhooks;
        let overtaken = strikes(&mut self.order_dice, self.rates.reorder_webhooks) && !lost;
        self.struck.lost += u64::from(lost);
        self.struck.repeated += u64::from(repeated);
        self.struck.delayed += u64::from(delayed);
        self.struck.reordered += u64::from(overtaken);
        let delay_seconds = if delayed { self.rates.delay_seconds } else { 0 };
        let repeats = if repeated { self.rates.repeat_times } else { 0 };
        EventFate {
            lost,
            repeats,
            delay_seconds,
            overtaken,
        }
    }

    /// Rolls for one call. Every call of an operation that is meant takes the same throws.
    pub(crate) fn call_fate(&mut self, operation: Operation) -> CallFate {
        let rates = &self.rates;
        let is_meant = |meant: &Vec<Operation>| meant.contains(&operation);
        if !rates.operations.as_ref().is_none_or(is_meant) {
            return CallFate {
                latency_ms: 0,
                blow: None,
            };
        }
        let spread = self.call_dice.random_range(0..=rates.latency_spread_ms);
        let status = rates.error_status;
        let retry_after_seconds = rates.retry_after_seconds;
        let table = [
            (
                rates.limit_calls,
                Blow::Limit {
                    retry_after_seconds,
                },
            ),
            (rates.errors_before, Blow::Before { status }),
            (rates.errors_after, Blow::After { status }),
            (rates.garbage, Blow::Garbage),
            (rates.truncate, Blow::Truncate),
        ];
        let thrown = table.map(|(rate, blow)| (strikes(&mut self.call_dice, rate), blow));
        let blow = thrown.into_iter().find(|(struck, _)| *struck);
        let blow = blow.map(|(_, blow)| blow);
        match blow {
            Some(Blow::Limit { .. }) => self.struck.limited += 1,
            Some(Blow::Before { .. }) => self.struck.errors_before += 1,
            Some(Blow::After { .. }) => self.struck.errors_after += 1,
            Some(Blow::Garbage) => self.struck.garbage += 1,
            Some(Blow::Truncate) => self.struck.truncated += 1,
            None => {}
        }
        CallFate {
            latency_ms: rates.latency_ms.saturating_add(spread),
            blow,
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

    /// Rolls for one accepted payment: until when it is not found.
    pub(crate) fn hide(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let struck = strikes(&mut self.hide_dice, self.rates.hide_payments);
        self.struck.hidden += u64::from(struck);
        struck.then(|| now + TimeDelta::seconds(i64::from(self.rates.hide_seconds)))
    }

    /// Rolls for one failed payment: when it settles all the same.
    pub(crate) fn settle_late(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let struck = strikes(&mut self.late_dice, self.rates.settle_failed);
        self.struck.settled_late += u64::from(struck);
        let after = i64::from(self.rates.settle_failed_after_seconds);
        struck.then(|| now + TimeDelta::seconds(after))
    }
}

fn strikes(dice: &mut StdRng, percent: u8) -> bool {
    dice.random_range(0..100_u8) < percent
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
        assert_eq!(fates(rates.clone()), fates(rates.clone()));
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
            ..losing.clone()
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
