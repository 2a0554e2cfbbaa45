//! What a person must decide. Opened in the transaction of the step that raised it, once per subject; answered by a
//! person, or by the world in the transaction of the step that did.

use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::Instant;
use domain::exception::{Kind, Resolution};
use domain::uid::{ExceptionId, PlanId};

use crate::journal::{JournalLine, NewEvent, append_journal};
use crate::{Store, StoreError};

mod answer;
mod facts;
mod writes;

pub use answer::{Answered, AssignmentOutcome};
pub use facts::ExceptionFacts;
pub use writes::{AnswerWrite, Discarded, NewDraft, PaymentCorrection};

/// A question for a person.
#[derive(Clone, Debug)]
pub struct NewException {
    /// The exception's id (UUIDv7).
    pub id: Uuid,
    /// Its kind, such as `late_settlement`.
    pub kind: &'static str,
    /// The plan it concerns, where there is one.
    pub plan_id: Option<Uuid>,
    /// What it is about: `payment`, `agreement`, `webhook`.
    pub subject: &'static str,
    /// That object's id.
    pub subject_id: Uuid,
    /// The facts, in a sentence. Never a name or an account.
    pub detail: String,
    /// What to do next, in a sentence.
    pub next_action: &'static str,
}

/// Opens questions; one that is open already stays as it is. Answers the ids of those that are new.
///
/// Every look at a missing agreement asks about it: what a person has noted since it is missing, not again for a day.
pub(crate) async fn open_exceptions(
    tx: &mut PgConnection,
    exceptions: &[NewException],
    now: Instant,
) -> Result<Vec<Uuid>, StoreError> {
    if exceptions.is_empty() {
        return Ok(Vec::new());
    }
    // In one order, as everybody inserts them: two that ask the same wait for each other, and not in a ring.
    let mut sorted: Vec<&NewException> = exceptions.iter().collect();
    sorted.sort_by_key(|one| (one.kind, one.subject_id));
    let opened: Vec<Uuid> = sqlx::query_scalar(
        "insert into exception
           (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
         select id, kind, plan_id, subject, subject_id, detail, next_action, $8
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[],
                     $7::text[])
           as n (id, kind, plan_id, subject, subject_id, detail, next_action)
         where not (n.kind = $9 and exists (
           select 1
           from exception e
           join agreement a on a.id = e.subject_id
           where e.subject_id = n.subject_id
             and e.kind = n.kind
             and e.resolution = $10
             and a.absent_since_at < e.closed_at
             and $8 - interval '1 day' < e.closed_at))
         on conflict (kind, subject_id) where closed_at is null do nothing
         returning id",
    )
    .bind(column(&sorted, |one| one.id))
    .bind(column(&sorted, |one| one.kind))
    .bind(column(&sorted, |one| one.plan_id))
    .bind(column(&sorted, |one| one.subject))
    .bind(column(&sorted, |one| one.subject_id))
    .bind(column(&sorted, |one| one.detail.clone()))
    .bind(column(&sorted, |one| one.next_action))
    .bind(now)
    .bind(Kind::AgreementMissing.as_str())
    .bind(Resolution::Noted.as_str())
    .fetch_all(&mut *tx)
    .await?;
    let lines: Vec<JournalLine> = sorted
        .into_iter()
        .filter(|one| opened.contains(&one.id))
        .map(|one| JournalLine {
            subject: "exception",
            subject_id: one.id,
            from_state: "none",
            to_state: "open",
            cause: one.kind,
            detail: Some(one.detail.clone()),
        })
        .collect();
    append_journal(tx, &lines, now).await?;
    Ok(opened)
}

fn column<T>(exceptions: &[&NewException], of: impl Fn(&NewException) -> T) -> Vec<T> {
    exceptions.iter().map(|one| of(one)).collect()
}

impl Store {
    /// Opens questions that belong to no step of a row; one that is open already stays as it is.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn open_questions(
        &self,
        questions: &[NewException],
        now: Instant,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        open_exceptions(&mut tx, questions, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Opens those of `questions` that were never asked before, open or answered. Answers how many.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn ask_once(
        &self,
        questions: &[NewException],
        now: Instant,
    ) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let asked = asked(&mut tx, questions).await?;
        let new: Vec<NewException> = questions
            .iter()
            .filter(|one| !asked.contains(&(one.kind.to_owned(), one.subject_id)))
            .cloned()
            .collect();
        let opened = open_exceptions(&mut tx, &new, now).await?;
        tx.commit().await?;
        Ok(opened.len())
    }

    /// Whether each of `questions` was asked before, open or answered.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn are_all_asked(&self, questions: &[NewException]) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let asked = asked(&mut connection, questions).await?;
        let is_asked = |one: &NewException| asked.contains(&(one.kind.to_owned(), one.subject_id));
        Ok(questions.iter().all(is_asked))
    }
}

