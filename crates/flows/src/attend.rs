//! What a leased row needs next. The scheduler hands over batches of ids and knows no more than that.

use tracing::instrument;
use uuid::Uuid;

use domain::agreement::State as AgreementState;
use domain::payment::State as PaymentState;
use domain::uid::{AgreementId, InstalmentId, PaymentId};
use store::wake::{Batch, Kind};

use crate::ask_provider::{ask_agreements, ask_payment_rows};
use crate::cancel_agreements::{cancel_agreements, is_cancel_due};
use crate::chores::attend_chores;
use crate::day_budget::look_at_the_day;
use crate::digest_webhook::digest_webhooks;
use crate::pause_plan::resume_what_is_over;
use crate::propose_agreement::propose_agreements;
use crate::resend_payments::resend_payments;
use crate::send_payments::send_payments;
use crate::{Deps, FlowError};

/// Attends a batch of rows of one kind, leased under one token.
///
/// # Errors
///
/// Fails when a flow does; the rows are attended again after a back-off.
#[instrument(skip_all, fields(kind = batch.kind.as_str(), count = batch.ids.len()))]
pub async fn attend(deps: &Deps, batch: &Batch) -> Result<(), FlowError> {
    match batch.kind {
        Kind::Agreement => attend_agreements(deps, batch.token, &batch.ids).await?,
        Kind::Instalment => {
            let ids: Vec<InstalmentId> = batch.ids.iter().copied().map(InstalmentId::new).collect();
            send_payments(deps, batch.token, &ids).await?;
        }
        Kind::Payment => attend_payments(deps, batch.token, &batch.ids).await?,
        Kind::Webhook => digest_webhooks(deps, batch.token, &batch.ids).await?,
        Kind::Chore => attend_chores(deps, batch.token, &batch.ids).await?,
    }
    look_at_the_day(deps).await
}

async fn attend_agreements(deps: &Deps, token: Uuid, ids: &[Uuid]) -> Result<(), FlowError> {
    let ids: Vec<AgreementId> = ids.iter().copied().map(AgreementId::new).collect();
    let mut rows = deps.store.agreements(&ids).await?;
    if resume_what_is_over(deps, &rows).await? {
        rows = deps.store.agreements(&ids).await?;
    }
    let now = deps.clock.now();
    let (ending, rows): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| is_cancel_due(row, now));
    if !ending.is_empty() {
        cancel_agreements(deps, token, &ending).await?;
    }
    let (drafted, standing): (Vec<_>, Vec<_>) = rows
        .iter()
        // One that has ended was woken for its plan's sake.
        .filter(|row| !row.state.is_lost())
        .partition(|row| row.state == AgreementState::Drafted);
    if !drafted.is_empty() {
        let ids: Vec<AgreementId> = drafted.iter().map(|row| row.id).collect();
        propose_agreements(deps, token, &ids).await?;
    }
    if !standing.is_empty() {
        let ids: Vec<AgreementId> = standing.iter().map(|row| row.id).collect();
        ask_agreements(deps, &ids).await?;
    }
    Ok(())
}

async fn attend_payments(deps: &Deps, token: Uuid, ids: &[Uuid]) -> Result<(), FlowError> {
    let ids: Vec<PaymentId> = ids.iter().copied().map(PaymentId::new).collect();
    let rows = deps.store.payments(&ids).await?;
    let (intended, sent): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.state == PaymentState::Intended);
    if !intended.is_empty() {
        resend_payments(deps, token, &intended).await?;
    }
    if !sent.is_empty() {
        ask_payment_rows(deps, &sent).await?;
    }
    Ok(())
}
