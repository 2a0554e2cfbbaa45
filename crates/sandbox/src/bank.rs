//! The payers' bank: how each payer behaves, and what becomes of a submitted payment.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::agreement::Scripted;
use crate::cause::{self, AC05, AM04, Cause, FF10, ZPUNP06, ZPUNP07, ZPUNP08};
use crate::codes::Role;
use crate::money::{Money, Payday};
use crate::timers::Step;
use crate::words::{Decision, PaymentScript};

/// From the acceptance of a payment until it is put onto the network.
const SUBMITTED_AFTER: TimeDelta = TimeDelta::seconds(1);
/// From the acceptance of a payment until its outcome.
const OUTCOME_AFTER: TimeDelta = TimeDelta::seconds(3);
/// From the acceptance of a payment until its silence is called `pending`.
const PENDING_AFTER: TimeDelta = TimeDelta::seconds(35);
/// From the acceptance of a payment until nobody resends it any more.
const INVESTIGATED_AFTER: TimeDelta = TimeDelta::hours(40);
/// How long a scripted investigation takes.
const INVESTIGATION: TimeDelta = TimeDelta::seconds(60);

/// How a payer behaves.
#[derive(Clone, Serialize)]
pub(crate) struct Payer {
    /// None: what the settings say of payers.
    pub(crate) decision: Option<Decision>,
    pub(crate) decide_after_seconds: u32,
    /// Why, when the decision is to decline or to fail.
    pub(crate) decision_code: Option<String>,
    #[serde(flatten)]
    pub(crate) money: Money,
    /// The failure code of every submission, until it is taken away.
    pub(crate) fail_with: Option<String>,
    /// Sydney dates on which there is no money in the account.
    pub(crate) short_on: BTreeSet<NaiveDate>,
    /// How many more submissions find no money in the account.
    pub(crate) short_first: u32,
    /// Sydney dates on which the bank gives no word about a payment.
    pub(crate) silent_on: BTreeSet<NaiveDate>,
    /// The Sydney date from which on the account is closed.
    pub(crate) closed_from: Option<NaiveDate>,
    /// The name behind an alias; null when the alias leads to no account.
    pub(crate) display_name: Option<String>,
}

impl Default for Payer {
    fn default() -> Payer {
        Payer {
            decision: None,
            decide_after_seconds: 0,
            decision_code: None,
            money: Money::default(),
            fail_with: None,
            short_on: BTreeSet::new(),
            short_first: 0,
            silent_on: BTreeSet::new(),
            closed_from: None,
            display_name: Some("Sandbox User".to_owned()),
        }
    }
}

/// What to change about a payer; an absent field is left as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayerChange {
    pub(crate) account: Account,
    decision: Option<Decision>,
    decide_after_seconds: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    decision_code: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    balance_cents: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    payday: Option<Option<Payday>>,
    #[serde(default, deserialize_with = "present")]
    fail_with: Option<Option<String>>,
    short_on: Option<BTreeSet<NaiveDate>>,
    short_first: Option<u32>,
    silent_on: Option<BTreeSet<NaiveDate>>,
    #[serde(default, deserialize_with = "present")]
    closed_from: Option<Option<NaiveDate>>,
    #[serde(default, deserialize_with = "present")]
    display_name: Option<Option<String>>,
}

/// Tells a null from an absent field.
pub(crate) fn present<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

impl PayerChange {
    /// What is wrong with it, in a sentence.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        let is_failure = |code: &String| cause::of_role(Role::Failure, code).is_some();
        let is_decision = |code: &String| {
            let roles = [Role::Decline, Role::Creation];
            roles
                .iter()
                .any(|role| cause::of_role(*role, code).is_some())
        };
        let wrong = |code: &Option<Option<String>>, is_known: &dyn Fn(&String) -> bool| {
            code.as_ref()
                .and_then(Option::as_ref)
                .is_some_and(|code| !is_known(code))
        };
        if !self.account.is_well_formed() {
            return Some("The value does not have the shape of its type");
        }
        if wrong(&self.fail_with, &is_failure) {
            return Some("No payment fails with this code");
        }
        let unknown = wrong(&self.decision_code, &is_decision);
        unknown.then_some("No agreement is declined or fails with this code")
    }
}

