//! Answers kept under an `Idempotency-Key`, written in the transaction of the work they answer for.
//!
//! Key, answer and work commit together or not at all: a key without its work, or work without its key,
//! cannot exist. The answer is sealed and the request's digest keyed, since both tell of personal data.

use std::sync::Arc;

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::ApiKeyId;

use crate::{Store, StoreError, Vault};

const RESPONSE: &str = "idempotency.response";

/// A request that carries an `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// Whose request it is: keys of two callers never meet.
    pub api_key_id: ApiKeyId,
    /// The key, as the caller wrote it.
    pub key: String,
    /// What it asks for, such as `create_plan`.
    pub operation: &'static str,
    /// The digest of its body.
    pub request_sha256: [u8; 32],
}

/// A request together with the answer that commits with its work.
pub struct IdempotencyClaim {
    request: IdempotentRequest,
    response_status: u16,
    response_body: String,
    vault: Arc<Vault>,
}

impl std::fmt::Debug for IdempotencyClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdempotencyClaim")
            .field("operation", &self.request.operation)
            .field("response_status", &self.response_status)
            .finish_non_exhaustive()
    }
}

/// What an `Idempotency-Key` is worth to a request.
#[derive(Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The key is new, and now the request's.
    Fresh,
    /// The same request was answered before: this is the answer, byte for byte.
    Replay {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The key belongs to another request.
    OtherRequest,
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Claimed::Fresh => "Fresh",
            Claimed::Replay { .. } => "Replay(…)",
            Claimed::OtherRequest => "OtherRequest",
        })
    }
}

/// What became of a request to create something.
#[derive(Clone, PartialEq, Eq)]
pub enum Created {
    /// It was created.
    Done,
    /// It had been created under the same `Idempotency-Key`: the answer given then.
    Replayed {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Nothing was created: the `Idempotency-Key` belongs to another request.
    KeyReused,
    /// Nothing was created: the external id is taken.
    ExternalIdTaken {
        /// By whom.
        id: Uuid,
    },
}

impl std::fmt::Debug for Created {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Created::Done => f.write_str("Done"),
            Created::Replayed { .. } => f.write_str("Replayed(…)"),
            Created::KeyReused => f.write_str("KeyReused"),
            Created::ExternalIdTaken { id } => write!(f, "ExternalIdTaken({id})"),
        }
    }
}

impl Store {
    /// The claim of a request on its key, with the answer to keep under it.
    pub fn idempotency_claim(
        &self,
        request: IdempotentRequest,
        response_status: u16,
        response_body: String,
    ) -> IdempotencyClaim {
        IdempotencyClaim {
            request,
            response_status,
            response_body,
            vault: Arc::clone(&self.vault),
        }
    }

    /// What is kept under the request's key; `None` when nothing is yet.
    ///
    /// A quick look that saves the work of a repeated request. The claim decides.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or the kept answer cannot be opened.
    pub async fn idempotent_answer(
        &self,
        request: &IdempotentRequest,
    ) -> Result<Option<Claimed>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        kept(&mut connection, &self.vault, request).await
    }
}

/// Claims the key for the caller's transaction.
///
/// While another transaction holds the same key, this waits for its end: then the key is either free
/// again or answered.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    claim: &IdempotencyClaim,
    now: Instant,
) -> Result<Claimed, StoreError> {
    let sealed = claim.vault.seal(RESPONSE, claim.response_body.as_bytes())?;
    let inserted = sqlx::query(
        "insert into idempotency
           (api_key_id, key, operation, request_sha256, response_status, response_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (api_key_id, key) do nothing",
    )
    .bind(claim.request.api_key_id.uuid())
    .bind(&claim.request.key)
    .bind(claim.request.operation)
    .bind(keyed_digest(&claim.vault, &claim.request))
    .bind(i16::try_from(claim.response_status).unwrap_or(i16::MAX))
    .bind(sealed)
    .bind(now)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if inserted == 1 {
        return Ok(Claimed::Fresh);
    }

    kept(tx, &claim.vault, &claim.request)
        .await?
        .ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

async fn kept(
    connection: &mut PgConnection,
    vault: &Vault,
    request: &IdempotentRequest,
) -> Result<Option<Claimed>, StoreError> {
    let row: Option<(String, Vec<u8>, i16, Vec<u8>)> = sqlx::query_as(
        "select operation,
                request_sha256,
                response_status,
                response_sealed
         from idempotency
         where api_key_id = $1
           and key = $2",
    )
    .bind(request.api_key_id.uuid())
    .bind(&request.key)
    .fetch_optional(connection)
    .await?;
    let Some((operation, digest, status, sealed)) = row else {
        return Ok(None);
    };
    if operation != request.operation || digest != keyed_digest(vault, request) {
        return Ok(Some(Claimed::OtherRequest));
    }
    Ok(Some(Claimed::Replay {
        status: u16::try_from(status).map_err(|_| StoreError::Undecodable {
            id: request.operation.to_owned(),
            what: "response_status",
        })?,
        body: vault.open_text(RESPONSE, &sealed)?,
    }))
}

/// The request's digest under the data key. A bare digest of a body that holds an account number could
/// be found again by trying all account numbers.
fn keyed_digest(vault: &Vault, request: &IdempotentRequest) -> Vec<u8> {
    vault.fingerprint(&request.request_sha256)
}
