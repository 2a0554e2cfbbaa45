//! The budgets of last resort: what one day may come to at most. Exceeded, everything stops.

use domain::budget::{BudgetFacts, Overrun, within_budget};
use domain::date::{BusinessDate, Instant};
use domain::exception::Kind;
use domain::uid::{InstalmentId, PlanId};
use store::control::Trip;
use store::payments::{ArmPlan, DueRow, Spent};

use crate::clock::fresh_uuid;
use crate::retry_policy::from_json;
use crate::tell::exception;
use crate::{Deps, FlowError, Settings};

/// The kind of the question, and why its plan is frozen.
const OVER_BUDGET: &str = Kind::OverBudget.as_str();

/// Whether what is about to be sent keeps within every budget, by what was counted under the locks of arming.
pub(crate) fn keeps_within(
    row: &DueRow,
    plan: &ArmPlan,
    spent: &Spent,
    now: Instant,
    settings: &Settings,
) -> Result<(), Overrun> {
    within_budget(&BudgetFacts {
        today: BusinessDate::of_instant(now),
        is_new: matches!(plan, ArmPlan::New { .. }),
        adds_cents: plan.adds_cents(row),
        attempts_made: row.attempts_made,
        retries_max: from_json(&row.policy, &settings.retry).retries_max(),
        asked_again: spent.asked_again,
        earlier: &spent.earlier,
        plan_total_cents: spent.plan_total_cents,
        plan_taken_cents: spent.plan_taken_cents,
        due_today_cents: spent.due_today_cents,
        sent_today_cents: spent.sent_today_cents,
    })
}

/// Stops everything, freezes the plan and asks a person. Who opens collections again lets everything else go on.
pub(crate) async fn stop_everything(
    deps: &Deps,
    plan_id: PlanId,
    instalment_id: InstalmentId,
    overrun: &Overrun,
) -> Result<(), FlowError> {
    let told = format!("{overrun} ({})", overrun.code());
    stop(deps, plan_id, instalment_id, told).await
}

/// Looks at the day's payments by another way than arming, at most once a minute.
pub(crate) async fn look_at_the_day(deps: &Deps) -> Result<(), FlowError> {
    let now = deps.clock.now();
    let Some(found) = deps.store.day_overrun(now).await? else {
        return Ok(());
    };
    let told = format!(
        "{} payments of {} cents were first sent on {} for an instalment of {} cents due on {}",
        found.uids,
        found.sent_cents,
        BusinessDate::of_instant(now),
        found.due_cents,
        found.due_date
    );
    stop(deps, found.plan_id, found.instalment_id, told).await
}

async fn stop(
    deps: &Deps,
    plan_id: PlanId,
    instalment_id: InstalmentId,
    told: String,
) -> Result<(), FlowError> {
    tracing::error!(
        plan.id = %plan_id,
        instalment.id = %instalment_id,
        "everything is stopped, a budget of last resort would be exceeded: {told}",
    );
    let trip = Trip {
        reason: format!(
            "stopped by itself at {instalment_id}: a budget of last resort; see the exceptions"
        ),
        plan: (plan_id, OVER_BUDGET),
        exception: exception(
            OVER_BUDGET,
            plan_id,
            ("instalment", instalment_id.uuid()),
            told,
            "Find out how the rows came to be so before anything is sent: compare them with the provider's \
             payments. Then open collections; this plan stays frozen until the question is answered.",
        ),
        event_id: fresh_uuid(),
    };
    deps.store.trip(&trip, deps.clock.now()).await?;
    Ok(())
}
