//! Alias resolution: who answers to a PayID, and how often that may be asked.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::account::Account;
use crate::agreement::read_account;
use crate::clock::sydney_date;
use crate::complaint::{
    ALIAS_NOT_ENABLED, ALIAS_NOT_FOUND, ALIAS_SERVICE_DOWN, Complaint, LOOKUPS_SPENT,
    REMOTE_IP_SPENT, REQUESTER_SPENT, Refusal,
};
use crate::form::{self, Findings};
use crate::words::{AccountKind, AliasScript};
use crate::world::World;

/// How long a resolution answers for its alias, where one is needed.
const RESOLVED_FOR: TimeDelta = TimeDelta::hours(24);

/// A look-up that was allowed.
pub(crate) struct Lookup {
    date: NaiveDate,
    remote_ip: String,
    requester: String,
}

struct AliasRequest {
    account: Account,
    remote_ip: String,
    requester: String,
    script: Option<AliasScript>,
}

impl World {
    pub(crate) fn resolve_alias(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let now = self.now();
        let request = read_alias(body)?;
        if !self.settings.alias_resolution_enabled {
            return Err(ALIAS_NOT_ENABLED.into());
        }
        let spent = self.spend_lookup(sydney_date(now), &request);
        if !spent.is_empty() {
            return Err(Refusal::Unprocessable(spent));
        }
        match request.script {
            Some(AliasScript::NotFound) => return Err(ALIAS_NOT_FOUND.into()),
            Some(AliasScript::ServiceUnavailable) => {
                return Err(Refusal::Unavailable(ALIAS_SERVICE_DOWN));
            }
            None if self.outages.addressing_down => {
                return Err(Refusal::Unavailable(ALIAS_SERVICE_DOWN));
            }
            None => {}
        }
        let name = self.payer(&request.account).display_name.clone();
        let name = name.ok_or(ALIAS_NOT_FOUND)?;
        self.resolved.insert(request.account, now);
        Ok(json!({"display_name": name}))
    }

    /// Counts a look-up, unless a limit of the day refuses it.
    fn spend_lookup(&mut self, today: NaiveDate, request: &AliasRequest) -> Vec<Complaint> {
        self.lookups.retain(|lookup| lookup.date == today);
        let by = |is_same: &dyn Fn(&Lookup) -> bool| {
            self.lookups.iter().filter(|lookup| is_same(lookup)).count()
        };
        let all = by(&|_| true);
        let address = by(&|lookup| lookup.remote_ip == request.remote_ip);
        let requester = by(&|lookup| lookup.requester == request.requester);
        let settings = &self.settings;
        let limits = [
            (settings.lookups_per_day, all, LOOKUPS_SPENT),
            (settings.lookups_per_remote_ip, address, REMOTE_IP_SPENT),
            (settings.lookups_per_requester, requester, REQUESTER_SPENT),
        ];
        let spent: Vec<Complaint> = limits
            .into_iter()
            .filter(|(limit, made, _)| limit.is_some_and(|limit| limit <= *made))
            .map(|(_, _, complaint)| complaint)
            .collect();
        if spent.is_empty() {
            self.lookups.push(Lookup {
                date: today,
                remote_ip: request.remote_ip.clone(),
                requester: request.requester.clone(),
            });
        }
        spent
    }

    /// Whether an account can be found: an alias leads to one, and was resolved if it has to be.
    pub(crate) fn leads_somewhere(&mut self, account: &Account, now: DateTime<Utc>) -> bool {
        if !account.is_alias() {
            return true;
        }
        let resolved_at = self.resolved.get(account);
        let is_resolved = resolved_at.is_some_and(|at| now <= *at + RESOLVED_FOR);
        let is_known = self.payer(account).display_name.is_some();
        is_known && (is_resolved || !self.settings.alias_must_be_resolved)
    }
}

fn read_alias(body: &[u8]) -> Result<AliasRequest, Refusal> {
    let body = Findings::body(body)?;
    let mut findings = Findings::default();
    let keys = ["type", "value", "requester", "sandbox"];
    let read = findings.root(&body, &keys).and_then(|root| {
        let kinds = AccountKind::WORDS.iter().skip(1);
        let kinds: Vec<&str> = kinds.copied().collect();
        let account = read_account(&mut findings, &root, &kinds);
        let script = findings
            .optional_object(&root, "sandbox", &["simulate"])
            .and_then(|form| {
                let words = AliasScript::WORDS;
                findings.choice(&form, "simulate", words, AliasScript::from_word)
            });
        let requester = findings.object(&root, "requester", &["id", "remote_ip"])?;
        let id = findings.required(&requester, "id", form::uid);
        let remote_ip = findings.required(&requester, "remote_ip", |value| {
            value.as_str()?.parse::<std::net::IpAddr>().ok()
        });
        Some(AliasRequest {
            account: account?,
            remote_ip: remote_ip?.to_string(),
            requester: id?,
            script,
        })
    });
    findings.conclude(read)
}
