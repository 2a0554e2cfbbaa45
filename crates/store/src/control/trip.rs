//! The circuit of last resort: everything stops by itself, in one commit with the question for a person.

use uuid::Uuid;

use domain::date::Instant;
use domain::uid::PlanId;

use super::{
    Switch, SwitchScope, Turn, Turned, hold_switches_alone, line, switch, told, under_way, write,
};
use crate::exceptions::{NewException, open_exceptions};
use crate::journal::{append_events, append_journal};
use crate::plans::{freeze_plans, lock_plans};
use crate::{Store, StoreError};

/// Why everything stops by itself.
#[derive(Clone, Debug)]
pub struct Trip {
    /// The reason that the switch tells.
    pub reason: String,
    /// The plan it was found at, which is frozen, and the word for why.
    pub plan: (PlanId, &'static str),
    /// What a person is asked.
    pub exception: NewException,
    /// The id of the event that tells of it.
    pub event_id: Uuid,
}

impl Store {
    /// Closes the switch of everything, freezes the plan and asks a person. A switch that is closed already stays
    /// as it is.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the switch stands as it stood.
    pub async fn trip(&self, trip: &Trip, now: Instant) -> Result<(), StoreError> {
        let scope = SwitchScope::All;
        let mut tx = self.begin().await?;
        hold_switches_alone(&mut tx).await?;
        lock_plans(&mut tx, &[trip.plan.0.uuid()]).await?;
        let stood = switch(&mut tx, scope).await?;
        let is_changed = stood.is_none_or(|switch| switch.open);
        let (in_flight, in_flight_count) = under_way(&mut tx, scope).await?;
        let turned = Turned {
            switch: Switch {
                scope,
                open: false,
                reason: trip.reason.clone(),
                changed_at: now,
            },
            is_changed,
            in_flight,
            in_flight_count,
        };
        freeze_plans(&mut tx, &[trip.plan]).await?;
        if is_changed {
            write(&mut tx, &turned.switch).await?;
            let turn = Turn {
                scope,
                open: false,
                reason: &trip.reason,
                cause: "over_budget",
            };
            append_journal(&mut tx, &[line(turn)], now).await?;
        }
        open_exceptions(&mut tx, std::slice::from_ref(&trip.exception), now).await?;
        if is_changed {
            append_events(&mut tx, &[told(&turned, None, trip.event_id)], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
