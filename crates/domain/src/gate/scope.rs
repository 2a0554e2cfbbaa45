//! What a kill switch stops.

use crate::failure::worded;

worded! {
    /// What one kill switch stops, from the widest to the narrowest: of several that are closed, the
    /// widest is told.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::Scope;
    ///
    /// assert_eq!(Scope::parse("plan"), Some(Scope::Plan));
    /// assert_eq!(Scope::Provider.stopped(), "everything of the provider");
    /// ```
    pub enum Scope {
        /// Everything that Paydown collects or proposes.
        All = "all",
        /// Everything that goes to one provider.
        Provider = "provider",
        /// The payments of one plan.
        Plan = "plan",
        /// The payments under one agreement.
        Agreement = "agreement",
    }
}

impl Scope {
    /// What stands still while it is closed, for a sentence.
    #[must_use]
    pub const fn stopped(self) -> &'static str {
        match self {
            Self::All => "everything",
            Self::Provider => "everything of the provider",
            Self::Plan => "the plan",
            Self::Agreement => "the agreement",
        }
    }
}
