//! The codes that say why an agreement or a payment is where it is.

open_words! {
    /// The scheme's or Oligo's code of a reason or a failure, as Oligo's schemas list them.
    ///
    /// A fact for people and statistics. Whether a failed payment may be retried is the wire's
    /// own `retryable`, never the code's.
    ReasonCode {
        /// Aborted Clearing Timeout.
        Ab01 = "AB01",
        /// Aborted Clearing Fatal Error.
        Ab02 = "AB02",
        /// Aborted Settlement Timeout.
        Ab03 = "AB03",
        /// Aborted Settlement Fatal Error.
        Ab04 = "AB04",
        /// Offline Creditor Agent.
        Ab08 = "AB08",
        /// Invalid Debtor Account.
        Ac02 = "AC02",
        /// Invalid Creditor Account Number.
        Ac03 = "AC03",
        /// Closed Account Number.
        Ac04 = "AC04",
        /// Closed Debtor Account.
        Ac05 = "AC05",
        /// Blocked Account.
        Ac06 = "AC06",
        /// Closed Creditor Account Number.
        Ac07 = "AC07",
        /// Invalid Debtor Account Type.
        Ac13 = "AC13",
        /// Invalid Creditor Account Type.
        Ac14 = "AC14",
        /// Account Details Changed.
        Ac15 = "AC15",
        /// Transaction Forbidden.
        Ag01 = "AG01",
        /// Transaction Not Supported.
        Ag03 = "AG03",
        /// Unsuccesful Direct Debit.
        Ag07 = "AG07",
        /// Incorrect Agent.
        Agnt = "AGNT",
        /// Zero Amount.
        Am01 = "AM01",
        /// Not Allowed Amount.
        Am02 = "AM02",
        /// Not Allowed Currency.
        Am03 = "AM03",
        /// Insufficient Funds.
        Am04 = "AM04",
        /// Too Low Amount.
        Am06 = "AM06",
        /// Wrong Amount.
        Am09 = "AM09",
        /// Invalid Amount.
        Am12 = "AM12",
        /// Amount Exceeds Agreed Limit.
        Am14 = "AM14",
        /// Invalid Group Number Of Transactions.
        Am19 = "AM19",
        /// Limit Exceeded.
        Am21 = "AM21",
        /// After Validity End Date.
        Aved = "AVED",
        /// Unrecognised Initiating Party.
        Be05 = "BE05",
        /// Unknown End Customer.
        Be06 = "BE06",
        /// Missing Debtor Name.
        Be08 = "BE08",
        /// Missing Creditor Name.
        Be22 = "BE22",
        /// Before Validity Start Date.
        Bvsd = "BVSD",
        /// Decimal Points Not Compatible With Currency.
        Ch20 = "CH20",
        /// Required Element Missing.
        Ch21 = "CH21",
        /// Contract Amended.
        Ctam = "CTAM",
        /// Contract Cancellation Initiated By Debtor.
        Ctca = "CTCA",
        /// Contract Expired.
        Ctex = "CTEX",
        /// Incorrect Currency.
        Curr = "CURR",
        /// Requested By Customer.
        Cust = "CUST",
        /// Invalid Creation Date.
        Dt02 = "DT02",
        /// Future Date Not Supported.
        Dt04 = "DT04",
        /// Settlement Failed.
        Ed05 = "ED05",
        /// Settlement System Not Available.
        Ed06 = "ED06",
        /// Invalid Service Level Code.
        Ff04 = "FF04",
        /// Invalid End To End Id.
        Ff08 = "FF08",
        /// Bank System Processing Error.
        Ff10 = "FF10",
        /// Clearing Request Aborted.
        Ff11 = "FF11",
        /// Fraudulent Origin.
        Frad = "FRAD",
        /// Mandate Suspended Final Collection.
        Mcfc = "MCFC",
        /// In Grace Period.
        Mcgp = "MCGP",
        /// Mandate Suspended Once Off Collection.
        Mcoc = "MCOC",
        /// No Agreement.
        Md01 = "MD01",
        /// Missing Mandatory Information In Agreement.
        Md02 = "MD02",
        /// End Customer Deceased.
        Md07 = "MD07",
        /// No Mandate Service By Agent.
        Md08 = "MD08",
        /// No Agreement Service On Customer.
        Md09 = "MD09",
        /// Requested By Customer.
        Md16 = "MD16",
        /// Requested By Initiating Party.
        Md17 = "MD17",
        /// Agreement Expired.
        Md20 = "MD20",
        /// Agreement Cancelled Due To Fraud.
        Md21 = "MD21",
        /// Local authentication failed.
        Mms9000 = "MMS.API.9000",
        /// Message partner error.
        Mms9001 = "MMS.API.9001",
        /// The servicer is suspended.
        Mms9002 = "MMS.API.9002",
        /// Invalid requestor.
        Mms9003 = "MMS.API.9003",
        /// Message undeliverable.
        Mms9005 = "MMS.API.9005",
        /// Timeout.
        Mms9006 = "MMS.API.9006",
        /// Too many transactions.
        Mms9007 = "MMS.API.9007",
        /// Invalid signature.
        Mms9008 = "MMS.API.9008",
        /// Request size error.
        Mms9009 = "MMS.API.9009",
        /// Invalid signature of the scheme.
        Mms9010 = "MMS.API.9010",
        /// No record.
        Mms9011 = "MMS.API.9011",
        /// One of the mandate service's own errors.
        Mms9013 = "MMS.API.9013",
        /// One of the mandate service's own errors.
        Mms9015 = "MMS.API.9015",
        /// One of the mandate service's own errors.
        Mms9016 = "MMS.API.9016",
        /// One of the mandate service's own errors.
        Mms9017 = "MMS.API.9017",
        /// Inconsistent duplicate request.
        Mms9018 = "MMS.API.9018",
        /// Invalid request.
        Mms9019 = "MMS.API.9019",
        /// Mandate action forbidden.
        Mms9101 = "MMS.API.9101",
        /// Mandate semantic rule violated.
        Mms9102 = "MMS.API.9102",
        /// One of the mandate service's own errors.
        Mms9103 = "MMS.API.9103",
        /// Mandate status invalid.
        Mms9104 = "MMS.API.9104",
        /// One of the mandate service's own errors.
        Mms9105 = "MMS.API.9105",
        /// One of the mandate service's own errors.
        Mms9106 = "MMS.API.9106",
        /// One of the mandate service's own errors.
        Mms9107 = "MMS.API.9107",
        /// One of the mandate service's own errors.
        Mms9108 = "MMS.API.9108",
        /// One of the mandate service's own errors.
        Mms9109 = "MMS.API.9109",
        /// Mandate action pending.
        Mms9110 = "MMS.API.9110",
        /// Mandate invalid party role.
        Mms9111 = "MMS.API.9111",
        /// One of the mandate service's own errors.
        Mms9112 = "MMS.API.9112",
        /// Amendment semantic rule violated.
        Mms9113 = "MMS.API.9113",
        /// Status change semantic rule violated.
        Mms9114 = "MMS.API.9114",
        /// One of the mandate service's own errors.
        Mms9115 = "MMS.API.9115",
        /// Mandate account servicer invalid.
        Mms9116 = "MMS.API.9116",
        /// One of the mandate service's own errors.
        Mms9117 = "MMS.API.9117",
        /// One of the mandate service's own errors.
        Mms9118 = "MMS.API.9118",
        /// One of the mandate service's own errors.
        Mms9119 = "MMS.API.9119",
        /// One of the mandate service's own errors.
        Mms9120 = "MMS.API.9120",
        /// One of the mandate service's own errors.
        Mms9121 = "MMS.API.9121",
        /// One of the mandate service's own errors.
        Mms9301 = "MMS.API.9301",
        /// One of the mandate service's own errors.
        Mms9302 = "MMS.API.9302",
        /// One of the mandate service's own errors.
        Mms9303 = "MMS.API.9303",
        /// One of the mandate service's own errors.
        Mms9401 = "MMS.API.9401",
        /// One of the mandate service's own errors.
        Mms9402 = "MMS.API.9402",
        /// One of the mandate service's own errors.
        Mms9501 = "MMS.API.9501",
        /// One of the mandate service's own errors.
        Mms9601 = "MMS.API.9601",
        /// Mandate service error.
        Mms9900 = "MMS.API.9900",
        /// Gateway service error.
        Mms9901 = "MMS.API.9901",
        /// Not Specified Reason Customer Generated.
        Ms02 = "MS02",
        /// Not Specified Reason Agent Generated.
        Ms03 = "MS03",
        /// Mandate Suspended 7 Consecutive Unsuccessful Collections.
        Msuc = "MSUC",
        /// Not Active.
        Nact = "NACT",
        /// Narrative.
        Narr = "NARR",
        /// Not Authorised.
        Naut = "NAUT",
        /// No Answer From Customer.
        Noas = "NOAS",
        /// Invalid BIC Identifier.
        Rc05 = "RC05",
        /// Missing Debtor Name or Address.
        Rr02 = "RR02",
        /// Missing Creditor Name or Address.
        Rr03 = "RR03",
        /// Regulatory Reason.
        Rr04 = "RR04",
        /// Specific Service offered by Debtor Agent.
        Sl01 = "SL01",
        /// Creditor not on Whitelist of Debtor.
        Sl11 = "SL11",
        /// Creditor on Blacklist of Debtor.
        Sl12 = "SL12",
        /// Maximum number of Direct Debit Transactions exceeded.
        Sl13 = "SL13",
        /// Maximum Direct Debit Transaction Amount exceeded.
        Sl14 = "SL14",
        /// Incorrect File Structure.
        Td03 = "TD03",
        /// Invalid Cut Off Time.
        Tm01 = "TM01",
        /// Unknown Error.
        Uknwn = "UKNWN",
        /// Duplicate UID.
        ZpPay00 = "ZPPAY00",
        /// Participant not available.
        ZpPay24 = "ZPPAY24",
        /// The provided fund source has insufficient funds.
        ZpRef07 = "ZPREF07",
        /// Over Daily Limit.
        ZpRef11 = "ZPREF11",
        /// Debtor's financial institution does not support PayTo.
        ZpUnp01 = "ZPUNP01",
        /// Invalid creditor account.
        ZpUnp02 = "ZPUNP02",
        /// Error resolving alias.
        ZpUnp06 = "ZPUNP06",
        /// Debtor alias not found.
        ZpUnp07 = "ZPUNP07",
        /// Creditor alias not found.
        ZpUnp08 = "ZPUNP08",
    }
}

impl ReasonCode {
    /// Whether the mandate service of the scheme said it, `MMS.API.…`.
    pub fn is_of_the_mandate_service(&self) -> bool {
        self.as_str().starts_with("MMS.API.")
    }
}
