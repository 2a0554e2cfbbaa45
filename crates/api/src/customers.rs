//! `/v1/customers`: who repays. The account goes in and never comes out again, but for a hint.

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use domain::account::PayerAccount;
use domain::uid::CustomerId;
use domain::violation::Violation;
use flows::clock::fresh_uuid;
use store::customers::NewCustomer;
use store::views::customers::CustomerView;

use crate::ApiState;
use crate::auth::Caller;
use crate::code::Code;
use crate::error::Problem;
use crate::fields::{EXTERNAL_ID, Fields, TextRule, Violations};
use crate::openapi::{CreateProblems, ListProblems, NewCustomerBody, ReadProblems};
use crate::page::{self, Page, instant_text};
use crate::post::{self, Posted};
use crate::query::Parameters;

/// How a path names an object by the lender's own reference.
pub(crate) const EXTERNAL: &str = "external:";
/// As Oligo takes a party's name.
const NAME: TextRule = TextRule {
    chars_max: 140,
    blank_ends: true,
};

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody {
    /// Its id.
    #[schema(example = "cus_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Your own reference.
    #[schema(example = "borrower-40217")]
    external_id: String,
    /// The payer's name.
    #[schema(example = "Robin Sample")]
    name: String,
    /// The account to collect from, masked.
    account: AccountHint,
    /// When it was created, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    created_at: String,
}

/// An account as it is shown.
#[derive(Serialize, ToSchema)]
pub struct AccountHint {
    /// How it is written.
    #[schema(example = "bban")]
    r#type: &'static str,
    /// Its last characters.
    #[schema(example = "***678")]
    hint: String,
}

/// A page of customers.
#[derive(Serialize, ToSchema)]
pub struct CustomerPage {
    /// The customers, newest first.
    data: Vec<CustomerBody>,
    /// Where the page ends.
    page: Page,
}

/// Register a customer
///
/// The payer's name and account are encrypted; answers and lists show a hint of the account only.
#[utoipa::path(
    post,
    path = "/v1/customers",
    tag = "customers",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
        description = "Makes the request safe to repeat: the same key gives the same answer")),
    request_body = NewCustomerBody,
    responses((status = 201, body = CustomerBody), CreateProblems),
    security(("bearer" = []))
)]
pub async fn create(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let posting = match post::read(&state.store, caller, "create_customer", request).await? {
        Posted::Answered(response) => return Ok(response),
        Posted::Fresh(posting) => posting,
    };
    let customer = parse(&posting.body)
        .map_err(|broken| Problem::of_violations(Code::InvalidFields, broken))?;

    let now = state.clock.now();
    let body = CustomerBody {
        id: customer.id.to_string(),
        external_id: customer.external_id.clone(),
        name: customer.name.clone(),
        account: AccountHint {
            r#type: customer.account.kind().as_str(),
            hint: customer.account.hint(),
        },
        created_at: instant_text(now),
    };
    let (answer, claim) = posting.answer(&state.store, &body)?;
    let outcome =
        flows::create_customer::create_customer(&state.flows, &customer, claim.as_ref(), now)
            .await?;
    post::created(outcome, answer, |id| CustomerId::new(id).to_string())
}

/// List customers
#[utoipa::path(
    get,
    path = "/v1/customers",
    tag = "customers",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "Rows on the page; 50 unless told"),
        ("cursor" = Option<String>, Query, min_length = 1,
            description = "next_cursor of the page before"),
        ("external_id" = Option<String>, Query, min_length = 1, max_length = 100,
            pattern = "^[!-~]([ -~]*[!-~])?$", description = "Only the one of this reference"),
    ),
    responses((status = 200, body = CustomerPage), ListProblems),
    security(("bearer" = []))
)]
pub async fn list(State(state): State<ApiState>, uri: Uri) -> Result<Json<CustomerPage>, Problem> {
    let parameters = Parameters::of(&uri)?;
    let limit = parameters.limit();
    let external_id = parameters
        .text("external_id", EXTERNAL_ID)
        .map(str::to_owned);
    let filter = format!("customers {external_id:?}");
    let before = parameters.cursor(&filter);
    parameters.finish()?;

    let rows = state
        .store
        .customers_page(external_id.as_deref(), before, limit + 1)
        .await?;
    let (rows, page) = page::cut(rows, limit, &filter, |row| row.id.uuid());
    Ok(Json(CustomerPage {
        data: rows.into_iter().map(body_of).collect(),
        page,
    }))
}

