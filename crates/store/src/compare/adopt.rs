//! A row that was lost, made again.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::money::Cents;
use domain::period::Reading;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid};
use domain::{instalment, payment};

use crate::codec::{int, understood};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::lock_plans;
use crate::{Store, StoreError};

/// A payment that the provider has and whose row was lost.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The new row's id.
    pub payment_id: PaymentId,
    /// Its uid.
    pub uid: ProviderUid,
    /// The instalment it collects.
    pub instalment_id: InstalmentId,
    /// The plan.
    pub plan_id: PlanId,
    /// The agreement it was made under.
    pub agreement_id: AgreementId,
    /// Its number among the instalment's payments.
    pub attempt_no: u32,
    /// The instalment's payments before it, by number: one of which there is no row either is lost, too.
    pub before: Vec<Unheard>,
    /// What we would have collected by it.
    pub amount: Cents,
    /// Oligo's `last_payment`, under balloon terms.
    pub last_payment: Option<bool>,
    /// The body it was made with, as we would have written it.
    pub request_body: String,
    /// When it was sent, by the provider's word.
    pub sent_at: Instant,
    /// The first dates of the windows it was sent in, in the order of [`Reading::ALL`]; nothing where its agreement is
    /// another than the plan's current one.
    pub windows: Option<[BusinessDate; 2]>,
    /// Slots in each of them; nothing where there is no limit.
    pub slots_allowed: Option<i32>,
}

/// A payment that was made before one that the provider has. Without a row of its own, it is nowhere any more: it was
/// refused, or never arrived, for the provider has taken the next.
#[derive(Clone, Debug)]
pub struct Unheard {
    /// The new row's id.
    pub payment_id: PaymentId,
    /// Its uid.
    pub uid: ProviderUid,
    /// Its number among the instalment's payments.
    pub attempt_no: u32,
    /// The body it was made with, as we would have written it.
    pub request_body: String,
}

/// What became of an adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptedPayment {
    /// The row is there again, as one whose outcome is unknown.
    Made,
    /// There is a row of this uid by now.
    Known,
    /// Another payment for the instalment lives or has settled: a second row is what may never be.
    OtherLive,
}

impl Store {
    /// Makes a lost payment's row again: sent, of an unknown outcome, with its slots, its instalment being collected. It
    /// is asked about next, as any payment is. Those lost before it are given up, so that its number follows on theirs.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is written.
    pub async fn adopt_payment(
        &self,
        adoption: &Adoption,
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<AdoptedPayment, StoreError> {
        let mut tx = self.begin().await?;
        lock_plans(&mut tx, &[adoption.plan_id.uuid()]).await?;
        let state: String =
            sqlx::query_scalar("select state from instalment where id = $1 for no key update")
                .bind(adoption.instalment_id.uuid())
                .fetch_one(&mut *tx)
                .await?;
        let id = adoption.instalment_id.uuid();
        let from = understood(instalment::State::parse(&state), "state", id)?;
        let (is_known, is_live): (bool, bool) = sqlx::query_as(
            "select coalesce(bool_or(uid = $2 or attempt_no = $3), false),
                    coalesce(bool_or(state not in ('failed', 'rejected', 'abandoned')), false)
             from payment
             where instalment_id = $1",
        )
        .bind(id)
        .bind(adoption.uid.as_str())
        .bind(int(adoption.attempt_no))
        .fetch_one(&mut *tx)
        .await?;
        if is_known {
            return Ok(AdoptedPayment::Known);
        }
        if is_live {
            return Ok(AdoptedPayment::OtherLive);
        }
        let given_up = give_up(&mut tx, adoption, now).await?;
        insert(&mut tx, adoption, now).await?;
        take_slots(&mut tx, adoption, now).await?;
        let to = if from.is_open() {
            instalment::State::Collecting
        } else {
            from
        };
        move_instalment(&mut tx, adoption, to).await?;
        let lines = given_up.into_iter().chain(lines(adoption, from, to));
        append_journal(&mut tx, &lines.collect::<Vec<_>>(), now).await?;
        append_events(&mut tx, &[event(adoption, fresh_id())], now).await?;
        tx.commit().await?;
        self.poker.poke();
        Ok(AdoptedPayment::Made)
    }
}

/// Rows for the numbers before that have none. They may have been sent: the provider is asked about each as about any
/// that was given up, now and before another payment follows.
async fn give_up(
    tx: &mut PgConnection,
    adoption: &Adoption,
    now: Instant,
) -> Result<Vec<JournalLine>, StoreError> {
    let before = &adoption.before;
    let given_up: Vec<Uuid> = sqlx::query_scalar(
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, last_payment,
            request_body, state, purpose, send_no, sent_at, last_sent_at, created_at, ended_at, wake_at)
         select n.id, n.uid, $5, $6, $7, n.attempt_no, $8, $9, n.request_body, 'abandoned', 'create',
                1, array[$10], $10, $10, $11, $11
         from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[])
           as n (id, uid, attempt_no, request_body)
         on conflict do nothing
         returning id",
    )
    .bind(before.iter().map(|one| one.payment_id.uuid()).collect::<Vec<_>>())
    .bind(before.iter().map(|one| one.uid.as_str().to_owned()).collect::<Vec<_>>())
    .bind(before.iter().map(|one| int(one.attempt_no)).collect::<Vec<_>>())
    .bind(before.iter().map(|one| one.request_body.clone()).collect::<Vec<_>>())
    .bind(adoption.instalment_id.uuid())
    .bind(adoption.plan_id.uuid())
    .bind(adoption.agreement_id.uuid())
    .bind(adoption.amount.get())
    .bind(adoption.last_payment)
    .bind(adoption.sent_at)
    .bind(now)
    .fetch_all(tx)
    .await?;
    Ok(given_up
        .into_iter()
        .map(|subject_id| JournalLine {
            subject: "payment",
            subject_id,
            from_state: payment::State::Intended.as_str(),
            to_state: payment::State::Abandoned.as_str(),
            cause: "lost_before_another",
            detail: None,
        })
        .collect())
}

