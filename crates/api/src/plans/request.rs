//! From the body of `POST /v1/plans` to a plan in `domain`'s values, or every rule the body breaks.

use serde_json::Value;

use domain::date::BusinessDate;
use domain::failure::RetryPolicy;
use domain::fit::Validity;
use domain::money::Cents;
use domain::schedule::{DueDay, Extent, RegularSchedule, Schedule};
use domain::terms::{Frequency, PaymentTerms, TermsDraft};
use domain::uid::{CustomerId, PlanId};
use domain::violation::Violation;
use flows::clock::fresh_uuid;
use flows::open_plan::PlanRequest;

mod retry;

use crate::fields::{EXTERNAL_ID, Fields, TextRule, Violations};

/// What an agreement can be for; Oligo's words.
pub const PURPOSES: [&str; 12] = [
    "mortgage",
    "utility",
    "loan",
    "dependant_support",
    "gambling",
    "retail",
    "salary",
    "personal",
    "government",
    "pension",
    "tax",
    "other",
];

/// As Oligo takes an agreement's description.
const DESCRIPTION: TextRule = TextRule {
    chars_max: 140,
    blank_ends: true,
};

/// Reads a plan; a retry policy that it does not give is as configured.
///
/// # Errors
///
/// Tells every broken rule at once.
pub fn parse(body: &Value, configured: &RetryPolicy) -> Result<PlanRequest, Vec<Violation>> {
    let violations = Violations::default();
    let parsed = Fields::of(body, String::new(), &violations)
        .and_then(|fields| parse_fields(fields, configured, &violations));
    match parsed {
        Some(request) if violations.is_empty() => Ok(request),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn parse_fields(
    fields: Fields<'_>,
    configured: &RetryPolicy,
    violations: &Violations,
) -> Option<PlanRequest> {
    let external_id = fields.required("external_id", fields.text("external_id", EXTERNAL_ID));
    let customer_id = fields.id::<CustomerId>("customer_id", CustomerId::PREFIX);
    let customer_id = fields.required("customer_id", customer_id);
    let known = |word: &str| PURPOSES.into_iter().find(|purpose| *purpose == word);
    let purpose = fields.word("purpose", known, &PURPOSES).unwrap_or("loan");
    let description = fields.required("description", fields.text("description", DESCRIPTION));
    let schedule = fields.required("schedule", fields.object("schedule"));
    let schedule = schedule.and_then(|schedule| parse_schedule(schedule, violations));
    let terms_given = fields.raw("payment_terms").is_some();
    let terms = fields.object("payment_terms");
    let terms = terms.and_then(|terms| parse_terms(terms, violations));
    let validity = parse_validity(&fields, terms_given, violations);
    let retry = match fields.object("retry_policy") {
        Some(policy) => retry::parse(policy, configured, violations),
        None => Some(*configured),
    };
    fields.finish();
    Some(PlanRequest {
        plan_id: PlanId::new(fresh_uuid()),
        external_id: external_id?.to_owned(),
        customer_id: customer_id?,
        purpose: purpose.to_owned(),
        description: description?.to_owned(),
        schedule: schedule?,
        terms,
        validity,
        retry: retry?,
    })
}

fn parse_schedule(fields: Fields<'_>, violations: &Violations) -> Option<Schedule> {
    let listed = fields.raw("instalments").and_then(Value::as_array);
    let expanded = match listed {
        Some(listed) => {
            let path = fields.pointer("instalments");
            // The fields of a regular schedule are unknown beside a list.
            fields.finish();
            Schedule::explicit(parse_list(listed, &path, violations)?)
        }
        None => {
            let regular = parse_regular(&fields);
            fields.finish();
            regular?.expand()
        }
    };
    expanded
        .map_err(|broken| violations.extend_under("/schedule", broken))
        .ok()
}

fn parse_regular(fields: &Fields<'_>) -> Option<RegularSchedule> {
    let words: Vec<&str> = Frequency::ALL
        .iter()
        .map(|frequency| frequency.as_str())
        .collect();
    let frequency = fields.word("frequency", Frequency::parse, &words);
    let frequency = fields.required("frequency", frequency);
    let first_date = fields.required("first_date", fields.date("first_date"));
    let words: Vec<&str> = DueDay::ALL.iter().map(|day| day.as_str()).collect();
    let due_day = fields
        .word("due_day", DueDay::parse, &words)
        .unwrap_or(DueDay::SameDay);
    let extent = parse_extent(fields);
    let amount = fields.required("amount", fields.cents("amount"));
    let final_amount = fields.cents("final_amount");
    Some(RegularSchedule {
        frequency: frequency?,
        first_date: first_date?,
        due_day,
        extent: extent?,
        amount: amount?,
        final_amount,
    })
}

fn parse_extent(fields: &Fields<'_>) -> Option<Extent> {
    let given = (
        fields.raw("instalments").is_some(),
        fields.raw("last_date").is_some(),
    );
    let instalments = fields.integer("instalments");
    let last_date = fields.date("last_date");
    match given {
        (true, true) => {
            let detail = "instalments and last_date exclude each other";
            fields.refuse("last_date", "not_both", detail);
            None
        }
        (true, false) => {
            let instalments = instalments?;
            match u32::try_from(instalments) {
                Ok(count) => Some(Extent::Instalments(count)),
                Err(_) => {
                    let max = Schedule::INSTALMENTS_MAX;
                    let detail = format!("instalments is between 1 and {max}, not {instalments}");
                    fields.refuse("instalments", "out_of_range", detail);
                    None
                }
            }
        }
        (false, true) => Some(Extent::LastDate(last_date?)),
        (false, false) => {
            let detail = "instalments is required: their number, or the list of them; \
                          or last_date";
            fields.refuse("instalments", "required", detail);
            None
        }
    }
}

fn parse_list(
    listed: &[Value],
    path: &str,
    violations: &Violations,
) -> Option<Vec<(BusinessDate, Cents)>> {
    let max = Schedule::INSTALMENTS_MAX;
    if usize::try_from(max).is_ok_and(|max| max < listed.len()) {
        let detail = format!(
            "a schedule has at most {max} instalments, not {}",
            listed.len()
        );
        violations.add(path, "too_many_instalments", detail);
        return None;
    }
    let parsed: Vec<Option<(BusinessDate, Cents)>> = listed
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let fields = Fields::of(value, format!("{path}/{index}"), violations)?;
            let due_date = fields.required("due_date", fields.date("due_date"));
            let amount = fields.required("amount", fields.cents("amount"));
            fields.finish();
            Some((due_date?, amount?))
        })
        .collect();
    parsed.into_iter().collect()
}

