//! The dates of an agreement, and the rules that dates and terms keep together.

use std::fmt;

use super::PaymentTerms;
use crate::date::BusinessDate;
use crate::violation::Violation;

/// The dates between which an agreement may be collected from; both belong to it.
///
/// Sydney calendar dates. [`Validity::new`] checks their order; rows of the database are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first date, and the anchor of every window.
    pub start_date: BusinessDate,
    /// The last date, when there is one.
    pub end_date: Option<BusinessDate>,
}

impl Validity {
    /// From `start_date` to `end_date`, which may be the same date; for ever without an end.
    ///
    /// # Errors
    ///
    /// Fails at `/validity_end_date` when the end is before the start (Oligo's ZPAGR06).
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::Validity;
    ///
    /// let day: domain::date::BusinessDate = "2026-01-31".parse()?;
    /// assert!(Validity::new(day, Some(day)).is_ok());
    /// let broken = Validity::new(day, day.plus_days(-1)).unwrap_err();
    /// assert_eq!(broken[0].code, "before_validity_start");
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    pub fn new(
        start_date: BusinessDate,
        end_date: Option<BusinessDate>,
    ) -> Result<Validity, Vec<Violation>> {
        let validity = Validity {
            start_date,
            end_date,
        };
        match end_before_start(validity) {
            Some(broken) => Err(vec![broken]),
            None => Ok(validity),
        }
    }
}

/// Declares the rules of dates: each with its name and, where Oligo has one, its code.
macro_rules! rules {
    ($($(#[$meta:meta])* $rule:ident = $word:literal, $code:expr;)+) => {
        /// A rule that the dates of an agreement keep when it is created.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AgreementRule { $($(#[$meta])* $rule,)+ }

        impl AgreementRule {
            /// Every rule, in the order in which they are checked.
            pub const ALL: &'static [AgreementRule] = &[$(AgreementRule::$rule,)+];

            /// Its name in snake_case: the code of its [`Violation`].
            ///
            /// # Examples
            ///
            /// ```
            /// use domain::terms::AgreementRule;
            ///
            /// assert_eq!(AgreementRule::StartInPast.as_str(), "validity_in_past");
            /// ```
            pub const fn as_str(self) -> &'static str {
                match self { $(AgreementRule::$rule => $word,)+ }
            }

            /// The code Oligo would refuse the agreement with; none for a rule that only the
            /// mandate service has.
            ///
            /// # Examples
            ///
            /// ```
            /// use domain::terms::AgreementRule;
            ///
            /// assert_eq!(AgreementRule::StartInPast.provider_code(), Some("ZPAGR04"));
            /// assert_eq!(AgreementRule::LastBeforeStart.provider_code(), None);
            /// ```
            pub const fn provider_code(self) -> Option<&'static str> {
                match self { $(AgreementRule::$rule => $code,)+ }
            }
        }
    };
}

rules! {
    /// The agreement would begin before today.
    StartInPast = "validity_in_past", Some("ZPAGR04");
    /// It would end before it begins.
    EndBeforeStart = "before_validity_start", Some("ZPAGR06");
    /// Its first payment would be before it begins.
    FirstBeforeStart = "first_payment_before_validity_start", Some("ZPAGR07");
    /// It would have ended before today.
    EndInPast = "validity_end_in_past", Some("ZPAGR08");
    /// It would end before its last payment.
    EndBeforeLast = "validity_end_before_last_payment", Some("ZPAGR08");
    /// Its first payment would be before today.
    FirstInPast = "first_payment_in_past", Some("ZPAGR09");
    /// Its last payment would be before its first one.
    LastBeforeFirst = "before_first_payment_date", Some("ZPAGR10");
    /// Its last payment would be before today.
    LastInPast = "last_payment_in_past", Some("ZPAGR11");
    /// Its first payment would be after it ends.
    FirstAfterEnd = "first_payment_after_validity_end", None;
    /// Its last payment would be before it begins.
    LastBeforeStart = "last_payment_before_validity_start", None;
}

impl AgreementRule {
    /// The rule called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::AgreementRule;
    ///
    /// assert_eq!(AgreementRule::parse("validity_in_past"), Some(AgreementRule::StartInPast));
    /// assert_eq!(AgreementRule::parse("ZPAGR04"), None);
    /// ```
    pub fn parse(text: &str) -> Option<AgreementRule> {
        AgreementRule::ALL
            .iter()
            .copied()
            .find(|rule| rule.as_str() == text)
    }

