//! Payment terms: what an agreement allows to be collected, how much and how often.

use crate::date::BusinessDate;
use crate::money::Cents;

pub mod adyen;
mod draft;
mod validity;
mod words;

pub use draft::TermsDraft;
pub use validity::{AgreementRule, Validity, agreement_rules};
pub use words::{Frequency, TermsType};

/// The amounts an agreement allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amounts {
    /// Exactly `amount`, every time.
    Fixed {
        /// The one amount.
        amount: Cents,
    },
    /// At most `max_amount`.
    Variable {
        /// The most a payment may be.
        max_amount: Cents,
    },
    /// At most `max_amount`.
    UsageBased {
        /// The most a payment may be.
        max_amount: Cents,
    },
    /// Exactly `amount`, but for a first or last payment with an amount of its own.
    Balloon {
        /// The ordinary amount.
        amount: Cents,
        /// The first payment's amount, when it differs.
        first_amount: Option<Cents>,
        /// The last payment's amount, when it differs.
        last_amount: Option<Cents>,
    },
}

/// The payment terms of an agreement, checked as a whole.
///
/// Stricter than Oligo's schema where the scheme itself is: variable and usage-based terms always
/// have a maximum, and balloon terms a first or a last amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentTerms {
    amounts: Amounts,
    frequency: Frequency,
    count: Option<u32>,
    first_payment_date: Option<BusinessDate>,
    last_payment_date: Option<BusinessDate>,
}

/// How many payments an agreement allows, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// So many in each window; 1 when the terms give no count.
    PerWindow(u32),
    /// So many over the agreement's whole life: adhoc with a count.
    ///
    /// Oligo leaves the meaning open; this is the strictest of the possible ones.
    Lifetime(u32),
    /// Adhoc without a count.
    Unlimited,
}

/// An amount that the terms do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the terms refuse {given} ({code}): they allow {expected}")]
pub struct AmountRefusal {
    /// The code Oligo would refuse it with: ZPPAY12, 15, 18 or 19.
    pub code: &'static str,
    /// The exact amount expected; the maximum, for ZPPAY12.
    pub expected: Cents,
    /// The amount refused.
    pub given: Cents,
}

impl PaymentTerms {
    /// The largest `count`, as Azupay publishes it; Oligo names none.
    pub const COUNT_MAX: u32 = 999;

    /// Terms without payment dates; `count` is trusted to be in `1..=COUNT_MAX`.
    pub(crate) const fn undated(
        amounts: Amounts,
        frequency: Frequency,
        count: Option<u32>,
    ) -> PaymentTerms {
        PaymentTerms {
            amounts,
            frequency,
            count,
            first_payment_date: None,
            last_payment_date: None,
        }
    }

    /// The allowed amounts.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::terms::{Amounts, PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "variable".into(),
    ///     frequency: "weekly".into(),
    ///     max_amount: Some(5_000),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// let max_amount = Cents::new(5_000)?;
    /// assert_eq!(terms.amounts(), Amounts::Variable { max_amount });
    /// # Ok::<(), domain::money::CentsError>(())
    /// ```
    pub const fn amounts(&self) -> Amounts {
        self.amounts
    }

    /// How often the allowance begins anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{Frequency, PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "fixed".into(),
    ///     frequency: "fortnightly".into(),
    ///     amount: Some(5_000),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.frequency(), Frequency::Fortnightly);
    /// ```
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// The count as given, in `1..=999`; see [`PaymentTerms::allowance`] for what it means.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{Allowance, PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "fixed".into(),
    ///     frequency: "adhoc".into(),
    ///     amount: Some(5_000),
    ///     count: Some(12),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.count(), Some(12));
    /// assert_eq!(terms.allowance(), Allowance::Lifetime(12));
    /// ```
    pub const fn count(&self) -> Option<u32> {
        self.count
    }

