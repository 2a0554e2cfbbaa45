//! Asks the provider how payments and agreements stand: what silence, a doubt or a webhook leads to.

use std::collections::{BTreeSet, HashMap};

use futures::StreamExt;
use tracing::instrument;

use domain::uid::{AgreementId, PaymentId};
use store::payments::PaymentRow;

use crate::apply_agreement_report::apply_agreement_reports;
use crate::apply_report::apply_payment_reports;
use crate::report::{
    AgreementFact, AgreementReport, FoundPayment, PaymentFact, PaymentReport, Standing,
};
use crate::{Deps, FlowError};

/// How many answers are applied together. They may wait for each other, at most as long as so many calls take: an
/// answer that is lost on the way is asked for again.
const ANSWERS_TOGETHER: usize = 32;

/// What the provider answered when it was asked about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It did not answer.
    Nothing,
    /// It does not know the payment.
    Missing,
    /// No money moved by it, and none will.
    NoMoney,
    /// Money moved by it, or may still move.
    Money,
}

/// Asks about payments already read, and applies the answers. Each question is tied to the sending that was
/// current when it left. Answers what was heard of each.
///
/// # Errors
///
/// Fails when the database does. An unanswered question is an answer too: asked again later.
#[instrument(skip_all, fields(count = rows.len()))]
pub async fn ask_payment_rows(
    deps: &Deps,
    rows: &[PaymentRow],
) -> Result<HashMap<PaymentId, Heard>, FlowError> {
    let questions: Vec<_> = rows
        .iter()
        .map(|row| (row.id, row.send_no, row.version, row.uid.clone()))
        .collect();
    let calls =
        futures::stream::iter(questions).map(|(payment_id, send_no, version, uid)| async move {
            let asked_at = deps.clock.now();
            let fact = deps.provider.ask_payment(uid.as_str()).await;
            PaymentReport {
                payment_id,
                send_no,
                asked_at,
                asked_of: Some(version),
                fact,
            }
        });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .chunks(ANSWERS_TOGETHER)
        .boxed();
    let mut heard = HashMap::new();
    while let Some(reports) = answers.next().await {
        heard.extend(
            reports
                .iter()
                .map(|report| (report.payment_id, told(&report.fact))),
        );
        apply_payment_reports(deps, reports).await?;
    }
    Ok(heard)
}

fn told(fact: &PaymentFact) -> Heard {
    match fact {
        PaymentFact::NotSent | PaymentFact::Undecided => Heard::Nothing,
        PaymentFact::Absent => Heard::Missing,
        PaymentFact::Refused { .. }
        | PaymentFact::RetryRefused { .. }
        | PaymentFact::Found(FoundPayment {
            standing: Standing::Failed { .. },
            ..
        }) => Heard::NoMoney,
        PaymentFact::RetryAccepted | PaymentFact::Found(_) => Heard::Money,
    }
}

/// Asks about the agreements with these ids, and applies the answers. Answers those of which nothing was
/// heard.
///
/// # Errors
///
/// Fails when the database does.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn ask_agreements(
    deps: &Deps,
    ids: &[AgreementId],
) -> Result<BTreeSet<AgreementId>, FlowError> {
    let rows = deps.store.agreements(ids).await?;
    let calls = futures::stream::iter(rows).map(|row| async move {
        let asked_at = deps.clock.now();
        let fact = deps.provider.ask_agreement(&row).await;
        AgreementReport {
            agreement_id: row.id,
            send_no: row.send_no,
            asked_at,
            fact,
            payer: None,
        }
    });
    let mut answers = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .chunks(ANSWERS_TOGETHER)
        .boxed();
    let mut unanswered = BTreeSet::new();
    while let Some(reports) = answers.next().await {
        let silent = reports
            .iter()
            .filter(|report| report.fact == AgreementFact::Undecided);
        unanswered.extend(silent.map(|report| report.agreement_id));
        apply_agreement_reports(deps, reports).await?;
    }
    Ok(unanswered)
}
