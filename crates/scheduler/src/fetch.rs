//! The fetcher of one kind: claims due rows when there is room for them, and never more than fit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use flows::clock::Clock;
use store::Store;
use store::wake::{Batch, Kind};

use crate::SchedulerConfig;
use crate::attend::Assignment;
use crate::ledger::{Hold, Ledger};

/// The first pause after the database did not answer. It doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// One kind's share of a scheduler.
pub(crate) struct Lane {
    pub(crate) kind: Kind,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) config: SchedulerConfig,
    pub(crate) ledger: Arc<Ledger>,
    /// One for each batch that may be attended at the same time.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) bell: watch::Receiver<u64>,
    /// Told when outcomes of this kind were recorded: the rows may be due again.
    pub(crate) finished: Notify,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Sends batches to `assignments` until the lane stops or nobody receives. Each is sent with its
/// permit, so at most `batches_in_flight` are under way; rows leased before, each a batch of its
/// own, wait here for theirs. What still waits at the end is handed back.
pub(crate) async fn run(lane: Arc<Lane>, assignments: mpsc::Sender<Assignment>) {
    let mut waiting: VecDeque<(Batch, Hold)> = VecDeque::new();
    let mut bell = lane.bell.clone();
    let mut failures = 0;
    loop {
        let permit = tokio::select! {
            biased;
            () = lane.stop.cancelled() => return,
            () = assignments.closed() => return,
            permit = Arc::clone(&lane.permits).acquire_owned() => permit,
        };
        // The permits are never closed; were they, there would be nothing left to do.
        let Ok(permit) = permit else { return };

        while waiting.is_empty() {
            // Before looking: a ring from here on makes the wait below return at once.
            bell.mark_unchanged();
            match claim(&lane).await {
                Ok(claimed) => {
                    failures = 0;
                    waiting.extend(claimed);
                }
                Err(error) => {
                    tracing::warn!(%error, kind = lane.kind.as_str(), "due rows cannot be leased");
                    failures += 1;
                }
            }
            if lane.stop.is_cancelled() {
                return;
            }
            if waiting.is_empty() && !wait(&lane, &mut bell, failures, &assignments).await {
                return;
            }
        }

        let Some((batch, hold)) = waiting.pop_front() else {
            continue;
        };
        let assignment = Assignment {
            batch,
            hold,
            permit,
        };
        if assignments.send(assignment).await.is_err() {
            return;
        }
    }
}

/// Leases what is due now. Never cancelled: a lease whose answer nobody reads would have to run
/// out.
async fn claim(lane: &Lane) -> Result<Vec<(Batch, Hold)>, store::StoreError> {
    let rows_max = i64::try_from(lane.config.batch_max).unwrap_or(i64::MAX);
    let leased = lane
        .store
        .lease(lane.kind, lane.clock.now(), rows_max, lane.config.lease)
        .await?;
    tracing::trace!(
        worker = lane.config.worker_name.as_str(),
        kind = lane.kind.as_str(),
        batches = leased.len(),
        "looked for due rows"
    );
    Ok(leased
        .into_iter()
        .map(|batch| (batch.clone(), lane.ledger.hold(&batch)))
        .collect())
}

/// Waits until it is worth looking again. False when there will be no need to.
async fn wait(
    lane: &Lane,
    bell: &mut watch::Receiver<u64>,
    failures: u32,
    assignments: &mpsc::Sender<Assignment>,
) -> bool {
    if 0 < failures {
        let pause = PAUSE
            .saturating_mul(2_u32.saturating_pow(failures - 1))
            .min(PAUSE_MAX);
        return tokio::select! {
            () = lane.stop.cancelled() => false,
            () = assignments.closed() => false,
            () = tokio::time::sleep(pause) => true,
        };
    }
    tokio::select! {
        () = lane.stop.cancelled() => false,
        () = assignments.closed() => false,
        // The bell outlives the lane; were it gone, the poll would still come.
        Ok(()) = bell.changed() => true,
        () = lane.finished.notified() => true,
        () = tokio::time::sleep(lane.config.poll) => true,
    }
}
