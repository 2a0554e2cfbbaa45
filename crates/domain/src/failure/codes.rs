//! Every code a payment can fail with, as Oligo lists them, and what lies behind each.

use super::worded;

worded! {
    /// What lies behind a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{Cause, failure_code};
    ///
    /// assert_eq!(failure_code("AM04").map(|known| known.cause), Some(Cause::Funds));
    /// ```
    pub enum Cause {
        /// The payer's money, or a limit of the payer's bank, did not suffice: payday helps.
        Funds = "funds",
        /// A bank, a network or a hold that may be gone tomorrow, whenever the payer is paid.
        Passing = "passing",
        /// Somebody has to put right an account, a party, a limit or our own message.
        ForAPerson = "for_a_person",
        /// The validity of the agreement is over.
        ValidityOver = "validity_over",
        /// No agreement, or fraud: nothing more is collected under it.
        Hopeless = "hopeless",
    }
}

/// One failure code of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureCode {
    /// The code as Oligo writes it.
    pub code: &'static str,
    /// Its title as Oligo prints it.
    pub title: &'static str,
    /// Whether Oligo's documents say that `/retry` takes it. The flag on the wire goes before.
    pub retryable: bool,
    /// What lies behind it. Ours: the provider's documents give a title and a flag.
    pub cause: Cause,
}

const fn code(
    code: &'static str,
    retryable: bool,
    cause: Cause,
    title: &'static str,
) -> FailureCode {
    FailureCode {
        code,
        title,
        retryable,
        cause,
    }
}

/// All 72 codes, by code: 62 of Oligo's table of failures and 10 that only its schema names.
///
/// `NACT`, `MCGP` and `AC06` are passing because a suspension or a block may be lifted and a grace
/// period ends: while the agreement is known to be suspended, the gate holds the new payment back.
/// `MD20` is flagged retryable, and a retry outside the validity is refused all the same.
#[rustfmt::skip]
pub const FAILURE_CODES: &[FailureCode] = &[
    code("AB01",    true, Cause::Passing,      "Aborted Clearing Timeout"),
    code("AB02",    true, Cause::Passing,      "Aborted Clearing Fatal Error"),
    code("AB03",    true, Cause::Passing,      "Aborted Settlement Timeout"),
    code("AB04",    true, Cause::Passing,      "Aborted Settlement Fatal Error"),
    code("AB08",    true, Cause::Passing,      "Offline Creditor Agent"),
    code("AC02",    false, Cause::ForAPerson,   "Invalid Debtor Account"),
    code("AC03",    false, Cause::ForAPerson,   "Invalid Creditor Account Number"),
    code("AC05",    false, Cause::ForAPerson,   "Closed Debtor Account"),
    code("AC06",    true, Cause::Passing,      "Blocked Account"),
    code("AC07",    false, Cause::ForAPerson,   "Closed Creditor Account Number"),
    code("AC13",    false, Cause::ForAPerson,   "Invalid Debtor Account Type"),
    code("AC14",    false, Cause::ForAPerson,   "Invalid Creditor Account Type"),
    code("AC15",    false, Cause::ForAPerson,   "Account Details Changed"),
    code("AG01",    false, Cause::ForAPerson,   "Transaction Forbidden"),
    code("AG03",    false, Cause::ForAPerson,   "Transaction Not Supported"),
    code("AG07",    true, Cause::Funds,        "Unsuccessful Direct Debit"),
    code("AGNT",    false, Cause::ForAPerson,   "Incorrect Agent"),
    code("AM01",    false, Cause::ForAPerson,   "Zero Amount"),
    code("AM02",    false, Cause::ForAPerson,   "Not Allowed Amount"),
    code("AM03",    false, Cause::ForAPerson,   "Not Allowed Currency"),
    code("AM04",    true, Cause::Funds,        "Insufficient Funds"),
    code("AM06",    false, Cause::ForAPerson,   "Too Low Amount"),
    code("AM09",    false, Cause::ForAPerson,   "Wrong Amount"),
    code("AM12",    false, Cause::ForAPerson,   "Invalid Amount"),
    code("AM19",    false, Cause::ForAPerson,   "Invalid Group Number Of Transactions"),
    code("AM21",    true, Cause::Funds,        "Limit Exceeded"),
    code("AVED",    false, Cause::ValidityOver, "After Validity End Date"),
    code("BE05",    false, Cause::ForAPerson,   "Unrecognised Initiating Party"),
    code("BE06",    false, Cause::ForAPerson,   "Unknown End Customer"),
    code("BE08",    false, Cause::ForAPerson,   "Missing Debtor Name"),
    code("BE22",    false, Cause::ForAPerson,   "Missing Creditor Name"),
    code("BVSD",    false, Cause::ForAPerson,   "Before Validity Start Date"),
    code("CH20",    false, Cause::ForAPerson,   "Decimal Points Not Compatible With Currency"),
    code("CH21",    false, Cause::ForAPerson,   "Required Element Missing"),
    code("CURR",    false, Cause::ForAPerson,   "Incorrect Currency"),
    code("CUST",    false, Cause::ForAPerson,   "Requested By Customer"),
    code("DT02",    false, Cause::ForAPerson,   "Invalid Creation Date"),
    code("DT04",    false, Cause::ForAPerson,   "Future Date Not Supported"),
    code("ED05",    false, Cause::Passing,      "Settlement Failed"),
    code("ED06",    false, Cause::Passing,      "Settlement System Not Available"),
    code("FF04",    false, Cause::ForAPerson,   "Invalid Service Level Code"),
    code("FF08",    false, Cause::ForAPerson,   "Invalid End To End Id"),
    code("FF10",    true, Cause::Passing,      "Bank System Processing Error"),
    code("FF11",    false, Cause::Passing,      "Clearing Request Aborted"),
    code("FRAD",    false, Cause::Hopeless,     "Fraudulent Origin"),
    code("MCGP",    false, Cause::Passing,      "In Grace Period"),
    code("MD01",    false, Cause::Hopeless,     "No Agreement"),
    code("MD02",    false, Cause::ForAPerson,   "Missing Mandatory Information In Agreement"),
    code("MD20",    true, Cause::ValidityOver, "Agreement Expired"),
    code("MS02",    false, Cause::ForAPerson,   "Not Specified Reason Customer Generated"),
    code("MS03",    false, Cause::Passing,      "Not Specified Reason Agent Generated"),
    code("NACT",    false, Cause::Passing,      "Not Active"),
    code("NARR",    true, Cause::Passing,      "Narrative"),
    code("NAUT",    false, Cause::ForAPerson,   "Not Authorised"),
    code("RC05",    false, Cause::ForAPerson,   "Invalid BIC Identifier"),
    code("RR02",    false, Cause::ForAPerson,   "Missing Debtor Name or Address"),
    code("RR03",    false, Cause::ForAPerson,   "Missing Creditor Name or Address"),
    code("RR04",    false, Cause::ForAPerson,   "Regulatory Reason"),
    code("SL01",    false, Cause::ForAPerson,   "Specific Service offered by Debtor Agent"),
    code("SL11",    false, Cause::ForAPerson,   "Creditor not on Whitelist of Debtor"),
    code("SL12",    false, Cause::ForAPerson,   "Creditor on Blacklist of Debtor"),
    code("SL13",    true, Cause::Funds,        "Maximum number of Direct Debit Transactions exceeded"),
    code("SL14",    true, Cause::Funds,        "Maximum Direct Debit Transaction Amount exceeded"),
    code("TD03",    true, Cause::Passing,      "Incorrect File Structure"),
    code("TM01",    true, Cause::Passing,      "Invalid Cut Off Time"),
    code("UKNWN",   false, Cause::Passing,      "Unknown Error"),
    code("ZPPAY24", false, Cause::Passing,      "Participant not available"),
    code("ZPUNP01", false, Cause::ForAPerson,   "Debtor's financial institution does not support PayTo"),
    code("ZPUNP02", false, Cause::ForAPerson,   "Invalid creditor account"),
    code("ZPUNP06", false, Cause::Passing,      "Error resolving alias"),
    code("ZPUNP07", false, Cause::ForAPerson,   "Debtor alias not found"),
    code("ZPUNP08", false, Cause::ForAPerson,   "Creditor alias not found"),
];

