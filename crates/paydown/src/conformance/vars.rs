//! The variables of a case: what stands for `{{uid}}` or `{{today+1}}`.

use std::collections::BTreeMap;

use serde_json::Value;

use domain::date::BusinessDate;

use super::case::Case;

/// Who is asked to pay. Every agreement is proposed to an account of its own, counted up from the
/// payer's, since a provider takes only a few proposals to one account in a day.
#[derive(Clone)]
pub struct Payer {
    /// The name on the account.
    pub name: String,
    /// Six digits, without the hyphen.
    pub bsb: String,
    /// The account number to count up from; nine digits at most.
    pub account_number: u32,
    /// A PayID of the payer: an e-mail address, in lower case.
    pub email: String,
    /// A PayID of the payer: a telephone number as `+61-411222333`.
    pub phone: String,
}

/// What the variables of a run stand for.
pub(super) struct Vars<'a> {
    run: &'a str,
    today: BusinessDate,
    payer: &'a Payer,
    /// The place of each case in the suite.
    places: BTreeMap<&'a str, u32>,
    got: BTreeMap<String, String>,
}

/// A variable that stands for nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

/// Which case is filled in, and which of its calls.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) id: &'a str,
    pub(super) n: u32,
}

impl<'a> Vars<'a> {
    pub(super) fn new(
        run: &'a str,
        today: BusinessDate,
        payer: &'a Payer,
        cases: &'a [Case],
    ) -> Vars<'a> {
        let ids = cases.iter().map(|case| case.id.as_str());
        Vars {
            run,
            today,
            payer,
            places: ids.zip(0..).collect(),
            got: BTreeMap::new(),
        }
    }

    /// Keeps what a case captured.
    pub(super) fn keep(&mut self, name: &str, value: &Value) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        self.got.insert(name.to_owned(), text);
    }

    /// The value with its variables filled in.
    pub(super) fn fill(&self, value: &Value, here: Here<'_>) -> Result<Value, Unknown> {
        if let Some(text) = value.as_str() {
            return self.text(text, here).map(Value::String);
        }
        if let Some(items) = value.as_array() {
            let filled: Result<Vec<Value>, Unknown> =
                items.iter().map(|item| self.fill(item, here)).collect();
            return filled.map(Value::Array);
        }
        if let Some(fields) = value.as_object() {
            let filled: Result<serde_json::Map<String, Value>, Unknown> = fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), self.fill(value, here)?)))
                .collect();
            return filled.map(Value::Object);
        }
        Ok(value.clone())
    }

    /// The text with its variables filled in.
    pub(super) fn text(&self, text: &str, here: Here<'_>) -> Result<String, Unknown> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| Unknown(after.to_owned()))?;
            filled.push_str(before);
            let value = self.value(name, here);
            filled.push_str(&value.ok_or_else(|| Unknown(name.to_owned()))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str, here: Here<'_>) -> Option<String> {
        if let Some(days) = name.strip_prefix("today") {
            return Some(self.date(days)?.naive().to_string());
        }
        if let Some(days) = name.strip_prefix("midnight") {
            return Some(format!("{}T00:00:00Z", self.date(days)?.naive()));
        }
        let (kind, rest) = name.split_once('.').unwrap_or((name, ""));
        let case = if rest.is_empty() { here.id } else { rest };
        match (kind, rest) {
            ("run", "") => Some(self.run.to_owned()),
            ("n", "") => Some(here.n.to_string()),
            ("uid", _) => {
                self.places.get(case)?;
                Some(format!("pdc-{}.{case}", self.run))
            }
            ("account", _) => {
                let number = self
                    .payer
                    .account_number
                    .checked_add(*self.places.get(case)?)?;
                Some(format!("{}-{number}", self.payer.bsb))
            }
            ("payer", "name") => Some(self.payer.name.clone()),
            ("payer", "email") => Some(self.payer.email.clone()),
            ("payer", "phone") => Some(self.payer.phone.clone()),
            ("got", name) => self.got.get(name).cloned(),
            (_, _) => None,
        }
    }

    /// Today, or the date so many days (`+3`, `-1`) from it.
    fn date(&self, days: &str) -> Option<BusinessDate> {
        match days {
            "" => Some(self.today),
            days => self.today.plus_days(days.parse().ok()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::Suite;

    fn payer() -> Payer {
        Payer {
            name: "Robin".to_owned(),
            bsb: "062000".to_owned(),
            account_number: 1000,
            email: "robin@example.com".to_owned(),
            phone: "+61-411222333".to_owned(),
        }
    }

    #[test]
    fn variables_are_filled_in_wherever_a_text_stands() {
        let suite = Suite::built_in().expect("fits together");
        let today = BusinessDate::new(2026, 1, 31).expect("a date");
        let payer = payer();
        let mut vars = Vars::new("r", today, &payer, suite.cases());
        vars.keep("at", &json!(7));
        let here = Here {
            id: "variable",
            n: 2,
        };
        let filled = vars.fill(
            &json!({"a": ["{{uid}}/{{uid.fixed}}", 1], "b": {"c": "{{today+1}} {{midnight-1}}"},
                    "d": "{{n}}{{got.at}}{{payer.name}}"}),
            here,
        );
        let expected = json!({"a": ["pdc-r.variable/pdc-r.fixed", 1],
                    "b": {"c": "2026-02-01 2026-01-30T00:00:00Z"}, "d": "27Robin"});
        assert_eq!(filled, Ok(expected));
        for unknown in [
            "{{uid.nobody}}",
            "{{got.else}}",
            "{{today+x}}",
            "{{",
            "{{run.x}}",
        ] {
            assert!(vars.text(unknown, here).is_err(), "{unknown}");
        }
    }

    #[test]
    fn every_agreement_is_proposed_to_an_account_of_its_own() {
        let suite = Suite::built_in().expect("fits together");
        let today = BusinessDate::new(2026, 1, 31).expect("a date");
        let payer = payer();
        let vars = Vars::new("r", today, &payer, suite.cases());
        let account = |id: &str| {
            let here = Here { id, n: 1 };
            vars.text("{{account}}", here).expect("known")
        };
        assert_ne!(account("variable"), account("fixed"));
        let last = suite.cases().last().expect("a case");
        assert!(account(&last.id).starts_with("062000-1"));
    }
}
