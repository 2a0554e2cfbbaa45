//! What the passage of time does: one timer, one step.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::agreement::{Agreement, Reason, Scripted};
use crate::bank::Payer;
use crate::cause::{
    AC13, Cause, MD16, MD20, MMS_API_9006, MMS_API_9104, NACT, ZPUNP06, ZPUNP07, ZPUNP08,
};
use crate::event::{Delivery, Subject};
use crate::payment::Payment;
use crate::timers::{Ending, Step, Timer};
use crate::words::{Act, AgreementScript, AgreementState, Decision, Party, PaymentState};
use crate::world::World;

impl World {
    /// Runs one timer at its own instant; what it asks to be posted is for the caller to post.
    pub(crate) fn run(&mut self, at: DateTime<Utc>, timer: Timer) -> Option<Delivery> {
        match timer {
            Timer::ReachBank { agreement } => self.reach_bank(at, &agreement),
            Timer::Agreement {
                agreement,
                from,
                ending,
            } => {
                let found = self.agreements.get(&agreement);
                if found.is_some_and(|found| found.state == from) {
                    self.end_agreement(at, &agreement, ending);
                }
            }
            Timer::Cancel {
                agreement,
                reason,
                beaten,
            } => {
                self.finish_cancellation(at, &agreement, reason, beaten);
            }
            Timer::ValidityEnd { agreement } => self.end_validity(at, &agreement),
            Timer::Payment {
                payment,
                submission,
                step,
            } => {
                let found = self.payments.get(&payment);
                let is_current = found.is_some_and(|found| {
                    found.submissions.len() == submission && !found.state.is_over()
                });
                if is_current {
                    self.step_payment(at, &payment, step);
                }
            }
            Timer::Deliver { event, attempt } => return self.delivery(at, event, attempt),
        }
        None
    }

    fn reach_bank(&mut self, at: DateTime<Utc>, uid: &str) {
        let Some(agreement) = self.agreements.get_mut(uid) else {
            return;
        };
        if agreement.state != AgreementState::Pending {
            return;
        }
        if let Some(cause) = agreement
            .script
            .and_then(|script| failed_creation(script.ending))
        {
            self.end_agreement(at, uid, Ending::Failed(cause));
            return;
        }
        agreement.state = AgreementState::Created;
        agreement.mms_agreement_id = Some(mms_agreement_id());
        let script = agreement.script;
        let account = agreement.account.clone();
        let decided = match script {
            Some(script) => scripted_decision(script),
            None => payer_decision(self.payer(&account)),
        };
        if let Some((after, ending)) = decided {
            let from = AgreementState::Created;
            let timer = Timer::Agreement {
                agreement: uid.to_owned(),
                from,
                ending,
            };
            self.timers.set(at + after, timer);
        }
    }

    /// Moves an agreement that nobody has answered yet, and tells of it.
    fn end_agreement(&mut self, at: DateTime<Utc>, uid: &str, ending: Ending) {
        let Some(agreement) = self.agreements.get_mut(uid) else {
            return;
        };
        let mms_agreement_id = agreement.mms_agreement_id.clone();
        let (state, by, cause) = match ending {
            Ending::Approved => (AgreementState::Active, Party::Debtor, None),
            Ending::Declined(cause) => (AgreementState::Declined, Party::Debtor, Some(cause)),
            Ending::Failed(cause) => (AgreementState::Failed, Party::Initiator, Some(cause)),
            Ending::Expired => (AgreementState::Expired, Party::Debtor, None),
            Ending::Cancelled(by, cause) => (AgreementState::Cancelled, by, Some(cause)),
        };
        agreement.state = state;
        agreement.caused_by = by;
        agreement.reason = cause.map(|cause| Reason {
            cause,
            narrative: None,
        });
        let reason = agreement.reason.as_ref().map(Reason::wire);
        let subject = subject_of_agreement(agreement);
        let (word, body) = match ending {
            Ending::Approved => ("activated", json!({"mms_agreement_id": mms_agreement_id})),
            Ending::Expired => ("expired", json!({"mms_agreement_id": mms_agreement_id})),
            Ending::Declined(_) => (
                "declined",
                json!({"mms_agreement_id": mms_agreement_id, "caused_by": by, "reason": reason}),
            ),
            Ending::Failed(_) => ("failed", json!({"reason": reason})),
            Ending::Cancelled(..) => ("cancelled", json!({"caused_by": by, "reason": reason})),
        };
        let told_with_metadata = !matches!(ending, Ending::Cancelled(..));
        let metadata = subject.metadata.filter(|_| told_with_metadata);
        self.publish(
            at,
            word,
            Subject {
                metadata,
                ..subject
            },
            body,
        );
    }

