//! What an answer changes, in the transaction of the answer.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::{Kind as Question, Resolution};
use domain::payment::State;
use domain::uid::{AgreementId, PaymentId, PlanId};
use domain::{instalment, plan};

use crate::StoreError;
use crate::instalments::{InstalmentMove, ended_event, write_moves};
use crate::journal::{JournalLine, NewEvent, append_journal};
use crate::plans::{NewAgreement, complete_plans, insert_agreement, plan_line};
use crate::wake::{Kind, wake_plans};

/// An answer, decided.
#[derive(Clone, Debug)]
pub struct AnswerWrite {
    /// The answer.
    pub resolution: Resolution,
    /// Why, in the words of whoever answered.
    pub reason: String,
    /// The payment's correction.
    pub payment: Option<PaymentCorrection>,
    /// A payment that moved money although its state does not say so: it takes its slots again.
    pub moved_money: Option<PaymentId>,
    /// The instalment's correction.
    pub instalment: Option<InstalmentMove>,
    /// Another agreement for the plan.
    pub draft: Option<NewDraft>,
    /// The agreement whose failures in a row count from nothing again.
    pub clears_failures: Option<AgreementId>,
    /// The quarantined row that is attended to again, or needs no attention any more.
    pub released: Option<Discarded>,
    /// What the lender is told besides.
    pub events: Vec<NewEvent>,
}

/// A payment as a person says it stands.
#[derive(Clone, Copy, Debug)]
pub struct PaymentCorrection {
    /// Which one.
    pub id: PaymentId,
    /// Where it stood.
    pub from: State,
    /// Where it stands now; may be the same.
    pub to: State,
    /// When the provider is asked about it; nothing where it has ended.
    pub wake_at: Option<Instant>,
}

/// Another agreement for a plan whose last one ended.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// The plan.
    pub plan_id: PlanId,
    /// Where the plan stood.
    pub plan_from: plan::State,
    /// Where it stands then.
    pub plan_to: plan::State,
    /// Its number among the plan's agreements.
    pub attempt_no: u32,
    /// The agreement.
    pub new: NewAgreement,
}

/// A row that leaves quarantine.
#[derive(Clone, Copy, Debug)]
pub struct Discarded {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// Whether nobody attends to it any more; else it is attended to again. Only a webhook can be discarded.
    pub for_good: bool,
}

/// Writes what the answer changes, and answers what the lender is told of it.
pub(super) async fn write(
    tx: &mut PgConnection,
    write: &AnswerWrite,
    now: Instant,
    fresh_id: fn() -> Uuid,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut events = write.events.clone();
    if let Some(payment) = &write.payment {
        correct_payment(tx, payment, write.resolution, now).await?;
    }
    if let Some(payment) = write.moved_money {
        take_slots(tx, payment.uuid(), now).await?;
    }
    if let Some(step) = &write.instalment {
        write_moves(tx, std::slice::from_ref(step), None, now).await?;
        if step.from != step.to && !step.to.is_open() {
            if step.to != instalment::State::Collected {
                events.push(ended_event(step, fresh_id()));
            }
            let ended = [step.plan_id.uuid()];
            events.extend(complete_plans(tx, &ended, now, fresh_id).await?);
        }
    }
    if let Some(draft) = &write.draft {
        insert_draft(tx, draft, now).await?;
    }
    if let Some(agreement) = write.clears_failures {
        clear_failures(tx, agreement, now).await?;
    }
    if let Some(row) = write.released {
        release(tx, row, now).await?;
    }
    Ok(events)
}

async fn correct_payment(
    tx: &mut PgConnection,
    payment: &PaymentCorrection,
    resolution: Resolution,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update payment
         set state = $2,
             wake_at = $3,
             conflict_state = null,
             absent_since_at = null,
             ended_at = case
               when $2 in ('settled', 'failed', 'rejected', 'abandoned') then coalesce(ended_at, $4)
             end,
             version = version + 1
         where id = $1",
    )
    .bind(payment.id.uuid())
    .bind(payment.to.as_str())
    .bind(payment.wake_at)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let id = payment.id.uuid();
    if payment.from.holds_slot() && payment.from != payment.to {
        // What has settled keeps its place in its own window.
        sqlx::query(
            "update window_slot
             set released_at = $2
             where payment_id = $1 and released_at is null and (is_carried or not $3)",
        )
        .bind(id)
        .bind(now)
        .bind(payment.to.holds_slot())
        .execute(&mut *tx)
        .await?;
    } else if !payment.from.holds_slot() && payment.to.holds_slot() {
        take_slots(tx, id, now).await?;
    }
    let line = JournalLine {
        subject: "payment",
        subject_id: id,
        from_state: payment.from.as_str(),
        to_state: payment.to.as_str(),
        cause: resolution.as_str(),
        detail: None,
    };
    if payment.from == payment.to {
        return Ok(());
    }
    append_journal(tx, &[line], now).await
}

