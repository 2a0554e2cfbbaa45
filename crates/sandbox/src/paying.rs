//! Oligo's operations on payments; each is one step under the world's lock.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use crate::account::Account;
use crate::agreement::Agreement;
use crate::bank::{doomed_course, scripted_course};
use crate::cause::{AVED, BVSD, Cause, NACT, NAUT};
use crate::clock::{sydney_date, sydney_end, sydney_text};
use crate::complaint::{
    AGREEMENT_UNKNOWN, ALIAS_NOT_FOUND_FOR_DEBTOR, Complaint, NOT_ACTIVE, NOT_RETRYABLE, OVER_DAY,
    OVER_PAYMENT, PAYMENT_DUPLICATE, PAYTO_UNSUPPORTED, RETRIES_SPENT, RETRY_AFTER_END,
    RETRY_NEVER, RETRY_TOO_SOON, Refusal,
};
use crate::payment::{PaymentRequest, RETRIES_MAX, read_retry};
use crate::terms::{Draft, Standing};
use crate::timers::{Step, Timer};
use crate::words::{AgreementState, PaymentState};
use crate::world::World;

impl World {
    pub(crate) fn create_payment(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.now();
        let today = sydney_date(now);
        let request = PaymentRequest::read(body)?;
        // The uid is looked at first: a repeated payment would otherwise be refused for the place
        // that it takes itself.
        if self.payments.contains_key(&request.uid) {
            return Err(PAYMENT_DUPLICATE.into());
        }
        let complaints = self.payment_complaints(&request, now)?;
        if !complaints.is_empty() {
            return Err(Refusal::Unprocessable(complaints));
        }
        let agreement = self.agreement_of(&request.agreement_uid)?;
        let window = agreement.rules(self.reading).window(today);

        let script = request.script;
        let mut payment = request.into_payment(agreement, window, now);
        payment.hidden_until = self.faults.hide(now);
        let (uid, account) = (payment.uid.clone(), payment.account.clone());
        let wire = payment.wire(&self.settings);
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

    fn agreement_of(&self, uid: &str) -> Result<&Agreement, Refusal> {
        Ok(self.agreements.get(uid).ok_or(AGREEMENT_UNKNOWN)?)
    }

    /// Everything that stands in the way of a payment made now.
    fn payment_complaints(
        &mut self,
        request: &PaymentRequest,
        now: DateTime<Utc>,
    ) -> Result<Vec<Complaint>, Refusal> {
        let today = sydney_date(now);
        let agreement = self.agreement_of(&request.agreement_uid)?;
        let mut complaints = Vec::new();
        if agreement.state != AgreementState::Active {
            complaints.push(NOT_ACTIVE);
        }
        let rules = agreement.rules(self.reading);
        complaints.extend(rules.complaints(&request.draft(today), &self.standing(agreement)));
        let (account, creditor) = (agreement.account.clone(), agreement.creditor.clone());
        complaints.extend(self.limit_complaints(request.amount, today));
        complaints.extend(self.account_complaints(&account));
        complaints.extend(self.payee_complaints(creditor.as_ref()));
        Ok(complaints)
    }

    /// Why the account of a payer cannot be debited now; the payer may have moved the agreement to it.
    fn account_complaints(&mut self, account: &Account) -> Vec<Complaint> {
        let mut found: Vec<Complaint> = self.alias_complaint(account).into_iter().collect();
        let payer = account.debtor_complaints().into_iter();
        found.extend(payer.filter(|complaint| complaint.code == PAYTO_UNSUPPORTED.code));
        if account.is_alias() && self.payer(account).display_name.is_none() {
            found.push(ALIAS_NOT_FOUND_FOR_DEBTOR);
        }
        found
    }

    /// The merchant's own limits, held against the payments of today that have not failed.
    fn limit_complaints(&self, amount: i64, today: NaiveDate) -> Vec<Complaint> {
        let mut found = Vec::new();
        if let Some(most) = self.settings.payments_per_day_cents {
            let made: i64 = self
                .payments
                .values()
                .filter(|payment| payment.state != PaymentState::Failed)
                .filter(|payment| sydney_date(payment.created_at) == today)
                .map(|payment| payment.amount)
                .sum();
            if most < made + amount {
                let detail = format!(
                    "The payment would exceed the daily limit of {}",
                    dollars(most)
                );
                found.push(OVER_DAY.saying(detail));
            }
        }
        if let Some(most) = self.settings.payment_max_cents
            && most < amount
        {
            let detail = format!("The payment exceeds the limit of {}", dollars(most));
            found.push(OVER_PAYMENT.saying(detail));
        }
        found
    }

    pub(crate) fn show_payment(&self, uid: &str) -> Result<Value, Refusal> {
        let now = self.now();
        let found = self.payments.get(uid).filter(|found| found.is_shown(now));
        found
            .map(|found| found.wire(&self.settings))
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
        let agreement = self
            .agreements
            .get(&payment.agreement_uid)
            .ok_or(NOT_RETRYABLE)?;
        let window = agreement.rules(self.reading).window(today);
        // Where the payer has the agreement now, not where the first submission found it.
        let account = agreement.account.clone();
        let mut complaints = self.account_complaints(&account);
        complaints.extend(self.creditor_complaints());
        if !complaints.is_empty() {
            return Err(Refusal::Unprocessable(complaints));
        }

        let course = match (doom, script) {
            (Some(cause), _) => doomed_course(cause),
            (None, Some(script)) => scripted_course(script),
            (None, None) => self.payer(&account).course(today),
        };
        let payment = self.payments.get_mut(uid).ok_or(NOT_RETRYABLE)?;
        payment.account = account;
        payment.decided_by_hand = false;
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
    fn retry_doom(&self, uid: &str, today: NaiveDate) -> Option<Cause> {
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
    fn standing(&self, agreement: &Agreement) -> Vec<Standing> {
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
}

/// An amount the way Oligo prints its limits: `$1,000.00`.
fn dollars(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    format!("${}.{:02}", groups.join(","), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_printed_in_dollars() {
        let printed = [5, 100_000, 123_456_789].map(dollars);
        assert_eq!(printed, ["$0.05", "$1,000.00", "$1,234,567.89"]);
    }
}
