//! The statements of arming: one for each group of rows.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{PaymentId, ProviderUid};
use domain::{instalment, payment};

use super::arm::{ArmPlan, ArmedPayment};
use super::due::DueRow;
use crate::StoreError;
use crate::codec::{count, int, understood};
use crate::journal::JournalLine;

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
    let mut sent: Vec<(Uuid, String, i32, String, String)> =
        sqlx::query_as(include_str!("send_payments.sql"))
            .bind(payments)
            .bind(&is_retry)
            .bind(now)
            .bind(wake_at)
            .bind(token)
            .fetch_all(tx)
            .await?;
    // In the order in which they were passed, oldest debt first: an update answers in whatever order it is planned.
    let places: HashMap<Uuid, usize> = payments.iter().copied().zip(0..).collect();
    sent.sort_by_key(|(id, ..)| places.get(id).copied());
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