/// Show a customer
#[utoipa::path(
    get,
    path = "/v1/customers/{id}",
    tag = "customers",
    params(("id" = String, Path, description = "The id, or `external:` and your reference")),
    responses((status = 200, body = CustomerBody), ReadProblems),
    security(("bearer" = []))
)]
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<CustomerBody>, Problem> {
    Parameters::of(&uri)?.finish()?;
    let found = match id.strip_prefix(EXTERNAL) {
        Some(external_id) if EXTERNAL_ID.check("external_id", external_id).is_ok() => {
            state.store.customer_by_external_id(external_id).await?
        }
        Some(_) => None,
        None => match id.parse() {
            Ok(id) => state.store.customer(id).await?,
            Err(_) => None,
        },
    };
    let detail = "ids begin with cus_; `external:` and your own reference will do too";
    found
        .map(body_of)
        .map(Json)
        .ok_or_else(|| Problem::new(Code::CustomerNotFound, detail))
}

fn body_of(customer: CustomerView) -> CustomerBody {
    CustomerBody {
        id: customer.id.to_string(),
        external_id: customer.external_id,
        name: customer.name,
        account: AccountHint {
            r#type: customer.account_kind.as_str(),
            hint: customer.account_hint,
        },
        created_at: instant_text(customer.created_at),
    }
}

fn parse(body: &Value) -> Result<NewCustomer, Vec<Violation>> {
    let violations = Violations::default();
    let parsed = Fields::of(body, String::new(), &violations).and_then(|fields| {
        let external_id = fields.required("external_id", fields.text("external_id", EXTERNAL_ID));
        let name = fields.required("name", fields.text("name", NAME));
        let account = fields.required("account", fields.object("account"));
        let account = account.and_then(|account| parse_account(account, &violations));
        fields.finish();
        Some(NewCustomer {
            id: CustomerId::new(fresh_uuid()),
            event_id: fresh_uuid(),
            external_id: external_id?.to_owned(),
            name: name?.to_owned(),
            account: account?,
        })
    });
    match parsed {
        Some(customer) if violations.is_empty() => Ok(customer),
        Some(_) | None => Err(violations.into_vec()),
    }
}

fn parse_account(fields: Fields<'_>, violations: &Violations) -> Option<PayerAccount> {
    let kind = fields.required("type", fields.any_text("type"));
    let value = fields.required("value", fields.any_text("value"));
    let account = match (kind, value) {
        (Some(kind), Some(value)) => match PayerAccount::parse(kind, value) {
            Ok(account) => Some(account),
            Err(violation) => {
                violations.push(violation.under("/account"));
                None
            }
        },
        (Some(_) | None, Some(_) | None) => None,
    };
    fields.finish();
    account
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(body: &Value) -> Vec<(String, &'static str)> {
        let violations = parse(body).unwrap_err();
        violations
            .into_iter()
            .map(|violation| (violation.pointer, violation.code))
            .collect()
    }

    #[test]
    fn a_customer_is_read_with_its_account() {
        let body = json!({
            "external_id": "borrower-1",
            "name": "Robin Sample",
            "account": {"type": "bban", "value": "062000-12345678"},
        });
        let customer = parse(&body).unwrap();
        assert_eq!(customer.account.value(), "062000-12345678");
    }

    #[test]
    fn an_upper_case_email_payid_is_refused_beside_every_other_broken_rule() {
        let body = json!({
            "external_id": 7,
            "account": {"type": "alias_email", "value": "Robin@Example.com", "bsb": "062-000"},
            "email": "x",
        });
        let expected = [
            ("/external_id", "wrong_type"),
            ("/name", "required"),
            ("/account/value", "malformed_account"),
            ("/account/bsb", "unknown_field"),
            ("/email", "unknown_field"),
        ];
        assert_eq!(
            broken(&body),
            expected.map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }

    #[test]
    fn a_refusal_never_repeats_the_account() {
        let body = json!({
            "external_id": "b", "name": "Robin Sample",
            "account": {"type": "alias_phone", "value": "0411222333"},
        });
        let told = format!("{:?}", parse(&body).unwrap_err());
        assert!(
            !told.contains("0411222333") && !told.contains("Robin"),
            "{told}"
        );
    }
}
