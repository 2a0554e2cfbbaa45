//! Money, in cents, with no float anywhere.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// An amount of Australian money to collect, in cents. Never zero, never negative.
///
/// The provider takes integer minor units, so no float ever holds money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cents(i64);

/// Why a number is not an amount that one payment may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CentsError {
    /// Zero or below.
    #[error("an amount must be at least one cent")]
    NotPositive,
    /// Above [`Cents::MAX`].
    #[error("an amount may be at most $10,000,000.00")]
    TooLarge,
    /// Dollars with a part smaller than one cent.
    #[error("an amount may not have a part smaller than one cent")]
    FractionOfACent,
}

impl Cents {
    /// The most one payment may carry: $10,000,000.00, the limit of Oligo's `amount` field.
    pub const MAX: Cents = Cents(1_000_000_000);

    /// An amount of `cents`.
    ///
    /// # Errors
    ///
    /// Fails when `cents` is not in `1..=1_000_000_000`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::{Cents, CentsError};
    ///
    /// assert_eq!(Cents::new(12_345)?.to_string(), "$123.45");
    /// assert_eq!(Cents::new(0), Err(CentsError::NotPositive));
    /// # Ok::<(), CentsError>(())
    /// ```
    pub const fn new(cents: i64) -> Result<Cents, CentsError> {
        if cents <= 0 {
            Err(CentsError::NotPositive)
        } else if Cents::MAX.0 < cents {
            Err(CentsError::TooLarge)
        } else {
            Ok(Cents(cents))
        }
    }

    /// The number of cents, in `1..=1_000_000_000`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    ///
    /// assert_eq!(Cents::new(12_345)?.get(), 12_345);
    /// # Ok::<(), domain::money::CentsError>(())
    /// ```
    pub const fn get(self) -> i64 {
        self.0
    }

    /// An amount of `dollars`, exactly.
    ///
    /// # Errors
    ///
    /// Fails when `dollars` is not a whole number of cents in the range of [`Cents::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::{Cents, CentsError};
    /// use rust_decimal::Decimal;
    ///
    /// // $19.90, and then a tenth of a cent.
    /// assert_eq!(Cents::from_dollars(Decimal::new(199, 1)), Cents::new(1_990));
    /// assert_eq!(Cents::from_dollars(Decimal::new(1, 3)), Err(CentsError::FractionOfACent));
    /// ```
    pub fn from_dollars(dollars: Decimal) -> Result<Cents, CentsError> {
        if dollars <= Decimal::ZERO {
            return Err(CentsError::NotPositive);
        }
        if Cents::MAX.to_dollars() < dollars {
            return Err(CentsError::TooLarge);
        }
        let cents = dollars
            .checked_mul(Decimal::ONE_HUNDRED)
            .ok_or(CentsError::TooLarge)?;
        if !cents.is_integer() {
            return Err(CentsError::FractionOfACent);
        }

        Cents::new(cents.to_i64().ok_or(CentsError::TooLarge)?)
    }

    /// The same amount in dollars, with two decimal places.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::money::Cents;
    ///
    /// let amount = Cents::new(1_990)?;
    /// assert_eq!(amount.to_dollars().to_string(), "19.90");
    /// assert_eq!(Cents::from_dollars(amount.to_dollars()), Ok(amount));
    /// # Ok::<(), domain::money::CentsError>(())
    /// ```
    pub fn to_dollars(self) -> Decimal {
        Decimal::new(self.0, 2)
    }
}

impl fmt::Display for Cents {
    /// `$1,234.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.0 / 100;
        let cents = self.0 % 100;
        let (millions, thousands, units) = (
            dollars / 1_000_000,
            dollars / 1_000 % 1_000,
            dollars % 1_000,
        );

        if 1 <= millions {
            write!(f, "${millions},{thousands:03},{units:03}.{cents:02}")
        } else if 1 <= thousands {
            write!(f, "${thousands},{units:03}.{cents:02}")
        } else {
            write!(f, "${units}.{cents:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_between_one_cent_and_ten_million_dollars() {
        assert_eq!(Cents::new(0), Err(CentsError::NotPositive));
        assert_eq!(Cents::new(-1), Err(CentsError::NotPositive));
        assert_eq!(Cents::new(1).map(Cents::get), Ok(1));
        assert_eq!(Cents::new(1_000_000_000), Ok(Cents::MAX));
        assert_eq!(Cents::new(1_000_000_001), Err(CentsError::TooLarge));
        assert_eq!(Cents::new(i64::MAX), Err(CentsError::TooLarge));
    }

    #[test]
    fn dollars_become_cents_exactly_or_not_at_all() {
        assert_eq!(
            Cents::from_dollars(Decimal::new(12_345, 1)).map(Cents::get),
            Ok(123_450)
        );
        assert_eq!(
            Cents::from_dollars(Decimal::new(10_000, 3)).map(Cents::get),
            Ok(1_000)
        );
        assert_eq!(
            Cents::from_dollars(Decimal::new(1, 3)),
            Err(CentsError::FractionOfACent)
        );
        assert_eq!(
            Cents::from_dollars(Decimal::ZERO),
            Err(CentsError::NotPositive)
        );
        assert_eq!(Cents::from_dollars(Decimal::MAX), Err(CentsError::TooLarge));
        let most = Cents::MAX.to_dollars();
        assert_eq!(Cents::from_dollars(most), Ok(Cents::MAX));
        let more = most + Decimal::new(1, 3);
        assert_eq!(Cents::from_dollars(more), Err(CentsError::TooLarge));
    }

    #[test]
    fn an_amount_is_shown_as_dollars_with_thousands_set_apart() {
        let shown = |cents| Cents(cents).to_string();

        assert_eq!(shown(5), "$0.05");
        assert_eq!(shown(99_999), "$999.99");
        assert_eq!(shown(123_450), "$1,234.50");
        assert_eq!(shown(100_000_000), "$1,000,000.00");
        assert_eq!(shown(1_000_000_000), "$10,000,000.00");
    }
}
