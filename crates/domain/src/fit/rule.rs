//! The rules a schedule can break, and the instalment that breaks one.

use std::fmt;

use crate::date::BusinessDate;
use crate::period::{Reading, Window};

/// The rule of an agreement that an instalment would break.
///
/// In order of precedence: of several rules that one instalment breaks, the first is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FitRule {
    /// Due before the agreement begins.
    BeforeValidityStart,
    /// Due after the agreement ends.
    AfterValidityEnd,
    /// The first payment is not due on the date agreed for it.
    FirstDateMismatch,
    /// Due after the last payment date.
    AfterLastPaymentDate,
    /// A balloon's last payment is not due on the date agreed for it.
    LastDateMismatch,
    /// Not the exact amount.
    AmountNotExact,
    /// More than the maximum.
    AmountOverMaximum,
    /// The first payment's amount differs from the one agreed for it.
    FirstAmountIncorrect,
    /// The last payment's amount differs from the one agreed for it.
    LastAmountIncorrect,
    /// More in one window than its count.
    TooManyInPeriod,
    /// More in all than an adhoc agreement's count.
    TooManyInAll,
    /// Could not be tried again for as many days as are asked for.
    NoRoomToRetry,
}

impl FitRule {
    /// Every rule.
    pub const ALL: &'static [FitRule] = &[
        FitRule::BeforeValidityStart,
        FitRule::AfterValidityEnd,
        FitRule::FirstDateMismatch,
        FitRule::AfterLastPaymentDate,
        FitRule::LastDateMismatch,
        FitRule::AmountNotExact,
        FitRule::AmountOverMaximum,
        FitRule::FirstAmountIncorrect,
        FitRule::LastAmountIncorrect,
        FitRule::TooManyInPeriod,
        FitRule::TooManyInAll,
        FitRule::NoRoomToRetry,
    ];

    /// Its name in snake_case; stable, for programs.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(domain::fit::FitRule::NoRoomToRetry.as_str(), "no_room_to_retry");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            FitRule::BeforeValidityStart => "before_validity_start",
            FitRule::AfterValidityEnd => "after_validity_end",
            FitRule::FirstDateMismatch => "first_date_mismatch",
            FitRule::AfterLastPaymentDate => "after_last_payment_date",
            FitRule::LastDateMismatch => "last_date_mismatch",
            FitRule::AmountNotExact => "amount_not_exact",
            FitRule::AmountOverMaximum => "amount_over_maximum",
            FitRule::FirstAmountIncorrect => "first_amount_incorrect",
            FitRule::LastAmountIncorrect => "last_amount_incorrect",
            FitRule::TooManyInPeriod => "too_many_in_period",
            FitRule::TooManyInAll => "too_many_in_all",
            FitRule::NoRoomToRetry => "no_room_to_retry",
        }
    }

    /// The rule called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::fit::FitRule;
    ///
    /// assert_eq!(FitRule::parse("too_many_in_all"), Some(FitRule::TooManyInAll));
    /// assert_eq!(FitRule::parse("ZPPAY17"), None);
    /// ```
    pub fn parse(text: &str) -> Option<FitRule> {
        FitRule::ALL
            .iter()
            .copied()
            .find(|rule| rule.as_str() == text)
    }

    /// The code with which Oligo would refuse the payment.
    ///
    /// None for [`FitRule::NoRoomToRetry`]: there it depends on what the late payment runs into,
    /// and the [`CounterExample`] tells it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::fit::FitRule;
    ///
    /// assert_eq!(FitRule::TooManyInPeriod.provider_code(), Some("ZPPAY17"));
    /// assert_eq!(FitRule::NoRoomToRetry.provider_code(), None);
    /// ```
    pub const fn provider_code(self) -> Option<&'static str> {
        match self {
            FitRule::BeforeValidityStart => Some("ZPPAY08"),
            FitRule::AfterValidityEnd => Some("ZPPAY07"),
            FitRule::FirstDateMismatch => Some("ZPPAY14"),
            FitRule::AfterLastPaymentDate => Some("ZPPAY13"),
            FitRule::LastDateMismatch => Some("ZPPAY20"),
            FitRule::AmountNotExact => Some("ZPPAY15"),
            FitRule::AmountOverMaximum => Some("ZPPAY12"),
            FitRule::FirstAmountIncorrect => Some("ZPPAY18"),
            FitRule::LastAmountIncorrect => Some("ZPPAY19"),
            FitRule::TooManyInPeriod | FitRule::TooManyInAll => Some("ZPPAY17"),
            FitRule::NoRoomToRetry => None,
        }
    }
}

impl fmt::Display for FitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first instalment, in due order, that does not fit, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct CounterExample {
    /// The instalment's sequence number, from 1.
    pub instalment: u32,
    /// Its due date.
    pub due_date: BusinessDate,
    /// The rule it would break.
    pub rule: FitRule,
    /// The code with which Oligo would refuse the payment: the one made on the due date, or, for
    /// [`FitRule::NoRoomToRetry`], the one made at the end of the days asked for.
    pub provider_code: &'static str,
    /// The reading under which it breaks, where a window is what it breaks.
    pub reading: Option<Reading>,
    /// The window that is too full, or that ends before the days to try again do.
    pub window: Option<Window>,
    /// Days after the due date on which it could still be collected; only for
    /// [`FitRule::NoRoomToRetry`], and fewer than were asked for.
    pub room_days: Option<u32>,
    /// One sentence with the numbers.
    pub detail: String,
}
