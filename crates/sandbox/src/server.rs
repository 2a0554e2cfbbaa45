//! The running sandbox: the world behind its lock, the one hand that moves time, the listener.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::cut::{CutSwitch, CuttingListener};
use crate::event::{Delivery, Heard};
use crate::world::World;
use crate::{SandboxConfig, SandboxError, control, face};

/// How long a webhook may take to be answered, in real time.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(5);
/// How many timers are run before their webhooks are posted.
const BATCH_MAX: usize = 256;
/// How many webhooks are posted at once.
const POSTS_AT_ONCE: usize = 16;

/// A bank and Oligo's face on it. Cloning shares the same bank.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    config: SandboxConfig,
    world: Mutex<World>,
    /// Held by whoever runs timers, so that none runs twice or out of order.
    running_timers: tokio::sync::Mutex<()>,
    /// Told whenever a timer may have been set.
    wake: Notify,
    clock_version: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    http: reqwest::Client,
}

/// How far timers are to be run.
#[derive(Clone, Copy)]
enum Until {
    /// To the clock's own now.
    Now,
    /// To this instant, taking the clock along from timer to timer.
    Instant(DateTime<Utc>),
}

/// Why a move of the clock was refused: it already shows `now_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock only goes forward and shows {now_at}")]
pub struct ClockBackwards {
    /// What the clock shows.
    pub now_at: DateTime<Utc>,
}

impl Sandbox {
    /// A new, empty bank.
    ///
    /// # Errors
    ///
    /// Fails when the client that posts webhooks cannot be built.
    pub fn new(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        let http = reqwest::Client::builder()
            .timeout(WEBHOOK_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|source| SandboxError::WebhookClient { source })?;
        let inner = Inner {
            world: Mutex::new(World::new(&config)),
            config,
            running_timers: tokio::sync::Mutex::new(()),
            wake: Notify::new(),
            clock_version: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            http,
        };
        Ok(Sandbox {
            inner: Arc::new(inner),
        })
    }

