//! Exceptions: what a person must decide, which answers there are, and what each answer makes of the rows.
//!
//! An answer corrects what was recorded, by a person's word; it never sends anything. Whatever is to be collected
//! again goes through the gate as everything does.

mod correct;
#[cfg(test)]
mod tests;

pub use correct::{Corrected, Misfit, PaymentInQuestion, correct};

use crate::failure::worded;

worded! {
    /// What kind of question it is.
    pub enum Kind {
        /// Money moved by a payment that was over.
        LateSettlement = "late_settlement",
        /// What had settled is said to have failed.
        Reversal = "reversal",
        /// Any other pair of a payment's states that cannot both be true.
        PaymentConflict = "payment_conflict",
        /// A payment settled for an instalment that had ended another way.
        SettledAfterEnd = "settled_after_end",
        /// More would be sent than a budget of last resort allows: everything is stopped.
        OverBudget = "over_budget",
        /// Under our uid the provider holds another amount, agreement or terms.
        EchoMismatch = "echo_mismatch",
        /// An instalment was tried, and failed for good.
        InstalmentFailed = "instalment_failed",
        /// The provider refused a payment for good.
        PaymentRefused = "payment_refused",
        /// The provider counts more payments in a window than we do.
        SlotsContradicted = "slots_contradicted",
        /// Too many payments in a row failed under an agreement.
        AgreementHeldBack = "agreement_held_back",
        /// An agreement stands otherwise than the provider says.
        AgreementConflict = "agreement_conflict",
        /// The provider no longer knows an agreement.
        AgreementMissing = "agreement_missing",
        /// An agreement ended, and its plan cannot collect.
        AgreementLost = "agreement_lost",
        /// The name behind the payer's PayID is not the customer's.
        PayidNameDiffers = "payid_name_differs",
        /// The provider will not look the payer's PayID up.
        PayidLookupRefused = "payid_lookup_refused",
        /// An agreement that is to be cancelled stands still.
        CancellationFailed = "cancellation_failed",
        /// Three processes in a row ended that attended to a row alone.
        Quarantined = "quarantined",
        /// The provider has a payment that no instalment of ours accounts for.
        PaymentTheirsOnly = "payment_theirs_only",
        /// The provider has more than one payment under one uid.
        PaymentDoubled = "payment_doubled",
        /// The provider no longer knows a payment that it had.
        PaymentOursOnly = "payment_ours_only",
        /// A payment stands otherwise at the provider, and asking did not bring the two together.
        PaymentDiffers = "payment_differs",
        /// The database is a restored or promoted copy: nothing is sent until it has been compared.
        DatabaseMoved = "database_moved",
        /// The provider has an agreement that no plan of ours accounts for.
        AgreementTheirsOnly = "agreement_theirs_only",
    }
}

worded! {
    /// How a question was answered.
    pub enum Resolution {
        /// The world answered it: by nobody's word.
        ByItself = "by_itself",
        /// Looked into; the rows stay as they are.
        Noted = "noted",
        /// Our record is right, the provider's word is not.
        Stands = "stands",
        /// The provider's word is right: the payment stands as it says.
        ProviderIsRight = "provider_is_right",
        /// The payment did collect the instalment.
        Collected = "collected",
        /// The payment did not collect the instalment, which ends as failed.
        NotCollected = "not_collected",
        /// The money is given back outside of Paydown; the instalment is not collected any more.
        Refunded = "refunded",
        /// The instalment is tried again, if the gate lets it.
        CollectAgain = "collect_again",
        /// The borrower paid the instalment another way.
        PaidElsewhere = "paid_elsewhere",
        /// The lender waives the instalment.
        Waived = "waived",
        /// The payer is asked for another agreement.
        ProposeAgain = "propose_again",
        /// The agreement's failures in a row count from nothing again.
        GoOn = "go_on",
        /// The row is attended to again.
        Release = "release",
        /// The row needs no attention any more.
        Discard = "discard",
    }
}

impl Kind {
    /// Whether the plan sends nothing while the question is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::exception::Kind;
    ///
    /// assert!(Kind::LateSettlement.freezes());
    /// assert!(!Kind::InstalmentFailed.freezes());
    /// ```
    #[must_use]
    pub const fn freezes(self) -> bool {
        match self {
            Self::LateSettlement | Self::Reversal | Self::PaymentConflict => true,
            Self::SettledAfterEnd | Self::EchoMismatch | Self::OverBudget => true,
            Self::InstalmentFailed | Self::PaymentRefused | Self::SlotsContradicted => false,
            Self::AgreementHeldBack | Self::AgreementConflict | Self::AgreementMissing => false,
            Self::AgreementLost | Self::PayidNameDiffers | Self::PayidLookupRefused => false,
            Self::CancellationFailed | Self::Quarantined => false,
            Self::PaymentTheirsOnly | Self::PaymentDoubled | Self::PaymentOursOnly => false,
            Self::PaymentDiffers | Self::AgreementTheirsOnly | Self::DatabaseMoved => false,
        }
    }

    /// The answers a person may give to a question of this kind about a `subject`, the database's word for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::exception::{Kind, Resolution};
    ///
    /// let answers = Kind::LateSettlement.resolutions("payment");
    /// assert_eq!(answers, [Resolution::Collected, Resolution::Refunded]);
    /// ```
    #[must_use]
    pub fn resolutions(self, subject: &str) -> &'static [Resolution] {
        use Resolution as R;
        match self {
            Self::LateSettlement | Self::SettledAfterEnd => &[R::Collected, R::Refunded],
            Self::Reversal => &[R::Stands, R::NotCollected, R::CollectAgain],
            Self::PaymentConflict => &[R::Stands, R::ProviderIsRight],
            Self::EchoMismatch if subject == "payment" => &[R::Collected, R::NotCollected],
            Self::EchoMismatch => &[R::Noted],
            Self::InstalmentFailed | Self::PaymentRefused => {
                &[R::CollectAgain, R::PaidElsewhere, R::Waived, R::Noted]
            }
            Self::AgreementHeldBack => &[R::GoOn],
            Self::AgreementLost | Self::PayidNameDiffers => &[R::ProposeAgain],
            Self::Quarantined if subject == "webhook" => &[R::Release, R::Discard],
            Self::Quarantined => &[R::Release],
            Self::SlotsContradicted | Self::AgreementConflict | Self::AgreementMissing => {
                &[R::Noted]
            }
            Self::PayidLookupRefused | Self::CancellationFailed => &[R::Noted],
            Self::PaymentTheirsOnly | Self::PaymentDoubled => &[R::Noted],
            // The provider will never say how it ended, and it holds its places until somebody does.
            Self::PaymentOursOnly if subject == "payment" => &[R::Noted, R::NotCollected],
            Self::PaymentOursOnly => &[R::Noted],
            Self::PaymentDiffers | Self::AgreementTheirsOnly => &[R::Noted],
            Self::DatabaseMoved | Self::OverBudget => &[R::Noted],
        }
    }
}
