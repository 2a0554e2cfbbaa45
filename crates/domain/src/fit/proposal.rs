//! Terms that a schedule fits: as narrow as it needs, with room to try again.

use super::{CounterExample, Demand, Validity, prove};
use crate::date::BusinessDate;
use crate::gate::ADHOC_ROOM_DAYS;
use crate::money::Cents;
use crate::period::Reading;
use crate::schedule::Schedule;
use crate::terms::{Amounts, Frequency, PaymentTerms};

mod layout;

use layout::{Layout, choose, last_date};

/// What to propose for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProposalPolicy {
    /// The date of asking, in Sydney: an agreement begins no earlier.
    pub today: BusinessDate,
    /// Days after each due date on which a failed payment may be tried again.
    pub retry_days: u32,
}

impl ProposalPolicy {
    /// An agreement that begins on or after `today` and leaves `retry_days` after each due date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::fit::ProposalPolicy;
    ///
    /// let policy = ProposalPolicy::new("2026-01-05".parse()?, 4);
    /// assert_eq!(policy.retry_days, 4);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub const fn new(today: BusinessDate, retry_days: u32) -> ProposalPolicy {
        ProposalPolicy { today, retry_days }
    }
}

/// Terms and dates for an agreement that a schedule fits under every reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The terms.
    pub terms: PaymentTerms,
    /// The dates; the start is the anchor of all windows.
    pub validity: Validity,
    /// A few sentences with the numbers: which amounts, anchor, frequency and count, and why.
    pub reason: String,
}

/// Why no agreement can be proposed for a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// An agreement cannot begin in the past, so it would begin after the first instalment.
    #[error("the first instalment is due on {first_due}, before today, {today}")]
    FirstDueInPast {
        /// The first due date.
        first_due: BusinessDate,
        /// The date of asking.
        today: BusinessDate,
    },
    /// No terms known to us hold the schedule: its retries would outlast every period, or the calendar.
    #[error("no terms fit the schedule: {0}")]
    NothingFits(#[source] CounterExample),
}

/// The narrowest terms that hold `schedule`, with the policy's room to try again.
///
/// **Amounts.** Fixed when all are equal, else variable up to the largest. Never balloon, though
/// a plan whose last amount alone differs would fit one more tightly: a balloon's first payment is
/// the first that did not fail, so one lost instalment holds the next to the wrong amount
/// (ZPPAY18), and once its last payment is made, nothing left over can be collected any more
/// (ZPPAY21). A lender who wants one gives the terms.
///
/// **Frequency and count.** The frequency that the gaps between due dates show, or a shorter one,
/// with a count of one where that fits; else the smallest count that fits; else, where a window's
/// end cuts the days to try again short, a longer period with its smallest count. Terms that would
/// allow more than twice the payments that are due give way to a longer period with a count of one,
/// and those to adhoc ones with a count for life.
///
/// **Anchor.** Of the dates from `today` to the first due date: a day up to the 28th where one
/// holds the schedule, because every month has it and so both readings agree; then the smallest
/// count, the most room, the latest date.
///
/// **Dates.** The end is the last date of the last window. Never a first payment date: the provider
/// wants the first payment on exactly that date, so one missed day would lock the agreement for
/// ever. Never a last payment date: the end does its work.
///
/// # Errors
///
/// Fails when the first instalment is due before `today`, or when the days to try again are more
/// than a year's window or the 28 of an adhoc agreement leave, or end after the last date that we
/// know, 2200-12-31.
///
/// # Examples
///
/// ```
/// use domain::fit::{Demand, ProposalPolicy, propose, prove};
/// use domain::money::Cents;
/// use domain::period::Reading;
/// use domain::schedule::Schedule;
/// use domain::terms::Frequency;
///
/// let amount = Cents::new(28_850)?;
/// let due = ["2026-01-31".parse()?, "2026-02-28".parse()?, "2026-03-31".parse()?];
/// let schedule = Schedule::explicit(due.map(|due| (due, amount)).to_vec()).expect("in order");
///
/// let found = propose(&schedule, &ProposalPolicy::new("2026-01-05".parse()?, 4))?;
/// assert_eq!(found.terms.frequency(), Frequency::Monthly);
/// assert_eq!(found.terms.count(), Some(1));
/// assert_eq!(found.validity.start_date.to_string(), "2026-01-28");
///
/// let demand = Demand::new(Reading::ALL, 4);
/// assert!(prove(&schedule, &found.terms, found.validity, &demand).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn propose(schedule: &Schedule, policy: &ProposalPolicy) -> Result<Proposal, ProposeError> {
    let (first_due, today) = (schedule.first_due(), policy.today);
    if first_due < today {
        return Err(ProposeError::FirstDueInPast { first_due, today });
    }

    let proposal = match choose(schedule, policy) {
        Some(layout) => periodic(schedule, policy, layout),
        None => adhoc(schedule, policy),
    };
    let demand = Demand::new(Reading::ALL, policy.retry_days);
    prove(schedule, &proposal.terms, proposal.validity, &demand)
        .map_err(ProposeError::NothingFits)?;

    Ok(proposal)
}

