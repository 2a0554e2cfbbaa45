//! The API's description: bodies as callers write them, and the problems that each kind of route tells.
//!
//! Request bodies are read by hand (see [`crate::fields`]); these types describe them and are never filled.
#![allow(dead_code, reason = "described, never filled")]

use serde::Serialize;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::error::{FieldError, ProblemBody};

mod cancellation;
mod exceptions;
mod retry;

pub use cancellation::CancellationBody;
pub use exceptions::{AssignmentBody, ExceptionProblems, ResolutionBody};
pub use retry::RetryPolicyBody;

/// The description's head; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Paydown",
        description = "Collects loan repayments over PayTo: register customers and plans, follow \
            their events. Amounts are integer cents (AUD); `_date` is a date in Sydney, `_at` an \
            instant in UTC.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    components(schemas(ProblemBody, FieldError)),
    modifiers(&BearerKey),
    tags(
        (name = "customers", description = "Who repays"),
        (name = "plans", description = "What they agreed to repay, and how its collection stands"),
        (name = "collections", description = "The kill switches: what may be sent at all"),
        (name = "events", description = "What happened"),
        (name = "exceptions", description = "What waits for a person"),
        (name = "webhooks", description = "What the provider tells"),
        (name = "health", description = "Whether the process runs and can serve"),
    )
)]
pub struct Head;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, description: &mut Description) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("An API key: pd_test_… or pd_live_…".to_owned());
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// A customer to register.
#[derive(Serialize, ToSchema)]
#[schema(as = NewCustomer, example = json!({
    "external_id": "borrower-40217",
    "name": "Robin Sample",
    "account": {"type": "bban", "value": "062000-12345678"},
}))]
#[serde(deny_unknown_fields)]
pub struct NewCustomerBody {
    /// Your own reference, unique among customers: printable ASCII, no blank at either end.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]([ -~]*[!-~])?$")]
    external_id: String,
    /// The payer's name, in printable ASCII.
    #[schema(min_length = 1, max_length = 140, pattern = "^ *[!-~][ -~]*$")]
    name: String,
    /// The account to collect from.
    account: AccountBody,
}

/// A payer's account, as Oligo writes it.
#[derive(Serialize, ToSchema)]
#[schema(as = NewAccount)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// How it is written.
    r#type: AccountTypeBody,
    /// Of `bban`: BSB, hyphen, account. Of `alias_phone`: `+61-411222333`. Of `alias_email`: in lower case.
    /// Of `alias_abn`: 9 or 11 digits. Of `alias_organisation_identifier`: without upper-case letters.
    #[schema(min_length = 2, max_length = 256)]
    value: String,
}

/// How an account is written.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountType)]
#[serde(rename_all = "snake_case")]
pub enum AccountTypeBody {
    /// BSB and account number.
    Bban,
    /// A phone number as PayID.
    AliasPhone,
    /// An e-mail address as PayID.
    AliasEmail,
    /// A business number as PayID.
    AliasAbn,
    /// An organisation's name as PayID.
    AliasOrganisationIdentifier,
}

/// A plan to open.
#[derive(Serialize, ToSchema)]
#[schema(as = NewPlan, example = json!({
    "external_id": "loan-40217",
    "customer_id": "cus_01kaf7v3pzf5ps9bj1x5v4s5ay",
    "description": "Loan 40217 repayments",
    "schedule": {
        "frequency": "monthly", "first_date": "2027-01-31", "instalments": 12, "amount": 28850,
    },
}))]
#[serde(deny_unknown_fields)]
pub struct NewPlanBody {
    /// Your own reference, unique among plans: printable ASCII, no blank at either end.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-~]([ -~]*[!-~])?$")]
    external_id: String,
    /// Who repays.
    #[schema(pattern = "^cus_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    customer_id: String,
    /// What the agreement is for: `loan` unless told.
    purpose: Option<PurposeBody>,
    /// What the payer reads in their bank, in printable ASCII.
    #[schema(min_length = 1, max_length = 140, pattern = "^ *[!-~][ -~]*$")]
    description: String,
    /// What is due when.
    schedule: ScheduleBody,
    /// What the agreement shall allow; chosen when absent.
    payment_terms: Option<PaymentTermsBody>,
    /// The agreement's first date, from which its periods are counted. Given with `payment_terms` only.
    #[schema(format = Date)]
    validity_start_date: Option<String>,
    /// The agreement's last date. Given with `payment_terms` only.
    #[schema(format = Date)]
    validity_end_date: Option<String>,
    /// How often and when a failed instalment is tried again; what it does not give is as configured.
    retry_policy: Option<RetryPolicyBody>,
}

/// What an agreement is for.
#[derive(Serialize, ToSchema)]
#[schema(as = Purpose)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum PurposeBody {
    Mortgage,
    Utility,
    Loan,
    DependantSupport,
    Gambling,
    Retail,
    Salary,
    Personal,
    Government,
    Pension,
    Tax,
    Other,
}

/// What is due when: by a rule, or listed.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
#[serde(untagged)]
pub enum ScheduleBody {
    /// By a rule.
    Regular(RegularScheduleBody),
    /// Listed.
    Listed(ListedScheduleBody),
}

