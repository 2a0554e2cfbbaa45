//! Every code by which something ends later, with its title and where Oligo's schemas allow it.

use std::sync::LazyLock;

/// Where a code may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A payment's failure.
    Failure,
    /// Why an agreement could not be created.
    Creation,
    /// Why the payer or the payer's bank declined an agreement.
    Decline,
    /// Why an agreement was cancelled or suspended.
    Ending,
}

impl Role {
    const fn letters(self) -> &'static [char] {
        match self {
            Role::Failure => &['f', 'r'],
            Role::Creation => &['c'],
            Role::Decline => &['d'],
            Role::Ending => &['e'],
        }
    }
}

/// A code, where it may stand, and its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    /// Whether a payment that failed for it may be retried under its uid.
    pub(crate) retryable: bool,
    roles: &'static str,
}

impl Code {
    pub(crate) fn stands_as(&self, role: Role) -> bool {
        self.roles.contains(role.letters())
    }
}

/// The code of this name.
pub(crate) fn code(name: &str) -> Option<Code> {
    CODES.iter().find(|code| code.code == name).copied()
}

/// All codes of a role, in alphabetical order.
pub(crate) fn of_role(role: Role) -> impl Iterator<Item = Code> {
    CODES
        .iter()
        .filter(move |code| code.stands_as(role))
        .copied()
}

static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<Code> {
    let (code, rest) = line.split_once(' ')?;
    let (roles, title) = rest.trim_start().split_once(' ')?;
    Some(Code {
        code,
        title: title.trim_start(),
        retryable: roles.contains('r'),
        roles,
    })
}

