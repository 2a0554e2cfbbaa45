//! Agreements: read with what their proposal needs, armed before a request, recorded after an answer.

use std::fmt;

use sqlx::PgConnection;
use uuid::Uuid;

use domain::account::PayerAccount;
use domain::agreement::State;
use domain::date::Instant;
use domain::plan;
use domain::uid::{AgreementId, PlanId};

use crate::exceptions::{ByItself, NewException, close_by_itself, open_exceptions};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::plans::{freeze_plans, plan_line};
use crate::wake::wake_plans;
use crate::{Store, StoreError};

mod rows;
mod answered;
mod arm;
mod update;
mod replace;
mod cancel;
mod cancel_there;

use answered::answered;
pub use arm::ArmedAgreements;
pub(crate) use cancel::in_flight;
pub use cancel::{
    AgreementEnd, InFlightPayment, OpenInstalment, PlanCancel, PlanCancelled, PlanToCancel,
};
pub use replace::Replacement;
pub use rows::{AgreementRow, Cancellation};

/// A step of one agreement, decided on the row at `version`.
#[derive(Clone, Debug)]
pub struct AgreementWrite {
    /// Which one.
    pub id: AgreementId,
    /// Its plan.
    pub plan_id: PlanId,
    /// The version it was decided on.
    pub version: i64,
    /// Where it stood.
    pub from: State,
    /// Where it stands now; may be the same.
    pub to: State,
    /// When to look at it again.
    pub wake_at: Option<Instant>,
    /// When the provider first said that it does not know it.
    pub absent_since_at: Option<Instant>,
    /// When the provider last said how it stands.
    pub confirmed_at: Option<Instant>,
    /// Whether it is this step that confirms it.
    pub is_confirmed: bool,
    /// Whether its last sending is taken back, because no byte of it left.
    pub takes_back_sending: bool,
    /// The rule its proposal waits for from now on.
    pub waiting_because: Option<String>,
    /// What the provider calls the payer behind the PayID, where that was looked up.
    pub payer: Option<PayerLookUp>,
    /// The account it is collected from by the provider's word, where that is news.
    pub debtor_account: Option<DebtorAccount>,
    /// The provider's reason, code and text, where it gave one.
    pub reason: Option<(String, String)>,
    /// Why the plan is frozen from now on.
    pub freeze: Option<&'static str>,
    /// The plan's step that follows.
    pub plan: Option<PlanMove>,
    /// What caused it, for the journal.
    pub cause: &'static str,
    /// What the lender is told.
    pub events: Vec<NewEvent>,
    /// The question it raises.
    pub exception: Option<NewException>,
}

impl AgreementWrite {
    fn is_moved(&self) -> bool {
        self.debtor_account
            .as_ref()
            .is_some_and(|account| account.is_moved)
    }
}

/// The name behind a PayID, and whether it is the customer's. Its `Debug` leaves the name out.
#[derive(Clone, PartialEq, Eq)]
pub struct PayerLookUp {
    /// `same`, `close` or `different`.
    pub verdict: &'static str,
    /// The name, as the provider shows it.
    pub alias_name: String,
}

impl fmt::Debug for PayerLookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayerLookUp")
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// The account an agreement is collected from, as the provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebtorAccount {
    /// The account.
    pub account: PayerAccount,
    /// Whether the payer moved the agreement to it; else it is only the provider's way of writing the account.
    pub is_moved: bool,
}

/// A plan's step that follows from its agreement's.
#[derive(Clone, Copy, Debug)]
pub struct PlanMove {
    /// Which plan.
    pub id: PlanId,
    /// Where it must stand.
    pub from: plan::State,
    /// Where it stands then.
    pub to: plan::State,
    /// Whether its waiting instalments are to be looked at at once.
    pub wakes_instalments: bool,
}

impl Store {
    /// Records decided steps. Answers the ids that were written; the others moved meanwhile and must be
    /// read and decided again.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing of it is written.
    pub async fn record_agreements(
        &self,
        writes: &[AgreementWrite],
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<Vec<AgreementId>, StoreError> {
        let mut tx = self.begin().await?;
        let written = self.update_agreements(&mut tx, writes, now).await?;
        let done: Vec<&AgreementWrite> = writes
            .iter()
            .filter(|write| written.contains(&write.id.uuid()))
            .collect();
        let moved = done
            .iter()
            .filter(|write| write.from != write.to || write.is_moved());
        let mut lines: Vec<JournalLine> = moved
            .map(|write| {
                let detail = write.reason.as_ref().map(|(code, _)| code.clone());
                let cause = if write.is_moved() {
                    "payer_moved_account"
                } else {
                    write.cause
                };
                line(write.id.uuid(), write.from, write.to, cause, detail)
            })
            .collect();
        for plan_move in done.iter().filter_map(|write| write.plan) {
            if move_plan(&mut tx, plan_move).await? {
                let id = plan_move.id.uuid();
                lines.push(plan_line(
                    id,
                    plan_move.from,
                    plan_move.to,
                    "agreement_changed",
                ));
            }
        }
        let frozen: Vec<(PlanId, &'static str)> = done
            .iter()
            .filter_map(|write| write.freeze.map(|because| (write.plan_id, because)))
            .collect();
        freeze_plans(&mut tx, &frozen).await?;
        // Instalments may have been put off until their agreement is there.
        let woken: Vec<Uuid> = done
            .iter()
            .filter_map(|write| write.plan.filter(|plan| plan.wakes_instalments))
            .map(|plan| plan.id.uuid())
            .collect();
        wake_plans(&mut tx, &woken, None, now).await?;
        append_journal(&mut tx, &lines, now).await?;
        let exceptions: Vec<NewException> = done
            .iter()
            .filter_map(|write| write.exception.clone())
            .collect();
        open_exceptions(&mut tx, &exceptions, now).await?;
        let mut events: Vec<NewEvent> = done
            .iter()
            .flat_map(|write| write.events.iter().cloned())
            .collect();
        let answered: Vec<ByItself> = done.iter().flat_map(|write| answered(write)).collect();
        events.extend(close_by_itself(&mut tx, &answered, now, fresh_id).await?);
        append_events(&mut tx, &events, now).await?;
        tx.commit().await?;
        if !woken.is_empty() {
            self.poker.poke();
        }
        Ok(written.into_iter().map(AgreementId::new).collect())
    }
}

/// Moves a plan that still stands where it was seen.
async fn move_plan(tx: &mut PgConnection, plan_move: PlanMove) -> Result<bool, StoreError> {
    let id = plan_move.id.uuid();
    let done = sqlx::query(
        "update plan set state = $3, version = version + 1 where id = $1 and state = $2",
    )
    .bind(id)
    .bind(plan_move.from.as_str())
    .bind(plan_move.to.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn line(
    id: Uuid,
    from: State,
    to: State,
    cause: &'static str,
    detail: Option<String>,
) -> JournalLine {
    JournalLine {
        subject: "agreement",
        subject_id: id,
        from_state: from.as_str(),
        to_state: to.as_str(),
        cause,
        detail,
    }
}