/// The same amount at one frequency. Exactly one of `instalments` and `last_date` is given.
#[derive(Serialize, ToSchema)]
#[schema(as = RegularSchedule)]
#[serde(deny_unknown_fields)]
pub struct RegularScheduleBody {
    /// How often.
    frequency: FrequencyBody,
    /// The first due date; all others are counted from it.
    #[schema(format = Date)]
    first_date: String,
    /// How many.
    #[schema(minimum = 1, maximum = 1500)]
    instalments: Option<u32>,
    /// The date after which none is due.
    #[schema(format = Date)]
    last_date: Option<String>,
    /// Each instalment's amount, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    amount: i64,
    /// The last instalment's amount, where it differs.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    final_amount: Option<i64>,
    /// Which day of a month is meant: `same_day` unless told.
    due_day: Option<DueDayBody>,
}

/// Which day of a month is meant.
#[derive(Serialize, ToSchema)]
#[schema(as = DueDay)]
#[serde(rename_all = "snake_case")]
pub enum DueDayBody {
    /// The first date's day; the last day of a month that lacks it.
    SameDay,
    /// The last day of each month.
    LastDayOfMonth,
}

/// Instalments one by one, by ascending date.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedSchedule)]
#[serde(deny_unknown_fields)]
pub struct ListedScheduleBody {
    /// The instalments.
    #[schema(min_items = 1, max_items = 1500)]
    instalments: Vec<ListedInstalmentBody>,
}

/// One instalment of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedInstalment)]
#[serde(deny_unknown_fields)]
pub struct ListedInstalmentBody {
    /// When it is due, in Sydney.
    #[schema(format = Date)]
    due_date: String,
    /// What is due, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    amount: i64,
}

/// How often an agreement's allowance begins anew.
#[derive(Serialize, ToSchema)]
#[schema(as = Frequency)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum FrequencyBody {
    Adhoc,
    Daily,
    Weekly,
    Fortnightly,
    Monthly,
    Quarterly,
    SemiAnnual,
    Annual,
}

/// Which amounts an agreement allows.
#[derive(Serialize, ToSchema)]
#[schema(as = TermsType)]
#[serde(rename_all = "snake_case")]
pub enum TermsTypeBody {
    /// Exactly `amount`.
    Fixed,
    /// At most `max_amount`.
    Variable,
    /// At most `max_amount`, by what was used.
    UsageBased,
    /// Exactly `amount`, but for the first or the last payment.
    Balloon,
}

/// What an agreement allows.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentTerms, example = json!({
    "type": "fixed", "frequency": "monthly", "amount": 28850, "count": 1,
}))]
#[serde(deny_unknown_fields)]
pub struct PaymentTermsBody {
    /// Which amounts.
    r#type: TermsTypeBody,
    /// How often.
    frequency: FrequencyBody,
    /// Of `fixed` and `balloon`: the exact amount, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    amount: Option<i64>,
    /// Of `variable` and `usage_based`: the largest amount, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    max_amount: Option<i64>,
    /// How many payments a period allows; of `adhoc`: how many in all.
    #[schema(minimum = 1, maximum = 999)]
    count: Option<u32>,
    /// Of `balloon`: the first payment's amount, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    first_payment_amount: Option<i64>,
    /// Of `balloon`: the last payment's amount, in cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_i64)]
    last_payment_amount: Option<i64>,
    /// The exact date of the first payment.
    #[schema(format = Date)]
    first_payment_date: Option<String>,
    /// The date after which nothing is collected.
    #[schema(format = Date)]
    last_payment_date: Option<String>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($case:ident $status:literal $description:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[allow(missing_docs, reason = "the descriptions say it")]
        pub enum $name {$(
            #[response(
                status = $status,
                description = $description,
                content_type = "application/problem+json"
            )]
            $case(ProblemBody),
        )+}
    )+};
}

mod stopping;

pub use stopping::{NewPauseBody, NewResumptionBody, NewTurnBody, PauseProblems, TurnProblems};

problems! {
    /// What a creation can be refused for.
    CreateProblems {
        Malformed 400 "The request or its JSON is malformed",
        Unauthorized 401 "No valid key came with the request",
        Slow 408 "The body did not arrive in time",
        Taken 409 "Another object holds the external id",
        Large 413 "The body is larger than 1 MiB",
        MediaType 415 "The body is not application/json",
        Invalid 422 "The body breaks rules, or the Idempotency-Key belongs to another request",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What a list can be refused for.
    ListProblems {
        Malformed 400 "A query parameter is unknown or out of range",
        Unauthorized 401 "No valid key came with the request",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What one object's reading can be refused for.
    ReadProblems {
        Malformed 400 "A query parameter is unknown, or the path cannot be decoded",
        Unauthorized 401 "No valid key came with the request",
        NotFound 404 "There is no such object",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What a plan's cancellation can be refused for.
    CancelProblems {
        Malformed 400 "The request or its JSON is malformed",
        Unauthorized 401 "No valid key came with the request",
        NotFound 404 "There is no such plan",
        Slow 408 "The body did not arrive in time",
        Ended 409 "The plan is completed: there is nothing left to cancel",
        Large 413 "The body is larger than 1 MiB",
        MediaType 415 "The body is not application/json",
        Invalid 422 "The body breaks rules, or the Idempotency-Key belongs to another request",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What a webhook can be refused for.
    WebhookProblems {
        Malformed 400 "The path cannot be decoded, or the body broke off",
        Unauthorized 401 "The path's secret or the signature is wrong",
        NotFound 404 "There is a secret in the path, and none is configured",
        Slow 408 "The body did not arrive in time",
        Large 413 "The body is larger than 64 KiB",
        Internal 500 "Something is broken on our side",
        Unavailable 503 "Not available at the moment",
        Timeout 504 "The answer was not ready in time",
    }
    /// What readiness can be refused for.
    ReadyProblems {
        NotReady 503 "Not ready to serve",
        Timeout 504 "The answer was not ready in time",
    }
}
