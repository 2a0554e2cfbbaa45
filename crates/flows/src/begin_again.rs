//! A draft that would begin in the past: proposed again from today where its terms are ours to choose.

use serde_json::json;

use domain::agreement::Event;
use domain::date::BusinessDate;
use domain::fit::{Proposal, ProposalPolicy, propose};
use domain::payment::Step;
use domain::schedule::Schedule;
use domain::uid::AgreementId;
use store::agreements::{AgreementRow, Replacement};
use store::plans::NewAgreement;

use crate::apply_agreement_report::{give_up_draft, unchanged};
use crate::clock::fresh_uuid;
use crate::open_plan::{room_wanted, slots_allowed};
use crate::retry_policy::from_json;
use crate::tell::event;
use crate::{Deps, FlowError};

/// The word for why a draft is taken back.
const START_IN_PAST: &str = "start_in_past";

/// Drafts another agreement in the place of `row`, with terms chosen anew for what is still open. Terms that
/// the lender gave, and a schedule that fits no more, are a question for a person.
///
/// # Errors
///
/// Fails when the database does; then the draft stands, and is attended again.
pub(crate) async fn begin_again(deps: &Deps, row: &AgreementRow) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let proposal = match row.is_chosen {
        true => choose_again(deps, row).await?,
        false => None,
    };
    let Step::Advance(old_to) = row.state.step(Event::Withdrawn) else {
        return Ok(());
    };

    let Some(proposal) = proposal else {
        let mut write = unchanged(row, now, &deps.settings);
        let started = format!("it would begin on {}", row.validity.start_date);
        write.reason = Some((START_IN_PAST.to_owned(), started));
        write.cause = START_IN_PAST;
        give_up_draft(row, &mut write, old_to, now, &deps.settings);
        deps.store
            .record_agreements(&[write], now, fresh_uuid)
            .await?;
        return Ok(());
    };

    let replacement = replacement(deps, row, old_to, proposal);
    deps.store.replace_agreement(&replacement, now).await?;
    Ok(())
}

async fn choose_again(deps: &Deps, row: &AgreementRow) -> Result<Option<Proposal>, FlowError> {
    let open = deps.store.open_instalments(row.plan_id).await?;
    let due = open.iter().map(|one| (one.due_date, one.amount)).collect();
    let Ok(schedule) = Schedule::explicit(due) else {
        return Ok(None);
    };
    let today = BusinessDate::of_instant(deps.clock.now());
    let retry = from_json(&row.policy, &deps.settings.retry);
    let policy = ProposalPolicy::new(today, room_wanted(&retry));
    Ok(propose(&schedule, &policy).ok())
}

fn replacement(
    deps: &Deps,
    row: &AgreementRow,
    old_to: domain::agreement::State,
    proposal: Proposal,
) -> Replacement {
    let id = AgreementId::new(fresh_uuid());
    let attempt_no = row.attempt_no + 1;
    let uid = deps.settings.uid_key.agreement_uid(row.plan_id, attempt_no);
    let told = json!({
        "agreement_id": id.to_string(),
        "agreement_uid": uid.to_string(),
        "replaces": row.id.to_string(),
        "reason": START_IN_PAST,
        "validity_start_date": proposal.validity.start_date.to_string(),
    });
    Replacement {
        old: row.id,
        version: row.version,
        old_to,
        plan_id: row.plan_id,
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
        event: event("agreement.redrafted", row.plan_id, told),
    }
}
