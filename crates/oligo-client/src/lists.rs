//! Oligo's two lists: what they are asked for, and how their pages are followed.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use chrono::NaiveDate;
use futures::stream::{self, Stream, TryStreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::agreement_answers::{Agreement, AgreementState};
use crate::answer::{Unread, read_list};
use crate::call::Operation;
use crate::check::{Checker, FieldProblem, Problem};
use crate::client::OligoClient;
use crate::error::{CallError, JsonProblem};
use crate::payments::{Payment, PaymentState};

mod link;

use link::{Query, next_query};

closed_words! {
    /// Which payments a list holds, by whether they carry out a refund.
    Refunds {
        /// All of them.
        Included = "included",
        /// Those that carry out none.
        Excluded = "excluded",
        /// Those that carry out one.
        Only = "only",
    }
}

/// Which agreements to list; the default is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListAgreements {
    /// Agreements a page, 1 to 100; left out, 20.
    pub per_page: Option<u8>,
    /// In one of these states; empty, in any. No unrecognised one.
    pub states: Vec<AgreementState>,
    /// Created on this date or later. Oligo does not say in which time zone.
    pub min_created_date: Option<NaiveDate>,
    /// Created on this date or before. Oligo does not say whether the date itself counts.
    pub max_created_date: Option<NaiveDate>,
}

/// Which payments to list; the default is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPayments {
    /// Payments a page, 1 to 100; left out, 20.
    pub per_page: Option<u8>,
    /// In one of these states; empty, in any. No unrecognised one, nor `pending`, which Oligo's
    /// filter does not know.
    pub states: Vec<PaymentState>,
    /// Created on this date or later. Oligo does not say in which time zone.
    pub min_created_date: Option<NaiveDate>,
    /// Created on this date or before. Oligo does not say whether the date itself counts.
    pub max_created_date: Option<NaiveDate>,
    /// Made under this agreement.
    pub agreement_uid: Option<String>,
    /// By whether they carry out a refund.
    pub refunds: Option<Refunds>,
}

impl ListAgreements {
    /// Checks every limit Oligo states.
    ///
    /// # Errors
    ///
    /// Names every wrong field.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        let dates = (self.min_created_date, self.max_created_date);
        check(&mut checker, self.per_page, dates);
        let known = |state| AgreementState::ALL.contains(state);
        checker.unless(self.states.iter().all(known), "state", Problem::NotAllowed);
        checker.finish()
    }

    fn query(&self) -> Query {
        let states = self.states.iter().map(AgreementState::as_str);
        let dates = (self.min_created_date, self.max_created_date);
        query(self.per_page, states.collect(), dates)
    }
}

impl ListPayments {
    /// Checks every limit Oligo states.
    ///
    /// # Errors
    ///
    /// Names every wrong field.
    pub fn validate(&self) -> Result<(), Vec<FieldProblem>> {
        let mut checker = Checker::default();
        let dates = (self.min_created_date, self.max_created_date);
        check(&mut checker, self.per_page, dates);
        let known = |state| PaymentState::ALL.contains(state) && *state != PaymentState::Pending;
        checker.unless(self.states.iter().all(known), "state", Problem::NotAllowed);
        if let Some(uid) = &self.agreement_uid {
            checker.uid("agreement_uid", uid);
        }
        checker.finish()
    }

    fn query(&self) -> Query {
        let states = self.states.iter().map(PaymentState::as_str);
        let dates = (self.min_created_date, self.max_created_date);
        let mut query = query(self.per_page, states.collect(), dates);
        let own = [
            ("agreement_uid", self.agreement_uid.clone()),
            ("refunds", self.refunds.map(|refunds| refunds.to_string())),
        ];
        query.extend(given(own));
        query
    }
}

fn check(
    checker: &mut Checker,
    per_page: Option<u8>,
    (min, max): (Option<NaiveDate>, Option<NaiveDate>),
) {
    let fits = per_page.is_none_or(|per_page| (1..=100).contains(&per_page));
    let range = Problem::OutOfRange { min: 1, max: 100 };
    checker.unless(fits, "per_page", range);
    if let (Some(min), Some(max)) = (min, max) {
        let other = "max_created_date";
        checker.unless(min <= max, "min_created_date", Problem::After { other });
    }
}

fn query(
    per_page: Option<u8>,
    states: Vec<&str>,
    (min, max): (Option<NaiveDate>, Option<NaiveDate>),
) -> Query {
    let date = |date: NaiveDate| date.to_string();
    given([
        ("per_page", per_page.map(|per_page| per_page.to_string())),
        ("state", (!states.is_empty()).then(|| states.join(","))),
        ("min_created_date", min.map(date)),
        ("max_created_date", max.map(date)),
    ])
    .collect()
}

fn given<const N: usize>(
    pairs: [(&str, Option<String>); N],
) -> impl Iterator<Item = (String, String)> {
    let given = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
    pairs.into_iter().filter_map(given)
}

/// One page of a list, in Oligo's order.
#[derive(Debug)]
pub struct Page<T> {
    /// What stands on it. One that cannot be read does not hide the others.
    pub items: Vec<Result<T, CallError>>,
}

