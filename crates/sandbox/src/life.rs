//! What the passage of time does: one timer, one step.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::account::Account;
use crate::agreement::{Agreement, Reason, Scripted};
use crate::bank::Payer;
use crate::cause::{
    AC13, Cause, MD16, MD20, MMS_API_9006, MMS_API_9104, ZPUNP06, ZPUNP07, ZPUNP08,
};
use crate::codes::Role;
use crate::event::{Delivery, Subject};
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
                    let is_running = !found.state.is_over() && !found.decided_by_hand;
                    found.submissions.len() == submission && is_running
                });
                if is_current {
                    self.step_payment(at, &payment, step);
                }
            }
            Timer::LateSettlement {
                payment,
                submission,
            } => {
                let found = self.payments.get(&payment);
                let still_failed = found.is_some_and(|found| {
                    found.submissions.len() == submission && found.state == PaymentState::Failed
                });
                if still_failed {
                    self.step_payment(at, &payment, Step::Settle);
                }
            }
            Timer::Release { event } => return self.release(at, event),
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
        let script = agreement.script;
        let account = agreement.account.clone();
        let payers = self.settings.payers;
        let decided = match script {
            Some(script) => scripted_decision(script),
            None => payer_decision(self.payer(&account), payers),
        };
        if let Some((_, ending @ Ending::Failed(_))) = decided {
            self.end_agreement(at, uid, ending);
            return;
        }
        if let Some(agreement) = self.agreements.get_mut(uid) {
            agreement.state = AgreementState::Created;
            agreement.mms_agreement_id = Some(mms_agreement_id());
        }
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

    /// The payer acts in the bank app, or the bank does; `None` when the agreement's state does not
    /// allow it.
    pub(crate) fn act(&mut self, uid: &str, act: Act, why: Option<Reason>) -> Option<()> {
        let at = self.now();
        let agreement = self.agreements.get(uid)?;
        let (state, by) = (agreement.state, agreement.caused_by);
        let cause = why.as_ref().map(|why| why.cause);
        let reason = Some(why.unwrap_or(Reason {
            cause: MD16,
            narrative: None,
        }));
        use AgreementState as S;
        match (act, state) {
            (Act::Approve, S::Created) => self.end_agreement(at, uid, Ending::Approved),
            (Act::Decline, S::Created) => {
                self.end_agreement(at, uid, Ending::Declined(cause.unwrap_or(MD16)));
            }
            (Act::Fail, S::Pending | S::Created) => {
                self.end_agreement(at, uid, Ending::Failed(cause.unwrap_or(MMS_API_9006)));
            }
            (Act::Suspend, S::Active) => self.turn(at, uid, S::Suspended, Party::Debtor, reason),
            // Only the party that suspended may lift it.
            (Act::Reactivate, S::Suspended) if by == Party::Debtor => {
                self.turn(at, uid, S::Active, Party::Debtor, None);
            }
            (Act::Cancel, S::Active | S::Suspended) => {
                self.turn(at, uid, S::Cancelled, Party::Debtor, reason);
            }
            (
                Act::Approve
                | Act::Decline
                | Act::Fail
                | Act::Suspend
                | Act::Reactivate
                | Act::Cancel,
                _,
            ) => {
                return None;
            }
        }
        Some(())
    }

    /// The payer moves the agreement to another account, perhaps under another name; `None` when
    /// its state does not allow it.
    pub(crate) fn change_account(
        &mut self,
        uid: &str,
        account: Account,
        party_name: Option<String>,
    ) -> Option<()> {
        let at = self.now();
        let agreement = self.agreements.get_mut(uid)?;
        let may_move = match agreement.state {
            AgreementState::Active | AgreementState::Suspended => true,
            AgreementState::Pending
            | AgreementState::Created
            | AgreementState::Cancelled
            | AgreementState::Declined
            | AgreementState::Failed
            | AgreementState::Expired => false,
        };
        may_move.then_some(())?;
        agreement.account = account;
        if let Some(name) = party_name {
            agreement.debtor_ultimate_name.clone_from(&name);
            agreement.debtor_name = name;
        }
        let changes = json!({"debtor": agreement.debtor()});
        let subject = Subject {
            metadata: None,
            ..subject_of_agreement(agreement)
        };
        let body = json!({"caused_by": Party::Debtor, "changes": changes});
        self.publish(at, "amended", subject, body);
        Some(())
    }

    /// Moves an answered agreement, and tells of it.
    pub(crate) fn turn(
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
}

fn subject_of_agreement(agreement: &Agreement) -> Subject {
    Subject {
        kind: "payto_agreement",
        uid: agreement.uid.clone(),
        link: agreement.link(),
        metadata: agreement.metadata.clone(),
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

fn payer_decision(payer: &Payer, otherwise: Decision) -> Option<(TimeDelta, Ending)> {
    let ending = match payer.decision.unwrap_or(otherwise) {
        Decision::Approve => Ending::Approved,
        Decision::Decline => Ending::Declined(payer.decision_cause(Role::Decline, MD16)),
        Decision::Fail => Ending::Failed(payer.decision_cause(Role::Creation, MMS_API_9006)),
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