/// Code; roles (`f` a payment failure, `r` a retryable one, `c` creation, `d` decline, `e` ending);
/// title. The upstream errors whose names are not public share one.
const TABLE: &str = "\
AB01         r    Aborted Clearing Timeout
AB02         r    Aborted Clearing Fatal Error
AB03         r    Aborted Settlement Timeout
AB04         r    Aborted Settlement Fatal Error
AB08         r    Offline Creditor Agent
AC02         fde  Invalid Debtor Account
AC03         f    Invalid Creditor Account Number
AC04         e    Closed Account Number
AC05         fde  Closed Debtor Account
AC06         rde  Blocked Account
AC07         f    Closed Creditor Account Number
AC13         fde  Invalid Debtor Account Type
AC14         f    Invalid Creditor Account Type
AC15         f    Account Details Changed
AG01         fde  Transaction Forbidden
AG03         fde  Transaction Not Supported
AG07         r    Unsuccesful Direct Debit
AGNT         f    Incorrect Agent
AM01         f    Zero Amount
AM02         f    Not Allowed Amount
AM03         fde  Not Allowed Currency
AM04         r    Insufficient Funds
AM06         f    Too Low Amount
AM09         f    Wrong Amount
AM12         fde  Invalid Amount
AM14         de   Amount Exceeds Agreed Limit
AM19         f    Invalid Group Number Of Transactions
AM21         r    Limit Exceeded
AVED         f    After Validity End Date
BE05         f    Unrecognised Initiating Party
BE06         fd   Unknown End Customer
BE08         f    Missing Debtor Name
BE22         f    Missing Creditor Name
BVSD         f    Before Validity Start Date
CH20         f    Decimal Points Not Compatible With Currency
CH21         f    Required Element Missing
CTAM         e    Contract Amended
CTCA         e    Contract Cancellation Initiated By Debtor
CTEX         e    Contract Expired
CURR         f    Incorrect Currency
CUST         f    Requested By Customer
DT02         f    Invalid Creation Date
DT04         f    Future Date Not Supported
ED05         f    Settlement Failed
ED06         f    Settlement System Not Available
FF04         f    Invalid Service Level Code
FF08         f    Invalid End To End Id
FF10         r    Bank System Processing Error
FF11         f    Clearing Request Aborted
FRAD         f    Fraudulent Origin
MCFC         e    Mandate Suspended Final Collection
MCGP         f    In Grace Period
MCOC         e    Mandate Suspended Once Off Collection
MD01         f    No Agreement
MD02         f    Missing Mandatory Information In Agreement
MD07         e    End Customer Deceased
MD08         e    No Mandate Service By Agent
MD09         de   No Agreement Service On Customer
MD16         de   Requested By Customer
MD17         e    Requested By Initiating Party
MD20         re   Agreement Expired
MD21         de   Agreement Cancelled Due To Fraud
MS02         fe   Not Specified Reason Customer Generated
MS03         fe   Not Specified Reason Agent Generated
MSUC         e    Mandate Suspended 7 Consecutive Unsuccessful Collections
NACT         f    Not Active
NARR         re   Narrative
NAUT         f    Not Authorised
NOAS         de   No Answer From Customer
RC05         f    Invalid BIC Identifier
RR02         f    Missing Debtor Name or Address
RR03         f    Missing Creditor Name or Address
RR04         fde  Regulatory Reason
SL01         fe   Specific Service offered by Debtor Agent
SL11         fde  Creditor not on Whitelist of Debtor
SL12         fde  Creditor on Blacklist of Debtor
SL13         r    Maximum number of Direct Debit Transactions exceeded
SL14         r    Maximum Direct Debit Transaction Amount exceeded
TD03         r    Incorrect File Structure
TM01         r    Invalid Cut Off Time
UKNWN        fcd  Unknown Error
ZPPAY24      f    Participant not available
ZPUNP01      fc   Debtor's financial institution does not support PayTo
ZPUNP02      fc   Invalid creditor account
ZPUNP06      fc   Error resolving alias
ZPUNP07      fc   Debtor alias not found
ZPUNP08      fc   Creditor alias not found
MMS.API.9000 c    LocalAuthenticationFailed
MMS.API.9001 c    MessagePartnerError
MMS.API.9002 c    AuthBIC8Error
MMS.API.9003 c    InvalidRequestor
MMS.API.9005 c    MessageUndeliverable
MMS.API.9006 c    Timeout
MMS.API.9007 c    TooManyTransactions
MMS.API.9008 c    InvalidPAGSignature
MMS.API.9009 c    RequestSizeError
MMS.API.9010 c    InvalidMMSSignature
MMS.API.9011 c    NoRecord
MMS.API.9013 c    MMSError
MMS.API.9015 c    MMSError
MMS.API.9016 c    MMSError
MMS.API.9017 c    MMSError
MMS.API.9018 c    InconsistentDuplicateRequest
MMS.API.9019 c    InvalidRequest
MMS.API.9101 c    MandateActionForbidden
MMS.API.9102 c    MandateSemanticRuleViolated
MMS.API.9103 c    MMSError
MMS.API.9104 c    MandateStatusInvalid
MMS.API.9105 c    MMSError
MMS.API.9106 c    MMSError
MMS.API.9107 c    MMSError
MMS.API.9108 c    MMSError
MMS.API.9109 c    MMSError
MMS.API.9110 c    MandateActionPending
MMS.API.9111 c    MandateInvalidPartyRole
MMS.API.9112 c    MMSError
MMS.API.9113 c    MandateAmendmentSemanticRuleViolated
MMS.API.9114 c    MandateStatusChangeSemanticRuleViolated
MMS.API.9115 c    MMSError
MMS.API.9116 c    MandateAccountServicerInvalid
MMS.API.9117 c    MMSError
MMS.API.9118 c    MMSError
MMS.API.9119 c    MMSError
MMS.API.9120 c    MMSError
MMS.API.9121 c    MMSError
MMS.API.9301 c    MMSError
MMS.API.9302 c    MMSError
MMS.API.9303 c    MMSError
MMS.API.9401 c    MMSError
MMS.API.9402 c    MMSError
MMS.API.9501 c    MMSError
MMS.API.9601 c    MMSError
MMS.API.9900 c    MMSServiceError
MMS.API.9901 c    PAGServiceError";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_code() {
        assert_eq!(CODES.len(), TABLE.lines().count());
        let count = |role| of_role(role).count();
        let counts = [Role::Failure, Role::Creation, Role::Decline, Role::Ending].map(count);
        assert_eq!(counts, [72, 53, 18, 31]);
    }

    #[test]
    fn only_a_payment_failure_is_retryable() {
        let odd: Vec<Code> = CODES
            .iter()
            .filter(|code| code.retryable && !code.stands_as(Role::Failure))
            .copied()
            .collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}
