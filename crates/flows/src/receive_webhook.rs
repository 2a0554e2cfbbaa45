//! Takes a provider's webhook: kept raw and acknowledged before anything of it is believed.

use chrono::TimeDelta;
use oligo_client::verify_signature_in_time;
use sha2::{Digest, Sha256};
use tracing::instrument;

use store::StoreError;
use store::webhooks::NewWebhook;

use crate::Deps;
use crate::clock::fresh_uuid;

/// How old a signature may be, either way: a provider's clock and ours may differ.
const SIGNATURE_AGE_MAX: TimeDelta = TimeDelta::minutes(5);

/// A webhook as it arrived.
pub struct Arrived<'a> {
    /// Which provider's receiver it came to.
    pub provider: &'static str,
    /// The provider's id of the delivery, unchanged when it is repeated.
    pub request_id: Option<&'a str>,
    /// The provider's signature.
    pub signature: Option<&'a str>,
    /// The body, byte for byte.
    pub raw: &'a [u8],
}

/// A webhook that is safely kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// For the first time.
    Stored,
    /// Again: it was kept before.
    Repeated,
}

/// Why a webhook was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Signatures are configured, and this one is missing, wrong or too old.
    #[error("the signature is missing or does not verify")]
    BadSignature,
    /// The database did not keep it: the provider must send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a webhook. A worker digests it later by asking the provider; its content alone changes nothing.
///
/// One statement, and no call to anybody: the provider waits for the answer, and nothing else may.
///
/// # Errors
///
/// Fails when a configured signature does not verify, or the database does not keep it.
#[instrument(skip_all, fields(provider = arrived.provider, bytes = arrived.raw.len()))]
pub async fn receive_webhook(deps: &Deps, arrived: Arrived<'_>) -> Result<Received, ReceiveError> {
    let now = deps.clock.now();
    let secrets = &deps.settings.webhook_secrets;
    let signed = match (secrets.is_empty(), arrived.signature) {
        (true, _) => false,
        (false, None) => return Err(ReceiveError::BadSignature),
        (false, Some(header)) => {
            verify_signature_in_time(secrets, header, arrived.raw, now, SIGNATURE_AGE_MAX)
                .map_err(|_| ReceiveError::BadSignature)?;
            true
        }
    };
    let digest = format!("{:x?}", Sha256::digest(arrived.raw).as_slice());
    let webhook = NewWebhook {
        id: fresh_uuid(),
        provider: arrived.provider,
        request_id: arrived.request_id.unwrap_or(&digest),
        raw: arrived.raw,
        signed,
    };

    let is_new = deps.store.keep_webhook(&webhook, now).await?;

    Ok(if is_new {
        Received::Stored
    } else {
        Received::Repeated
    })
}
