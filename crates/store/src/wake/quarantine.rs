//! Rows that end the process that attends to them: counted while they are attended alone, and after three in a row
//! left to a person.

use serde_json::json;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::PlanId;

use super::Kind;
use crate::exceptions::{NewException, open_exceptions};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::{Store, StoreError};

/// After so many processes in a row that ended while they attended to a row alone, it is quarantined.
pub const CRASHES_MAX: i32 = 3;

/// The kind of the question that a quarantined row puts to a person.
pub(crate) const QUARANTINED: &str = "quarantined";

/// Whether a row that was leased before may be attended to now, alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It may. Should the process end before it can say how it went, that is a crash.
    Attend,
    /// It has ended three processes: nobody attends to it until a person says so.
    Quarantined,
    /// Somebody else holds it by now, or nobody.
    Lost,
}

impl Store {
    /// Counts the attendance of a row that was leased before, under `token` and alone, as a crash before it begins; a
    /// recorded outcome takes that back. A row that has crashed [`CRASHES_MAX`] times is quarantined instead, and a
    /// person is asked.
    ///
    /// Only what is begun is counted: rows that wait in a process for their turn are no part of its end.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the row must not be attended to.
    pub async fn begin_alone(
        &self,
        kind: Kind,
        token: Uuid,
        now: Instant,
        fresh_id: fn() -> Uuid,
    ) -> Result<Begun, StoreError> {
        let statements = kind.statements();
        let begun: Option<Uuid> = sqlx::query_scalar(statements.begin)
            .bind(token)
            .bind(CRASHES_MAX)
            .fetch_optional(&self.pool)
            .await?;
        if begun.is_some() {
            return Ok(Begun::Attend);
        }

        let mut tx = self.begin().await?;
        let row: Option<(Uuid, Option<Uuid>)> = sqlx::query_as(statements.quarantine)
            .bind(token)
            .bind(CRASHES_MAX)
            .bind(now)
            .fetch_optional(&mut *tx)
            .await?;
        let Some((id, plan_id)) = row else {
            return Ok(Begun::Lost);
        };
        append_journal(&mut tx, &[line(kind, id)], now).await?;
        let question = question(kind, id, plan_id, fresh_id());
        let told = plan_id.and_then(|plan_id| event(kind, id, plan_id, fresh_id()));
        open_exceptions(&mut tx, &[question], now).await?;
        append_events(&mut tx, told.as_slice(), now).await?;
        tx.commit().await?;
        Ok(Begun::Quarantined)
    }
}

fn line(kind: Kind, id: Uuid) -> JournalLine {
    JournalLine {
        subject: kind.as_str(),
        subject_id: id,
        from_state: "attended",
        to_state: QUARANTINED,
        cause: "crashed_three_times",
        detail: None,
    }
}

fn question(kind: Kind, id: Uuid, plan_id: Option<Uuid>, fresh_id: Uuid) -> NewException {
    NewException {
        id: fresh_id,
        kind: QUARANTINED,
        plan_id,
        subject: kind.as_str(),
        subject_id: id,
        detail: format!(
            "{CRASHES_MAX} processes in a row ended while they attended to this {} alone; nobody does any more",
            kind.as_str()
        ),
        next_action: match kind {
            Kind::Payment => {
                "Money may have moved, and may still move: look the payment up at the provider. Find out why the \
                 processes ended, then release it: the provider is asked before anything is sent."
            }
            Kind::Instalment => {
                "Nothing is sent for the instalment meanwhile, nor is it missed. Find out why the processes ended, \
                 then release it."
            }
            Kind::Agreement => {
                "How the agreement stands is not followed meanwhile, and nothing is collected under it once that is a \
                 day old. Find out why the processes ended, then release it."
            }
            Kind::Webhook => {
                "What it tells is heard by asking, too: nothing is lost. Release it once the cause is mended, or \
                 discard it."
            }
            Kind::Chore => {
                "What it does for all processes is not done meanwhile. Find out why they ended, then release it."
            }
        },
    }
}

/// What the lender is told, of a row that belongs to a plan.
fn event(kind: Kind, id: Uuid, plan_id: Uuid, fresh_id: Uuid) -> Option<NewEvent> {
    let event_kind = match kind {
        Kind::Agreement => "agreement.quarantined",
        Kind::Instalment => "instalment.quarantined",
        Kind::Payment => "payment.quarantined",
        Kind::Webhook | Kind::Chore => return None,
    };
    Some(NewEvent {
        id: fresh_id,
        kind: event_kind,
        aggregate_id: plan_id,
        data: json!({
            "plan_id": PlanId::new(plan_id).to_string(),
            (format!("{}_id", kind.as_str())): kind.shown_id(id),
        }),
    })
}
