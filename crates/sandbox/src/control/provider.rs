//! Oligo itself: how the merchant stands with it, where it sends events, and what goes wrong.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Body, Problem};
use crate::Sandbox;
use crate::event::WebhooksChange;
use crate::faults::{FaultRates, Faults, Struck};
use crate::outages::Outages;
use crate::refusals::{Refused, refusal_of};
use crate::settings::Settings;
use crate::words::Operation;

pub(super) async fn show_settings(State(sandbox): State<Sandbox>) -> Json<Settings> {
    Json(sandbox.world().settings.clone())
}

pub(super) async fn set_settings(
    State(sandbox): State<Sandbox>,
    body: Body<Value>,
) -> Result<Json<Settings>, Problem> {
    let Json(change) = body?;
    let mut world = sandbox.world();
    let settings = world.settings.changed(change);
    let settings =
        settings.map_err(|mistake| Problem::unprocessable("Malformed settings", mistake))?;
    world.settings = settings.clone();
    Ok(Json(settings))
}

pub(super) async fn show_webhooks(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.world().webhooks.view())
}

pub(super) async fn set_webhooks(
    State(sandbox): State<Sandbox>,
    body: Body<WebhooksChange>,
) -> Result<Json<Value>, Problem> {
    let Json(change) = body?;
    let mut world = sandbox.world();
    world.webhooks.change(change);
    Ok(Json(world.webhooks.view()))
}

#[derive(Serialize)]
pub(super) struct FaultsView {
    #[serde(flatten)]
    rates: FaultRates,
    struck: Struck,
}

pub(super) async fn show_faults(State(sandbox): State<Sandbox>) -> Json<FaultsView> {
    let world = sandbox.world();
    Json(FaultsView {
        rates: world.faults.rates.clone(),
        struck: world.faults.struck,
    })
}

pub(super) async fn set_faults(
    State(sandbox): State<Sandbox>,
    body: Body<FaultRates>,
) -> Result<Json<FaultsView>, Problem> {
    let Json(rates) = body?;
    let percents = [
        rates.lose_webhooks,
        rates.repeat_webhooks,
        rates.delay_webhooks,
        rates.reorder_webhooks,
        rates.limit_calls,
        rates.errors_before,
        rates.errors_after,
        rates.garbage,
        rates.truncate,
        rates.hide_payments,
        rates.settle_failed,
    ];
    if percents.iter().any(|percent| 100 < *percent) {
        let detail = "A rate is a percentage, 0 to 100".to_owned();
        return Err(Problem::unprocessable("Impossible rate", detail));
    }
    if !(1..=20).contains(&rates.repeat_times) {
        let detail = "repeat_times is 1 to 20".to_owned();
        return Err(Problem::unprocessable("Not a number of times", detail));
    }
    if !(500..=599).contains(&rates.error_status) {
        let detail = "error_status is 500 to 599".to_owned();
        return Err(Problem::unprocessable("Not an error status", detail));
    }
    let faults = Faults::new(rates.clone());
    let view = FaultsView {
        rates,
        struck: faults.struck,
    };
    sandbox.world().faults = faults;
    Ok(Json(view))
}

pub(super) async fn show_outages(State(sandbox): State<Sandbox>) -> Json<Outages> {
    Json(sandbox.world().outages.clone())
}

pub(super) async fn set_outages(
    State(sandbox): State<Sandbox>,
    body: Body<Outages>,
) -> Result<Json<Outages>, Problem> {
    let Json(outages) = body?;
    sandbox.world().outages = outages.clone();
    Ok(Json(outages))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalOrder {
    operation: Operation,
    /// One of the operation's own codes; or else `status`.
    code: Option<String>,
    /// A status without a body, 400 to 599.
    status: Option<u16>,
    /// How many calls of the operation it is for.
    #[serde(default = "once")]
    times: u8,
}

const fn once() -> u8 {
    1
}

pub(super) async fn order_refusal(
    State(sandbox): State<Sandbox>,
    body: Body<RefusalOrder>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Json(order) = body?;
    let refused = match (&order.code, order.status) {
        (Some(code), None) => refusal_of(order.operation, code).map(Refused::Code),
        (None, Some(status @ 400..=599)) => Some(Refused::Status(status)),
        (_, _) => None,
    };
    let Some(refused) = refused else {
        let detail = "Either a code of the operation or a status from 400 to 599".to_owned();
        return Err(Problem::unprocessable("Nothing to refuse with", detail));
    };
    let mut world = sandbox.world();
    for _ in 0..order.times {
        world.ordered.push(order.operation, refused.clone());
    }
    Ok((StatusCode::CREATED, Json(ordered(&world))))
}

pub(super) async fn show_refusals(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(ordered(&sandbox.world()))
}

fn ordered(world: &crate::world::World) -> Value {
    let each = |(operation, refused): (Operation, &Refused)| {
        json!({
            "operation": operation,
            "status": refused.status(),
            "code": refused.code(),
        })
    };
    let all: Vec<Value> = world.ordered.all().map(each).collect();
    json!({"ordered": all})
}
