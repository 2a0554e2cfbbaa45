//! What an answer is decided on, read under the locks that arming takes.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::{AgreementId, ExceptionId, PaymentId, PlanId};
use domain::{instalment, plan};

use crate::agreements::AgreementRow;
use crate::codec::understood;
use crate::payments::PaymentRow;
use crate::payments::rows::read_payments;
use crate::{Store, StoreError};

/// A question with the rows its answer may change.
#[derive(Clone, Debug)]
pub struct ExceptionFacts {
    /// Its id.
    pub id: ExceptionId,
    /// Its kind, as it is recorded.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// That object's id.
    pub subject_id: Uuid,
    /// The plan it concerns, where there is one.
    pub plan_id: Option<PlanId>,
    /// The facts, in a sentence.
    pub detail: String,
    /// Who takes care of it.
    pub owner: Option<String>,
    /// What to do next.
    pub next_action: String,
    /// Since when it is open.
    pub opened_at: Instant,
    /// When it was answered.
    pub closed_at: Option<Instant>,
    /// How it was answered.
    pub resolution: Option<String>,
    /// Where its plan stands.
    pub plan_state: Option<plan::State>,
    /// The plan's newest agreement.
    pub agreement: Option<AgreementRow>,
    /// The payment it is about.
    pub payment: Option<PaymentRow>,
    /// Why that payment's instalment ended.
    pub instalment_ended_because: Option<String>,
    /// Whether another payment for the same instalment lives or has settled.
    pub other_live_payment: bool,
}

#[derive(FromRow)]
struct Raw {
    id: Uuid,
    kind: String,
    subject: String,
    subject_id: Uuid,
    plan_id: Option<Uuid>,
    detail: String,
    owner: Option<String>,
    next_action: String,
    opened_at: Instant,
    closed_at: Option<Instant>,
    resolution: Option<String>,
}

impl Store {
    /// Locks the question's plan with its agreements, its instalments and payments, and then the question.
    pub(super) async fn exception_facts(
        &self,
        tx: &mut PgConnection,
        id: ExceptionId,
    ) -> Result<Option<ExceptionFacts>, StoreError> {
        let plan_id: Option<Option<Uuid>> =
            sqlx::query_scalar("select plan_id from exception where id = $1")
                .bind(id.uuid())
                .fetch_optional(&mut *tx)
                .await?;
        let Some(plan_id) = plan_id else {
            return Ok(None);
        };
        if let Some(plan_id) = plan_id {
            lock(tx, plan_id).await?;
        }
        let raw: Raw = sqlx::query_as(
            "select id, kind, subject, subject_id, plan_id, detail, owner, next_action, opened_at,
                    closed_at, resolution
             from exception
             where id = $1
             for update",
        )
        .bind(id.uuid())
        .fetch_one(&mut *tx)
        .await?;
        let mut facts = without_rows(raw);
        if let Some(plan_id) = plan_id {
            facts.plan_state = Some(plan_state(tx, plan_id).await?);
            facts.agreement = self.newest_agreement(tx, plan_id).await?;
        }
        if facts.subject == "payment" {
            let payment = PaymentId::new(facts.subject_id);
            facts.payment = read_payments(tx, &[payment]).await?.pop();
            self.beside_the_payment(tx, &mut facts).await?;
        }
        Ok(Some(facts))
    }

    async fn newest_agreement(
        &self,
        tx: &mut PgConnection,
        plan_id: Uuid,
    ) -> Result<Option<AgreementRow>, StoreError> {
        let newest: Uuid = sqlx::query_scalar(
            "select id from agreement where plan_id = $1 order by attempt_no desc limit 1",
        )
        .bind(plan_id)
        .fetch_one(&mut *tx)
        .await?;
        let mut rows = self
            .read_agreements(tx, &[AgreementId::new(newest)])
            .await?;
        Ok(rows.pop())
    }

    async fn beside_the_payment(
        &self,
        tx: &mut PgConnection,
        facts: &mut ExceptionFacts,
    ) -> Result<(), StoreError> {
        let Some(payment) = &facts.payment else {
            return Ok(());
        };
        let (ended_because, other_live): (Option<String>, bool) = sqlx::query_as(
            "select i.ended_because,
                    exists (
                      select 1
                      from payment o
                      where o.instalment_id = i.id
                        and o.id <> $2
                        and o.state not in ('failed', 'rejected', 'abandoned')
                    )
             from instalment i
             where i.id = $1",
        )
        .bind(payment.instalment_id.uuid())
        .bind(payment.id.uuid())
        .fetch_one(tx)
        .await?;
        facts.instalment_ended_because = ended_because;
        facts.other_live_payment = other_live;
        Ok(())
    }
}

/// In the order in which everything locks.
async fn lock(tx: &mut PgConnection, plan_id: Uuid) -> Result<(), StoreError> {
    crate::plans::lock_plans(tx, &[plan_id]).await?;
    sqlx::query("select id from instalment where plan_id = $1 order by id for no key update")
        .bind(plan_id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "select id
         from payment
         where instalment_id in (select id from instalment where plan_id = $1)
         order by id
         for no key update",
    )
    .bind(plan_id)
    .execute(tx)
    .await?;
    Ok(())
}

async fn plan_state(tx: &mut PgConnection, plan_id: Uuid) -> Result<plan::State, StoreError> {
    let state: String = sqlx::query_scalar("select state from plan where id = $1")
        .bind(plan_id)
        .fetch_one(tx)
        .await?;
    understood(plan::State::parse(&state), "state", plan_id)
}

fn without_rows(raw: Raw) -> ExceptionFacts {
    ExceptionFacts {
        id: ExceptionId::new(raw.id),
        kind: raw.kind,
        subject: raw.subject,
        subject_id: raw.subject_id,
        plan_id: raw.plan_id.map(PlanId::new),
        detail: raw.detail,
        owner: raw.owner,
        next_action: raw.next_action,
        opened_at: raw.opened_at,
        closed_at: raw.closed_at,
        resolution: raw.resolution,
        plan_state: None,
        agreement: None,
        payment: None,
        instalment_ended_because: None,
        other_live_payment: false,
    }
}

impl ExceptionFacts {
    /// Where the instalment of the payment in question stands.
    pub fn instalment_state(&self) -> Option<instalment::State> {
        self.payment
            .as_ref()
            .map(|payment| payment.instalment_state)
    }
}
