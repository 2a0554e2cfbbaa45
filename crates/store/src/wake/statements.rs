//! The lease statements, the same for each of the five tables.
//!
//! A row in quarantine is leased for ever, by nobody: the statement that leases needs no further condition, of which the
//! planner could think too well or too badly.
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
    /// `$1` token, `$2` crashes at most.
    pub(super) begin: &'static str,
    /// `$1` token, `$2` crashes at least, `$3` business time.
    pub(super) quarantine: &'static str,
}

/// `for no key update`, since a lease changes no key: the inserts that refer to a row do not wait
/// for it.
macro_rules! statements {
    ($table:literal, $plan_id:literal, $order:literal) => {
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
                   order by ",
                $order,
                "
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
                   leases = 0,
                   crashes = 0
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
                   crashes = 0,
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
            begin: concat!(
                "update ",
                $table,
                " set crashes = crashes + 1
                 where lease_token = $1 and crashes < $2
                 returning id"
            ),
            quarantine: concat!(
                "update ",
                $table,
                " set
                   lease_token = null,
                   leased_until = '9999-12-31T00:00:00Z',
                   quarantined_at = $3,
                   version = version + 1
                 where lease_token = $1 and $2 <= crashes
                 returning id, ",
                $plan_id,
                " as plan_id"
            ),
        }
    };
}

/// Among equals by id, so that what is leased does not depend on where a row lies. The same columns as the index.
pub(super) static AGREEMENT: Statements = statements!("agreement", "plan_id", "wake_at, id");
/// After an outage many wake at one instant: the oldest debts are leased first.
pub(super) static INSTALMENT: Statements =
    statements!("instalment", "plan_id", "wake_at, due_date, id");
pub(super) static PAYMENT: Statements = statements!("payment", "plan_id", "wake_at, id");
pub(super) static WEBHOOK: Statements = statements!("webhook", "null::uuid", "wake_at, id");
pub(super) static CHORE: Statements = statements!("chore", "null::uuid", "wake_at, id");
