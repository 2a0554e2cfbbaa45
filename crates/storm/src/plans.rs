//! Plans out of the seed: every kind that can be asked for, and some that nobody should accept.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use serde_json::{Value, json};

use crate::dice::Dice;

const FREQUENCIES: [&str; 7] = [
    "daily",
    "weekly",
    "fortnightly",
    "monthly",
    "quarterly",
    "semi_annual",
    "annual",
];
const TERMS: [&str; 4] = ["fixed", "variable", "usage_based", "balloon"];
/// Plans generated without regard to what is valid, of a hundred.
const CARELESS_PERCENT: u64 = 20;
/// The most instalments of one plan of daily payments.
const DAILY_MAX: u64 = 120;

/// A plan to ask for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The body of `POST /v1/plans`, without the fields that name it.
    pub(crate) body: Value,
    /// Whether it was made without regard to what is valid.
    pub(crate) is_careless: bool,
    /// What it is an example of.
    pub(crate) marks: Vec<String>,
    /// The due dates that were meant.
    pub(crate) due_dates: Vec<NaiveDate>,
}

/// A plan to ask for on `today`, whose last instalment is due by `last_date`.
pub(crate) fn asked(dice: &mut Dice, today: NaiveDate, last_date: NaiveDate) -> Asked {
    let first = first_date(dice, today);
    let frequency = *dice.pick(&FREQUENCIES);
    let due_dates = dates(dice, first, frequency, last_date);
    let amount = dice.within(100, 90_000);
    let mut marks = vec![format!("schedule {frequency}")];
    let mut body = json!({});
    if dice.strikes(350) && due_dates.len() < 400 {
        body["schedule"] = listed(dice, &due_dates, amount);
        marks.push("schedule listed".to_owned());
    } else {
        body["schedule"] = regular(dice, frequency, first, due_dates.len(), amount);
        marks.push("schedule regular".to_owned());
    }
    if dice.strikes(400) {
        give_terms(dice, &mut body, frequency, &due_dates, amount, &mut marks);
    } else {
        marks.push("terms chosen".to_owned());
    }
    if dice.strikes(600) {
        body["retry_policy"] = retry_policy(dice);
    }
    marks.extend(day_marks(first));
    let is_careless = dice.below(100) < CARELESS_PERCENT;
    if is_careless {
        for _ in 0..=dice.below(2) {
            spoil(dice, &mut body, today);
        }
    }
    Asked {
        body,
        is_careless,
        marks,
        due_dates,
    }
}

fn first_date(dice: &mut Dice, today: NaiveDate) -> NaiveDate {
    let soon = today + Days::new(3 + dice.below(40));
    let wanted = |fits: &dyn Fn(NaiveDate) -> bool| {
        let mut days = soon.iter_days().take(400);
        days.find(|day| fits(*day)).unwrap_or(soon)
    };
    match dice.below(10) {
        0 | 1 => wanted(&|day| day.day() == 31),
        2 => wanted(&|day| day.day() == 30),
        3 => wanted(&|day| day.day() == 29),
        4 => wanted(&|day| day.day() == 28),
        5 => wanted(&|day| day.month() == 2 && 28 <= day.day()),
        6 => wanted(&is_clock_change),
        _ => soon,
    }
}

/// The first Sunday of April or October, on which Sydney's clocks change.
fn is_clock_change(day: NaiveDate) -> bool {
    matches!(day.month(), 4 | 10) && day.weekday() == Weekday::Sun && day.day() <= 7
}

fn day_marks(first: NaiveDate) -> Vec<String> {
    let mut marks = Vec::new();
    if 28 <= first.day() {
        marks.push(format!("first day the {}th", first.day()));
    }
    if first.month() == 2 && first.day() == 29 {
        marks.push("first day 29 February".to_owned());
    }
    if is_clock_change(first) {
        marks.push("first day with a change of clocks".to_owned());
    }
    marks
}

/// Regular dates from the first one, none after `last_date`.
fn dates(
    dice: &mut Dice,
    first: NaiveDate,
    frequency: &str,
    last_date: NaiveDate,
) -> Vec<NaiveDate> {
    let nth = |index: u64| {
        let months = |count: u32| first.checked_add_months(Months::new(count));
        let index32 = u32::try_from(index).unwrap_or(u32::MAX);
        match frequency {
            "daily" => first.checked_add_days(Days::new(index)),
            "weekly" => first.checked_add_days(Days::new(7 * index)),
            "fortnightly" => first.checked_add_days(Days::new(14 * index)),
            "monthly" => months(index32),
            "quarterly" => months(3 * index32),
            "semi_annual" => months(6 * index32),
            _ => months(12 * index32),
        }
    };
    let most = if frequency == "daily" {
        2 + dice.below(DAILY_MAX)
    } else {
        1_400
    };
    let all = (0..most).map_while(nth).take_while(|day| *day <= last_date);
    let mut all: Vec<NaiveDate> = all.collect();
    if all.is_empty() {
        all.push(first);
    }
    // Some plans are short.
    if dice.strikes(150) {
        let kept = 1 + dice.below(all.len() as u64);
        all.truncate(usize::try_from(kept).unwrap_or(1));
    }
    all
}

