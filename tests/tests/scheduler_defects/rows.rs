//! Plain rows of work (webhooks nobody will digest), schedulers over them, and what can be seen of
//! both.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use e2e::database::{TestDatabase, fresh_database};
use flows::clock::{Clock, ClockHand};
use futures::future::BoxFuture;
use scheduler::{Attend, AttendError, SchedulerConfig, SchedulerError};
use sqlx::postgres::PgPool;
use store::Store;
use store::wake::Batch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long anything may take that is said to happen. Far above what it takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Where clocks set by hand start.
pub fn start_of_time() -> DateTime<Utc> {
    "2026-02-02T06:00:00Z".parse().unwrap()
}

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A database with rows of work.
pub struct Rows {
    pub database: TestDatabase,
    pub pool: PgPool,
}

/// What the lease columns of a row say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    pub wake_at: Option<DateTime<Utc>>,
    pub leased: bool,
    pub leases: i32,
    pub quarantined: bool,
}

impl Rows {
    pub async fn new() -> Rows {
        let database = fresh_database().await;
        let pool = PgPool::connect(&database.url).await.unwrap();
        Rows { database, pool }
    }

    pub fn store(&self) -> Store {
        self.database.store.clone()
    }

    /// `count` rows due at `wake_at`, never leased.
    pub async fn insert(&self, count: i32, wake_at: DateTime<Utc>) -> Vec<Uuid> {
        self.insert_leased_before(count, wake_at, 0).await
    }

    /// The same, but leased `leases` times by processes that are gone: each is attended alone.
    pub async fn insert_leased_before(
        &self,
        count: i32,
        wake_at: DateTime<Utc>,
        leases: i32,
    ) -> Vec<Uuid> {
        sqlx::query_scalar(
            "insert into webhook (id, provider, request_id, body_sealed, signed, received_at,
               wake_at, leases)
             select gen_random_uuid(), 'oligo', gen_random_uuid()::text, '', false, $2, $2, $3
             from generate_series(1, $1)
             returning id",
        )
        .bind(count)
        .bind(wake_at)
        .bind(leases)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    pub async fn row(&self, id: Uuid) -> Row {
        sqlx::query_as(
            "select wake_at, lease_token is not null as leased, leases,
                    quarantined_at is not null as quarantined
             from webhook
             where id = $1",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    pub async fn outcome(&self, id: Uuid) -> Option<String> {
        sqlx::query_scalar("select outcome from webhook where id = $1")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// The open questions: kind and subject.
    pub async fn questions(&self) -> Vec<(String, Uuid)> {
        sqlx::query_as("select kind, subject_id from exception where closed_at is null")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// How many rows are still awake.
    pub async fn awake(&self) -> i64 {
        self.count("select count(*) from webhook where wake_at is not null")
            .await
    }

    /// How many rows bear a token, whether or not its lease has run out.
    pub async fn leased(&self) -> i64 {
        self.count("select count(*) from webhook where lease_token is not null")
            .await
    }

    async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Ends every connection of every scheduler to this database.
    pub async fn terminate_connections(&self) {
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'paydown'",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// Waits until no row is awake or leased.
    pub async fn finished(&self) {
        eventually("every row is finished", async || {
            self.awake().await == 0 && self.leased().await == 0
        })
        .await;
    }
}

/// Waits until `holds`, and says what was waited for if it never does.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(ms(10)).await;
    }
}

/// One row, attended.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub id: Uuid,
    pub began: Instant,
    pub rows_in_batch: usize,
}

/// What was attended, by however many schedulers share it.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Run>>>);

impl Log {
    pub fn all(&self) -> Vec<Run> {
        self.0.lock().unwrap().clone()
    }

    pub fn of(&self, id: Uuid) -> Vec<Run> {
        self.all().into_iter().filter(|run| run.id == id).collect()
    }

    fn write(&self, batch: &Batch) {
        let (began, rows_in_batch) = (Instant::now(), batch.ids.len());
        let runs = batch.ids.iter().map(|id| Run {
            id: *id,
            began,
            rows_in_batch,
        });
        self.0.lock().unwrap().extend(runs);
    }
}

type Behaviour = dyn Fn(Batch) -> BoxFuture<'static, Result<(), AttendError>> + Send + Sync;

/// Attends as a closure says, and puts the rows to sleep when that went well.
struct Scripted {
    pool: PgPool,
    log: Log,
    behaviour: Box<Behaviour>,
}

impl Attend for Scripted {
    async fn attend(&self, batch: Batch) -> Result<(), AttendError> {
        self.log.write(&batch);
        (self.behaviour)(batch.clone()).await?;
        sqlx::query("update webhook set wake_at = null where id = any ($1)")
            .bind(&batch.ids)
            .execute(&self.pool)
            .await
            .map_err(AttendError::new)?;
        Ok(())
    }
}

/// A scheduler at work.
pub struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), SchedulerError>>,
}

impl Running {
    /// Starts a scheduler over `rows` whose attendances behave as told.
    pub fn start<F>(
        rows: &Rows,
        store: Store,
        clock: Clock,
        config: SchedulerConfig,
        log: &Log,
        behaviour: F,
    ) -> Running
    where
        F: Fn(Batch) -> BoxFuture<'static, Result<(), AttendError>> + Send + Sync + 'static,
    {
        let (pool, log, behaviour) = (rows.pool.clone(), log.clone(), Box::new(behaviour));
        let attend = Arc::new(Scripted {
            pool,
            log,
            behaviour,
        });
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(scheduler::run(
            store,
            clock,
            attend,
            config,
            shutdown.clone(),
        ));
        Running { shutdown, task }
    }

    /// Tells the scheduler to stop, without waiting.
    pub fn tell_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops the scheduler. Returns how long that took.
    pub async fn stop(self) -> Duration {
        let began = Instant::now();
        self.shutdown.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended
            .expect("the scheduler does not hang")
            .unwrap()
            .unwrap();
        began.elapsed()
    }
}

/// Quick, with leases long enough for a busy machine.
pub fn config() -> SchedulerConfig {
    SchedulerConfig {
        lease: ms(1000),
        heartbeat: ms(200),
        poll: ms(20),
        batch_max: 10,
        batches_in_flight: 4,
        shutdown_timeout: PATIENCE,
        worker_name: "w1".to_owned(),
    }
}

/// A clock that stands at the start of time.
pub fn standing_clock() -> (Clock, ClockHand) {
    Clock::by_hand(start_of_time())
}

/// The instant so many seconds after the start of time.
pub fn seconds_in(seconds: i64) -> DateTime<Utc> {
    start_of_time() + TimeDelta::seconds(seconds)
}

/// Waits until a row inserted now, due at `wake_at`, was attended: then whatever was due as well
/// has had its turn.
pub async fn a_canary_is_attended(rows: &Rows, log: &Log, wake_at: DateTime<Utc>) {
    let canary = rows.insert(1, wake_at).await[0];
    eventually("the canary is attended", async || {
        !log.of(canary).is_empty()
    })
    .await;
}
