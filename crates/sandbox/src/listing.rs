//! The two lists: newest first, filtered, a page at a time.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use crate::clock::sydney_date;
use crate::complaint::{Complaint, PAGING, Refusal, SCHEMA};
use crate::words::{AgreementState, PaymentState};
use crate::world::World;

const PER_PAGE: usize = 20;
const PER_PAGE_MAX: usize = 100;

/// What a list is asked for, as it came: names and values in their order.
pub(crate) type Query = Vec<(String, String)>;

/// A query read; every mistake in it is a complaint.
struct Asked {
    per_page: usize,
    /// The place in the order of creation to go on below.
    below: usize,
    states: Option<Vec<String>>,
    min_date: Option<NaiveDate>,
    max_date: Option<NaiveDate>,
    agreement_uid: Option<String>,
    /// False when only refunds are wanted, which this bank has none of.
    any: bool,
}

impl Asked {
    /// Reads the query of a list of `count` records whose states are `states`.
    fn read(query: &Query, states: &[&str], count: usize) -> Result<Asked, Refusal> {
        let mut complaints = Vec::new();
        // Of a name that comes twice the last value holds.
        let value = |name: &str| {
            let mut named = query.iter().rev().filter(|(key, _)| key == name);
            named.next().map(|(_, value)| value.as_str())
        };
        let per_page = value("per_page").map_or(Some(PER_PAGE), |text| {
            let number = text.parse().ok();
            number.filter(|number| (1..=PER_PAGE_MAX).contains(number))
        });
        if per_page.is_none() {
            complaints.push(PAGING.saying("The `per_page` param is not valid.".to_owned()));
        }
        let after = value("starting_after").filter(|cursor| !cursor.is_empty());
        let below = after.map_or(Some(count), |text| place(text, count));
        if below.is_none() {
            let detail = "Could not find a record for the given `starting_after` param.";
            complaints.push(PAGING.saying(detail.to_owned()));
        }
        let listed: Option<Vec<String>> = value("state")
            .filter(|list| !list.is_empty())
            .map(|list| list.split(',').map(str::to_owned).collect());
        let is_known = |word: &String| states.contains(&word.as_str());
        if listed
            .as_ref()
            .is_some_and(|listed| !listed.iter().all(is_known))
        {
            complaints.push(malformed(
                "state",
                &format!("must be of: {}", states.join(", ")),
            ));
        }
        let mut date = |name: &str| {
            let text = value(name)?;
            let read = crate::form::date(&json!(text));
            if read.is_none() {
                complaints.push(malformed(name, "is in invalid format"));
            }
            read
        };
        let (min_date, max_date) = (date("min_created_date"), date("max_created_date"));
        let refunds = value("refunds").unwrap_or("included");
        if !["included", "excluded", "only"].contains(&refunds) {
            complaints.push(malformed(
                "refunds",
                "must be one of: included, excluded, only",
            ));
        }
        match (per_page, below) {
            (Some(per_page), Some(below)) if complaints.is_empty() => Ok(Asked {
                per_page,
                below,
                states: listed,
                min_date,
                max_date,
                agreement_uid: value("agreement_uid").map(str::to_owned),
                any: refunds != "only",
            }),
            (_, _) => Err(Refusal::Unprocessable(complaints)),
        }
    }

    fn wants(&self, state: &str, created_at: DateTime<Utc>) -> bool {
        let date = sydney_date(created_at);
        let states = self.states.as_ref();
        states.is_none_or(|states| states.iter().any(|wanted| wanted == state))
            && self.min_date.is_none_or(|min| min <= date)
            && self.max_date.is_none_or(|max| date <= max)
    }
}

fn malformed(name: &str, what: &str) -> Complaint {
    SCHEMA.saying(format!("params.{name} {what}"))
}

impl World {
    pub(crate) fn list_agreements(&self, query: &Query) -> Result<Value, Refusal> {
        let count = self.agreement_order.len();
        let asked = Asked::read(query, AgreementState::WORDS, count)?;
        let all = self.agreement_order.iter().enumerate();
        let wanted = all
            .take(asked.below)
            .rev()
            .filter_map(|(place, uid)| Some((place, self.agreements.get(uid)?)))
            .filter(|(_, found)| asked.wants(found.state.word(), found.created_at))
            .map(|(place, found)| (place, found.wire(&self.settings)));
        Ok(page("/payto/agreements", query, &asked, wanted))
    }

    pub(crate) fn list_payments(&self, query: &Query) -> Result<Value, Refusal> {
        let now = self.now();
        let count = self.payment_order.len();
        let asked = Asked::read(query, PaymentState::WORDS, count)?;
        let of_agreement = |uid: &String| {
            let wanted = asked.agreement_uid.as_ref();
            wanted.is_none_or(|wanted| wanted == uid)
        };
        let all = self.payment_order.iter().enumerate();
        let wanted = all
            .take(asked.below)
            .rev()
            .filter_map(|(place, uid)| Some((place, self.payments.get(uid)?)))
            .filter(|(_, found)| asked.any && found.is_shown(now))
            .filter(|(_, found)| of_agreement(&found.agreement_uid))
            .filter(|(_, found)| {
                let state = found.shown_state(&self.settings);
                asked.wants(state.word(), found.created_at)
            })
            .map(|(place, found)| (place, found.wire(&self.settings)));
        Ok(page("/payto/payments", query, &asked, wanted))
    }
}

/// The page asked for, and the way to the next one if there is more.
fn page(
    path: &str,
    query: &Query,
    asked: &Asked,
    mut wanted: impl Iterator<Item = (usize, Value)>,
) -> Value {
    let shown: Vec<(usize, Value)> = wanted.by_ref().take(asked.per_page).collect();
    let last = shown.last().map(|(place, _)| *place);
    let mut links = json!({});
    if let (Some(last), Some(_)) = (last, wanted.next()) {
        let kept = query.iter().filter(|(name, _)| name != "starting_after");
        let next = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("starting_after", &cursor(last))
            .finish();
        links["next"] = json!(format!("{path}?{next}"));
    }
    let data: Vec<Value> = shown.into_iter().map(|(_, shown)| shown).collect();
    json!({"links": links, "data": data})
}

/// The cursor that goes on below a place: a UUID, opaque to its user.
fn cursor(place: usize) -> String {
    Uuid::from_u64_pair(CURSOR, place as u64).to_string()
}

/// The place of a cursor, if a record of `count` has it.
fn place(cursor: &str, count: usize) -> Option<usize> {
    let (mark, place) = Uuid::parse_str(cursor).ok()?.as_u64_pair();
    let place = usize::try_from(place).ok().filter(|place| *place < count);
    place.filter(|_| mark == CURSOR)
}

/// The first half of every cursor.
const CURSOR: u64 = 0x6f6c_6967_6f2d_7061;
