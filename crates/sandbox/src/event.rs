//! Events: what the bank tells the initiator, and the record of telling it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::sydney_text_ms;
use crate::signature::signature;
use crate::timers::Timer;
use crate::words::{Redelivery, TakenBy};
use crate::world::World;

/// The pause between two attempts to deliver an event.
const REDELIVERY_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How many attempts follow the first: one hour's worth.
const REDELIVERIES_IN_AN_HOUR: u32 = 12;
/// How long an event waits for the next one to overtake it.
const OVERTAKEN_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// By how much an overtaken event comes after the one that overtook it.
const OVERTAKEN_BY: TimeDelta = TimeDelta::seconds(1);

/// Where events go, and by whose rules.
#[derive(Clone)]
pub(crate) struct Webhooks {
    /// None: nowhere.
    pub(crate) url: Option<String>,
    /// Each signs every event; none: no signature.
    pub(crate) secrets: Vec<String>,
    pub(crate) redelivery: Redelivery,
    pub(crate) taken_by: TakenBy,
}

/// What to change about the webhooks; an absent field is left as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhooksChange {
    #[serde(default, deserialize_with = "crate::bank::present")]
    url: Option<Option<String>>,
    secrets: Option<Vec<String>>,
    redelivery: Option<Redelivery>,
    taken_by: Option<TakenBy>,
}

impl Webhooks {
    pub(crate) fn change(&mut self, change: WebhooksChange) {
        self.url = change.url.unwrap_or_else(|| self.url.clone());
        self.redelivery = change.redelivery.unwrap_or(self.redelivery);
        self.taken_by = change.taken_by.unwrap_or(self.taken_by);
        if let Some(secrets) = change.secrets {
            self.secrets = secrets;
        }
    }

    /// What may be shown: of the secrets only how many there are.
    pub(crate) fn view(&self) -> Value {
        json!({
            "url": self.url,
            "secrets": self.secrets.len(),
            "redelivery": self.redelivery,
            "taken_by": self.taken_by,
        })
    }

    const fn redeliveries_max(&self) -> u32 {
        match self.redelivery {
            Redelivery::Hour => REDELIVERIES_IN_AN_HOUR,
            Redelivery::Once => 1,
        }
    }
}

/// How an attempt was answered.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heard {
    /// With a 2xx or 3xx.
    pub(crate) success: bool,
    /// With anything.
    pub(crate) any: bool,
}

/// One event, kept until it is delivered or given up.
pub(crate) struct Event {
    request_id: Uuid,
    body: String,
    /// An extra copy of the first attempt is sent.
    repeats: u8,
}

/// What is to be posted, and for which attempt of which event.
pub(crate) struct Delivery {
    pub(crate) event: u64,
    pub(crate) attempt: u32,
    /// The instant of the attempt.
    pub(crate) at: DateTime<Utc>,
    pub(crate) url: String,
    pub(crate) request_id: Uuid,
    pub(crate) signature: Option<String>,
    pub(crate) body: String,
    /// How many times to post it.
    pub(crate) copies: u32,
}

/// How the telling went, over all events.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Tally {
    /// Attempts that left, copies included.
    pub(crate) sent: u64,
    /// Events that never left.
    pub(crate) lost: u64,
    /// Events sent more than once.
    pub(crate) repeated: u64,
    /// Events whose first attempt was held back.
    pub(crate) delayed: u64,
    /// Events whose first attempt waited for the next one's.
    pub(crate) reordered: u64,
    /// Events that were taken.
    pub(crate) delivered: u64,
    /// Events given up after the last attempt.
    pub(crate) failed: u64,
}

/// What an event is about.
pub(crate) struct Subject {
    pub(crate) kind: &'static str,
    pub(crate) uid: String,
    pub(crate) link: String,
    pub(crate) metadata: Option<Value>,
}

