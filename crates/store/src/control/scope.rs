//! What a switch stops, as a value, as a row's key and as a text.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use domain::gate::Scope;
use domain::uid::{AgreementId, PlanId};

/// What the switch of the one provider is called.
const PROVIDER: &str = "provider:oligo";

/// What one switch stops. Its text is `all`, `provider:oligo`, `plan:pln_…` or `agreement:agr_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SwitchScope {
    /// Everything.
    All,
    /// Everything that goes to Oligo.
    Provider,
    /// The payments of one plan.
    Plan(PlanId),
    /// The payments under one agreement.
    Agreement(AgreementId),
}

impl SwitchScope {
    /// The kind of it.
    pub const fn kind(self) -> Scope {
        match self {
            SwitchScope::All => Scope::All,
            SwitchScope::Provider => Scope::Provider,
            SwitchScope::Plan(_) => Scope::Plan,
            SwitchScope::Agreement(_) => Scope::Agreement,
        }
    }

    /// The key of its row.
    pub(crate) fn key(self) -> String {
        match self {
            SwitchScope::All => "all".to_owned(),
            SwitchScope::Provider => PROVIDER.to_owned(),
            SwitchScope::Plan(id) => format!("plan:{}", id.uuid()),
            SwitchScope::Agreement(id) => format!("agreement:{}", id.uuid()),
        }
    }

    /// The scope of a row.
    pub(crate) fn of_key(key: &str) -> Option<SwitchScope> {
        match key.split_once(':') {
            None => (key == "all").then_some(SwitchScope::All),
            Some(("provider", _)) => (key == PROVIDER).then_some(SwitchScope::Provider),
            Some(("plan", id)) => Some(SwitchScope::Plan(PlanId::new(id.parse().ok()?))),
            Some(("agreement", id)) => {
                Some(SwitchScope::Agreement(AgreementId::new(id.parse().ok()?)))
            }
            Some(_) => None,
        }
    }

    /// What it is journaled and told under, where it is of no plan: the installation.
    pub(super) const fn own_id(self) -> Uuid {
        match self {
            SwitchScope::All | SwitchScope::Provider => Uuid::nil(),
            SwitchScope::Plan(id) => id.uuid(),
            SwitchScope::Agreement(id) => id.uuid(),
        }
    }
}

impl fmt::Display for SwitchScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SwitchScope::All => f.write_str("all"),
            SwitchScope::Provider => f.write_str(PROVIDER),
            SwitchScope::Plan(id) => write!(f, "plan:{id}"),
            SwitchScope::Agreement(id) => write!(f, "agreement:{id}"),
        }
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is `all`, `provider:oligo`, `plan:` and a plan's id, or `agreement:` and an agreement's id"
)]
pub struct NoScope;

impl FromStr for SwitchScope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<SwitchScope, NoScope> {
        match text.split_once(':') {
            None if text == "all" => Ok(SwitchScope::All),
            Some(("provider", _)) if text == PROVIDER => Ok(SwitchScope::Provider),
            Some(("plan", id)) => id.parse().map(SwitchScope::Plan).map_err(|_| NoScope),
            Some(("agreement", id)) => id.parse().map(SwitchScope::Agreement).map_err(|_| NoScope),
            None | Some(_) => Err(NoScope),
        }
    }
}
