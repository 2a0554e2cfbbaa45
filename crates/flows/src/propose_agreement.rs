//! Proposes drafted agreements to their payers: the row says `sending` before a byte leaves.

use chrono::TimeDelta;
use futures::StreamExt;
use tracing::instrument;
use uuid::Uuid;

use domain::agreement::State;
use domain::uid::AgreementId;
use domain::wake;
use store::agreements::AgreementWrite;

use crate::apply_agreement_report::{apply_agreement_reports, unchanged};
use crate::report::AgreementReport;
use crate::{Deps, FlowError};

/// Proposes the drafted agreements among `ids`, whose rows are leased under `token`.
///
/// A crash after the row is armed leaves a `sending` row, which is asked about by its uid.
///
/// # Errors
///
/// Fails when the database does. What was sent by then is asked about later.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn propose_agreements(
    deps: &Deps,
    token: Uuid,
    ids: &[AgreementId],
) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let ask_at =
        wake::next_agreement_ask(State::Sending, now, now, deps.settings.agreement_refresh);

    // Written before the call: a crash after this line leaves a row to ask about.
    let armed = deps
        .store
        .arm_agreements(token, ids, now, ask_at.unwrap_or(now))
        .await?;

    let refused: Vec<AgreementId> = ids
        .iter()
        .copied()
        .filter(|id| !armed.contains(id))
        .collect();
    put_off(deps, &refused).await?;

    let rows = deps.store.agreements(&armed).await?;
    let calls = futures::stream::iter(rows).map(|row| async move {
        let asked_at = deps.clock.now();
        let fact = deps
            .provider
            .create_agreement(&row, deps.settings.requester_ip)
            .await;
        AgreementReport {
            agreement_id: row.id,
            send_no: row.send_no,
            asked_at,
            fact,
        }
    });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .ready_chunks(64)
        .boxed();
    while let Some(reports) = answers.next().await {
        apply_agreement_reports(deps, reports).await?;
    }
    Ok(())
}

/// A draft that its plan does not want now is looked at later; one whose plan has ended, never again.
async fn put_off(deps: &Deps, ids: &[AgreementId]) -> Result<(), FlowError> {
    if ids.is_empty() {
        return Ok(());
    }
    let now = deps.clock.now();
    let rows = deps.store.agreements(ids).await?;
    let writes: Vec<_> = rows
        .iter()
        .filter(|row| row.state == State::Drafted)
        .map(|row| AgreementWrite {
            wake_at: (!row.plan_state.is_final()).then(|| now + TimeDelta::hours(1)),
            ..unchanged(row, now, &deps.settings)
        })
        .collect();
    deps.store.record_agreements(&writes, now).await?;
    Ok(())
}
