//! Pauses: a plan stands still on its lender's word, until a date or until it is resumed.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::uid::{AgreementId, PlanId};
use domain::{agreement, plan};

use super::{lock_plans, plan_line};
use crate::agreements::{InFlightPayment, in_flight};
use crate::codec::{date, understood};
use crate::exceptions::{NewException, open_exceptions};
use crate::idempotency::{self, Claimed, IdempotencyClaim};
use crate::journal::{NewEvent, append_events, append_journal};
use crate::wake::wake_plans;
use crate::{Store, StoreError};

/// A plan with what its pause and its resumption are decided on, read under locks.
#[derive(Clone, Debug)]
pub struct PlanToPause {
    /// Where it stands.
    pub state: plan::State,
    /// Its pause, while it is paused.
    pub pause: Option<Pause>,
    /// Its newest agreement.
    pub agreement_id: AgreementId,
    /// Where that stands.
    pub agreement_state: agreement::State,
    /// Its payments by which money may still move.
    pub in_flight: Vec<InFlightPayment>,
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The Sydney date on which the plan goes on by itself; nothing where only a person resumes it.
    pub until: Option<BusinessDate>,
    /// Why, in the lender's words.
    pub reason: String,
}

/// What becomes of a plan that is paused or resumed.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it stands then.
    pub to: plan::State,
    /// Its pause; nothing where it goes on.
    pub pause: Option<Pause>,
    /// What caused it, for the journal.
    pub cause: &'static str,
    /// What the lender is told.
    pub events: Vec<NewEvent>,
    /// What a person is asked.
    pub exceptions: Vec<NewException>,
}

/// What a request to pause or resume a plan led to.
#[derive(Debug)]
pub enum PauseOutcome {
    /// There is no such plan.
    NotFound,
    /// Its rows, read under locks, with what was decided on them and written; nothing where nothing changes.
    Decided(Box<PlanToPause>, Option<Change>),
    /// It was answered before, under the same key.
    Replayed {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The key belongs to another request.
    KeyReused,
}

type Decide<'a> = dyn Fn(&PlanToPause) -> Option<Change> + Send + Sync + 'a;
type Answer<'a> =
    dyn Fn(&PlanToPause, Option<&Change>) -> Option<IdempotencyClaim> + Send + Sync + 'a;

impl Store {
    /// Pauses or resumes a plan as `decide` says, run under the locks that arming takes: what is not sent when a
    /// pause commits is not sent until the plan goes on. A resumption wakes what the pause held back; so does
    /// the agreement's own waking on the date until which a plan is paused. `answer` makes the claim of what is
    /// answered, kept in the same commit.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the plan stands as it stood.
    pub async fn pause_or_resume(
        &self,
        id: PlanId,
        now: Instant,
        decide: &Decide<'_>,
        answer: &Answer<'_>,
    ) -> Result<PauseOutcome, StoreError> {
        let mut tx = self.begin().await?;
        lock_plans(&mut tx, &[id.uuid()]).await?;
        let Some(facts) = facts(&mut tx, id).await? else {
            return Ok(PauseOutcome::NotFound);
        };
        let decided = decide(&facts);
        if let Some(claim) = answer(&facts, decided.as_ref()) {
            match idempotency::claim(&mut tx, &claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => {
                    return Ok(PauseOutcome::Replayed { status, body });
                }
                Claimed::OtherRequest => return Ok(PauseOutcome::KeyReused),
            }
        }
        if let Some(change) = &decided {
            write(&mut tx, id, change, now).await?;
            let step = plan_line(id.uuid(), facts.state, change.to, change.cause);
            append_journal(&mut tx, &[step], now).await?;
            match &change.pause {
                Some(pause) => wake_on_the_date(&mut tx, &facts, pause).await?,
                None => wake_held(&mut tx, id, now).await?,
            }
            open_exceptions(&mut tx, &change.exceptions, now).await?;
            append_events(&mut tx, &change.events, now).await?;
        }
        tx.commit().await?;
        self.poker.poke();
        Ok(PauseOutcome::Decided(Box::new(facts), decided))
    }
}

async fn facts(tx: &mut PgConnection, id: PlanId) -> Result<Option<PlanToPause>, StoreError> {
    type Row = (String, Option<String>, Option<NaiveDate>, Uuid, String);
    let row: Option<Row> = sqlx::query_as(
        "select p.state, p.paused_because, p.paused_until, a.id, a.state
         from plan p
         join lateral (
           select n.id, n.state
           from agreement n
           where n.plan_id = p.id
           order by n.attempt_no desc
           limit 1
         ) a on true
         where p.id = $1",
    )
    .bind(id.uuid())
    .fetch_optional(&mut *tx)
    .await?;
    let Some((state, because, until, agreement_id, agreement_state)) = row else {
        return Ok(None);
    };
    let state = understood(plan::State::parse(&state), "state", id.uuid())?;
    let until = until.map(|until| date(until, "paused_until", id.uuid()));
    let pause = Pause {
        until: until.transpose()?,
        reason: because.unwrap_or_default(),
    };
    Ok(Some(PlanToPause {
        state,
        pause: (state == plan::State::Paused).then_some(pause),
        agreement_id: AgreementId::new(agreement_id),
        agreement_state: understood(
            agreement::State::parse(&agreement_state),
            "agreement state",
            agreement_id,
        )?,
        in_flight: in_flight(tx, id).await?,
    }))
}

async fn write(
    tx: &mut PgConnection,
    id: PlanId,
    change: &Change,
    now: Instant,
) -> Result<(), StoreError> {
    let pause = change.pause.as_ref();
    let until = pause.and_then(|pause| pause.until);
    sqlx::query(
        "update plan
         set state = $2,
             paused_at = case when $3::text is null then null else coalesce(paused_at, $6) end,
             paused_because = $3,
             paused_until = $4,
             resumes_at = $5,
             version = version + 1
         where id = $1",
    )
    .bind(id.uuid())
    .bind(change.to.as_str())
    .bind(pause.map(|pause| pause.reason.as_str()))
    .bind(until.map(BusinessDate::naive))
    .bind(until.map(BusinessDate::opens_at))
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The agreement is what wakes on the date. Whoever decided on its row before finds that it moved.
async fn wake_on_the_date(
    tx: &mut PgConnection,
    facts: &PlanToPause,
    pause: &Pause,
) -> Result<(), StoreError> {
    sqlx::query(
        "update agreement
         set wake_at = least(coalesce(wake_at, $2), $2), version = version + 1
         where id = $1 and $2 is not null",
    )
    .bind(facts.agreement_id.uuid())
    .bind(pause.until.map(BusinessDate::opens_at))
    .execute(tx)
    .await?;
    Ok(())
}

/// What the pause held back is looked at now. Whoever decides on one of these rows just now, as of a plan that is
/// paused, finds that it moved, and it is attended again. An agreement that has ended sleeps again.
async fn wake_held(tx: &mut PgConnection, id: PlanId, now: Instant) -> Result<(), StoreError> {
    sqlx::query(
        "update agreement
         set wake_at = case
               when state = 'drafted' then $2
               when state in ('declined', 'expired', 'cancelled', 'failed') then null
               else wake_at
             end,
             version = version + 1
         where plan_id = $1 and wake_at is not null",
    )
    .bind(id.uuid())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    wake_plans(tx, &[id.uuid()], Some("plan_not_active"), now).await
}
