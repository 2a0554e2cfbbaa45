//! Everything the sandbox knows, in memory, behind one lock.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::SandboxConfig;
use crate::account::Account;
use crate::agreement::Agreement;
use crate::alias::Lookup;
use crate::bank::Payer;
use crate::clock::Clock;
use crate::complaint::Refusal;
use crate::event::{Event, Tally, Webhooks};
use crate::faults::{FaultRates, Faults};
use crate::outages::Outages;
use crate::payment::Payment;
use crate::refusals::Ordered;
use crate::settings::Settings;
use crate::timers::Timers;
use crate::words::MonthEnd;

/// How many agreements may be attempted for one payer account in 24 hours.
const ATTEMPTS_PER_DAY: usize = 6;

/// The bank, the provider in front of it, and their clock.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) reading: MonthEnd,
    pub(crate) agreements: HashMap<String, Agreement>,
    /// Agreement uids in order of creation.
    pub(crate) agreement_order: Vec<String>,
    pub(crate) payments: HashMap<String, Payment>,
    /// Payment uids in order of creation.
    pub(crate) payment_order: Vec<String>,
    pub(crate) payers: HashMap<Account, Payer>,
    attempts: HashMap<Account, Vec<DateTime<Utc>>>,
    /// The allowed look-ups of today.
    pub(crate) lookups: Vec<Lookup>,
    /// When each alias was last resolved.
    pub(crate) resolved: HashMap<Account, DateTime<Utc>>,
    pub(crate) timers: Timers,
    pub(crate) events: BTreeMap<u64, Event>,
    pub(crate) events_published: u64,
    /// The event that waits to be overtaken.
    pub(crate) held_event: Option<u64>,
    pub(crate) webhooks: Webhooks,
    pub(crate) settings: Settings,
    pub(crate) outages: Outages,
    /// Refusals ordered for the next calls.
    pub(crate) ordered: Ordered,
    pub(crate) faults: Faults,
    pub(crate) tally: Tally,
    pub(crate) refusals: Vec<RefusalRecord>,
}

/// A call that was refused, for the ledger.
#[derive(Clone, Serialize)]
pub(crate) struct RefusalRecord {
    at: DateTime<Utc>,
    operation: &'static str,
    /// The agreement or payment of the call, where it named one.
    uid: Option<String>,
    status: u16,
    codes: Vec<&'static str>,
}

impl World {
    pub(crate) fn new(config: &SandboxConfig) -> World {
        World {
            clock: Clock::new(config.start_at),
            reading: config.reading,
            agreements: HashMap::new(),
            agreement_order: Vec::new(),
            payments: HashMap::new(),
            payment_order: Vec::new(),
            payers: HashMap::new(),
            attempts: HashMap::new(),
            lookups: Vec::new(),
            resolved: HashMap::new(),
            timers: Timers::default(),
            events: BTreeMap::new(),
            events_published: 0,
            held_event: None,
            webhooks: Webhooks {
                url: config.webhook_url.clone(),
                secrets: config.webhook_secrets.clone(),
                redelivery: config.redelivery,
                taken_by: config.taken_by,
            },
            settings: Settings::new(config.payers),
            outages: Outages::default(),
            ordered: Ordered::default(),
            faults: Faults::new(FaultRates {
                seed: config.seed,
                ..FaultRates::default()
            }),
            tally: Tally::default(),
            refusals: Vec::new(),
        }
    }

    /// Forgets everything but the time, which never goes back, and the numbering of events, so that
    /// a delivery under way cannot be taken for another.
    pub(crate) fn reset(&mut self, config: &SandboxConfig) {
        let fresh = World::new(config);
        let old = std::mem::replace(self, fresh);
        self.clock = old.clock;
        self.events_published = old.events_published;
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn payer(&mut self, account: &Account) -> &mut Payer {
        self.payers.entry(account.clone()).or_default()
    }

    /// Counts an attempt to create an agreement; `false` when the day's attempts are spent.
    ///
    /// The day is the last 24 hours. An attempt refused for this limit does not count again, or an
    /// initiator who keeps asking would never be let in.
    pub(crate) fn spend_attempt(&mut self, account: &Account, now: DateTime<Utc>) -> bool {
        let spent = self.attempts.entry(account.clone()).or_default();
        spent.retain(|at| now - TimeDelta::hours(24) < *at);
        let allowed = spent.len() < ATTEMPTS_PER_DAY;
        if allowed {
            spent.push(now);
        }
        allowed
    }

    /// Whether the merchant's agreements of the last 24 hours are used up.
    pub(crate) fn creations_are_spent(&self, now: DateTime<Utc>) -> bool {
        let since = now - TimeDelta::hours(24);
        let made = self
            .agreements
            .values()
            .filter(|agreement| since < agreement.created_at)
            .count();
        let most = self.settings.agreements_per_day;
        most.is_some_and(|most| most <= made)
    }

    /// Puts a refusal that was ordered into the ledger.
    pub(crate) fn record_ordered(
        &mut self,
        operation: &'static str,
        status: u16,
        codes: Vec<&'static str>,
    ) {
        self.refusals.push(RefusalRecord {
            at: self.now(),
            operation,
            uid: None,
            status,
            codes,
        });
    }

    pub(crate) fn record_refusal(
        &mut self,
        operation: &'static str,
        uid: Option<String>,
        refusal: &Refusal,
    ) {
        let at = self.now();
        let (status, codes) = (refusal.status(), refusal.codes());
        self.refusals.push(RefusalRecord {
            at,
            operation,
            uid,
            status,
            codes,
        });
    }
}
