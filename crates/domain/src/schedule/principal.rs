//! Principals: sums to be repaid, and their division into instalments to the cent.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Schedule, too_many};
use crate::failure::worded;
use crate::money::Cents;
use crate::violation::Violation;

/// A sum to be repaid in instalments, in cents: more than one payment may carry.
///
/// From one cent to $15,000,000,000.00, what the longest schedule of the largest payments holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(i64);

/// Why a number is not a sum that a schedule may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// Zero or below.
    #[error("a sum to repay must be at least one cent")]
    NotPositive,
    /// Above [`Principal::MAX`].
    #[error("a sum to repay may be at most $15,000,000,000.00")]
    TooLarge,
    /// Dollars with a part smaller than one cent.
    #[error("a sum to repay may not have a part smaller than one cent")]
    FractionOfACent,
}

impl Principal {
    /// The most a schedule may come to: 1,500 instalments of $10,000,000.00.
    pub const MAX: Principal = Principal(1_500_000_000_000);

    /// A sum of `cents`.
    ///
    /// # Errors
    ///
    /// Fails when `cents` is not in `1..=1_500_000_000_000`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Principal;
    ///
    /// assert_eq!(Principal::new(1_000_000)?.get(), 1_000_000);
    /// assert!(Principal::new(0).is_err());
    /// # Ok::<(), domain::schedule::PrincipalError>(())
    /// ```
    pub const fn new(cents: i64) -> Result<Principal, PrincipalError> {
        if cents <= 0 {
            Err(PrincipalError::NotPositive)
        } else if Principal::MAX.0 < cents {
            Err(PrincipalError::TooLarge)
        } else {
            Ok(Principal(cents))
        }
    }

    /// A sum of `dollars`, exactly.
    ///
    /// # Errors
    ///
    /// Fails when `dollars` is not a whole number of cents in the range of [`Principal::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Principal;
    /// use rust_decimal::Decimal;
    ///
    /// // $12,500.50; and a tenth of a cent, which is no money.
    /// assert_eq!(Principal::from_dollars(Decimal::new(125_005, 1))?.get(), 1_250_050);
    /// assert!(Principal::from_dollars(Decimal::new(1, 3)).is_err());
    /// # Ok::<(), domain::schedule::PrincipalError>(())
    /// ```
    pub fn from_dollars(dollars: Decimal) -> Result<Principal, PrincipalError> {
        if dollars <= Decimal::ZERO {
            return Err(PrincipalError::NotPositive);
        }
        if Decimal::new(Principal::MAX.0, 2) < dollars {
            return Err(PrincipalError::TooLarge);
        }
        let exact = dollars.normalize();
        if 2 < exact.scale() {
            return Err(PrincipalError::FractionOfACent);
        }

        let cents = exact * Decimal::ONE_HUNDRED;
        Principal::new(cents.to_i64().ok_or(PrincipalError::TooLarge)?)
    }

    /// The number of cents, in `1..=1_500_000_000_000`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Principal;
    ///
    /// assert_eq!(Principal::MAX.get(), 1_500_000_000_000);
    /// ```
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl From<Cents> for Principal {
    /// What one payment may carry, a schedule may come to.
    fn from(amount: Cents) -> Principal {
        Principal(amount.get())
    }
}

worded! {
    /// Which instalment carries the cents that a division leaves over.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::schedule::Residue;
    ///
    /// assert_eq!(Residue::parse("last"), Some(Residue::Last));
    /// ```
    pub enum Residue {
        /// The first.
        First = "first",
        /// The last.
        Last = "last",
    }
}

/// How a principal is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// Into equal parts.
    Equal {
        /// How many, in `1..=1_500`.
        parts: u32,
        /// Which part carries what equal ones leave over: fewer cents than there are parts.
        residue: Residue,
    },
    /// By percentages, each part rounded down to the cent.
    Percentages {
        /// Each above 0, with at most six decimal places; together exactly 100.
        shares: Vec<Decimal>,
        /// Which part carries what rounding leaves over: fewer cents than there are parts.
        residue: Residue,
    },
    /// As many parts of this amount as it takes; the last carries what remains.
    Each {
        /// Every part's amount but the last's, which is at most this.
        amount: Cents,
    },
}

/// The decimal places that a percentage may have.
const PLACES_MAX: u32 = 6;

/// 100 per cent, counted in the smallest share: a millionth of a per cent.
const WHOLE: i128 = 100_000_000;

/// The amounts of the instalments that repay `total`: together exactly it, each at least one cent.
///
/// # Errors
///
/// Fails with every broken rule at once. Pointers: `/parts`, `/shares`, `/shares/<index from 0>`
/// or `/amount`.
///
/// # Examples
///
/// ```
/// use domain::schedule::{Principal, Residue, Split, split_principal};
///
/// let hundred_dollars = Principal::new(10_000)?;
/// let split = Split::Equal { parts: 3, residue: Residue::Last };
/// let amounts = split_principal(hundred_dollars, &split).expect("cents enough");
/// let cents: Vec<i64> = amounts.iter().map(|amount| amount.get()).collect();
/// assert_eq!(cents, [3_333, 3_333, 3_334]);
/// # Ok::<(), domain::schedule::PrincipalError>(())
/// ```
pub fn split_principal(total: Principal, split: &Split) -> Result<Vec<Cents>, Vec<Violation>> {
    match split {
        Split::Equal { parts, residue } => equal(total, *parts, *residue),
        Split::Percentages { shares, residue } => by_percentages(total, shares, *residue),
        Split::Each { amount } => by_amount(total, *amount),
    }
}

