//! Paydown's rows, by plain SQL that nobody else uses.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgPool;
use uuid::Uuid;

/// A payment's row, with what it belongs to.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct OurPayment {
    pub id: Uuid,
    pub uid: String,
    pub state: String,
    /// From 1.
    pub attempt_no: i32,
    pub amount_cents: i64,
    pub last_payment: Option<bool>,
    pub request_body: String,
    pub created_at: DateTime<Utc>,
    pub sent_at: Vec<DateTime<Utc>>,
    pub agreement_uid: String,
    pub slots_allowed: Option<i32>,
    pub instalment_id: Uuid,
    pub instalment_state: String,
    pub instalment_cents: i64,
    pub due_date: NaiveDate,
    pub plan_id: Uuid,
    pub agreement_id: Uuid,
    /// Since when the plan is frozen, if it still is.
    pub frozen_at: Option<DateTime<Utc>>,
    /// When the plan was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Of the instalment's payments, the uids of those about whose money a person was ever asked.
    pub asked_about: Vec<String>,
    /// Of the instalment's payments, the uids of those that ended without money and are looked at again.
    pub looked_at: Vec<String>,
}

impl OurPayment {
    /// Whether a person was ever asked about the money of the payment with this uid.
    pub(crate) fn is_asked_about(&self, uid: &str) -> bool {
        self.asked_about.iter().any(|asked| asked == uid)
    }

    /// Whether the provider is going to be asked again about the payment with this uid, which has ended.
    pub(crate) fn is_looked_at(&self, uid: &str) -> bool {
        self.looked_at.iter().any(|looked_at| looked_at == uid)
    }
}

/// A step of the journal.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct JournalRow {
    pub id: i64,
    pub subject: String,
    pub subject_id: Uuid,
    pub from_state: String,
    pub to_state: String,
    pub cause: String,
    pub at: DateTime<Utc>,
}

/// A slot that is held.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct SlotRow {
    pub payment_id: Uuid,
    pub reading: String,
    pub window_first_date: NaiveDate,
}

/// The sums of one plan.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct PlanSums {
    pub id: Uuid,
    pub total_cents: i64,
    pub instalments_cents: i64,
    pub collected_cents: i64,
    pub is_questioned: bool,
}

/// An open instalment whose date is over.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct OverdueRow {
    pub id: Uuid,
    pub plan_id: Uuid,
    pub state: String,
    pub due_date: NaiveDate,
    /// The uid of its plan's latest agreement.
    pub agreement_uid: String,
    /// Whether it has a wake-up of its own, or one of its payments has.
    pub is_looked_at: bool,
    /// Whether nothing could end it by itself: its plan is frozen for a person, it is quarantined, the
    /// database is not the one that was compared with the provider, or it is about to be looked at.
    pub is_held: bool,
}

/// An agreement that failed more often in a row than is allowed.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct StreakRow {
    pub uid: String,
    pub plan_id: Uuid,
    pub consecutive_failures: i32,
}

const PAYMENT: &str = "select m.id, m.uid, m.state, m.attempt_no, m.amount_cents, m.last_payment,
         m.request_body, m.created_at, m.sent_at,
         a.id as agreement_id, a.uid as agreement_uid, a.slots_allowed,
         i.id as instalment_id, i.state as instalment_state, i.amount_cents as instalment_cents,
         i.due_date, p.id as plan_id,
         (select min(e.opened_at) from exception e
          where e.plan_id = p.id and e.kind = p.frozen_because and e.closed_at is null)
           as frozen_at,
         (select min(j.at) from journal j
          where j.subject_id = p.id and j.subject = 'plan' and j.to_state = 'cancelled')
           as cancelled_at,
         array(
           select o.uid from payment o
           where o.instalment_id = i.id and exists (
             select 1 from exception e
             where e.subject_id = o.id
               and e.kind in ('late_settlement', 'settled_after_end', 'payment_conflict',
                              'reversal', 'echo_mismatch'))) as asked_about,
         array(
           select o.uid from payment o
           where o.instalment_id = i.id
             and o.state in ('failed', 'rejected', 'abandoned')
             and o.wake_at is not null) as looked_at
       from payment m
       join agreement a on a.id = m.agreement_id
       join instalment i on i.id = m.instalment_id
       join plan p on p.id = m.plan_id";

/// The rows of these payments, by uid or by id.
pub(crate) async fn payments(
    pool: &PgPool,
    uids: &[String],
    ids: &[Uuid],
) -> Result<Vec<OurPayment>, sqlx::Error> {
    let statement = format!(
        "{PAYMENT} where m.id in (
           select id from payment where uid = any($1) union select unnest($2::uuid[]))
         order by m.id"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(uids)
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// The rows of every payment.
pub(crate) async fn all_payments(pool: &PgPool) -> Result<Vec<OurPayment>, sqlx::Error> {
    let statement = format!("{PAYMENT} order by m.id");
    sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .fetch_all(pool)
        .await
}

/// The journal after `seen`.
pub(crate) async fn journal(pool: &PgPool, seen: i64) -> Result<Vec<JournalRow>, sqlx::Error> {
    sqlx::query_as(
        "select id, subject, subject_id, from_state, to_state, cause, at from journal
         where $1 < id order by id",
    )
    .bind(seen)
    .fetch_all(pool)
    .await
}

/// The uids of the payments that moved after `seen`.
pub(crate) async fn moved_payments(pool: &PgPool, seen: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select uid from payment where id in (
           select subject_id from journal where $1 < id and subject = 'payment')
         order by uid",
    )
    .bind(seen)
    .fetch_all(pool)
    .await
}

