//! The fence: which database this is, and whether it has been compared with the provider since it became that.
//!
//! A restored backup, or a standby that was promoted before it had everything, lacks what was sent in between. Nothing
//! is sent from such a copy until the provider's lists have been read. A copy is told by what it cannot take along: its
//! cluster's identifier, the timeline, and the database's own number. A process looks at them on every connection that it
//! makes, before anything else is done on it; a database cannot be exchanged under an open connection.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::Kind;

use crate::exceptions::{About, ByItself, close_by_itself};
use crate::journal::{JournalLine, append_events, append_journal};
use crate::{Store, StoreError};

/// Which database this is, and whether it has been compared with the provider.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Fence {
    /// The cluster.
    pub system_identifier: i64,
    /// The cluster's timeline, which a recovery or a promotion changes.
    pub timeline_id: i64,
    /// The database in it.
    pub database_oid: i64,
    /// When it was last compared with the provider as a whole; `None` while nothing may be sent.
    pub reconciled_at: Option<Instant>,
    /// The last instant at which anything had been written when it was found to be another one.
    pub written_until: Option<Instant>,
}

/// The subject of questions about the database itself.
pub const THE_DATABASE: Uuid = Uuid::nil();

/// The last instant at which anything was written.
const WRITTEN_UNTIL: &str = "greatest(
   (select max(created_at) from event),
   (select max(at) from journal),
   (select max(received_at) from webhook))";

/// The identity of the database that answers.
const HERE: &str = "select s.system_identifier,
        ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline_id,
        d.oid::bigint as database_oid
 from pg_control_system() s
 cross join pg_database d
 where d.datname = current_database()";

/// Compares the database that answers with the one on record. Another one is put on record in its place, as one that
/// has to be compared with the provider first; but for one without agreements, which has nothing to lack.
///
/// A chore is woken that compares it.
pub(crate) async fn watch(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let same = format!(
        "with here as ({HERE})
         select exists (
           select 1
           from db_fence f
           join here using (system_identifier, timeline_id, database_oid))"
    );
    let is_same: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(same))
        .fetch_one(&mut *connection)
        .await?;
    if is_same {
        return Ok(());
    }
    let moved = format!(
        "with here as ({HERE}),
         moved as (
           update db_fence f
           set system_identifier = here.system_identifier,
               timeline_id = here.timeline_id,
               database_oid = here.database_oid,
               reconciled_at = case
                 when not exists (select 1 from agreement) then f.reconciled_at
               end,
               written_until = {WRITTEN_UNTIL}
           from here
           returning f.reconciled_at)
         update chore
         set wake_at = 'epoch'
         where name = 'compare_restored'
           and exists (select 1 from moved where reconciled_at is null)"
    );
    let woken = sqlx::query(sqlx::AssertSqlSafe(moved))
        .execute(connection)
        .await?;
    if 0 < woken.rows_affected() {
        tracing::error!(
            "this is not the database that was last compared with the provider: nothing is sent until it has been"
        );
    }
    Ok(())
}

impl Store {
    /// Which database this is, on record.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn fence(&self) -> Result<Fence, StoreError> {
        let fence = sqlx::query_as(
            "select system_identifier, timeline_id, database_oid, reconciled_at, written_until
             from db_fence",
        );
        Ok(fence.fetch_one(&self.pool).await?)
    }

    /// Has nothing sent until the database has been compared with the provider: for copies that cannot be told from
    /// their original, such as a file system's snapshot. Everything since a week before the last word that was written is
    /// compared: processes may have written since. Wakes the chore that does it.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn close_fence(&self, now: Instant) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let close = format!(
            "update db_fence
             set reconciled_at = null,
                 written_until = {WRITTEN_UNTIL} - interval '7 days'"
        );
        sqlx::query(sqlx::AssertSqlSafe(close))
            .execute(&mut *tx)
            .await?;
        sqlx::query("update chore set wake_at = 'epoch' where name = 'compare_restored'")
            .execute(&mut *tx)
            .await?;
        append_journal(
            &mut tx,
            &[line("reconciled", "not_reconciled", "by_hand")],
            now,
        )
        .await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(())
    }

    /// Records that the database of `fence` has been compared with the provider as a whole, and has what waited for
    /// that looked at. Answers false where it is another one by now.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is sent still.
    pub async fn open_fence(
        &self,
        fence: &Fence,
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "update db_fence
             set reconciled_at = $4
             where system_identifier = $1 and timeline_id = $2 and database_oid = $3",
        )
        .bind(fence.system_identifier)
        .bind(fence.timeline_id)
        .bind(fence.database_oid)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        for statement in [
            "update agreement set wake_at = $1
             where waiting_because = 'database_not_reconciled' and $1 < wake_at",
            "update instalment set wake_at = $1
             where waiting_because = 'database_not_reconciled' and $1 < wake_at",
            "update payment set wake_at = $1 where state = 'intended' and $1 < wake_at",
        ] {
            sqlx::query(statement).bind(now).execute(&mut *tx).await?;
        }
        append_journal(
            &mut tx,
            &[line("not_reconciled", "reconciled", "compared")],
            now,
        )
        .await?;
        let answered = [ByItself {
            kinds: &[Kind::DatabaseMoved],
            about: About::Subject(THE_DATABASE),
            because: "the database has been compared with the provider",
        }];
        let events = close_by_itself(&mut tx, &answered, now, fresh_id).await?;
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(true)
    }
}

fn line(from_state: &'static str, to_state: &'static str, cause: &'static str) -> JournalLine {
    JournalLine {
        subject: "control",
        subject_id: THE_DATABASE,
        from_state,
        to_state,
        cause,
        detail: None,
    }
}
