//! A report that cannot be true together with what is known.

use serde_json::json;

use domain::payment::{Event, State};
use store::payments::PaymentWrite;

use super::Decision;
use crate::tell::payment_exception;

impl Decision<'_> {
    /// The provider's word and ours cannot both be true: its word is kept, the plan is frozen, a person looks.
    pub(super) fn conflict(mut self, event: Event) -> PaymentWrite {
        let says = match event {
            Event::Settled => State::Settled,
            Event::Failed => State::Failed,
            Event::Rejected => State::Rejected,
            Event::Investigating => State::UnderInvestigation,
            Event::SendStarted
            | Event::RetryStarted
            | Event::NotSent
            | Event::OutcomeUnknown
            | Event::Accepted
            | Event::ConfirmedAbsent
            | Event::GivenUp => State::Submitted,
        };
        // Said before: the question is open already, and the lender was told.
        if self.row.conflict_state == Some(says) {
            return self.write;
        }
        let kind = match (self.row.state, says) {
            (State::Failed, State::Settled) => "late_settlement",
            (State::Settled, State::Failed) => "reversal",
            (
                State::Intended
                | State::Sending
                | State::Unknown
                | State::Submitted
                | State::UnderInvestigation
                | State::Settled
                | State::Failed
                | State::Rejected
                | State::Abandoned,
                State::Intended
                | State::Sending
                | State::Unknown
                | State::Submitted
                | State::UnderInvestigation
                | State::Settled
                | State::Failed
                | State::Rejected
                | State::Abandoned,
            ) => "payment_conflict",
        };
        self.write.conflict_state = Some(says);
        self.write.freeze = Some(kind);
        self.write.exceptions.push(payment_exception(
            kind,
            self.row,
            format!(
                "the payment is {}, yet the provider says {says}",
                self.row.state
            ),
            "Compare with the provider's record and the bank statement; then resolve the instalment.",
        ));
        self.tell(
            "payment.conflict",
            json!({ "state": self.row.state.as_str(), "provider_says": says.as_str() }),
        );
        self.write
    }
}
