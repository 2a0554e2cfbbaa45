//! What a comparison with the provider's lists reads, and how a row that was lost is made again.

use sqlx::FromRow;
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::Kind;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid};
use domain::{agreement, payment};

use crate::codec::{count, understood};
use crate::{Store, StoreError};

mod adopt;

pub use adopt::{AdoptedPayment, Adoption, Unheard};

/// A payment as far as a list can differ from it.
#[derive(Clone, Debug)]
pub struct ComparedPayment {
    /// Its id.
    pub id: PaymentId,
    /// Its uid at the provider.
    pub uid: String,
    /// Its plan.
    pub plan_id: PlanId,
    /// The uid of its agreement.
    pub agreement_uid: String,
    /// Its amount in cents.
    pub amount_cents: i64,
    /// Where it stands.
    pub state: payment::State,
    /// What the provider said although it could not be true.
    pub conflict_state: Option<payment::State>,
    /// Whether nobody attends to it.
    pub is_quarantined: bool,
    /// The kinds of questions there are, or were, about it.
    pub asked: Vec<String>,
}

impl ComparedPayment {
    /// Whether a person is, or was, asked a question of this kind about it.
    pub fn was_asked(&self, kind: Kind) -> bool {
        self.asked.iter().any(|asked| asked == kind.as_str())
    }
}

/// An agreement as far as a list can differ from it.
#[derive(Clone, Debug)]
pub struct ComparedAgreement {
    /// Its id.
    pub id: AgreementId,
    /// Its uid at the provider.
    pub uid: String,
    /// Where it stands.
    pub state: agreement::State,
    /// Whether nobody attends to it.
    pub is_quarantined: bool,
}

/// An agreement found by its uid, with its plan's instalments.
#[derive(Clone, Debug)]
pub struct AgreementByUid {
    /// Its id.
    pub id: AgreementId,
    /// Its uid at the provider.
    pub uid: ProviderUid,
    /// Its plan.
    pub plan_id: PlanId,
    /// The plan's instalments, each with the payments made for it so far.
    pub instalments: Vec<(InstalmentId, u32)>,
}

#[derive(FromRow)]
struct RawPayment {
    id: Uuid,
    uid: String,
    plan_id: Uuid,
    agreement_uid: String,
    amount_cents: i64,
    state: String,
    conflict_state: Option<String>,
    is_quarantined: bool,
    asked: Vec<String>,
}

#[derive(FromRow)]
struct RawAgreement {
    id: Uuid,
    uid: String,
    state: String,
    is_quarantined: bool,
}

impl Store {
    /// The payments with these uids.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn compared_payments(
        &self,
        uids: &[String],
    ) -> Result<Vec<ComparedPayment>, StoreError> {
        let rows: Vec<RawPayment> = sqlx::query_as(
            "select m.id,
                    m.uid,
                    m.plan_id,
                    a.uid as agreement_uid,
                    m.amount_cents,
                    m.state,
                    m.conflict_state,
                    m.quarantined_at is not null as is_quarantined,
                    array(select e.kind from exception e where e.subject_id = m.id) as asked
             from payment m
             join agreement a on a.id = m.agreement_id
             where m.uid = any($1)
             order by m.id",
        )
        .bind(uids)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(compared).collect()
    }

    /// The agreements with these uids.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn compared_agreements(
        &self,
        uids: &[String],
    ) -> Result<Vec<ComparedAgreement>, StoreError> {
        let rows: Vec<RawAgreement> = sqlx::query_as(
            "select id, uid, state, quarantined_at is not null as is_quarantined
             from agreement
             where uid = any($1)
             order by id",
        )
        .bind(uids)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(compared_agreement).collect()
    }

    /// The payments that the provider has said it has, made between two instants: id and uid.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn payments_known_there(
        &self,
        since: Instant,
        until: Instant,
    ) -> Result<Vec<(PaymentId, String)>, StoreError> {
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select id, uid
             from payment
             where $1 <= created_at and created_at <= $2
               and state in ('submitted', 'under_investigation', 'settled', 'failed')
               and quarantined_at is null
               and last_sent_at <= $2
             order by id",
        )
        .bind(since)
        .bind(until)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, uid)| (PaymentId::new(id), uid))
            .collect())
    }

    /// The agreements that live at the provider by its last word, of plans that have not ended.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn agreements_known_there(&self) -> Result<Vec<ComparedAgreement>, StoreError> {
        let rows: Vec<RawAgreement> = sqlx::query_as(
            "select a.id, a.uid, a.state, a.quarantined_at is not null as is_quarantined
             from agreement a
             join plan p on p.id = a.plan_id
             where a.state in ('pending', 'created', 'active', 'suspended')
               and p.state not in ('completed', 'cancelled')
             order by a.id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(compared_agreement).collect()
    }

    /// The agreement of this uid with its plan's instalments.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn agreement_by_uid(&self, uid: &str) -> Result<Option<AgreementByUid>, StoreError> {
        let found: Option<(Uuid, Uuid)> =
            sqlx::query_as("select id, plan_id from agreement where uid = $1")
                .bind(uid)
                .fetch_optional(&self.pool)
                .await?;
        let Some((id, plan_id)) = found else {
            return Ok(None);
        };
        let rows: Vec<(Uuid, i32)> = sqlx::query_as(
            "select id, attempts_made from instalment where plan_id = $1 order by sequence",
        )
        .bind(plan_id)
        .fetch_all(&self.pool)
        .await?;
        let instalments = rows
            .into_iter()
            .map(|(id, made)| Ok((InstalmentId::new(id), count(made, id)?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(AgreementByUid {
            id: AgreementId::new(id),
            uid: understood(ProviderUid::parse(uid).ok(), "uid", id)?,
            plan_id: PlanId::new(plan_id),
            instalments,
        }))
    }
}

fn compared(raw: RawPayment) -> Result<ComparedPayment, StoreError> {
    let id = raw.id;
    let state = |word: &str| understood(payment::State::parse(word), "state", id);
    Ok(ComparedPayment {
        id: PaymentId::new(id),
        uid: raw.uid,
        plan_id: PlanId::new(raw.plan_id),
        agreement_uid: raw.agreement_uid,
        amount_cents: raw.amount_cents,
        state: state(&raw.state)?,
        conflict_state: raw.conflict_state.as_deref().map(state).transpose()?,
        is_quarantined: raw.is_quarantined,
        asked: raw.asked,
    })
}

fn compared_agreement(raw: RawAgreement) -> Result<ComparedAgreement, StoreError> {
    let state = agreement::State::parse(&raw.state);
    Ok(ComparedAgreement {
        id: AgreementId::new(raw.id),
        state: understood(state, "state", raw.id)?,
        uid: raw.uid,
        is_quarantined: raw.is_quarantined,
    })
}