/// What is known of a code; nothing where Oligo does not list it.
///
/// # Examples
///
/// ```
/// use domain::failure::{Cause, failure_code};
///
/// let closed = failure_code("AC05").expect("listed");
/// assert_eq!((closed.title, closed.retryable), ("Closed Debtor Account", false));
/// assert_eq!(closed.cause, Cause::ForAPerson);
/// assert_eq!(failure_code("G005"), None);
/// ```
#[must_use]
pub fn failure_code(code: &str) -> Option<&'static FailureCode> {
    FAILURE_CODES.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_oligo_stands_in_the_table_once_and_in_order() {
        let codes: Vec<&str> = FAILURE_CODES.iter().map(|known| known.code).collect();

        assert_eq!(codes.len(), 72, "Oligo knows 72 codes");
        assert!(codes.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn sixteen_codes_are_flagged_retryable_by_oligos_documents() {
        let flagged: Vec<&str> = FAILURE_CODES
            .iter()
            .filter(|known| known.retryable)
            .map(|known| known.code)
            .collect();

        assert_eq!(
            flagged.join(" "),
            "AB01 AB02 AB03 AB04 AB08 AC06 AG07 AM04 AM21 FF10 MD20 NARR SL13 SL14 TD03 TM01"
        );
    }

    #[test]
    fn what_lies_behind_each_code_is_decided() {
        let of = |cause| {
            let codes = FAILURE_CODES.iter().filter(|known| known.cause == cause);
            codes.map(|known| known.code).collect::<Vec<_>>().join(" ")
        };

        assert_eq!(of(Cause::Funds), "AG07 AM04 AM21 SL13 SL14");
        assert_eq!(
            of(Cause::Passing),
            "AB01 AB02 AB03 AB04 AB08 AC06 ED05 ED06 FF10 FF11 MCGP MS03 NACT NARR TD03 TM01 UKNWN ZPPAY24 ZPUNP06"
        );
        assert_eq!(of(Cause::ValidityOver), "AVED MD20");
        assert_eq!(of(Cause::Hopeless), "FRAD MD01");
        assert_eq!(of(Cause::ForAPerson).split(' ').count(), 44);
    }
}