fn parse_terms(fields: Fields<'_>, violations: &Violations) -> Option<PaymentTerms> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let draft = TermsDraft {
        kind: fields
            .required("type", fields.any_text("type"))
            .unwrap_or_default()
            .to_owned(),
        frequency: fields
            .required("frequency", fields.any_text("frequency"))
            .unwrap_or_default()
            .to_owned(),
        amount: fields.integer("amount"),
        max_amount: fields.integer("max_amount"),
        count: fields.integer("count"),
        first_payment_amount: fields.integer("first_payment_amount"),
        last_payment_amount: fields.integer("last_payment_amount"),
        first_payment_date: owned(fields.any_text("first_payment_date")),
        last_payment_date: owned(fields.any_text("last_payment_date")),
    };
    fields.finish();
    PaymentTerms::from_draft(&draft)
        .map_err(|broken| violations.extend_under("/payment_terms", broken))
        .ok()
}

fn parse_validity(
    fields: &Fields<'_>,
    terms_given: bool,
    violations: &Violations,
) -> Option<Validity> {
    let start_date = fields.date("validity_start_date");
    let end_date = fields.date("validity_end_date");
    if !terms_given {
        for name in ["validity_start_date", "validity_end_date"] {
            if fields.raw(name).is_some() {
                let detail = format!("{name} needs payment_terms; without them both are chosen");
                fields.refuse(name, "needs_payment_terms", detail);
            }
        }
        return None;
    }
    let start_date = fields.required("validity_start_date", start_date)?;
    Validity::new(start_date, end_date)
        .map_err(|broken| violations.extend_under("", broken))
        .ok()
}

#[cfg(test)]
mod tests;
