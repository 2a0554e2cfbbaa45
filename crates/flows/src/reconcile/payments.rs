//! Payments: the provider's list against our rows, page by page.

use std::collections::HashMap;

use domain::date::Instant;
use domain::exception::Kind;
use domain::payment::State;
use domain::uid::PaymentId;
use store::compare::ComparedPayment;
use store::exceptions::NewException;

use super::adopt::{Strangers, adopt};
use super::questions::{differs, doubled, ours_only};
use super::{Difference, DifferenceKind, Outcome, Pass, Reconciliation, ask_once, broke_off};
use crate::ask_provider::{Heard, ask_payment_rows};
use crate::provider::{ListOf, ListedPayment};
use crate::report::{FoundPayment, Standing};
use crate::{Deps, FlowError};

/// Everything on one list, by uid, with when the provider took it.
type Seen = HashMap<String, Option<Instant>>;

pub(super) async fn compare_payments(
    deps: &Deps,
    pass: &Pass,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let mut pages = match deps.provider.list_payments(pass.of) {
        Ok(pages) => pages,
        Err(error) => {
            broke_off(&error, found);
            return Ok(());
        }
    };
    let mut seen = Seen::new();
    let mut strangers = Strangers::new();
    loop {
        match pages.next().await {
            Ok(Some(listed)) => {
                found.payments += listed.len();
                let fresh = count(deps, listed, &mut seen, found).await?;
                compare_page(deps, pass, &fresh, &mut strangers, found).await?;
            }
            Ok(None) => break,
            Err(error) => {
                broke_off(&error, found);
                break;
            }
        }
    }
    adopt(deps, strangers, found).await?;
    if found.is_complete {
        missing_there(deps, pass, &seen, found).await?;
    }
    Ok(())
}

/// What is listed for the first time. A list that moves while it is read shows one payment twice; two that were taken at
/// two times are two.
async fn count(
    deps: &Deps,
    listed: Vec<ListedPayment>,
    seen: &mut Seen,
    found: &mut Reconciliation,
) -> Result<Vec<ListedPayment>, FlowError> {
    let mut fresh = Vec::with_capacity(listed.len());
    for one in listed {
        match seen.insert(one.uid.clone(), one.created_at) {
            None => fresh.push(one),
            Some(created_at) if created_at == one.created_at => {}
            Some(_) => {
                stop(
                    deps,
                    &[doubled(&one.uid, None)],
                    "one uid with two payments",
                )
                .await?;
                found.differences.push(Difference {
                    subject: "payment",
                    uid: one.uid,
                    kind: DifferenceKind::Doubled,
                    ours: None,
                    theirs: Some(one.found.word),
                    outcome: Outcome::Asked,
                });
            }
        }
    }
    Ok(fresh)
}

async fn compare_page(
    deps: &Deps,
    pass: &Pass,
    listed: &[ListedPayment],
    strangers: &mut Strangers,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let uids: Vec<String> = listed.iter().map(|one| one.uid.clone()).collect();
    // Read after the list: what is on it was written here before it was sent.
    let rows = by_uid(deps.store.compared_payments(&uids).await?);
    let mut news = Vec::new();
    for one in listed {
        match rows.get(&one.uid) {
            None => strangers.push(one.clone()),
            Some(row) => {
                if let Some(kind) = difference(row, &one.found, pass) {
                    news.push((kind, row, one));
                }
            }
        }
    }
    if news.is_empty() {
        return Ok(());
    }

    let asked: Vec<PaymentId> = news
        .iter()
        .filter(|(_, row, _)| !row.is_quarantined)
        .map(|(_, row, _)| row.id)
        .collect();
    let heard = ask_payment_rows(deps, &deps.store.payments(&asked).await?).await?;
    let now_there = by_uid(deps.store.compared_payments(&uids).await?);
    let mut questions = Vec::new();
    for (kind, before, one) in news {
        let row = now_there.get(&one.uid).unwrap_or(before);
        let silent = matches!(heard.get(&row.id), Some(Heard::Nothing) | None);
        let outcome = if difference(row, &one.found, pass).is_none() || has_moved(before, row) {
            Outcome::Converged
        } else if silent && !row.is_quarantined {
            Outcome::Open
        } else {
            questions.extend(question(row, one));
            Outcome::Asked
        };
        found.differences.push(Difference {
            subject: "payment",
            uid: one.uid.clone(),
            kind,
            ours: Some(before.state.as_str().to_owned()),
            theirs: Some(one.found.word.clone()),
            outcome,
        });
    }
    ask_once(deps, questions).await?;
    Ok(())
}