async fn insert(
    tx: &mut PgConnection,
    adoption: &Adoption,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, last_payment,
            request_body, state, purpose, send_no, sent_at, last_sent_at, created_at, wake_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'unknown', 'create', 1, array[$10], $10, $10,
                 $11)",
    )
    .bind(adoption.payment_id.uuid())
    .bind(adoption.uid.as_str())
    .bind(adoption.instalment_id.uuid())
    .bind(adoption.plan_id.uuid())
    .bind(adoption.agreement_id.uuid())
    .bind(int(adoption.attempt_no))
    .bind(adoption.amount.get())
    .bind(adoption.last_payment)
    .bind(&adoption.request_body)
    .bind(adoption.sent_at)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The lowest free slot under each reading. Where none is free, the provider has taken more than the count: its own
/// record says so, and no slot can.
async fn take_slots(
    tx: &mut PgConnection,
    adoption: &Adoption,
    now: Instant,
) -> Result<(), StoreError> {
    let (Some(windows), Some(slots_allowed)) = (adoption.windows, adoption.slots_allowed) else {
        return Ok(());
    };
    for (reading, first_date) in Reading::ALL.iter().zip(windows) {
        sqlx::query(
            "insert into window_slot
               (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                taken_at)
             select $1, $2, $3, $4, free.slot_no, $5, $6
             from generate_series(1, $2) as free (slot_no)
             where not exists (
               select 1
               from window_slot s
               where s.agreement_id = $1
                 and s.reading = $3
                 and s.window_first_date = $4
                 and s.slot_no = free.slot_no
                 and s.released_at is null)
             order by free.slot_no
             limit 1",
        )
        .bind(adoption.agreement_id.uuid())
        .bind(slots_allowed)
        .bind(reading.as_str())
        .bind(first_date.naive())
        .bind(adoption.payment_id.uuid())
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn move_instalment(
    tx: &mut PgConnection,
    adoption: &Adoption,
    to: instalment::State,
) -> Result<(), StoreError> {
    sqlx::query(
        "update instalment
         set state = $2,
             wake_at = null,
             waiting_because = null,
             attempts_made = greatest(attempts_made, $3),
             version = version + 1
         where id = $1",
    )
    .bind(adoption.instalment_id.uuid())
    .bind(to.as_str())
    .bind(int(adoption.attempt_no))
    .execute(tx)
    .await?;
    Ok(())
}

fn lines(adoption: &Adoption, from: instalment::State, to: instalment::State) -> Vec<JournalLine> {
    let cause = "adopted_from_provider";
    let mut lines = vec![JournalLine {
        subject: "payment",
        subject_id: adoption.payment_id.uuid(),
        from_state: payment::State::Intended.as_str(),
        to_state: payment::State::Unknown.as_str(),
        cause,
        detail: None,
    }];
    if from != to {
        lines.push(JournalLine {
            subject: "instalment",
            subject_id: adoption.instalment_id.uuid(),
            from_state: from.as_str(),
            to_state: to.as_str(),
            cause,
            detail: None,
        });
    }
    lines
}

fn event(adoption: &Adoption, id: Uuid) -> NewEvent {
    NewEvent {
        id,
        kind: "payment.adopted",
        aggregate_id: adoption.plan_id.uuid(),
        data: serde_json::json!({
            "plan_id": adoption.plan_id.to_string(),
            "instalment_id": adoption.instalment_id.to_string(),
            "payment_id": adoption.payment_id.to_string(),
            "payment_uid": adoption.uid.to_string(),
            "amount": adoption.amount.get(),
        }),
    }
}
