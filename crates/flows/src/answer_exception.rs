//! Answers a question: a person's word about what was recorded. Nothing is sent by it; what it lets be collected
//! again goes through the gate.

use serde_json::json;
use tracing::instrument;

use domain::date::{BusinessDate, Instant};
use domain::exception::{Kind, Misfit, PaymentInQuestion, Resolution, correct};
use domain::fit::{Proposal, ProposalPolicy, propose};
use domain::payment;
use domain::plan;
use domain::schedule::Schedule;
use domain::uid::{AgreementId, ExceptionId};
use store::agreements::AgreementRow;
use store::exceptions::{
    AnswerWrite, Answered, AssignmentOutcome, Discarded, ExceptionFacts, NewDraft,
    PaymentCorrection,
};
use store::idempotency::IdempotencyClaim;
use store::instalments::{InstalmentMove, OpenDue};
use store::journal::NewEvent;
use store::payments::PaymentRow;
use store::plans::NewAgreement;
use store::wake;

use crate::clock::fresh_uuid;
use crate::open_plan::{room_wanted, slots_allowed};
use crate::retry_policy::from_json;
use crate::tell::{event, payment_event};
use crate::{Deps, FlowError};

/// Why an instalment ended by a person's answer; with the answer's word behind it.
const ANSWERED: &str = "answered";

/// Answers the question `id`. What the answer changes, and the plan that goes on by it, commit together; `told` makes
/// the claim under which the answer is kept.
///
/// # Errors
///
/// Fails when the database does; then the question stays open.
#[instrument(skip_all, fields(exception.id = %id, resolution = %resolution))]
pub async fn answer_exception(
    deps: &Deps,
    id: ExceptionId,
    resolution: Resolution,
    reason: &str,
    told: &(dyn Fn(&ExceptionFacts, &AnswerWrite, bool) -> Option<IdempotencyClaim> + Send + Sync),
) -> Result<Answered, FlowError> {
    let now = deps.clock.now();
    // Read before the locks: a plan whose agreement is lost gains no instalment and moves none by itself.
    let open = match (resolution, deps.store.exception(id).await?) {
        (Resolution::ProposeAgain, Some(view)) => match view.plan_id {
            Some(plan_id) => deps.store.open_instalments(plan_id).await?,
            None => Vec::new(),
        },
        (_, Some(_) | None) => Vec::new(),
    };
    let decide = |facts: &ExceptionFacts| decide(deps, facts, resolution, reason, &open, now);
    let answered = deps
        .store
        .answer_exception(id, now, fresh_uuid, &decide, told)
        .await?;
    Ok(answered)
}

/// Gives the question `id` to `owner`.
///
/// # Errors
///
/// Fails when the database does.
#[instrument(skip_all, fields(exception.id = %id))]
pub async fn assign_exception(
    deps: &Deps,
    id: ExceptionId,
    owner: &str,
    taken: &(dyn Fn(&ExceptionFacts) -> Option<IdempotencyClaim> + Send + Sync),
) -> Result<AssignmentOutcome, FlowError> {
    let now = deps.clock.now();
    let store = &deps.store;
    Ok(store
        .assign_exception(id, owner, now, fresh_uuid, taken)
        .await?)
}

/// The answers a question takes; of a kind this binary does not know, only that it was looked into.
pub fn resolutions(kind: &str, subject: &str) -> &'static [Resolution] {
    match Kind::parse(kind) {
        Some(kind) => kind.resolutions(subject),
        None => &[Resolution::Noted],
    }
}

fn decide(
    deps: &Deps,
    facts: &ExceptionFacts,
    resolution: Resolution,
    reason: &str,
    open: &[OpenDue],
    now: Instant,
) -> Result<AnswerWrite, Misfit> {
    if !resolutions(&facts.kind, &facts.subject).contains(&resolution) {
        return Err(Misfit::OtherAnswers);
    }
    let mut write = AnswerWrite {
        resolution,
        reason: reason.to_owned(),
        payment: None,
        moved_money: None,
        instalment: None,
        draft: None,
        clears_failures: None,
        released: None,
        events: Vec::new(),
    };
    match resolution {
        Resolution::Release | Resolution::Discard => {
            let kind = wake::Kind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == facts.subject);
            write.released = kind.map(|kind| Discarded {
                kind,
                id: facts.subject_id,
                for_good: resolution == Resolution::Discard,
            });
        }
        Resolution::GoOn => write.clears_failures = Some(AgreementId::new(facts.subject_id)),
        Resolution::ProposeAgain => propose_again(deps, facts, open, &mut write, now)?,
        Resolution::ByItself
        | Resolution::Noted
        | Resolution::Stands
        | Resolution::ProviderIsRight
        | Resolution::Collected
        | Resolution::NotCollected
        | Resolution::Refunded
        | Resolution::CollectAgain
        | Resolution::PaidElsewhere
        | Resolution::Waived => {
            if let (Some(kind), Some(row)) = (Kind::parse(&facts.kind), &facts.payment) {
                about_a_payment(facts, row, kind, &mut write, now)?;
            }
        }
    }
    Ok(write)
}

