//! Arming a proposal: the transaction before the request to create an agreement.

use std::collections::HashMap;

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::gate::{ProposalRefusal, Scope};
use domain::uid::AgreementId;

use super::{AgreementRow, line};
use crate::control::hold_switches;
use crate::journal::{JournalLine, append_journal};
use crate::{Store, StoreError};

/// How far back creations are read; longer than the provider counts them.
const CREATIONS_WITHIN: TimeDelta = TimeDelta::hours(48);

/// What arming led to. A draft in neither list is no longer the caller's, or no draft.
#[derive(Debug, Default)]
pub struct ArmedAgreements {
    /// To be sent now.
    pub armed: Vec<AgreementId>,
    /// Refused by the gate, with the row it was refused on.
    pub refused: Vec<(AgreementRow, ProposalRefusal)>,
}

/// Decides on a draft, on when agreements were sent for its payer's account, of all plans and customers, and on
/// the widest kill switch that is closed.
type Decide<'a> = dyn Fn(&AgreementRow, &[Instant], Option<Scope>) -> Result<(), ProposalRefusal>
    + Send
    + Sync
    + 'a;

impl Store {
    /// Marks drafted agreements as being sent, before any byte leaves: those leased under `token` that `decide`
    /// lets pass, run under locks. `wake_at` is when one that was never heard of again is asked about.
    ///
    /// The payers' accounts are locked before all but the switches: two workers never count the same creations at once. A plan that
    /// was cancelled in a transaction that committed before is not proposed any more.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing may be sent.
    pub async fn arm_agreements(
        &self,
        token: Uuid,
        ids: &[AgreementId],
        now: Instant,
        wake_at: Instant,
        decide: &Decide<'_>,
    ) -> Result<ArmedAgreements, StoreError> {
        let mut tx = self.begin().await?;
        let closed = hold_switches(&mut tx).await?;
        let held = lock(&mut tx, token, ids).await?;
        let rows = self.read_agreements(&mut tx, &held).await?;
        let mut accounts = creations(&mut tx, &held, now).await?;

        let mut result = ArmedAgreements::default();
        for row in rows {
            let Some(creations) = accounts.of(row.id) else {
                continue;
            };
            match decide(&row, creations, closed) {
                Ok(()) => {
                    creations.push(now);
                    result.armed.push(row.id);
                }
                Err(refusal) => result.refused.push((row, refusal)),
            }
        }

        let armed: Vec<Uuid> = result.armed.iter().map(|id| id.uuid()).collect();
        sqlx::query(include_str!("arm.sql"))
            .bind(&armed)
            .bind(now)
            .bind(wake_at)
            .execute(&mut *tx)
            .await?;
        let lines: Vec<JournalLine> = armed
            .iter()
            .map(|id| line(*id, State::Drafted, State::Sending, "proposal_sent", None))
            .collect();
        append_journal(&mut tx, &lines, now).await?;
        tx.commit().await?;
        Ok(result)
    }
}

/// Locks the payers that share an account with these agreements' payers, then the agreements and plans.
/// Answers the drafts that are leased under `token`.
async fn lock(
    tx: &mut PgConnection,
    token: Uuid,
    ids: &[AgreementId],
) -> Result<Vec<AgreementId>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query(
        "select id
         from customer
         where account_fingerprint in (
           select c.account_fingerprint
           from agreement a
           join plan p on p.id = a.plan_id
           join customer c on c.id = p.customer_id
           where a.id = any($1))
         order by id
         for no key update",
    )
    .bind(&ids)
    .execute(&mut *tx)
    .await?;
    let held: Vec<Uuid> = sqlx::query_scalar(
        "select a.id
         from agreement a
         join plan p on p.id = a.plan_id
         where a.id = any($1)
           and a.lease_token = $2
           and a.state = 'drafted'
         order by a.id
         for no key update of a
         for share of p",
    )
    .bind(&ids)
    .bind(token)
    .fetch_all(tx)
    .await?;
    Ok(held.into_iter().map(AgreementId::new).collect())
}

/// When agreements were sent, by the account they were sent for.
struct Creations {
    account_of: HashMap<AgreementId, Vec<u8>>,
    by_account: HashMap<Vec<u8>, Vec<Instant>>,
}

impl Creations {
    fn of(&mut self, id: AgreementId) -> Option<&mut Vec<Instant>> {
        self.by_account.get_mut(self.account_of.get(&id)?)
    }
}

async fn creations(
    tx: &mut PgConnection,
    ids: &[AgreementId],
    now: Instant,
) -> Result<Creations, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(Uuid, Vec<u8>, Vec<Instant>)> = sqlx::query_as(include_str!("creations.sql"))
        .bind(&ids)
        .bind(now - CREATIONS_WITHIN)
        .fetch_all(tx)
        .await?;
    let mut found = Creations {
        account_of: HashMap::new(),
        by_account: HashMap::new(),
    };
    for (id, account, created_at) in rows {
        found
            .account_of
            .insert(AgreementId::new(id), account.clone());
        found.by_account.insert(account, created_at);
    }
    Ok(found)
}
