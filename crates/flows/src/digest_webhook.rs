//! Digests kept webhooks: finds the object, asks the provider how it stands. The webhook itself is only a hint.

use std::collections::HashMap;

use chrono::TimeDelta;
use oligo_client::{Envelope, ResourceKind};
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
    let about = find(deps, &webhooks).await?;

    let payments: Vec<PaymentId> = about
        .iter()
        .filter_map(|(_, about)| match about {
            About::Payment(id) => Some(*id),
            About::Agreement(_) | About::Nothing(_) => None,
        })
        .collect();
    let agreements: Vec<AgreementId> = about
        .iter()
        .filter_map(|(_, about)| match about {
            About::Agreement(id) => Some(*id),
            About::Payment(_) | About::Nothing(_) => None,
        })
        .collect();
    let rows = deps.store.payments(&payments).await?;
    // While the request is under way its own answer decides; a question now could hear the state before it.
    let (busy, idle): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.state == State::Sending);

    // Asked before the webhooks are marked: a crash between the two asks again, which costs nothing.
    let heard = ask_payment_rows(deps, &idle).await?;
    let unanswered = ask_agreements(deps, &agreements).await?;

    let now = deps.clock.now();
    let digests: Vec<(Uuid, Digest)> = about
        .iter()
        .zip(&webhooks)
        .map(|((id, about), webhook)| {
            let is_busy = |payment: &PaymentId| busy.iter().any(|row| row.id == *payment);
            let silent = Digest::Later {
                wake_at: now + pause(webhook.received_at, now),
            };
            let digest = match about {
                About::Payment(payment) if is_busy(payment) => Digest::Later {
                    wake_at: now + BUSY,
                },
                About::Payment(payment) if heard.get(payment) == Some(&Heard::Nothing) => silent,
                About::Agreement(agreement) if unanswered.contains(agreement) => silent,
                About::Payment(_) | About::Agreement(_) => Digest::Done { outcome: "asked" },
                About::Nothing(outcome) => Digest::Done { outcome },
            };
            (*id, digest)
        })
        .collect();
    deps.store.digest_webhooks(token, &digests, now).await?;
    Ok(())
}

/// How long a webhook waits whose question was not answered: as long as it has waited, up to an hour.
fn pause(received_at: Instant, now: Instant) -> TimeDelta {
    (now - received_at).clamp(TimeDelta::seconds(5), TimeDelta::hours(1))
}

async fn find(deps: &Deps, webhooks: &[WebhookRow]) -> Result<Vec<(Uuid, About)>, FlowError> {
    let envelopes: Vec<(Uuid, Option<Envelope>)> = webhooks
        .iter()
        .map(|webhook| (webhook.id, Envelope::parse(&webhook.raw).ok()))
        .collect();
    let uids: Vec<String> = envelopes
        .iter()
        .filter_map(|(_, envelope)| envelope.as_ref())
        .map(|envelope| envelope.resource_uid.clone())
        .collect();
    let payments: HashMap<String, PaymentId> = deps
        .store
        .payment_ids_by_uid(&uids)
        .await?
        .into_iter()
        .collect();
    let agreements: HashMap<String, AgreementId> = deps
        .store
        .agreement_ids_by_uid(&uids)
        .await?
        .into_iter()
        .collect();
    Ok(envelopes
        .into_iter()
        .map(|(id, envelope)| {
            let about = envelope.map_or(About::Nothing("unreadable"), |envelope| {
                let uid = &envelope.resource_uid;
                match envelope.resource_kind {
                    ResourceKind::Payment => payments
                        .get(uid)
                        .map_or(About::Nothing("unknown_uid"), |id| About::Payment(*id)),
                    ResourceKind::Agreement => agreements
                        .get(uid)
                        .map_or(About::Nothing("unknown_uid"), |id| About::Agreement(*id)),
                    ResourceKind::Refund | ResourceKind::Unrecognised(_) => {
                        About::Nothing("not_ours")
                    }
                }
            });
            if let About::Nothing(outcome) = about {
                tracing::warn!(webhook.id = %id, outcome, "a webhook led to nothing");
            }
            (id, about)
        })
        .collect())
}
