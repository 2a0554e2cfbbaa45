//! A database for one test.

use paydown::local_postgres::testing;
use store::{DataKey, MIGRATOR, Store, StoreError};

/// Enough for a scheduler's four fetchers, its listener, and a test that looks on.
const CONNECTIONS_MAX: u32 = 12;

/// A migrated database of a test's own, removed when dropped.
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    /// A store over it, under [`data_key`].
    pub store: Store,
    _database: testing::TestDatabase,
}

impl TestDatabase {
    /// Another store over the same database, as another process would have.
    ///
    /// # Panics
    ///
    /// When the database cannot be reached.
    pub async fn another_store(&self) -> Store {
        connect(&self.url)
            .await
            .expect("the test's database answers")
    }
}

/// The key that seals personal data in test databases.
pub const fn data_key() -> DataKey {
    DataKey::new([7; 32])
}

/// A store over the test database at `url`.
///
/// # Errors
///
/// Fails when the database cannot be reached.
pub async fn connect(url: &str) -> Result<Store, StoreError> {
    Store::connect(url, CONNECTIONS_MAX, &data_key()).await
}

/// A fresh, migrated database in the tests' own PostgreSQL cluster.
///
/// # Panics
///
/// When PostgreSQL is not installed, cannot be started, or refuses the migrations.
pub async fn fresh_database() -> TestDatabase {
    let schema: Vec<u8> = MIGRATOR
        .iter()
        .flat_map(|migration| migration.checksum.to_vec())
        .collect();
    let database = testing::TestDatabase::create(&schema, migrate)
        .await
        .unwrap_or_else(|error| panic!("no database for this test: {error}"));
    let store = connect(&database.url)
        .await
        .expect("the test's database answers");
    TestDatabase {
        url: database.url.clone(),
        store,
        _database: database,
    }
}

async fn migrate(url: String) -> Result<(), StoreError> {
    let store = connect(&url).await?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated
}
