//! The provider's lists, page by page: what it has of ours, whether or not we asked for it.

use chrono::NaiveDate;
use oligo_client as oligo;
use oligo_client::{CallError, ListAgreements, ListPayments, Pager, Refunds};

use domain::agreement::Reported;
use domain::date::{BusinessDate, Instant};

use super::{Provider, found, reported};
use crate::report::FoundPayment;

/// The most that a page of the provider's holds.
const PER_PAGE: u8 = 100;

/// Which of the provider's objects are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListOf {
    /// Those created on this Sydney date or later; all without one.
    CreatedSince(Option<BusinessDate>),
    /// Those that have not ended, as far as the list can be asked for them.
    Open,
}

/// A payment on the provider's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedPayment {
    pub(crate) uid: String,
    /// When the provider took it, where it says so.
    pub(crate) created_at: Option<Instant>,
    pub(crate) found: FoundPayment,
}

/// An agreement on the provider's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedAgreement {
    pub(crate) uid: String,
    /// How it stands; `None` when the word is not understood.
    pub(crate) state: Option<Reported>,
    pub(crate) word: String,
}

/// A list that cannot be read to its end, now.
#[derive(Debug, thiserror::Error)]
#[error("the provider's list of {what} could not be read to its end")]
pub struct ListError {
    /// What was listed.
    pub what: &'static str,
    /// What went wrong.
    #[source]
    pub source: Box<CallError>,
}

/// The payments of a list, page by page.
pub(crate) struct PaymentPages(Pager<oligo::Payment>);

/// The agreements of a list, page by page.
pub(crate) struct AgreementPages(Pager<oligo::Agreement>);

impl Provider {
    pub(crate) fn list_payments(&self, of: ListOf) -> Result<PaymentPages, ListError> {
        match self {
            Provider::Oligo(client) => {
                use oligo::PaymentState as P;
                let (states, min_created_date) = match of {
                    ListOf::CreatedSince(date) => (Vec::new(), date.map(the_day_before)),
                    // The list cannot be asked for `pending`; those are asked about one by one anyway.
                    ListOf::Open => (vec![P::Created, P::Submitting, P::UnderInvestigation], None),
                };
                let request = ListPayments {
                    per_page: Some(PER_PAGE),
                    states,
                    min_created_date,
                    refunds: Some(Refunds::Excluded),
                    ..ListPayments::default()
                };
                let pager = client.payment_pages(&request);
                pager.map(PaymentPages).map_err(of_payments)
            }
        }
    }

    pub(crate) fn list_agreements(&self, of: ListOf) -> Result<AgreementPages, ListError> {
        match self {
            Provider::Oligo(client) => {
                use oligo::AgreementState as A;
                let (states, min_created_date) = match of {
                    ListOf::CreatedSince(date) => (Vec::new(), date.map(the_day_before)),
                    ListOf::Open => (vec![A::Pending, A::Created, A::Active, A::Suspended], None),
                };
                let request = ListAgreements {
                    per_page: Some(PER_PAGE),
                    states,
                    min_created_date,
                    ..ListAgreements::default()
                };
                let pager = client.agreement_pages(&request);
                pager.map(AgreementPages).map_err(of_agreements)
            }
        }
    }
}

/// Nobody says in which time zone the provider counts dates: one day more holds in any.
fn the_day_before(date: BusinessDate) -> NaiveDate {
    date.plus_days(-1).unwrap_or(date).naive()
}

impl PaymentPages {
    /// The next page; nothing after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<ListedPayment>>, ListError> {
        let Some(page) = self.0.next_page().await.map_err(of_payments)? else {
            return Ok(None);
        };
        let mut listed = Vec::with_capacity(page.items.len());
        for item in page.items {
            let payment = item.map_err(of_payments)?;
            listed.push(ListedPayment {
                uid: payment.uid.clone(),
                created_at: payment.created_at.map(|at| at.to_utc()),
                found: found(payment),
            });
        }
        Ok(Some(listed))
    }
}

impl AgreementPages {
    /// The next page; nothing after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<ListedAgreement>>, ListError> {
        let Some(page) = self.0.next_page().await.map_err(of_agreements)? else {
            return Ok(None);
        };
        let mut listed = Vec::with_capacity(page.items.len());
        for item in page.items {
            let agreement = item.map_err(of_agreements)?;
            listed.push(ListedAgreement {
                state: reported(&agreement.state),
                word: agreement.state.as_str().to_owned(),
                uid: agreement.uid,
            });
        }
        Ok(Some(listed))
    }
}

fn of_payments(source: CallError) -> ListError {
    ListError {
        what: "payments",
        source: Box::new(source),
    }
}

fn of_agreements(source: CallError) -> ListError {
    ListError {
        what: "agreements",
        source: Box::new(source),
    }
}
