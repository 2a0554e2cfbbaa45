//! What kept the instalments and payments of plans waiting is over: they are looked at now.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;

use crate::StoreError;

/// Wakes what waits for the rule `because`, or for any, of these plans: instalments, and payments that are to be
/// sent again. Called in the transaction that ends the rule; whoever decides on one of these rows just then, as if
/// the rule still held, finds that it moved, and it is attended again: also where it fell due after `now`.
///
/// Locks instalments, then payments, each by their ids: the order in which everything locks.
pub(crate) async fn wake_plans(
    tx: &mut PgConnection,
    plan_ids: &[Uuid],
    because: Option<&str>,
    now: Instant,
) -> Result<(), StoreError> {
    if plan_ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update instalment
         set wake_at = least(wake_at, $2), version = version + 1
         where id in (
           select id
           from instalment
           where plan_id = any($1)
             and state in ('scheduled', 'retrying')
             and (waiting_because = $3
               or $3 is null and waiting_because is not null
               or wake_at <= $2
               or lease_token is not null)
           order by id
           for no key update)",
    )
    .bind(plan_ids)
    .bind(now)
    .bind(because)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update payment
         set wake_at = least(wake_at, $2), version = version + 1
         where id in (
           select id
           from payment
           where plan_id = any($1) and state = 'intended'
           order by id
           for no key update)",
    )
    .bind(plan_ids)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
