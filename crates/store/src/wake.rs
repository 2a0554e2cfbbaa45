//! Leases: which process attends which row now, and until when.
//!
//! A row whose `wake_at` has come is due. [`Store::lease`] gives due rows to one caller under a
//! token and a deadline; [`Store::heartbeat`] moves the deadline; [`Store::finish`] and
//! [`Store::release`] give the rows back. A caller that dies does nothing, and its rows come free
//! at the deadline. A lease is for liveness only: a row may be attended twice, and nothing else may
//! rest on its not being so.
//!
//! Business time (`wake_at`) is an argument; deadlines alone use the database's own clock, the only
//! one that every process shares. Nothing here waits for a second row lock while it holds one, but
//! for rows of one table in the order of their ids.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{AgreementId, InstalmentId, PaymentId, WebhookId};

use crate::{Store, StoreError};

mod held;
mod statements;
mod plan;
mod quarantine;

pub use held::HeldRow;
pub(crate) use plan::wake_plans;
pub use quarantine::{Begun, CRASHES_MAX};
use statements::Statements;

/// What a leased row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An agreement to propose, or to ask the provider about.
    Agreement,
    /// An instalment to collect.
    Instalment,
    /// A payment to send, or to ask the provider about.
    Payment,
    /// A webhook to digest.
    Webhook,
    /// Something that is done again and again, once for all processes.
    Chore,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [
        Kind::Agreement,
        Kind::Instalment,
        Kind::Payment,
        Kind::Webhook,
        Kind::Chore,
    ];

    /// The kind's name, which is also that of its table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Agreement => "agreement",
            Kind::Instalment => "instalment",
            Kind::Payment => "payment",
            Kind::Webhook => "webhook",
            Kind::Chore => "chore",
        }
    }

    /// A row's id as everybody outside is shown it.
    pub fn shown_id(self, id: Uuid) -> String {
        match self {
            Kind::Agreement => AgreementId::new(id).to_string(),
            Kind::Instalment => InstalmentId::new(id).to_string(),
            Kind::Payment => PaymentId::new(id).to_string(),
            Kind::Webhook => WebhookId::new(id).to_string(),
            Kind::Chore => id.to_string(),
        }
    }

    /// The statement that leases due rows: `$1` token, `$2` business time, `$3` rows at most, `$4`
    /// lease in milliseconds. Public so that its plan can be checked.
    pub const fn lease_statement(self) -> &'static str {
        self.statements().lease
    }

    /// The tables in which rows are held under the tokens of this kind: its own, and that of the payments which an
    /// instalment's attendance arms.
    const fn held_with(self) -> &'static [Kind] {
        match self {
            Kind::Agreement => &[Kind::Agreement],
            Kind::Instalment => &[Kind::Instalment, Kind::Payment],
            Kind::Payment => &[Kind::Payment],
            Kind::Webhook => &[Kind::Webhook],
            Kind::Chore => &[Kind::Chore],
        }
    }

    const fn statements(self) -> &'static Statements {
        match self {
            Kind::Agreement => &statements::AGREEMENT,
            Kind::Instalment => &statements::INSTALMENT,
            Kind::Payment => &statements::PAYMENT,
            Kind::Webhook => &statements::WEBHOOK,
            Kind::Chore => &statements::CHORE,
        }
    }
}

/// Rows of one kind, leased under one token, to be attended together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What the rows are.
    pub kind: Kind,
    /// What proves the lease: every later write of it names the token.
    pub token: Uuid,
    /// The rows, the longest due first. Never empty.
    pub ids: Vec<Uuid>,
    /// Whether the row was leased before and not finished. Such a row is alone in its batch.
    pub leased_before: bool,
    /// How often the rows were leased without being finished, this lease included. At least 1.
    pub leases: i32,
}

/// How the attendance of a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The rows hold whatever comes next. Their counts of leases and crashes start again.
    Done,
    /// The attendance failed, and lived to say so: no crash. The rows are attended again, each alone.
    Failed {
        /// Business time: the earliest at which a row that is still awake is due again.
        retry_at: Instant,
    },
}

