//! The instalments that a suspended or lost agreement keeps from being collected, and until when there is time.

use serde_json::{Value, json};

use domain::agreement::State;
use domain::date::BusinessDate;
use domain::money::Cents;
use domain::uid::{InstalmentId, PlanId};
use store::StoreError;

use crate::Deps;
use crate::retry_policy::room_of;

/// The most instalments that are listed one by one; the sums are of all.
const LISTED_MAX: usize = 100;

/// What is at stake while an agreement cannot be collected under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endangered {
    /// How many instalments.
    pub count: usize,
    /// What they come to, in cents.
    pub total_cents: i64,
    /// The first of them by due date, at most 100.
    pub listed: Vec<EndangeredInstalment>,
}

/// An instalment that cannot be collected as things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndangeredInstalment {
    /// Which one.
    pub id: InstalmentId,
    /// Its place in the plan, from 1.
    pub sequence: u32,
    /// When it is due.
    pub due_date: BusinessDate,
    /// What is due.
    pub amount: Cents,
    /// The last date on which it could be collected, were the agreement active again.
    pub until_date: BusinessDate,
}

/// Whether an agreement in this state puts its plan's open instalments in danger.
#[must_use]
pub const fn endangers(state: State) -> bool {
    match state {
        State::Suspended | State::Declined | State::Expired | State::Cancelled | State::Failed => {
            true
        }
        State::Drafted
        | State::Sending
        | State::Unknown
        | State::Pending
        | State::Created
        | State::Active => false,
    }
}

/// The open instalments of a plan for which no payment is under way.
///
/// # Errors
///
/// Fails when the database does.
pub async fn endangered(deps: &Deps, plan_id: PlanId) -> Result<Endangered, StoreError> {
    let mut open = deps.store.open_instalments(plan_id).await?;
    open.retain(|one| one.state.is_owed_now());
    let ids: Vec<InstalmentId> = open.iter().take(LISTED_MAX).map(|one| one.id).collect();
    let rows = deps.store.due_rows(&ids, deps.clock.now()).await?;
    let listed = rows.iter().map(|row| EndangeredInstalment {
        id: row.id,
        sequence: row.sequence,
        due_date: row.due_date,
        amount: row.amount,
        until_date: room_of(row, &deps.settings).last_date(),
    });
    Ok(Endangered {
        count: open.len(),
        total_cents: open.iter().map(|one| one.amount.get()).sum(),
        listed: listed.collect(),
    })
}

impl Endangered {
    /// As an event tells it.
    pub(crate) fn told(&self) -> Value {
        let listed = self.listed.iter().map(|one| {
            json!({
                "instalment_id": one.id.to_string(),
                "sequence": one.sequence,
                "due_date": one.due_date.to_string(),
                "amount": one.amount.get(),
                "until_date": one.until_date.to_string(),
            })
        });
        listed.collect()
    }
}
