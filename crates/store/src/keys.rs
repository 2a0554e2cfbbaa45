//! Keys to the admin API, and the check that this process holds the database's own keys.

use uuid::Uuid;

use domain::date::Instant;
use domain::uid::ApiKeyId;

use crate::{Store, StoreError};

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
    /// uid key would mint other uids for the same instalment, another data key could open nothing.
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
        Ok(())
    }
}