fn regular(dice: &mut Dice, frequency: &str, first: NaiveDate, count: usize, amount: i64) -> Value {
    let mut schedule = json!({
        "frequency": frequency,
        "first_date": first,
        "instalments": count,
        "amount": amount,
    });
    if dice.strikes(150) {
        schedule["final_amount"] = json!(dice.within(1, amount));
    }
    schedule
}

fn listed(dice: &mut Dice, dates: &[NaiveDate], amount: i64) -> Value {
    let is_even = dice.strikes(500);
    let instalments: Vec<Value> = dates
        .iter()
        .map(|date| {
            let amount = if is_even {
                amount
            } else {
                dice.within(1, amount)
            };
            json!({ "due_date": date, "amount": amount })
        })
        .collect();
    json!({ "instalments": instalments })
}

fn give_terms(
    dice: &mut Dice,
    body: &mut Value,
    frequency: &str,
    dates: &[NaiveDate],
    amount: i64,
    marks: &mut Vec<String>,
) {
    let kind = *dice.pick(&TERMS);
    let frequency = if dice.strikes(100) {
        "adhoc"
    } else {
        frequency
    };
    let mut terms = json!({ "type": kind, "frequency": frequency });
    match kind {
        "fixed" => terms["amount"] = json!(amount),
        "balloon" => {
            terms["amount"] = json!(amount);
            terms["last_payment_amount"] = body["schedule"]["final_amount"].clone();
            if terms["last_payment_amount"].is_null() {
                terms["last_payment_amount"] = json!(amount);
            }
        }
        _ => terms["max_amount"] = json!(amount),
    }
    if frequency != "adhoc" && dice.strikes(400) {
        terms["count"] = json!(1 + dice.below(3));
    }
    let (first, last) = (dates.first().copied(), dates.last().copied());
    let start = first.unwrap_or_default();
    body["validity_start_date"] = json!(start);
    if dice.strikes(600)
        && let Some(end) =
            last.and_then(|last| last.checked_add_days(Days::new(1 + dice.below(40))))
    {
        body["validity_end_date"] = json!(end);
    }
    body["payment_terms"] = terms;
    marks.push(format!("terms {kind}"));
    marks.push(format!("terms {frequency}"));
}

fn retry_policy(dice: &mut Dice) -> Value {
    json!({
        "version": 1,
        "retries_max": dice.below(6),
        "days_between": 1 + dice.below(3),
        "at_hour": 6 + dice.below(14),
        "when": { "rule": "next_days" },
        "next_window": dice.strikes(400),
    })
}

/// Breaks something, or at least tries to.
fn spoil(dice: &mut Dice, body: &mut Value, today: NaiveDate) {
    let past = today - Days::new(1 + dice.below(400));
    if !body["schedule"].is_object() {
        return;
    }
    match dice.below(16) {
        0 => body["schedule"] = json!({ "instalments": [] }),
        1 => body["schedule"]["amount"] = json!(-5),
        2 => body["schedule"]["frequency"] = json!("sometimes"),
        3 => body["schedule"]["first_date"] = json!("2026-02-30"),
        4 => body["schedule"]["first_date"] = json!(past),
        5 => body["schedule"]["instalments"] = json!(1_501),
        6 => body["payment_terms"] = json!({ "type": "fixed", "frequency": "annual", "amount": 1 }),
        7 => body["validity_start_date"] = json!(past),
        8 => body["validity_end_date"] = json!(today),
        9 => {
            let day = today + Days::new(9);
            let twice = json!({ "due_date": day, "amount": 100 });
            body["schedule"] = json!({ "instalments": [twice, twice] });
        }
        10 => body["retry_policy"] = json!({ "version": 1, "retries_max": 11 }),
        11 => body["amount"] = json!(1),
        12 => body["schedule"] = json!("weekly"),
        13 => {
            body["payment_terms"] = json!({
                "type": "variable", "frequency": "weekly", "max_amount": 1, "count": 1,
            });
            body["validity_start_date"] = json!(today);
        }
        14 => body["schedule"]["amount"] = json!(1_000_000_001_i64),
        _ => body["purpose"] = json!("a yacht"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_plans_are_generated_and_some_of_them_carelessly() {
        let mut dice = Dice::new(7, "plans");
        let today = NaiveDate::default() + Days::new(20_500);
        let plans = (0..3_000).map(|_| asked(&mut dice, today, today + Days::new(1_000)));
        let careless = plans.filter(|plan| plan.is_careless).count();
        assert!((400..800).contains(&careless), "{careless} of 3000");
    }
}
