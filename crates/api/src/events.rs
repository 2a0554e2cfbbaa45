//! `/v1/events`: what happened, in an order in which nothing is ever missed.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

use domain::uid::{CustomerId, PlanId};
use store::views::events::{EventPlace, EventView};

use crate::ApiState;
use crate::cursor::{Cursor, SequencePlace};
use crate::error::Problem;
use crate::fields::TextRule;
use crate::openapi::ListProblems;
use crate::page::{Page, instant_text};
use crate::query::Parameters;

const EVENT_TYPE: TextRule = TextRule {
    chars_max: 100,
    blank_ends: false,
};

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// Its id.
    #[schema(example = "evt_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// What happened.
    #[schema(example = "instalment.collected")]
    r#type: String,
    /// Its number within its plan (or customer, or all that is of neither), from 1, without gaps.
    #[schema(example = 4)]
    sequence: i64,
    /// The plan it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pln_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    plan_id: Option<String>,
    /// The customer it is about, where it is about no plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    /// The facts.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// When it was written, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    created_at: String,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub struct EventPage {
    /// The events, oldest first.
    data: Vec<EventBody>,
    /// Where the page ends. `next_cursor` is there on every page but an empty first one.
    page: Page,
}

/// List events
///
/// Keep `next_cursor` and ask again later: nothing that is written meanwhile is missed. With `plan_id` the
/// events come in the order of their `sequence`. Without, they come in the order of their transactions, and
/// two of one plan can stand the other way round: go by `sequence`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
        ("type" = Option<String>, Query, min_length = 1, description = "Only those of this type"),
        ("plan_id" = Option<String>, Query,
            pattern = "^pln_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "Only this plan's"),
    ),
    responses((status = 200, body = EventPage), ListProblems),
    security(("bearer" = []))
)]
pub async fn list(State(state): State<ApiState>, uri: Uri) -> Result<Json<EventPage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let kind = parameters.text("type", EVENT_TYPE).map(str::to_owned);
    let of_plan = |text: &str| text.parse::<PlanId>().ok();
    let plan_id = parameters.parsed("plan_id", of_plan, "an id that begins with pln_");
    let filter = format!("events {kind:?} {plan_id:?}");
    let kind = kind.as_deref();
    match plan_id {
        Some(plan_id) => {
            let after: SequencePlace = parameters.cursor(&filter).unwrap_or_default();
            parameters.finish()?;
            let id = plan_id.uuid();
            let rows = state
                .store
                .aggregate_events_page(id, kind, after.0, limit + 1)
                .await?;
            Ok(page_of(rows, limit, &filter, after, |row| {
                SequencePlace(row.sequence)
            }))
        }
        None => {
            let after: EventPlace = parameters.cursor(&filter).unwrap_or_default();
            parameters.finish()?;
            let rows = state.store.events_page(kind, after, limit + 1).await?;
            Ok(page_of(rows, limit, &filter, after, |row| row.place))
        }
    }
}

/// A page of a list that grows at its end. It can always be continued: later, if not now.
fn page_of<P: Cursor + Default + PartialEq>(
    mut rows: Vec<EventView>,
    limit: u32,
    filter: &str,
    after: P,
    place: impl Fn(&EventView) -> P,
) -> Json<EventPage> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < rows.len();
    rows.truncate(limit);
    let place = rows.last().map_or(after, place);
    let next_cursor = (place != P::default()).then(|| place.encode(filter));
    let page = Page::of_feed(next_cursor, has_more);
    Json(EventPage {
        data: rows.into_iter().map(body_of).collect(),
        page,
    })
}

fn body_of(event: EventView) -> EventBody {
    let is_of_customer = event.kind.starts_with("customer.");
    // A kill switch of everything is of no plan.
    let is_of_plan = !is_of_customer && !event.aggregate_id.is_nil();
    let plan_id = is_of_plan.then(|| PlanId::new(event.aggregate_id).to_string());
    let customer_id = is_of_customer.then(|| CustomerId::new(event.aggregate_id).to_string());
    EventBody {
        id: event.id.to_string(),
        r#type: event.kind,
        sequence: event.sequence,
        plan_id,
        customer_id,
        data: event.data,
        created_at: instant_text(event.created_at),
    }
}