fn equal(total: Principal, parts: u32, residue: Residue) -> Result<Vec<Cents>, Vec<Violation>> {
    check_number("/parts", parts as usize)?;
    let part = total.0 / i64::from(parts);
    let cents = with_residue(total, vec![part; parts as usize], residue);

    // One part speaks for all: only the number of parts can be changed.
    let amounts: Result<Vec<Cents>, Violation> = cents
        .into_iter()
        .map(|cents| amount_at("/parts", cents))
        .collect();
    amounts.map_err(|violation| vec![violation])
}

fn by_percentages(
    total: Principal,
    shares: &[Decimal],
    residue: Residue,
) -> Result<Vec<Cents>, Vec<Violation>> {
    check_number("/shares", shares.len())?;
    let (mut units, mut broken) = (Vec::new(), Vec::new());
    for (place, share) in shares.iter().enumerate() {
        match units_of(*share) {
            Ok(share) => units.push(share),
            Err((code, detail)) => {
                let pointer = format!("/shares/{place}");
                broken.push(Violation::new(pointer, code, detail));
            }
        }
    }
    let sum: i128 = units.iter().sum();
    if broken.is_empty() && sum != WHOLE {
        let sum = Decimal::from_i128_with_scale(sum, PLACES_MAX).normalize();
        let detail = format!("the shares come to {sum} per cent, not to 100");
        broken.push(Violation::new("/shares", "not_one_hundred", detail));
    }
    if !broken.is_empty() {
        return Err(broken);
    }

    // At most 1.5e12 cents times 1e8 units: far from the limits of the type.
    let parts = units
        .iter()
        .map(|share| i64::try_from(i128::from(total.0) * share / WHOLE).unwrap_or(i64::MAX))
        .collect();
    let mut amounts = Vec::new();
    for (place, cents) in with_residue(total, parts, residue).into_iter().enumerate() {
        match amount_at(&format!("/shares/{place}"), cents) {
            Ok(amount) => amounts.push(amount),
            Err(violation) => broken.push(violation),
        }
    }
    match broken.is_empty() {
        true => Ok(amounts),
        false => Err(broken),
    }
}

fn by_amount(total: Principal, amount: Cents) -> Result<Vec<Cents>, Vec<Violation>> {
    // Rounded up, so that the last part has at least a cent.
    let parts = (total.0 - 1) / amount.get() + 1;
    let parts = usize::try_from(parts).unwrap_or(usize::MAX);
    if (Schedule::INSTALMENTS_MAX as usize) < parts {
        return Err(vec![too_many("/amount")]);
    }
    let mut amounts = vec![amount; parts];
    let before_last = amount.get() * (i64::try_from(parts).unwrap_or(i64::MAX) - 1);
    if let Some(last) = amounts.last_mut() {
        *last = amount_at("/amount", total.0 - before_last).map_err(|one| vec![one])?;
    }
    Ok(amounts)
}

/// The number of a division's parts, checked.
fn check_number(pointer: &str, parts: usize) -> Result<(), Vec<Violation>> {
    if parts == 0 {
        let detail = "a principal is divided into at least one part";
        return Err(vec![Violation::new(pointer, "out_of_range", detail)]);
    }
    if (Schedule::INSTALMENTS_MAX as usize) < parts {
        return Err(vec![too_many(pointer)]);
    }
    Ok(())
}

/// A percentage in millionths of a per cent; the code and the detail of the rule it breaks.
fn units_of(share: Decimal) -> Result<i128, (&'static str, String)> {
    if share <= Decimal::ZERO || Decimal::ONE_HUNDRED < share {
        let detail = format!("a share is above 0 and at most 100 per cent, and {share} is not");
        return Err(("out_of_range", detail));
    }
    let exact = share.normalize();
    match PLACES_MAX.checked_sub(exact.scale()) {
        Some(missing) => Ok(exact.mantissa() * 10_i128.pow(missing)),
        None => {
            let detail = format!("a share has at most {PLACES_MAX} decimal places, unlike {exact}");
            Err(("too_fine", detail))
        }
    }
}

/// The parts with what they lack of `total` added to the named one.
fn with_residue(total: Principal, mut parts: Vec<i64>, residue: Residue) -> Vec<i64> {
    let left_over = total.0 - parts.iter().sum::<i64>();
    let carrier = match residue {
        Residue::First => parts.first_mut(),
        Residue::Last => parts.last_mut(),
    };
    if let Some(part) = carrier {
        *part += left_over;
    }
    parts
}

/// A part as an amount that a payment may carry.
fn amount_at(pointer: &str, cents: i64) -> Result<Cents, Violation> {
    Cents::new(cents).map_err(|error| {
        let detail = format!("a part of {cents} cents: {error}");
        Violation::new(pointer, "part_out_of_range", detail)
    })
}
