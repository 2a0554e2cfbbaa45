//! Holding what came against what a case expects.

use std::time::Duration;

use serde_json::Value;

use super::case::{Answer, Case, Check, Fact, Grade};
use super::check::hold;
use super::provider::Reply;
use super::reading::misread;
use super::report::Difference;
use super::suite::Suite;
use super::vars::{Here, Unknown, Vars};

/// A reply, whether it is the one a poll waited for, and how long it would have waited.
pub(super) struct Heard {
    pub(super) reply: Result<Reply, String>,
    pub(super) in_time: bool,
    pub(super) patience: Duration,
}

/// A case, and all it takes to judge it.
pub(super) struct Judge<'a> {
    pub(super) suite: &'a Suite,
    pub(super) vars: &'a Vars<'a>,
    pub(super) case: &'a Case,
    pub(super) here: Here<'a>,
    /// The request's body.
    pub(super) sent: Option<&'a Value>,
}

impl Judge<'_> {
    /// Everything that was not expected.
    pub(super) fn differences(&self, heard: &Heard) -> Result<Vec<Difference>, Unknown> {
        let case = self.case;
        let difference = |at: &str, expected: String, actual: String| Difference {
            at: at.to_owned(),
            expected,
            actual,
            grade: case.grade,
        };
        let reply = match &heard.reply {
            Ok(reply) => reply,
            Err(why) => {
                let silence = difference("answer", "an answer".to_owned(), why.clone());
                return Ok(vec![Difference {
                    grade: Grade::Must,
                    ..silence
                }]);
            }
        };
        let codes = codes_of(reply);
        if !case.status.contains(&reply.status) {
            let expected: Vec<String> = case.status.iter().map(u16::to_string).collect();
            let actual = format!("{} {}", reply.status, codes.join(", "));
            let actual = actual.trim().to_owned();
            return Ok(vec![difference("status", expected.join(" or "), actual)]);
        }
        if let Some(poll) = case.poll.as_ref().filter(|_| !heard.in_time) {
            let check = Check::OneOf(poll.until.clone());
            let body = reply.json.as_ref().unwrap_or(&Value::Null);
            let found = hold(&poll.at, &check, body, None).into_iter();
            let seconds = heard.patience.as_secs();
            return Ok(found
                .map(|found| {
                    let expected = format!("{} within {seconds} s", found.expected);
                    difference(&found.at, expected, found.actual)
                })
                .collect());
        }
        let mut all = Vec::new();
        let has = |code: &String| codes.contains(code);
        if !case.codes.iter().all(has) {
            all.push(difference("codes", case.codes.join(", "), codes.join(", ")));
        }
        if !case.any_code.is_empty() && !case.any_code.iter().any(has) {
            let expected = case.any_code.join(" or ");
            all.push(difference("codes", expected, codes.join(", ")));
        }
        all.extend(self.in_body(reply)?);
        Ok(all)
    }

    fn in_body(&self, reply: &Reply) -> Result<Vec<Difference>, Unknown> {
        let case = self.case;
        if let Some(wrong) = wrong_form(case, reply) {
            return Ok(vec![wrong]);
        }
        let Some(body) = &reply.json else {
            return Ok(Vec::new());
        };
        // However little is known about this case: the form of every body is in the OpenAPI file.
        let shape = self.suite.shape(case.answer);
        let shape = shape.map(|(at, fact)| (at, fact, fact.grade));
        let own = case.facts.iter();
        let own = own.map(|(at, fact)| (at.clone(), fact, case.grade.min(fact.grade)));
        let mut all: Vec<Difference> = Vec::new();
        for (at, fact, grade) in shape.chain(own) {
            let check = self.filled(fact)?;
            let found = hold(&at, &check, body, self.sent);
            all.extend(found.into_iter().map(|found| Difference {
                at: found.at,
                expected: found.expected,
                actual: found.actual,
                grade,
            }));
        }
        let unread = misread(case.answer, body).into_iter();
        all.extend(unread.map(|unread| Difference {
            at: unread.at,
            expected: unread.expected.to_owned(),
            actual: unread.actual,
            grade: unread.grade,
        }));
        Ok(all)
    }

    fn filled(&self, fact: &Fact) -> Result<Check, Unknown> {
        let here = self.here;
        let all = |values: &[Value]| -> Result<Vec<Value>, Unknown> {
            let values = values.iter();
            values.map(|value| self.vars.fill(value, here)).collect()
        };
        Ok(match &fact.check {
            Check::Is(value) => Check::Is(self.vars.fill(value, here)?),
            Check::OneOf(values) => Check::OneOf(all(values)?),
            Check::Lists(uids) => {
                let uids = uids.iter().map(|uid| self.vars.text(uid, here));
                Check::Lists(uids.collect::<Result<_, _>>()?)
            }
            Check::Matches(_)
            | Check::Type(_)
            | Check::Present(_)
            | Check::AsSent(_)
            | Check::Counts(_) => fact.check.clone(),
        })
    }
}

/// The codes of an error body, in its order.
fn codes_of(reply: &Reply) -> Vec<String> {
    let errors = reply.json.as_ref().and_then(|json| json.get("errors"));
    let errors = errors.and_then(Value::as_array).into_iter().flatten();
    let codes = errors.filter_map(|error| error.get("code")?.as_str());
    codes.map(str::to_owned).collect()
}

