//! Cancels agreements at the provider: the row says so before the call, and is looked at until they have ended.

use chrono::TimeDelta;
use futures::StreamExt;
use serde_json::json;
use tracing::instrument;
use uuid::Uuid;

use domain::agreement::{Event, State};
use domain::date::Instant;
use domain::payment::Step;
use domain::uid::AgreementId;
use store::agreements::{AgreementRow, AgreementWrite, Cancellation};
use store::exceptions::NewException;

use crate::apply_agreement_report::{give_up_draft, unchanged};
use crate::ask_provider::ask_agreements;
use crate::clock::fresh_uuid;
use crate::report::CancelFact;
use crate::tell::exception;
use crate::{Deps, FlowError};

/// How soon after a cancellation was sent the provider is asked what became of it.
const FIRST_ASK: TimeDelta = TimeDelta::seconds(5);

/// Between two questions after that.
const NEXT_ASK: TimeDelta = TimeDelta::minutes(1);

/// How long a cancellation that was sent may take, before it is sent again.
const MAY_TAKE: TimeDelta = TimeDelta::minutes(10);

/// The same, once a few were sent.
const MAY_TAKE_LATER: TimeDelta = TimeDelta::hours(1);

/// How many cancellations are sent at the first pace.
const AT_FIRST_PACE: u32 = 3;

/// How soon one is sent again that the provider said it could not do, or that never left.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Cancels, of the agreements in `rows`, those whose cancellation is wanted and due; they are leased under
/// `token`. A draft is taken back: nothing of it is at the provider.
///
/// A crash after the row is armed leaves a row that is asked about, and then sent again.
///
/// # Errors
///
/// Fails when the database does; then the agreements are attended again.
#[instrument(skip_all, fields(count = rows.len()))]
pub async fn cancel_agreements(
    deps: &Deps,
    token: Uuid,
    rows: &[AgreementRow],
) -> Result<(), FlowError> {
    let (drafts, standing): (Vec<&AgreementRow>, Vec<&AgreementRow>) =
        rows.iter().partition(|row| row.state == State::Drafted);
    take_back(deps, &drafts).await?;
    if standing.is_empty() {
        return Ok(());
    }
    let standing: Vec<AgreementRow> = standing.into_iter().cloned().collect();
    let now = deps.clock.now();
    let questions: Vec<NewException> = standing.iter().filter_map(could_not).collect();

    let armed = deps
        .store
        .arm_cancellations(token, &standing, &questions, now, now + FIRST_ASK)
        .await?;

    let sent: Vec<AgreementRow> = standing
        .into_iter()
        .filter(|row| armed.contains(&row.id))
        .collect();
    let calls = futures::stream::iter(sent).map(|row| async move {
        let reason = row.cancellation.as_ref().map(|wanted| &wanted.reason);
        let reason = reason.cloned().unwrap_or_default();
        let fact = deps.provider.cancel_agreement(&row, &reason).await;
        (row.id, fact)
    });
    let answers: Vec<(AgreementId, CancelFact)> = calls
        .buffer_unordered(deps.settings.calls_in_flight_max)
        .collect()
        .await;
    record(deps, answers).await
}

/// What was refused is asked about at once: the agreement may have ended meanwhile. What never left is sent
/// again soon. What was taken, or left open, is asked about when its row comes due.
async fn record(deps: &Deps, answers: Vec<(AgreementId, CancelFact)>) -> Result<(), FlowError> {
    let mut refused = Vec::new();
    let mut unsent = Vec::new();
    for (id, fact) in answers {
        match fact {
            CancelFact::Refused { .. } => refused.push(id),
            CancelFact::NotSent => unsent.push(id),
            CancelFact::Taken | CancelFact::Undecided => {}
        }
    }
    if !unsent.is_empty() {
        let now = deps.clock.now();
        deps.store.doubt_cancellations(&unsent, false, now).await?;
    }
    if !refused.is_empty() {
        ask_agreements(deps, &refused).await?;
    }
    Ok(())
}

async fn take_back(deps: &Deps, drafts: &[&AgreementRow]) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let mut writes: Vec<AgreementWrite> = Vec::new();
    for row in drafts {
        if let Step::Advance(to) = row.state.step(Event::Withdrawn) {
            let mut write = unchanged(row, now, &deps.settings);
            write.cause = "plan_cancelled";
            give_up_draft(row, &mut write, to, now, &deps.settings);
            writes.push(write);
        }
    }
    if !writes.is_empty() {
        deps.store
            .record_agreements(&writes, now, fresh_uuid)
            .await?;
    }
    Ok(())
}

/// One that was sent before and has not ended the agreement is a person's to know of. It is sent again.
fn could_not(row: &AgreementRow) -> Option<NewException> {
    let tries = row.cancellation.as_ref().map_or(0, |wanted| wanted.tries);
    (0 < tries).then(|| {
        exception(
            "cancellation_failed",
            row.plan_id,
            ("agreement", row.id.uuid()),
            format!(
                "the provider was asked {tries} times to cancel the agreement, which is {} still",
                row.state
            ),
            "Nothing is collected under it. Ask the provider why it is not cancelled.",
        )
    })
}

