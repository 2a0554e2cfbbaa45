//! Reconciliation: the provider's lists against our rows, both ways.
//!
//! A list is a hint, as a webhook is: what differs is asked about by its uid, and the answer enters by the one door. What
//! the provider has and we have not is made again where its uid is one that we would have given; otherwise it stops
//! everything. What we have and the provider has not is a question for a person.

use chrono::TimeDelta;
use tracing::instrument;

use domain::date::{BusinessDate, Instant};
use store::exceptions::NewException;

use crate::provider::{ListError, ListOf};
use crate::{Deps, FlowError};

mod adopt;
mod agreements;
mod payments;
mod questions;

use agreements::compare_agreements;
use payments::compare_payments;

/// How far back a comparison goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What was created in the last 48 hours.
    Recent,
    /// What was created in the last eight days, and all that has not ended.
    Whole,
    /// What may have happened after a backup was written, that ends at this instant; without one, everything there is.
    Restored {
        /// The last instant at which anything was written.
        written_until: Option<Instant>,
    },
}

/// How a difference was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The two hold another state.
    State,
    /// The two hold another amount or agreement under one uid.
    Terms,
    /// The provider has it, we have not.
    TheirsOnly,
    /// We have it, the provider's list has not.
    OursOnly,
    /// The provider has more than one under one uid.
    Doubled,
}

impl DifferenceKind {
    /// The kind in `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            DifferenceKind::State => "state",
            DifferenceKind::Terms => "terms",
            DifferenceKind::TheirsOnly => "theirs_only",
            DifferenceKind::OursOnly => "ours_only",
            DifferenceKind::Doubled => "doubled",
        }
    }
}

/// What became of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider was asked, and the two agree now.
    Converged,
    /// The row was lost here, and was made again under its uid.
    Adopted,
    /// A person is asked, or was.
    Asked,
    /// The provider did not say: asked again later.
    Open,
    /// The provider has it, but its list left it out.
    Unlisted,
}

impl Outcome {
    /// The outcome in `snake_case`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Converged => "converged",
            Outcome::Adopted => "adopted",
            Outcome::Asked => "asked",
            Outcome::Open => "open",
            Outcome::Unlisted => "unlisted",
        }
    }
}

/// One difference between the provider's lists and our rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `payment` or `agreement`.
    pub subject: &'static str,
    /// Its uid at the provider.
    pub uid: String,
    /// How the two differ.
    pub kind: DifferenceKind,
    /// How it stood here, where there is a row.
    pub ours: Option<String>,
    /// How the list had it, in the provider's word.
    pub theirs: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    /// Payments on the provider's lists.
    pub payments: usize,
    /// Agreements on the provider's lists.
    pub agreements: usize,
    /// Whether the lists were read to their ends and everything found was asked about.
    pub is_complete: bool,
    /// The differences, in the order in which they were found.
    pub differences: Vec<Difference>,
}

impl Reconciliation {
    /// Whether everything was compared, and nothing is left that a person has to look at or that is to be asked again.
    pub fn is_clean(&self) -> bool {
        let is_left = |one: &Difference| matches!(one.outcome, Outcome::Asked | Outcome::Open);
        self.is_complete && !self.differences.iter().any(is_left)
    }
}

/// Compares the provider's lists with our rows, and brings the two together as far as they can be.
///
/// Agreements come first: a payment is understood by its agreement. A list that breaks off leaves the comparison
/// incomplete; what was found by then stands. Running it twice, or beside itself, changes nothing more.
///
/// # Errors
///
/// Fails when the database does.
#[instrument(skip_all, fields(depth = ?depth))]
pub async fn reconcile(deps: &Deps, depth: Depth) -> Result<Reconciliation, FlowError> {
    let mut found = Reconciliation {
        is_complete: true,
        ..Reconciliation::default()
    };
    let started_at = deps.clock.now();
    for pass in passes(depth, started_at) {
        compare_agreements(deps, &pass, &mut found).await?;
        compare_payments(deps, &pass, &mut found).await?;
    }
    if found
        .differences
        .iter()
        .any(|one| one.outcome == Outcome::Open)
    {
        found.is_complete = false;
    }
    tracing::info!(
        payments = found.payments,
        agreements = found.agreements,
        differences = found.differences.len(),
        is_complete = found.is_complete,
        "the provider's lists were compared with our rows"
    );
    Ok(found)
}

/// One reading of the lists.
pub(crate) struct Pass {
    pub(crate) of: ListOf,
    /// From when on what we have must be on the list; nothing where the list is of states.
    pub(crate) ours_since: Option<Instant>,
    /// Until when.
    pub(crate) ours_until: Instant,
    /// Whether rows may have been lost: then not even a call under way is trusted to be one.
    pub(crate) is_restored: bool,
}

/// What was made in the last minutes may be on its way onto the list.
const TOO_NEW: TimeDelta = TimeDelta::minutes(10);

/// How long before a backup's end the comparison begins.
const BEFORE_THE_BACKUP: TimeDelta = TimeDelta::hours(24);

fn passes(depth: Depth, now: Instant) -> Vec<Pass> {
    let since = |at: Option<Instant>, is_restored| Pass {
        of: ListOf::CreatedSince(at.map(BusinessDate::of_instant)),
        ours_since: at,
        ours_until: now - TOO_NEW,
        is_restored,
    };
    match depth {
        Depth::Recent => vec![since(Some(now - TimeDelta::hours(48)), false)],
        Depth::Whole => vec![
            since(Some(now - TimeDelta::days(8)), false),
            Pass {
                of: ListOf::Open,
                ours_since: None,
                ours_until: now,
                is_restored: false,
            },
        ],
        Depth::Restored { written_until } => {
            let from = written_until.map(|at| at - BEFORE_THE_BACKUP);
            vec![
                since(from, true),
                Pass {
                    of: ListOf::Open,
                    ours_since: None,
                    ours_until: now,
                    is_restored: true,
                },
            ]
        }
    }
}

/// Opens what is to be asked, each only once for ever: what a person has looked into is not asked again. Answers how
/// many are new.
async fn ask_once(deps: &Deps, questions: Vec<NewException>) -> Result<usize, FlowError> {
    if questions.is_empty() {
        return Ok(0);
    }
    let now = deps.clock.now();
    Ok(deps.store.ask_once(&questions, now).await?)
}

/// A list that breaks off is no failure of ours: it is read again later.
fn broke_off(error: &ListError, found: &mut Reconciliation) {
    tracing::warn!(%error, cause = %error.source, "a list broke off");
    found.is_complete = false;
}
