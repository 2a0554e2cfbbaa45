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

            /// Every word, in the order of the list.
            #[allow(dead_code, reason = "not every list is read as a whole")]
            pub const WORDS: &'static [&'static str] = &[$($word),*];

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
    pub enum Decision {
        /// Approves it.
        Approve = "approve",
        /// Declines it.
        Decline = "decline",
        /// The bank cannot create it.
        Fail = "fail",
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
        /// The bank gives up on creating it.
        Fail = "fail",
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

wire_words! {
    /// Oligo's nine operations.
    pub(crate) enum Operation {
        CreateAgreement = "create_agreement",
        ListAgreements = "list_agreements",
        ShowAgreement = "show_agreement",
        CancelAgreement = "cancel_agreement",
        CreatePayment = "create_payment",
        ListPayments = "list_payments",
        ShowPayment = "show_payment",
        RetryPayment = "retry_payment",
        ResolveAlias = "resolve_alias",
    }
}

wire_words! {
    /// What a caller finds while Oligo is out.
    pub(crate) enum Outage {
        /// 503 without a body.
        Unavailable = "unavailable",
        /// The connection closes without a byte.
        Cut = "cut",
        /// Nothing until the caller gives up, then the connection closes.
        Hang = "hang",
    }
}

wire_words! {
    /// How long an event that was not taken keeps coming.
    pub enum Redelivery {
        /// Every five minutes for an hour, as in production.
        Hour = "hour",
        /// Once more after five minutes, as in Oligo's sandbox.
        Once = "once",
    }
}

wire_words! {
    /// Which answers take an event.
    pub enum TakenBy {
        /// Any 2xx or 3xx: Oligo's text.
        Success = "2xx_3xx",
        /// Any answer at all: the text of Oligo's upstream.
        AnyAnswer = "any_answer",
    }
}

wire_words! {
    /// How often a payday comes.
    pub(crate) enum PaydayCycle {
        Weekly = "weekly",
        Fortnightly = "fortnightly",
        /// On the first payday's day of the month, or the last day of a shorter month.
        Monthly = "monthly",
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
