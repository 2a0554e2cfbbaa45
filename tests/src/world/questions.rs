//! What a person on the lender's side does: reads the open questions, takes them on, and answers them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use domain::date::Instant;
use flows::reconcile::{Depth, Reconciliation, reconcile};

use super::World;

impl World {
    /// The only open question of this kind, as the API tells it.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one.
    pub async fn question(&self, kind: &str) -> Value {
        let page = self
            .ask_json(Method::GET, &format!("/v1/exceptions?kind={kind}"), None)
            .await
            .1;
        let found = page["data"].as_array().expect("a page");
        assert_eq!(found.len(), 1, "open questions of kind {kind}: {page}");
        found[0].clone()
    }

    /// A question by its id, open or answered.
    pub async fn question_by_id(&self, id: &str) -> Value {
        let path = format!("/v1/exceptions/{id}");
        self.ask_json(Method::GET, &path, None).await.1
    }

    /// The questions that were answered: kind and answer.
    pub async fn closed_questions(&self) -> Vec<(String, String)> {
        let page = self
            .ask_json(Method::GET, "/v1/exceptions?state=closed&limit=200", None)
            .await
            .1;
        let closed = page["data"].as_array().expect("a page").iter();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        closed
            .map(|one| (text(&one["kind"]), text(&one["resolution"])))
            .collect()
    }

    /// Compares with the provider's lists now, as `paydown reconcile` does.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn reconcile(&self, depth: Depth) -> Reconciliation {
        let found = reconcile(&self.deps(), depth).await;
        found.expect("the database answers")
    }

    /// Waits, in real time, until a chore was done to its end, at `since` or after it.
    ///
    /// # Panics
    ///
    /// When it is not done within a minute.
    pub async fn chore_is_done(&self, name: &str, since: Instant) {
        self.until(name, async || {
            let done = sqlx::query_scalar(
                "select coalesce($2 <= done_at, false) from chore where name = $1",
            )
            .bind(name)
            .bind(since)
            .fetch_one(&self.pool);
            done.await.expect("the database answers")
        })
        .await;
    }

    /// Has nothing sent until the database was compared, as `paydown reconcile --after-restore` does first.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn close_fence(&self) {
        let closed = self.store.close_fence(self.now()).await;
        closed.expect("the database answers");
    }

    /// Starts a worker that looks first, as every process does, which database it has come to.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn start_fresh_worker(&mut self) {
        let store = self.database.another_store().await;
        let fingerprint = self.kit.settings.uid_key.fingerprint();
        let held = store.hold_keys(&fingerprint).await;
        held.expect("the keys are the database's");
        store.close().await;
        self.start_worker();
    }

    /// Answers the only open question of this kind; the API's status and body.
    pub async fn answer(&self, kind: &str, resolution: &str) -> (StatusCode, Value) {
        let question = self.question(kind).await;
        let id = question["id"].as_str().expect("an id");
        let body = json!({ "resolution": resolution, "reason": "a story" });
        let path = format!("/v1/exceptions/{id}/resolution");
        let answered = self.ask_json(Method::POST, &path, Some(&body)).await;
        self.settle().await;
        answered
    }

    /// Asks the API anything in JSON; its status and body.
    pub async fn ask_json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let body = body.map(|body| body.to_string().into_bytes());
        let (status, text) = self.ask_anything(method, path, body).await;
        let told = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        (status, told)
    }
}
