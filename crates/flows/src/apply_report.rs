//! The one door for what a provider says about payments.

use std::collections::{HashMap, HashSet};

use tracing::instrument;

use domain::uid::PaymentId;

use crate::clock::fresh_uuid;
use crate::decide_payment::decide;
use crate::report::PaymentReport;
use crate::{Deps, FlowError, ROUNDS_MAX};

/// Applies reports: `step()` decides, and payment, instalment, slots, journal, plan and the lender's events
/// commit together. Rows that moved meanwhile are read and decided again.
///
/// # Errors
///
/// Fails when the database does, or when rows kept moving; then the rows are asked about again.
#[instrument(skip_all, fields(count = reports.len()))]
pub async fn apply_payment_reports(
    deps: &Deps,
    reports: Vec<PaymentReport>,
) -> Result<(), FlowError> {
    let mut left: HashMap<PaymentId, PaymentReport> = reports
        .into_iter()
        .map(|report| (report.payment_id, report))
        .collect();
    let mut in_vain = 0;
    while in_vain < ROUNDS_MAX {
        if left.is_empty() {
            return Ok(());
        }
        let ids: Vec<PaymentId> = left.keys().copied().collect();
        let rows = deps.store.payments(&ids).await?;

        let now = deps.clock.now();
        let mut writes = Vec::new();
        // One that moves the count of failures is decided on what the one before has made of it.
        let mut counted = HashSet::new();
        for row in &rows {
            match left
                .get(&row.id)
                .and_then(|report| decide(row, report, now, &deps.settings))
            {
                Some(write) if write.streak.moves() && !counted.insert(write.agreement_id) => {}
                Some(write) => writes.push(write),
                None => {
                    left.remove(&row.id);
                }
            }
        }

        let written = deps.store.record_payments(&writes, now, fresh_uuid).await?;
        in_vain = if written.is_empty() { in_vain + 1 } else { 0 };
        for id in written {
            left.remove(&id);
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(FlowError::KeptMoving(left.len()))
    }
}
