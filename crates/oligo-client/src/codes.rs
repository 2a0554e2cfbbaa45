//! The codes of Oligo's refusals.

open_words! {
    /// The code of a refusal, in Oligo's numbering.
    ErrorCode {
        /// One or more fields violate the relevant schema.
        ZpUnp00 = "ZPUNP00",
        /// Debtor's financial institution does not support PayTo.
        ZpUnp01 = "ZPUNP01",
        /// Invalid creditor account.
        ZpUnp02 = "ZPUNP02",
        /// Creditor account number only zeroes.
        ZpUnp03 = "ZPUNP03",
        /// Creditor account number reserved.
        ZpUnp04 = "ZPUNP04",
        /// Creditor branch code does not exist.
        ZpUnp05 = "ZPUNP05",
        /// Error resolving alias.
        ZpUnp06 = "ZPUNP06",
        /// Debtor alias not found.
        ZpUnp07 = "ZPUNP07",
        /// Creditor alias not found.
        ZpUnp08 = "ZPUNP08",
        /// Alias resolution not enabled.
        ZpUnp09 = "ZPUNP09",
        /// Duplicate UID.
        ZpAgr00 = "ZPAGR00",
        /// No configured ABN.
        ZpAgr01 = "ZPAGR01",
        /// Invalid resolution requested before.
        ZpAgr02 = "ZPAGR02",
        /// Invalid resolution requested before.
        ZpAgr03 = "ZPAGR03",
        /// Past validity start date.
        ZpAgr04 = "ZPAGR04",
        /// Validity start date not amendable.
        ZpAgr05 = "ZPAGR05",
        /// Validity start date after end date.
        ZpAgr06 = "ZPAGR06",
        /// Validity start date after first payment date.
        ZpAgr07 = "ZPAGR07",
        /// Validity end date too early.
        ZpAgr08 = "ZPAGR08",
        /// First payment date in past.
        ZpAgr09 = "ZPAGR09",
        /// Last payment date before first payment date.
        ZpAgr10 = "ZPAGR10",
        /// Last payment date in the past.
        ZpAgr11 = "ZPAGR11",
        /// Debtor account number only zeroes.
        ZpAgr12 = "ZPAGR12",
        /// Debtor account number reserved.
        ZpAgr13 = "ZPAGR13",
        /// Debtor branch code does not exist.
        ZpAgr14 = "ZPAGR14",
        /// Mandate limit reached.
        ZpAgr15 = "ZPAGR15",
        /// Mandate create limit reached.
        ZpAgr16 = "ZPAGR16",
        /// Auto-Cancel Needs Resolution Date.
        ZpAgr17 = "ZPAGR17",
        /// Initiator must include exactly one of ABN, ACN, or client_id.
        ZpAgr18 = "ZPAGR18",
        /// Duplicate UID.
        ZpPay00 = "ZPPAY00",
        /// Over daily limit.
        ZpPay01 = "ZPPAY01",
        /// Over per-transaction limit.
        ZpPay02 = "ZPPAY02",
        /// Agreement not active.
        ZpPay03 = "ZPPAY03",
        /// Creditor party name mismatch.
        ZpPay04 = "ZPPAY04",
        /// Creditor ultimate party name mismatch.
        ZpPay05 = "ZPPAY05",
        /// Creditor account mismatch.
        ZpPay06 = "ZPPAY06",
        /// After validity end date.
        ZpPay07 = "ZPPAY07",
        /// Before validity start date.
        ZpPay08 = "ZPPAY08",
        /// Last payment required for balloon.
        ZpPay09 = "ZPPAY09",
        /// Last payment given for non-balloon.
        ZpPay10 = "ZPPAY10",
        /// Creditor details required.
        ZpPay11 = "ZPPAY11",
        /// Amount over maximum.
        ZpPay12 = "ZPPAY12",
        /// After last payment date.
        ZpPay13 = "ZPPAY13",
        /// First payment date mismatch.
        ZpPay14 = "ZPPAY14",
        /// Amount incorrect.
        ZpPay15 = "ZPPAY15",
        /// Timing incorrect.
        ZpPay16 = "ZPPAY16",
        /// Too many payments.
        ZpPay17 = "ZPPAY17",
        /// First payment amount incorrect.
        ZpPay18 = "ZPPAY18",
        /// Last payment amount incorrect.
        ZpPay19 = "ZPPAY19",
        /// Last payment date mismatch.
        ZpPay20 = "ZPPAY20",
        /// Last payment made.
        ZpPay21 = "ZPPAY21",
        /// Agreement not found.
        ZpPay22 = "ZPPAY22",
        /// Debtor account mismatch.
        ZpPay23 = "ZPPAY23",
        /// Participant not available.
        ZpPay24 = "ZPPAY24",
        /// Custom debtor not allowed.
        ZpPay25 = "ZPPAY25",
        /// Payment not retryable.
        ZpPry00 = "ZPPRY00",
        /// Too many retries.
        ZpPry01 = "ZPPRY01",
        /// After mandate validity end date.
        ZpPry02 = "ZPPRY02",
        /// Retry timeout.
        ZpPry03 = "ZPPRY03",
        /// Retry timeout after validity end.
        ZpPry04 = "ZPPRY04",
        /// Creditor Changed For Refund.
        ZpPry05 = "ZPPRY05",
        /// Incorrect agreement state.
        ZpCan00 = "ZPCAN00",
        /// Already processing.
        ZpCan01 = "ZPCAN01",
        /// Incorrect agreement state.
        ZpSus00 = "ZPSUS00",
        /// Already processing.
        ZpSus01 = "ZPSUS01",
        /// Incorrect agreement state.
        ZpRea00 = "ZPREA00",
        /// Already processing.
        ZpRea01 = "ZPREA01",
        /// Agreement not amendable.
        ZpAmn00 = "ZPAMN00",
        /// Amendment already processing.
        ZpAmn01 = "ZPAMN01",
        /// No changes.
        ZpAmn02 = "ZPAMN02",
        /// Mandate doesn't change.
        ZpAmn03 = "ZPAMN03",
        /// Validity end date not amendable.
        ZpAmn04 = "ZPAMN04",
        /// Initiator not permitted.
        ZpAmn05 = "ZPAMN05",
        /// Invalid resolution requested before.
        ZpAmn06 = "ZPAMN06",
        /// Resolution requested before in past.
        ZpAmn07 = "ZPAMN07",
        /// Last payment made.
        ZpAmn08 = "ZPAMN08",
        /// Amendment not recallable.
        ZpAre00 = "ZPARE00",
        /// Already processing.
        ZpAre01 = "ZPARE01",
        /// Agreement has no amendment.
        ZpAre02 = "ZPARE02",
        /// Duplicate UID.
        ZpRef00 = "ZPREF00",
        /// Payment not found.
        ZpRef01 = "ZPREF01",
        /// Payment not refundable.
        ZpRef02 = "ZPREF02",
        /// Float bank account not found.
        ZpRef03 = "ZPREF03",
        /// Float bank account not active.
        ZpRef04 = "ZPREF04",
        /// Float bank account missing services.
        ZpRef05 = "ZPREF05",
        /// Total refunds greater than original payment amount.
        ZpRef06 = "ZPREF06",
        /// The provided fund source has insufficient funds.
        ZpRef07 = "ZPREF07",
        /// Refunding Via PayTo Not Enabled.
        ZpRef08 = "ZPREF08",
        /// Original Payment is a Refund.
        ZpRef09 = "ZPREF09",
        /// Over per-transaction limit.
        ZpRef10 = "ZPREF10",
        /// Over Daily Limit.
        ZpRef11 = "ZPREF11",
        /// Description must start with REFUND.
        ZpRef12 = "ZPREF12",
        /// One or more paramaters are invalid.
        ZpPgn00 = "ZPPGN00",
        /// Alias not found.
        ZpAdd01 = "ZPADD01",
        /// Account lookup limit reached.
        ZpAdd02 = "ZPADD02",
        /// Remote IP lookup limit reached.
        ZpAdd03 = "ZPADD03",
        /// Requester ID lookup limit reached.
        ZpAdd04 = "ZPADD04",
        /// Service Unavailable.
        ZpAdd98 = "ZPADD98",
    }
}

impl ErrorCode {
    /// Whether it says that the uid is taken: something stands under it, and asking shows what.
    pub fn is_duplicate_uid(&self) -> bool {
        matches!(self, ErrorCode::ZpAgr00 | ErrorCode::ZpPay00)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_spelling() {
        assert!(90 < ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from(code.as_str()), *code);
        }
    }

    #[test]
    fn a_code_oligo_adds_later_is_kept() {
        assert_eq!(ErrorCode::from("ZPNEW00").as_str(), "ZPNEW00");
    }
}
