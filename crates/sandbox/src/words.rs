//! The closed word lists of the wire, each an enum that reads and writes its own words.

/// Declares an enum of wire words with `word`, `from_word`, and the two serde directions.
macro_rules! wire_words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$inner:meta])* $variant:ident = $word:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$inner])* $variant),* }

        impl $name {
            /// The word as it stands on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// The variant this wire word names, if it names one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(from)?;
                $name::from_word(&word).ok_or_else(|| {
                    serde::de::Error::unknown_variant(&word, &[$($word),*])
                })
            }
        }
    };
}

wire_words! {
    /// Whose reading of month-based periods the bank follows where a month lacks the anchor's day.
    pub enum MonthEnd {
        /// The short month's last day ends the old period; the next starts on the 1st.
        Oligo = "oligo",
        /// The short month's last day starts the new period.
        Azupay = "azupay",
    }
}

wire_words! {
    /// How often an agreement may be collected.
    pub(crate) enum Frequency {
        Adhoc = "adhoc",
        Daily = "daily",
        Weekly = "weekly",
        Fortnightly = "fortnightly",
        Monthly = "monthly",
        Quarterly = "quarterly",
        SemiAnnual = "semi_annual",
        Annual = "annual",
    }
}

wire_words! {
    /// What an agreement's amounts mean.
    pub(crate) enum TermsType {
        Fixed = "fixed",
        Variable = "variable",
        UsageBased = "usage_based",
        Balloon = "balloon",
    }
}

wire_words! {
    /// Where an agreement stands.
    pub(crate) enum AgreementState {
        Pending = "pending",
        Created = "created",
        Active = "active",
        Suspended = "suspended",
        Cancelled = "cancelled",
        Declined = "declined",
        Failed = "failed",
        Expired = "expired",
    }
}

impl AgreementState {
    /// Whether nothing leaves this state any more.
    pub(crate) const fn is_final(self) -> bool {
        match self {
            AgreementState::Pending
            | AgreementState::Created
            | AgreementState::Active
            | AgreementState::Suspended => false,
            AgreementState::Cancelled
            | AgreementState::Declined
            | AgreementState::Failed
            | AgreementState::Expired => true,
        }
    }
}

wire_words! {
    /// Where a payment stands.
    pub(crate) enum PaymentState {
        Created = "created",
        Submitting = "submitting",
        Pending = "pending",
        UnderInvestigation = "under_investigation",
        Failed = "failed",
        Settled = "settled",
    }
}

impl PaymentState {
    /// Whether this submission is over.
    pub(crate) const fn is_over(self) -> bool {
        match self {
            PaymentState::Created
            | PaymentState::Submitting
            | PaymentState::Pending
            | PaymentState::UnderInvestigation => false,
            PaymentState::Failed | PaymentState::Settled => true,
        }
    }
}

wire_words! {
    /// Who caused an agreement's state.
    pub(crate) enum Party {
        Debtor = "debtor",
        Initiator = "initiator",
    }
}

wire_words! {
    /// The kinds of account identifier.
    pub(crate) enum AccountKind {
        Bban = "bban",
        Phone = "alias_phone",
        Email = "alias_email",
        Abn = "alias_abn",
        Organisation = "alias_organisation_identifier",
    }
}

wire_words! {
    /// Whether the payer is present.
    pub(crate) enum Priority {
        Attended = "attended",
        Unattended = "unattended",
    }
}

wire_words! {
    /// The endings an agreement can be told to have, by `sandbox.simulate`.
    pub(crate) enum AgreementScript {
        DebtorAccept = "debtor_accept",
        DebtorDecline = "debtor_decline",
        Expire = "expire",
        AccountTypeNotSupported = "debtor_account_type_not_supported",
        DebtorAliasNotFound = "debtor_alias_not_found",
        CreditorAliasNotFound = "creditor_alias_not_found",
        AliasServiceUnavailable = "alias_resolution_service_unavailable",
        AgreementServiceUnavailable = "agreement_service_unavailable",
    }
}

wire_words! {
    /// The endings a payment or a retry can be told to have, by `sandbox.simulate`.
    pub(crate) enum PaymentScript {
        AutoSettle = "auto_settle",
        RequiresInvestigation = "requires_investigation",
        InvestigateAndSettle = "investigate_and_settle",
        InvestigateAndFail = "investigate_and_fail",
        InsufficientFunds = "insufficient_funds",
        DebtorAccountClosed = "debtor_account_closed",
        InfrastructureUnavailable = "financial_infrastructure_unavailable",
        DebtorAliasNotFound = "debtor_alias_not_found",
        CreditorAliasNotFound = "creditor_alias_not_found",
        AliasServiceUnavailable = "alias_resolution_service_unavailable",
    }
}

wire_words! {
    /// The endings a cancellation can be told to have.
    pub(crate) enum CancelScript {
        Successful = "successful_cancellation",
        AgreementCancelled = "agreement_cancelled",
    }
}

wire_words! {
    /// The answers an alias resolution can be told to give.
    pub(crate) enum AliasScript {
        NotFound = "alias_not_found",
        ServiceUnavailable = "service_unavailable",
    }
}

wire_words! {
    /// What a payer does with an agreement that reaches their bank.
    pub(crate) enum Decision {
        Approve = "approve",
        Decline = "decline",
        /// Leaves it until it expires.
        Ignore = "ignore",
        /// Waits for a person to act in the bank app.
        Ask = "ask",
    }
}

wire_words! {
    /// What a payer does with an agreement in the bank app.
    pub(crate) enum Act {
        Approve = "approve",
        Decline = "decline",
        Suspend = "suspend",
        Reactivate = "reactivate",
        Cancel = "cancel",
    }
}

wire_words! {
    /// What the bank's operator decides about a payment.
    pub(crate) enum Verdict {
        Settle = "settle",
        Fail = "fail",
        Pending = "pending",
        Investigate = "investigate",
    }
}

/// The twelve purposes an agreement may have.
pub(crate) const PURPOSES: [&str; 12] = [
    "mortgage",
    "utility",
    "loan",
    "dependant_support",
    "gambling",
    "retail",
    "salary",
    "personal",
    "government",
    "pension",
    "tax",
    "other",
];
