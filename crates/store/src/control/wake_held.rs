//! What a switch held back is looked at again as soon as it opens.

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::PlanId;

use super::SwitchScope;
use crate::StoreError;

/// What is held back is looked at again within a day or so by itself: nothing due later was held back.
const HELD_WITHIN: TimeDelta = TimeDelta::days(3);

/// Wakes what waits for the switch, and what is attended just now: whoever decided on it while the switch was
/// closed finds it moved, and it is attended again.
///
/// Locks agreements, instalments and payments, each by their ids: the order in which everything locks.
pub(super) async fn wake(
    tx: &mut PgConnection,
    scope: SwitchScope,
    plan_id: Option<PlanId>,
    now: Instant,
) -> Result<(), StoreError> {
    let plan = plan_id.map(PlanId::uuid);
    wake_agreements(tx, scope, plan, now).await?;
    wake_instalments(tx, plan, now).await?;
    wake_payments(tx, plan, now).await
}

/// Proposals are held back by the switches of everything and of the provider only. The agreements of payments
/// that wait to be sent again are locked before those.
async fn wake_agreements(
    tx: &mut PgConnection,
    scope: SwitchScope,
    plan: Option<Uuid>,
    now: Instant,
) -> Result<(), StoreError> {
    let locked: Vec<(Uuid, String)> = sqlx::query_as(
        "select id, state
         from agreement
         where id in (
           select agreement_id
           from payment
           where state = 'intended' and ($1::uuid is null or plan_id = $1)
           union all
           select id
           from agreement
           where $2 and state = 'drafted'
             and (waiting_because = 'collections_stopped' or wake_at <= $3))
         order by id
         for no key update",
    )
    .bind(plan)
    .bind(matches!(scope, SwitchScope::All | SwitchScope::Provider))
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let drafts = locked.into_iter().filter(|(_, state)| state == "drafted");
    let drafts: Vec<Uuid> = drafts.map(|(id, _)| id).collect();
    sqlx::query(
        "update agreement
         set wake_at = least(wake_at, $2), version = version + 1
         where id = any($1) and wake_at is not null",
    )
    .bind(&drafts)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn wake_instalments(
    tx: &mut PgConnection,
    plan: Option<Uuid>,
    now: Instant,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select id
         from instalment
         where state in ('scheduled', 'retrying')
           and wake_at <= $3
           and (waiting_because = 'collections_stopped' or wake_at <= $2)
           and ($1::uuid is null or plan_id = $1)
         order by id
         for no key update",
    )
    .bind(plan)
    .bind(now)
    .bind(now + HELD_WITHIN)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query(
        "update instalment
         set wake_at = least(wake_at, $2), version = version + 1
         where id = any($1)",
    )
    .bind(&ids)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn wake_payments(
    tx: &mut PgConnection,
    plan: Option<Uuid>,
    now: Instant,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select id
         from payment
         where state = 'intended' and ($1::uuid is null or plan_id = $1)
         order by id
         for no key update",
    )
    .bind(plan)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query(
        "update payment
         set wake_at = least(wake_at, $2), version = version + 1
         where id = any($1)",
    )
    .bind(&ids)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
