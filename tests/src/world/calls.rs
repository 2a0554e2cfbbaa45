//! What a lender asks of Paydown, and what the payers and the bank do.

use std::sync::atomic::Ordering;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Event, Ledger, Plan, World};

/// A registered customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The API's id of it.
    pub id: String,
    /// Its account, as the bank knows it.
    pub account: Value,
}

/// A registered plan.
#[derive(Clone, Debug)]
pub struct PlanHandle {
    /// The API's id of it.
    pub id: String,
    /// The uid of its first agreement.
    pub agreement_uid: String,
    /// Who repays.
    pub customer: Customer,
}

impl World {
    /// Registers a customer with an account of their own.
    pub async fn register_customer(&self) -> Customer {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let account = json!({ "type": "bban", "value": format!("062000-{}", 10_000_000 + number) });
        self.register_customer_with("Robin Sample", account).await
    }

    /// Registers a customer of a name and an account of the story's choice.
    pub async fn register_customer_with(&self, name: &str, account: Value) -> Customer {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let body = json!({
            "external_id": format!("borrower-{number}"),
            "name": name,
            "account": account,
        });
        let created: Value = self
            .ask_api(Method::POST, "/v1/customers", Some(&body))
            .await;
        Customer {
            id: text(&created["id"]),
            account,
        }
    }

    /// The lender cancels a plan, because the customer asked for it; what the API answered.
    pub async fn cancel_plan(&self, plan: &PlanHandle) -> Value {
        let path = format!("/v1/plans/{}/cancellation", plan.id);
        let body = json!({ "reason": "customer_requested" });
        self.ask_api(Method::POST, &path, Some(&body)).await
    }

    /// An operator closes collections under a scope, such as `all` or `plan:pln_…`; what the API answered.
    pub async fn close_collections(&self, scope: &str) -> Value {
        let body = json!({ "scope": scope, "reason": "a story" });
        let path = "/v1/collections/closure";
        self.ask_api(Method::POST, path, Some(&body)).await
    }

    /// An operator opens them again; what the API answered.
    pub async fn open_collections(&self, scope: &str) -> Value {
        let body = json!({ "scope": scope, "reason": "the story goes on" });
        let path = "/v1/collections/opening";
        self.ask_api(Method::POST, path, Some(&body)).await
    }

    /// The lender pauses a plan, until a date if one is given; what the API answered.
    pub async fn pause_plan(&self, plan: &PlanHandle, until: Option<&str>) -> Value {
        let path = format!("/v1/plans/{}/pause", plan.id);
        let body = json!({ "reason": "hardship arrangement", "until": until });
        self.ask_api(Method::POST, &path, Some(&body)).await
    }

    /// The lender resumes a plan; what the API answered.
    pub async fn resume_plan(&self, plan: &PlanHandle) -> Value {
        let path = format!("/v1/plans/{}/resumption", plan.id);
        let body = json!({ "reason": "the arrangement has ended" });
        self.ask_api(Method::POST, &path, Some(&body)).await
    }

    /// Registers a plan of `schedule` (as `POST /v1/plans` takes it) for a customer.
    pub async fn register_plan(&self, customer: &Customer, schedule: Value) -> PlanHandle {
        self.register_plan_with(customer, json!({ "schedule": schedule }))
            .await
    }

    /// Registers a plan with fields of its own choice.
    pub async fn register_plan_with(&self, customer: &Customer, mut plan: Value) -> PlanHandle {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        plan["external_id"] = json!(format!("loan-{number}"));
        plan["customer_id"] = json!(customer.id);
        plan["description"] = json!("Loan repayments");
        let created: Value = self.ask_api(Method::POST, "/v1/plans", Some(&plan)).await;
        PlanHandle {
            id: text(&created["id"]),
            agreement_uid: text(&created["agreement"]["uid"]),
            customer: customer.clone(),
        }
    }

    /// A plan whose payer approves at once, with its agreement active. Takes 31 seconds of the
    /// world's time.
    pub async fn active_plan(&self, schedule: Value) -> PlanHandle {
        let customer = self.register_customer().await;
        self.payer(&customer, json!({ "decision": "approve" }))
            .await;
        let plan = self.register_plan(&customer, schedule).await;
        self.advance_by(chrono::TimeDelta::seconds(31)).await;
        let told = self.plan(&plan).await;
        assert_eq!(
            (told.state.as_str(), told.agreement.state.as_str()),
            ("active", "active")
        );
        plan
    }

