//! The retry policy of a plan, as its lender asks for it.

use domain::failure::{PaydayDraft, RetryPolicy, RetryPolicyDraft, RetryWhenDraft};

use crate::fields::{Fields, Violations};

/// Reads a retry policy; what it does not give is as configured.
pub(super) fn parse(
    fields: Fields<'_>,
    configured: &RetryPolicy,
    violations: &Violations,
) -> Option<RetryPolicy> {
    let draft = RetryPolicyDraft {
        version: fields.integer("version"),
        retries_max: fields.integer("retries_max"),
        days_between: fields.integer("days_between"),
        at_hour: fields.integer("at_hour"),
        when: fields.object("when").map(parse_when),
        next_window: boolean(&fields, "next_window"),
    };
    fields.finish();
    configured
        .amended_by(&draft)
        .map_err(|broken| violations.extend_under("/retry_policy", broken))
        .ok()
}

fn parse_when(fields: Fields<'_>) -> RetryWhenDraft {
    let draft = RetryWhenDraft {
        rule: rule(&fields),
        payday: fields.object("payday").map(parse_payday),
        state: text(&fields, "state"),
    };
    fields.finish();
    draft
}

fn parse_payday(fields: Fields<'_>) -> PaydayDraft {
    let draft = PaydayDraft {
        rule: rule(&fields),
        cycle: text(&fields, "cycle"),
        anchor_date: text(&fields, "anchor_date"),
        day: fields.integer("day"),
        weekday: text(&fields, "weekday"),
    };
    fields.finish();
    draft
}

fn rule(fields: &Fields<'_>) -> String {
    let rule = fields.required("rule", fields.any_text("rule"));
    rule.unwrap_or_default().to_owned()
}

fn text(fields: &Fields<'_>, name: &'static str) -> Option<String> {
    fields.any_text(name).map(str::to_owned)
}

fn boolean(fields: &Fields<'_>, name: &'static str) -> Option<bool> {
    let value = fields.raw(name)?;
    if !value.is_boolean() {
        fields.refuse(name, "wrong_type", format!("{name} is true or false"));
    }
    value.as_bool()
}
