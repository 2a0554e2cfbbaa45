//! The payers and their bank.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Problem};
use crate::Sandbox;
use crate::account::Account;
use crate::agreement::Reason;
use crate::bank::PayerChange;
use crate::cause;
use crate::clock::sydney_date;
use crate::codes::Role;
use crate::form;
use crate::timers::Step;
use crate::words::{Act, AgreementState, PaymentState, Verdict};

pub(super) async fn change_payer(
    State(sandbox): State<Sandbox>,
    body: Body<PayerChange>,
) -> Result<Json<Value>, Problem> {
    let Json(change) = body?;
    if let Some(mistake) = change.mistake() {
        return Err(Problem::unprocessable(
            "Malformed payer",
            mistake.to_owned(),
        ));
    }
    let account = change.account.clone();
    let mut world = sandbox.world();
    let today = sydney_date(world.now());
    let payer = world.payer(&account);
    payer.change(change, today);
    Ok(Json(json!({"account": account, "behaviour": payer})))
}

/// Every payer that was told something or did something, by account.
pub(super) async fn list_payers(State(sandbox): State<Sandbox>) -> Json<Value> {
    let mut world = sandbox.world();
    let today = sydney_date(world.now());
    let mut listed: Vec<(String, Value)> = world
        .payers
        .iter_mut()
        .map(|(account, payer)| {
            payer.money.credit_paydays(today);
            let shown = json!({"account": account, "behaviour": payer});
            (format!("{} {}", account.kind.word(), account.value), shown)
        })
        .collect();
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let listed: Vec<Value> = listed.into_iter().map(|(_, shown)| shown).collect();
    Json(json!({"payers": listed}))
}

#[derive(Deserialize)]
pub(super) struct AgreementFilter {
    state: Option<String>,
}

