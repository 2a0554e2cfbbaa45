//! Every synchronous refusal the sandbox can give, by its wire code.
//!
//! Codes and titles are Oligo's; details are this bank's own words, because Oligo's may change.

use std::borrow::Cow;

use serde::Serialize;

/// One error of an error body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Complaint {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: Cow<'static, str>,
}

impl Complaint {
    const fn of(code: &'static str, title: &'static str, detail: &'static str) -> Complaint {
        Complaint {
            code,
            title,
            detail: Cow::Borrowed(detail),
        }
    }

    /// The same refusal, saying `detail` instead.
    pub(crate) fn saying(&self, detail: String) -> Complaint {
        Complaint {
            detail: Cow::Owned(detail),
            ..*self
        }
    }
}

/// Why a call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: each detail names a key or a body that is not allowed.
    BadRequest(Vec<String>),
    /// 404 without a body.
    NotFound,
    /// 422.
    Unprocessable(Vec<Complaint>),
    /// 503.
    Unavailable(Complaint),
}

impl Refusal {
    /// The wire codes named, in order; empty for a 400 or a 404.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        match self {
            Refusal::BadRequest(_) | Refusal::NotFound => Vec::new(),
            Refusal::Unprocessable(all) => all.iter().map(|complaint| complaint.code).collect(),
            Refusal::Unavailable(one) => vec![one.code],
        }
    }

    /// What is wrong, a sentence each; empty for a 404.
    pub(crate) fn details(&self) -> Vec<String> {
        let each = |complaint: &Complaint| complaint.detail.clone().into_owned();
        match self {
            Refusal::BadRequest(details) => details.clone(),
            Refusal::NotFound => Vec::new(),
            Refusal::Unprocessable(all) => all.iter().map(each).collect(),
            Refusal::Unavailable(one) => vec![each(one)],
        }
    }

    pub(crate) const fn status(&self) -> u16 {
        match self {
            Refusal::BadRequest(_) => 400,
            Refusal::NotFound => 404,
            Refusal::Unprocessable(_) => 422,
            Refusal::Unavailable(_) => 503,
        }
    }
}

impl From<Complaint> for Refusal {
    fn from(complaint: Complaint) -> Refusal {
        Refusal::Unprocessable(vec![complaint])
    }
}

/// The refusal with this code.
pub(crate) fn complaint(code: &str) -> Option<Complaint> {
    ALL.iter().find(|complaint| complaint.code == code).cloned()
}

macro_rules! complaints {
    ($($name:ident = $code:literal, $title:literal, $detail:literal;)*) => {
        $(pub(crate) const $name: Complaint = Complaint::of($code, $title, $detail);)*

        /// All of them, for those who want one by its code.
        const ALL: &[Complaint] = &[$($name),*];
    };
}

