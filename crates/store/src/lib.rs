//! All SQL of Paydown. Each public function of [`Store`] is one whole transaction.
//!
//! Three habits hold everywhere. Reads and writes take slices: one row is a slice of one. Every update of a
//! row with states ends `where id = … and version = …`, so a writer who decided on old facts touches nothing
//! and finds out. Business time is always an argument; only leases (`wake.rs`) use the database's own clock.

use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

pub mod vault;
pub mod codec;
pub mod error;
pub mod poke;
pub mod wake;
mod wipe;
pub mod journal;
pub mod keys;
pub mod idempotency;
pub mod customers;
pub mod plans;
pub mod agreements;
pub mod instalments;
pub mod payments;
pub mod webhooks;
pub mod exceptions;
pub mod views;

pub use error::StoreError;
pub use vault::{DataKey, Vault};

/// The numbered, forward-only migrations, compiled into the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Paydown's database: a pool of connections, and the key that seals personal data in it.
///
/// Cheap to clone; every clone shares the pool.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) vault: Arc<Vault>,
    pub(crate) poker: poke::Poker,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Connects to the database at `url` with at most `connections_max` connections.
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
        // A transaction that its task abandoned must not keep its locks: PostgreSQL ends it.
        let options = options
            .application_name("paydown")
            .options([("idle_in_transaction_session_timeout", "10s")]);
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(std::time::Duration::from_secs(10))
            .max_lifetime(std::time::Duration::from_secs(600))
            .before_acquire(|connection, _| Box::pin(is_outside_a_transaction(connection)))
            .connect_with(options)
            .await?;
        Ok(Store {
            poker: poke::Poker::new(pool.clone()),
            pool,
            vault: Arc::new(Vault::new(data_key)),
        })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    ///
    /// Fails when a migration fails, or when the database holds one this binary does not know.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(MIGRATOR.run(&self.pool).await?)
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
                .await?;
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

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A connection on which a `begin` was cancelled can come back to the pool inside an open transaction
/// (sqlx#4393). Then `now()`, the transaction's start, lies before the statement's: drop the connection.
async fn is_outside_a_transaction(
    connection: &mut sqlx::PgConnection,
) -> Result<bool, sqlx::Error> {
    use sqlx::{Executor, Row};
    let row = connection
        .fetch_one(sqlx::raw_sql(
            "select now() < statement_timestamp() as inside",
        ))
        .await?;
    let inside: bool = row.try_get("inside")?;
    Ok(!inside)
}
