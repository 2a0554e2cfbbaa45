//! Requests out of our values.

use chrono::NaiveDate;
use oligo_client as oligo;

use domain::date::BusinessDate;
use domain::money::Cents;
use domain::terms::{Amounts, Frequency, PaymentTerms, TermsType};
use store::agreements::AgreementRow;

/// The reference shown on statements: at most 35 printable ASCII characters.
const REFERENCE_MAX: usize = 35;

pub(super) fn agreement_request(row: &AgreementRow) -> Option<oligo::CreateAgreement> {
    let purpose = oligo::Purpose::ALL
        .iter()
        .copied()
        .find(|purpose| purpose.as_str() == row.purpose)?;
    let kind = oligo::AccountKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.as_str() == row.account_kind)?;
    Some(oligo::CreateAgreement {
        uid: row.uid.to_string(),
        purpose,
        description: row.description.clone(),
        debtor: oligo::Debtor {
            party_name: row.payer_name.clone(),
            ultimate_party_name: None,
            account_identifier: oligo::AccountIdentifier {
                kind,
                value: row.account_value.clone(),
            },
        },
        payment_terms: terms_body(&row.terms),
        validity_start_date: Some(row.validity.start_date.naive()),
        validity_end_date: row.validity.end_date.map(BusinessDate::naive),
        resolution_requested_before: None,
        cancel_if_unresolved: None,
        metadata: None,
    })
}

pub(super) fn terms_body(terms: &PaymentTerms) -> oligo::PaymentTermsBody {
    let naive = |date: Option<BusinessDate>| -> Option<NaiveDate> { date.map(BusinessDate::naive) };
    let mut body = oligo::PaymentTermsBody {
        kind: match terms.terms_type() {
            TermsType::Fixed => oligo::TermsKind::Fixed,
            TermsType::Variable => oligo::TermsKind::Variable,
            TermsType::UsageBased => oligo::TermsKind::UsageBased,
            TermsType::Balloon => oligo::TermsKind::Balloon,
        },
        frequency: match terms.frequency() {
            Frequency::Adhoc => oligo::Frequency::Adhoc,
            Frequency::Daily => oligo::Frequency::Daily,
            Frequency::Weekly => oligo::Frequency::Weekly,
            Frequency::Fortnightly => oligo::Frequency::Fortnightly,
            Frequency::Monthly => oligo::Frequency::Monthly,
            Frequency::Quarterly => oligo::Frequency::Quarterly,
            Frequency::SemiAnnual => oligo::Frequency::SemiAnnual,
            Frequency::Annual => oligo::Frequency::Annual,
        },
        amount: None,
        max_amount: None,
        count: terms.count(),
        first_payment_amount: None,
        last_payment_amount: None,
        first_payment_date: naive(terms.first_payment_date()),
        last_payment_date: naive(terms.last_payment_date()),
    };
    match terms.amounts() {
        Amounts::Fixed { amount } => body.amount = Some(amount.get()),
        Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
            body.max_amount = Some(max_amount.get());
        }
        Amounts::Balloon {
            amount,
            first_amount,
            last_amount,
        } => {
            body.amount = Some(amount.get());
            body.first_payment_amount = first_amount.map(Cents::get);
            body.last_payment_amount = last_amount.map(Cents::get);
        }
    }
    body
}

/// The lender's reference as far as a statement can show it.
pub(super) fn reference(external_id: &str) -> Option<String> {
    let shown: String = external_id
        .chars()
        .filter(|c| (' '..='~').contains(c))
        .take(REFERENCE_MAX)
        .collect();
    (!shown.is_empty()).then_some(shown)
}
