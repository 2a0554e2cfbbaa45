//! Recording: what a report means for a payment, its instalment, its agreement and its plan, in one commit.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::Kind;
use domain::instalment;
use domain::payment::State;
use domain::uid::{AgreementId, PaymentId, PlanId};

use super::slots::give_back;
use crate::codec::int;
use crate::exceptions::{About, ByItself, NewException, close_by_itself, open_exceptions};
use crate::instalments::{InstalmentMove, ended_event, write_moves};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::{complete_plans, freeze_plans};
use crate::{Store, StoreError};

/// A failure, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFailure {
    /// Its code, such as `AM04`.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Whether the provider says it may be retried.
    pub retryable: bool,
}

/// What a step does to the count of the agreement's failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streak {
    /// Leaves it.
    Keep,
    /// A payment settled: back to none. Decided when there were so many.
    Reset(u32),
    /// One more than so many.
    Add(u32),
}

impl Streak {
    /// The count that the step was decided on, where it hangs on that.
    pub fn decided_on(self) -> Option<u32> {
        match self {
            Streak::Keep => None,
            Streak::Reset(count) | Streak::Add(count) => Some(count),
        }
    }

    /// Whether the count is another one afterwards.
    pub fn moves(self) -> bool {
        match self {
            Streak::Keep => false,
            Streak::Reset(count) => 0 < count,
            Streak::Add(_) => true,
        }
    }
}

/// What of the last sending is taken back, because it did not happen or nobody knows that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeBack {
    /// Nothing.
    Nothing,
    /// The submission: no byte of it left. A retry with it.
    Submission,
    /// The retry, but not its submission: it may have left, and counts towards the provider's limits.
    Retry,
}

/// A step of one payment, decided on the row at `version`.
#[derive(Clone, Debug)]
pub struct PaymentWrite {
    /// Which one.
    pub id: PaymentId,
    /// The version it was decided on.
    pub version: i64,
    /// Its plan.
    pub plan_id: PlanId,
    /// Its agreement.
    pub agreement_id: AgreementId,
    /// Where it stood.
    pub from: State,
    /// Where it stands now; may be the same.
    pub to: State,
    /// When to look at it again; never `None` while it lives.
    pub wake_at: Option<Instant>,
    /// When the provider first said that it does not know it.
    pub absent_since_at: Option<Instant>,
    /// The provider's own word for its state.
    pub provider_state: Option<String>,
    /// Whether that is another word than it last had: then the journal has it, even where the state stays.
    pub is_news: bool,
    /// Why it failed.
    pub failure: Option<ProviderFailure>,
    /// What the provider says although it cannot be true.
    pub conflict_state: Option<State>,
    /// What of the last sending is taken back.
    pub take_back: TakeBack,
    /// What it does to the agreement's failures in a row.
    pub streak: Streak,
    /// Whether failures in a row end by it: what was held back for them goes on.
    pub ends_streak: bool,
    /// Whether the agreement is asked about at once.
    pub wakes_agreement: bool,
    /// Why the plan is frozen from now on.
    pub freeze: Option<&'static str>,
    /// The instalment's step that follows.
    pub instalment: Option<InstalmentMove>,
    /// What caused it, for the journal.
    pub cause: &'static str,
    /// What the lender is told.
    pub events: Vec<NewEvent>,
    /// The questions it raises.
    pub exceptions: Vec<NewException>,
}

impl Store {
    /// Records decided steps with all that follows from them. Answers the ids that were written; the others
    /// moved meanwhile and must be read and decided again. Of an agreement at most one step may move the count of
    /// failures.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing of it is written.
    pub async fn record_payments(
        &self,
        writes: &[PaymentWrite],
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<Vec<PaymentId>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        lock_agreements(&mut tx, writes).await?;
        let written = update_payments(&mut tx, writes, now).await?;
        let done: Vec<&PaymentWrite> = writes
            .iter()
            .filter(|write| written.contains(&write.id.uuid()))
            .collect();
        give_back(&mut tx, &done, now).await?;
        count_failures(&mut tx, &done).await?;
        take_back_retries(&mut tx, &done).await?;
        wake_agreements(&mut tx, &done, now).await?;
        let frozen: Vec<(PlanId, &'static str)> = done
            .iter()
            .filter_map(|write| write.freeze.map(|because| (write.plan_id, because)))
            .collect();
        freeze_plans(&mut tx, &frozen).await?;
        append_journal(
            &mut tx,
            &done
                .iter()
                .filter_map(|write| line(write))
                .collect::<Vec<_>>(),
            now,
        )
        .await?;
        let moves: Vec<InstalmentMove> = done
            .iter()
            .filter_map(|write| write.instalment.clone())
            .collect();
        write_moves(&mut tx, &moves, None, now).await?;
        let exceptions: Vec<NewException> = done
            .iter()
            .flat_map(|write| write.exceptions.iter().cloned())
            .collect();
        open_exceptions(&mut tx, &exceptions, now).await?;
        let mut events: Vec<NewEvent> = done
            .iter()
            .flat_map(|write| write.events.iter().cloned())
            .collect();
        // Its payment tells of every other end.
        let missed = moves
            .iter()
            .filter(|step| step.to == instalment::State::Missed);
        events.extend(missed.map(|step| ended_event(step, fresh_id())));
        let ended: Vec<Uuid> = moves
            .iter()
            .filter(|step| !step.to.is_open())
            .map(|step| step.plan_id.uuid())
            .collect();
        events.extend(complete_plans(&mut tx, &ended, now, fresh_id).await?);
        let unbroken = done.iter().filter(|write| write.ends_streak);
        let answered: Vec<ByItself> = unbroken.map(|write| streak_ended(write)).collect();
        events.extend(close_by_itself(&mut tx, &answered, now, fresh_id).await?);
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        Ok(written.into_iter().map(PaymentId::new).collect())
    }
}

fn streak_ended(write: &PaymentWrite) -> ByItself {
    ByItself {
        kinds: &[Kind::AgreementHeldBack],
        about: About::Subject(write.agreement_id.uuid()),
        because: "a payment settled",
    }
}

/// Agreements are locked before payments, here as in arming, so the two never wait for each other.
async fn lock_agreements(tx: &mut PgConnection, writes: &[PaymentWrite]) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = writes
        .iter()
        .map(|write| write.agreement_id.uuid())
        .collect();
    sqlx::query("select id from agreement where id = any($1) order by id for no key update")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    let ids: Vec<Uuid> = writes.iter().map(|write| write.plan_id.uuid()).collect();
    sqlx::query("select id from plan where id = any($1) order by id for no key update")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    let ids: Vec<Uuid> = writes
        .iter()
        .filter_map(|write| write.instalment.as_ref().map(|step| step.id.uuid()))
        .collect();
    sqlx::query("select id from instalment where id = any($1) order by id for no key update")
        .bind(&ids)
        .execute(tx)
        .await?;
    Ok(())
}

