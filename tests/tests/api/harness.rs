//! The API over a database of its own, on a free port, with a clock that stands still.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use chrono::TimeDelta;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::{CancellationToken, DropGuard};

use api::{ApiState, KeyMode, WebhookConfig, api_key_digest, new_api_key_secret};
use domain::uid::{ApiKeyId, UidKey};
use e2e::database::{TestDatabase, fresh_database};
use flows::clock::{Clock, fresh_uuid};
use oligo_client::{ClientConfig, OligoClient};

/// Every table that a request to the API could write to.
const TABLES: [&str; 6] = [
    "customer",
    "plan",
    "agreement",
    "instalment",
    "event",
    "idempotency",
];
const DEADLINE: Duration = Duration::from_secs(10);

pub struct Api {
    pub base: String,
    pub url: String,
    pub key: String,
    pub pool: PgPool,
    pub state: ApiState,
    client: reqwest::Client,
    _database: TestDatabase,
    _shutdown: DropGuard,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    /// The problem's code, once everything that every problem has is there.
    pub fn problem(&self) -> String {
        let body = self.json();
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{body}"
        );
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        assert_eq!(
            body["request_id"],
            self.headers["request-id"].to_str().unwrap(),
            "{body}"
        );
        for member in ["type", "title", "detail", "instance"] {
            assert!(body[member].is_string(), "{member} in {body}");
        }
        assert!(
            body["retryable"].is_boolean() && body["errors"].is_array(),
            "{body}"
        );
        body["code"].as_str().unwrap().to_owned()
    }

    /// Pointers and codes of the broken rules.
    pub fn broken(&self) -> Vec<(String, String)> {
        let body = self.json();
        let text = |error: &Value, member: &str| error[member].as_str().unwrap().to_owned();
        let errors = body["errors"].as_array().unwrap().iter();
        errors
            .map(|error| (text(error, "pointer"), text(error, "code")))
            .collect()
    }
}

impl Api {
    pub async fn start() -> Api {
        Api::start_with(WebhookConfig::default(), true).await
    }

    pub async fn start_with(webhook: WebhookConfig, test_clock: bool) -> Api {
        let database = fresh_database().await;
        let (clock, _) = Clock::by_hand("2026-01-05T00:00:00Z".parse().unwrap());
        let url = "http://127.0.0.1:9/v1".parse().unwrap();
        let oligo = OligoClient::new(ClientConfig::new(url, SecretString::from("unused"))).unwrap();
        let settings = flows::Settings {
            uid_key: UidKey::new([1; 32]),
            hours: domain::gate::SendingHours::default(),
            retry: domain::failure::RetryPolicy::default(),
            catch_up_per_day_max: Some(2),
            agreement_refresh: TimeDelta::hours(24),
            calls_in_flight_max: 4,
            calls_prepared_max: 4,
            requester_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            webhook_secrets: Vec::new(),
        };
        let state = ApiState {
            store: database.store.clone(),
            clock: clock.clone(),
            flows: flows::Deps {
                store: database.store.clone(),
                clock,
                provider: flows::provider::Provider::Oligo(oligo),
                settings: Arc::new(settings),
            },
            webhook,
            test_clock,
            version: "0.0.0-test",
        };

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let ends = shutdown.clone().cancelled_owned();
        tokio::spawn(api::serve(listener, state.clone(), ends));
        let api = Api {
            base,
            url: database.url.clone(),
            key: String::new(),
            pool: PgPool::connect(&database.url).await.unwrap(),
            state,
            client: reqwest::Client::new(),
            _database: database,
            _shutdown: shutdown.drop_guard(),
        };
        let key = api.new_key().await;
        Api { key, ..api }
    }

    pub async fn new_key(&self) -> String {
        let secret = new_api_key_secret(KeyMode::Test).expose_secret().to_owned();
        let id = ApiKeyId::new(fresh_uuid());
        let now = self.state.clock.now();
        self.state
            .store
            .create_api_key("a test", api_key_digest(&secret), id, now)
            .await
            .unwrap();
        secret
    }

    /// A request without a key.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.bare(Method::GET, path).bearer_auth(&self.key)).await
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.bare(Method::POST, path)
            .bearer_auth(&self.key)
            .json(body)
    }

    pub async fn create(&self, path: &str, body: &Value) -> Value {
        let answer = send(self.post(path, body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }

    /// A customer's id.
    pub async fn customer(&self, external_id: &str) -> String {
        let created = self.create("/v1/customers", &customer(external_id)).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// How many rows each table holds.
    pub async fn rows(&self) -> Vec<(&'static str, i64)> {
        let mut rows = Vec::new();
        for table in TABLES {
            let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
            rows.push((
                table,
                sqlx::query_scalar(count)
                    .fetch_one(&self.pool)
                    .await
                    .unwrap(),
            ));
        }
        rows
    }

    /// The events of a feed, once there are `count` of them.
    ///
    /// Any transaction open in the cluster, another test's too, holds the newest events back.
    pub async fn events(&self, path: &str, count: usize) -> Value {
        let deadline = Monotonic::now() + DEADLINE;
        loop {
            let answer = self.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            let body = answer.json();
            let found = body["data"].as_array().unwrap().len();
            if count <= found {
                return body;
            }
            assert!(Monotonic::now() < deadline, "{found} events of {count}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert!(headers.contains_key("request-id"), "{status} {text}");
    Answer {
        status,
        headers,
        text,
    }
}

pub fn customer(external_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "name": "Robin Sample",
        "account": {"type": "bban", "value": "062000-12345678"},
    })
}

pub fn plan(external_id: &str, customer_id: &str) -> Value {
    json!({
        "external_id": external_id,
        "customer_id": customer_id,
        "description": "Loan repayments",
        "schedule": {
            "frequency": "monthly", "first_date": "2026-01-31", "instalments": 3, "amount": 28850,
        },
    })
}

/// `body` with another value at `pointer`; a value of null takes the field away.
pub fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    body
}