    /// Answers on `listener` until `shutdown` completes and the open calls are answered.
    ///
    /// # Errors
    ///
    /// Fails when the listener does.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), SandboxError> {
        let timekeeper = tokio::spawn(self.clone().keep_time());
        let closing = self.inner.closing.clone();
        let app = face::routes(&self)
            .merge(control::routes())
            .with_state(self);
        let served = axum::serve(
            CuttingListener(listener),
            app.into_make_service_with_connect_info::<CutSwitch>(),
        )
        .with_graceful_shutdown(async move {
            shutdown.await;
            // Long polls and hanging answers end now instead of holding up the end.
            closing.send_replace(true);
        })
        .await;
        timekeeper.abort();
        served.map_err(|source| SandboxError::Listener { source })
    }

    /// What the sandbox's clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.world().now()
    }

    /// Moves the clock forward to `to` (none: where it is), running everything that falls due on
    /// the way at its own instant, webhooks included; then lets it run or stand still.
    ///
    /// # Errors
    ///
    /// Fails when `to` lies in the past of the clock; nothing has changed then.
    pub async fn move_clock(
        &self,
        to: Option<DateTime<Utc>>,
        running: Option<bool>,
    ) -> Result<(), ClockBackwards> {
        let _alone = self.inner.running_timers.lock().await;
        let (to, was_running) = {
            let mut world = self.world();
            let now_at = world.now();
            let to = to.unwrap_or(now_at);
            if to < now_at {
                return Err(ClockBackwards { now_at });
            }
            let was_running = world.clock.is_running();
            world.clock.freeze();
            (to, was_running)
        };
        // A caller that goes away drops this future; the guard then lets the clock run on.
        let restored = Restore {
            sandbox: self,
            running: running.unwrap_or(was_running),
        };
        self.run_timers(Until::Instant(to)).await;
        self.world().clock.step_to(to);
        drop(restored);
        Ok(())
    }

    pub(crate) fn config(&self) -> &SandboxConfig {
        &self.inner.config
    }

    /// The world, locked; never hold it across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.inner
            .world
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a timer may have been set.
    pub(crate) fn wake(&self) {
        self.inner.wake.notify_one();
    }

    /// Waits until the clock was moved by hand after `version`, or `longest` has passed.
    pub(crate) async fn clock_moved(&self, version: u64, longest: Duration) {
        let mut versions = self.inner.clock_version.subscribe();
        tokio::select! {
            _ = versions.wait_for(|current| version < *current) => {}
            () = self.closed_within(longest) => {}
        }
    }

    /// Waits for `longest`, or less when the sandbox is closing.
    pub(crate) async fn closed_within(&self, longest: Duration) {
        let mut closing = self.inner.closing.subscribe();
        // Both outcomes end the wait.
        let _ = tokio::time::timeout(longest, closing.wait_for(|closing| *closing)).await;
    }

    async fn keep_time(self) {
        loop {
            {
                let _alone = self.inner.running_timers.lock().await;
                self.run_timers(Until::Now).await;
            }
            let pause = self.until_next_timer();
            tokio::select! {
                () = self.inner.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// How long in real time until a timer is due; a frozen clock makes none due by itself.
    fn until_next_timer(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3_600);
        let world = self.world();
        match world.timers.next_at() {
            Some(next_at) if world.clock.is_running() || next_at <= world.now() => (next_at
                - world.now())
            .to_std()
            .unwrap_or(Duration::ZERO)
            .min(LONGEST),
            Some(_) | None => LONGEST,
        }
    }

    /// Runs what is due, batch by batch; the caller holds `running_timers`.
    async fn run_timers(&self, until: Until) {
        loop {
            let batch = self.run_batch(until);
            if batch.deliveries.is_empty() {
                if batch.timers_run == 0 {
                    return;
                }
                continue;
            }
            let answered = self.post_all(batch.deliveries).await;
            let mut world = self.world();
            for (delivery, heard) in &answered {
                world.record_delivery(delivery, *heard);
            }
        }
    }

    /// Runs due timers up to a batch, or up to the next instant when the clock goes along.
    fn run_batch(&self, until: Until) -> Batch {
        let mut world = self.world();
        let mut batch = Batch::default();
        let limit = match until {
            Until::Now => world.now(),
            Until::Instant(to) => match world.timers.next_at() {
                Some(next_at) if next_at <= to => next_at,
                Some(_) | None => return batch,
            },
        };
        if let Until::Instant(_) = until {
            world.clock.step_to(limit);
            self.inner.clock_version.send_replace(world.clock.version());
        }
        while batch.timers_run < BATCH_MAX {
            let Some((at, timer)) = world.timers.take_due(limit) else {
                break;
            };
            batch.timers_run += 1;
            batch.deliveries.extend(world.run(at, timer));
        }
        batch
    }

    /// Posts deliveries, some at a time; the answers come back in the order given.
    async fn post_all(&self, deliveries: Vec<Delivery>) -> Vec<(Delivery, Heard)> {
        let mut answered: Vec<(usize, Delivery, Heard)> = Vec::with_capacity(deliveries.len());
        let mut posting = JoinSet::new();
        for (place, delivery) in deliveries.into_iter().enumerate() {
            if POSTS_AT_ONCE <= posting.len()
                && let Some(Ok(one)) = posting.join_next().await
            {
                answered.push(one);
            }
            let http = self.inner.http.clone();
            posting.spawn(async move {
                let heard = post(&http, &delivery).await;
                (place, delivery, heard)
            });
        }
        while let Some(joined) = posting.join_next().await {
            answered.extend(joined.ok());
        }
        answered.sort_by_key(|(place, _, _)| *place);
        answered
            .into_iter()
            .map(|(_, delivery, heard)| (delivery, heard))
            .collect()
    }
}

/// The timers run under one lock, and what they asked to be posted.
#[derive(Default)]
struct Batch {
    timers_run: usize,
    deliveries: Vec<Delivery>,
}

/// Ends a move of the clock, also one that was dropped half way.
struct Restore<'a> {
    sandbox: &'a Sandbox,
    running: bool,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let version = {
            let mut world = self.sandbox.world();
            world.clock.settle(self.running);
            world.clock.version()
        };
        self.sandbox.inner.clock_version.send_replace(version);
        self.sandbox.wake();
    }
}

/// Posts one delivery; how its copies were answered at best.
async fn post(http: &reqwest::Client, delivery: &Delivery) -> Heard {
    let mut heard = Heard::default();
    for _ in 0..delivery.copies {
        let mut request = http
            .post(&delivery.url)
            .header("content-type", "application/json")
            .header("split-request-id", delivery.request_id.to_string())
            .body(delivery.body.clone());
        if let Some(signature) = &delivery.signature {
            request = request.header("split-signature", signature);
        }
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                heard.any = true;
                heard.success |= status.is_success() || status.is_redirection();
            }
            Err(error) => {
                let error = error.without_url();
                tracing::debug!(event = delivery.event, %error, "a webhook found nobody");
            }
        }
    }
    heard
}
