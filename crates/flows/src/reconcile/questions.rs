//! The questions that a comparison puts to a person. What is not ours has no id of ours: its uid is made one.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use domain::exception::Kind;
use domain::uid::{PaymentId, PlanId};
use store::exceptions::NewException;

use crate::clock::fresh_uuid;

/// A payment on the provider's list that no instalment of ours accounts for.
pub(super) fn theirs_only(uid: &str, plan_id: Option<PlanId>, why: &str) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::PaymentTheirsOnly.as_str(),
        plan_id: plan_id.map(PlanId::uuid),
        subject: "provider_payment",
        subject_id: id_of(uid),
        detail: format!("the provider has a payment {uid} that is not ours: {why}"),
        next_action: "Find out who made it with our credential, and whether it has to be given back. Collections are \
                      closed: open them once that is known.",
    }
}

/// One uid under which the provider has more than one payment.
pub(super) fn doubled(uid: &str, plan_id: Option<PlanId>) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::PaymentDoubled.as_str(),
        plan_id: plan_id.map(PlanId::uuid),
        subject: "provider_payment",
        subject_id: id_of(uid),
        detail: format!("the provider has more than one payment under the uid {uid}"),
        next_action: "Ask the provider whether it still refuses a uid that exists, and give back what was collected \
                      twice. Collections are closed: open them once that is known.",
    }
}

/// A payment that the provider had, and does not know any more.
pub(super) fn ours_only(id: PaymentId, plan_id: PlanId, uid: &str, state: &str) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::PaymentOursOnly.as_str(),
        plan_id: Some(plan_id.uuid()),
        subject: "payment",
        subject_id: id.uuid(),
        detail: format!("the payment {uid} is {state} here, and the provider does not know it"),
        next_action: "Ask the provider what became of it, and compare with the bank statement.",
    }
}

/// A payment that stands otherwise at the provider, though it was asked.
pub(super) fn differs(
    id: PaymentId,
    plan_id: PlanId,
    uid: &str,
    ours: &str,
    theirs: &str,
) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::PaymentDiffers.as_str(),
        plan_id: Some(plan_id.uuid()),
        subject: "payment",
        subject_id: id.uuid(),
        detail: format!("the payment {uid} is {ours} here, and {theirs} on the provider's list"),
        next_action: "Compare the payment with the provider's record and the bank statement.",
    }
}

/// An agreement on the provider's list that no plan of ours accounts for.
pub(super) fn agreement_theirs_only(uid: &str) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind: Kind::AgreementTheirsOnly.as_str(),
        plan_id: None,
        subject: "provider_agreement",
        subject_id: id_of(uid),
        detail: format!("the provider has an agreement {uid} that is not ours"),
        next_action: "Find out who proposed it with our credential; cancel it at the provider if nobody should have.",
    }
}

/// The same for the same uid, for ever.
fn id_of(uid: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(uid.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
