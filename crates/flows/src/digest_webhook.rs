//! Digests kept webhooks: finds the object, asks the provider how it stands. The webhook itself is only a hint.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use oligo_client::{Envelope, EventKind, ResourceKind, uid_is_valid};
use sha2::{Digest as _, Sha256};
use tracing::instrument;
use uuid::Uuid;

use domain::date::Instant;
use domain::payment::State;
use domain::uid::{AgreementId, PaymentId};
use store::webhooks::{Digest, WebhookRow};

use crate::ask_provider::{Heard, ask_agreements, ask_payment_rows};
use crate::{Deps, FlowError};

/// How long a webhook waits while the request it may be about is still under way.
const BUSY: TimeDelta = TimeDelta::seconds(2);

/// A webhook as far as it is understood.
struct Hint {
    id: Uuid,
    received_at: Instant,
    about: About,
    /// Whether it says that an agreement could not be cancelled.
    doubts_cancellation: bool,
}

/// What a webhook is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Payment(PaymentId),
    Agreement(AgreementId),
    Nothing(&'static str),
}

/// Digests the webhooks with these ids, whose rows are leased under `token`.
///
/// # Errors
///
/// Fails when the database does; then they are digested again.
#[instrument(skip_all, fields(count = ids.len()))]
pub async fn digest_webhooks(deps: &Deps, token: Uuid, ids: &[Uuid]) -> Result<(), FlowError> {
    let webhooks = deps.store.webhooks(ids).await?;
    let hints = find(deps, &webhooks).await?;

    let payments: Vec<PaymentId> = hints.iter().filter_map(Hint::payment).collect();
    let agreements: Vec<AgreementId> = hints.iter().filter_map(Hint::agreement).collect();
    let rows = deps.store.payments(&payments).await?;
    // While the request is under way its own answer decides; a question now could hear the state before it.
    let (busy, idle): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.state == State::Sending);

    // Asked before the webhooks are marked: a crash between the two asks again, which costs nothing.
    let heard = ask_payment_rows(deps, &idle).await?;
    let unanswered = ask_agreements(deps, &agreements).await?;
    doubt_cancellations(deps, &hints).await?;

    let now = deps.clock.now();
    let digests: Vec<(Uuid, Digest)> = hints
        .iter()
        .map(|hint| {
            let is_busy = |payment: &PaymentId| busy.iter().any(|row| row.id == *payment);
            let silent = Digest::Later {
                wake_at: now + pause(hint.received_at, now),
            };
            let digest = match &hint.about {
                About::Payment(payment) if is_busy(payment) => Digest::Later {
                    wake_at: now + BUSY,
                },
                About::Payment(payment) if heard.get(payment) == Some(&Heard::Nothing) => silent,
                About::Agreement(agreement) if unanswered.contains(agreement) => silent,
                About::Payment(_) | About::Agreement(_) => Digest::Done { outcome: "asked" },
                About::Nothing(outcome) => Digest::Done { outcome },
            };
            (hint.id, digest)
        })
        .collect();
    deps.store.digest_webhooks(token, &digests, now).await?;
    Ok(())
}

/// A cancellation that is said to have failed is sent again soon, if the provider says that its agreement
/// stands: asked just now, it would have ended here otherwise.
async fn doubt_cancellations(deps: &Deps, hints: &[Hint]) -> Result<(), FlowError> {
    let doubted: Vec<AgreementId> = hints
        .iter()
        .filter(|hint| hint.doubts_cancellation)
        .filter_map(Hint::agreement)
        .collect();
    if !doubted.is_empty() {
        let now = deps.clock.now();
        deps.store.doubt_cancellations(&doubted, true, now).await?;
    }
    Ok(())
}

impl Hint {
    fn payment(&self) -> Option<PaymentId> {
        match self.about {
            About::Payment(id) => Some(id),
            About::Agreement(_) | About::Nothing(_) => None,
        }
    }

