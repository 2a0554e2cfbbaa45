//! What payers, bank and operators do when its time has come.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::Deed;
use crate::bank_line;
use crate::fault::Fault;
use crate::wire::Away;
use crate::world::Storm;

impl Storm {
    /// Does what is due.
    pub(crate) async fn do_deeds(&mut self) -> Result<(), StormError> {
        while let Some(deed) = self.agenda.take_due(self.now()) {
            self.do_deed(deed).await?;
        }
        Ok(())
    }

    async fn do_deed(&mut self, deed: Deed) -> Result<(), StormError> {
        match deed {
            Deed::OpenPlan { number } => self.open_plan(number).await,
            Deed::PayerActs { agreement_uid, act } => self.payer_acts(&agreement_uid, act).await,
            Deed::BankDecides {
                payment_uid,
                outcome,
                is_late,
            } => self.bank_decides(&payment_uid, outcome, is_late).await,
            Deed::WebhookArrives { request_id, body } => self.arrives(&request_id, &body).await,
            Deed::LeasesRunOut { tokens } => {
                self.store.heartbeat(&tokens, Duration::ZERO).await?;
                Ok(())
            }
            Deed::RequestArrives { request } => {
                self.say("a late request arrives");
                Ok(bank_line::deliver(self.bank, &request).await?)
            }
            Deed::ProviderGoes { away } => self.provider_goes(away).await,
            Deed::OperatorActs { loan, act } => self.operator_acts(loan, act).await,
            Deed::Collections { scope, open } => self.collections(scope, open).await,
            Deed::ReadQuestions => self.read_questions().await,
            Deed::Check => self.check().await,
        }
    }

    async fn payer_acts(&mut self, uid: &str, act: &'static str) -> Result<(), StormError> {
        let path = format!("agreements/{uid}/decision");
        let done = self
            .bank_control(&path, &json!({ "decision": act }))
            .await?;
        self.say(&format!("payer: {act} {uid}: {}", done.is_some()));
        if done.is_none() {
            return Ok(());
        }
        self.mark(format!("payer: {act}"));
        match act {
            "suspend" => {
                self.faults.count(Fault::Suspended);
                // Some never let it go on.
                if self.dice.payers.strikes(800) {
                    let after = TimeDelta::hours(self.dice.payers.within(1, 24 * 60));
                    let agreement_uid = uid.to_owned();
                    let deed = Deed::PayerActs {
                        agreement_uid,
                        act: "reactivate",
                    };
                    self.agenda.add(self.now() + after, deed);
                }
            }
            "cancel" => self.faults.count(Fault::Cancelled),
            _ => {}
        }
        Ok(())
    }

    async fn bank_decides(
        &mut self,
        uid: &str,
        outcome: &'static str,
        is_late: bool,
    ) -> Result<(), StormError> {
        let path = format!("payments/{uid}/outcome");
        let done = self
            .bank_control(&path, &json!({ "outcome": outcome }))
            .await?;
        self.say(&format!("bank: {outcome} {uid}: {}", done.is_some()));
        if done.is_some() {
            self.mark(format!("bank decides: {outcome}"));
            if is_late {
                self.faults.count(Fault::LateSettlement);
            }
        }
        Ok(())
    }

    /// One of the sandbox's controls; nothing where it says that it cannot be done now.
    pub(crate) async fn bank_control(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>, StormError> {
        self.ask_bank(path, body, &[StatusCode::CONFLICT]).await
    }

    /// The same; nothing where it is refused as one of these.
    pub(crate) async fn ask_bank(
        &self,
        path: &str,
        body: &Value,
        refused_as: &[StatusCode],
    ) -> Result<Option<Value>, StormError> {
        let url = format!("http://{}/sandbox/{path}", self.bank);
        let answer = self.http.post(url).json(body).send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(Some(answer.json().await?));
        }
        if refused_as.contains(&status) {
            return Ok(None);
        }
        let said = answer.text().await?;
        Err(StormError::Unexpected(format!(
            "the sandbox on {path}: {status} {said}"
        )))
    }

    async fn provider_goes(&mut self, away: Option<Away>) -> Result<(), StormError> {
        self.say(&format!("provider away: {away:?}"));
        for worker in &mut self.workers {
            worker.wires.set_away(away);
            let refuses = away == Some(Away::Refusing);
            worker.bank.refuse(refuses).await?;
        }
        if let Some(away) = away {
            self.faults.count(Fault::Outage);
            self.mark(format!("outage {away:?}"));
        }
        Ok(())
    }

    async fn collections(&mut self, scope: &str, open: bool) -> Result<(), StormError> {
        self.say(&format!("collections of {scope} open: {open}"));
        let now = self.now();
        let turn = if open { "opening" } else { "closure" };
        let body = json!({"scope": scope, "reason": "a storm"});
        let path = format!("v1/collections/{turn}");
        let (status, told) = self.ask_api(&path, &body).await?;
        if status != 200 {
            self.breaks(format!(
                "API: {path} of {scope} was answered with {status}: {told}"
            ));
        }
        if open {
            self.verifier.opened(now);
        } else {
            self.verifier.closed(now);
            self.faults.count(Fault::Stopped);
            self.mark(format!("stopped: {scope}"));
        }
        Ok(())
    }
}
