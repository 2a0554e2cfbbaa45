//! Whether the agreement a provider tells of is the one we proposed.

use oligo_client as oligo;

use domain::account::PayerAccount;
use domain::date::BusinessDate;
use store::agreements::AgreementRow;

use super::terms_body;

/// The first field in which the provider's agreement differs from ours; nothing when it is ours.
///
/// What the provider leaves out, or says in a word we do not know, is not compared, and neither is the
/// account: the payer may move an agreement to another account at their bank.
pub(super) fn difference(row: &AgreementRow, told: &oligo::Agreement) -> Option<&'static str> {
    let start = row.validity.start_date.naive();
    let end = row.validity.end_date.map(BusinessDate::naive);
    if told.validity_start_date.is_some_and(|date| date != start) {
        return Some("validity_start_date");
    }
    if told.validity_end_date.is_some() && told.validity_end_date != end {
        return Some("validity_end_date");
    }
    let told = told.payment_terms.as_ref()?;
    let ours = terms_body(&row.terms);
    let kind = told.kind.as_ref().and_then(oligo::Reported::known);
    let frequency = told.frequency.as_ref().and_then(oligo::Reported::known);
    // One payment a period is what no count means.
    let count = ours.count.map_or(1, i64::from);
    let count = (ours.count.is_some() || told.count == Some(1)).then_some(count);
    let is_other = [
        ("type", kind.is_some_and(|kind| *kind != ours.kind)),
        (
            "frequency",
            frequency.is_some_and(|frequency| *frequency != ours.frequency),
        ),
        ("amount", differs(told.amount, ours.amount)),
        ("max_amount", differs(told.max_amount, ours.max_amount)),
        ("count", differs(told.count, count)),
        (
            "first_payment_amount",
            differs(told.first_payment_amount, ours.first_payment_amount),
        ),
        (
            "last_payment_amount",
            differs(told.last_payment_amount, ours.last_payment_amount),
        ),
        (
            "first_payment_date",
            differs(told.first_payment_date, ours.first_payment_date),
        ),
        (
            "last_payment_date",
            differs(told.last_payment_date, ours.last_payment_date),
        ),
    ];
    is_other
        .into_iter()
        .find_map(|(field, other)| other.then_some(field))
}

/// The account that the provider collects from, where it is not the one we know last.
///
/// The payer may move an agreement to another account at their bank: that is theirs to do, and no difference.
pub(super) fn other_account(row: &AgreementRow, told: &oligo::Agreement) -> Option<PayerAccount> {
    let account = told.debtor.as_ref()?.account_identifier.as_ref()?;
    let kind = account.kind.as_ref().and_then(oligo::Reported::known)?;
    let account = PayerAccount::parse(kind.as_str(), account.value.as_deref()?).ok()?;
    let known = row
        .debtor_account
        .as_ref()
        .map_or((&row.account_kind, &row.account_value), |(kind, value)| {
            (kind, value)
        });
    let is_known = known.0 == account.kind().as_str() && known.1 == account.value();
    (!is_known).then_some(account)
}

fn differs<T: PartialEq>(told: Option<T>, ours: Option<T>) -> bool {
    told.is_some() && told != ours
}
