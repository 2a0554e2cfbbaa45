//! The statements of arming: one for each group of rows.

use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::Instant;
use domain::period::Reading;
use domain::uid::{PaymentId, ProviderUid};
use domain::{instalment, payment};

use super::arm::{ArmPlan, ArmedPayment, HeldSlot, NewSlot};
use super::due::DueRow;
use crate::StoreError;
use crate::codec::{count, date, int, understood};
use crate::journal::JournalLine;

#[derive(FromRow)]
struct RawSlot {
    id: i64,
    agreement_id: Uuid,
    reading: String,
    window_first_date: NaiveDate,
    slot_no: i32,
    payment_id: Uuid,
    is_undecided: bool,
    is_carried: bool,
}

/// The slots of each agreement that are taken; and the ids of those whose payment has ended since it was carried
/// into their window, which are free.
pub(crate) async fn read_slots(
    tx: &mut PgConnection,
    rows: &[DueRow],
) -> Result<(HashMap<Uuid, Vec<HeldSlot>>, Vec<i64>), StoreError> {
    let agreements: Vec<Uuid> = rows.iter().map(|row| row.agreement_id.uuid()).collect();
    let plans: Vec<Uuid> = rows.iter().map(|row| row.plan_id.uuid()).collect();
    let raw: Vec<RawSlot> = sqlx::query_as(
        "with undecided as materialized (
           select id
           from payment
           where plan_id = any($2)
             and state in ('sending', 'unknown', 'submitted', 'under_investigation')
         )
         select id, agreement_id, reading, window_first_date, slot_no, payment_id, is_carried,
                payment_id in (select id from undecided) as is_undecided
         from window_slot
         where agreement_id = any($1) and released_at is null",
    )
    .bind(&agreements)
    .bind(&plans)
    .fetch_all(tx)
    .await?;
    let mut slots: HashMap<Uuid, Vec<HeldSlot>> = HashMap::new();
    let mut outlasted = Vec::new();
    for row in raw {
        if row.is_carried && !row.is_undecided {
            outlasted.push(row.id);
            continue;
        }
        let slot = HeldSlot {
            reading: understood(Reading::parse(&row.reading), "reading", row.payment_id)?,
            window_first_date: date(row.window_first_date, "window_first_date", row.payment_id)?,
            slot_no: row.slot_no,
            payment_id: PaymentId::new(row.payment_id),
            is_undecided: row.is_undecided,
        };
        slots.entry(row.agreement_id).or_default().push(slot);
    }
    Ok((slots, outlasted))
}

pub(super) async fn release_slots(
    tx: &mut PgConnection,
    slots: &[i64],
    now: Instant,
) -> Result<(), StoreError> {
    if slots.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update window_slot set released_at = $2 where id = any($1) and released_at is null",
    )
    .bind(slots)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn insert_payments(
    tx: &mut PgConnection,
    token: Uuid,
    passed: &[(ArmPlan, DueRow)],
    now: Instant,
    wake_at: Instant,
) -> Result<(), StoreError> {
    let mut rows = NewRows::default();
    for (plan, row) in passed {
        rows.add(plan, row);
    }
    sqlx::query(
        "insert into payment
           (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents, last_payment,
            request_body, state, purpose, created_at, wake_at, lease_token, leased_until)
         select n.id, n.uid, n.instalment_id, n.plan_id, n.agreement_id, n.attempt_no,
                n.amount_cents, n.last_payment, n.request_body, 'intended', 'create', $10, $11, $12,
                i.leased_until
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[],
                     $7::bigint[], $8::boolean[], $9::text[])
           as n (id, uid, instalment_id, plan_id, agreement_id, attempt_no, amount_cents,
                 last_payment, request_body)
         join instalment i on i.id = n.instalment_id",
    )
    .bind(rows.ids)
    .bind(rows.uids)
    .bind(rows.instalments)
    .bind(rows.plans)
    .bind(rows.agreements)
    .bind(rows.attempts)
    .bind(rows.amounts)
    .bind(rows.last_payments)
    .bind(rows.bodies)
    .bind(now)
    .bind(wake_at)
    .bind(token)
    .execute(tx)
    .await?;
    Ok(())
}

/// The columns of the payments to insert.
#[derive(Default)]
struct NewRows {
    ids: Vec<Uuid>,
    uids: Vec<String>,
    instalments: Vec<Uuid>,
    plans: Vec<Uuid>,
    agreements: Vec<Uuid>,
    attempts: Vec<i32>,
    amounts: Vec<i64>,
    last_payments: Vec<Option<bool>>,
    bodies: Vec<String>,
}