    fn finish_cancellation(&mut self, at: DateTime<Utc>, uid: &str, by: Reason, beaten: bool) {
        if beaten {
            // The script's wish: the debtor's own cancellation wins the race.
            self.end_unless_over(
                at,
                uid,
                Party::Debtor,
                Reason {
                    cause: MD16,
                    narrative: None,
                },
            );
        }
        let Some(agreement) = self.agreements.get_mut(uid) else {
            return;
        };
        agreement.cancelling = false;
        if agreement.state.is_final() {
            let subject = Subject {
                metadata: None,
                ..subject_of_agreement(agreement)
            };
            let body = json!({"failure": MMS_API_9104.reason()});
            self.publish(at, "cancellation_failed", subject, body);
        } else {
            self.end_unless_over(at, uid, Party::Initiator, by);
        }
    }

    fn end_unless_over(&mut self, at: DateTime<Utc>, uid: &str, by: Party, reason: Reason) {
        let Some(agreement) = self.agreements.get_mut(uid) else {
            return;
        };
        if !agreement.state.is_final() {
            self.turn(at, uid, AgreementState::Cancelled, by, Some(reason));
        }
    }

    fn end_validity(&mut self, at: DateTime<Utc>, uid: &str) {
        let Some(agreement) = self.agreements.get(uid) else {
            return;
        };
        match agreement.state {
            // The scheme ends what is still alive when its validity is over.
            AgreementState::Active | AgreementState::Suspended => {
                let reason = Reason {
                    cause: MD20,
                    narrative: None,
                };
                self.turn(
                    at,
                    uid,
                    AgreementState::Cancelled,
                    Party::Initiator,
                    Some(reason),
                );
            }
            AgreementState::Pending
            | AgreementState::Created
            | AgreementState::Cancelled
            | AgreementState::Declined
            | AgreementState::Failed
            | AgreementState::Expired => {}
        }
    }

    /// The payer acts in the bank app; `None` when the agreement's state does not allow it.
    pub(crate) fn act(&mut self, uid: &str, act: Act) -> Option<()> {
        let at = self.now();
        let agreement = self.agreements.get(uid)?;
        let (state, by) = (agreement.state, agreement.caused_by);
        let reason = || {
            Some(Reason {
                cause: MD16,
                narrative: None,
            })
        };
        use AgreementState as S;
        match (act, state) {
            (Act::Approve, S::Created) => self.end_agreement(at, uid, Ending::Approved),
            (Act::Decline, S::Created) => self.end_agreement(at, uid, Ending::Declined(MD16)),
            (Act::Suspend, S::Active) => self.turn(at, uid, S::Suspended, Party::Debtor, reason()),
            // Only the party that suspended may lift it.
            (Act::Reactivate, S::Suspended) if by == Party::Debtor => {
                self.turn(at, uid, S::Active, Party::Debtor, None);
            }
            (Act::Cancel, S::Active | S::Suspended) => {
                self.turn(at, uid, S::Cancelled, Party::Debtor, reason());
            }
            (Act::Approve | Act::Decline | Act::Suspend | Act::Reactivate | Act::Cancel, _) => {
                return None;
            }
        }
        Some(())
    }

