//! What the lender is told, and what a person is asked: events and exceptions, never with a name or account.

use serde_json::{Value, json};
use uuid::Uuid;

use domain::uid::PlanId;
use store::exceptions::NewException;
use store::journal::NewEvent;
use store::payments::PaymentRow;

use crate::clock::fresh_uuid;

/// An event of a plan. `data` gets the plan's id.
pub(crate) fn event(kind: &'static str, plan_id: PlanId, mut data: Value) -> NewEvent {
    if let Some(object) = data.as_object_mut() {
        object.insert("plan_id".to_owned(), json!(plan_id.to_string()));
    }
    NewEvent {
        id: fresh_uuid(),
        kind,
        aggregate_id: plan_id.uuid(),
        data,
    }
}

/// An event of a payment, with the facts every such event has.
pub(crate) fn payment_event(kind: &'static str, row: &PaymentRow, mut data: Value) -> NewEvent {
    if let Some(object) = data.as_object_mut() {
        object.insert(
            "instalment_id".to_owned(),
            json!(row.instalment_id.to_string()),
        );
        object.insert("sequence".to_owned(), json!(row.sequence));
        object.insert("due_date".to_owned(), json!(row.due_date.to_string()));
        object.insert("payment_id".to_owned(), json!(row.id.to_string()));
        object.insert("payment_uid".to_owned(), json!(row.uid.to_string()));
        object.insert("amount".to_owned(), json!(row.amount.get()));
    }
    event(kind, row.plan_id, data)
}

/// A question about a payment.
pub(crate) fn payment_exception(
    kind: &'static str,
    row: &PaymentRow,
    detail: String,
    next_action: &'static str,
) -> NewException {
    exception(
        kind,
        row.plan_id,
        ("payment", row.id.uuid()),
        detail,
        next_action,
    )
}

/// A question about one object of a plan.
pub(crate) fn exception(
    kind: &'static str,
    plan_id: PlanId,
    (subject, subject_id): (&'static str, Uuid),
    detail: String,
    next_action: &'static str,
) -> NewException {
    NewException {
        id: fresh_uuid(),
        kind,
        plan_id: Some(plan_id.uuid()),
        subject,
        subject_id,
        detail,
        next_action,
    }
}