fn periodic(schedule: &Schedule, policy: &ProposalPolicy, layout: Layout) -> Proposal {
    let Layout {
        frequency,
        anchor,
        count,
        room_days,
        windows,
    } = layout;
    let due = schedule.instalments().len();
    let (amounts, amounts_told) = amounts(schedule);
    let anchor_told = match (frequency.is_month_based(), anchor.day() <= 28) {
        (true, true) => ", a day that every month has,",
        (true, false) => ", which not every month has,",
        (false, true | false) => "",
    };
    let reason = format!(
        "A {frequency} agreement from {anchor}{anchor_told} with a count of {count} holds all \
         {due} instalments in {windows} windows and leaves at least {room_days} days after each \
         due date to try again, where {} are wanted. {amounts_told} {NO_FIRST_DATE}",
        policy.retry_days
    );

    Proposal {
        terms: PaymentTerms::undated(amounts, frequency, Some(count)),
        validity: Validity {
            start_date: anchor,
            end_date: Some(last_date(schedule, layout)),
        },
        reason,
    }
}

fn adhoc(schedule: &Schedule, policy: &ProposalPolicy) -> Proposal {
    let due = schedule.instalments().len();
    let (anchor, last_due) = (schedule.first_due(), schedule.last_due());
    let count = u32::try_from(due)
        .ok()
        .filter(|count| *count <= PaymentTerms::COUNT_MAX);
    let tail_days = ADHOC_ROOM_DAYS;
    let end_date = last_due.plus_days(tail_days).unwrap_or(BusinessDate::MAX);
    let (amounts, amounts_told) = amounts(schedule);
    let limit = match count {
        Some(count) => format!("for {count} payments in all"),
        None => format!("without a count, which cannot be {due}"),
    };
    let reason = format!(
        "No period holds the {due} due dates narrowly with {} days after each to try again, so an \
         adhoc agreement from {anchor} to {end_date} {limit} is proposed. {amounts_told} \
         {NO_FIRST_DATE}",
        policy.retry_days
    );

    Proposal {
        terms: PaymentTerms::undated(amounts, Frequency::Adhoc, count),
        validity: Validity {
            start_date: anchor,
            end_date: Some(end_date),
        },
        reason,
    }
}

const NO_FIRST_DATE: &str = "It names no first payment date, which the provider would hold the \
                             first payment to exactly.";

/// One fixed amount when all are equal, else up to the largest; and why, in a sentence.
fn amounts(schedule: &Schedule) -> (Amounts, String) {
    let each = || schedule.instalments().iter().map(|one| one.amount);
    let (least, most) = (each().min(), each().max());
    // A schedule has at least one instalment.
    let (least, most) = least.zip(most).unwrap_or((Cents::MAX, Cents::MAX));

    if least == most {
        let told = format!("Every amount is {most}, so the terms are fixed.");
        return (Amounts::Fixed { amount: most }, told);
    }
    let told = format!("The amounts are from {least} to {most}, so the terms are variable.");
    (Amounts::Variable { max_amount: most }, told)
}

#[cfg(test)]
mod tests;
