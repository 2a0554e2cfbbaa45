//! The person who reads the day's questions, and answers those that let collecting go on.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::Deed;
use crate::world::Storm;

/// The questions that are answered here, each by one of the answers it takes. Of the rest none lets anything go on
/// that the storm has not ended: a lost agreement, one that cannot be cancelled.
const QUESTIONS: [&str; 6] = [
    "agreement_held_back",
    "instalment_failed",
    "late_settlement",
    "settled_after_end",
    "payment_conflict",
    "reversal",
];

/// A question that is open, and the answers it takes.
struct Open {
    id: String,
    kind: &'static str,
    answers: Vec<String>,
}

impl Storm {
    /// Reads the questions that are open, and answers some. So once a day, until everything calms down.
    pub(crate) async fn read_questions(&mut self) -> Result<(), StormError> {
        if self.diligence == 0 || self.ends_at() <= self.now() {
            return Ok(());
        }
        self.agenda
            .add(self.now() + TimeDelta::days(1), Deed::ReadQuestions);
        for kind in QUESTIONS {
            for question in self.open_questions(kind).await? {
                if self.dice.people.strikes(self.diligence) {
                    self.answer(&question).await?;
                }
            }
        }
        Ok(())
    }

    async fn open_questions(&self, kind: &'static str) -> Result<Vec<Open>, StormError> {
        let mut questions = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("v1/exceptions?kind={kind}&limit=100{cursor}");
            let page = self.read_api(&path).await?;
            let told = page["data"].as_array().into_iter().flatten();
            questions.extend(told.filter_map(|one| {
                let answers = one["resolutions"].as_array()?.iter();
                Some(Open {
                    id: one["id"].as_str()?.to_owned(),
                    kind,
                    answers: answers
                        .filter_map(|answer| answer.as_str().map(str::to_owned))
                        .collect(),
                })
            }));
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(questions),
            }
        }
    }

    async fn answer(&mut self, question: &Open) -> Result<(), StormError> {
        let (id, kind) = (&question.id, question.kind);
        if question.answers.is_empty() {
            return Err(StormError::Unexpected(format!("{kind} takes no answer")));
        }
        let answer = self.dice.people.pick(&question.answers).clone();
        let path = format!("v1/exceptions/{id}/resolution");
        let body = json!({ "resolution": answer, "reason": "a storm" });
        let (status, told) = self.ask_api(&path, &body).await?;
        self.say(&format!("person: {kind} {answer} {id}: {status}"));
        // It may have answered itself since it was read.
        if status != 200 && status != 409 {
            self.breaks(format!(
                "API: {path} with {body} was answered with {status}: {told}"
            ));
        }
        let refused = if status == 200 { "" } else { ", refused" };
        self.mark(format!("person: {kind} {answer}{refused}"));
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
