//! Where the bank tells its events: they are written down, and the storm decides which of them
//! arrive, when, in which order and how often.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// An event as the bank told it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) request_id: String,
    pub(crate) body: Bytes,
    /// Such as `payto_payment.settled`.
    pub(crate) kind: String,
    /// What it is about.
    pub(crate) uid: String,
}

type Heard = Arc<Mutex<Vec<Told>>>;

/// The receiver.
pub(crate) struct Ear {
    heard: Heard,
    url: String,
    _served: AbortOnDropHandle<()>,
}

impl Ear {
    pub(crate) async fn open() -> std::io::Result<Ear> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let heard = Heard::default();
        let app = Router::new()
            .route("/", post(hear))
            .with_state(Arc::clone(&heard));
        let served = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the storm hears nothing any more");
            }
        });
        Ok(Ear {
            heard,
            url,
            _served: AbortOnDropHandle::new(served),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What was told since the last time, in an order that depends on nothing but what was told.
    pub(crate) fn take(&self) -> Vec<Told> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told = std::mem::take(&mut *heard);
        told.sort_by(|one, other| (&one.uid, &one.kind).cmp(&(&other.uid, &other.kind)));
        told
    }
}

async fn hear(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let read: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let request_id = headers
        .get("split-request-id")
        .and_then(|id| id.to_str().ok());
    let told = Told {
        request_id: request_id.unwrap_or_default().to_owned(),
        kind: text(&read["data"]["type"]),
        uid: text(&read["data"]["resource_uid"]),
        body,
    };
    heard
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(told);
    StatusCode::NO_CONTENT
}
