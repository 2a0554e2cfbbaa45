//! Provider webhooks as they arrived: kept before they are understood, digested later.

use uuid::Uuid;

use domain::date::Instant;

use crate::{Store, StoreError};

const BODY: &str = "webhook.body";

/// A webhook that has just arrived.
pub struct NewWebhook<'a> {
    /// Its id (UUIDv7).
    pub id: Uuid,
    /// Which provider's receiver it came to.
    pub provider: &'static str,
    /// What makes two deliveries the same: the provider's request id, or a digest of the body.
    pub request_id: &'a str,
    /// The body, byte for byte.
    pub raw: &'a [u8],
    /// Whether a signature was there and verified.
    pub signed: bool,
}

/// A webhook to digest.
pub struct WebhookRow {
    /// Its id.
    pub id: Uuid,
    /// The body, byte for byte.
    pub raw: Vec<u8>,
    /// When it arrived.
    pub received_at: Instant,
}

/// What became of a webhook.
#[derive(Debug)]
pub enum Digest {
    /// Understood (or not), and done with.
    Done {
        /// One word for it, such as `applied` or `unknown_uid`.
        outcome: &'static str,
    },
    /// To be looked at again: its object is busy, or the provider did not answer.
    Later {
        /// When.
        wake_at: Instant,
    },
}

impl Store {
    /// Keeps a webhook. Answers false when the same delivery is already kept.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then nothing is kept and the sender must be told so.
    pub async fn keep_webhook(
        &self,
        webhook: &NewWebhook<'_>,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let sealed = self.vault.seal(BODY, webhook.raw)?;
        let done = sqlx::query(
            "insert into webhook
               (id, provider, request_id, body_sealed, signed, received_at, wake_at)
             values ($1, $2, $3, $4, $5, $6, $6)
             on conflict (provider, request_id) do nothing",
        )
        .bind(webhook.id)
        .bind(webhook.provider)
        .bind(webhook.request_id)
        .bind(sealed)
        .bind(webhook.signed)
        .bind(now)
        .execute(&self.pool)
        .await?;
        let is_new = done.rows_affected() == 1;
        if is_new {
            self.poker.poke();
        }
        Ok(is_new)
    }

    /// The undigested ones among `ids`.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a body was sealed under another key.
    pub async fn webhooks(&self, ids: &[Uuid]) -> Result<Vec<WebhookRow>, StoreError> {
        let rows: Vec<(Uuid, Vec<u8>, Instant)> = sqlx::query_as(
            "select id, body_sealed, received_at
             from webhook
             where id = any($1) and digested_at is null
             order by received_at, id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, sealed, received_at)| {
                Ok(WebhookRow {
                    id,
                    raw: self.vault.open(BODY, &sealed)?,
                    received_at,
                })
            })
            .collect()
    }

    /// Claims the events that webhooks tell of, each under a digest of the event's id and object. Answers the
    /// webhooks whose event another one has claimed: the same event, delivered again under another request id.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn claim_webhook_events(
        &self,
        events: &[(Uuid, Vec<u8>)],
    ) -> Result<Vec<Uuid>, StoreError> {
        let ids: Vec<Uuid> = events.iter().map(|(id, _)| *id).collect();
        let keys: Vec<&[u8]> = events.iter().map(|(_, key)| key.as_slice()).collect();
        // In the order of the keys: of two workers with the same events, one waits for the other.
        sqlx::query(
            "insert into webhook_event (provider, event_key, webhook_id)
             select w.provider, n.event_key, w.id
             from unnest($1::uuid[], $2::bytea[]) as n (id, event_key)
             join webhook w on w.id = n.id
             order by w.provider, n.event_key, w.received_at, w.id
             on conflict on constraint webhook_event_once do nothing",
        )
        .bind(&ids)
        .bind(&keys)
        .execute(&self.pool)
        .await?;
        let repeated = sqlx::query_scalar(
            "select w.id
             from unnest($1::uuid[], $2::bytea[]) as n (id, event_key)
             join webhook w on w.id = n.id
             join webhook_event e on e.provider = w.provider and e.event_key = n.event_key
             where e.webhook_id <> w.id",
        )
        .bind(&ids)
        .bind(&keys)
        .fetch_all(&self.pool)
        .await?;
        Ok(repeated)
    }

    /// Writes down what became of webhooks leased under `token`.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn digest_webhooks(
        &self,
        token: Uuid,
        digests: &[(Uuid, Digest)],
        now: Instant,
    ) -> Result<(), StoreError> {
        let outcome = |digest: &Digest| match digest {
            Digest::Done { outcome } => Some(*outcome),
            Digest::Later { .. } => None,
        };
        let wake_at = |digest: &Digest| match digest {
            Digest::Done { .. } => None,
            Digest::Later { wake_at } => Some(*wake_at),
        };
        sqlx::query(
            "update webhook w
             set outcome = n.outcome,
                 digested_at = case when n.outcome is null then null else $4 end,
                 wake_at = n.wake_at,
                 version = w.version + 1
             from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (id, outcome, wake_at)
             where w.id = n.id and w.lease_token = $5 and w.digested_at is null",
        )
        .bind(digests.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(
            digests
                .iter()
                .map(|(_, digest)| outcome(digest))
                .collect::<Vec<_>>(),
        )
        .bind(
            digests
                .iter()
                .map(|(_, digest)| wake_at(digest))
                .collect::<Vec<_>>(),
        )
        .bind(now)
        .bind(token)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
