//! What becomes of a submitted payment: one step at a time.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::agreement::Reason;
use crate::cause::{AM04, MSUC, NACT};
use crate::clock::sydney_date;
use crate::event::Subject;
use crate::payment::Payment;
use crate::timers::{Step, Timer};
use crate::words::{AgreementState, Party, PaymentState};
use crate::world::World;

impl World {
    /// Takes one step with a payment, and tells of it where Oligo has an event.
    pub(crate) fn step_payment(&mut self, at: DateTime<Utc>, uid: &str, step: Step) {
        let Some(step) = self.decided(at, uid, step) else {
            return;
        };
        let Some(payment) = self.payments.get_mut(uid) else {
            return;
        };
        let (state, body) = match step {
            Step::Submit => (PaymentState::Submitting, Value::Null),
            Step::Pending => (PaymentState::Pending, Value::Null),
            Step::Investigate => (PaymentState::UnderInvestigation, Value::Null),
            Step::Collect | Step::Settle => (PaymentState::Settled, Value::Null),
            Step::Fail(cause) => (PaymentState::Failed, json!({"failure": cause.failure()})),
        };
        payment.state = state;
        payment.failure = match step {
            Step::Fail(cause) => Some(cause),
            Step::Submit | Step::Pending | Step::Investigate | Step::Collect | Step::Settle => None,
        };
        match state {
            PaymentState::Settled => payment.settled_at = Some(at),
            PaymentState::Failed => payment.failed_at = Some(at),
            PaymentState::Created
            | PaymentState::Submitting
            | PaymentState::Pending
            | PaymentState::UnderInvestigation => {}
        }
        let subject = subject_of_payment(payment);
        if step != Step::Submit {
            self.publish(at, state.word(), subject, body);
        }
        self.follow_up(at, uid, state);
    }

    /// What really happens, once the agreement and the account were looked at.
    fn decided(&mut self, at: DateTime<Utc>, uid: &str, step: Step) -> Option<Step> {
        let payment = self.payments.get(uid)?;
        let agreement = self.agreements.get(&payment.agreement_uid);
        let is_active = agreement.is_some_and(|found| found.state == AgreementState::Active);
        let (account, amount, today) = (payment.account.clone(), payment.amount, sydney_date(at));
        match step {
            // The payer's bank looks at the agreement once more; later the money is on its way.
            Step::Submit if !is_active => Some(Step::Fail(NACT)),
            Step::Collect if !self.payer(&account).money.take(amount, today) => {
                Some(Step::Fail(AM04))
            }
            Step::Settle => {
                self.payer(&account).money.debit(amount, today);
                Some(step)
            }
            Step::Submit | Step::Pending | Step::Investigate | Step::Collect | Step::Fail(_) => {
                Some(step)
            }
        }
    }

    /// What an outcome means for the agreement, and whether a failure is the last word.
    fn follow_up(&mut self, at: DateTime<Utc>, uid: &str, state: PaymentState) {
        let Some(payment) = self.payments.get(uid) else {
            return;
        };
        let submission = payment.submissions.len();
        let agreement_uid = payment.agreement_uid.clone();
        let Some(agreement) = self.agreements.get_mut(&agreement_uid) else {
            return;
        };
        match state {
            PaymentState::Settled => agreement.failures_in_a_row = 0,
            PaymentState::Failed => {
                agreement.failures_in_a_row = agreement.failures_in_a_row.saturating_add(1);
                let most = self.settings.suspend_after_failures;
                let is_spent = most.is_some_and(|most| most <= agreement.failures_in_a_row);
                if is_spent && agreement.state == AgreementState::Active {
                    let why = Reason {
                        cause: MSUC,
                        narrative: None,
                    };
                    let suspended = AgreementState::Suspended;
                    self.turn(at, &agreement_uid, suspended, Party::Debtor, Some(why));
                }
                if let Some(late_at) = self.faults.settle_late(at) {
                    let timer = Timer::LateSettlement {
                        payment: uid.to_owned(),
                        submission,
                    };
                    self.timers.set(late_at, timer);
                }
            }
            PaymentState::Created
            | PaymentState::Submitting
            | PaymentState::Pending
            | PaymentState::UnderInvestigation => {}
        }
    }
}

fn subject_of_payment(payment: &Payment) -> Subject {
    Subject {
        kind: "payto_payment",
        uid: payment.uid.clone(),
        link: payment.link(),
        metadata: payment.metadata.clone(),
    }
}
