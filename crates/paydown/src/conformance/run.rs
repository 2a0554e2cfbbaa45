//! One run: each case asked, judged and told, and everything cancelled at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use domain::date::BusinessDate;

use super::case::{Case, Operation, Poll, Token};
use super::clean::cancel_all;
use super::judge::{Heard, Judge};
use super::provider::{Provider, Reply};
use super::report::{CaseReport, Report};
use super::suite::Suite;
use super::vars::{Here, Payer, Unknown, Vars};

/// The most pages of a list that are followed.
const PAGES_MAX: usize = 50;

/// What a run is given.
#[derive(Clone)]
pub struct Orders {
    /// Unique to the run, of letters and digits: every uid it makes holds it.
    pub run: String,
    /// The provider's date in Sydney.
    pub today: BusinessDate,
    /// Who is asked to pay.
    pub payer: Payer,
    /// Only cases whose id, name or operation holds this, and what they need.
    pub only: Option<String>,
    /// How long a state may take to come about, where not as each case says.
    pub patience: Option<Duration>,
    /// Ends the run early; what it made is still cancelled.
    pub stop: CancellationToken,
}

/// Nothing can be said about the provider.
#[derive(Debug, thiserror::Error)]
pub enum CannotRun {
    /// No case is meant.
    #[error("no case has {only:?} in its id, name or operation")]
    NothingSelected {
        /// What was asked for.
        only: String,
    },
    /// There is nobody.
    #[error("the provider does not answer: {why}")]
    Unreachable {
        /// Why, without the token.
        why: String,
    },
    /// The token is not taken.
    #[error("the provider answers {status} to the token")]
    TokenRefused {
        /// 401 or 403.
        status: u16,
    },
    /// A case holds a variable that stands for nothing.
    #[error("{id} holds {{{{{variable}}}}}, which stands for nothing")]
    UnknownVariable {
        /// The case.
        id: String,
        /// The variable.
        variable: String,
    },
}

/// Holds `provider` to the suite's cases, telling each as soon as it is judged.
///
/// # Errors
///
/// Fails when the provider cannot be asked at all. What the run has made by then is cancelled.
pub async fn run(
    suite: &Suite,
    provider: &Provider,
    orders: &Orders,
    mut tell: impl FnMut(&CaseReport),
) -> Result<Report, CannotRun> {
    let cases = suite.selected(orders.only.as_deref());
    if cases.is_empty() {
        let only = orders.only.clone().unwrap_or_default();
        return Err(CannotRun::NothingSelected { only });
    }
    knock(provider).await?;

    let vars = Vars::new(&orders.run, orders.today, &orders.payer, suite.cases());
    let mut runner = Runner {
        suite,
        provider,
        orders,
        vars,
        reached: BTreeSet::new(),
        made: Vec::new(),
    };
    let mut told = Vec::new();
    let mut failed = None;
    for case in cases {
        match runner.case(case).await {
            Ok(report) => {
                tell(&report);
                told.push(report);
            }
            Err(Unknown(variable)) => {
                let id = case.id.clone();
                failed = Some(CannotRun::UnknownVariable { id, variable });
                break;
            }
        }
    }

    let left_behind = cancel_all(provider, &runner.made).await;
    if let Some(failed) = failed {
        return Err(failed);
    }
    let stopped = orders.stop.is_cancelled();
    let base_url = provider.base_url();
    let report = Report::of(base_url, &orders.run, told, stopped, left_behind);
    Ok(report)
}

/// Whether somebody is there who takes the token.
async fn knock(provider: &Provider) -> Result<(), CannotRun> {
    let unreachable = |why: &str| CannotRun::Unreachable {
        why: why.to_owned(),
    };
    let url = provider.url("/payto/agreements?per_page=1");
    let url = url.ok_or_else(|| unreachable("its base URL takes no path"))?;
    let reply = provider.call(Method::GET, url, Token::Given, None).await;
    match reply.map_err(|why| unreachable(&why))?.status {
        status @ (401 | 403) => Err(CannotRun::TokenRefused { status }),
        _ => Ok(()),
    }
}

struct Runner<'a> {
    suite: &'a Suite,
    provider: &'a Provider,
    orders: &'a Orders,
    vars: Vars<'a>,
    /// The cases whose call was answered with a status, and in a state, that was expected.
    reached: BTreeSet<&'a str>,
    /// The uids of the agreements that are there.
    made: Vec<String>,
}

/// A call, ready to be made.
struct Asked {
    url: Url,
    text: Option<String>,
    body: Option<Value>,
}

impl<'a> Runner<'a> {
    async fn case(&mut self, case: &'a Case) -> Result<CaseReport, Unknown> {
        if self.orders.stop.is_cancelled() {
            return Ok(stopped(case));
        }
        let mut needed = case.needs.iter();
        if let Some(missing) = needed.find(|id| !self.reached.contains(id.as_str())) {
            let reason = format!("{missing}, which it needs, did not come about");
            return Ok(CaseReport::skipped(case, reason));
        }
        let mut differences = Vec::new();
        let mut reached = true;
        for n in 1..=case.times {
            let here = Here { id: &case.id, n };
            let asked = self.asked(case, here)?;
            let heard = self.hear(case, &asked, here).await?;
            reached = reached && heard.in_time && has_status(case, &heard);
            self.remember(case, &asked, &heard);
            let judge = Judge {
                suite: self.suite,
                vars: &self.vars,
                case,
                here,
                sent: asked.body.as_ref(),
            };
            differences = judge.differences(&heard)?;
            if !differences.is_empty() {
                break;
            }
        }
        if reached {
            self.reached.insert(&case.id);
        } else if self.orders.stop.is_cancelled() {
            return Ok(stopped(case));
        }
        Ok(CaseReport::judged(case, differences))
    }