impl NewRows {
    fn add(&mut self, plan: &ArmPlan, row: &DueRow) {
        let ArmPlan::New {
            payment_id,
            uid,
            attempt_no,
            request_body,
            last_payment,
            ..
        } = plan
        else {
            return;
        };
        self.ids.push(payment_id.uuid());
        self.uids.push(uid.to_string());
        self.instalments.push(row.id.uuid());
        self.plans.push(row.plan_id.uuid());
        self.agreements.push(row.agreement_id.uuid());
        self.attempts.push(int(*attempt_no));
        self.amounts.push(row.amount.get());
        self.last_payments.push(*last_payment);
        self.bodies.push(request_body.clone());
    }
}

pub(super) async fn send_payments(
    tx: &mut PgConnection,
    token: Uuid,
    payments: &[Uuid],
    passed: &[(ArmPlan, DueRow)],
    now: Instant,
    wake_at: Instant,
) -> Result<Vec<ArmedPayment>, StoreError> {
    let is_retry: Vec<bool> = passed
        .iter()
        .map(|(plan, _)| matches!(plan, ArmPlan::Retry { .. }))
        .collect();
    let sent: Vec<(Uuid, String, i32, String, String)> =
        sqlx::query_as(include_str!("send_payments.sql"))
            .bind(payments)
            .bind(&is_retry)
            .bind(now)
            .bind(wake_at)
            .bind(token)
            .fetch_all(tx)
            .await?;
    sent.into_iter()
        .map(|(id, uid, send_no, purpose, request_body)| {
            Ok(ArmedPayment {
                id: PaymentId::new(id),
                uid: understood(ProviderUid::parse(&uid).ok(), "uid", id)?,
                send_no: count(send_no, id)?,
                is_retry: purpose == "retry",
                request_body,
            })
        })
        .collect()
}

pub(super) async fn move_instalments(
    tx: &mut PgConnection,
    passed: &[(ArmPlan, DueRow)],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = passed.iter().map(|(_, row)| row.id.uuid()).collect();
    let attempts: Vec<i32> = passed
        .iter()
        .map(|(plan, _)| i32::from(matches!(plan, ArmPlan::New { .. })))
        .collect();
    let retries: Vec<i32> = passed
        .iter()
        .map(|(plan, _)| i32::from(matches!(plan, ArmPlan::Retry { .. })))
        .collect();
    sqlx::query(
        "update instalment i
         set state = 'collecting',
             wake_at = null,
             waiting_because = null,
             attempts_made = i.attempts_made + n.attempts,
             retries_made = i.retries_made + n.retries,
             version = i.version + 1
         from unnest($1::uuid[], $2::integer[], $3::integer[]) as n (id, attempts, retries)
         where i.id = n.id",
    )
    .bind(&ids)
    .bind(&attempts)
    .bind(&retries)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn insert_slots(
    tx: &mut PgConnection,
    taken: &[NewSlot],
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, is_carried,
            taken_at)
         select agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                is_carried, $8
         from unnest($1::uuid[], $2::integer[], $3::text[], $4::date[], $5::integer[], $6::uuid[],
                     $7::boolean[])
           as n (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                 is_carried)",
    )
    .bind(taken.iter().map(|new| new.agreement_id).collect::<Vec<_>>())
    .bind(
        taken
            .iter()
            .map(|new| new.slots_allowed)
            .collect::<Vec<_>>(),
    )
    .bind(
        taken
            .iter()
            .map(|new| new.slot.reading.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        taken
            .iter()
            .map(|new| new.slot.window_first_date.naive())
            .collect::<Vec<_>>(),
    )
    .bind(taken.iter().map(|new| new.slot.slot_no).collect::<Vec<_>>())
    .bind(
        taken
            .iter()
            .map(|new| new.slot.payment_id.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(taken.iter().map(|new| new.is_carried).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) fn lines(passed: &[(ArmPlan, DueRow)]) -> Vec<JournalLine> {
    let mut lines = Vec::new();
    for (plan, row) in passed {
        let (from_state, cause) = match plan {
            ArmPlan::New { .. } => (payment::State::Intended, "payment_sent"),
            ArmPlan::Retry { .. } => (payment::State::Failed, "retry_sent"),
            ArmPlan::Resend { .. } => (payment::State::Intended, "payment_sent_again"),
        };
        lines.push(JournalLine {
            subject: "payment",
            subject_id: plan.payment_id().uuid(),
            from_state: from_state.as_str(),
            to_state: payment::State::Sending.as_str(),
            cause,
            detail: None,
        });
        if row.state != instalment::State::Collecting {
            lines.push(JournalLine {
                subject: "instalment",
                subject_id: row.id.uuid(),
                from_state: row.state.as_str(),
                to_state: instalment::State::Collecting.as_str(),
                cause,
                detail: None,
            });
        }
    }
    lines
}