complaints! {
    SCHEMA = "ZPUNP00", "One or more fields violate the relevant schema",
        "A field is missing or malformed";
    PAGING = "ZPPGN00", "One or more paramaters are invalid",
        "A parameter of the list is not valid";
    PAYTO_UNSUPPORTED = "ZPUNP01", "Debtor's financial institution does not support PayTo",
        "The debtor's bank takes no PayTo agreements";
    CREDITOR_INVALID = "ZPUNP02", "Invalid creditor account",
        "The creditor's account cannot receive over the NPP";
    CREDITOR_ZEROES = "ZPUNP03", "Creditor account number only zeroes",
        "The creditor's account number is all zeroes";
    CREDITOR_RESERVED = "ZPUNP04", "Creditor account number reserved",
        "The creditor's account number is reserved";
    CREDITOR_BRANCH_UNKNOWN = "ZPUNP05", "Creditor branch code does not exist",
        "No branch has the creditor's BSB";
    ALIAS_UNRESOLVED = "ZPUNP06", "Error resolving alias",
        "The addressing service is out of reach";
    ALIAS_NOT_FOUND_FOR_DEBTOR = "ZPUNP07", "Debtor alias not found",
        "No account answers to the debtor's alias";
    ALIAS_NOT_FOUND_FOR_CREDITOR = "ZPUNP08", "Creditor alias not found",
        "No account answers to the creditor's alias";
    ALIAS_NOT_ENABLED = "ZPUNP09", "Alias resolution not enabled",
        "The merchant is not enabled for alias resolution";
    AGREEMENT_DUPLICATE = "ZPAGR00", "Duplicate UID",
        "An agreement with this uid exists";
    ABN_MISSING = "ZPAGR01", "No configured ABN",
        "The merchant has no ABN configured";
    RESOLUTION_TOO_LATE = "ZPAGR02", "Invalid resolution requested before",
        "The deadline lies after the latest allowed";
    RESOLUTION_PAST = "ZPAGR03", "Invalid resolution requested before",
        "The deadline lies in the past";
    START_PAST = "ZPAGR04", "Past validity start date",
        "The validity start date lies in the past";
    START_NOT_AMENDABLE = "ZPAGR05", "Validity start date not amendable",
        "The validity start date cannot be amended";
    START_AFTER_END = "ZPAGR06", "Validity start date after end date",
        "The validity starts after it ends";
    START_AFTER_FIRST = "ZPAGR07", "Validity start date after first payment date",
        "The first payment date precedes the validity";
    END_TOO_EARLY = "ZPAGR08", "Validity end date too early",
        "The validity ends before today or before the last payment date";
    FIRST_PAST = "ZPAGR09", "First payment date in past",
        "The first payment date lies in the past";
    LAST_BEFORE_FIRST = "ZPAGR10", "Last payment date before first payment date",
        "The last payment date precedes the first";
    LAST_PAST = "ZPAGR11", "Last payment date in the past",
        "The last payment date lies in the past";
    ACCOUNT_ZEROES = "ZPAGR12", "Debtor account number only zeroes",
        "The debtor's account number is all zeroes";
    ACCOUNT_RESERVED = "ZPAGR13", "Debtor account number reserved",
        "The debtor's account number is reserved";
    BRANCH_UNKNOWN = "ZPAGR14", "Debtor branch code does not exist",
        "No branch has the debtor's BSB";
    ATTEMPTS_SPENT = "ZPAGR15", "Mandate limit reached",
        "Six agreements were attempted for this debtor in 24 hours";
    CREATIONS_SPENT = "ZPAGR16", "Mandate create limit reached",
        "The merchant's agreements of 24 hours are used up";
    AUTO_CANCEL_UNDATED = "ZPAGR17", "Auto-Cancel Needs Resolution Date",
        "cancel_if_unresolved needs resolution_requested_before";
    PAYMENT_DUPLICATE = "ZPPAY00", "Duplicate UID",
        "A payment with this uid exists";
    OVER_DAY = "ZPPAY01", "Over daily limit",
        "The payment exceeds the merchant's daily limit";
    OVER_PAYMENT = "ZPPAY02", "Over per-transaction limit",
        "The payment exceeds the merchant's limit of one payment";
    NOT_ACTIVE = "ZPPAY03", "Agreement not active",
        "The agreement is not active";
    CREDITOR_NAME_MISMATCH = "ZPPAY04", "Creditor party name mismatch",
        "The creditor's name is not the agreement's";
    CREDITOR_ULTIMATE_MISMATCH = "ZPPAY05", "Creditor ultimate party name mismatch",
        "The creditor's ultimate name is not the agreement's";
    CREDITOR_ACCOUNT_MISMATCH = "ZPPAY06", "Creditor account mismatch",
        "The creditor's account is not the agreement's";
    AFTER_END = "ZPPAY07", "After validity end date",
        "The agreement's validity is over";
    BEFORE_START = "ZPPAY08", "Before validity start date",
        "The agreement's validity has not begun";
    BALLOON_UNMARKED = "ZPPAY09", "Last payment required for balloon",
        "A balloon payment must say whether it is the last";
    LAST_MARKED = "ZPPAY10", "Last payment given for non-balloon",
        "Only a balloon payment may say whether it is the last";
    CREDITOR_REQUIRED = "ZPPAY11", "Creditor details required",
        "The merchant has no creditor account configured";
    OVER_MAXIMUM = "ZPPAY12", "Amount over maximum",
        "The amount exceeds the agreement's maximum";
    AFTER_LAST_DATE = "ZPPAY13", "After last payment date",
        "The agreement's last payment date is over";
    FIRST_DATE_MISMATCH = "ZPPAY14", "First payment date mismatch",
        "Today is not the agreement's first payment date";
    AMOUNT_INCORRECT = "ZPPAY15", "Amount incorrect",
        "The amount is not the agreement's";
    TIMING = "ZPPAY16", "Timing incorrect",
        "The payment's time does not fit the agreement";
    TOO_MANY = "ZPPAY17", "Too many payments",
        "The current period's payments are used up";
    FIRST_AMOUNT_INCORRECT = "ZPPAY18", "First payment amount incorrect",
        "The amount is not the agreement's first amount";
    LAST_AMOUNT_INCORRECT = "ZPPAY19", "Last payment amount incorrect",
        "The amount is not the agreement's last amount";
    LAST_DATE_MISMATCH = "ZPPAY20", "Last payment date mismatch",
        "Today is not the agreement's last payment date";
    LAST_MADE = "ZPPAY21", "Last payment made",
        "The agreement's last payment was made";
    AGREEMENT_UNKNOWN = "ZPPAY22", "Agreement not found",
        "No agreement has this uid";
    DEBTOR_MISMATCH = "ZPPAY23", "Debtor account mismatch",
        "The debtor's account is not the agreement's";
    PARTICIPANT_AWAY = "ZPPAY24", "Participant not available",
        "A participant cannot process the payment now";
    NOT_RETRYABLE = "ZPPRY00", "Payment not retryable",
        "The payment cannot be retried";
    RETRIES_SPENT = "ZPPRY01", "Too many retries",
        "The payment was retried ten times";
    RETRY_AFTER_END = "ZPPRY02", "After mandate validity end date",
        "The agreement's validity is over";
    RETRY_TOO_SOON = "ZPPRY03", "Retry timeout",
        "Five submissions were made in 24 hours";
    RETRY_NEVER = "ZPPRY04", "Retry timeout after validity end",
        "The next retry would fall after the agreement's validity";
    CREDITOR_CHANGED = "ZPPRY05", "Creditor Changed For Refund",
        "The creditor of a refund cannot change";
    REFUND_EXCEEDS = "ZPREF06", "Total refunds greater than original payment amount",
        "The refunds would exceed the original payment";
    CANCEL_STATE = "ZPCAN00", "Incorrect agreement state",
        "The agreement's state does not allow a cancellation";
    CANCEL_RUNNING = "ZPCAN01", "Already processing",
        "A cancellation is being processed";
    ALIAS_NOT_FOUND = "ZPADD01", "Alias not found",
        "No account answers to this alias";
    LOOKUPS_SPENT = "ZPADD02", "Account lookup limit reached",
        "The merchant's look-ups of the day are used up";
    REMOTE_IP_SPENT = "ZPADD03", "Remote IP lookup limit reached",
        "The address's look-ups of the day are used up";
    REQUESTER_SPENT = "ZPADD04", "Requester ID lookup limit reached",
        "The requester's look-ups of the day are used up";
    ALIAS_SERVICE_DOWN = "ZPADD98", "Service Unavailable",
        "The addressing service is unavailable";
}
