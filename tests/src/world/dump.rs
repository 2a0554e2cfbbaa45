//! What a world looked like when it failed: rows with states and times, never with a name or an
//! account.

use super::World;

const ROWS: &str = "
    select 'plan', p.id, p.state, coalesce(p.frozen_because, ''), null::timestamptz, 0
    from plan p
    union all
    select 'agreement', a.id, a.state, coalesce(a.reason_code, ''), a.wake_at, a.leases
    from agreement a
    union all
    select 'instalment ' || i.sequence, i.id, i.state,
           coalesce(i.waiting_because, i.ended_because, ''), i.wake_at, i.leases
    from instalment i
    union all
    select 'payment of ' || m.instalment_id, m.id, m.state,
           concat_ws(' ', m.uid, m.provider_state, m.failure_code, m.conflict_state), m.wake_at,
           m.leases
    from payment m
    union all
    select 'webhook', w.id, coalesce(w.outcome, 'undigested'), '', w.wake_at, w.leases
    from webhook w
    where w.digested_at is null
    union all
    select 'exception', e.id, e.kind, e.detail, null, 0
    from exception e
    where e.closed_at is null
    order by 2";

type Row = (
    String,
    uuid::Uuid,
    String,
    String,
    Option<chrono::DateTime<chrono::Utc>>,
    i32,
);

/// Every row that says where something stands.
pub(super) async fn of(world: &World) -> String {
    let rows: Vec<Row> = sqlx::query_as(ROWS)
        .fetch_all(&world.pool)
        .await
        .expect("the database answers");
    let lines = rows
        .into_iter()
        .map(|(what, id, state, detail, wake_at, leases)| {
            let wake_at = wake_at.map_or_else(|| "asleep".to_owned(), |at| format!("wakes {at}"));
            format!("  {what} {id}: {state} {detail} ({wake_at}, {leases} leases)")
        });
    let ledger = world.ledger().await;
    let payments = ledger
        .payments
        .iter()
        .map(|payment| format!("  at the bank: {payment:?}"));
    let refusals = ledger
        .refusals
        .iter()
        .map(|refusal| format!("  at the bank: {refusal:?}"));
    let lines: Vec<String> = lines.chain(payments).chain(refusals).collect();
    format!("now {}\n{}", world.now(), lines.join("\n"))
}
