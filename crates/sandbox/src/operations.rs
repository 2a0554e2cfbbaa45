//! Oligo's seven operations upon the world; each is one step under its lock.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::account::Account;
use crate::agreement::{ANSWER_WITHIN, AgreementRequest, Reason, read_account, read_script};
use crate::bank::{doomed_course, scripted_course};
use crate::cause::{self, AVED, BVSD, Cause, NACT, NAUT, NOAS};
use crate::clock::{sydney_date, sydney_end, sydney_text};
use crate::complaint::{
    AGREEMENT_DUPLICATE, AGREEMENT_UNKNOWN, ALIAS_NOT_FOUND, ALIAS_NOT_FOUND_FOR_DEBTOR,
    ALIAS_SERVICE_DOWN, ATTEMPTS_SPENT, CANCEL_RUNNING, CANCEL_STATE, NOT_ACTIVE, NOT_RETRYABLE,
    PAYMENT_DUPLICATE, RETRIES_SPENT, RETRY_AFTER_END, RETRY_NEVER, RETRY_TOO_SOON, Refusal,
};
use crate::form::{self, Findings, text, word};
use crate::payment::{PaymentRequest, RETRIES_MAX, read_retry};
use crate::terms::{Draft, Standing};
use crate::timers::{Ending, Step, Timer};
use crate::words::{AgreementState, AliasScript, CancelScript, Party, PaymentState};
use crate::world::World;

/// From the acceptance of an agreement until it reaches the payer's bank.
const REACHES_BANK_AFTER: TimeDelta = TimeDelta::seconds(1);
/// From the acceptance of a cancellation until it takes effect.
const CANCELLED_AFTER: TimeDelta = TimeDelta::seconds(1);

impl World {
    pub(crate) fn create_agreement(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.now();
        let request = AgreementRequest::read(body)?;
        let mut complaints = request.complaints(now);
        if self.agreements.contains_key(&request.uid) {
            complaints.push(AGREEMENT_DUPLICATE);
        }
        if !self.spend_attempt(&request.account, now) {
            complaints.push(ATTEMPTS_SPENT);
        }
        if request.account.is_alias() && self.payer(&request.account).display_name.is_none() {
            complaints.push(ALIAS_NOT_FOUND_FOR_DEBTOR);
        }
        if !complaints.is_empty() {
            return Err(Refusal::Unprocessable(complaints));
        }

        let agreement = request.into_agreement(now);
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
        let wire = agreement.wire();
        self.agreements.insert(uid.clone(), agreement);
        self.agreement_order.push(uid);
        Ok(wire)
    }