impl Payer {
    pub(crate) fn change(&mut self, change: PayerChange, today: NaiveDate) {
        fn set<T>(field: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *field = new;
            }
        }
        self.decision = change.decision.or(self.decision);
        set(&mut self.decision_code, change.decision_code);
        set(&mut self.fail_with, change.fail_with);
        // The paydays so far belong to the balance they went into.
        self.money.credit_paydays(today);
        if let Some(balance) = change.balance_cents {
            self.money.set_balance(balance);
        }
        if let Some(payday) = change.payday {
            self.money.set_payday(payday, today);
        }
        set(&mut self.decide_after_seconds, change.decide_after_seconds);
        set(&mut self.short_on, change.short_on);
        set(&mut self.short_first, change.short_first);
        set(&mut self.silent_on, change.silent_on);
        set(&mut self.closed_from, change.closed_from);
        set(&mut self.display_name, change.display_name);
    }

    /// What becomes of a payment submitted on `date`, step by step.
    pub(crate) fn course(&mut self, date: NaiveDate) -> Vec<(TimeDelta, Step)> {
        let submit = (SUBMITTED_AFTER, Step::Submit);
        if self.closed_from.is_some_and(|closed| closed <= date) {
            return vec![submit, (OUTCOME_AFTER, Step::Fail(AC05))];
        }
        let code = self.fail_with.as_ref();
        if let Some(cause) = code.and_then(|code| cause::of_role(Role::Failure, code)) {
            return vec![submit, (OUTCOME_AFTER, Step::Fail(cause))];
        }
        if 0 < self.short_first {
            self.short_first -= 1;
            return vec![submit, (OUTCOME_AFTER, Step::Fail(AM04))];
        }
        if self.short_on.contains(&date) {
            return vec![submit, (OUTCOME_AFTER, Step::Fail(AM04))];
        }
        if self.silent_on.contains(&date) {
            return vec![
                submit,
                (PENDING_AFTER, Step::Pending),
                (INVESTIGATED_AFTER, Step::Investigate),
            ];
        }
        vec![submit, (OUTCOME_AFTER, Step::Collect)]
    }

    /// Why this payer declines, or the bank fails to create, an agreement.
    pub(crate) fn decision_cause(&self, role: Role, otherwise: Cause) -> Cause {
        let code = self.decision_code.as_ref();
        code.and_then(|code| cause::of_role(role, code))
            .unwrap_or(otherwise)
    }
}

/// What becomes of a payment whose request asked for an ending.
pub(crate) fn scripted_course(script: Scripted<PaymentScript>) -> Vec<(TimeDelta, Step)> {
    let end = script.delay.unwrap_or(OUTCOME_AFTER);
    let submit = (SUBMITTED_AFTER.min(end), Step::Submit);
    let fail = |cause: Cause| vec![submit, (end, Step::Fail(cause))];
    match script.ending {
        PaymentScript::AutoSettle => vec![submit, (end, Step::Settle)],
        PaymentScript::RequiresInvestigation => vec![submit, (end, Step::Investigate)],
        PaymentScript::InvestigateAndSettle => {
            vec![
                submit,
                (end, Step::Investigate),
                (end + INVESTIGATION, Step::Settle),
            ]
        }
        PaymentScript::InvestigateAndFail => {
            vec![
                submit,
                (end, Step::Investigate),
                (end + INVESTIGATION, Step::Fail(FF10)),
            ]
        }
        PaymentScript::InsufficientFunds => fail(AM04),
        PaymentScript::DebtorAccountClosed => fail(AC05),
        PaymentScript::InfrastructureUnavailable => fail(FF10),
        PaymentScript::DebtorAliasNotFound => fail(ZPUNP07),
        PaymentScript::CreditorAliasNotFound => fail(ZPUNP08),
        PaymentScript::AliasServiceUnavailable => fail(ZPUNP06),
    }
}

/// What becomes of a retry that no longer fits its agreement.
pub(crate) fn doomed_course(cause: Cause) -> Vec<(TimeDelta, Step)> {
    vec![
        (SUBMITTED_AFTER, Step::Submit),
        (OUTCOME_AFTER, Step::Fail(cause)),
    ]
}
