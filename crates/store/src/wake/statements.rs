//! The lease statements, the same for each of the four tables.
//!
//! Rows are addressed by primary key or by token, never by state, so that no stale statistic can
//! turn a statement into a scan.

/// What may be asked of one table.
pub(super) struct Statements {
    pub(super) lease: &'static str,
    pub(super) heartbeat: &'static str,
    pub(super) release: &'static str,
    pub(super) done: &'static str,
    pub(super) failed: &'static str,
}

/// `for no key update`, since a lease changes no key: the inserts that refer to a row do not wait
/// for it.
macro_rules! statements {
    ($table:literal) => {
        Statements {
            lease: concat!(
                "update ",
                $table,
                " set
                   lease_token = case when 0 < leases then gen_random_uuid() else $1 end,
                   leased_until = now() + $4 * interval '1 millisecond',
                   leases = leases + 1
                 where id = any (array(
                   select id from ",
                $table,
                "
                   where wake_at <= $2 and (leased_until is null or leased_until < now())
                   order by wake_at
                   limit $3
                   for no key update skip locked))
                 returning id, lease_token, leases, wake_at"
            ),
            heartbeat: concat!(
                "with extended as (
                   update ",
                $table,
                " set leased_until = now() + $2 * interval '1 millisecond'
                   where lease_token = any ($1) and id = any (array(
                     select id from ",
                $table,
                "
                     where lease_token = any ($1)
                     for no key update skip locked)))
                 select distinct lease_token from ",
                $table,
                " where lease_token = any ($1)"
            ),
            release: concat!(
                "update ",
                $table,
                " set
                   lease_token = null,
                   leased_until = null,
                   leases = greatest(leases - 1, 0)
                 where lease_token = $1"
            ),
            done: concat!(
                "update ",
                $table,
                " set
                   lease_token = null,
                   leased_until = null,
                   leases = 0
                 where lease_token = any ($1) and id = any (array(
                   select id from ",
                $table,
                "
                   where lease_token = any ($1) order by id for no key update))"
            ),
            failed: concat!(
                "update ",
                $table,
                " as row set
                   lease_token = null,
                   leased_until = null,
                   wake_at = case when wake_at is null then null
                     else greatest(wake_at, failed.retry_at) end
                 from unnest($1::uuid[], $2::timestamptz[]) as failed (token, retry_at)
                 where row.lease_token = any ($1) and row.lease_token = failed.token
                   and row.id = any (array(
                     select id from ",
                $table,
                "
                     where lease_token = any ($1) order by id for no key update))"
            ),
        }
    };
}

pub(super) static AGREEMENT: Statements = statements!("agreement");
pub(super) static INSTALMENT: Statements = statements!("instalment");
pub(super) static PAYMENT: Statements = statements!("payment");
pub(super) static WEBHOOK: Statements = statements!("webhook");
