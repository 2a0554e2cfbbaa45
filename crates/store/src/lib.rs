//! All SQL of Paydown. Each public function of [`Store`] is one whole transaction.
//!
//! Three habits hold everywhere. Reads and writes take slices: one row is a slice of one. Every update of a
//! row with states ends `where id = … and version = …`, so a writer who decided on old facts touches nothing
//! and finds out. Business time is always an argument; only leases (`wake.rs`) use the database's own clock.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Postgres, Transaction};

use tracing::Instrument as _;

use domain::date::Instant;

pub mod vault;
pub mod codec;
pub mod error;
pub mod poke;
pub mod wake;
mod wipe;
pub mod journal;
pub mod keys;
pub mod fence;
pub mod turns;
pub mod idempotency;
pub mod customers;
pub mod plans;
pub mod agreements;
pub mod instalments;
pub mod payments;
pub mod webhooks;
pub mod exceptions;
pub mod control;
pub mod day;
pub mod compare;
pub mod chores;
pub mod views;

pub use error::StoreError;
pub use vault::{DataKey, Vault};

/// The numbered, forward-only migrations, compiled into the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// How long a connection may take to come about, and how long to wait for one to come free.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// How long a connection may lie idle before it is asked, at its next use, whether it still lives.
const IDLE_UNASKED_MAX: Duration = Duration::from_secs(1);

/// The advisory lock of whoever migrates.
const MIGRATING: i64 = 0x0070_6179_646f_776e;

/// What PostgreSQL calls a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// Paydown's database: a pool of connections, and the key that seals personal data in it.
///
/// Cheap to clone; every clone shares the pool.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) vault: Arc<Vault>,
    pub(crate) poker: poke::Poker,
    pub(crate) held: keys::HeldKeys,
    pub(crate) day_looked: day::LastLook,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Connects to the database at `url` with at most `connections_max` connections.
    ///
    /// Once [`Store::hold_keys`] has found the keys, every new connection is refused that leads to a database
    /// with others: one that was put in the place of ours while this process runs. From then on, too, every new
    /// connection looks whether it leads to the database that was last compared with the provider; see [`fence`].
    ///
    /// # Errors
    ///
    /// Fails when the URL is not a PostgreSQL one or the server cannot be reached.
    pub async fn connect(
        url: &str,
        connections_max: u32,
        data_key: &DataKey,
    ) -> Result<Store, StoreError> {
        let options: PgConnectOptions = url.parse()?;
        // A transaction that its task abandoned must not keep its locks: PostgreSQL ends it. No
        // statement here runs long enough to be worth compiling, whatever its plan is thought to cost.
        let options = options.application_name("paydown").options([
            ("idle_in_transaction_session_timeout", "10s"),
            ("jit", "off"),
        ]);
        reach(&options).await?;
        let held = keys::HeldKeys::default();
        let to_hold = Arc::clone(&held);
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(CONNECT_MAX)
            .max_lifetime(Duration::from_secs(600))
            .after_connect(move |connection, _| {
                let held = Arc::clone(&to_hold);
                Box::pin(async move {
                    keys::must_agree(connection, &held).await?;
                    keys::watch_if_held(connection, &held).await
                })
            })
            .test_before_acquire(false)
            .before_acquire(|connection, known| Box::pin(lives(connection, known.idle_for)))
            .connect_lazy_with(options);
        Ok(Store {
            held,
            day_looked: day::LastLook::default(),
            poker: poke::Poker::new(pool.clone()),
            pool,
            vault: Arc::new(Vault::new(data_key)),
        })
    }

    /// Begins a transaction, in a task of its own: where whoever waits for it is dropped in the middle of the `begin`,
    /// the pool would get a connection back whose transaction is open (sqlx#4393), and run the next one's statements
    /// in it. So it is always begun to the end, and rolled back where nobody waits any more.
    ///
    /// # Errors
    ///
    /// Fails when no connection can be had.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.begin_by("begin").await
    }

    /// As [`Store::begin`], by a `begin` that says how the transaction is to be.
    pub(crate) async fn begin_by(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let beginning = async move { pool.begin_with(statement).await };
        match tokio::spawn(beginning.in_current_span()).await {
            Ok(begun) => begun,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down.
                Err(_) => Err(sqlx::Error::PoolClosed),
            },
        }
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    ///
    /// Fails when a migration fails, or when the database holds one this binary does not know.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // Its own: where this is given up, the lock goes with it.
        let mut connection = self.pool.acquire().await?.detach();
        // Whoever waits for a lock in one long statement has an index that is built concurrently wait for it, and
        // with it whoever holds the lock.
        while !sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(MIGRATING)
            .fetch_one(&mut connection)
            .await?
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        MIGRATOR.run(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Whether the database answers and its schema is the one this binary was built for.
    ///
    /// # Errors
    ///
    /// Fails when the database does not answer, or holds fewer migrations than this binary.
    pub async fn check(&self) -> Result<(), StoreError> {
        let applied: i64 =
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success")
                .fetch_one(&self.pool)
                .await
                .map_err(never_migrated)?;
        let known = MIGRATOR.iter().count();
        match usize::try_from(applied) {
            Ok(applied) if known <= applied => Ok(()),
            Ok(_) | Err(_) => Err(StoreError::SchemaBehind),
        }
    }

    /// A listener on the channel over which processes wake each other. See [`poke`].
    ///
    /// # Errors
    ///
    /// Fails when no connection can be had.
    pub async fn listen(&self) -> Result<sqlx::postgres::PgListener, StoreError> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&self.pool).await?;
        listener.listen(poke::CHANNEL).await?;
        Ok(listener)
    }

    /// The newest business instant at which anything was written; `None` in an empty database.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn newest_at(&self) -> Result<Option<Instant>, StoreError> {
        let newest = sqlx::query_scalar(
            "select greatest(
                 (select max(created_at) from event),
                 (select max(at) from journal),
                 (select max(received_at) from webhook))",
        );
        Ok(newest.fetch_one(&self.pool).await?)
    }

    /// Whether [`Store::close`] was called: what it is asked from then on fails.
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Has PostgreSQL count the rows of every table now, so that its plans fit what is there. It does so by itself,
    /// in its time; a database that is filled within seconds is planned for as if it were empty until then.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn count_rows(&self) -> Result<(), StoreError> {
        sqlx::query("analyze").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Connects once, so that a wrong address or password is told at once and by its cause. A pool asks again and
/// again, and in the end says only that it waited.
async fn reach(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    match tokio::time::timeout(CONNECT_MAX, options.connect()).await {
        Ok(Ok(connection)) => connection.close().await,
        // It is there and starts, or has no room at the moment: the pool waits for it.
        Ok(Err(sqlx::Error::Database(error))) if error.is_transient_in_connect_phase() => Ok(()),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let said = format!("no answer within {} s", CONNECT_MAX.as_secs());
            let error = std::io::Error::new(std::io::ErrorKind::TimedOut, said);
            Err(sqlx::Error::Io(error))
        }
    }
}

/// A database without the table of migrations never saw one.
fn never_migrated(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.as_deref() == Some(UNDEFINED_TABLE) {
        return StoreError::SchemaBehind;
    }
    error.into()
}

/// Whether a connection that lay idle may be used: one that lay there long enough for the server to have gone away
/// meanwhile is asked. One that was just given back lived then.
async fn lives(
    connection: &mut sqlx::PgConnection,
    idle_for: Duration,
) -> Result<bool, sqlx::Error> {
    if IDLE_UNASKED_MAX < idle_for {
        connection.ping().await?;
    }
    Ok(true)
}