/// Follows a list page by page. After an error it stands where it stood.
pub struct Pager<T> {
    client: OligoClient,
    path: [&'static str; 2],
    template: &'static str,
    filters: Query,
    next: Next,
    seen: HashSet<Query>,
    items: PhantomData<fn() -> T>,
}

enum Next {
    Ask(Query),
    /// The last page's link is none to follow.
    Stuck(JsonProblem),
    End,
}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager")
            .field("template", &self.template)
            .field("pages_seen", &self.seen.len())
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Pager<T> {
    fn new(client: &OligoClient, template: &'static str, list: &'static str, of: Query) -> Self {
        Pager {
            client: client.clone(),
            path: ["payto", list],
            template,
            filters: of.clone(),
            next: Next::Ask(of),
            seen: HashSet::new(),
            items: PhantomData,
        }
    }

    /// The next page; none after the last one.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. The same page is asked for again by the next call. `Unreadable` at
    /// `links.next` when the list goes on at another server, which is never asked, or at a page
    /// read before.
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, CallError> {
        let query = match &self.next {
            Next::End => return Ok(None),
            Next::Stuck(problem) => return Err(unreadable("links.next".to_owned(), *problem)),
            Next::Ask(query) => query.clone(),
        };
        let operation = Operation::get(self.template, &self.path).with_query(query.clone());
        let limit = self.client.list_bytes_max;

        let read = |body: &[u8]| read_list::<T>(body).map_err(from_unread);
        let list = self.client.wire.ask(operation, limit, read).await?;

        self.seen.insert(cursor(&query));
        self.next = self.after(list.next.as_ref());
        let items = list.items.into_iter();
        Ok(Some(Page {
            items: items.map(|item| item.map_err(from_unread)).collect(),
        }))
    }

    fn after(&self, link: Option<&Value>) -> Next {
        let Some(link) = link else { return Next::End };
        let Some(link) = link.as_str() else {
            return Next::Stuck(JsonProblem::WrongShape);
        };
        let here = Operation::get(self.template, &self.path).url(&self.client.wire.base_url);
        match next_query(&here, link) {
            Ok(query) => {
                let query = self.filtered(query);
                if self.seen.contains(&cursor(&query)) {
                    Next::Stuck(JsonProblem::Repeated)
                } else {
                    Next::Ask(query)
                }
            }
            Err(problem) => Next::Stuck(problem),
        }
    }

    /// The caller's filters hold on every page, whatever the link says of them.
    fn filtered(&self, link: Query) -> Query {
        let is_filter = |name: &str| self.filters.iter().any(|(filter, _)| filter == name);
        let more = link.into_iter().filter(|(name, _)| !is_filter(name));
        self.filters.iter().cloned().chain(more).collect()
    }

    /// The items of all pages from here on, one by one. Ends after a page that cannot be had; an
    /// item that cannot be read is an error of its own and ends nothing.
    pub fn into_stream(self) -> impl Stream<Item = Result<T, CallError>> + Send
    where
        T: Send,
    {
        let pages = stream::try_unfold(self, |mut pager| async move {
            let page = pager.next_page().await?;
            Ok::<_, CallError>(page.map(|page| (page, pager)))
        });
        pages.map_ok(|page| stream::iter(page.items)).try_flatten()
    }
}

/// What tells one page from another: the cursor, or all parameters when the link has none.
fn cursor(query: &Query) -> Query {
    let is_cursor = |(name, _): &&(String, String)| name == "starting_after";
    let cursor: Query = query.iter().filter(is_cursor).cloned().collect();
    if cursor.is_empty() {
        query.clone()
    } else {
        cursor
    }
}

fn from_unread(unread: Unread) -> CallError {
    unreadable(unread.path, unread.problem)
}

fn unreadable(path: String, source: JsonProblem) -> CallError {
    CallError::Unreadable { path, source }
}

impl OligoClient {
    /// The agreements that fit, page by page: `GET /payto/agreements`.
    ///
    /// # Errors
    ///
    /// Fails when the request breaks a limit of Oligo's. Nothing is sent before the first page.
    pub fn agreement_pages(&self, request: &ListAgreements) -> Result<Pager<Agreement>, CallError> {
        request.validate().map_err(CallError::InvalidRequest)?;
        let query = request.query();
        Ok(Pager::new(self, "/payto/agreements", "agreements", query))
    }

    /// The agreements that fit, one by one: `GET /payto/agreements`.
    ///
    /// # Errors
    ///
    /// As [`OligoClient::agreement_pages`]; what goes wrong later is in the stream, see
    /// [`Pager::into_stream`].
    pub fn list_agreements(
        &self,
        request: &ListAgreements,
    ) -> Result<impl Stream<Item = Result<Agreement, CallError>> + Send + use<>, CallError> {
        Ok(self.agreement_pages(request)?.into_stream())
    }

    /// The payments that fit, page by page: `GET /payto/payments`.
    ///
    /// # Errors
    ///
    /// Fails when the request breaks a limit of Oligo's. Nothing is sent before the first page.
    pub fn payment_pages(&self, request: &ListPayments) -> Result<Pager<Payment>, CallError> {
        request.validate().map_err(CallError::InvalidRequest)?;
        let query = request.query();
        Ok(Pager::new(self, "/payto/payments", "payments", query))
    }

    /// The payments that fit, one by one: `GET /payto/payments`.
    ///
    /// # Errors
    ///
    /// As [`OligoClient::payment_pages`]; what goes wrong later is in the stream, see
    /// [`Pager::into_stream`].
    pub fn list_payments(
        &self,
        request: &ListPayments,
    ) -> Result<impl Stream<Item = Result<Payment, CallError>> + Send + use<>, CallError> {
        Ok(self.payment_pages(request)?.into_stream())
    }
}

#[cfg(test)]
mod tests;