    /// Moves an answered agreement, and tells of it.
    fn turn(
        &mut self,
        at: DateTime<Utc>,
        uid: &str,
        state: AgreementState,
        by: Party,
        reason: Option<Reason>,
    ) {
        let Some(agreement) = self.agreements.get_mut(uid) else {
            return;
        };
        agreement.state = state;
        agreement.caused_by = by;
        agreement.reason = reason;
        let mut body = json!({"caused_by": by});
        if let Some(reason) = &agreement.reason {
            body["reason"] = reason.wire();
        }
        let word = if state == AgreementState::Active {
            "reactivated"
        } else {
            state.word()
        };
        let subject = Subject {
            metadata: None,
            ..subject_of_agreement(agreement)
        };
        self.publish(at, word, subject, body);
    }

    /// Takes one step with a payment, and tells of it where Oligo has an event.
    pub(crate) fn step_payment(&mut self, at: DateTime<Utc>, uid: &str, step: Step) {
        let Some(payment) = self.payments.get_mut(uid) else {
            return;
        };
        let agreement = self.agreements.get(&payment.agreement_uid);
        let is_active = agreement.is_some_and(|found| found.state == AgreementState::Active);
        let step = match step {
            // The payer's bank looks at the agreement once more; later the money is on its way.
            Step::Submit if !is_active => Step::Fail(NACT),
            Step::Submit | Step::Pending | Step::Investigate | Step::Settle | Step::Fail(_) => step,
        };
        let (state, body) = match step {
            Step::Submit => (PaymentState::Submitting, Value::Null),
            Step::Pending => (PaymentState::Pending, Value::Null),
            Step::Investigate => (PaymentState::UnderInvestigation, Value::Null),
            Step::Settle => (PaymentState::Settled, Value::Null),
            Step::Fail(cause) => (PaymentState::Failed, json!({"failure": cause.failure()})),
        };
        payment.state = state;
        payment.failure = match step {
            Step::Fail(cause) => Some(cause),
            Step::Submit | Step::Pending | Step::Investigate | Step::Settle => None,
        };
        if step == Step::Settle {
            payment.settled_at = Some(at);
        }
        let subject = subject_of_payment(payment);
        if step != Step::Submit {
            self.publish(at, state.word(), subject, body);
        }
    }
}

fn subject_of_agreement(agreement: &Agreement) -> Subject {
    Subject {
        kind: "payto_agreement",
        uid: agreement.uid.clone(),
        link: agreement.link(),
        metadata: agreement.metadata.clone(),
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

/// The creation failure an ending stands for, if it is one.
fn failed_creation(ending: AgreementScript) -> Option<Cause> {
    match ending {
        AgreementScript::DebtorAliasNotFound => Some(ZPUNP07),
        AgreementScript::CreditorAliasNotFound => Some(ZPUNP08),
        AgreementScript::AliasServiceUnavailable => Some(ZPUNP06),
        AgreementScript::AgreementServiceUnavailable => Some(MMS_API_9006),
        AgreementScript::DebtorAccept
        | AgreementScript::DebtorDecline
        | AgreementScript::Expire
        | AgreementScript::AccountTypeNotSupported => None,
    }
}

fn scripted_decision(script: Scripted<AgreementScript>) -> Option<(TimeDelta, Ending)> {
    let ending = match script.ending {
        AgreementScript::DebtorAccept => Ending::Approved,
        AgreementScript::DebtorDecline => Ending::Declined(MD16),
        AgreementScript::AccountTypeNotSupported => Ending::Declined(AC13),
        AgreementScript::Expire => Ending::Expired,
        AgreementScript::DebtorAliasNotFound
        | AgreementScript::CreditorAliasNotFound
        | AgreementScript::AliasServiceUnavailable
        | AgreementScript::AgreementServiceUnavailable => return None,
    };
    Some((script.delay.unwrap_or(TimeDelta::zero()), ending))
}

fn payer_decision(payer: &Payer) -> Option<(TimeDelta, Ending)> {
    let ending = match payer.decision {
        Decision::Approve => Ending::Approved,
        Decision::Decline => Ending::Declined(MD16),
        Decision::Ignore | Decision::Ask => return None,
    };
    Some((
        TimeDelta::seconds(i64::from(payer.decide_after_seconds)),
        ending,
    ))
}

/// Thirty-two hex digits shaped as a UUID of version 1 without its hyphens.
fn mms_agreement_id() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = 0x10 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    uuid::Uuid::from_bytes(bytes).simple().to_string()
}
