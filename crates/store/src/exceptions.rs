//! What a person must decide. Opened in the transaction of the step that raised it, once per subject.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;

use crate::StoreError;

/// A question for a person.
#[derive(Clone, Debug)]
pub struct NewException {
    /// The exception's id (UUIDv7).
    pub id: Uuid,
    /// Its kind, such as `late_settlement`.
    pub kind: &'static str,
    /// The plan it concerns, where there is one.
    pub plan_id: Option<Uuid>,
    /// What it is about: `payment`, `agreement`, `webhook`.
    pub subject: &'static str,
    /// That object's id.
    pub subject_id: Uuid,
    /// The facts, in a sentence. Never a name or an account.
    pub detail: String,
    /// What to do next, in a sentence.
    pub next_action: &'static str,
}

pub(crate) async fn open_exceptions(
    tx: &mut PgConnection,
    exceptions: &[NewException],
    now: Instant,
) -> Result<(), StoreError> {
    for exception in exceptions {
        sqlx::query(
            "insert into exception
               (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (kind, subject_id) where closed_at is null do nothing",
        )
        .bind(exception.id)
        .bind(exception.kind)
        .bind(exception.plan_id)
        .bind(exception.subject)
        .bind(exception.subject_id)
        .bind(&exception.detail)
        .bind(exception.next_action)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