pub(super) async fn list_agreements(
    State(sandbox): State<Sandbox>,
    Query(filter): Query<AgreementFilter>,
) -> Json<Value> {
    let words: Option<Vec<&str>> = filter
        .state
        .as_deref()
        .map(|list| list.split(',').collect());
    let world = sandbox.world();
    let all = world
        .agreement_order
        .iter()
        .filter_map(|uid| world.agreements.get(uid));
    let wanted = |state: AgreementState| {
        words
            .as_ref()
            .is_none_or(|words| words.contains(&state.word()))
    };
    let listed: Vec<Value> = all
        .filter(|agreement| wanted(agreement.state))
        .map(|agreement| {
            json!({
                "uid": agreement.uid,
                "state": agreement.state,
                "description": agreement.description,
                "debtor_name": agreement.debtor_name,
                "account": agreement.account,
                "terms": agreement.terms,
                "validity_start_date": agreement.validity_start,
                "created_at": agreement.created_at,
            })
        })
        .collect();
    Json(json!({"agreements": listed}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionBody {
    decision: Act,
    /// Why, with `decline`, `fail`, `suspend` and `cancel`.
    code: Option<String>,
    /// The payer's own words, with `suspend` and `cancel`.
    narrative: Option<String>,
}

impl DecisionBody {
    /// Why the payer or the bank acts; none: nothing was said.
    fn why(&self) -> Result<Option<Reason>, Problem> {
        let role = match self.decision {
            Act::Approve | Act::Reactivate => None,
            Act::Decline => Some(Role::Decline),
            Act::Fail => Some(Role::Creation),
            Act::Suspend | Act::Cancel => Some(Role::Ending),
        };
        let narrative = self.narrative.clone();
        let Some(code) = &self.code else {
            let spoken = narrative.map(|words| Reason {
                cause: cause::MD16,
                narrative: Some(words),
            });
            return Ok(spoken);
        };
        let cause = role.and_then(|role| cause::of_role(role, code));
        let cause = cause.ok_or_else(|| {
            let detail = format!("'{}' does not take this code", self.decision.word());
            Problem::unprocessable("Unknown code", detail)
        })?;
        Ok(Some(Reason { cause, narrative }))
    }
}

pub(super) async fn decide(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Body<DecisionBody>,
) -> Result<Json<Value>, Problem> {
    let Json(body) = body?;
    let (decision, why) = (body.decision, body.why()?);
    let answer = {
        let mut world = sandbox.world();
        if !world.agreements.contains_key(&uid) {
            return Err(Problem::not_found("No agreement has this uid".to_owned()));
        }
        let acted = world.act(&uid, decision, why);
        let agreement = world.agreements.get(&uid);
        let state = agreement.map_or("unknown", |found| found.state.word());
        match (acted, agreement) {
            (Some(()), Some(agreement)) => agreement.wire(&world.settings),
            (_, _) => {
                let detail = format!("'{}' is not possible while '{state}'", decision.word());
                return Err(Problem::conflict("The agreement does not allow it", detail));
            }
        }
    };
    sandbox.wake();
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountBody {
    account: Account,
    party_name: Option<String>,
}

pub(super) async fn change_account(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Body<AccountBody>,
) -> Result<Json<Value>, Problem> {
    let Json(AccountBody {
        account,
        party_name,
    }) = body?;
    let is_name = |name: &String| form::printable(140)(&json!(name)).is_some();
    if !account.is_well_formed() || !party_name.as_ref().is_none_or(is_name) {
        let detail = "The account or the name does not have its shape".to_owned();
        return Err(Problem::unprocessable("Malformed account", detail));
    }
    let answer = {
        let mut world = sandbox.world();
        if !world.agreements.contains_key(&uid) {
            return Err(Problem::not_found("No agreement has this uid".to_owned()));
        }
        if world.change_account(&uid, account, party_name).is_none() {
            let detail = "Only an active or suspended agreement can move".to_owned();
            return Err(Problem::conflict("The agreement does not allow it", detail));
        }
        let agreement = world.agreements.get(&uid);
        agreement.map_or(Value::Null, |agreement| agreement.wire(&world.settings))
    };
    sandbox.wake();
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeBody {
    outcome: Verdict,
    /// A failure code, with `fail` only; `AM04` when absent.
    code: Option<String>,
}

pub(super) async fn give_outcome(
    State(sandbox): State<Sandbox>,
    Path(uid): Path<String>,
    body: Body<OutcomeBody>,
) -> Result<Json<Value>, Problem> {
    let Json(OutcomeBody { outcome, code }) = body?;
    let code = code.unwrap_or_else(|| cause::AM04.code.to_owned());
    let failure = cause::of_role(Role::Failure, &code);
    let answer = {
        let mut world = sandbox.world();
        let at = world.now();
        let found = world.payments.get(&uid);
        let state = found.map(|payment| payment.state);
        let state =
            state.ok_or_else(|| Problem::not_found("No payment has this uid".to_owned()))?;
        // A failure may turn out to have settled after all; nothing else leaves an end.
        let may_move = match state {
            PaymentState::Settled => false,
            PaymentState::Failed => outcome == Verdict::Settle,
            PaymentState::Created
            | PaymentState::Submitting
            | PaymentState::Pending
            | PaymentState::UnderInvestigation => true,
        };
        let step = match (outcome, failure) {
            (Verdict::Settle, _) => Some(Step::Settle),
            (Verdict::Pending, _) => Some(Step::Pending),
            (Verdict::Investigate, _) => Some(Step::Investigate),
            (Verdict::Fail, failure) => failure.map(Step::Fail),
        };
        let Some(step) = step.filter(|_| may_move) else {
            let detail = format!(
                "'{}' is not possible while '{}'",
                outcome.word(),
                state.word()
            );
            return Err(Problem::conflict("The payment does not allow it", detail));
        };
        if let Some(payment) = world.payments.get_mut(&uid) {
            payment.decided_by_hand = true;
        }
        world.step_payment(at, &uid, step);
        let payment = world.payments.get(&uid);
        payment.map_or(Value::Null, |payment| payment.wire(&world.settings))
    };
    sandbox.wake();
    Ok(Json(answer))
}
