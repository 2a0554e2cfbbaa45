//! Whether a schedule fits an agreement, proved instalment by instalment, or refuted by one.

use crate::date::BusinessDate;
use crate::period::{Reading, index_holding, window};
use crate::schedule::{PlannedInstalment, Schedule};
use crate::terms::{Allowance, AmountRefusal, PaymentTerms, TermsType};

mod proposal;
mod room;
mod rule;

pub use crate::terms::Validity;
pub use proposal::{Proposal, ProposalPolicy, ProposeError, propose};
pub use rule::{CounterExample, FitRule};

/// What a proof has to show, beyond the terms themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Demand {
    /// The readings of a short month under which the schedule has to fit; none counts no windows.
    pub readings: &'static [Reading],
    /// Days after each due date on which a failed payment may still be tried again.
    pub retry_days: u32,
}

impl Demand {
    /// Under both readings, and no more than collecting on the due date.
    pub const BOTH: Demand = Demand::new(Reading::ALL, 0);

    /// Under `readings`, with room for retries on `retry_days` days after each due date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::fit::Demand;
    /// use domain::period::Reading;
    ///
    /// assert_eq!(Demand::new(Reading::ALL, 0), Demand::BOTH);
    /// assert_eq!(Demand::new(&[Reading::Oligo], 4).retry_days, 4);
    /// ```
    pub const fn new(readings: &'static [Reading], retry_days: u32) -> Demand {
        Demand {
            readings,
            retry_days,
        }
    }
}

/// That every instalment of a schedule fits an agreement, with what was demanded besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proof {
    /// How many instalments fit: all of them.
    pub instalments: u32,
    /// How many windows hold an instalment, the most over the readings; 0 when adhoc.
    pub windows_used: u32,
    /// The most instalments in one window over the readings; 0 when adhoc.
    pub fullest_window: u32,
}

/// Proves that every instalment is allowed for the whole life of an agreement: its date, its
/// amount, the number in its window under every reading asked for, and room for the retries asked for.
///
/// Room means that a payment made up to `retry_days` later stays in the window of its due date,
/// under every reading, within the validity and not after the last payment date. Then no retry ever
/// takes the place of another instalment, in whatever order they fall. A first payment date leaves
/// no room at all, and a balloon's payments have to keep their order besides.
///
/// # Errors
///
/// Fails with the first instalment in due order that does not fit, and of its broken rules the
/// first in the order of [`FitRule`].
///
/// # Examples
///
/// ```
/// use domain::fit::{Demand, FitRule, Validity, prove};
/// use domain::money::Cents;
/// use domain::schedule::Schedule;
/// use domain::terms::{PaymentTerms, TermsDraft};
///
/// let amount = Cents::new(28_850)?;
/// let due = ["2026-01-31".parse()?, "2026-02-28".parse()?];
/// let schedule = Schedule::explicit(due.map(|due| (due, amount)).to_vec()).expect("in order");
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "fixed".into(),
///     frequency: "monthly".into(),
///     amount: Some(28_850),
///     ..TermsDraft::default()
/// })
/// .expect("terms that hold");
/// let from = |start: &str| Ok::<_, domain::date::DateError>(Validity {
///     start_date: start.parse()?,
///     end_date: None,
/// });
///
/// let proof = prove(&schedule, &terms, from("2026-01-28")?, &Demand::BOTH).expect("it fits");
/// assert_eq!((proof.instalments, proof.fullest_window), (2, 1));
///
/// // A month that lacks the 31st: by Oligo's reading its last day still is of the first window.
/// let found = prove(&schedule, &terms, from("2026-01-31")?, &Demand::BOTH).unwrap_err();
/// assert_eq!((found.instalment, found.rule), (2, FitRule::TooManyInPeriod));
/// assert_eq!(found.provider_code, "ZPPAY17");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prove(
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    demand: &Demand,
) -> Result<Proof, CounterExample> {
    let instalments = schedule.instalments();
    let mut tallies: Vec<Tally> = demand
        .readings
        .iter()
        .map(|reading| Tally::new(*reading))
        .collect();

    for (place, instalment) in instalments.iter().enumerate() {
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
        room::check(place, schedule, terms, validity, demand)?;
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

    /// The gate counts in whole windows only, and so does the proof.
    fn check_whole(
        &self,
        index: Option<u32>,
        instalment: &PlannedInstalment,
        terms: &PaymentTerms,
        validity: Validity,
    ) -> Result<(), CounterExample> {
        let (anchor, frequency) = (validity.start_date, terms.frequency());
        let held = index.and_then(|index| window(anchor, frequency, self.reading, index));
        if held.is_some() {
            return Ok(());
        }
        let reason = format!("is due in a window that ends after {}", BusinessDate::MAX);
        Err(CounterExample {
            reading: Some(self.reading),
            ..refuted(instalment, FitRule::AfterValidityEnd, &reason)
        })
    }

    /// Due dates never descend, so the window of an instalment is the last one's or a later one.
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
            self.check_whole(index, instalment, terms, validity)?;
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
        && instalment.sequence == 1
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
        if balloon && is_last(instalment, schedule) && due != last {
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
    let (first, last) = (instalment.sequence == 1, is_last(instalment, schedule));
    terms
        .allows_amount(instalment.amount, first, last)
        .map_err(|refusal| {
            let AmountRefusal {
                code,
                expected,
                given,
            } = refusal;
            let (rule, wanted) = amount_rule(code);
            let reason = format!("is for {given}, where {wanted} {expected} is allowed");
            refuted(instalment, rule, &reason)
        })
}

fn is_last(instalment: &PlannedInstalment, schedule: &Schedule) -> bool {
    schedule.instalments().last() == Some(instalment)
}

/// The rule behind a refused amount, by the code of its refusal.
fn amount_rule(code: &str) -> (FitRule, &'static str) {
    let known = [
        (FitRule::AmountOverMaximum, "at most"),
        (
            FitRule::FirstAmountIncorrect,
            "as the first payment exactly",
        ),
        (FitRule::LastAmountIncorrect, "as the last payment exactly"),
    ];
    known
        .into_iter()
        .find(|(rule, _)| rule.provider_code() == Some(code))
        .unwrap_or((FitRule::AmountNotExact, "exactly"))
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
        provider_code: rule.provider_code().unwrap_or_default(),
        reading: None,
        window: None,
        room_days: None,
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
