//! The journal of steps and the lender's events: both written in the transaction of what they tell of.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;

use crate::StoreError;

/// One thing the lender is told.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event's id (UUIDv7).
    pub id: Uuid,
    /// Its type, such as `instalment.collected`.
    pub kind: &'static str,
    /// Within what it is numbered: the plan, or the customer.
    pub aggregate_id: Uuid,
    /// The facts: ids, states, amounts, dates. Never a name or an account.
    pub data: Value,
}

/// One step of one object.
#[derive(Clone, Debug)]
pub(crate) struct JournalLine {
    pub subject: &'static str,
    pub subject_id: Uuid,
    pub from_state: &'static str,
    pub to_state: &'static str,
    pub cause: &'static str,
    pub detail: Option<String>,
}

/// Appends events, numbering each within its aggregate without gaps.
///
/// Call it last: the counters are locked in the order of their ids, after every other row.
pub(crate) async fn append_events(
    tx: &mut PgConnection,
    events: &[NewEvent],
    now: Instant,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for event in events {
        *counts.entry(event.aggregate_id).or_default() += 1;
    }
    let (aggregates, added): (Vec<Uuid>, Vec<i64>) = counts.into_iter().unzip();
    let lasts: Vec<(Uuid, i64)> = sqlx::query_as(
        "insert into event_counter (aggregate_id, last)
         select aggregate_id, added from unnest($1::uuid[], $2::bigint[]) as n (aggregate_id, added)
         on conflict (aggregate_id) do update set last = event_counter.last + excluded.last
         returning aggregate_id, last",
    )
    .bind(&aggregates)
    .bind(&added)
    .fetch_all(&mut *tx)
    .await?;

    let added: HashMap<Uuid, i64> = aggregates.into_iter().zip(added).collect();
    let mut next: HashMap<Uuid, i64> = lasts
        .into_iter()
        .map(|(id, last)| (id, last - added.get(&id).copied().unwrap_or(0) + 1))
        .collect();
    let mut sequences = Vec::with_capacity(events.len());
    for event in events {
        let sequence = next.entry(event.aggregate_id).or_insert(1);
        sequences.push(*sequence);
        *sequence += 1;
    }
    sqlx::query(
        "insert into event (id, type, aggregate_id, sequence, data, created_at)
         select id, type, aggregate_id, sequence, data, $6
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::jsonb[])
           as n (id, type, aggregate_id, sequence, data)",
    )
    .bind(events.iter().map(|event| event.id).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.kind).collect::<Vec<_>>())
    .bind(
        events
            .iter()
            .map(|event| event.aggregate_id)
            .collect::<Vec<_>>(),
    )
    .bind(&sequences)
    .bind(
        events
            .iter()
            .map(|event| event.data.clone())
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Appends one line a step.
pub(crate) async fn append_journal(
    tx: &mut PgConnection,
    lines: &[JournalLine],
    now: Instant,
) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into journal (subject, subject_id, from_state, to_state, cause, detail, at)
         select subject, subject_id, from_state, to_state, cause, detail, $7
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
           as n (subject, subject_id, from_state, to_state, cause, detail)",
    )
    .bind(lines.iter().map(|line| line.subject).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.subject_id).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.from_state).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.to_state).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.cause).collect::<Vec<_>>())
    .bind(
        lines
            .iter()
            .map(|line| line.detail.clone())
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