    fn asked(&self, case: &Case, here: Here<'_>) -> Result<Asked, Unknown> {
        let path = self.vars.text(&case.path, here)?;
        let url = self.provider.url(&path).ok_or(Unknown(path))?;
        let body = self.suite.body(case);
        let body = body.map(|body| self.vars.fill(&body, here)).transpose()?;
        let text = match &case.raw {
            Some(raw) => Some(raw.clone()),
            None => body.as_ref().map(ToString::to_string),
        };
        Ok(Asked { url, text, body })
    }

    async fn hear(&self, case: &Case, asked: &Asked, here: Here<'_>) -> Result<Heard, Unknown> {
        let Some(poll) = &case.poll else {
            let reply = self.call(case, asked).await;
            return Ok(Heard {
                reply,
                in_time: true,
                patience: Duration::ZERO,
            });
        };
        let until = poll.until.iter();
        let until: Result<Vec<Value>, Unknown> =
            until.map(|value| self.vars.fill(value, here)).collect();
        let until = until?;
        let patience = self.patience(poll);
        let deadline = Instant::now() + patience;
        loop {
            let reply = self.call(case, asked).await;
            let json = reply.as_ref().ok().and_then(|reply| reply.json.as_ref());
            let value = json.and_then(|json| json.pointer(&poll.at));
            let in_time = value.is_some_and(|value| until.contains(value));
            let is_over = deadline <= Instant::now() || self.orders.stop.is_cancelled();
            if in_time || is_over {
                return Ok(Heard {
                    reply,
                    in_time,
                    patience,
                });
            }
            tokio::time::sleep(Duration::from_millis(poll.every_ms)).await;
        }
    }

    fn patience(&self, poll: &Poll) -> Duration {
        let said = Duration::from_secs(poll.within_seconds);
        self.orders.patience.unwrap_or(said)
    }

    async fn call(&self, case: &Case, asked: &Asked) -> Result<Reply, String> {
        let method = if case.operation.is_read() {
            Method::GET
        } else {
            Method::POST
        };
        let first = self
            .provider
            .call(method, asked.url.clone(), case.token, asked.text.clone());
        let first = first.await?;
        if case.all_pages {
            return self.follow(case, first).await;
        }
        Ok(first)
    }

    /// All pages as one: their items in `data`, how many they were in `pages`.
    async fn follow(&self, case: &Case, first: Reply) -> Result<Reply, String> {
        let mut whole = first;
        let mut next = next_link(&whole);
        let mut pages = 1_usize;
        while let Some(link) = next {
            if PAGES_MAX <= pages {
                return Err(format!("there are more than {PAGES_MAX} pages"));
            }
            let url = self.provider.followed(&link);
            let url = url.ok_or("links.next leads away from the provider")?;
            let page = self.provider.call(Method::GET, url, case.token, None);
            let page = page.await?;
            if page.status != 200 {
                return Err(format!("page {} answers {}", pages + 1, page.status));
            }
            next = next_link(&page);
            pages += 1;
            append(&mut whole, page);
        }
        if let Some(fields) = whole.json.as_mut().and_then(Value::as_object_mut) {
            fields.insert("pages".to_owned(), Value::from(pages));
        }
        Ok(whole)
    }

    fn remember(&mut self, case: &Case, asked: &Asked, heard: &Heard) {
        let Ok(reply) = &heard.reply else {
            return;
        };
        if case.operation == Operation::CreateAgreement && reply.status == 201 {
            let uid = asked.body.as_ref().and_then(|body| body.get("uid"));
            let uid = uid.and_then(Value::as_str).map(str::to_owned);
            self.made.extend(uid);
        }
        let Some(json) = &reply.json else {
            return;
        };
        for (name, at) in &case.capture {
            if let Some(value) = json.pointer(at) {
                self.vars.keep(name, value);
            }
        }
    }
}

fn stopped(case: &Case) -> CaseReport {
    CaseReport::skipped(case, "the run was stopped".to_owned())
}

fn has_status(case: &Case, heard: &Heard) -> bool {
    let reply = heard.reply.as_ref();
    reply.is_ok_and(|reply| case.status.contains(&reply.status))
}

fn next_link(reply: &Reply) -> Option<String> {
    let next = reply.json.as_ref()?.pointer("/links/next")?;
    next.as_str().map(str::to_owned)
}

/// Puts the items of a page behind those of the pages before it.
fn append(whole: &mut Reply, page: Reply) {
    let mut more = page.json.unwrap_or_default();
    let items = whole.json.as_mut().and_then(|json| json.get_mut("data"));
    let more = more.get_mut("data").and_then(Value::as_array_mut);
    if let (Some(items), Some(more)) = (items.and_then(Value::as_array_mut), more) {
        items.append(more);
    }
}