    fn agreement(&self) -> Option<AgreementId> {
        match self.about {
            About::Agreement(id) => Some(id),
            About::Payment(_) | About::Nothing(_) => None,
        }
    }
}

/// How long a webhook waits whose question was not answered: as long as it has waited, up to an hour.
fn pause(received_at: Instant, now: Instant) -> TimeDelta {
    (now - received_at).clamp(TimeDelta::seconds(5), TimeDelta::hours(1))
}

/// Reads the webhooks and finds what they are about. One that tells of an event which another has told of is
/// about nothing: an event is digested once, however often and under whatever request id it arrives.
async fn find(deps: &Deps, webhooks: &[WebhookRow]) -> Result<Vec<Hint>, FlowError> {
    let envelopes: Vec<Option<Envelope>> = webhooks.iter().map(understood).collect();
    let keys: Vec<(Uuid, Vec<u8>)> = webhooks
        .iter()
        .zip(&envelopes)
        .filter_map(|(webhook, envelope)| Some((webhook.id, event_key(envelope.as_ref()?))))
        .collect();
    let repeated: HashSet<Uuid> = deps
        .store
        .claim_webhook_events(&keys)
        .await?
        .into_iter()
        .collect();
    let uids: Vec<String> = envelopes
        .iter()
        .flatten()
        .map(|envelope| envelope.resource_uid.clone())
        .collect();
    let payments = deps.store.payment_ids_by_uid(&uids).await?;
    let payments: HashMap<String, PaymentId> = payments.into_iter().collect();
    let agreements = deps.store.agreement_ids_by_uid(&uids).await?;
    let agreements: HashMap<String, AgreementId> = agreements.into_iter().collect();
    let about = |id: &Uuid, envelope: Option<&Envelope>| match envelope {
        None => About::Nothing("unreadable"),
        Some(_) if repeated.contains(id) => About::Nothing("repeated"),
        Some(envelope) => about(envelope, &payments, &agreements),
    };
    Ok(webhooks
        .iter()
        .zip(&envelopes)
        .map(|(webhook, envelope)| {
            let about = about(&webhook.id, envelope.as_ref());
            if let About::Nothing(outcome) = about {
                tracing::warn!(webhook.id = %webhook.id, outcome, "a webhook led to nothing");
            }
            Hint {
                id: webhook.id,
                received_at: webhook.received_at,
                about,
                doubts_cancellation: envelope.as_ref().is_some_and(|envelope| {
                    envelope.kind == EventKind::AgreementCancellationFailed
                }),
            }
        })
        .collect())
}

/// What is no envelope, or names what can be no uid of ours, is not understood.
fn understood(webhook: &WebhookRow) -> Option<Envelope> {
    let envelope = Envelope::parse(&webhook.raw).ok()?;
    uid_is_valid(&envelope.resource_uid).then_some(envelope)
}

/// What makes two webhooks tell of the same event: its id and its object. The object as well, so that nobody
/// who has seen one id can keep the news of another object from being asked about.
fn event_key(envelope: &Envelope) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(envelope.resource_uid.as_bytes());
    // No uid holds this byte.
    digest.update([0]);
    digest.update(envelope.id.as_bytes());
    digest.finalize().to_vec()
}

/// The object decides, not the kind of event: one we have never heard of is a reason to ask like any other.
fn about(
    envelope: &Envelope,
    payments: &HashMap<String, PaymentId>,
    agreements: &HashMap<String, AgreementId>,
) -> About {
    let uid = &envelope.resource_uid;
    let unknown = About::Nothing("unknown_uid");
    match envelope.resource_kind {
        ResourceKind::Payment => payments.get(uid).map_or(unknown, |id| About::Payment(*id)),
        ResourceKind::Agreement => agreements
            .get(uid)
            .map_or(unknown, |id| About::Agreement(*id)),
        ResourceKind::Refund | ResourceKind::Unrecognised(_) => About::Nothing("not_ours"),
    }
}
