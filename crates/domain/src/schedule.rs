//! Repayment schedules: which amounts fall due on which dates.

use std::fmt;

use crate::date::BusinessDate;
use crate::money::Cents;
use crate::period::{Length, day_of_month, months_of};
use crate::terms::Frequency;
use crate::violation::Violation;

/// One instalment as a schedule plans it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlannedInstalment {
    /// Its place in due order, from 1.
    pub sequence: u32,
    /// The first date on which it may be collected.
    pub due_date: BusinessDate,
    /// What is to be collected.
    pub amount: Cents,
}

/// 1 to 1,500 instalments with strictly ascending due dates, numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<PlannedInstalment>);

/// Which day of a month a regular schedule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DueDay {
    /// The first date's day; the month's last day where the month lacks it.
    SameDay,
    /// The last day of each month.
    LastDayOfMonth,
}

impl DueDay {
    /// Every way to mean a day.
    pub const ALL: &'static [DueDay] = &[DueDay::SameDay, DueDay::LastDayOfMonth];

    /// Its name in snake_case, as the database stores it.
    pub const fn as_str(self) -> &'static str {
        match self {
            DueDay::SameDay => "same_day",
            DueDay::LastDayOfMonth => "last_day_of_month",
        }
    }

    /// The due day called `text`.
    pub fn parse(text: &str) -> Option<DueDay> {
        DueDay::ALL.iter().copied().find(|day| day.as_str() == text)
    }
}

impl fmt::Display for DueDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a regular schedule reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// So many instalments.
    Instalments(u32),
    /// Every instalment due on or before this date.
    LastDate(BusinessDate),
}

/// A schedule told by its rule: the same amount, at one frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegularSchedule {
    /// How often; adhoc is refused.
    pub frequency: Frequency,
    /// The first due date, from which all others are counted.
    pub first_date: BusinessDate,
    /// Which day of a month is meant.
    pub due_day: DueDay,
    /// How far it reaches.
    pub extent: Extent,
    /// Every instalment's amount.
    pub amount: Cents,
    /// The last instalment's amount, when it differs.
    pub final_amount: Option<Cents>,
}

impl RegularSchedule {
    /// The instalments of the rule, each date counted from the first one.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: `/frequency`, `/due_day`, `/first_date`,
    /// `/instalments` or `/last_date`.
    pub fn expand(&self) -> Result<Schedule, Vec<Violation>> {
        let mut broken = self.misfits();
        let dates = self
            .frequency
            .length()
            .and_then(|length| self.dates(length, &mut broken));
        match dates {
            Some(dates) if broken.is_empty() => Ok(self.with_amounts(&dates)),
            Some(_) | None => Err(broken),
        }
    }

    /// Rules broken by the parts, before any date is counted.
    fn misfits(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        if self.frequency == Frequency::Adhoc {
            let detail = "an adhoc schedule has no rule; list its instalments";
            broken.push(Violation::new("/frequency", "adhoc_has_no_rule", detail));
        }
        match self.due_day {
            DueDay::SameDay => {}
            DueDay::LastDayOfMonth => {
                if !self.frequency.is_month_based() {
                    let detail = format!("a {} schedule has no day of the month", self.frequency);
                    broken.push(Violation::new(
                        "/due_day",
                        "frequency_not_month_based",
                        detail,
                    ));
                }
                if !self.first_date.is_last_of_month() {
                    let first = self.first_date;
                    let detail = format!("{first} is not the last day of its month");
                    broken.push(Violation::new(
                        "/first_date",
                        "not_last_day_of_month",
                        detail,
                    ));
                }
            }
        }
        broken
    }