impl World {
    /// Publishes an event at `at`; its first attempt is due at once unless a fault strikes.
    pub(crate) fn publish(&mut self, at: DateTime<Utc>, word: &str, of: Subject, body: Value) {
        let fate = self.faults.event_fate();
        self.tally.lost += u64::from(fate.lost);
        self.tally.repeated += u64::from(0 < fate.repeats);
        self.tally.delayed += u64::from(0 < fate.delay_seconds);
        self.tally.reordered += u64::from(fate.overtaken);
        if fate.lost {
            return;
        }
        let kind = of.kind;
        let envelope = json!({
            "data": {
                "id": ulid_as_uuid(at),
                "type": format!("{kind}.{word}"),
                "published_at": sydney_text_ms(at),
                "resource_uid": of.uid,
                "resource_type": kind,
                "body": body,
                "resource_metadata": of.metadata,
            },
            "links": {"resource": of.link},
        });
        let event = Event {
            request_id: uuid::Builder::from_random_bytes(rand::random()).into_uuid(),
            body: envelope.to_string(),
            repeats: fate.repeats,
        };
        self.events_published += 1;
        let number = self.events_published;
        self.events.insert(number, event);
        let first_at = at + TimeDelta::seconds(i64::from(fate.delay_seconds));
        let attempt = |event| Timer::Deliver { event, attempt: 0 };
        if fate.overtaken && self.held_event.is_none() {
            self.held_event = Some(number);
            let latest = first_at + OVERTAKEN_WITHIN;
            self.timers.set(latest, Timer::Release { event: number });
            return;
        }
        self.timers.set(first_at, attempt(number));
        if let Some(held) = self.held_event.take() {
            self.timers.set(first_at + OVERTAKEN_BY, attempt(held));
        }
    }

    /// Lets an event go that nothing has overtaken in time.
    pub(crate) fn release(&mut self, at: DateTime<Utc>, event: u64) -> Option<Delivery> {
        let held = self.held_event.take_if(|held| *held == event)?;
        self.delivery(at, held, 0)
    }

    /// What an attempt due at `at` has to post; nothing when nobody listens.
    pub(crate) fn delivery(
        &mut self,
        at: DateTime<Utc>,
        event: u64,
        attempt: u32,
    ) -> Option<Delivery> {
        let Some(url) = self.webhooks.url.clone() else {
            self.events.remove(&event);
            return None;
        };
        let found = self.events.get(&event)?;
        let copies = if attempt == 0 {
            1 + u32::from(found.repeats)
        } else {
            1
        };
        let (request_id, body) = (found.request_id, found.body.clone());
        self.tally.sent += u64::from(copies);
        let signature = signature(&self.webhooks.secrets, at, &body);
        Some(Delivery {
            event,
            attempt,
            at,
            url,
            request_id,
            signature,
            body,
            copies,
        })
    }

    /// Records how an attempt was answered; if the event was not taken, sets the next one.
    pub(crate) fn record_delivery(&mut self, attempt: &Delivery, heard: Heard) {
        // A reset in between has forgotten the event.
        if !self.events.contains_key(&attempt.event) {
            return;
        }
        let taken = match self.webhooks.taken_by {
            TakenBy::Success => heard.success,
            TakenBy::AnyAnswer => heard.any,
        };
        if taken {
            self.tally.delivered += 1;
            self.events.remove(&attempt.event);
        } else if attempt.attempt < self.webhooks.redeliveries_max() {
            let again = Timer::Deliver {
                event: attempt.event,
                attempt: attempt.attempt + 1,
            };
            self.timers.set(attempt.at + REDELIVERY_EVERY, again);
        } else {
            self.tally.failed += 1;
            self.events.remove(&attempt.event);
        }
    }
}

/// A ULID's sixteen bytes, 48 bits of milliseconds and 80 of chance, written as a UUID.
///
/// Not seeded: a sandbox that starts again must not reuse ids its initiator has already seen.
fn ulid_as_uuid(at: DateTime<Utc>) -> Uuid {
    let mut bytes: [u8; 16] = rand::random();
    bytes[..6].copy_from_slice(&at.timestamp_millis().to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}