async fn asked(
    connection: &mut PgConnection,
    questions: &[NewException],
) -> Result<Vec<(String, Uuid)>, StoreError> {
    let kinds: Vec<&str> = questions.iter().map(|one| one.kind).collect();
    let subjects: Vec<Uuid> = questions.iter().map(|one| one.subject_id).collect();
    let asked = sqlx::query_as(
        "select distinct e.kind, e.subject_id
         from exception e
         join unnest($1::text[], $2::uuid[]) as n (kind, subject_id)
           on n.kind = e.kind and n.subject_id = e.subject_id",
    )
    .bind(&kinds)
    .bind(&subjects)
    .fetch_all(connection)
    .await?;
    Ok(asked)
}

/// Questions that the world has answered: of these kinds, about one object or about everything of one plan.
pub(crate) struct ByItself {
    pub(crate) kinds: &'static [Kind],
    pub(crate) about: About,
    /// What happened, in a sentence.
    pub(crate) because: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum About {
    Subject(Uuid),
    Plan(Uuid),
}

impl ByItself {
    fn questions(&self) -> impl Iterator<Item = (Kind, &ByItself)> {
        self.kinds.iter().map(move |kind| (*kind, self))
    }
}

impl About {
    fn subject(self) -> Option<Uuid> {
        match self {
            About::Subject(id) => Some(id),
            About::Plan(_) => None,
        }
    }

    fn plan(self) -> Option<Uuid> {
        match self {
            About::Subject(_) => None,
            About::Plan(id) => Some(id),
        }
    }
}

#[derive(FromRow)]
struct Closed {
    id: Uuid,
    kind: String,
    plan_id: Option<Uuid>,
    subject: String,
    subject_id: Uuid,
    because: String,
}

/// Closes what answered itself, each with a line in the journal; answers what the lender is told. None of the kinds
/// freezes a plan.
pub(crate) async fn close_by_itself(
    tx: &mut PgConnection,
    answered: &[ByItself],
    now: Instant,
    fresh_id: fn() -> Uuid,
) -> Result<Vec<NewEvent>, StoreError> {
    let each = || answered.iter().flat_map(ByItself::questions);
    let kinds: Vec<&str> = each().map(|(kind, _)| kind.as_str()).collect();
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let subjects: Vec<Option<Uuid>> = each().map(|(_, one)| one.about.subject()).collect();
    let plans: Vec<Option<Uuid>> = each().map(|(_, one)| one.about.plan()).collect();
    let reasons: Vec<&str> = each().map(|(_, one)| one.because).collect();
    let closed: Vec<Closed> = sqlx::query_as(include_str!("exceptions/close_by_itself.sql"))
        .bind(&kinds)
        .bind(&subjects)
        .bind(&plans)
        .bind(&reasons)
        .bind(now)
        .fetch_all(&mut *tx)
        .await?;
    let mut lines = Vec::new();
    let mut events = Vec::new();
    for row in closed {
        let told = ClosedTold {
            id: row.id,
            kind: &row.kind,
            plan_id: row.plan_id,
            subject: &row.subject,
            subject_id: row.subject_id,
            resolution: Resolution::ByItself,
            reason: &row.because,
        };
        events.push(told.event(fresh_id()));
        lines.push(closed_line(row.id, Resolution::ByItself, row.because));
    }
    append_journal(tx, &lines, now).await?;
    Ok(events)
}

pub(crate) fn closed_line(id: Uuid, resolution: Resolution, reason: String) -> JournalLine {
    JournalLine {
        subject: "exception",
        subject_id: id,
        from_state: "open",
        to_state: "closed",
        cause: resolution.as_str(),
        detail: Some(reason),
    }
}

/// What the lender is told of a question that was answered.
pub(crate) struct ClosedTold<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) plan_id: Option<Uuid>,
    pub(crate) subject: &'a str,
    pub(crate) subject_id: Uuid,
    pub(crate) resolution: Resolution,
    pub(crate) reason: &'a str,
}

impl ClosedTold<'_> {
    /// Numbered within the plan; where there is none, within the question itself.
    pub(crate) fn event(&self, id: Uuid) -> NewEvent {
        NewEvent {
            id,
            kind: "exception.resolved",
            aggregate_id: self.plan_id.unwrap_or(self.id),
            data: json!({
                "plan_id": self.plan_id.map(|id| PlanId::new(id).to_string()),
                "exception_id": ExceptionId::new(self.id).to_string(),
                "kind": self.kind,
                "subject": self.subject,
                "subject_id": crate::views::exceptions::shown_subject(self.subject, self.subject_id),
                "resolution": self.resolution.as_str(),
                "reason": self.reason,
            }),
        }
    }
}
