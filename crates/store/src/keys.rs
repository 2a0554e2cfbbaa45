//! Keys to the admin API, and the check that this process holds the database's own keys.

use std::sync::{Arc, OnceLock};

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::ApiKeyId;

use crate::{Store, StoreError, fence};

/// The purpose and fingerprint of each key that this process was found to hold; empty until it was.
pub(crate) type HeldKeys = Arc<OnceLock<[(&'static str, String); 2]>>;

/// A registered key to the admin API, without its secret, which nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called, 1 to 100 characters; several may be called the same.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was revoked; `None` while it is good.
    pub revoked_at: Option<Instant>,
}

impl Store {
    /// Registers a key to the admin API under its digest. The secret itself is never stored.
    ///
    /// # Errors
    ///
    /// Fails when the same secret is registered already (`api_key_secret_unique`), or the name is not
    /// 1 to 100 characters long (`api_key_name_given`).
    pub async fn create_api_key(
        &self,
        name: &str,
        secret_sha256: [u8; 32],
        id: ApiKeyId,
        now: Instant,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "insert into api_key (id, name, secret_sha256, created_at)
             values ($1, $2, $3, $4)",
        )
        .bind(id.uuid())
        .bind(name)
        .bind(secret_sha256.as_slice())
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Every key there ever was, the oldest first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows: Vec<(Uuid, String, Instant, Option<Instant>)> = sqlx::query_as(
            "select id, name, created_at, revoked_at
             from api_key
             order by created_at, id",
        )
        .fetch_all(&self.pool)
        .await?;
        let keys = rows
            .into_iter()
            .map(|(id, name, created_at, revoked_at)| ApiKey {
                id: ApiKeyId::new(id),
                name,
                created_at,
                revoked_at,
            });
        Ok(keys.collect())
    }

    /// Revokes keys for ever; one that was revoked keeps its time. Answers how many were good until now.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then none is revoked.
    pub async fn revoke_api_keys(&self, ids: &[ApiKeyId], now: Instant) -> Result<u64, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let revoked = sqlx::query(
            "update api_key
             set revoked_at = $2
             where id = any($1)
               and revoked_at is null",
        )
        .bind(ids)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected())
    }

    /// The key registered under this digest, unless it was revoked.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn api_key_by_secret(
        &self,
        secret_sha256: [u8; 32],
    ) -> Result<Option<ApiKeyId>, StoreError> {
        let id: Option<Uuid> = sqlx::query_scalar(
            "select id
             from api_key
             where secret_sha256 = $1
               and revoked_at is null",
        )
        .bind(secret_sha256.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        Ok(id.map(ApiKeyId::new))
    }

    /// Holds this process to the keys the database was first written with.
    ///
    /// The first start leaves the fingerprints of both keys; every later one must show the same. Another
    /// uid key would mint other uids for the same instalment, another data key could open nothing. From then on
    /// every new connection is held to them, too.
    ///
    /// # Errors
    ///
    /// Names the key that differs.
    pub async fn hold_keys(&self, uid_fingerprint: &str) -> Result<(), StoreError> {
        let data_fingerprint = self.vault.key_fingerprint();
        let held = [
            ("uid", uid_fingerprint),
            ("data", data_fingerprint.as_str()),
        ];

        for (purpose, fingerprint) in held {
            // Of two first starts at once, one waits here for the other and then finds its row.
            sqlx::query(
                "insert into key_fingerprint (purpose, fingerprint)
                 values ($1, $2)
                 on conflict (purpose) do nothing",
            )
            .bind(purpose)
            .bind(fingerprint)
            .execute(&self.pool)
            .await?;
            let recorded: String =
                sqlx::query_scalar("select fingerprint from key_fingerprint where purpose = $1")
                    .bind(purpose)
                    .fetch_one(&self.pool)
                    .await?;
            if recorded != fingerprint {
                return Err(StoreError::OtherKey { purpose });
            }
        }
        let held = held.map(|(purpose, fingerprint)| (purpose, fingerprint.to_owned()));
        // Found before, by this process: they were the same, or we had not come here.
        let _ = self.held.set(held);
        let mut connection = self.pool.acquire().await?;
        fence::watch(&mut connection).await?;
        Ok(())
    }
}

/// A process that holds the database's keys looks at the fence on every connection.
pub(crate) async fn watch_if_held(
    connection: &mut PgConnection,
    held: &HeldKeys,
) -> Result<(), sqlx::Error> {
    match held.get() {
        Some(_) => fence::watch(connection).await,
        None => Ok(()),
    }
}

/// Refuses a connection to a database that was not written with the keys held.
pub(crate) async fn must_agree(
    connection: &mut PgConnection,
    held: &HeldKeys,
) -> Result<(), sqlx::Error> {
    let Some(held) = held.get() else {
        return Ok(());
    };
    let recorded: Vec<(String, String)> =
        sqlx::query_as("select purpose, fingerprint from key_fingerprint")
            .fetch_all(connection)
            .await?;
    for (purpose, fingerprint) in held {
        let agrees = |row: &(String, String)| row.0 == *purpose && row.1 == *fingerprint;
        if !recorded.iter().any(agrees) {
            let other = StoreError::OtherKey { purpose };
            return Err(sqlx::Error::Configuration(Box::new(other)));
        }
    }
    Ok(())
}
