//! Ending what was agreed: a plan's cancellation, with the wish that its agreement be cancelled too.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::exception::Kind;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid};
use domain::{instalment, payment, plan};

use super::{AgreementRow, line};
use crate::codec::understood;
use crate::exceptions::{About, ByItself, close_by_itself};
use crate::idempotency::{self, Claimed, IdempotencyClaim};
use crate::instalments::{InstalmentMove, ended_event, write_moves};
use crate::journal::{NewEvent, append_events, append_journal};
use crate::plans::{lock_plans, plan_line};
use crate::{Store, StoreError};

/// What nobody has to decide any more once the plan is cancelled. What became of money is decided still.
const NO_MORE_TO_DECIDE: &[Kind] = &[
    Kind::AgreementLost,
    Kind::PayidNameDiffers,
    Kind::PayidLookupRefused,
    Kind::AgreementHeldBack,
];

/// A plan with what its cancellation is decided on, read under locks.
#[derive(Clone, Debug)]
pub struct PlanToCancel {
    /// Where it stands.
    pub state: plan::State,
    /// Its newest agreement.
    pub agreement: AgreementRow,
    /// Its open instalments, in due order.
    pub instalments: Vec<OpenInstalment>,
    /// Its payments by which money may still move.
    pub in_flight: Vec<InFlightPayment>,
}

/// An instalment that has not ended.
#[derive(Clone, Copy, Debug)]
pub struct OpenInstalment {
    /// Which one.
    pub id: InstalmentId,
    /// Its version.
    pub version: i64,
    /// Where it stands.
    pub state: instalment::State,
}

/// A payment whose request may have left, and that has not ended.
#[derive(Clone, Debug)]
pub struct InFlightPayment {
    /// Its id.
    pub id: PaymentId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// The instalment it collects.
    pub instalment_id: InstalmentId,
    /// Where it stands.
    pub state: payment::State,
}

/// What becomes of a cancelled plan's agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementEnd {
    /// It has ended already.
    Ended,
    /// Nothing of it is at the provider: it is taken back, and stands so.
    TakenBack(State),
    /// It is, or may be, at the provider: it is cancelled there.
    Cancelled,
}

/// A plan's cancellation, decided.
#[derive(Clone, Debug)]
pub struct PlanCancel {
    /// Where the plan stands then.
    pub to: plan::State,
    /// What becomes of its agreement.
    pub agreement: AgreementEnd,
    /// What becomes of its instalments.
    pub instalments: Vec<InstalmentMove>,
    /// What the lender is told, besides each instalment's end.
    pub events: Vec<NewEvent>,
}

/// What a request to cancel a plan led to.
#[derive(Debug)]
pub enum PlanCancelled {
    /// There is no such plan.
    NotFound,
    /// Its rows, read under locks, with what was decided on them and written; nothing was where it had ended.
    Decided(Box<PlanToCancel>, Option<PlanCancel>),
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

type Decide<'a> = dyn Fn(&PlanToCancel) -> Option<PlanCancel> + Send + Sync + 'a;
type Answer<'a> =
    dyn Fn(&PlanToCancel, Option<&PlanCancel>) -> Option<IdempotencyClaim> + Send + Sync + 'a;

impl Store {
    /// Cancels a plan as `decide` says, run under the locks that arming takes: what is not sent when this
    /// commits is never sent. Payments known not to have left are taken up at once, to be given up.
    ///
    /// `reason` is the provider's word for why its agreement is cancelled. `answer` makes the claim of what is
    /// answered, kept in the same commit.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is cancelled.
    pub async fn cancel_plan(
        &self,
        id: PlanId,
        reason: &str,
        now: Instant,
        fresh_id: fn() -> Uuid,
        decide: &Decide<'_>,
        answer: &Answer<'_>,
    ) -> Result<PlanCancelled, StoreError> {
        let mut tx = self.begin().await?;
        lock_plans(&mut tx, &[id.uuid()]).await?;
        let Some(facts) = self.plan_to_cancel(&mut tx, id).await? else {
            return Ok(PlanCancelled::NotFound);
        };
        let decided = decide(&facts);
        if let Some(claim) = answer(&facts, decided.as_ref()) {
            match idempotency::claim(&mut tx, &claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => {
                    return Ok(PlanCancelled::Replayed { status, body });
                }
                Claimed::OtherRequest => return Ok(PlanCancelled::KeyReused),
            }
        }
        if let Some(cancel) = &decided {
            write_plan(&mut tx, id, &facts, cancel, now).await?;
            write_agreement(&mut tx, &facts.agreement, cancel.agreement, reason, now).await?;
            write_moves(&mut tx, &cancel.instalments, None, now).await?;
            wake_unsent(&mut tx, id, now).await?;
            let ended = cancel.instalments.iter().filter(|step| !step.to.is_open());
            let mut events = cancel.events.clone();
            events.extend(ended.map(|step| ended_event(step, fresh_id())));
            let answered = [ByItself {
                kinds: NO_MORE_TO_DECIDE,
                about: About::Plan(id.uuid()),
                because: "the plan is cancelled",
            }];
            events.extend(close_by_itself(&mut tx, &answered, now, fresh_id).await?);
            append_events(&mut tx, &events, now).await?;
        }
        tx.commit().await?;
        self.poker.poke();
        Ok(PlanCancelled::Decided(Box::new(facts), decided))
    }

