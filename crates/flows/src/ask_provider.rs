//! Asks the provider how payments and agreements stand: what silence, a doubt or a webhook leads to.

use futures::StreamExt;
use tracing::instrument;

use domain::uid::{AgreementId, PaymentId};
use store::payments::PaymentRow;

use crate::apply_agreement_report::apply_agreement_reports;
use crate::apply_report::apply_payment_reports;
use crate::report::{AgreementReport, PaymentReport};
use crate::{Deps, FlowError};

/// Asks about the payments with these ids.
///
/// # Errors
///
/// Fails when the database does. An unanswered question is an answer too: asked again later.
pub async fn ask_payments(deps: &Deps, ids: &[PaymentId]) -> Result<(), FlowError> {
    let rows = deps.store.payments(ids).await?;
    ask_payment_rows(deps, &rows).await
}

/// Asks about payments already read. Each question is tied to the sending that was current when it left.
///
/// # Errors
///
/// As [`ask_payments`].
#[instrument(skip_all, fields(count = rows.len()))]
pub async fn ask_payment_rows(deps: &Deps, rows: &[PaymentRow]) -> Result<(), FlowError> {
    let questions: Vec<_> = rows
        .iter()
        .map(|row| (row.id, row.send_no, row.uid.clone()))
        .collect();
    let calls = futures::stream::iter(questions).map(|(payment_id, send_no, uid)| async move {
        let fact = deps.provider.ask_payment(uid.as_str()).await;
        PaymentReport {
            payment_id,
            send_no,
            fact,
        }
    });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .ready_chunks(64)
        .boxed();
    while let Some(reports) = answers.next().await {
        apply_payment_reports(deps, reports).await?;
    }
    Ok(())
}

/// Asks about the agreements with these ids.
///
/// # Errors
///
/// Fails when the database does.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn ask_agreements(deps: &Deps, ids: &[AgreementId]) -> Result<(), FlowError> {
    let rows = deps.store.agreements(ids).await?;
    let questions: Vec<_> = rows
        .iter()
        .map(|row| (row.id, row.send_no, row.uid.clone()))
        .collect();
    let calls = futures::stream::iter(questions).map(|(agreement_id, send_no, uid)| async move {
        let fact = deps.provider.ask_agreement(uid.as_str()).await;
        AgreementReport {
            agreement_id,
            send_no,
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