    pub(crate) fn show_agreement(&self, uid: &str) -> Result<Value, Refusal> {
        self.agreements
            .get(uid)
            .map(|found| found.wire())
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

    pub(crate) fn create_payment(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.now();
        let today = sydney_date(now);
        let request = PaymentRequest::read(body)?;
        // The uid is looked at first: a repeated payment would otherwise be refused for the place
        // that it takes itself.
        if self.payments.contains_key(&request.uid) {
            return Err(PAYMENT_DUPLICATE.into());
        }
        let agreement = self
            .agreements
            .get(&request.agreement_uid)
            .ok_or(AGREEMENT_UNKNOWN)?;
        let rules = agreement.rules(self.reading);
        let mut complaints = Vec::new();
        if agreement.state != AgreementState::Active {
            complaints.push(NOT_ACTIVE);
        }
        complaints.extend(rules.complaints(&request.draft(today), &self.standing(agreement)));
        if !complaints.is_empty() {
            return Err(Refusal::Unprocessable(complaints));
        }

        let script = request.script;
        let payment = request.into_payment(agreement, rules.window(today), now);
        let (uid, account) = (payment.uid.clone(), payment.account.clone());
        let wire = payment.wire();
        let course = match script {
            Some(script) => scripted_course(script),
            None => self.payer(&account).course(today),
        };
        if let Some(agreement) = self.agreements.get_mut(&payment.agreement_uid) {
            agreement.payments.push(uid.clone());
        }
        self.payments.insert(uid.clone(), payment);
        self.payment_order.push(uid.clone());
        self.follow(now, &uid, 1, &course);
        Ok(wire)
    }

    pub(crate) fn show_payment(&self, uid: &str) -> Result<Value, Refusal> {
        self.payments
            .get(uid)
            .map(|found| found.wire())
            .ok_or(Refusal::NotFound)
    }

    pub(crate) fn retry_payment(&mut self, uid: &str, body: &[u8]) -> Result<(), Refusal> {
        let now = self.now();
        let today = sydney_date(now);
        let script = read_retry(body)?;
        self.may_retry(uid, now)?;
        // Terms are not part of the answer: a retry that no longer fits is accepted, then fails.
        let doom = self.retry_doom(uid, today);
        let payment = self.payments.get(uid).ok_or(NOT_RETRYABLE)?;
        let account = payment.account.clone();
        let agreement = self
            .agreements
            .get(&payment.agreement_uid)
            .ok_or(NOT_RETRYABLE)?;
        let window = agreement.rules(self.reading).window(today);

        let course = match (doom, script) {
            (Some(cause), _) => doomed_course(cause),
            (None, Some(script)) => scripted_course(script),
            (None, None) => self.payer(&account).course(today),
        };
        let payment = self.payments.get_mut(uid).ok_or(NOT_RETRYABLE)?;
        payment.state = PaymentState::Submitting;
        payment.failure = None;
        payment.submissions.push(now);
        payment.window = window;
        let submission = payment.submissions.len();
        self.follow(now, uid, submission, &course);
        Ok(())
    }

    fn may_retry(&self, uid: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        // The contract gives a retry no 404.
        let payment = self.payments.get(uid).ok_or(NOT_RETRYABLE)?;
        let agreement = self
            .agreements
            .get(&payment.agreement_uid)
            .ok_or(NOT_RETRYABLE)?;
        let over_at = agreement.validity_end.and_then(sydney_end);
        let retryable = payment.failure.is_some_and(|failure| failure.retryable);
        if payment.state != PaymentState::Failed || !retryable {
            return Err(NOT_RETRYABLE.into());
        }
        if RETRIES_MAX < payment.submissions.len() {
            return Err(RETRIES_SPENT.into());
        }
        if over_at.is_some_and(|over_at| over_at <= now) {
            return Err(RETRY_AFTER_END.into());
        }
        let allowed_at = payment.retry_allowed_at(now);
        if now < allowed_at {
            let never = over_at.is_some_and(|over_at| over_at <= allowed_at);
            let complaint = if never { RETRY_NEVER } else { RETRY_TOO_SOON };
            let detail = format!("The next retry is allowed at {}", sydney_text(allowed_at));
            return Err(complaint.saying(detail).into());
        }
        Ok(())
    }

    /// Why the payer's bank will turn down a retry made today.
    fn retry_doom(&self, uid: &str, today: chrono::NaiveDate) -> Option<Cause> {
        let payment = self.payments.get(uid)?;
        let agreement = self.agreements.get(&payment.agreement_uid)?;
        let draft: Draft = payment.draft(today);
        let rules = agreement.rules(self.reading);
        let broken = rules.complaints(&draft, &self.standing(agreement));
        if agreement.state != AgreementState::Active {
            return Some(NACT);
        }
        let has = |code: &str| broken.iter().any(|complaint| complaint.code == code);
        if has("ZPPAY07") {
            return Some(AVED);
        }
        if has("ZPPAY08") {
            return Some(BVSD);
        }
        (!broken.is_empty()).then_some(NAUT)
    }

    /// The agreement's payments that have not failed.
    fn standing(&self, agreement: &crate::agreement::Agreement) -> Vec<Standing> {
        let all = agreement
            .payments
            .iter()
            .filter_map(|uid| self.payments.get(uid));
        all.filter_map(|payment| payment.standing()).collect()
    }

    /// Sets a payment's submission on its course.
    fn follow(
        &mut self,
        now: DateTime<Utc>,
        uid: &str,
        submission: usize,
        course: &[(TimeDelta, Step)],
    ) {
        for (after, step) in course {
            let timer = Timer::Payment {
                payment: uid.to_owned(),
                submission,
                step: *step,
            };
            self.timers.set(now + *after, timer);
        }
    }

    pub(crate) fn resolve_alias(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let (account, script) = read_alias(body)?;
        match script {
            Some(AliasScript::NotFound) => return Err(ALIAS_NOT_FOUND.into()),
            Some(AliasScript::ServiceUnavailable) => {
                return Err(Refusal::Unavailable(ALIAS_SERVICE_DOWN));
            }
            None => {}
        }
        let name = self
            .payer(&account)
            .display_name
            .clone()
            .ok_or(ALIAS_NOT_FOUND)?;
        Ok(json!({"display_name": name}))
    }
}

fn read_cancellation(body: &[u8]) -> Result<(Reason, bool, Option<TimeDelta>), Refusal> {
    let body = Findings::body(body)?;
    let mut findings = Findings::default();
    let read = findings
        .root(&body, &["reason", "narrative", "sandbox"])
        .and_then(|root| {
            let cause = findings.required(&root, "reason", word(cause::cancellation));
            let narrative = findings.optional(&root, "narrative", text(1, 256));
            let script = read_script(&mut findings, &root, CancelScript::from_word);
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
    findings.conclude(read)
}

fn read_alias(body: &[u8]) -> Result<(Account, Option<AliasScript>), Refusal> {
    let body = Findings::body(body)?;
    let mut findings = Findings::default();
    let keys = ["type", "value", "requester", "sandbox"];
    let read = findings.root(&body, &keys).and_then(|root| {
        let account = read_account(&mut findings, &root);
        let script = read_script(&mut findings, &root, AliasScript::from_word);
        let requester = findings.object(&root, "requester", &["id", "remote_ip"])?;
        findings.required(&requester, "id", form::uid);
        findings.required(&requester, "remote_ip", |value| {
            value.as_str()?.parse::<std::net::IpAddr>().ok()
        });
        let account = account?;
        if !account.is_alias() {
            findings.problem(&root, "type", "must be an alias");
        }
        Some((account, script.map(|script| script.ending)))
    });
    findings.conclude(read)
}