/// Slots in the windows it was sent in: the lowest that are free. Where none is, the provider has taken more than the
/// count, and no slot can say so.
async fn take_slots(tx: &mut PgConnection, payment: Uuid, now: Instant) -> Result<(), StoreError> {
    sqlx::query(
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, taken_at)
         select s.agreement_id, s.slots_allowed, s.reading, s.window_first_date, free.slot_no,
                s.payment_id, $2
         from window_slot s
         cross join lateral (
           select n
           from generate_series(1, s.slots_allowed) n
           where not exists (
             select 1
             from window_slot h
             where h.agreement_id = s.agreement_id
               and h.reading = s.reading
               and h.window_first_date = s.window_first_date
               and h.slot_no = n
               and h.released_at is null)
           order by n
           limit 1) as free (slot_no)
         where s.id in (
             select max(o.id)
             from window_slot o
             where o.payment_id = $1 and not o.is_carried
             group by o.reading)
           and not exists (
             select 1
             from window_slot m
             where m.payment_id = $1 and m.released_at is null)",
    )
    .bind(payment)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_draft(
    tx: &mut PgConnection,
    draft: &NewDraft,
    now: Instant,
) -> Result<(), StoreError> {
    let id = draft.plan_id.uuid();
    insert_agreement(tx, draft.plan_id, draft.attempt_no, &draft.new, now).await?;
    sqlx::query("update plan set state = $2, version = version + 1 where id = $1")
        .bind(id)
        .bind(draft.plan_to.as_str())
        .execute(&mut *tx)
        .await?;
    let step = plan_line(id, draft.plan_from, draft.plan_to, "proposed_again");
    append_journal(tx, &[step], now).await
}

async fn clear_failures(
    tx: &mut PgConnection,
    agreement: AgreementId,
    now: Instant,
) -> Result<(), StoreError> {
    let plan_id: Uuid = sqlx::query_scalar(
        "update agreement
         set consecutive_failures = 0, version = version + 1
         where id = $1
         returning plan_id",
    )
    .bind(agreement.uuid())
    .fetch_one(&mut *tx)
    .await?;
    wake_waiting(tx, plan_id, "too_many_failures_in_a_row", now).await
}

async fn release(tx: &mut PgConnection, row: Discarded, now: Instant) -> Result<(), StoreError> {
    let statement = match row.kind {
        Kind::Agreement => {
            "update agreement
             set quarantined_at = null, leased_until = null, crashes = 0, version = version + 1
             where id = $1"
        }
        Kind::Instalment => {
            "update instalment
             set quarantined_at = null, leased_until = null, crashes = 0, version = version + 1
             where id = $1"
        }
        Kind::Payment => {
            "update payment
             set quarantined_at = null, leased_until = null, crashes = 0, version = version + 1
             where id = $1"
        }
        Kind::Webhook => {
            "update webhook
             set quarantined_at = null, leased_until = null, crashes = 0, version = version + 1
             where id = $1"
        }
        Kind::Chore => {
            "update chore
             set quarantined_at = null, leased_until = null, crashes = 0, version = version + 1
             where id = $1"
        }
    };
    sqlx::query(statement)
        .bind(row.id)
        .execute(&mut *tx)
        .await?;
    if row.for_good && row.kind == Kind::Webhook {
        sqlx::query(
            "update webhook
             set outcome = 'discarded', digested_at = $2, wake_at = null
             where id = $1 and digested_at is null",
        )
        .bind(row.id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    let line = JournalLine {
        subject: row.kind.as_str(),
        subject_id: row.id,
        from_state: "quarantined",
        to_state: if row.for_good {
            "discarded"
        } else {
            "attended"
        },
        cause: "released",
        detail: None,
    };
    append_journal(tx, &[line], now).await
}

/// Looks at once at what waits for the rule `because`, of one plan: instalments, drafts, and payments that are to be
/// sent again.
async fn wake_waiting(
    tx: &mut PgConnection,
    plan_id: Uuid,
    because: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update agreement set wake_at = $3
         where plan_id = $1 and waiting_because = $2 and $3 < wake_at",
    )
    .bind(plan_id)
    .bind(because)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    wake_plans(tx, &[plan_id], Some(because), now).await
}

/// Lets the plan go on once no question that freezes it is open any more; what waited for that is looked at now.
pub(super) async fn unfreeze(
    tx: &mut PgConnection,
    plan_id: Uuid,
    now: Instant,
) -> Result<bool, StoreError> {
    let freezing: Vec<&str> = Question::ALL
        .iter()
        .filter(|kind| kind.freezes())
        .map(|kind| kind.as_str())
        .collect();
    let still: Option<String> = sqlx::query_scalar(
        "select kind
         from exception
         where plan_id = $1 and closed_at is null and kind = any($2)
         order by opened_at, id
         limit 1",
    )
    .bind(plan_id)
    .bind(&freezing)
    .fetch_optional(&mut *tx)
    .await?;
    let changed = sqlx::query(
        "update plan
         set frozen_because = $2, version = version + 1
         where id = $1 and frozen_because is not null and frozen_because is distinct from $2",
    )
    .bind(plan_id)
    .bind(still.as_deref())
    .execute(&mut *tx)
    .await?;
    let is_free = still.is_none() && changed.rows_affected() == 1;
    if is_free {
        wake_waiting(tx, plan_id, "plan_frozen", now).await?;
    }
    Ok(is_free)
}
