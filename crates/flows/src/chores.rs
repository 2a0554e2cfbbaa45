//! What is done again and again, once for all processes: the comparisons with the provider's lists.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tracing::instrument;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::exception::Kind;
use store::chores::ChoreRow;
use store::exceptions::NewException;
use store::fence::THE_DATABASE;

use crate::clock::fresh_uuid;
use crate::reconcile::{Depth, Reconciliation, reconcile};
use crate::{Deps, FlowError};

/// The comparison of what is new.
const COMPARE_RECENT: &str = "compare_recent";

/// The nightly comparison of everything that matters still.
const COMPARE_ALL: &str = "compare_all";

/// The comparison after a restore, until which nothing is sent.
const COMPARE_RESTORED: &str = "compare_restored";

/// At what hour in Sydney everything is compared: nothing is sent then, and the provider is quiet.
const NIGHTLY_HOUR: u32 = 2;

/// How soon a comparison that broke off is made again.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Has the comparisons made from now on: of what is new every `every`, of everything each night.
///
/// # Errors
///
/// Fails when the database does.
pub async fn schedule_comparisons(deps: &Deps, every: TimeDelta) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let seconds = |time: TimeDelta| i32::try_from(time.num_seconds()).unwrap_or(i32::MAX);
    let store = &deps.store;
    store
        .schedule_chore(COMPARE_RECENT, seconds(every), now + every)
        .await?;
    let a_day = seconds(TimeDelta::days(1));
    store
        .schedule_chore(COMPARE_ALL, a_day, next_night(now))
        .await?;
    Ok(())
}

fn next_night(now: Instant) -> Instant {
    let today = BusinessDate::of_instant(now);
    let tomorrow = today.plus_days(1).unwrap_or(today);
    [today, tomorrow]
        .into_iter()
        .map(|date| date.at_hour(NIGHTLY_HOUR, 0))
        .find(|at| now < *at)
        .unwrap_or(now + TimeDelta::days(1))
}

/// Does the chores among `ids`, whose rows are leased under `token`.
///
/// # Errors
///
/// Fails when the database does; then they are done again.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn attend_chores(deps: &Deps, token: Uuid, ids: &[Uuid]) -> Result<(), FlowError> {
    for row in deps.store.chores(ids).await? {
        let found = match row.name.as_str() {
            COMPARE_RECENT => reconcile(deps, Depth::Recent).await?,
            COMPARE_ALL => reconcile(deps, Depth::Whole).await?,
            COMPARE_RESTORED => match compare_restored(deps).await? {
                Some(found) => found,
                None => Reconciliation {
                    is_complete: true,
                    ..Reconciliation::default()
                },
            },
            name => {
                tracing::warn!(chore = name, "a chore that this binary does not know");
                continue;
            }
        };
        let now = deps.clock.now();
        let done_at = found.is_complete.then_some(now);
        let wake_at = match found.is_complete {
            true => next(&row, now),
            false => Some(now + AGAIN_AFTER),
        };
        deps.store
            .finish_chore(token, &row, done_at, &told(&found), wake_at)
            .await?;
    }
    Ok(())
}

fn next(row: &ChoreRow, now: Instant) -> Option<Instant> {
    let every = TimeDelta::seconds(i64::from(row.every_seconds?));
    Some(match row.name.as_str() {
        COMPARE_ALL => next_night(now),
        _ => now + every,
    })
}

/// Compares a database that was restored or promoted with the provider, if this is one, and has it send again once that
/// was done to the end. Nothing where it is none.
///
/// # Errors
///
/// Fails when the database does; then nothing is sent still.
#[instrument(skip_all)]
pub async fn compare_restored(deps: &Deps) -> Result<Option<Reconciliation>, FlowError> {
    let fence = deps.store.fence().await?;
    if fence.reconciled_at.is_some() {
        return Ok(None);
    }
    let now = deps.clock.now();
    deps.store.open_questions(&[question()], now).await?;

    let written_until = fence.written_until;
    let found = reconcile(deps, Depth::Restored { written_until }).await?;

    if found.is_complete {
        let now = deps.clock.now();
        deps.store.open_fence(&fence, now, fresh_uuid).await?;
        tracing::warn!("the database was compared with the provider, and sends again");
    }
    Ok(Some(found))
}

fn question() -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::DatabaseMoved.as_str(),
        plan_id: None,
        subject: "database",
        subject_id: THE_DATABASE,
        detail: "the database is a restored or promoted copy, and may lack what was sent; nothing is sent until it \
                 has been compared with the provider's lists"
            .to_owned(),
        next_action: "Wait for the comparison, which opens it by itself; then register again what the lender registered \
                      since the backup was written.",
    }
}

fn told(found: &Reconciliation) -> Value {
    json!({
        "payments": found.payments,
        "agreements": found.agreements,
        "differences": found.differences.len(),
        "is_complete": found.is_complete,
    })
}
