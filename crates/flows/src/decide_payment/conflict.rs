//! A report that cannot be true together with what is known.

use serde_json::json;

use domain::payment::{Event, incident};
use store::payments::PaymentWrite;

use super::Decision;
use crate::tell::payment_exception;

impl Decision<'_> {
    /// The provider's word and ours cannot both be true: its word is kept, the plan is frozen, a person looks.
    pub(super) fn conflict(mut self, event: Event) -> PaymentWrite {
        let Some(incident) = incident(self.row.state, event) else {
            return self.write;
        };
        let says = incident.claimed;
        // Said before: the question is open already, and the lender was told.
        if self.row.conflict_state == Some(says) {
            return self.write;
        }
        let kind = incident.kind.as_str();
        self.write.conflict_state = Some(says);
        self.write.freeze = Some(kind);
        self.write.exceptions.push(payment_exception(
            kind,
            self.row,
            incident.to_string(),
            "Compare with the provider's record and the bank statement; then resolve the instalment.",
        ));
        self.tell(
            "payment.conflict",
            json!({ "state": self.row.state.as_str(), "provider_says": says.as_str() }),
        );
        self.write
    }
}