    fn broken(self, pointer: &str, told: &str) -> Violation {
        let refused = self
            .provider_code()
            .map_or_else(String::new, |code| format!(" ({code})"));
        Violation::new(pointer, self.as_str(), format!("{told}{refused}"))
    }
}

impl fmt::Display for AgreementRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const START: &str = "/validity_start_date";
const END: &str = "/validity_end_date";
const FIRST: &str = "/payment_terms/first_payment_date";
const LAST: &str = "/payment_terms/last_payment_date";

/// Whether an agreement with these terms and dates may be created `today`.
///
/// The rules are Oligo's, and where the mandate service is stricter, its: every payment date lies
/// in the validity. Equality is allowed throughout. What the terms need by themselves, such as a
/// last payment date not before the first, [`PaymentTerms::from_draft`] has seen to.
///
/// # Errors
///
/// Fails with every broken rule at once, in the order of [`AgreementRule`]. The pointers are those
/// of Oligo's body: `/validity_start_date`, `/validity_end_date`,
/// `/payment_terms/first_payment_date` and `/payment_terms/last_payment_date`.
///
/// # Examples
///
/// ```
/// use domain::terms::{PaymentTerms, TermsDraft, Validity, agreement_rules};
///
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "fixed".into(),
///     frequency: "monthly".into(),
///     amount: Some(28_850),
///     ..TermsDraft::default()
/// })
/// .expect("terms that hold");
/// let validity = Validity::new("2026-01-28".parse()?, None).expect("no end, no order");
///
/// assert!(agreement_rules(&terms, validity, "2026-01-28".parse()?).is_ok());
/// let broken = agreement_rules(&terms, validity, "2026-01-29".parse()?).unwrap_err();
/// assert_eq!(broken[0].pointer, "/validity_start_date");
/// assert_eq!(broken[0].code, "validity_in_past");
/// # Ok::<(), domain::date::DateError>(())
/// ```
pub fn agreement_rules(
    terms: &PaymentTerms,
    validity: Validity,
    today: BusinessDate,
) -> Result<(), Vec<Violation>> {
    use AgreementRule as R;

    let start = Some(validity.start_date);
    let end = validity.end_date;
    let (first, last) = (terms.first_payment_date(), terms.last_payment_date());
    let today = Some(today);
    let not_before = |rule: AgreementRule, pointer, date, name, limit, limit_name| {
        before(date, limit).map(|(date, limit)| {
            rule.broken(
                pointer,
                &format!("{name} {date} is before {limit_name} {limit}"),
            )
        })
    };
    let not_after_end = || {
        before(end, first).map(|(end, first)| {
            let told = format!("first_payment_date {first} is after validity_end_date {end}");
            AgreementRule::FirstAfterEnd.broken(FIRST, &told)
        })
    };

    let (from, until) = ("validity_start_date", "validity_end_date");
    let (at_first, at_last) = ("first_payment_date", "last_payment_date");
    let broken: Vec<Violation> = [
        not_before(R::StartInPast, START, start, from, today, "today,"),
        end_before_start(validity),
        not_before(R::FirstBeforeStart, FIRST, first, at_first, start, from),
        not_before(R::EndInPast, END, end, until, today, "today,"),
        not_before(R::EndBeforeLast, END, end, until, last, at_last),
        not_before(R::FirstInPast, FIRST, first, at_first, today, "today,"),
        not_before(R::LastInPast, LAST, last, at_last, today, "today,"),
        not_after_end(),
        not_before(R::LastBeforeStart, LAST, last, at_last, start, from),
    ]
    .into_iter()
    .flatten()
    .collect();

    match broken.is_empty() {
        true => Ok(()),
        false => Err(broken),
    }
}

/// Both dates, where both are given and the first is before the second.
fn before(
    date: Option<BusinessDate>,
    limit: Option<BusinessDate>,
) -> Option<(BusinessDate, BusinessDate)> {
    date.zip(limit).filter(|(date, limit)| date < limit)
}

fn end_before_start(validity: Validity) -> Option<Violation> {
    let (end, start) = before(validity.end_date, Some(validity.start_date))?;
    let told = format!("validity_end_date {end} is before validity_start_date {start}");
    Some(AgreementRule::EndBeforeStart.broken(END, &told))
}

#[cfg(test)]
mod tests;
