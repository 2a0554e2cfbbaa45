//! The person who reads the day's questions, and answers those that let collecting go on.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::Deed;
use crate::world::Storm;

/// The question that is answered here: others correct what was recorded, by what only a person can know.
const QUESTION: &str = "agreement_held_back";
const ANSWER: &str = "go_on";

impl Storm {
    /// Reads the questions that are open, and answers some. So once a day, until everything calms down.
    pub(crate) async fn read_questions(&mut self) -> Result<(), StormError> {
        if self.diligence == 0 || self.ends_at() <= self.now() {
            return Ok(());
        }
        self.agenda
            .add(self.now() + TimeDelta::days(1), Deed::ReadQuestions);
        for id in self.open_questions().await? {
            if self.dice.people.strikes(self.diligence) {
                self.answer(&id).await?;
            }
        }
        Ok(())
    }

    async fn open_questions(&self) -> Result<Vec<String>, StormError> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("v1/exceptions?kind={QUESTION}&limit=100{cursor}");
            let page = self.read_api(&path).await?;
            let questions = page["data"].as_array().into_iter().flatten();
            ids.extend(questions.filter_map(|one| one["id"].as_str().map(str::to_owned)));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(ids),
            }
        }
    }

    async fn answer(&mut self, id: &str) -> Result<(), StormError> {
        let path = format!("v1/exceptions/{id}/resolution");
        let body = json!({ "resolution": ANSWER, "reason": "a storm" });
        let (status, told) = self.ask_api(&path, &body).await?;
        self.say(&format!("person: {ANSWER} {id}: {status}"));
        // It may have answered itself since it was read.
        if status != 200 && status != 409 {
            self.breaks(format!(
                "API: {path} with {body} was answered with {status}: {told}"
            ));
        }
        let refused = if status == 200 { "" } else { ", refused" };
        self.mark(format!("person: {ANSWER}{refused}"));
        Ok(())
    }

    async fn read_api(&self, path: &str) -> Result<Value, StormError> {
        let url = format!("{}{path}", self.api_url);
        let asked = self.http.get(url).bearer_auth(&self.api_key).send().await?;
        let status = asked.status();
        if status.is_success() {
            return Ok(asked.json().await?);
        }
        let said = asked.text().await?;
        Err(StormError::Unexpected(format!("{path}: {status} {said}")))
    }
}
