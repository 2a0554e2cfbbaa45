//! A sandbox on a free port, a client for both its faces, and a receiver for its events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::{DateTime, TimeDelta, Utc};
use sandbox::{MonthEnd, SandboxConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The token every call carries.
pub const TOKEN: &str = "sandbox-token";
/// The payer account of most tests.
pub const ACCOUNT: &str = "062000-12345678";
/// The clock's start: Monday 1 June 2026, 10 in the morning in Sydney.
pub const START: &str = "2026-06-01T00:00:00Z";

/// A sandbox under test.
pub struct Rig {
    pub base: String,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
}

/// A status and its body, null when there is none.
pub type Answer = (u16, Value);

impl Rig {
    /// Frozen at [`START`], Oligo's reading, nobody listening for events.
    pub async fn start() -> Rig {
        Rig::start_at(START).await
    }

    /// Frozen at another instant.
    pub async fn start_at(instant: &str) -> Rig {
        let start_at = Some(instant.parse().unwrap());
        Rig::with(SandboxConfig {
            start_at,
            ..SandboxConfig::new(TOKEN)
        })
        .await
    }

    /// Frozen at an instant, with Azupay's reading.
    pub async fn start_azupay(instant: &str) -> Rig {
        let start_at = Some(instant.parse().unwrap());
        let reading = MonthEnd::Azupay;
        Rig::with(SandboxConfig {
            start_at,
            reading,
            ..SandboxConfig::new(TOKEN)
        })
        .await
    }

    pub async fn with(config: SandboxConfig) -> Rig {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            sandbox::serve(listener, config, shutdown).await.unwrap();
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Rig {
            base,
            http,
            stop: Some(stop),
            served: Some(served),
        }
    }

    /// Stops the sandbox and waits for its end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        // Pooled connections are idle, so they do not hold the end up.
        self.served.take().unwrap().await.unwrap();
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(reqwest::Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(reqwest::Method::PUT, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(reqwest::Method::GET, path, None).await
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Creates an agreement.
    pub async fn propose(&self, body: Value) -> Answer {
        self.post("/v1/payto/agreements", body).await
    }

    /// Creates an agreement whose payer accepts it at once, and waits until it is active.
    pub async fn activate(&self, uid: &str, terms: Value) {
        self.activate_from(uid, terms, json!({})).await;
    }

    /// The same, with more fields in the request.
    pub async fn activate_from(&self, uid: &str, terms: Value, more: Value) {
        let mut body = agreement(uid, terms);
        body["sandbox"] = json!({"simulate": "debtor_accept"});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = self.propose(body).await;
        assert_eq!(status, 201, "{answer}");
        self.pass(2).await;
        assert_eq!(self.agreement_state(uid).await, "active");
    }

    pub async fn agreement_state(&self, uid: &str) -> String {
        let (status, answer) = self.get(&format!("/v1/payto/agreements/{uid}")).await;
        assert_eq!(status, 200);
        answer["data"]["state"].as_str().unwrap().to_owned()
    }

    pub async fn pay(&self, uid: &str, agreement_uid: &str, amount: i64) -> Answer {
        self.post("/v1/payto/payments", payment(uid, agreement_uid, amount))
            .await
    }

    pub async fn retry(&self, uid: &str, body: Value) -> Answer {
        self.post(&format!("/v1/payto/payments/{uid}/retry"), body)
            .await
    }

    pub async fn payment(&self, uid: &str) -> Value {
        let (status, answer) = self.get(&format!("/v1/payto/payments/{uid}")).await;
        assert_eq!(status, 200);
        answer["data"].clone()
    }

    /// A payment's state, with its failure code where it has one.
    pub async fn payment_state(&self, uid: &str) -> String {
        let payment = self.payment(uid).await;
        let state = payment["state"].as_str().unwrap();
        match payment["failure"]["code"].as_str() {
            Some(code) => format!("{state} {code}"),
            None => state.to_owned(),
        }
    }

    pub async fn now(&self) -> DateTime<Utc> {
        let (_, clock) = self.get("/sandbox/clock").await;
        clock["now_at"].as_str().unwrap().parse().unwrap()
    }

    /// Moves the clock on by seconds.
    pub async fn pass(&self, seconds: i64) {
        let to = self.now().await + TimeDelta::seconds(seconds);
        let (status, answer) = self.put("/sandbox/clock", json!({"now_at": to})).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Moves the clock to an instant.
    pub async fn wait_until(&self, instant: &str) {
        let (status, answer) = self.put("/sandbox/clock", json!({"now_at": instant})).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Sets how the payer of [`ACCOUNT`] behaves.
    pub async fn payer(&self, mut behaviour: Value) {
        behaviour["account"] = json!({"type": "bban", "value": ACCOUNT});
        let (status, answer) = self.post("/sandbox/payers", behaviour).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub async fn listen_at(&self, receiver: &Receiver) {
        let (status, _) = self
            .put("/sandbox/webhooks", json!({"url": receiver.url}))
            .await;
        assert_eq!(status, 200);
    }

    pub async fn ledger(&self) -> Value {
        self.get("/sandbox/ledger").await.1
    }
}

/// The codes of an error body; a 400's errors have none and give empty strings.
pub fn codes(answer: &Answer) -> Vec<&str> {
    let errors = answer.1["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| error["code"].as_str().unwrap_or(""))
        .collect()
}

pub fn agreement(uid: &str, terms: Value) -> Value {
    json!({
        "uid": uid,
        "purpose": "loan",
        "description": "Loan 40217 repayments",
        "debtor": {
            "party_name": "Robin Sample",
            "account_identifier": {"type": "bban", "value": ACCOUNT},
        },
        "payment_terms": terms,
    })
}

/// Terms that allow two payments of up to 650 dollars a month.
pub fn twice_monthly() -> Value {
    json!({"type": "variable", "frequency": "monthly", "max_amount": 65_000, "count": 2})
}

/// Terms that allow anything up to 650 dollars.
pub fn adhoc() -> Value {
    json!({"type": "variable", "frequency": "adhoc", "max_amount": 65_000})
}

pub fn payment(uid: &str, agreement_uid: &str, amount: i64) -> Value {
    json!({"uid": uid, "agreement_uid": agreement_uid, "amount": amount, "priority": "unattended"})
}

/// A listener for events that answers as it is told.
pub struct Receiver {
    pub url: String,
    seen: Arc<Mutex<Vec<Received>>>,
    status: Arc<Mutex<u16>>,
}

/// One event as it came.
#[derive(Clone)]
pub struct Received {
    pub request_id: String,
    pub signature: Option<String>,
    pub text: String,
    pub body: Value,
}

impl Received {
    pub fn kind(&self) -> &str {
        self.body["data"]["type"].as_str().unwrap()
    }
}

impl Receiver {
    pub async fn start() -> Receiver {
        let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
        let status = Arc::new(Mutex::new(200));
        let (record, answer) = (seen.clone(), status.clone());
        let receive = async move |headers: HeaderMap, body: Bytes| {
            let signature = headers.get("split-signature");
            record.lock().unwrap().push(Received {
                request_id: headers["split-request-id"].to_str().unwrap().to_owned(),
                signature: signature.map(|text| text.to_str().unwrap().to_owned()),
                text: String::from_utf8(body.to_vec()).unwrap(),
                body: serde_json::from_slice(&body).unwrap(),
            });
            StatusCode::from_u16(*answer.lock().unwrap()).unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let app = Router::new().route("/webhooks", post(receive));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Receiver { url, seen, status }
    }

    pub fn answer_with(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.seen()
            .iter()
            .map(|event| event.kind().to_owned())
            .collect()
    }

    /// Waits until `count` events came, for what is delivered in the background.
    pub async fn wait_for(&self, count: usize) {
        let came = async {
            while self.seen().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), came)
            .await
            .unwrap();
    }
}
