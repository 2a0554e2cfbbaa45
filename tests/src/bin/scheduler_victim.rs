//! A scheduler in a process of its own, for tests that kill it.
//!
//! `scheduler_victim <database url> <worker name> <lease in ms> hang` attends and never ends; `…
//! abort <row id>` does its rows, but ends its process without a word when that row is among them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use flows::clock::Clock;
use scheduler::{Attend, AttendError, SchedulerConfig};
use sqlx::postgres::PgPool;
use store::wake::Batch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Victim {
    pool: PgPool,
    kills: Option<Uuid>,
}

impl Attend for Victim {
    async fn attend(&self, batch: Batch) -> Result<(), AttendError> {
        let Some(killer) = self.kills else {
            return std::future::pending().await;
        };
        if batch.ids.contains(&killer) {
            let outcome = if batch.ids.len() == 1 {
                "alone"
            } else {
                "in company"
            };
            sqlx::query("update webhook set outcome = $2 where id = $1")
                .bind(killer)
                .bind(outcome)
                .execute(&self.pool)
                .await
                .map_err(AttendError::new)?;
            std::process::abort();
        }
        sqlx::query("update webhook set wake_at = null where id = any ($1)")
            .bind(&batch.ids)
            .execute(&self.pool)
            .await
            .map_err(AttendError::new)?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("the database's URL is missing")?;
    let worker_name = arguments.next().context("the worker's name is missing")?;
    let lease_ms: u64 = arguments.next().context("the lease is missing")?.parse()?;
    let kills = match arguments.next().as_deref() {
        Some("abort") => Some(
            arguments
                .next()
                .context("the row's id is missing")?
                .parse()?,
        ),
        Some("hang") => None,
        Some(_) | None => anyhow::bail!("the last arguments are `hang` or `abort <row id>`"),
    };

    let store = e2e::database::connect(&url).await?;
    let pool = PgPool::connect(&url).await?;
    let lease = Duration::from_millis(lease_ms);
    let config = SchedulerConfig {
        lease,
        heartbeat: lease / 4,
        poll: Duration::from_millis(20),
        batches_in_flight: 1,
        worker_name,
        ..SchedulerConfig::default()
    };
    let victim = Arc::new(Victim { pool, kills });
    Ok(scheduler::run(
        store,
        Clock::real(),
        victim,
        config,
        CancellationToken::new(),
    )
    .await?)
}