/// A body that is none where there should be one, or the other way round.
fn wrong_form(case: &Case, reply: &Reply) -> Option<Difference> {
    let (expected, actual) = match case.answer {
        Answer::Anything => return None,
        Answer::Nothing if reply.length == 0 => return None,
        Answer::Nothing => ("no body", format!("{} bytes", reply.length)),
        Answer::Errors
        | Answer::Codes
        | Answer::Agreement
        | Answer::Payment
        | Answer::Alias
        | Answer::Agreements
        | Answer::Payments => {
            let is_json = reply.content_type.starts_with("application/json");
            match &reply.json {
                Some(_) if is_json => return None,
                Some(_) => ("application/json", format!("{:?}", reply.content_type)),
                None => ("JSON", format!("{} bytes that are no JSON", reply.length)),
            }
        }
    };
    Some(Difference {
        at: "body".to_owned(),
        expected: expected.to_owned(),
        actual,
        grade: Grade::Must,
    })
}

#[cfg(test)]
mod tests {
    use domain::date::BusinessDate;
    use serde_json::json;

    use super::*;
    use crate::conformance::Payer;

    fn reply(status: u16, json: Option<Value>) -> Heard {
        let reply = Reply {
            status,
            content_type: "application/json; charset=utf-8".to_owned(),
            length: json.as_ref().map_or(0, |json| json.to_string().len()),
            json,
        };
        Heard {
            reply: Ok(reply),
            in_time: true,
            patience: Duration::ZERO,
        }
    }

    /// The differences of a reply to the built-in case `id`, each with its place and grade.
    fn judged(id: &str, heard: &Heard) -> Vec<(String, String, String, Grade)> {
        let suite = Suite::built_in().expect("fits together");
        let payer = Payer {
            name: "Robin".to_owned(),
            bsb: "062000".to_owned(),
            account_number: 1000,
            email: "robin@example.com".to_owned(),
            phone: "+61-411222333".to_owned(),
        };
        let today = BusinessDate::new(2026, 6, 1).expect("a date");
        let vars = Vars::new("r", today, &payer, suite.cases());
        let mut cases = suite.cases().iter();
        let case = cases.find(|case| case.id == id).expect("there");
        let here = Here { id, n: 1 };
        let body = suite.body(case);
        let sent = body.map(|body| vars.fill(&body, here).expect("known"));
        let judge = Judge {
            suite: &suite,
            vars: &vars,
            case,
            here,
            sent: sent.as_ref(),
        };
        let found = judge.differences(heard).expect("known").into_iter();
        found
            .map(|found| (found.at, found.expected, found.actual, found.grade))
            .collect()
    }

    fn difference(
        at: &str,
        expected: &str,
        actual: &str,
        grade: Grade,
    ) -> Vec<(String, String, String, Grade)> {
        let [at, expected, actual] = [at, expected, actual].map(str::to_owned);
        vec![(at, expected, actual, grade)]
    }

    fn error(code: &str) -> Value {
        json!({"title": "T", "detail": "D", "code": code})
    }

    #[test]
    fn a_refusal_without_one_of_the_codes_differs_and_more_codes_do_not() {
        let refused = |codes: &[&str]| {
            let errors: Vec<Value> = codes.iter().map(|code| error(code)).collect();
            judged(
                "agreement_two_errors",
                &reply(422, Some(json!({"errors": errors}))),
            )
        };
        assert_eq!(refused(&["ZPAGR14", "ZPAGR12", "ZPAGR15"]), []);
        let one = difference("codes", "ZPAGR12, ZPAGR14", "ZPAGR14", Grade::Must);
        assert_eq!(refused(&["ZPAGR14"]), one);

        let neither = json!({"errors": [error("ZPUNP00")]});
        let found = judged("cancel_twice", &reply(422, Some(neither)));
        let expected = difference("codes", "ZPCAN01 or ZPCAN00", "ZPUNP00", Grade::Must);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_body_where_none_belongs_differs_and_so_does_none_where_one_belongs() {
        assert_eq!(judged("retry", &reply(202, None)), []);
        let some = judged("retry", &reply(202, Some(json!({}))));
        assert_eq!(some, difference("body", "no body", "2 bytes", Grade::Must));
        let none = judged("agreement_unknown_key", &reply(400, None));
        let expected = difference("body", "JSON", "0 bytes that are no JSON", Grade::Must);
        assert_eq!(none, expected);
    }

    #[test]
    fn a_field_the_openapi_file_requires_differs_when_it_is_missing_even_in_an_inferred_case() {
        let found = judged("alias_known", &reply(200, Some(json!({"data": {}}))));
        let at_field = difference("/data/display_name", "a text", "nothing", Grade::Must);
        let unread = difference(
            "/data",
            "what Paydown's client can read",
            "what it cannot read",
            Grade::Must,
        );
        assert_eq!(found, [at_field, unread].concat());
    }

    #[test]
    fn a_code_the_client_does_not_know_is_told_and_fails_nothing() {
        let errors = json!({"errors": [error("ZPAGR12"), error("ZPNEW00")]});
        let found = judged("agreement_zeroes", &reply(422, Some(errors)));
        let known = "a word Paydown's client knows";
        let expected = difference("/errors/1/code", known, "ZPNEW00", Grade::Said);
        assert_eq!(found, expected);
    }

    #[test]
    fn no_answer_at_all_fails_even_an_inferred_case() {
        let silence = Heard {
            reply: Err("no connection".to_owned()),
            in_time: true,
            patience: Duration::ZERO,
        };
        let found = judged("alias_known", &silence);
        let expected = difference("answer", "an answer", "no connection", Grade::Must);
        assert_eq!(found, expected);
    }
}