/// One column of the rows to write.
fn column<T>(writes: &[PaymentWrite], of: impl Fn(&PaymentWrite) -> T) -> Vec<T> {
    writes.iter().map(of).collect()
}

/// A payment whose instalment, or whose agreement's count of failures, moved meanwhile is not written either: they are
/// one decision.
async fn update_payments(
    tx: &mut PgConnection,
    writes: &[PaymentWrite],
    now: Instant,
) -> Result<Vec<Uuid>, StoreError> {
    let failure = |write: &PaymentWrite| write.failure.clone();
    let instalment = |write: &PaymentWrite| write.instalment.as_ref().map(|step| step.version);
    let written = sqlx::query_scalar(include_str!("record_payments.sql"))
        .bind(column(writes, |write| write.id.uuid()))
        .bind(column(writes, |write| write.version))
        .bind(column(writes, |write| write.to.as_str()))
        .bind(column(writes, |write| write.wake_at))
        .bind(column(writes, |write| write.absent_since_at))
        .bind(column(writes, |write| write.provider_state.clone()))
        .bind(column(writes, |write| {
            failure(write).map(|failure| failure.code)
        }))
        .bind(column(writes, |write| {
            failure(write).map(|failure| failure.title)
        }))
        .bind(column(writes, |write| {
            failure(write).map(|failure| failure.retryable)
        }))
        .bind(column(writes, |write| {
            write.conflict_state.map(State::as_str)
        }))
        .bind(now)
        .bind(column(writes, instalment))
        .bind(column(writes, |write| {
            write.take_back == TakeBack::Submission
        }))
        .bind(column(writes, |write| write.take_back != TakeBack::Nothing))
        .bind(column(writes, |write| write.streak.decided_on().map(int)))
        .fetch_all(tx)
        .await?;
    Ok(written)
}

/// What is written was decided on the count as it is, so that whoever takes it to its limit has a person asked. An
/// agreement whose count stays as it is is not written.
async fn count_failures(tx: &mut PgConnection, done: &[&PaymentWrite]) -> Result<(), StoreError> {
    let counts: Vec<(Uuid, i32)> = done
        .iter()
        .filter(|write| write.streak.moves())
        .map(|write| {
            let count = match write.streak {
                Streak::Keep | Streak::Reset(_) => 0,
                Streak::Add(count) => int(count + 1),
            };
            (write.agreement_id.uuid(), count)
        })
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let (ids, counts): (Vec<Uuid>, Vec<i32>) = counts.into_iter().unzip();
    sqlx::query(
        "update agreement a
         set consecutive_failures = n.count
         from unnest($1::uuid[], $2::integer[]) as n (id, count)
         where a.id = n.id",
    )
    .bind(&ids)
    .bind(&counts)
    .execute(tx)
    .await?;
    Ok(())
}

/// The instalments' own count of retries follows their payments'.
async fn take_back_retries(
    tx: &mut PgConnection,
    done: &[&PaymentWrite],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = done
        .iter()
        .filter(|write| write.take_back != TakeBack::Nothing)
        .map(|write| write.id.uuid())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update instalment i
         set retries_made = greatest(i.retries_made - 1, 0)
         from payment m
         where m.id = any($1) and m.purpose = 'retry' and i.id = m.instalment_id",
    )
    .bind(&ids)
    .execute(tx)
    .await?;
    Ok(())
}

/// What the provider refused speaks of agreements that may not be as we have them.
async fn wake_agreements(
    tx: &mut PgConnection,
    done: &[&PaymentWrite],
    now: Instant,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = done
        .iter()
        .filter(|write| write.wakes_agreement)
        .map(|write| write.agreement_id.uuid())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("update agreement set wake_at = $2 where id = any($1) and $2 < wake_at")
        .bind(&ids)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

fn line(write: &PaymentWrite) -> Option<JournalLine> {
    let is_step = write.from != write.to || write.conflict_state.is_some();
    let word = write.provider_state.as_ref().filter(|_| write.is_news);
    (is_step || word.is_some()).then(|| JournalLine {
        subject: "payment",
        subject_id: write.id.uuid(),
        from_state: write.from.as_str(),
        to_state: write.to.as_str(),
        cause: write.cause,
        detail: match (write.conflict_state, &write.failure) {
            (Some(state), _) => Some(format!("the provider says {state}")),
            (None, Some(failure)) => Some(failure.code.clone()),
            (None, None) => word.map(|word| format!("the provider says {word}")),
        },
    })
}
