//! Whether a schedule fits an agreement, proved instalment by instalment, or refuted by one.

use std::fmt;

use crate::date::BusinessDate;
use crate::period::{Reading, Window, index_holding, window};
use crate::schedule::{PlannedInstalment, Schedule};
use crate::terms::{Allowance, AmountRefusal, PaymentTerms, TermsType};

mod proposal;

pub use proposal::{Proposal, ProposeError, propose};

/// The dates between which an agreement may be collected from; both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first date, and the anchor of every window.
    pub start_date: BusinessDate,
    /// The last date, when there is one.
    pub end_date: Option<BusinessDate>,
}

/// The rule of an agreement that an instalment would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FitRule {
    /// Due before the agreement begins.
    BeforeValidityStart,
    /// Due after the agreement ends.
    AfterValidityEnd,
    /// Not the exact amount.
    AmountNotExact,
    /// More than the maximum.
    AmountOverMaximum,
    /// The first payment's amount differs from the one agreed for it.
    FirstAmountIncorrect,
    /// The last payment's amount differs from the one agreed for it.
    LastAmountIncorrect,
    /// The first payment is not due on the date agreed for it.
    FirstDateMismatch,
    /// Due after the last payment date.
    AfterLastPaymentDate,
    /// A balloon's last payment is not due on the date agreed for it.
    LastDateMismatch,
    /// More in one window than its count.
    TooManyInPeriod,
    /// More in all than an adhoc agreement's count.
    TooManyInAll,
}

impl FitRule {
    /// Every rule.
    pub const ALL: &'static [FitRule] = &[
        FitRule::BeforeValidityStart,
        FitRule::AfterValidityEnd,
        FitRule::AmountNotExact,
        FitRule::AmountOverMaximum,
        FitRule::FirstAmountIncorrect,
        FitRule::LastAmountIncorrect,
        FitRule::FirstDateMismatch,
        FitRule::AfterLastPaymentDate,
        FitRule::LastDateMismatch,
        FitRule::TooManyInPeriod,
        FitRule::TooManyInAll,
    ];

    /// Its name in snake_case; stable, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            FitRule::BeforeValidityStart => "before_validity_start",
            FitRule::AfterValidityEnd => "after_validity_end",
            FitRule::AmountNotExact => "amount_not_exact",
            FitRule::AmountOverMaximum => "amount_over_maximum",
            FitRule::FirstAmountIncorrect => "first_amount_incorrect",
            FitRule::LastAmountIncorrect => "last_amount_incorrect",
            FitRule::FirstDateMismatch => "first_date_mismatch",
            FitRule::AfterLastPaymentDate => "after_last_payment_date",
            FitRule::LastDateMismatch => "last_date_mismatch",
            FitRule::TooManyInPeriod => "too_many_in_period",
            FitRule::TooManyInAll => "too_many_in_all",
        }
    }

    /// The rule called `text`.
    pub fn parse(text: &str) -> Option<FitRule> {
        FitRule::ALL
            .iter()
            .copied()
            .find(|rule| rule.as_str() == text)
    }

    /// The code with which Oligo would refuse the payment.
    pub const fn provider_code(self) -> &'static str {
        match self {
            FitRule::BeforeValidityStart => "ZPPAY08",
            FitRule::AfterValidityEnd => "ZPPAY07",
            FitRule::AmountNotExact => "ZPPAY15",
            FitRule::AmountOverMaximum => "ZPPAY12",
            FitRule::FirstAmountIncorrect => "ZPPAY18",
            FitRule::LastAmountIncorrect => "ZPPAY19",
            FitRule::FirstDateMismatch => "ZPPAY14",
            FitRule::AfterLastPaymentDate => "ZPPAY13",
            FitRule::LastDateMismatch => "ZPPAY20",
            FitRule::TooManyInPeriod | FitRule::TooManyInAll => "ZPPAY17",
        }
    }
}

impl fmt::Display for FitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first instalment that does not fit, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CounterExample {
    /// The instalment's sequence number, from 1.
    pub instalment: u32,
    /// Its due date.
    pub due_date: BusinessDate,
    /// The rule it would break.
    pub rule: FitRule,
    /// The code with which Oligo would refuse it.
    pub provider_code: &'static str,
    /// The reading under which it breaks; only for [`FitRule::TooManyInPeriod`].
    pub reading: Option<Reading>,
    /// The window that is too full; only for [`FitRule::TooManyInPeriod`].
    pub window: Option<Window>,
    /// One sentence with the numbers.
    pub detail: String,
}

/// That every instalment of a schedule, collected on its due date, fits an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proof {
    /// How many instalments fit: all of them.
    pub instalments: u32,
    /// How many windows hold an instalment, the most over the readings; 0 when adhoc.
    pub windows_used: u32,
    /// The most instalments in one window over the readings; 0 when adhoc.
    pub fullest_window: u32,
}

/// Proves that every instalment, collected on its due date, is allowed under every reading given.
///
/// # Errors
///
/// Fails with the first instalment in due order that is not.
pub fn prove(
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    readings: &[Reading],
) -> Result<Proof, CounterExample> {
    let instalments = schedule.instalments();
    let mut tallies: Vec<Tally> = readings
        .iter()
        .map(|reading| Tally::new(*reading))
        .collect();

    for instalment in instalments {
        check_dates(instalment, schedule, terms, validity)?;
        check_amount(instalment, schedule, terms)?;
        match terms.allowance() {
            Allowance::PerWindow(count) => {
                for tally in &mut tallies {
                    tally.add(instalment, terms, validity, count)?;
                }
            }
            Allowance::Lifetime(count) => check_lifetime(instalment, count)?,
            Allowance::Unlimited => {}
        }
    }

    Ok(Proof {
        instalments: u32::try_from(instalments.len()).unwrap_or(u32::MAX),
        windows_used: tallies.iter().map(|tally| tally.windows).max().unwrap_or(0),
        fullest_window: tallies.iter().map(|tally| tally.fullest).max().unwrap_or(0),
    })
}

