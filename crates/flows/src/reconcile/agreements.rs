//! Agreements: the provider's list against our rows.

use std::collections::{HashMap, HashSet};

use domain::agreement::{Reported, State};
use domain::uid::AgreementId;
use store::compare::ComparedAgreement;

use super::questions::agreement_theirs_only;
use super::{Difference, DifferenceKind, Outcome, Pass, Reconciliation, ask_once, broke_off};
use crate::ask_provider::ask_agreements;
use crate::provider::{ListOf, ListedAgreement};
use crate::{Deps, FlowError};

pub(super) async fn compare_agreements(
    deps: &Deps,
    pass: &Pass,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let mut pages = match deps.provider.list_agreements(pass.of) {
        Ok(pages) => pages,
        Err(error) => {
            broke_off(&error, found);
            return Ok(());
        }
    };
    let mut seen = HashSet::new();
    loop {
        match pages.next().await {
            Ok(Some(mut listed)) => {
                found.agreements += listed.len();
                listed.retain(|one| seen.insert(one.uid.clone()));
                compare_page(deps, pass, &listed, found).await?;
            }
            Ok(None) => break,
            Err(error) => {
                broke_off(&error, found);
                return Ok(());
            }
        }
    }
    if pass.of == ListOf::Open {
        missing_there(deps, &seen, found).await?;
    }
    Ok(())
}

async fn compare_page(
    deps: &Deps,
    pass: &Pass,
    listed: &[ListedAgreement],
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let uids: Vec<String> = listed.iter().map(|one| one.uid.clone()).collect();
    let rows = by_uid(deps.store.compared_agreements(&uids).await?);
    let mut news = Vec::new();
    let mut questions = Vec::new();
    for one in listed {
        match rows.get(&one.uid) {
            Some(row) if differs(row, one, pass) => news.push((row, one)),
            Some(_) => {}
            None => {
                questions.push(agreement_theirs_only(&one.uid));
                found.differences.push(Difference {
                    subject: "agreement",
                    uid: one.uid.clone(),
                    kind: DifferenceKind::TheirsOnly,
                    ours: None,
                    theirs: Some(one.word.clone()),
                    outcome: Outcome::Asked,
                });
            }
        }
    }
    ask_once(deps, questions).await?;
    if news.is_empty() {
        return Ok(());
    }

    let ids: Vec<AgreementId> = news
        .iter()
        .filter(|(row, _)| !row.is_quarantined)
        .map(|(row, _)| row.id)
        .collect();
    let unanswered = ask_agreements(deps, &ids).await?;
    for (row, one) in news {
        // A contradiction has become a question at the door.
        let outcome = match (row.is_quarantined, unanswered.contains(&row.id)) {
            (true, _) => Outcome::Asked,
            (false, true) => Outcome::Open,
            (false, false) => Outcome::Converged,
        };
        found.differences.push(difference(row, Some(one), outcome));
    }
    Ok(())
}

fn difference(
    row: &ComparedAgreement,
    listed: Option<&ListedAgreement>,
    outcome: Outcome,
) -> Difference {
    Difference {
        subject: "agreement",
        uid: row.uid.clone(),
        kind: match listed {
            Some(_) => DifferenceKind::State,
            None => DifferenceKind::OursOnly,
        },
        ours: Some(row.state.as_str().to_owned()),
        theirs: listed.map(|one| one.word.clone()),
        outcome,
    }
}

fn differs(row: &ComparedAgreement, listed: &ListedAgreement, pass: &Pass) -> bool {
    // Its call is under way.
    if row.state == State::Sending && !pass.is_restored {
        return false;
    }
    // One that ended here is asked about no more: whatever its plan needs, the door has put to a person.
    if row.state.is_terminal() && !pass.is_restored {
        return false;
    }
    listed.state.is_some_and(|state| stands(state) != row.state)
}

const fn stands(state: Reported) -> State {
    match state {
        Reported::Pending => State::Pending,
        Reported::Created => State::Created,
        Reported::Active => State::Active,
        Reported::Suspended => State::Suspended,
        Reported::Declined => State::Declined,
        Reported::Expired => State::Expired,
        Reported::Cancelled => State::Cancelled,
        Reported::Failed => State::Failed,
    }
}

/// What lives here and is not on the list of what lives there: it has ended, or is unknown there. The door says which.
async fn missing_there(
    deps: &Deps,
    seen: &HashSet<String>,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let ours = deps.store.agreements_known_there().await?;
    let missing: Vec<ComparedAgreement> = ours
        .into_iter()
        .filter(|row| !row.is_quarantined && !seen.contains(&row.uid))
        .collect();
    let ids: Vec<AgreementId> = missing.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let unanswered = ask_agreements(deps, &ids).await?;
    for row in &missing {
        let outcome = match unanswered.contains(&row.id) {
            true => Outcome::Open,
            false => Outcome::Converged,
        };
        found.differences.push(difference(row, None, outcome));
    }
    Ok(())
}

fn by_uid(rows: Vec<ComparedAgreement>) -> HashMap<String, ComparedAgreement> {
    rows.into_iter().map(|row| (row.uid.clone(), row)).collect()
}
