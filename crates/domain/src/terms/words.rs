//! The names of frequencies and types of terms, in Oligo's words.

use std::fmt;

/// How often an agreement's allowance begins anew; Oligo's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    /// No period at all.
    Adhoc,
    /// Every day.
    Daily,
    /// Every 7 days.
    Weekly,
    /// Every 14 days.
    Fortnightly,
    /// Every month.
    Monthly,
    /// Every 3 months.
    Quarterly,
    /// Every 6 months.
    SemiAnnual,
    /// Every 12 months.
    Annual,
}

impl Frequency {
    /// Every frequency; after adhoc, from the shortest period to the longest.
    pub const ALL: &'static [Frequency] = &[
        Frequency::Adhoc,
        Frequency::Daily,
        Frequency::Weekly,
        Frequency::Fortnightly,
        Frequency::Monthly,
        Frequency::Quarterly,
        Frequency::SemiAnnual,
        Frequency::Annual,
    ];

    /// Oligo's word for it, which the database stores too.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::Frequency;
    ///
    /// assert_eq!(Frequency::SemiAnnual.as_str(), "semi_annual");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Frequency::Adhoc => "adhoc",
            Frequency::Daily => "daily",
            Frequency::Weekly => "weekly",
            Frequency::Fortnightly => "fortnightly",
            Frequency::Monthly => "monthly",
            Frequency::Quarterly => "quarterly",
            Frequency::SemiAnnual => "semi_annual",
            Frequency::Annual => "annual",
        }
    }

    /// The frequency called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::Frequency;
    ///
    /// assert_eq!(Frequency::parse("weekly"), Some(Frequency::Weekly));
    /// assert_eq!(Frequency::parse("yearly"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Frequency> {
        Frequency::ALL
            .iter()
            .copied()
            .find(|frequency| frequency.as_str() == text)
    }

    /// Whether its period is counted in months, so that short months matter.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::Frequency;
    ///
    /// assert!(Frequency::Annual.is_month_based());
    /// assert!(!Frequency::Fortnightly.is_month_based() && !Frequency::Adhoc.is_month_based());
    /// ```
    pub const fn is_month_based(self) -> bool {
        match self {
            Frequency::Monthly
            | Frequency::Quarterly
            | Frequency::SemiAnnual
            | Frequency::Annual => true,
            Frequency::Adhoc | Frequency::Daily | Frequency::Weekly | Frequency::Fortnightly => {
                false
            }
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which amounts an agreement allows, by name; Oligo's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermsType {
    /// One exact amount.
    Fixed,
    /// Any amount up to a maximum.
    Variable,
    /// Any amount up to a maximum, by what was used.
    UsageBased,
    /// One exact amount, and another for the first or the last payment.
    Balloon,
}

impl TermsType {
    /// Every type of terms.
    pub const ALL: &'static [TermsType] = &[
        TermsType::Fixed,
        TermsType::Variable,
        TermsType::UsageBased,
        TermsType::Balloon,
    ];

    /// Oligo's word for it, which the database stores too.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::TermsType;
    ///
    /// assert_eq!(TermsType::UsageBased.as_str(), "usage_based");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            TermsType::Fixed => "fixed",
            TermsType::Variable => "variable",
            TermsType::UsageBased => "usage_based",
            TermsType::Balloon => "balloon",
        }
    }

    /// The type called `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::terms::TermsType;
    ///
    /// assert_eq!(TermsType::parse("balloon"), Some(TermsType::Balloon));
    /// assert_eq!(TermsType::parse("free"), None);
    /// ```
    pub fn parse(text: &str) -> Option<TermsType> {
        TermsType::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for TermsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