fn about_a_payment(
    facts: &ExceptionFacts,
    row: &PaymentRow,
    kind: Kind,
    write: &mut AnswerWrite,
    now: Instant,
) -> Result<(), Misfit> {
    let corrected = correct(
        kind,
        write.resolution,
        PaymentInQuestion {
            payment: row.state,
            claimed: row.conflict_state,
            instalment: row.instalment_state,
            other_live_payment: facts.other_live_payment,
            plan_ended: row.plan_state.is_final(),
        },
    )?;
    // Where it stays as it is, so does what contradicts it: said again, that is no news.
    if corrected.payment != row.state {
        write.payment = Some(PaymentCorrection {
            id: row.id,
            from: row.state,
            to: corrected.payment,
            wake_at: wake_at(row, corrected.payment, now),
        });
    }
    let has_moved = row.conflict_state == Some(payment::State::Settled);
    if has_moved && !corrected.payment.holds_slot() {
        write.moved_money = Some(row.id);
    }
    if corrected.instalment != row.instalment_state {
        let is_open = corrected.instalment.is_open();
        let is_owed = corrected.instalment.is_owed_now();
        let is_collected = corrected.instalment == domain::instalment::State::Collected;
        let ended = (!is_open && !is_collected).then(|| format!("{ANSWERED}_{}", write.resolution));
        write.instalment = Some(InstalmentMove {
            id: row.instalment_id,
            plan_id: row.plan_id,
            version: row.instalment_version,
            from: row.instalment_state,
            to: corrected.instalment,
            wake_at: is_owed.then_some(now),
            waiting_because: None,
            ended_because: ended,
            cause: write.resolution.as_str(),
        });
        write.events.extend(instalment_event(
            row,
            corrected.instalment,
            write.resolution,
        ));
    }
    Ok(())
}

/// The end of an instalment that nothing collected is told by whoever writes it.
fn instalment_event(
    row: &PaymentRow,
    to: domain::instalment::State,
    resolution: Resolution,
) -> Option<NewEvent> {
    use domain::instalment::State as I;
    let kind = match to {
        I::Collected => "instalment.collected",
        I::Retrying => "instalment.reopened",
        I::Scheduled | I::Collecting | I::Missed | I::Failed => return None,
        I::Waived | I::Cancelled | I::PaidElsewhere => return None,
    };
    let told = json!({ "resolution": resolution.as_str() });
    Some(payment_event(kind, row, told))
}

/// What may still move money is asked about at once; what was looked at as long as its kind is, goes on being so.
fn wake_at(row: &PaymentRow, to: payment::State, now: Instant) -> Option<Instant> {
    if to.is_live() {
        return Some(now);
    }
    crate::decide_payment::next_look(row, to, now)
}

/// Drafts another agreement, with terms of ours for what is still to come; its payer has to approve it as any other.
fn propose_again(
    deps: &Deps,
    facts: &ExceptionFacts,
    open: &[OpenDue],
    write: &mut AnswerWrite,
    now: Instant,
) -> Result<(), Misfit> {
    let (Some(plan_id), Some(plan_from), Some(last)) =
        (facts.plan_id, facts.plan_state, &facts.agreement)
    else {
        return Err(Misfit::MovedOn);
    };
    if plan_from.is_final() {
        return Err(Misfit::PlanEnded);
    }
    if plan_from != plan::State::Blocked || !last.state.is_terminal() {
        return Err(Misfit::MovedOn);
    }
    let proposal = choose(deps, last, open, now).ok_or(Misfit::NothingToPropose)?;
    let id = AgreementId::new(fresh_uuid());
    let attempt_no = last.attempt_no + 1;
    let uid = deps.settings.uid_key.agreement_uid(plan_id, attempt_no);
    let told = json!({
        "agreement_id": id.to_string(),
        "agreement_uid": uid.to_string(),
        "replaces": last.id.to_string(),
        "reason": Resolution::ProposeAgain.as_str(),
        "validity_start_date": proposal.validity.start_date.to_string(),
    });
    write
        .events
        .push(event("agreement.redrafted", plan_id, told));
    write.draft = Some(NewDraft {
        plan_id,
        plan_from,
        plan_to: plan::State::AwaitingAgreement,
        attempt_no,
        new: NewAgreement {
            id,
            uid,
            terms: proposal.terms,
            validity: proposal.validity,
            slots_allowed: slots_allowed(&proposal.terms),
            is_chosen: true,
            chosen_because: proposal.reason,
        },
    });
    Ok(())
}

/// Terms for the instalments that can still fall due under a new agreement; those before today are told as missed.
fn choose(deps: &Deps, last: &AgreementRow, open: &[OpenDue], now: Instant) -> Option<Proposal> {
    let today = BusinessDate::of_instant(now);
    let due = open
        .iter()
        .filter(|one| today <= one.due_date && one.state.is_owed_now())
        .map(|one| (one.due_date, one.amount));
    let schedule = Schedule::explicit(due.collect()).ok()?;
    let retry = from_json(&last.policy, &deps.settings.retry);
    let policy = ProposalPolicy::new(today, room_wanted(&retry));
    propose(&schedule, &policy).ok()
}