/// Whether the cancellation of `row` is to be sent, or taken back, now. Nothing is sent from a database that has not
/// been compared with the provider.
pub(crate) fn is_cancel_due(row: &AgreementRow, now: Instant) -> bool {
    let Some(wanted) = &row.cancellation else {
        return false;
    };
    match row.state {
        State::Drafted => true,
        State::Pending | State::Created | State::Active | State::Suspended => {
            row.is_reconciled && again_at(wanted).is_none_or(|at| at <= now)
        }
        // Whether there is anything to cancel is to be asked first.
        State::Sending | State::Unknown => false,
        State::Declined | State::Expired | State::Cancelled | State::Failed => false,
    }
}

/// When an agreement that is to be cancelled is looked at next; nothing where it is asked about as any other.
pub(crate) fn next_cancel_look(
    wanted: &Cancellation,
    is_reconciled: bool,
    state: State,
    now: Instant,
) -> Option<Instant> {
    match state {
        State::Pending | State::Created | State::Active | State::Suspended => {}
        State::Drafted | State::Sending | State::Unknown => return None,
        State::Declined | State::Expired | State::Cancelled | State::Failed => return None,
    }
    if !is_reconciled {
        return Some(now + NEXT_ASK);
    }
    let (Some(sent_at), Some(again_at)) = (wanted.sent_at, again_at(wanted)) else {
        return Some(now);
    };
    let ask_at = if now < sent_at + FIRST_ASK {
        sent_at + FIRST_ASK
    } else {
        now + NEXT_ASK
    };
    Some(ask_at.min(again_at).max(now))
}

/// When it is sent the next time; nothing before the first.
fn again_at(wanted: &Cancellation) -> Option<Instant> {
    let sent_at = wanted.sent_at?;
    let is_doubted = wanted
        .failed_at
        .is_some_and(|failed_at| sent_at <= failed_at);
    Some(if is_doubted {
        sent_at + AGAIN_AFTER
    } else if wanted.tries <= AT_FIRST_PACE {
        sent_at + MAY_TAKE
    } else {
        sent_at + MAY_TAKE_LATER
    })
}

/// What the lender's event says of the payments that a cancellation found under way.
pub(crate) fn in_flight_told(payments: &[store::agreements::InFlightPayment]) -> serde_json::Value {
    let told = payments.iter().map(|payment| {
        json!({
            "payment_id": payment.id.to_string(),
            "payment_uid": payment.uid.to_string(),
            "instalment_id": payment.instalment_id.to_string(),
            "state": payment.state.as_str(),
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        let start: Instant = "2026-01-12T02:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(minute)
    }

    fn wanted(sent_at: Option<Instant>, failed_at: Option<Instant>, tries: u32) -> Cancellation {
        Cancellation {
            reason: "customer_requested".to_owned(),
            sent_at,
            failed_at,
            tries,
        }
    }

    #[test]
    fn a_cancellation_is_sent_at_once_then_in_ten_minutes_then_every_hour() {
        assert_eq!(again_at(&wanted(None, None, 0)), None);
        assert_eq!(again_at(&wanted(Some(at(0)), None, 1)), Some(at(10)));
        assert_eq!(again_at(&wanted(Some(at(0)), None, 3)), Some(at(10)));
        assert_eq!(again_at(&wanted(Some(at(0)), None, 4)), Some(at(60)));
    }

    #[test]
    fn one_that_is_said_to_have_failed_is_sent_again_in_a_minute_and_an_old_hint_counts_no_more() {
        let doubted = wanted(Some(at(0)), Some(at(0)), 1);
        assert_eq!(again_at(&doubted), Some(at(1)));
        let resent = wanted(Some(at(5)), Some(at(0)), 2);
        assert_eq!(again_at(&resent), Some(at(15)));
    }

    #[test]
    fn a_database_that_was_not_compared_looks_again_in_a_minute() {
        let unsent = wanted(None, None, 0);
        let next = next_cancel_look(&unsent, false, State::Active, at(3));
        assert_eq!(next, Some(at(4)));
    }

    #[test]
    fn an_agreement_to_be_cancelled_is_looked_at_within_a_minute_as_long_as_it_stands() {
        let unsent = wanted(None, None, 0);
        let sent = wanted(Some(at(0)), None, 1);
        for state in State::ALL {
            let is_standing = matches!(
                state,
                State::Pending | State::Created | State::Active | State::Suspended
            );
            let first = next_cancel_look(&unsent, true, *state, at(3));
            assert_eq!(first, is_standing.then(|| at(3)), "{state}");
            for minute in 0..30 {
                let next = next_cancel_look(&sent, true, *state, at(minute));
                let in_time = next.is_some_and(|next| at(minute) <= next && next <= at(minute + 1));
                assert_eq!(in_time, is_standing, "{state} {minute}");
            }
        }
    }
}
