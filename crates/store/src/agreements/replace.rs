//! Another agreement for a plan whose draft can no longer be proposed.

use domain::agreement::State;
use domain::date::Instant;
use domain::uid::{AgreementId, PlanId};

use super::line;
use crate::journal::{NewEvent, append_events, append_journal};
use crate::plans::{NewAgreement, insert_agreement};
use crate::{Store, StoreError};

/// A draft, and the agreement that takes its place.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The draft.
    pub old: AgreementId,
    /// The version it was decided on.
    pub version: i64,
    /// Where the draft stands then: taken back.
    pub old_to: State,
    /// Its plan.
    pub plan_id: PlanId,
    /// The number of the new one among its plan's agreements.
    pub attempt_no: u32,
    /// The new one.
    pub new: NewAgreement,
    /// What the lender is told.
    pub event: NewEvent,
}

impl Store {
    /// Takes a draft back and drafts another agreement in its place, in one commit. Answers false when the
    /// draft moved meanwhile; then nothing is written.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is written.
    pub async fn replace_agreement(
        &self,
        replacement: &Replacement,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let old = replacement.old.uuid();
        let done = sqlx::query(
            "update agreement
             set state = $3, wake_at = null, waiting_because = null,
                 reason_code = 'start_in_past', version = version + 1
             where id = $1 and version = $2 and state = 'drafted'",
        )
        .bind(old)
        .bind(replacement.version)
        .bind(replacement.old_to.as_str())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let plan_id = replacement.plan_id;
        let number = replacement.attempt_no;
        insert_agreement(&mut tx, plan_id, number, &replacement.new, now).await?;
        let ended = line(
            old,
            State::Drafted,
            replacement.old_to,
            "start_in_past",
            None,
        );
        append_journal(&mut tx, &[ended], now).await?;
        append_events(&mut tx, std::slice::from_ref(&replacement.event), now).await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(true)
    }
}
