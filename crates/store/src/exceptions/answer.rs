//! Answering a question, and taking it on: each one transaction, with the answer under its `Idempotency-Key`.

use serde_json::json;
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::Misfit;
use domain::uid::{ExceptionId, PlanId};

use super::writes::{AnswerWrite, unfreeze, write};
use super::{ClosedTold, ExceptionFacts, closed_line};
use crate::idempotency::{self, Claimed, IdempotencyClaim};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::{Store, StoreError};

/// What became of an answer.
#[derive(Debug)]
pub enum Answered {
    /// There is no such question.
    NotFound,
    /// It was answered before: how.
    Closed(Box<ExceptionFacts>),
    /// The answer does not fit; the question stays open.
    Refused(Box<ExceptionFacts>, Misfit),
    /// It is answered, on these facts; whether the plan goes on by that.
    Done(Box<ExceptionFacts>, Box<AnswerWrite>, bool),
    /// It was answered under the same key.
    Replayed {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The key belongs to another request.
    KeyReused,
}

/// What became of an assignment.
#[derive(Debug)]
pub enum AssignmentOutcome {
    /// There is no such question.
    NotFound,
    /// It was answered already.
    Closed(Box<ExceptionFacts>),
    /// It has this owner now.
    Done(Box<ExceptionFacts>),
    /// It was done under the same key.
    Replayed {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The key belongs to another request.
    KeyReused,
}

type Decide<'a> = dyn Fn(&ExceptionFacts) -> Result<AnswerWrite, Misfit> + Send + Sync + 'a;
type Told<'a> =
    dyn Fn(&ExceptionFacts, &AnswerWrite, bool) -> Option<IdempotencyClaim> + Send + Sync + 'a;
type Taken<'a> = dyn Fn(&ExceptionFacts) -> Option<IdempotencyClaim> + Send + Sync + 'a;

impl Store {
    /// Answers a question as `decide` says, run under the locks that arming takes: what it changes, the unfreezing of
    /// the plan where nothing else freezes it, journal and event commit together. `told` makes the claim of what is
    /// answered.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the question stays open.
    pub async fn answer_exception(
        &self,
        id: ExceptionId,
        now: Instant,
        fresh_id: fn() -> Uuid,
        decide: &Decide<'_>,
        told: &Told<'_>,
    ) -> Result<Answered, StoreError> {
        let mut tx = self.begin().await?;
        let Some(facts) = self.exception_facts(&mut tx, id).await? else {
            return Ok(Answered::NotFound);
        };
        if facts.closed_at.is_some() {
            return Ok(Answered::Closed(Box::new(facts)));
        }
        let decided = match decide(&facts) {
            Ok(decided) => decided,
            Err(misfit) => return Ok(Answered::Refused(Box::new(facts), misfit)),
        };
        sqlx::query(
            "update exception
             set closed_at = $2, resolution = $3, resolution_reason = $4
             where id = $1",
        )
        .bind(id.uuid())
        .bind(now)
        .bind(decided.resolution.as_str())
        .bind(&decided.reason)
        .execute(&mut *tx)
        .await?;
        let mut events = write(&mut tx, &decided, now, fresh_id).await?;
        let goes_on = match facts.plan_id {
            Some(plan_id) => unfreeze(&mut tx, plan_id.uuid(), now).await?,
            None => false,
        };
        if let Some(claim) = told(&facts, &decided, goes_on) {
            match idempotency::claim(&mut tx, &claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => return Ok(Answered::Replayed { status, body }),
                Claimed::OtherRequest => return Ok(Answered::KeyReused),
            }
        }
        let line = closed_line(id.uuid(), decided.resolution, decided.reason.clone());
        append_journal(&mut tx, &[line], now).await?;
        events.push(resolved(&facts, &decided).event(fresh_id()));
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(Answered::Done(Box::new(facts), Box::new(decided), goes_on))
    }

    /// Gives a question an owner, in the place of whoever had it. `taken` makes the claim of what is answered.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then it keeps the owner it had.
    pub async fn assign_exception(
        &self,
        id: ExceptionId,
        owner: &str,
        now: Instant,
        fresh_id: fn() -> Uuid,
        taken: &Taken<'_>,
    ) -> Result<AssignmentOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let Some(mut facts) = self.exception_facts(&mut tx, id).await? else {
            return Ok(AssignmentOutcome::NotFound);
        };
        if facts.closed_at.is_some() {
            return Ok(AssignmentOutcome::Closed(Box::new(facts)));
        }
        facts.owner = Some(owner.to_owned());
        if let Some(claim) = taken(&facts) {
            match idempotency::claim(&mut tx, &claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => {
                    return Ok(AssignmentOutcome::Replayed { status, body });
                }
                Claimed::OtherRequest => return Ok(AssignmentOutcome::KeyReused),
            }
        }
        sqlx::query("update exception set owner = $2, assigned_at = $3 where id = $1")
            .bind(id.uuid())
            .bind(owner)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let line = JournalLine {
            subject: "exception",
            subject_id: id.uuid(),
            from_state: "open",
            to_state: "open",
            cause: "assigned",
            detail: Some(owner.to_owned()),
        };
        append_journal(&mut tx, &[line], now).await?;
        let event = NewEvent {
            id: fresh_id(),
            kind: "exception.assigned",
            aggregate_id: facts.plan_id.map_or(id.uuid(), PlanId::uuid),
            data: json!({
                "plan_id": facts.plan_id.map(|id| id.to_string()),
                "exception_id": id.to_string(),
                "kind": facts.kind,
                "owner": owner,
            }),
        };
        append_events(&mut tx, &[event], now).await?;
        tx.commit().await?;
        Ok(AssignmentOutcome::Done(Box::new(facts)))
    }
}

fn resolved<'a>(facts: &'a ExceptionFacts, decided: &'a AnswerWrite) -> ClosedTold<'a> {
    ClosedTold {
        id: facts.id.uuid(),
        kind: &facts.kind,
        plan_id: facts.plan_id.map(PlanId::uuid),
        subject: &facts.subject,
        subject_id: facts.subject_id,
        resolution: decided.resolution,
        reason: &decided.reason,
    }
}
