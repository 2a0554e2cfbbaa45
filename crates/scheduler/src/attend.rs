//! One attendance: the caller's work on one batch, in a task of its own.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use apalis_core::error::BoxDynError;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use flows::clock::fresh_uuid;
use store::wake::{Batch, Begun};

use crate::fetch::Lane;
use crate::ledger::Hold;

/// What is done with due rows.
pub trait Attend: Send + Sync + 'static {
    /// Attends to the rows of `batch` and leaves in them what comes next, and when.
    ///
    /// May run twice for the same rows, late, or in two places at once: the rows themselves must
    /// forbid what may not happen twice. An error, a panic or a dropped future has the rows
    /// attended again after a back-off, each alone.
    fn attend(&self, batch: Batch) -> impl Future<Output = Result<(), AttendError>> + Send;
}

/// Why an attendance failed.
///
/// Its text is logged: it must name no person, account, token or body.
#[derive(Debug)]
pub struct AttendError {
    cause: BoxDynError,
    retry_after: Option<Duration>,
}

impl AttendError {
    /// A failure because of `cause`. The scheduler chooses the back-off.
    pub fn new(cause: impl Into<BoxDynError>) -> AttendError {
        AttendError {
            cause: cause.into(),
            retry_after: None,
        }
    }

    /// The same failure, to be tried again `retry_after` from now in business time.
    pub fn retry_after(self, retry_after: Duration) -> AttendError {
        AttendError {
            retry_after: Some(retry_after),
            ..self
        }
    }
}

impl fmt::Display for AttendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl std::error::Error for AttendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// A leased batch on its way to its attendance, with the right to run. Dropped before it began, the
/// rows go back as if they had never been leased.
pub(crate) struct Assignment {
    pub(crate) batch: Batch,
    pub(crate) hold: Hold,
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Attends to one batch. Always ends, whatever becomes of the attendance; dropped, it drops the
/// attendance.
pub(crate) async fn attend_one(
    attend: Arc<impl Attend>,
    lane: Arc<Lane>,
    assignment: Assignment,
) -> Result<(), BoxDynError> {
    let span = tracing::info_span!(
        "attend",
        kind = assignment.batch.kind.as_str(),
        count = assignment.batch.ids.len(),
        leases = assignment.batch.leases,
    );
    // A task of its own: a panic stays in it, and a slow batch does not hold up the worker's other
    // ones.
    let attendance = tokio::spawn(attendance(attend, lane, assignment).instrument(span.clone()));
    match AbortOnDropHandle::new(attendance).await {
        Ok(result) => Ok(result?),
        Err(error) => {
            // Not the panic's own text, which may quote a row.
            span.in_scope(|| tracing::error!("an attendance panicked; its rows are tried again"));
            Err(error.into())
        }
    }
}

async fn attendance(
    attend: Arc<impl Attend>,
    lane: Arc<Lane>,
    assignment: Assignment,
) -> Result<(), AttendError> {
    let Assignment {
        batch,
        mut hold,
        permit,
    } = assignment;
    hold.begin();

    let result = match begin(&lane, &batch).await {
        Ok(Begun::Attend) => attend.attend(batch).await,
        Ok(Begun::Quarantined | Begun::Lost) => Ok(()),
        Err(error) => Err(error),
    };

    match &result {
        Ok(()) => hold.done(),
        Err(error) => {
            tracing::warn!(%error, "an attendance failed; its rows are tried again");
            hold.failed(error.retry_after);
        }
    }
    drop(permit);
    result
}

/// A row that was leased before may be one that ends processes: it is counted before it is attended to.
async fn begin(lane: &Lane, batch: &Batch) -> Result<Begun, AttendError> {
    if !batch.leased_before {
        return Ok(Begun::Attend);
    }
    let now = lane.clock.now();
    let begun = lane
        .store
        .begin_alone(batch.kind, batch.token, now, fresh_uuid)
        .await
        .map_err(AttendError::new)?;
    if begun == Begun::Quarantined {
        let id = batch.ids.first().map(|id| batch.kind.shown_id(*id));
        tracing::error!(
            row.id = id.unwrap_or_default(),
            "a row has ended three processes in a row: it is quarantined, and a person is asked"
        );
    }
    Ok(begun)
}