/// How much work there is, but for chores and for rows in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows of all kinds whose `wake_at` has come, leased ones included.
    pub due: i64,
    /// Rows of all kinds under a lease that has not run out.
    pub leased: i64,
    /// Business time: when the next row comes due, of those not due yet.
    pub next_wake_at: Option<Instant>,
}

impl Store {
    /// Leases up to `rows_max` due rows that nobody holds, the longest due first, for `lease`.
    ///
    /// Rows never leased before share one batch; a row that was leased before and not finished is a
    /// batch of its own. The first batch is the shared one. The rest are shuffled, anew with each
    /// lease, so that a row which kills its process does not take the same neighbours with it each time.
    ///
    /// A crash after the commit strands nothing: the rows come free when the lease runs out.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn lease(
        &self,
        kind: Kind,
        now: Instant,
        rows_max: i64,
        lease: Duration,
    ) -> Result<Vec<Batch>, StoreError> {
        let shared = Uuid::from_bytes(rand::random());
        let rows = sqlx::query(kind.statements().lease)
            .bind(shared)
            .bind(now)
            .bind(rows_max)
            .bind(milliseconds(lease))
            .fetch_all(&self.pool)
            .await?;
        let leased = rows
            .iter()
            .map(Leased::read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(batches(kind, shared, leased))
    }

    /// Moves the deadline of every row held under `tokens` to `lease` from now.
    ///
    /// Returns, in ascending order, the tokens under which any row is still held. Looks in all five
    /// tables: the payments that an instalment's attendance armed are held under its token. A row
    /// that another transaction has locked is left to the next heartbeat, so a heartbeat never
    /// waits.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn heartbeat(
        &self,
        tokens: &[Uuid],
        lease: Duration,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut held = Vec::new();
        for kind in Kind::ALL {
            let tokens: Vec<Uuid> = sqlx::query_scalar(kind.statements().heartbeat)
                .bind(tokens)
                .bind(milliseconds(lease))
                .fetch_all(&self.pool)
                .await?;
            held.extend(tokens);
        }
        held.sort_unstable();
        held.dedup();
        Ok(held)
    }

    /// Hands back rows that nobody began to attend, as if they had never been leased. Returns how
    /// many.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn release(&self, kind: Kind, token: Uuid) -> Result<u64, StoreError> {
        let released = sqlx::query(kind.statements().release)
            .bind(token)
            .execute(&self.pool)
            .await?;
        Ok(released.rows_affected())
    }

    /// Records how the attendance of batches of one kind ended, and ends their leases: those of the rows, and of
    /// what is held with them.
    ///
    /// Each table is a transaction of its own, on purpose: rows of one are never locked while
    /// waiting for another. A crash between two leaves leases that run out. Repeating the call
    /// changes nothing: the tokens are gone. A token that another lease has replaced touches
    /// nothing.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn finish(&self, kind: Kind, tokens: &[(Uuid, Finished)]) -> Result<(), StoreError> {
        let (mut done, mut failed, mut retry_at) = (Vec::new(), Vec::new(), Vec::new());
        for (token, finished) in tokens {
            match finished {
                Finished::Done => done.push(*token),
                Finished::Failed { retry_at: at } => {
                    failed.push(*token);
                    retry_at.push(*at);
                }
            }
        }

        for kind in kind.held_with() {
            let statements = kind.statements();
            if !done.is_empty() {
                sqlx::query(statements.done)
                    .bind(&done)
                    .execute(&self.pool)
                    .await?;
            }
            if !failed.is_empty() {
                let statement = sqlx::query(statements.failed).bind(&failed).bind(&retry_at);
                statement.execute(&self.pool).await?;
            }
        }
        Ok(())
    }

    /// How much work there is at the business time `now`; one consistent reading of all kinds.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer.
    pub async fn backlog(&self, now: Instant) -> Result<Backlog, StoreError> {
        let row = sqlx::query(include_str!("wake/backlog.sql"))
            .bind(now)
            .fetch_one(&self.pool)
            .await?;
        Ok(Backlog {
            due: row.try_get("due")?,
            leased: row.try_get("leased")?,
            next_wake_at: row.try_get("next_wake_at")?,
        })
    }

    /// Tells every process that something is due now. Call it after the commit. Returns at once.
    pub fn poke(&self) {
        self.poker.poke();
    }
}

