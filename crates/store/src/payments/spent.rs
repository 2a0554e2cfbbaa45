//! What was spent of the budgets of last resort, counted from rows.

use std::collections::HashMap;

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::budget::Earlier;
use domain::date::{BusinessDate, Instant};
use domain::payment::State;

use crate::StoreError;
use crate::codec::understood;

/// What was spent of one instalment's budgets, and of its plan's.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// The payments found for the instalment, in the order of their numbers.
    pub earlier: Vec<Earlier>,
    /// How often a person has said today that the instalment is to be collected again.
    pub asked_again: u32,
    /// What was agreed to be repaid in all, in cents.
    pub plan_total_cents: i64,
    /// The sum of the plan's payments that have taken money or may yet, in cents.
    pub plan_taken_cents: i64,
    /// The sum of the plan's instalments that are due by today and open, or were sent today, in cents.
    pub due_today_cents: i64,
    /// The sum of the plan's payments first sent today that have taken money or may yet, in cents.
    pub sent_today_cents: i64,
}

#[derive(FromRow)]
struct Raw {
    id: Uuid,
    total_cents: i64,
    states: Vec<String>,
    journaled: Vec<String>,
    created: Vec<Instant>,
    asked_again: i64,
    taken_cents: i64,
    today_cents: i64,
    due_cents: i64,
}

/// By instalment. The plans' rows are locked: nobody arms for them at the same time.
pub(super) async fn read(
    tx: &mut PgConnection,
    instalments: &[Uuid],
    now: Instant,
) -> Result<HashMap<Uuid, Spent>, StoreError> {
    let today = BusinessDate::of_instant(now);
    let rows: Vec<Raw> = sqlx::query_as(include_str!("spent.sql"))
        .bind(instalments)
        .bind(today.opens_at())
        .bind(today.naive())
        .bind(today.closes_at())
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(|raw| Ok((raw.id, spent(raw)?)))
        .collect()
}

fn spent(raw: Raw) -> Result<Spent, StoreError> {
    let id = raw.id;
    let state = |word: &str| understood(State::parse(word), "payment state", id);
    let both = raw.states.iter().zip(&raw.journaled);
    let earlier = both.zip(&raw.created).map(|((own, journaled), created)| {
        let journaled = Some(journaled.as_str()).filter(|word| !word.is_empty());
        Ok(Earlier {
            state: state(own)?,
            journaled: journaled.map(state).transpose()?,
            first_sent_date: BusinessDate::of_instant(*created),
        })
    });
    Ok(Spent {
        earlier: earlier.collect::<Result<_, StoreError>>()?,
        asked_again: u32::try_from(raw.asked_again).unwrap_or(0),
        plan_total_cents: raw.total_cents,
        plan_taken_cents: raw.taken_cents,
        due_today_cents: raw.due_cents,
        sent_today_cents: raw.today_cents,
    })
}
