//! Turns a kill switch: of everything, of the provider, of a plan, of an agreement.

use tracing::instrument;

use store::control::{SwitchScope, Turn, TurnOutcome, Turned};
use store::idempotency::IdempotencyClaim;
use store::{Store, StoreError};

use crate::clock::{Clock, fresh_uuid};

/// Opens or closes collections under `scope`, for a `reason` that everybody may read who asks why something is
/// not collected. Once a closing has returned, no request starts under it that had not started; what was under way
/// is named. Turning a switch to where it stands changes nothing.
///
/// `answer` makes the claim under which the answer is kept, in the same commit.
///
/// # Errors
///
/// Fails when the database does; then the switch stands as it stood.
#[instrument(skip_all, fields(scope = %scope, open))]
pub async fn turn_switch(
    store: &Store,
    clock: &Clock,
    scope: SwitchScope,
    open: bool,
    reason: &str,
    answer: &(dyn Fn(&Turned) -> Option<IdempotencyClaim> + Send + Sync),
) -> Result<TurnOutcome, StoreError> {
    let turn = Turn {
        scope,
        open,
        reason,
        cause: "turned_by_hand",
    };
    let outcome = store
        .turn_switch(turn, clock.now(), fresh_uuid(), answer)
        .await?;
    if let TurnOutcome::Turned(turned) = &outcome
        && turned.is_changed
    {
        tracing::warn!(
            payments_in_flight = turned.in_flight_count,
            "a kill switch was turned"
        );
    }
    Ok(outcome)
}