/// One row as the lease left it.
#[derive(Clone, Copy)]
struct Leased {
    id: Uuid,
    token: Uuid,
    leases: i32,
    wake_at: Instant,
}

impl Leased {
    fn read(row: &PgRow) -> Result<Leased, sqlx::Error> {
        Ok(Leased {
            id: row.try_get("id")?,
            token: row.try_get("lease_token")?,
            leases: row.try_get("leases")?,
            wake_at: row.try_get("wake_at")?,
        })
    }
}

/// The rows by token: the shared batch first, in the order in which they came due, then the lone rows, shuffled.
fn batches(kind: Kind, shared: Uuid, mut leased: Vec<Leased>) -> Vec<Batch> {
    leased.sort_unstable_by_key(|row| {
        let lone = (row.token != shared).then(|| shuffled(row));
        (lone, row.wake_at, row.id)
    });
    let mut batches: Vec<Batch> = Vec::new();
    for row in leased {
        match batches.last_mut() {
            Some(batch) if batch.token == row.token => batch.ids.push(row.id),
            _ => batches.push(Batch {
                kind,
                token: row.token,
                ids: vec![row.id],
                leased_before: row.token != shared,
                leases: row.leases,
            }),
        }
    }
    batches
}

/// Where a lone row stands among the others: somewhere else each time that it is leased, and the same wherever the
/// same is leased again.
fn shuffled(row: &Leased) -> u64 {
    let mut hasher = DefaultHasher::new();
    (row.id, row.leases).hash(&mut hasher);
    hasher.finish()
}

/// Bound as a number: an interval would refuse a duration of odd nanoseconds.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u128, token: u128, leases: i32, minute: u32) -> Leased {
        let wake_at = format!("2026-02-02T06:{minute:02}:00Z").parse().unwrap();
        Leased {
            id: Uuid::from_u128(id),
            token: Uuid::from_u128(token),
            leases,
            wake_at,
        }
    }

    #[test]
    fn rows_leased_for_the_first_time_share_a_batch_in_the_order_they_came_due() {
        let shared = Uuid::from_u128(7);

        let batches = batches(
            Kind::Payment,
            shared,
            vec![row(1, 7, 1, 30), row(2, 7, 1, 10)],
        );

        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].ids, [Uuid::from_u128(2), Uuid::from_u128(1)]);
        assert!(!batches[0].leased_before);
    }

    #[test]
    fn a_row_leased_before_is_attended_alone_and_after_the_shared_batch() {
        let shared = Uuid::from_u128(7);

        let rows = vec![row(1, 3, 2, 0), row(2, 7, 1, 10), row(3, 5, 4, 20)];
        let batches = batches(Kind::Webhook, shared, rows);

        let mut told: Vec<_> = batches
            .iter()
            .map(|b| (b.ids.len(), b.leased_before, b.leases))
            .collect();
        assert_eq!(told[0], (1, false, 1));
        told.sort_unstable();
        assert_eq!(told, [(1, false, 1), (1, true, 2), (1, true, 4)]);
    }

    #[test]
    fn lone_rows_stand_beside_others_each_time_and_the_same_every_time_that_the_same_is_leased() {
        let order = |leases: i32, token: u128| -> Vec<Uuid> {
            let rows = (1..9).map(|id| row(id, token + id, leases, 0)).collect();
            let batches = batches(Kind::Payment, Uuid::nil(), rows);
            batches.iter().map(|batch| batch.ids[0]).collect()
        };

        assert_eq!(order(2, 100), order(2, 200));
        assert_ne!(order(2, 100), order(3, 100));
        assert_ne!(order(3, 100), order(4, 100));
    }
}