/// How full the windows of one reading are, on the way through a schedule.
struct Tally {
    reading: Reading,
    index: Option<u32>,
    held: u32,
    windows: u32,
    fullest: u32,
}

impl Tally {
    fn new(reading: Reading) -> Tally {
        Tally {
            reading,
            index: None,
            held: 0,
            windows: 0,
            fullest: 0,
        }
    }

    /// Due dates ascend, so the window of an instalment is the last one's or a later one.
    fn add(
        &mut self,
        instalment: &PlannedInstalment,
        terms: &PaymentTerms,
        validity: Validity,
        count: u32,
    ) -> Result<(), CounterExample> {
        let (anchor, frequency) = (validity.start_date, terms.frequency());
        let index = index_holding(anchor, frequency, self.reading, instalment.due_date);
        if self.index == index {
            self.held += 1;
        } else {
            (self.index, self.held) = (index, 1);
            self.windows += 1;
        }
        self.fullest = self.fullest.max(self.held);
        if self.held <= count {
            return Ok(());
        }

        let window = index.and_then(|index| window(anchor, frequency, self.reading, index));
        let place = window.map_or_else(String::new, |window| format!(" {window}"));
        let reason = format!(
            "is the {} in window{place}, which allows {count}",
            nth(self.held)
        );
        Err(CounterExample {
            reading: Some(self.reading),
            window,
            ..refuted(instalment, FitRule::TooManyInPeriod, &reason)
        })
    }
}

fn check_dates(
    instalment: &PlannedInstalment,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
) -> Result<(), CounterExample> {
    let due = instalment.due_date;
    let start = validity.start_date;
    if due < start {
        let reason = format!("is due before the agreement begins on {start}");
        return Err(refuted(instalment, FitRule::BeforeValidityStart, &reason));
    }
    if let Some(end) = validity.end_date
        && end < due
    {
        let reason = format!("is due after the agreement ends on {end}");
        return Err(refuted(instalment, FitRule::AfterValidityEnd, &reason));
    }
    if let Some(first) = terms.first_payment_date()
        && due == schedule.first_due()
        && due != first
    {
        let reason = format!("is the first, which has to be on {first} exactly");
        return Err(refuted(instalment, FitRule::FirstDateMismatch, &reason));
    }
    if let Some(last) = terms.last_payment_date() {
        if last < due {
            let reason = format!("is due after the last payment date {last}");
            return Err(refuted(instalment, FitRule::AfterLastPaymentDate, &reason));
        }
        let balloon = terms.terms_type() == TermsType::Balloon;
        if balloon && due == schedule.last_due() && due != last {
            let reason = format!("is the last of a balloon, which has to be on {last} exactly");
            return Err(refuted(instalment, FitRule::LastDateMismatch, &reason));
        }
    }
    Ok(())
}

fn check_amount(
    instalment: &PlannedInstalment,
    schedule: &Schedule,
    terms: &PaymentTerms,
) -> Result<(), CounterExample> {
    let due = instalment.due_date;
    let (first, last) = (due == schedule.first_due(), due == schedule.last_due());
    terms
        .allows_amount(instalment.amount, first, last)
        .map_err(|refusal| {
            let AmountRefusal {
                code,
                expected,
                given,
            } = refusal;
            let (rule, wanted) = if code == FitRule::AmountOverMaximum.provider_code() {
                (FitRule::AmountOverMaximum, "at most")
            } else if code == FitRule::FirstAmountIncorrect.provider_code() {
                (
                    FitRule::FirstAmountIncorrect,
                    "as the first payment exactly",
                )
            } else if code == FitRule::LastAmountIncorrect.provider_code() {
                (FitRule::LastAmountIncorrect, "as the last payment exactly")
            } else {
                (FitRule::AmountNotExact, "exactly")
            };
            refuted(
                instalment,
                rule,
                &format!("is for {given}, where {wanted} {expected} is allowed"),
            )
        })
}

fn check_lifetime(instalment: &PlannedInstalment, count: u32) -> Result<(), CounterExample> {
    if instalment.sequence <= count {
        return Ok(());
    }
    let nth = nth(instalment.sequence);
    let reason = format!("is the {nth} of an agreement that allows {count} in all");
    Err(refuted(instalment, FitRule::TooManyInAll, &reason))
}

fn refuted(instalment: &PlannedInstalment, rule: FitRule, reason: &str) -> CounterExample {
    let PlannedInstalment {
        sequence,
        due_date,
        amount: _,
    } = *instalment;
    CounterExample {
        instalment: sequence,
        due_date,
        rule,
        provider_code: rule.provider_code(),
        reading: None,
        window: None,
        detail: format!("instalment {sequence} on {due_date} {reason}"),
    }
}

/// `first`, `second`, `third`, then `4th`, `21st` and so on.
fn nth(number: u32) -> String {
    let suffix = match (number % 100, number % 10) {
        (11..=13, 0..) => "th",
        (0..=10 | 14.., 1) => "st",
        (0..=10 | 14.., 2) => "nd",
        (0..=10 | 14.., 3) => "rd",
        (0..=10 | 14.., 0 | 4..) => "th",
    };
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        0 | 4.. => format!("{number}{suffix}"),
    }
}

#[cfg(test)]
mod tests;
