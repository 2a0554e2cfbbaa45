//! A case: what is asked, and what has to come.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How firmly the provider's papers say something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Only said in prose, by the provider's upstream, or inferred: a difference is told, no more.
    Said,
    /// In the provider's OpenAPI file: a difference fails the run.
    #[default]
    Must,
}

/// The nine operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /payto/agreements`
    CreateAgreement,
    /// `GET /payto/agreements`
    ListAgreements,
    /// `GET /payto/agreements/{uid}`
    ShowAgreement,
    /// `POST /payto/agreements/{uid}/cancellation`
    CancelAgreement,
    /// `POST /payto/payments`
    CreatePayment,
    /// `GET /payto/payments`
    ListPayments,
    /// `GET /payto/payments/{uid}`
    ShowPayment,
    /// `POST /payto/payments/{uid}/retry`
    RetryPayment,
    /// `POST /payto/alias_resolution`
    ResolveAlias,
}

impl Operation {
    /// All nine.
    pub const ALL: [Operation; 9] = [
        Operation::CreateAgreement,
        Operation::ListAgreements,
        Operation::ShowAgreement,
        Operation::CancelAgreement,
        Operation::CreatePayment,
        Operation::ListPayments,
        Operation::ShowPayment,
        Operation::RetryPayment,
        Operation::ResolveAlias,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::CreateAgreement => "create_agreement",
            Operation::ListAgreements => "list_agreements",
            Operation::ShowAgreement => "show_agreement",
            Operation::CancelAgreement => "cancel_agreement",
            Operation::CreatePayment => "create_payment",
            Operation::ListPayments => "list_payments",
            Operation::ShowPayment => "show_payment",
            Operation::RetryPayment => "retry_payment",
            Operation::ResolveAlias => "resolve_alias",
        }
    }

    /// Whether it only looks.
    pub const fn is_read(self) -> bool {
        match self {
            Operation::ListAgreements
            | Operation::ShowAgreement
            | Operation::ListPayments
            | Operation::ShowPayment => true,
            Operation::CreateAgreement
            | Operation::CancelAgreement
            | Operation::CreatePayment
            | Operation::RetryPayment
            | Operation::ResolveAlias => false,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing a provider is held to.
///
/// Every text of the request and of what is expected may hold variables: `{{uid}}`, `{{today+1}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in the suite; part of the uids it makes.
    pub id: String,
    /// What is true of a provider that conforms: a sentence.
    pub name: String,
    /// Where that is said: a section of Oligo's OpenAPI file, of its prose, or of its upstream's.
    pub source: String,
    /// How firmly it is said.
    #[serde(default)]
    pub grade: Grade,
    /// What is called.
    pub operation: Operation,
    /// The ids of earlier cases without which this one means nothing.
    #[serde(default)]
    pub needs: Vec<String>,
    pub(super) path: String,
    #[serde(default)]
    pub(super) token: Token,
    /// The name of a body shared by the file; `change` is then a merge patch to it.
    #[serde(default)]
    pub(super) body_of: Option<String>,
    /// The body, or the merge patch (RFC 7396) to the one of `body_of`.
    #[serde(default)]
    pub(super) change: Option<Value>,
    /// A body that is sent as it is, JSON or not.
    #[serde(default)]
    pub(super) raw: Option<String>,
    /// How often it is sent, each time with another `{{n}}`, counted from 1.
    #[serde(default = "once")]
    pub(super) times: u32,
    /// Follow `links.next` to the end, and judge all pages as one list.
    #[serde(default)]
    pub(super) all_pages: bool,
    #[serde(default)]
    pub(super) poll: Option<Poll>,
    /// The statuses that conform.
    pub(super) status: Vec<u16>,
    /// Codes that all have to be among the errors.
    #[serde(default)]
    pub(super) codes: Vec<String>,
    /// Codes of which one has to be among the errors.
    #[serde(default)]
    pub(super) any_code: Vec<String>,
    /// What the body is.
    pub(super) answer: Answer,
    /// What holds at places of the body: JSON pointers, in which `*` is every item.
    #[serde(default)]
    pub(super) facts: BTreeMap<String, Fact>,
    /// Variables (`{{got.NAME}}`) for later cases, with the place of their value.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
}

const fn once() -> u32 {
    1
}

/// By which token a call is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Token {
    #[default]
    Given,
    Wrong,
    None,
}

/// A question that is asked again until it has the answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Poll {
    /// Where the answer stands.
    pub(super) at: String,
    /// The answers that end it.
    pub(super) until: Vec<Value>,
    #[serde(default = "a_minute")]
    pub(super) within_seconds: u64,
    #[serde(default = "half_a_second")]
    pub(super) every_ms: u64,
}

const fn a_minute() -> u64 {
    60
}

const fn half_a_second() -> u64 {
    500
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// No body.
    Nothing,
    /// Nothing is promised of the body.
    Anything,
    /// Errors, each with a title and a detail.
    Errors,
    /// Errors that each have a code too.
    Codes,
    Agreement,
    Payment,
    Alias,
    Agreements,
    Payments,
}

impl Answer {
    /// Where the resources of such a body stand.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Answer::Nothing | Answer::Anything => "",
            Answer::Errors | Answer::Codes => "/errors/*",
            Answer::Agreement | Answer::Payment | Answer::Alias => "/data",
            Answer::Agreements | Answer::Payments => "/data/*",
        }
    }
}

/// Something that holds of a value.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fact {
    /// How firmly, where it is less firm than its case.
    #[serde(default)]
    pub(super) grade: Grade,
    #[serde(flatten)]
    pub(super) check: Check,
}

/// How a value is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    /// It is this.
    Is(Value),
    /// It is one of these.
    OneOf(Vec<Value>),
    /// It is a text that this expression matches.
    Matches(String),
    /// It is of one of these types.
    Type(Vec<Kind>),
    /// It is there, or is not.
    Present(bool),
    /// It has whatever was sent at this place of the request.
    AsSent(String),
    /// It is a list of so many items.
    Counts(usize),
    /// It is a list that has each of these uids once.
    Lists(Vec<String>),
}

/// The types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    String,
    List,
    Object,
}