    /// A plan as the API tells it.
    pub async fn plan(&self, plan: &PlanHandle) -> Plan {
        self.ask_api(Method::GET, &format!("/v1/plans/{}", plan.id), None)
            .await
    }

    /// A plan's events, oldest first.
    pub async fn events(&self, plan: &PlanHandle) -> Vec<Event> {
        let path = format!("/v1/events?limit=200&plan_id={}", plan.id);
        let page: Value = self.ask_api(Method::GET, &path, None).await;
        serde_json::from_value(page["data"].clone()).expect("events")
    }

    /// The types of a plan's events, oldest first.
    pub async fn event_types(&self, plan: &PlanHandle) -> Vec<String> {
        self.events(plan)
            .await
            .into_iter()
            .map(|event| event.r#type)
            .collect()
    }

    /// The kinds of the questions that wait for a person.
    pub async fn open_questions(&self) -> Vec<String> {
        let page: Value = self
            .ask_api(Method::GET, "/v1/exceptions?limit=200", None)
            .await;
        let questions = page["data"].as_array().expect("a page").iter();
        questions.map(|question| text(&question["kind"])).collect()
    }

    /// Hands Paydown's webhook receiver a body that the bank never sent.
    pub async fn forge_webhook(&self, request_id: &str, body: &Value) -> StatusCode {
        let headers = [
            ("split-request-id", request_id),
            ("content-type", "application/json"),
        ];
        self.deliver_until_kept(&headers, body.to_string().as_bytes())
            .await
    }

    /// Delivers as the provider does: whoever is told that it cannot be kept now sends it again. On a
    /// busy machine that is an answer like another.
    pub async fn deliver_until_kept(&self, headers: &[(&str, &str)], body: &[u8]) -> StatusCode {
        let mut status = StatusCode::SERVICE_UNAVAILABLE;
        // As often as the provider does, and no longer.
        for _ in 0..12 {
            status = self.deliver(headers, body.to_vec()).await;
            if status != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
        }
        status
    }

    /// Hands Paydown's webhook receiver any bytes, under headers of the story's choice.
    pub async fn deliver(&self, headers: &[(&str, &str)], body: Vec<u8>) -> StatusCode {
        let url = self.api_url.join("/v1/webhooks/oligo").expect("a path");
        let mut sent = self.http.post(url).body(body);
        for (name, value) in headers {
            sent = sent.header(*name, *value);
        }
        sent.send().await.expect("the receiver answers").status()
    }

    /// Asks the API for anything at all, well-formed or not, and answers with its status and text.
    pub async fn ask_anything(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> (StatusCode, String) {
        let url = self.api_url.join(path).expect("a path");
        let mut asked = self.http.request(method, url).bearer_auth(&self.api_key);
        if let Some(body) = body {
            asked = asked.header("content-type", "application/json").body(body);
        }
        let answer = asked.send().await.expect("the server answers");
        let status = answer.status();
        (status, answer.text().await.expect("a whole answer"))
    }

    /// Changes how a customer behaves as a payer.
    pub async fn payer(&self, customer: &Customer, mut behaviour: Value) {
        behaviour["account"] = customer.account.clone();
        self.ask_sandbox::<Value>(Method::POST, "/sandbox/payers", Some(&behaviour))
            .await;
    }

    /// The payer approves a proposed agreement in their bank, and Paydown hears of it.
    pub async fn approve(&self, plan: &PlanHandle) {
        self.payer_acts(plan, "approve").await;
    }

    /// The payer declines a proposed agreement.
    pub async fn decline(&self, plan: &PlanHandle) {
        self.payer_acts(plan, "decline").await;
    }

    /// The payer pauses an agreement.
    pub async fn suspend(&self, plan: &PlanHandle) {
        self.payer_acts(plan, "suspend").await;
    }

    /// The payer lets a paused agreement go on.
    pub async fn reactivate(&self, plan: &PlanHandle) {
        self.payer_acts(plan, "reactivate").await;
    }

    /// The payer ends an agreement.
    pub async fn cancel(&self, plan: &PlanHandle) {
        self.payer_acts(plan, "cancel").await;
    }

    async fn payer_acts(&self, plan: &PlanHandle, decision: &str) {
        let path = format!("/sandbox/agreements/{}/decision", plan.agreement_uid);
        let body = json!({ "decision": decision });
        self.ask_sandbox::<Value>(Method::POST, &path, Some(&body))
            .await;
        self.settle().await;
    }

    /// The bank decides what becomes of a payment: `settle`, `fail`, `pending` or `investigate`.
    pub async fn bank_decides(&self, payment_uid: &str, outcome: &str) {
        let path = format!("/sandbox/payments/{payment_uid}/outcome");
        let body = json!({ "outcome": outcome });
        self.ask_sandbox::<Value>(Method::POST, &path, Some(&body))
            .await;
        self.settle().await;
    }

    /// The bank fails a payment under a code of its own choice.
    pub async fn bank_fails(&self, payment_uid: &str, code: &str) {
        let path = format!("/sandbox/payments/{payment_uid}/outcome");
        let body = json!({ "outcome": "fail", "code": code });
        self.ask_sandbox::<Value>(Method::POST, &path, Some(&body))
            .await;
        self.settle().await;
    }

    /// Somebody else makes a payment at the bank under one of our agreements, with our credential.
    pub async fn pay_behind_our_back(&self, agreement_uid: &str, uid: &str, amount: i64) {
        let url = self.sandbox_url.join("/v1/payto/payments").expect("a path");
        let body = json!({
            "uid": uid,
            "agreement_uid": agreement_uid,
            "amount": amount,
            "priority": "unattended",
        });
        let sent = self.http.post(url).bearer_auth(self.kit.token).json(&body);
        let answer = sent.send().await.expect("the bank answers");
        let status = answer.status();
        let told = answer.text().await.expect("a whole answer");
        assert!(status.is_success(), "{status} {told}");
    }

    /// The bank forgets every payment and agreement.
    pub async fn bank_forgets(&self) {
        let url = self.sandbox_url.join("/sandbox/reset").expect("a path");
        let answer = self.http.post(url).send().await.expect("the bank answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// The bank's own account of what happened.
    pub async fn ledger(&self) -> Ledger {
        self.ask_sandbox(Method::GET, "/sandbox/ledger", None).await
    }

    /// The same as a second opinion reads it.
    pub async fn witness(&self) -> verify::witness::Ledger {
        self.ask_sandbox(Method::GET, "/sandbox/ledger", None).await
    }

    /// The bank's misfortunes, as `PUT /sandbox/faults` takes them.
    pub async fn set_faults(&self, faults: &Value) {
        self.ask_sandbox::<Value>(Method::PUT, "/sandbox/faults", Some(faults))
            .await;
    }

    /// The names under which the bank knows the payers of its agreements, in order of creation.
    pub async fn debtor_names(&self) -> Vec<String> {
        let listed: Value = self
            .ask_sandbox(Method::GET, "/sandbox/agreements", None)
            .await;
        let all = listed["agreements"].as_array().expect("a list").iter();
        all.map(|one| text(&one["debtor_name"])).collect()
    }

    /// How often a misfortune struck so far, such as `hung`.
    pub async fn struck(&self, misfortune: &str) -> u64 {
        let faults: Value = self.ask_sandbox(Method::GET, "/sandbox/faults", None).await;
        faults["struck"][misfortune]
            .as_u64()
            .expect("a known misfortune")
    }

    pub(super) async fn switch_webhooks_on(&self) {
        let url = self.api_url.join("/v1/webhooks/oligo").expect("a path");
        let body = json!({ "url": url.as_str() });
        self.ask_sandbox::<Value>(Method::PUT, "/sandbox/webhooks", Some(&body))
            .await;
    }

    async fn ask_api<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> T {
        let url = self.api_url.join(path).expect("a path");
        let asked = self.http.request(method, url).bearer_auth(&self.api_key);
        answered(asked, path, body).await
    }

    pub(super) async fn ask_sandbox<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> T {
        let url = self.sandbox_url.join(path).expect("a path");
        answered(self.http.request(method, url), path, body).await
    }
}

async fn answered<T: DeserializeOwned>(
    mut asked: reqwest::RequestBuilder,
    path: &str,
    body: Option<&Value>,
) -> T {
    if let Some(body) = body {
        asked = asked.json(body);
    }
    let answer = asked.send().await.expect("the server answers");
    let status = answer.status();
    let told = answer.text().await.expect("a whole answer");
    assert!(status.is_success(), "{path}: {status} {told}");
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{path}: {error} in {told}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
