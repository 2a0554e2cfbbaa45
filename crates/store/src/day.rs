//! The day's payments, counted once more by another way than arming counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{NaiveDate, TimeDelta};
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::failure::RETRIES_IN_ALL_MAX;
use domain::uid::{InstalmentId, PlanId};

use crate::codec::{date, int};
use crate::{Store, StoreError};

/// How long after a look the next one is due.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(60);

/// How far before the last look a look reaches: longer than a transaction that arms takes to commit.
const REACH: TimeDelta = TimeDelta::seconds(60);

/// When this process last looked: milliseconds since 1970 of business time, and zero before its first look.
pub(crate) type LastLook = Arc<AtomicI64>;

/// An instalment for which more was sent in one day than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOverrun {
    /// Its plan.
    pub plan_id: PlanId,
    /// Which one.
    pub instalment_id: InstalmentId,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due, in cents.
    pub due_cents: i64,
    /// How many uids were first sent that day by which money may have moved.
    pub uids: i64,
    /// Their sum, of those that did not fail, in cents.
    pub sent_cents: i64,
}

type Row = (Uuid, Uuid, NaiveDate, i64, i64, i64);

impl Store {
    /// Looks, once a minute in each process, whether every payment first sent today was for an instalment that
    /// was due, no more uids than one and its retries, and no more money than was due. Of the instalments sent
    /// since the last look, one that breaks this and of which nobody was asked yet; nothing where none does, or
    /// the minute is not over. The first look of a process is at the whole day, and after one that found something
    /// the next is due at once.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the next look makes up for it.
    pub async fn day_overrun(&self, now: Instant) -> Result<Option<DayOverrun>, StoreError> {
        let millis = now.timestamp_millis();
        let last = self.day_looked.load(Ordering::Relaxed);
        let is_due = last.saturating_add(LOOK_EVERY.num_milliseconds()) <= millis || millis < last;
        if !is_due {
            return Ok(None);
        }
        let today = BusinessDate::of_instant(now);
        let since = Instant::from_timestamp_millis(last).unwrap_or_default() - REACH;
        let row: Option<Row> = sqlx::query_as(include_str!("day_overrun.sql"))
            .bind(since.max(today.opens_at()))
            .bind(today.opens_at())
            .bind(today.naive())
            .bind(int(RETRIES_IN_ALL_MAX))
            .bind(today.closes_at())
            .fetch_optional(&self.pool)
            .await?;
        if row.is_none() {
            self.day_looked.store(millis, Ordering::Relaxed);
        }
        let told = row.map(|(plan_id, id, due_date, due_cents, uids, sent_cents)| {
            Ok(DayOverrun {
                plan_id: PlanId::new(plan_id),
                instalment_id: InstalmentId::new(id),
                due_date: date(due_date, "due_date", id)?,
                due_cents,
                uids,
                sent_cents,
            })
        });
        told.transpose()
    }
}
