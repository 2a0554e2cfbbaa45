//! The cancellation of agreements at the provider: written before the call, taken up again after a hint.

use uuid::Uuid;

use domain::date::Instant;
use domain::uid::AgreementId;

use super::{AgreementRow, line};
use crate::exceptions::{NewException, open_exceptions};
use crate::journal::{JournalLine, append_journal};
use crate::{Store, StoreError};

/// How soon after one attempt to cancel an agreement a hint may bring about the next.
const HINT_AFTER_SECONDS: i64 = 60;

impl Store {
    /// Marks agreements as being cancelled at the provider, before any byte leaves: those leased under `token`
    /// whose row is still at the version given. Opens the `questions` that this raises. Answers the ones to be
    /// asked for; `wake_at` is when they are looked at again.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing may be sent.
    pub async fn arm_cancellations(
        &self,
        token: Uuid,
        rows: &[AgreementRow],
        questions: &[NewException],
        now: Instant,
        wake_at: Instant,
    ) -> Result<Vec<AgreementId>, StoreError> {
        let mut tx = self.begin().await?;
        let armed: Vec<Uuid> = sqlx::query_scalar(
            "update agreement a
             set cancel_sent_at = $4,
                 cancel_tries = a.cancel_tries + 1,
                 wake_at = $5,
                 version = a.version + 1
             from unnest($1::uuid[], $2::bigint[]) as n (id, version)
             where a.id = n.id
               and a.version = n.version
               and a.lease_token = $3
               and a.cancel_wanted_at is not null
               and exists (select 1 from db_fence where reconciled_at is not null)
             returning a.id",
        )
        .bind(rows.iter().map(|row| row.id.uuid()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.version).collect::<Vec<_>>())
        .bind(token)
        .bind(now)
        .bind(wake_at)
        .fetch_all(&mut *tx)
        .await?;
        let is_armed = |id: &AgreementId| armed.contains(&id.uuid());
        let lines: Vec<JournalLine> = rows
            .iter()
            .filter(|row| is_armed(&row.id))
            .map(|row| {
                line(
                    row.id.uuid(),
                    row.state,
                    row.state,
                    "cancellation_sent",
                    None,
                )
            })
            .collect();
        append_journal(&mut tx, &lines, now).await?;
        let raised: Vec<NewException> = questions
            .iter()
            .filter(|question| armed.contains(&question.subject_id))
            .cloned()
            .collect();
        open_exceptions(&mut tx, &raised, now).await?;
        tx.commit().await?;
        Ok(armed.into_iter().map(AgreementId::new).collect())
    }

    /// Takes up again the cancellations among these agreements, at `now`: a hint says that the provider could
    /// not do them, or (unless `has_left`) the request never left, and counts as no try. One that was asked
    /// for less than a minute ago waits for that minute.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn doubt_cancellations(
        &self,
        ids: &[AgreementId],
        has_left: bool,
        now: Instant,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        sqlx::query(
            "update agreement
             set cancel_failed_at = $2,
                 cancel_tries = greatest(0, cancel_tries - case when $4 then 0 else 1 end),
                 wake_at = least(
                   wake_at,
                   greatest($2, cancel_sent_at + $3 * interval '1 second')),
                 version = version + 1
             where id = any($1)
               and cancel_sent_at is not null
               and (cancel_failed_at is null or cancel_failed_at < cancel_sent_at)
               and state in ('pending', 'created', 'active', 'suspended')",
        )
        .bind(&ids)
        .bind(now)
        .bind(HINT_AFTER_SECONDS)
        .bind(has_left)
        .execute(&self.pool)
        .await?;
        self.poker.poke();
        Ok(())
    }
}