/// Instalments among these whose attempts are not numbered from 1 without gaps.
pub(crate) async fn gapped(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select instalment_id from payment where instalment_id = any($1)
         group by instalment_id
         having min(attempt_no) <> 1 or max(attempt_no) <> count(*)",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// The slots these payments hold.
pub(crate) async fn slots(pool: &PgPool, payments: &[Uuid]) -> Result<Vec<SlotRow>, sqlx::Error> {
    sqlx::query_as(
        "select payment_id, reading, window_first_date from window_slot
         where payment_id = any($1) and released_at is null",
    )
    .bind(payments)
    .fetch_all(pool)
    .await
}

/// The sums of these plans, and whether a person was asked about money that moved unforeseen.
pub(crate) async fn sums(pool: &PgPool, plans: &[Uuid]) -> Result<Vec<PlanSums>, sqlx::Error> {
    sqlx::query_as(
        "select p.id, p.total_cents,
           coalesce(sum(i.amount_cents), 0)::bigint as instalments_cents,
           coalesce(sum(i.amount_cents) filter (where i.state = 'collected'), 0)::bigint
             as collected_cents,
           exists (select 1 from exception e where e.plan_id = p.id
                   and e.kind in ('late_settlement', 'settled_after_end', 'payment_conflict',
                                  'reversal', 'echo_mismatch')) as is_questioned
         from plan p join instalment i on i.plan_id = p.id
         where p.id = any($1)
         group by p.id",
    )
    .bind(plans)
    .fetch_all(pool)
    .await
}

/// Every plan.
pub(crate) async fn plans(pool: &PgPool) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select id from plan")
        .fetch_all(pool)
        .await
}

/// Open instalments whose due date is over, of plans that are not cancelled.
pub(crate) async fn overdue_instalments(
    pool: &PgPool,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<OverdueRow>, sqlx::Error> {
    sqlx::query_as(
        "select i.id, i.plan_id, i.state, i.due_date, coalesce(a.uid, '') as agreement_uid,
           i.wake_at is not null
             or exists (select 1 from payment m
                        where m.instalment_id = i.id and m.wake_at is not null) as is_looked_at,
           p.frozen_because is not null or i.quarantined_at is not null
             or coalesce(i.wake_at <= $2, false)
             or exists (select 1 from db_fence where reconciled_at is null) as is_held
         from instalment i
         join plan p on p.id = i.plan_id
         left join lateral (
           select uid from agreement n where n.plan_id = p.id order by n.attempt_no desc limit 1
         ) a on true
         where i.due_date < $1
           and i.state in ('scheduled', 'collecting', 'retrying')
           and p.state <> 'cancelled'",
    )
    .bind(today)
    .bind(now)
    .fetch_all(pool)
    .await
}

/// Agreements with more failures in a row than a bank bears.
pub(crate) async fn streaks(pool: &PgPool, most: i32) -> Result<Vec<StreakRow>, sqlx::Error> {
    sqlx::query_as(
        "select uid, plan_id, consecutive_failures from agreement where $1 < consecutive_failures",
    )
    .bind(most)
    .fetch_all(pool)
    .await
}

/// How many instalments have come due, and how many agreements there are.
pub(crate) async fn due(pool: &PgPool, today: NaiveDate) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select (select count(*) from instalment where due_date < $1),
                (select count(*) from agreement)",
    )
    .bind(today)
    .fetch_one(pool)
    .await
}

/// How many instalments there are in each state.
pub(crate) async fn instalments(pool: &PgPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as("select state, count(*) from instalment group by state order by state")
        .fetch_all(pool)
        .await
}

/// A turn of a switch over everything.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct TurnRow {
    /// `all`, or `provider`: there is one.
    pub scope: String,
    pub is_closed: bool,
    pub at: DateTime<Utc>,
}

/// Every turn of the switches over everything, in order; the journal has them under the nil id.
pub(crate) async fn turns(pool: &PgPool) -> Result<Vec<TurnRow>, sqlx::Error> {
    sqlx::query_as(
        "select split_part(detail, ':', 1) as scope, to_state = 'closed' as is_closed, at
         from journal
         where subject = 'control' and subject_id = '00000000-0000-0000-0000-000000000000'
           -- The fence of the database itself is told under the same id, and has another graph.
           and to_state in ('open', 'closed')
         order by id",
    )
    .fetch_all(pool)
    .await
}

/// How many rows should have been looked at by `at`, and how many webhooks wait.
pub(crate) async fn overdue(pool: &PgPool, at: DateTime<Utc>) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select (select count(*) from agreement where wake_at <= $1)
              + (select count(*) from instalment where wake_at <= $1)
              + (select count(*) from payment where wake_at <= $1),
                (select count(*) from webhook where digested_at is null and received_at <= $1)",
    )
    .bind(at)
    .fetch_one(pool)
    .await
}

/// How many open questions there are about rows in quarantine.
pub(crate) async fn quarantined(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from exception where kind = 'quarantined' and closed_at is null",
    )
    .fetch_one(pool)
    .await
}

/// How many rows of each kind there are: customers, plans, instalments and agreements.
pub(crate) async fn counts(pool: &PgPool) -> Result<(i64, i64, i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select (select count(*) from customer), (select count(*) from plan),
                (select count(*) from instalment), (select count(*) from agreement)",
    )
    .fetch_one(pool)
    .await
}

/// How many plans there are of the customer whom the lender names so.
pub(crate) async fn plans_of(pool: &PgPool, external_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*)
         from plan p join customer c on c.id = p.customer_id
         where c.external_id = $1",
    )
    .bind(external_id)
    .fetch_one(pool)
    .await
}

/// How many open questions there are of each kind.
pub(crate) async fn questions(pool: &PgPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as("select kind, count(*) from exception group by kind order by kind")
        .fetch_all(pool)
        .await
}