/// The provider was asked after the list was made, and its answer is the newer one.
fn has_moved(before: &ComparedPayment, now: &ComparedPayment) -> bool {
    before.state != now.state && now.conflict_state.is_none()
}

/// The door has asked a person already where the two contradict each other.
fn question(row: &ComparedPayment, listed: &ListedPayment) -> Option<NewException> {
    let is_asked = row.conflict_state.is_some() || row.was_asked(Kind::EchoMismatch);
    (!is_asked).then(|| {
        let (ours, theirs) = (row.state.as_str(), listed.found.word.as_str());
        differs(row.id, row.plan_id, &listed.uid, ours, theirs)
    })
}

/// How a row differs from the list; nothing where the two agree, or a person has been asked about just this.
fn difference(row: &ComparedPayment, found: &FoundPayment, pass: &Pass) -> Option<DifferenceKind> {
    let is_other = found
        .amount
        .is_some_and(|amount| amount != row.amount_cents)
        || found
            .agreement_uid
            .as_ref()
            .is_some_and(|uid| *uid != row.agreement_uid);
    if is_other {
        return (!row.was_asked(Kind::EchoMismatch)).then_some(DifferenceKind::Terms);
    }
    let is_known = row
        .conflict_state
        .is_some_and(|claimed| agrees(claimed, &found.standing));
    if is_known || agrees(row.state, &found.standing) {
        return None;
    }
    match row.state {
        // Its call is under way, or it is asked about in a moment.
        State::Sending if !pass.is_restored => None,
        State::Sending | State::Intended | State::Unknown => Some(DifferenceKind::State),
        State::Submitted | State::UnderInvestigation | State::Settled => {
            Some(DifferenceKind::State)
        }
        State::Failed | State::Rejected | State::Abandoned => Some(DifferenceKind::State),
    }
}

const fn agrees(state: State, standing: &Standing) -> bool {
    match standing {
        Standing::InFlight => matches!(state, State::Submitted | State::UnderInvestigation),
        Standing::Investigating => matches!(state, State::UnderInvestigation),
        Standing::Settled => matches!(state, State::Settled),
        Standing::Failed { .. } => matches!(state, State::Failed),
    }
}

/// What we have and the list has not: asked about one by one.
async fn missing_there(
    deps: &Deps,
    pass: &Pass,
    seen: &Seen,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let (ListOf::CreatedSince(_), Some(since)) = (pass.of, pass.ours_since) else {
        return Ok(());
    };
    let ours = deps
        .store
        .payments_known_there(since, pass.ours_until)
        .await?;
    let missing: Vec<PaymentId> = ours
        .into_iter()
        .filter(|(_, uid)| !seen.contains_key(uid))
        .map(|(id, _)| id)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = deps.store.payments(&missing).await?;
    let heard = ask_payment_rows(deps, &rows).await?;
    let mut questions = Vec::new();
    for row in &rows {
        let outcome = match heard.get(&row.id) {
            Some(Heard::Missing) => {
                let (uid, state) = (row.uid.as_str(), row.state.as_str());
                questions.push(ours_only(row.id, row.plan_id, uid, state));
                Outcome::Asked
            }
            Some(Heard::NoMoney | Heard::Money) => Outcome::Unlisted,
            Some(Heard::Nothing) | None => Outcome::Open,
        };
        found.differences.push(Difference {
            subject: "payment",
            uid: row.uid.to_string(),
            kind: DifferenceKind::OursOnly,
            ours: Some(row.state.as_str().to_owned()),
            theirs: None,
            outcome,
        });
    }
    ask_once(deps, questions).await?;
    Ok(())
}

/// Closes collections for what no rule of ours explains, unless a person has looked into just that before. The switch is
/// closed first: a crash in between leaves it closed, and the question to be asked again.
pub(super) async fn stop(
    deps: &Deps,
    questions: &[NewException],
    because: &str,
) -> Result<(), FlowError> {
    if deps.store.are_all_asked(questions).await? {
        return Ok(());
    }
    tracing::error!(
        because,
        "collections are closed: the provider has what is not ours"
    );
    let now = deps.clock.now();
    deps.store.set_collections(false, because, now).await?;
    ask_once(deps, questions.to_vec()).await?;
    Ok(())
}

fn by_uid(rows: Vec<ComparedPayment>) -> HashMap<String, ComparedPayment> {
    rows.into_iter().map(|row| (row.uid.clone(), row)).collect()
}
