//! Events: what the bank tells the initiator, and the record of telling it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::sydney_text_ms;
use crate::timers::Timer;
use crate::world::World;

/// The pause between two attempts to deliver an event.
const REDELIVERY_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How many attempts follow the first: one hour's worth.
const REDELIVERIES_MAX: u32 = 12;

/// One event, kept until it is delivered or given up.
pub(crate) struct Event {
    request_id: Uuid,
    body: String,
    /// An extra copy of the first attempt is sent.
    repeated: bool,
}

/// What is to be posted, and for which attempt of which event.
pub(crate) struct Delivery {
    pub(crate) event: u64,
    pub(crate) attempt: u32,
    /// The instant of the attempt.
    pub(crate) at: DateTime<Utc>,
    pub(crate) url: String,
    pub(crate) request_id: Uuid,
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
    /// Events sent twice.
    pub(crate) repeated: u64,
    /// Events whose first attempt was held back.
    pub(crate) delayed: u64,
    /// Events answered with a 2xx or 3xx.
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
        self.tally.repeated += u64::from(fate.repeated);
        self.tally.delayed += u64::from(0 < fate.delay_seconds);
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
            repeated: fate.repeated,
        };
        self.events_published += 1;
        let number = self.events_published;
        self.events.insert(number, event);
        let first_at = at + TimeDelta::seconds(i64::from(fate.delay_seconds));
        self.timers.set(
            first_at,
            Timer::Deliver {
                event: number,
                attempt: 0,
            },
        );
    }

    /// What an attempt due at `at` has to post; nothing when nobody listens.
    pub(crate) fn delivery(
        &mut self,
        at: DateTime<Utc>,
        event: u64,
        attempt: u32,
    ) -> Option<Delivery> {
        let Some(url) = self.webhook_url.clone() else {
            self.events.remove(&event);
            return None;
        };
        let found = self.events.get(&event)?;
        let copies = if found.repeated && attempt == 0 { 2 } else { 1 };
        let (request_id, body) = (found.request_id, found.body.clone());
        self.tally.sent += u64::from(copies);
        Some(Delivery {
            event,
            attempt,
            at,
            url,
            request_id,
            body,
            copies,
        })
    }

    /// Records whether an attempt was answered with a 2xx or 3xx; if not, sets the next one.
    pub(crate) fn record_delivery(&mut self, attempt: &Delivery, arrived: bool) {
        // A reset in between has forgotten the event.
        if !self.events.contains_key(&attempt.event) {
            return;
        }
        if arrived {
            self.tally.delivered += 1;
            self.events.remove(&attempt.event);
        } else if attempt.attempt < REDELIVERIES_MAX {
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
