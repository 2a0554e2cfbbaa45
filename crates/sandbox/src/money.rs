//! What is in a payer's account: it goes down with payments and up on paydays.

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::words::PaydayCycle;

/// Money that comes in again and again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payday {
    /// Sydney.
    first_date: NaiveDate,
    every: PaydayCycle,
    amount_cents: i64,
}

impl Payday {
    /// The n-th payday, counted from the first one and 0.
    fn date(&self, n: u32) -> Option<NaiveDate> {
        let days = |each: u64| Days::new(each * u64::from(n));
        match self.every {
            PaydayCycle::Weekly => self.first_date.checked_add_days(days(7)),
            PaydayCycle::Fortnightly => self.first_date.checked_add_days(days(14)),
            PaydayCycle::Monthly => self.first_date.checked_add_months(Months::new(n)),
        }
    }
}

/// An account's money. Without a balance it never runs out.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Money {
    balance_cents: Option<i64>,
    payday: Option<Payday>,
    /// How many paydays are in the balance or were before it.
    #[serde(skip)]
    paydays_passed: u32,
}

impl Money {
    pub(crate) fn set_balance(&mut self, cents: Option<i64>) {
        self.balance_cents = cents;
    }

    /// From `today` on money comes in on these paydays; earlier ones are over.
    pub(crate) fn set_payday(&mut self, payday: Option<Payday>, today: NaiveDate) {
        self.paydays_passed = 0;
        self.payday = payday;
        if self.payday.is_some() && self.balance_cents.is_none() {
            self.balance_cents = Some(0);
        }
        while self.next_payday().is_some_and(|(date, _)| date < today) {
            self.paydays_passed += 1;
        }
    }

    /// Brings the balance up to `today`.
    pub(crate) fn credit_paydays(&mut self, today: NaiveDate) {
        while let Some((date, cents)) = self.next_payday() {
            if today < date {
                return;
            }
            self.paydays_passed += 1;
            self.balance_cents = self
                .balance_cents
                .map(|balance| balance.saturating_add(cents));
        }
    }

    /// Takes `cents` if they are there by `today`; whether they were.
    pub(crate) fn take(&mut self, cents: i64, today: NaiveDate) -> bool {
        self.credit_paydays(today);
        match self.balance_cents {
            Some(balance) if balance < cents => false,
            Some(_) | None => {
                self.debit(cents, today);
                true
            }
        }
    }

    /// Takes `cents` whether they are there or not.
    pub(crate) fn debit(&mut self, cents: i64, today: NaiveDate) {
        self.credit_paydays(today);
        self.balance_cents = self
            .balance_cents
            .map(|balance| balance.saturating_sub(cents));
    }

    fn next_payday(&self) -> Option<(NaiveDate, i64)> {
        let payday = self.payday.as_ref()?;
        Some((payday.date(self.paydays_passed)?, payday.amount_cents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a test's date")
    }

    #[test]
    fn a_payday_at_the_end_of_the_month_comes_on_the_last_day_of_a_short_one() {
        let payday = Payday {
            first_date: date("2026-01-31"),
            every: PaydayCycle::Monthly,
            amount_cents: 1,
        };
        let dates: Vec<NaiveDate> = (0..3).filter_map(|n| payday.date(n)).collect();
        let expected = ["2026-01-31", "2026-02-28", "2026-03-31"].map(date);
        assert_eq!(dates, expected);
    }

    #[test]
    fn paydays_before_they_were_set_are_over_and_later_ones_add_up() {
        let mut money = Money::default();
        let payday = Payday {
            first_date: date("2026-06-01"),
            every: PaydayCycle::Weekly,
            amount_cents: 100,
        };
        money.set_payday(Some(payday), date("2026-06-09"));
        assert!(!money.take(1, date("2026-06-14")));
        assert!(money.take(100, date("2026-06-15")));
        assert!(!money.take(201, date("2026-06-29")));
        assert!(money.take(200, date("2026-06-29")));
    }

    #[test]
    fn an_account_without_a_balance_never_runs_out() {
        assert!(Money::default().take(1_000_000_000, date("2026-06-09")));
    }
}
