//! The apalis backend over leased rows: what the fetcher claims, handed to a worker.
//!
//! Polling it has no effect of its own. A worker's task is woken by every attendance it runs, and
//! must not turn those wakings into statements.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use tokio::sync::mpsc;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tower::layer::util::Identity;

use crate::attend::Assignment;
use crate::fetch::{self, Lane};

/// The batches of one kind, as they are claimed.
pub(crate) struct LeaseBackend {
    assignments: mpsc::Receiver<Assignment>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// The fetcher is gone although nobody stopped it. The Monitor starts another.
#[derive(Debug, thiserror::Error)]
#[error("the fetcher ended by itself")]
pub(crate) struct FetcherEnded;

impl LeaseBackend {
    /// Starts a fetcher for `lane`, which ends when the lane stops or the backend is dropped.
    pub(crate) fn start(lane: Arc<Lane>) -> LeaseBackend {
        // As many as may run: an assignment carries its permit, so sending one never waits.
        let (sender, assignments) = mpsc::channel(lane.config.batches_in_flight);
        let stopped = Box::pin(lane.stop.clone().cancelled_owned());
        lane.tasks.spawn(fetch::run(Arc::clone(&lane), sender));
        LeaseBackend {
            assignments,
            stopped,
        }
    }
}

impl Backend for LeaseBackend {
    type Task = Task<Assignment>;
    type Error = FetcherEnded;

    fn poll_ready(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), FetcherEnded>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Assignment>, FetcherEnded>>> {
        if self.stopped.as_mut().poll(cx).is_ready() {
            // Without it the worker would drain and then wait for ever to be told to stop.
            if let Err(error) = worker.stop() {
                tracing::debug!(%error, "the worker had not started");
            }
            return Poll::Ready(None);
        }
        match self.assignments.poll_recv(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(Some(Err(FetcherEnded))),
            Poll::Ready(Some(assignment)) => {
                let id = TaskId::from_string(assignment.batch.token.to_string());
                Poll::Ready(Some(Ok(TaskBuilder::new(assignment).task_id(id).build())))
            }
        }
    }

    fn poll_close(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), FetcherEnded>> {
        // What was claimed and not begun is dropped here, and so handed back.
        self.assignments.close();
        while self.assignments.try_recv().is_ok() {}
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for LeaseBackend {
    type Args = Assignment;
    type Id = Infallible;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
