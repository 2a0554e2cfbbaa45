//! Between a plan's stored retry policy and `domain`'s.

use serde_json::{Map, Value, json};

use domain::failure::{PaydayDraft, RetryPolicy, RetryPolicyDraft, RetryWhenDraft};
use domain::gate::{Carry, Room, room};
use domain::instalment;
use store::payments::{DueRow, PaymentRow};

use crate::Settings;

/// A policy as a plan stores it and the API shows it: its version and every field.
pub fn to_json(policy: &RetryPolicy) -> Value {
    let draft = policy.to_draft();
    json!({
        "version": draft.version,
        "retries_max": draft.retries_max,
        "days_between": draft.days_between,
        "at_hour": draft.at_hour,
        "when": draft.when.as_ref().map(when_to_json),
        "next_window": draft.next_window,
    })
}

fn when_to_json(when: &RetryWhenDraft) -> Value {
    let payday = when.payday.as_ref().map(|payday| {
        given([
            ("rule", Some(json!(payday.rule))),
            ("cycle", payday.cycle.as_ref().map(|word| json!(word))),
            (
                "anchor_date",
                payday.anchor_date.as_ref().map(|date| json!(date)),
            ),
            ("day", payday.day.map(Value::from)),
            ("weekday", payday.weekday.as_ref().map(|word| json!(word))),
        ])
    });
    given([
        ("rule", Some(json!(when.rule))),
        ("payday", payday),
        ("state", when.state.as_ref().map(|word| json!(word))),
    ])
}

/// An object of the fields that are there.
fn given<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<String, Value>>())
}

/// The policy a plan was accepted with.
///
/// What an older row does not say is as configured. A policy that cannot be read, as one of a newer version,
/// gives way to the configured one: the provider's budgets bind under any.
pub fn from_json(stored: &Value, configured: &RetryPolicy) -> RetryPolicy {
    configured
        .amended_by(&draft(stored))
        .unwrap_or_else(|broken| {
            let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
            tracing::error!(
                broken = broken.join("; "),
                "a plan's retry policy cannot be read"
            );
            *configured
        })
}

fn draft(stored: &Value) -> RetryPolicyDraft {
    // What is there and no whole number is out of every range: the policy cannot be read.
    let number = |key: &str| {
        let given = stored.get(key).filter(|given| !given.is_null())?;
        Some(given.as_i64().unwrap_or(-1))
    };
    RetryPolicyDraft {
        version: number("version"),
        retries_max: number("retries_max"),
        days_between: number("days_between"),
        at_hour: number("at_hour"),
        when: stored.get("when").filter(|when| when.is_object()).map(when),
        next_window: stored.get("next_window").and_then(Value::as_bool),
    }
}

fn when(stored: &Value) -> RetryWhenDraft {
    RetryWhenDraft {
        rule: text(stored, "rule").unwrap_or_default(),
        payday: stored.get("payday").map(|payday| PaydayDraft {
            rule: text(payday, "rule").unwrap_or_default(),
            cycle: text(payday, "cycle"),
            anchor_date: text(payday, "anchor_date"),
            day: payday.get("day").and_then(Value::as_i64),
            weekday: text(payday, "weekday"),
        }),
        state: text(stored, "state"),
    }
}

fn text(stored: &Value, key: &str) -> Option<String> {
    stored.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Whether a failed instalment may go into the window after its own.
pub(crate) fn carry<'a>(row: &'a DueRow, settings: &Settings) -> Carry<'a> {
    // A second payment is made after a failure only; while it is on its way the state no longer says so.
    let has_failed = row.state == instalment::State::Retrying || 1 < row.attempts_made;
    if has_failed && goes_on(&row.policy, &settings.retry) {
        let others_due = &row.others_due;
        Carry::IntoNextWindow { others_due }
    } else {
        Carry::Never
    }
}

/// Whether a plan's failed instalments may go into the window after their own. The plan itself has to say
/// so: where it does not, the rows are read without the other due dates.
pub fn goes_on(stored: &Value, configured: &RetryPolicy) -> bool {
    stored.get("next_window") == Some(&Value::Bool(true))
        && from_json(stored, configured).next_window()
}

/// How long an instalment may be collected.
pub(crate) fn room_of(row: &DueRow, settings: &Settings) -> Room {
    room(&row.terms, row.validity, row.due_date, carry(row, settings))
}

/// How long the instalment of a payment that just failed may be collected.
pub(crate) fn room_after_failure(row: &PaymentRow, policy: &RetryPolicy) -> Room {
    let carry = if policy.next_window() && goes_on(&row.policy, policy) {
        let others_due = &row.others_due;
        Carry::IntoNextWindow { others_due }
    } else {
        Carry::Never
    };
    room(&row.terms, row.validity, row.due_date, carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_stored_with_its_version_and_every_field() {
        assert_eq!(
            to_json(&RetryPolicy::default()),
            json!({
                "version": 1,
                "retries_max": 3,
                "days_between": 1,
                "at_hour": 6,
                "when": {"rule": "next_days"},
                "next_window": false,
            })
        );
    }

    #[test]
    fn a_stored_policy_is_read_back_whatever_is_configured() {
        let configured = RetryPolicy::default();
        for when in [
            json!({"rule": "next_days"}),
            json!({"rule": "after_payday", "state": "nsw", "payday":
                {"rule": "every", "cycle": "fortnightly", "anchor_date": "2026-01-01"}}),
            json!({"rule": "after_payday", "state": "national", "payday":
                {"rule": "monthly", "day": 15}}),
            json!({"rule": "after_payday", "state": "vic", "payday":
                {"rule": "weekday", "weekday": "thursday"}}),
        ] {
            let stored = json!({
                "version": 1,
                "retries_max": 2,
                "days_between": 3,
                "at_hour": 9,
                "when": when,
                "next_window": true,
            });
            let policy = from_json(&stored, &configured);
            assert_ne!(policy, configured);
            assert_eq!(to_json(&policy), stored);
        }
    }

    #[test]
    fn what_an_older_row_does_not_say_is_as_configured() {
        let stored = json!({"retries_max": 2, "days_between": 3, "at_hour": 9});
        let policy = from_json(&stored, &RetryPolicy::default());

        assert_eq!(
            to_json(&policy),
            json!({
                "version": 1,
                "retries_max": 2,
                "days_between": 3,
                "at_hour": 9,
                "when": {"rule": "next_days"},
                "next_window": false,
            })
        );
    }

    #[test]
    fn a_policy_with_a_number_that_is_none_gives_way_to_the_configured_one() {
        let configured = RetryPolicy::default();
        for stored in [
            json!({"version": "1", "retries_max": 9}),
            json!({"version": 1, "retries_max": "9"}),
            json!({"version": 1.5, "retries_max": 9}),
        ] {
            assert_eq!(from_json(&stored, &configured), configured, "{stored}");
        }
    }

    #[test]
    fn a_policy_of_a_newer_version_gives_way_to_the_configured_one() {
        let configured = RetryPolicy::default();
        let stored = json!({"version": 2, "retries_max": 9});

        assert_eq!(from_json(&stored, &configured), configured);
    }
}
