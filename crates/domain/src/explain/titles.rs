//! Titles of the provider's codes.

use crate::failure::failure_code;

/// Codes with which Oligo refuses to create or retry a payment, with Oligo's own titles.
#[rustfmt::skip]
const REFUSALS: &[(&str, &str)] = &[
    ("ZPUNP00", "One or more fields violate the relevant schema"),
    ("ZPUNP01", "Debtor's financial institution does not support PayTo"),
    ("ZPUNP02", "Invalid creditor account"),
    ("ZPUNP03", "Creditor account number only zeroes"),
    ("ZPUNP04", "Creditor account number reserved"),
    ("ZPUNP05", "Creditor branch code does not exist"),
    ("ZPUNP06", "Error resolving alias"),
    ("ZPUNP07", "Debtor alias not found"),
    ("ZPUNP08", "Creditor alias not found"),
    ("ZPUNP09", "Alias resolution not enabled"),
    ("ZPPAY00", "Duplicate UID"),
    ("ZPPAY01", "Over daily limit"),
    ("ZPPAY02", "Over per-transaction limit"),
    ("ZPPAY03", "Agreement not active"),
    ("ZPPAY04", "Creditor party name mismatch"),
    ("ZPPAY05", "Creditor ultimate party name mismatch"),
    ("ZPPAY06", "Creditor account mismatch"),
    ("ZPPAY07", "After validity end date"),
    ("ZPPAY08", "Before validity start date"),
    ("ZPPAY09", "Last payment required for balloon"),
    ("ZPPAY10", "Last payment given for non-balloon"),
    ("ZPPAY11", "Creditor details required"),
    ("ZPPAY12", "Amount over maximum"),
    ("ZPPAY13", "After last payment date"),
    ("ZPPAY14", "First payment date mismatch"),
    ("ZPPAY15", "Amount incorrect"),
    ("ZPPAY16", "Timing incorrect"),
    ("ZPPAY17", "Too many payments"),
    ("ZPPAY18", "First payment amount incorrect"),
    ("ZPPAY19", "Last payment amount incorrect"),
    ("ZPPAY20", "Last payment date mismatch"),
    ("ZPPAY21", "Last payment made"),
    ("ZPPAY22", "Agreement not found"),
    ("ZPPAY23", "Debtor account mismatch"),
    ("ZPPAY24", "Participant not available"),
    ("ZPPAY25", "Custom debtor not allowed"),
    ("ZPPRY00", "Payment not retryable"),
    ("ZPPRY01", "Too many retries"),
    ("ZPPRY02", "After mandate validity end date"),
    ("ZPPRY03", "Retry timeout"),
    ("ZPPRY04", "Retry timeout after validity end"),
    ("ZPPRY05", "Creditor Changed For Refund"),
];

/// The title of a code: of a payment's failure, or of the refusal to create or retry one.
///
/// The words are Oligo's.
///
/// # Examples
///
/// ```
/// use domain::explain::title;
///
/// assert_eq!(title("AC05"), Some("Closed Debtor Account"));
/// assert_eq!(title("ZPPAY17"), Some("Too many payments"));
/// assert_eq!(title("G005"), None);
/// ```
#[must_use]
pub fn title(code: &str) -> Option<&'static str> {
    let refused = || REFUSALS.iter().find(|(known, _)| *known == code);
    match failure_code(code) {
        Some(known) => Some(known.title),
        None => refused().map(|(_, title)| *title),
    }
}
