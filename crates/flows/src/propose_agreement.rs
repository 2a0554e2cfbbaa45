//! Proposes drafted agreements to their payers: the gate, the row, then the request.

use chrono::TimeDelta;
use futures::StreamExt;
use tracing::instrument;
use uuid::Uuid;

use domain::agreement::State;
use domain::date::Instant;
use domain::gate::{Clears, ProposalFacts, ProposalRefusal, Scope, may_propose};
use domain::uid::AgreementId;
use domain::wake;
use store::agreements::{AgreementRow, AgreementWrite};

use crate::apply_agreement_report::{apply_agreement_reports, unchanged};
use crate::begin_again::begin_again;
use crate::clock::fresh_uuid;
use crate::report::AgreementReport;
use crate::{Deps, FlowError};

/// How old the gate's consent may be when a request starts: its plan may have been cancelled since.
const CONSENT: TimeDelta = TimeDelta::seconds(10);

/// How soon a refusal is looked at again that cannot say when it will hold no more.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

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
    // As many at a time as may be called at once: none waits behind another after the gate has let it pass.
    for slice in ids.chunks(deps.settings.calls_prepared_max.max(1)) {
        propose_slice(deps, token, slice).await?;
    }
    Ok(())
}

async fn propose_slice(deps: &Deps, token: Uuid, ids: &[AgreementId]) -> Result<(), FlowError> {
    let (now, since) = (deps.clock.now(), deps.clock.mark());
    let ask_at =
        wake::next_agreement_ask(State::Sending, now, now, deps.settings.agreement_refresh);

    // Written before the call: a crash after this line leaves a row to ask about.
    let outcome = deps
        .store
        .arm_agreements(
            token,
            ids,
            now,
            ask_at.unwrap_or(now),
            &|row, created_at, closed| gate(row, created_at, closed, now),
        )
        .await?;

    for (row, refusal) in &outcome.refused {
        put_off(deps, row, refusal, now).await?;
    }
    let rows = deps.store.agreements(&outcome.armed).await?;
    let since = &since;
    let is_late = &|| since.is_older_than(CONSENT);
    let calls = futures::stream::iter(rows).map(|row| async move {
        let asked_at = deps.clock.now();
        let (fact, payer) = deps
            .provider
            .create_agreement(&row, deps.settings.requester_ip, is_late)
            .await;
        AgreementReport {
            agreement_id: row.id,
            send_no: row.send_no,
            asked_at,
            fact,
            payer,
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

fn gate(
    row: &AgreementRow,
    created_at: &[Instant],
    closed: Option<Scope>,
    now: Instant,
) -> Result<(), ProposalRefusal> {
    may_propose(&ProposalFacts {
        now,
        database_reconciled: row.is_reconciled,
        closed,
        plan_frozen: row.plan_frozen,
        plan_state: row.plan_state,
        agreement_state: row.state,
        validity: row.validity,
        created_at,
    })
}

/// A draft that may not be proposed now waits for the rule by name; one whose plan has ended, for nothing. A
/// draft that would begin in the past can never be proposed: another takes its place, or a person is asked.
async fn put_off(
    deps: &Deps,
    row: &AgreementRow,
    refusal: &ProposalRefusal,
    now: Instant,
) -> Result<(), FlowError> {
    tracing::info!(agreement.uid = %row.uid, rule = refusal.code(),
        "an agreement is not proposed now: {refusal}");
    if matches!(refusal, ProposalRefusal::StartInPast { .. }) {
        return begin_again(deps, row).await;
    }
    let wake_at = match refusal.clears() {
        Clears::At(at) => Some(at.max(now + TimeDelta::seconds(1))),
        Clears::When(_) => Some(now + LOOK_AGAIN),
        Clears::Never => None,
    };
    let write = AgreementWrite {
        wake_at,
        waiting_because: wake_at.map(|_| refusal.code().to_owned()),
        ..unchanged(row, now, &deps.settings)
    };
    deps.store
        .record_agreements(&[write], now, fresh_uuid)
        .await?;
    Ok(())
}