    /// The exact date of the first payment, when the terms name one.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "fixed".into(),
    ///     frequency: "weekly".into(),
    ///     amount: Some(5_000),
    ///     first_payment_date: Some("2026-07-01".into()),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.first_payment_date(), Some("2026-07-01".parse()?));
    /// assert_eq!(terms.last_payment_date(), None);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub const fn first_payment_date(&self) -> Option<BusinessDate> {
        self.first_payment_date
    }

    /// The date after which nothing may be collected, when the terms name one.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "fixed".into(),
    ///     frequency: "weekly".into(),
    ///     amount: Some(5_000),
    ///     last_payment_date: Some("2026-12-30".into()),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.last_payment_date(), Some("2026-12-30".parse()?));
    /// assert_eq!(terms.first_payment_date(), None);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub const fn last_payment_date(&self) -> Option<BusinessDate> {
        self.last_payment_date
    }

    /// The name of the allowed amounts.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{PaymentTerms, TermsDraft, TermsType};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "usage_based".into(),
    ///     frequency: "monthly".into(),
    ///     max_amount: Some(5_000),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.terms_type(), TermsType::UsageBased);
    /// ```
    pub const fn terms_type(&self) -> TermsType {
        match self.amounts {
            Amounts::Fixed { .. } => TermsType::Fixed,
            Amounts::Variable { .. } => TermsType::Variable,
            Amounts::UsageBased { .. } => TermsType::UsageBased,
            Amounts::Balloon { .. } => TermsType::Balloon,
        }
    }

    /// How many payments these terms allow: Oligo's defaults, and the strictest reading of adhoc
    /// with a count.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::{Allowance, PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "fixed".into(),
    ///     frequency: "weekly".into(),
    ///     amount: Some(5_000),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert_eq!(terms.allowance(), Allowance::PerWindow(1));
    /// ```
    pub const fn allowance(&self) -> Allowance {
        match (self.frequency, self.count) {
            (Frequency::Adhoc, None) => Allowance::Unlimited,
            (Frequency::Adhoc, Some(count)) => Allowance::Lifetime(count),
            (
                Frequency::Daily
                | Frequency::Weekly
                | Frequency::Fortnightly
                | Frequency::Monthly
                | Frequency::Quarterly
                | Frequency::SemiAnnual
                | Frequency::Annual,
                Some(count),
            ) => Allowance::PerWindow(count),
            (
                Frequency::Daily
                | Frequency::Weekly
                | Frequency::Fortnightly
                | Frequency::Monthly
                | Frequency::Quarterly
                | Frequency::SemiAnnual
                | Frequency::Annual,
                None,
            ) => Allowance::PerWindow(1),
        }
    }

    /// Whether a payment of `given` is allowed, as the agreement's first or last one or neither.
    ///
    /// # Errors
    ///
    /// Fails with the code that Oligo would refuse the amount with.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    /// use domain::terms::{PaymentTerms, TermsDraft};
    ///
    /// let terms = PaymentTerms::from_draft(&TermsDraft {
    ///     kind: "variable".into(),
    ///     frequency: "weekly".into(),
    ///     max_amount: Some(5_000),
    ///     ..TermsDraft::default()
    /// })
    /// .expect("terms that hold");
    ///
    /// assert!(terms.allows_amount(Cents::new(5_000)?, false, false).is_ok());
    /// let refused = terms.allows_amount(Cents::new(5_001)?, false, false).unwrap_err();
    /// assert_eq!(refused.code, "ZPPAY12");
    /// # Ok::<(), domain::money::CentsError>(())
    /// ```
    pub fn allows_amount(
        &self,
        given: Cents,
        first: bool,
        last: bool,
    ) -> Result<(), AmountRefusal> {
        let exactly = |expected: Cents, code| match given == expected {
            true => Ok(()),
            false => Err(AmountRefusal {
                code,
                expected,
                given,
            }),
        };
        match self.amounts {
            Amounts::Fixed { amount } => exactly(amount, "ZPPAY15"),
            Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
                match given <= max_amount {
                    true => Ok(()),
                    false => Err(AmountRefusal {
                        code: "ZPPAY12",
                        expected: max_amount,
                        given,
                    }),
                }
            }
            Amounts::Balloon {
                amount,
                first_amount,
                last_amount,
            } => {
                // A payment that is both first and last has to satisfy both.
                match (first_amount.filter(|_| first), last_amount.filter(|_| last)) {
                    (Some(expected), None) => exactly(expected, "ZPPAY18"),
                    (None, Some(expected)) => exactly(expected, "ZPPAY19"),
                    (Some(at_first), Some(at_last)) => {
                        exactly(at_first, "ZPPAY18").and_then(|()| exactly(at_last, "ZPPAY19"))
                    }
                    (None, None) => exactly(amount, "ZPPAY15"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
