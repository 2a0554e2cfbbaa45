//! A plan's instalments and the attempts to collect them, as the API shows them.

use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::money::Cents;
use domain::payment::IncidentKind;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId};
use domain::{instalment, payment};

use crate::StoreError;
use crate::codec::{cents, count, date, understood};

/// An instalment with every attempt to collect it.
#[derive(Clone, Debug)]
pub struct InstalmentView {
    /// Its id.
    pub id: InstalmentId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// Where it stands.
    pub state: instalment::State,
    /// Why it ended as it did.
    pub ended_because: Option<String>,
    /// What holds it back, while something does.
    pub waiting_because: Option<String>,
    /// When it is next looked at by itself.
    pub wake_at: Option<Instant>,
    /// Since when nobody attends to it: three processes in a row ended that did.
    pub quarantined_at: Option<Instant>,
    /// The attempts, oldest first.
    pub payments: Vec<PaymentView>,
}

/// An attempt to collect an instalment.
#[derive(Clone, Debug)]
pub struct PaymentView {
    /// Its id.
    pub id: PaymentId,
    /// Its uid at the provider.
    pub uid: String,
    /// The agreement that it is made under.
    pub agreement_id: AgreementId,
    /// Where it stands.
    pub state: payment::State,
    /// Which attempt it is, from 1.
    pub attempt_no: u32,
    /// How often it was retried under the same uid.
    pub retries_made: u32,
    /// The provider's code of its last failure.
    pub failure_code: Option<String>,
    /// Where the provider says it stands, if that cannot be true together with its state and the
    /// question which of the two is, is open.
    pub conflict_state: Option<payment::State>,
    /// When it was sent: once, and once for every retry.
    pub sent_at: Vec<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// When it is next asked about by itself.
    pub wake_at: Option<Instant>,
    /// Since when nobody attends to it: three processes in a row ended that did.
    pub quarantined_at: Option<Instant>,
}

#[derive(sqlx::FromRow)]
struct PaymentRow {
    id: Uuid,
    uid: String,
    agreement_id: Uuid,
    instalment_id: Uuid,
    attempt_no: i32,
    state: String,
    retries_made: i32,
    failure_code: Option<String>,
    conflict_state: Option<String>,
    sent_at: Vec<Instant>,
    ended_at: Option<Instant>,
    wake_at: Option<Instant>,
    quarantined_at: Option<Instant>,
}

pub(super) async fn payments_of(
    tx: &mut PgConnection,
    id: PlanId,
) -> Result<HashMap<Uuid, Vec<PaymentView>>, StoreError> {
    let questions: Vec<&str> = IncidentKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let rows: Vec<PaymentRow> = sqlx::query_as(
        "select payment.id,
                payment.uid,
                payment.agreement_id,
                payment.instalment_id,
                payment.attempt_no,
                payment.state,
                payment.retries_made,
                payment.failure_code,
                case
                  when exists (
                    select 1
                    from exception
                    where exception.subject_id = payment.id
                      and exception.kind = any($2)
                      and exception.closed_at is null
                  ) then payment.conflict_state
                end as conflict_state,
                payment.sent_at,
                payment.ended_at,
                payment.wake_at,
                payment.quarantined_at
         from payment
         join instalment on instalment.id = payment.instalment_id
         where instalment.plan_id = $1
         order by payment.instalment_id, payment.attempt_no",
    )
    .bind(id.uuid())
    .bind(questions.as_slice())
    .fetch_all(tx)
    .await?;
    let mut by_instalment: HashMap<Uuid, Vec<PaymentView>> = HashMap::new();
    for row in rows {
        let conflict = row.conflict_state.as_deref().map(payment::State::parse);
        let conflict = conflict.map(|state| understood(state, "conflict_state", row.id));
        let payment = PaymentView {
            id: PaymentId::new(row.id),
            uid: row.uid,
            agreement_id: AgreementId::new(row.agreement_id),
            state: understood(payment::State::parse(&row.state), "state", row.id)?,
            attempt_no: count(row.attempt_no, row.id)?,
            retries_made: count(row.retries_made, row.id)?,
            failure_code: row.failure_code,
            conflict_state: conflict.transpose()?,
            sent_at: row.sent_at,
            ended_at: row.ended_at,
            wake_at: row.wake_at,
            quarantined_at: row.quarantined_at,
        };
        by_instalment
            .entry(row.instalment_id)
            .or_default()
            .push(payment);
    }
    Ok(by_instalment)
}

#[derive(sqlx::FromRow)]
struct InstalmentRow {
    id: Uuid,
    sequence: i32,
    due_date: NaiveDate,
    amount_cents: i64,
    state: String,
    ended_because: Option<String>,
    waiting_because: Option<String>,
    wake_at: Option<Instant>,
    quarantined_at: Option<Instant>,
}

pub(super) async fn instalments_of(
    tx: &mut PgConnection,
    id: PlanId,
    mut payments: HashMap<Uuid, Vec<PaymentView>>,
) -> Result<Vec<InstalmentView>, StoreError> {
    let rows: Vec<InstalmentRow> = sqlx::query_as(
        "select id,
                sequence,
                due_date,
                amount_cents,
                state,
                ended_because,
                waiting_because,
                wake_at,
                quarantined_at
         from instalment
         where plan_id = $1
         order by sequence",
    )
    .bind(id.uuid())
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(InstalmentView {
                id: InstalmentId::new(row.id),
                sequence: count(row.sequence, row.id)?,
                due_date: date(row.due_date, "due_date", row.id)?,
                amount: cents(row.amount_cents, row.id)?,
                state: understood(instalment::State::parse(&row.state), "state", row.id)?,
                ended_because: row.ended_because,
                waiting_because: row.waiting_because,
                wake_at: row.wake_at,
                quarantined_at: row.quarantined_at,
                payments: payments.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect()
}