    /// The due dates; `None` when the extent breaks a rule.
    fn dates(&self, length: Length, broken: &mut Vec<Violation>) -> Option<Vec<BusinessDate>> {
        let limit = match self.extent {
            Extent::Instalments(0) => {
                let detail = "a schedule has at least one instalment";
                broken.push(Violation::new("/instalments", "out_of_range", detail));
                return None;
            }
            Extent::Instalments(count) if Schedule::INSTALMENTS_MAX < count => {
                broken.push(too_many("/instalments"));
                return None;
            }
            Extent::Instalments(count) => count,
            Extent::LastDate(last) if last < self.first_date => {
                let detail = format!("last_date {last} is before first_date {}", self.first_date);
                broken.push(Violation::new("/last_date", "before_first_date", detail));
                return None;
            }
            // One more than allowed, to see whether there is one.
            Extent::LastDate(_) => Schedule::INSTALMENTS_MAX + 1,
        };
        let counted: Vec<BusinessDate> = (0..limit)
            .map_while(|index| self.date(length, i64::from(index)))
            .collect();

        match self.extent {
            Extent::Instalments(count) if counted.len() < count as usize => {
                let detail = format!("instalment {} falls after 2200-12-31", counted.len() + 1);
                broken.push(Violation::new("/instalments", "out_of_range", detail));
                None
            }
            Extent::Instalments(_) => Some(counted),
            Extent::LastDate(last) => {
                let within: Vec<_> = counted.into_iter().filter(|date| *date <= last).collect();
                if (Schedule::INSTALMENTS_MAX as usize) < within.len() {
                    broken.push(too_many("/last_date"));
                    return None;
                }
                Some(within)
            }
        }
    }

    /// The `index`-th date, from 0; `None` when it leaves the date range.
    fn date(&self, length: Length, index: i64) -> Option<BusinessDate> {
        let first = self.first_date;
        match length {
            Length::Days(days) => first.plus_days(days.checked_mul(index)?),
            Length::Months(months) => {
                let month = months_of(first.naive()) + months * index;
                let last_day = day_of_month(month + 1, 1)?.pred_opt()?;
                let date = match self.due_day {
                    DueDay::SameDay => day_of_month(month, first.day()).unwrap_or(last_day),
                    DueDay::LastDayOfMonth => last_day,
                };
                BusinessDate::from_naive(date).ok()
            }
        }
    }

    fn with_amounts(&self, dates: &[BusinessDate]) -> Schedule {
        let mut instalments: Vec<_> = (1..)
            .zip(dates)
            .map(|(sequence, due_date)| PlannedInstalment {
                sequence,
                due_date: *due_date,
                amount: self.amount,
            })
            .collect();
        if let (Some(last), Some(amount)) = (instalments.last_mut(), self.final_amount) {
            last.amount = amount;
        }
        Schedule(instalments)
    }
}

impl Schedule {
    /// The most instalments of one schedule: more than 28 years of weeks.
    pub const INSTALMENTS_MAX: u32 = 1_500;

    /// The schedule of exactly these due dates and amounts, already in due order.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once. Pointers: `/instalments` for their number,
    /// `/instalments/<index from 0>/due_date` for a date not after the one before it.
    pub fn explicit(listed: Vec<(BusinessDate, Cents)>) -> Result<Schedule, Vec<Violation>> {
        if listed.is_empty() {
            let detail = "a schedule has at least one instalment";
            return Err(vec![Violation::new("/instalments", "out_of_range", detail)]);
        }
        if (Schedule::INSTALMENTS_MAX as usize) < listed.len() {
            return Err(vec![too_many("/instalments")]);
        }
        let broken: Vec<Violation> = listed
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[1].0 <= pair[0].0)
            .map(|(index, pair)| {
                let pointer = format!("/instalments/{}/due_date", index + 1);
                let detail = format!("{} is not after {}", pair[1].0, pair[0].0);
                Violation::new(pointer, "not_ascending", detail)
            })
            .collect();
        if !broken.is_empty() {
            return Err(broken);
        }

        let numbered = (1..)
            .zip(listed)
            .map(|(sequence, (due_date, amount))| PlannedInstalment {
                sequence,
                due_date,
                amount,
            });
        Ok(Schedule(numbered.collect()))
    }

    /// The instalments in due order, at least one.
    pub fn instalments(&self) -> &[PlannedInstalment] {
        &self.0
    }

    /// The earliest due date.
    pub fn first_due(&self) -> BusinessDate {
        self.0
            .first()
            .map_or(BusinessDate::MIN, |instalment| instalment.due_date)
    }

    /// The latest due date.
    pub fn last_due(&self) -> BusinessDate {
        self.0
            .last()
            .map_or(BusinessDate::MAX, |instalment| instalment.due_date)
    }

    /// The sum of all amounts, in cents; at most 1.5 million million.
    pub fn total_cents(&self) -> i64 {
        self.0
            .iter()
            .map(|instalment| instalment.amount.get())
            .sum()
    }
}

fn too_many(pointer: &str) -> Violation {
    let detail = format!(
        "a schedule has at most {} instalments",
        Schedule::INSTALMENTS_MAX
    );
    Violation::new(pointer, "too_many_instalments", detail)
}

#[cfg(test)]
mod tests;