    async fn plan_to_cancel(
        &self,
        tx: &mut PgConnection,
        id: PlanId,
    ) -> Result<Option<PlanToCancel>, StoreError> {
        let state: Option<String> = sqlx::query_scalar("select state from plan where id = $1")
            .bind(id.uuid())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(state) = state else {
            return Ok(None);
        };
        let newest: Uuid = sqlx::query_scalar(
            "select id from agreement where plan_id = $1 order by attempt_no desc limit 1",
        )
        .bind(id.uuid())
        .fetch_one(&mut *tx)
        .await?;
        let found = self
            .read_agreements(tx, &[AgreementId::new(newest)])
            .await?;
        let agreement = understood(found.into_iter().next(), "agreement", id.uuid())?;
        Ok(Some(PlanToCancel {
            state: understood(plan::State::parse(&state), "state", id.uuid())?,
            agreement,
            instalments: open_instalments(tx, id).await?,
            in_flight: in_flight(tx, id).await?,
        }))
    }
}

async fn open_instalments(
    tx: &mut PgConnection,
    id: PlanId,
) -> Result<Vec<OpenInstalment>, StoreError> {
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "select id, version, state
         from instalment
         where plan_id = $1 and state in ('scheduled', 'collecting', 'retrying')
         order by sequence
         for no key update",
    )
    .bind(id.uuid())
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(id, version, state)| {
            Ok(OpenInstalment {
                id: InstalmentId::new(id),
                version,
                state: understood(instalment::State::parse(&state), "state", id)?,
            })
        })
        .collect()
}

/// A plan's payments by which money may still move.
pub(crate) async fn in_flight(
    tx: &mut PgConnection,
    id: PlanId,
) -> Result<Vec<InFlightPayment>, StoreError> {
    let rows: Vec<(Uuid, String, Uuid, String)> = sqlx::query_as(
        "select id, uid, instalment_id, state
         from payment
         where plan_id = $1
           and state in ('sending', 'unknown', 'submitted', 'under_investigation')
         order by id",
    )
    .bind(id.uuid())
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(id, uid, instalment_id, state)| {
            Ok(InFlightPayment {
                id: PaymentId::new(id),
                uid: understood(ProviderUid::parse(&uid).ok(), "uid", id)?,
                instalment_id: InstalmentId::new(instalment_id),
                state: understood(payment::State::parse(&state), "state", id)?,
            })
        })
        .collect()
}

async fn write_plan(
    tx: &mut PgConnection,
    id: PlanId,
    facts: &PlanToCancel,
    cancel: &PlanCancel,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query("update plan set state = $2, version = version + 1 where id = $1")
        .bind(id.uuid())
        .bind(cancel.to.as_str())
        .execute(&mut *tx)
        .await?;
    let step = plan_line(id.uuid(), facts.state, cancel.to, "cancelled_by_lender");
    append_journal(tx, &[step], now).await
}

/// The row says that it is to be cancelled before anybody asks the provider for it.
async fn write_agreement(
    tx: &mut PgConnection,
    row: &AgreementRow,
    end: AgreementEnd,
    reason: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let id = row.id.uuid();
    match end {
        AgreementEnd::Ended => Ok(()),
        AgreementEnd::TakenBack(to) => {
            sqlx::query(
                "update agreement
                 set state = $2, wake_at = null, waiting_because = null, version = version + 1
                 where id = $1",
            )
            .bind(id)
            .bind(to.as_str())
            .execute(&mut *tx)
            .await?;
            let step = line(id, row.state, to, "plan_cancelled", None);
            append_journal(tx, &[step], now).await
        }
        AgreementEnd::Cancelled => {
            // A proposal whose call may still be under way keeps its time.
            sqlx::query(
                "update agreement
                 set cancel_reason = $2,
                     cancel_wanted_at = $3,
                     wake_at = case
                       when state in ('sending', 'unknown') then coalesce(wake_at, $3)
                       else $3
                     end,
                     version = version + 1
                 where id = $1 and cancel_wanted_at is null",
            )
            .bind(id)
            .bind(reason)
            .bind(now)
            .execute(&mut *tx)
            .await?;
            let step = line(id, row.state, row.state, "cancellation_wanted", None);
            append_journal(tx, &[step], now).await
        }
    }
}

/// What is known not to have left is given up by whoever attends it next: the gate refuses it.
async fn wake_unsent(tx: &mut PgConnection, id: PlanId, now: Instant) -> Result<(), StoreError> {
    sqlx::query(
        "update payment
         set wake_at = $2
         where plan_id = $1 and state = 'intended' and $2 < wake_at",
    )
    .bind(id.uuid())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
