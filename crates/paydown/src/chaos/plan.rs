//! Who owes what when: so many plans, with instalments on the days of two weeks.

use serde_json::{Value, json};

use domain::date::{BusinessDate, Instant};

/// The Sunday on which it begins: its agreements are valid from the day after.
const BEGINS_ON: &str = "2026-03-01";
/// Instalments in each week, Monday to Friday: the weekend is room for what was late.
const A_WEEK: i64 = 5;
/// The most instalments of one plan: two weeks.
const A_PLAN: u64 = 10;
const AMOUNT: i64 = 28_850;

fn begins_on() -> BusinessDate {
    BEGINS_ON.parse().unwrap_or(BusinessDate::MAX)
}

/// When it begins: 10:00 in Sydney.
pub(super) fn begins_at() -> Instant {
    begins_on().at_hour(10, 0)
}

/// The plans that there are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    collections: u64,
    a_plan: u64,
}

impl Calendar {
    /// Plans whose instalments come to `collections`.
    pub(super) fn of(collections: u64) -> Calendar {
        let a_plan = (collections / 100).clamp(1, A_PLAN);
        Calendar {
            collections,
            a_plan,
        }
    }

    /// How many plans.
    pub(super) fn plans(&self) -> u64 {
        self.collections.div_ceil(self.a_plan)
    }

    /// When the first instalments come due.
    pub(super) fn first_due_at(&self) -> Instant {
        due_on(0).at_hour(6, 0)
    }

    /// When the last day ends on which any is due.
    pub(super) fn last_due_at(&self) -> Instant {
        due_on(self.a_plan - 1).closes_at()
    }

    /// The body of `POST /v1/customers`, by number from 0.
    pub(super) fn customer(number: u64) -> Value {
        json!({
            "external_id": format!("chaos-{number}"),
            "name": "Robin Sample",
            "account": {"type": "bban", "value": format!("062000-{}", 10_000_000 + number)},
        })
    }

    /// The body of `POST /v1/plans`; the last plan may be shorter.
    pub(super) fn plan(&self, number: u64, customer_id: &str) -> Value {
        let before = number * self.a_plan;
        let count = self.collections.saturating_sub(before).min(self.a_plan);
        let listed: Vec<Value> = (0..count)
            .map(|place| json!({"due_date": due_on(place).to_string(), "amount": AMOUNT}))
            .collect();
        json!({
            "external_id": format!("chaos-{number}"),
            "customer_id": customer_id,
            "description": "Loan repayments",
            "schedule": {"instalments": listed},
            "payment_terms": {
                "type": "fixed", "frequency": "weekly", "amount": AMOUNT, "count": A_WEEK,
            },
            "validity_start_date": due_on(0).to_string(),
        })
    }
}

/// The due date of a plan's instalment, by its place from 0.
fn due_on(place: u64) -> BusinessDate {
    let place = i64::try_from(place).unwrap_or(0);
    let days = 1 + place / A_WEEK * 7 + place % A_WEEK;
    begins_on().plus_days(days).unwrap_or(BusinessDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plans_instalments_come_to_the_collections_asked_for() {
        for (collections, plans) in [(1, 1), (99, 99), (300, 100), (2_000, 200), (2_005, 201)] {
            let calendar = Calendar::of(collections);
            assert_eq!(calendar.plans(), plans);
            let count = |number| {
                let plan = calendar.plan(number, "cus");
                plan["schedule"]["instalments"]
                    .as_array()
                    .map_or(0, Vec::len)
            };
            let sum: usize = (0..plans).map(count).sum();
            assert_eq!(sum as u64, collections);
        }
    }

    #[test]
    fn instalments_are_due_from_monday_to_friday_of_two_weeks() {
        let dates: Vec<String> = [0, 4, 5, 9].map(|place| due_on(place).to_string()).into();
        assert_eq!(
            dates,
            ["2026-03-02", "2026-03-06", "2026-03-09", "2026-03-13"]
        );
    }
}
