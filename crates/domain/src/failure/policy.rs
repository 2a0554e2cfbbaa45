//! How often and when a lender has a failed instalment tried again: data, frozen with the plan.

use crate::calendar::{State, next_business_day};
use crate::date::BusinessDate;
use crate::payday::Payday;

mod draft;
#[cfg(test)]
mod tests;

pub use draft::{PaydayDraft, RetryPolicyDraft, RetryWhenDraft};

use super::{Cause, RETRIES_IN_ALL_MAX};

/// Days before a date in which a payday is looked for whose business day after may be that date.
///
/// No state has as many days off in a row.
const PAYDAY_LOOK_BACK_DAYS: i64 = 14;

/// On which days a failed instalment is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryWhen {
    /// After the days between, whatever day that is.
    NextDays,
    /// Where the payer's money did not suffice: on the first business day after a payday, and not
    /// before the days between have passed. Any other trouble is tried again on the next days.
    AfterPayday {
        /// When the payer is paid.
        payday: Payday,
        /// Whose public holidays count.
        state: State,
    },
}

/// How often and when a failed instalment is tried again. Ours; the provider's budgets bind always.
///
/// A plan keeps the policy it was accepted with: a later change of configuration changes no debt.
///
/// # Examples
///
/// ```
/// use domain::failure::{RetryPolicy, RetryPolicyDraft};
///
/// let policy = RetryPolicy::from_draft(&RetryPolicyDraft {
///     retries_max: Some(2),
///     next_window: Some(true),
///     ..RetryPolicyDraft::default()
/// });
/// let policy = policy.expect("in range");
///
/// assert_eq!((policy.retries_max(), policy.days_between()), (2, 1));
/// assert!(policy.next_window());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    retries_max: u32,
    days_between: u32,
    at_hour: u32,
    when: RetryWhen,
    next_window: bool,
}

impl Default for RetryPolicy {
    /// Three retries on the days that follow, at six in the morning, in the instalment's own
    /// window.
    fn default() -> Self {
        Self {
            // One instalment's failures alone stay below `FAILURES_IN_A_ROW_MAX`: the next gets its
            // try.
            retries_max: 3,
            days_between: 1,
            at_hour: 6,
            when: RetryWhen::NextDays,
            next_window: false,
        }
    }
}

impl RetryPolicy {
    /// The version of the stored form that this code writes, and the only one that it reads.
    pub const VERSION: i64 = 1;

    /// The most days between a failure and the next try.
    pub const DAYS_BETWEEN_MAX: u32 = 31;

    /// The most retries of one instalment, `0..=10`: Oligo takes no more of one payment.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { retries_max: Some(5), ..RetryPolicyDraft::default() };
    /// let policy = RetryPolicy::from_draft(&draft).expect("in range");
    ///
    /// assert_eq!(policy.retries_max(), 5);
    /// assert_eq!(RetryPolicy::default().retries_max(), 3);
    /// ```
    #[must_use]
    pub const fn retries_max(&self) -> u32 {
        self.retries_max
    }

    /// The fewest days from a failure's Sydney date to the next try, `1..=31`.
    ///
    /// Never nought: the same day meets the same empty account.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { days_between: Some(7), ..RetryPolicyDraft::default() };
    /// let policy = RetryPolicy::from_draft(&draft).expect("in range");
    ///
    /// assert_eq!(policy.days_between(), 7);
    /// assert_eq!(RetryPolicy::default().days_between(), 1);
    /// ```
    #[must_use]
    pub const fn days_between(&self) -> u32 {
        self.days_between
    }

    /// The hour in Sydney at which a retry is made, `0..=23`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { at_hour: Some(18), ..RetryPolicyDraft::default() };
    /// let policy = RetryPolicy::from_draft(&draft).expect("in range");
    ///
    /// assert_eq!(policy.at_hour(), 18);
    /// assert_eq!(RetryPolicy::default().at_hour(), 6);
    /// ```
    #[must_use]
    pub const fn at_hour(&self) -> u32 {
        self.at_hour
    }

    /// On which days.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::calendar::State;
    /// use domain::failure::{PaydayDraft, RetryPolicy, RetryPolicyDraft};
    /// use domain::failure::{RetryWhen, RetryWhenDraft};
    /// use domain::payday::{MonthDay, Payday};
    ///
    /// let draft = RetryPolicyDraft {
    ///     when: Some(RetryWhenDraft {
    ///         rule: "after_payday".into(),
    ///         payday: Some(PaydayDraft {
    ///             rule: "monthly".into(),
    ///             day: Some(31),
    ///             ..PaydayDraft::default()
    ///         }),
    ///         state: Some("nsw".into()),
    ///     }),
    ///     ..RetryPolicyDraft::default()
    /// };
    /// let policy = RetryPolicy::from_draft(&draft).expect("a policy that holds");
    ///
    /// let payday = Payday::Monthly(MonthDay::LAST);
    /// assert_eq!(policy.when(), RetryWhen::AfterPayday { payday, state: State::Nsw });
    /// assert_eq!(RetryPolicy::default().when(), RetryWhen::NextDays);
    /// ```
    #[must_use]
    pub const fn when(&self) -> RetryWhen {
        self.when
    }

    /// Whether a failed instalment may be collected in the window after its own, by a new payment,
    /// where the agreement's count leaves a place that no other instalment needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { next_window: Some(true), ..RetryPolicyDraft::default() };
    /// let policy = RetryPolicy::from_draft(&draft).expect("in range");
    ///
    /// assert!(policy.next_window());
    /// assert!(!RetryPolicy::default().next_window());
    /// ```
    #[must_use]
    pub const fn next_window(&self) -> bool {
        self.next_window
    }

    /// The first date on or after `earliest` on which a failure of this cause is tried again;
    /// nothing past the date range.
    pub(super) fn date_from(
        &self,
        earliest: BusinessDate,
        cause: Option<Cause>,
    ) -> Option<BusinessDate> {
        match (self.when, cause) {
            (RetryWhen::AfterPayday { payday, state }, Some(Cause::Funds)) => {
                after_payday(payday, state, earliest)
            }
            (
                RetryWhen::AfterPayday { .. },
                None
                | Some(Cause::Passing | Cause::ForAPerson | Cause::ValidityOver | Cause::Hopeless),
            )
            | (
                RetryWhen::NextDays,
                None
                | Some(
                    Cause::Funds
                    | Cause::Passing
                    | Cause::ForAPerson
                    | Cause::ValidityOver
                    | Cause::Hopeless,
                ),
            ) => Some(earliest),
        }
    }
}

/// The first date on or after `earliest` that is the first business day after a payday.
fn after_payday(payday: Payday, state: State, earliest: BusinessDate) -> Option<BusinessDate> {
    let from = earliest
        .plus_days(-PAYDAY_LOOK_BACK_DAYS)
        .unwrap_or(BusinessDate::MIN);
    let first = payday.next_on_or_after(from);

    std::iter::successors(first, |day| payday.next_on_or_after(day.plus_days(1)?))
        .filter_map(|day| next_business_day(state, day.plus_days(1)?))
        .find(|day| earliest <= *day)
}

/// The ranges of the numbers, for the draft.
const RETRIES: std::ops::RangeInclusive<u32> = 0..=RETRIES_IN_ALL_MAX;
const DAYS: std::ops::RangeInclusive<u32> = 1..=RetryPolicy::DAYS_BETWEEN_MAX;
const HOURS: std::ops::RangeInclusive<u32> = 0..=23;
