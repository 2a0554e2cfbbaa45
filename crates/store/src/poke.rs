//! Waking other processes: a NOTIFY sent after the commit, coalesced, and never depended on.
//!
//! A NOTIFY inside a transaction takes a lock that serialises every commit; so it goes out by itself, at
//! most once per few milliseconds and process. A lost one costs a poll interval, nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::PgPool;

/// The channel of the wake-up calls. They carry no payload: look at everything that is due.
pub const CHANNEL: &str = "paydown_wake";

const GATHER: Duration = Duration::from_millis(3);

/// Sends the wake-up calls of one process.
#[derive(Clone)]
pub(crate) struct Poker {
    pool: PgPool,
    is_pending: Arc<AtomicBool>,
}

impl Poker {
    pub(crate) fn new(pool: PgPool) -> Poker {
        Poker {
            pool,
            is_pending: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Tells every process that something is due now. Returns at once; never fails.
    pub(crate) fn poke(&self) {
        if self.is_pending.swap(true, Ordering::AcqRel) {
            return;
        }
        let (pool, is_pending) = (self.pool.clone(), Arc::clone(&self.is_pending));
        tokio::spawn(async move {
            tokio::time::sleep(GATHER).await;
            // Lowered before sending: whoever commits from here on sends a call of their own.
            is_pending.store(false, Ordering::Release);
            let sent = sqlx::query("select pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(&pool)
                .await;
            if let Err(error) = sent {
                tracing::debug!(%error, "a wake-up call was not sent; the poll will find the row");
            }
        });
    }
}
