//! Time is moved, the bank tells what happened, and the storm decides what of it arrives.

use chrono::{DateTime, TimeDelta, Utc};
use flows::receive_webhook::{Arrived, Received, receive_webhook};
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::Deed;
use crate::ear::Told;
use crate::fault::Fault;
use crate::world::Storm;

impl Storm {
    /// Moves everybody's clock, the bank's first: what is sent at an instant must not reach a bank
    /// that is behind.
    pub(crate) async fn move_to(&mut self, to: DateTime<Utc>) -> Result<(), StormError> {
        let moved = self.sandbox.move_clock(Some(to), None).await;
        moved.map_err(|error| StormError::Unexpected(error.to_string()))?;
        self.hand.set(to, false);
        let mut told = self.ear.take();
        if 1 < told.len()
            && self
                .faults
                .rolls(&mut self.dice.webhooks, Fault::WebhookReordered)
        {
            self.dice.webhooks.shuffle(&mut told);
            self.faults.count(Fault::WebhookReordered);
        }
        for event in told {
            self.say(&format!("told {} {}", event.kind, event.uid));
            self.foresee_after(&event);
            self.decide_arrival(event).await?;
        }
        Ok(())
    }

    async fn decide_arrival(&mut self, event: Told) -> Result<(), StormError> {
        let now = self.now();
        let dice = &mut self.dice.webhooks;
        // Every event takes the same throws.
        let [is_lost, is_repeated, is_late, is_forged] = [
            Fault::WebhookLost,
            Fault::WebhookRepeated,
            Fault::WebhookLate,
            Fault::WebhookForged,
        ]
        .map(|fault| self.faults.rolls(dice, fault).then_some(fault));
        let later = now + TimeDelta::seconds(dice.within(60, 5 * 86_400));
        if let Some(fault) = is_forged {
            self.faults.count(fault);
            self.forge(&event).await?;
        }
        if let Some(fault) = is_lost {
            self.faults.count(fault);
            return Ok(());
        }
        let arrives = || Deed::WebhookArrives {
            request_id: event.request_id.clone(),
            body: event.body.clone(),
        };
        if let Some(fault) = is_repeated {
            self.faults.count(fault);
            self.agenda.add(later, arrives());
        }
        match is_late {
            Some(fault) => {
                self.faults.count(fault);
                self.agenda.add(later, arrives());
                Ok(())
            }
            None => self.arrives(&event.request_id, &event.body).await,
        }
    }

    /// A webhook that says the contrary and that the bank never sent.
    async fn forge(&mut self, event: &Told) -> Result<(), StormError> {
        let contrary = match event.kind.as_str() {
            "payto_payment.settled" => "payto_payment.failed",
            "payto_payment.failed" => "payto_payment.settled",
            "payto_agreement.activated" => "payto_agreement.cancelled",
            _ => "payto_agreement.activated",
        };
        let mut body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        body["data"]["type"] = json!(contrary);
        let request_id = format!("forged-{}", event.request_id);
        self.arrives(&request_id, body.to_string().as_bytes()).await
    }

    pub(crate) async fn arrives(&mut self, request_id: &str, raw: &[u8]) -> Result<(), StormError> {
        let arrived = Arrived {
            provider: "oligo",
            request_id: Some(request_id),
            signature: None,
            raw,
        };
        match receive_webhook(&self.receiver, arrived).await {
            Ok(Received::Stored) => self.mark("webhook stored"),
            Ok(Received::Repeated) => self.mark("webhook known already"),
            Err(error) => return Err(StormError::Unexpected(error.to_string())),
        }
        Ok(())
    }

    /// What the bank or the payer will do later because of this.
    fn foresee_after(&mut self, event: &Told) {
        let now = self.now();
        self.mark(format!("bank tells {}", event.kind));
        match event.kind.as_str() {
            "payto_payment.pending" => {
                if self.faults.may(Fault::Silence) {
                    self.faults.count(Fault::Silence);
                }
                let outcome = *self.dice.bank.pick(&["settle", "fail", "investigate"]);
                let after = TimeDelta::minutes(self.dice.bank.within(1, 60 * 60));
                self.decides(event, outcome, now + after);
            }
            "payto_payment.under_investigation" => {
                let outcome = *self.dice.bank.pick(&["settle", "fail"]);
                let after = TimeDelta::minutes(self.dice.bank.within(1, 60 * 24 * 4));
                self.decides(event, outcome, now + after);
            }
            "payto_payment.failed" => self.foresee_failure(event),
            "payto_agreement.cancelled" | "payto_agreement.declined" => self.loan_ends(&event.uid),
            _ => {}
        }
    }

    fn decides(&mut self, event: &Told, outcome: &'static str, at: DateTime<Utc>) {
        let payment_uid = event.uid.clone();
        self.agenda.add(
            at,
            Deed::BankDecides {
                payment_uid,
                outcome,
                is_late: false,
            },
        );
    }

    fn foresee_failure(&mut self, event: &Told) {
        let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        let code = body["data"]["body"]["failure"]["code"]
            .as_str()
            .unwrap_or("?")
            .to_owned();
        match code.as_str() {
            "AM04" if self.faults.may(Fault::Short) => self.faults.count(Fault::Short),
            "AC05" if self.faults.may(Fault::AccountClosed) => {
                self.faults.count(Fault::AccountClosed);
            }
            _ => {}
        }
        self.mark(format!("failure code {code}"));
        if self
            .faults
            .rolls(&mut self.dice.bank, Fault::LateSettlement)
        {
            // Within the eight days in which a failure is looked at again.
            let after = TimeDelta::minutes(self.dice.bank.within(1, 7 * 24 * 60));
            let (payment_uid, outcome) = (event.uid.clone(), "settle");
            let deed = Deed::BankDecides {
                payment_uid,
                outcome,
                is_late: true,
            };
            self.agenda.add(self.now() + after, deed);
        }
    }
}
