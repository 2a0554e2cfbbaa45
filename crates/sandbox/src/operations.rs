//! Oligo's operations on agreements; each is one step under the world's lock.

use chrono::TimeDelta;
use serde_json::Value;

use crate::agreement::{ANSWER_WITHIN, AgreementRequest, Reason, read_script};
use crate::cause::{self, NOAS};
use crate::clock::sydney_end;
use crate::complaint::{
    AGREEMENT_DUPLICATE, ALIAS_NOT_FOUND_FOR_DEBTOR, ATTEMPTS_SPENT, CANCEL_RUNNING, CANCEL_STATE,
    CREATIONS_SPENT, Complaint, Refusal,
};
use crate::form::{Findings, text};
use crate::timers::{Ending, Timer};
use crate::words::{AgreementState, CancelScript, Party};
use crate::world::World;

/// From the acceptance of an agreement until it reaches the payer's bank.
const REACHES_BANK_AFTER: TimeDelta = TimeDelta::seconds(1);
/// From the acceptance of a cancellation until it takes effect.
const CANCELLED_AFTER: TimeDelta = TimeDelta::seconds(1);

impl World {
    pub(crate) fn create_agreement(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.now();
        let request = AgreementRequest::read(body)?;
        let complaints = self.creation_complaints(&request);
        if !complaints.is_empty() {
            return Err(Refusal::Unprocessable(complaints));
        }

        let agreement = request.into_agreement(now, &self.settings);
        let uid = agreement.uid.clone();
        self.timers.set(
            now + REACHES_BANK_AFTER,
            Timer::ReachBank {
                agreement: uid.clone(),
            },
        );
        let unanswered = |ending| Timer::Agreement {
            agreement: uid.clone(),
            from: AgreementState::Created,
            ending,
        };
        if let Some(before) = agreement.resolution_requested_before
            && agreement.cancel_if_unresolved == Some(true)
        {
            self.timers.set(
                before,
                unanswered(Ending::Cancelled(Party::Initiator, NOAS)),
            );
        }
        self.timers
            .set(now + ANSWER_WITHIN, unanswered(Ending::Expired));
        if let Some(over_at) = agreement.validity_end.and_then(sydney_end) {
            self.timers.set(
                over_at,
                Timer::ValidityEnd {
                    agreement: uid.clone(),
                },
            );
        }
        let wire = agreement.wire(&self.settings);
        self.agreements.insert(uid.clone(), agreement);
        self.agreement_order.push(uid);
        Ok(wire)
    }

    fn creation_complaints(&mut self, request: &AgreementRequest) -> Vec<Complaint> {
        let now = self.now();
        let mut complaints = request.complaints(now);
        if self.agreements.contains_key(&request.uid) {
            complaints.push(AGREEMENT_DUPLICATE);
        }
        complaints.extend(self.merchant_complaints(&request.account));
        if !self.spend_attempt(&request.account, now) {
            complaints.push(ATTEMPTS_SPENT);
        }
        if self.creations_are_spent(now) {
            complaints.push(CREATIONS_SPENT);
        }
        if !self.leads_somewhere(&request.account, now) {
            complaints.push(ALIAS_NOT_FOUND_FOR_DEBTOR);
        }
        complaints
    }

    pub(crate) fn show_agreement(&self, uid: &str) -> Result<Value, Refusal> {
        self.agreements
            .get(uid)
            .map(|found| found.wire(&self.settings))
            .ok_or(Refusal::NotFound)
    }

    pub(crate) fn cancel_agreement(&mut self, uid: &str, body: &[u8]) -> Result<(), Refusal> {
        let now = self.now();
        let agreement = self.agreements.get_mut(uid).ok_or(Refusal::NotFound)?;
        let (reason, beaten, delay) = read_cancellation(body)?;
        if agreement.state.is_final() {
            let state = agreement.state.word();
            let detail = format!("An agreement that is '{state}' cannot be cancelled");
            return Err(CANCEL_STATE.saying(detail).into());
        }
        if agreement.cancelling {
            return Err(CANCEL_RUNNING.into());
        }

        agreement.cancelling = true;
        let timer = Timer::Cancel {
            agreement: uid.to_owned(),
            reason,
            beaten,
        };
        self.timers
            .set(now + delay.unwrap_or(CANCELLED_AFTER), timer);
        Ok(())
    }
}

fn read_cancellation(body: &[u8]) -> Result<(Reason, bool, Option<TimeDelta>), Refusal> {
    let body = Findings::body(body)?;
    let mut findings = Findings::default();
    let read = findings
        .root(&body, &["reason", "narrative", "sandbox"])
        .and_then(|root| {
            let reasons = cause::cancellation_reasons();
            let cause = findings.choice(&root, "reason", &reasons, cause::cancellation);
            let narrative = findings.optional(&root, "narrative", text(1, 256));
            let words = CancelScript::WORDS;
            let script = read_script(&mut findings, &root, words, CancelScript::from_word);
            let beaten =
                script.is_some_and(|script| script.ending == CancelScript::AgreementCancelled);
            Some((
                Reason {
                    cause: cause?,
                    narrative,
                },
                beaten,
                script.and_then(|script| script.delay),
            ))
        });
    findings.conclude_without_422(read)
}
