//! What lenders and operators do to a plan: they cancel it, pause it, and turn the switches over it;
//! and the payer who moves the agreement to another account.

use chrono::{Days, NaiveDate, TimeDelta};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::Deed;
use crate::fault::Fault;
use crate::world::Storm;

/// Something that is done to one loan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The lender cancels the plan.
    Cancel,
    /// The lender pauses it, until a date or until it is resumed.
    Pause {
        /// How many days until it goes on by itself.
        days: Option<u64>,
    },
    /// The lender lets it go on.
    Resume,
    /// An operator closes the switch of the plan, or of its agreement.
    Close {
        /// Of the agreement; else of the plan.
        of_agreement: bool,
    },
    /// An operator opens it again.
    Open {
        /// Of the agreement; else of the plan.
        of_agreement: bool,
    },
    /// The payer moves the agreement to another account.
    Move,
}

impl Act {
    const fn word(&self) -> &'static str {
        match self {
            Act::Cancel => "cancel",
            Act::Pause { days: Some(_) } => "pause until",
            Act::Pause { days: None } => "pause",
            Act::Resume => "resume",
            Act::Close { of_agreement: true } => "close agreement",
            Act::Close {
                of_agreement: false,
            } => "close plan",
            Act::Open { of_agreement: true } => "open agreement",
            Act::Open {
                of_agreement: false,
            } => "open plan",
            Act::Move => "move",
        }
    }

    const fn fault(&self) -> Option<Fault> {
        match self {
            Act::Cancel => Some(Fault::PlanCancelled),
            Act::Pause { .. } => Some(Fault::PlanPaused),
            Act::Close { .. } => Some(Fault::SwitchClosed),
            Act::Move => Some(Fault::AccountMoved),
            Act::Resume | Act::Open { .. } => None,
        }
    }
}

impl Storm {
    /// What will be done to a loan, from its opening to its last due date.
    pub(crate) fn foresee_operators(&mut self, loan: usize, last_due: NaiveDate) {
        let now = self.now();
        let left = (crate::agenda::morning(last_due) - now).num_minutes();
        let dice = &mut self.dice.operators;
        let days = dice.strikes(500).then(|| dice.within(1, 40).unsigned_abs());
        let of_agreement = dice.strikes(500);
        let acts = [
            (Act::Cancel, None),
            (Act::Pause { days }, days.is_none().then_some(Act::Resume)),
            (
                Act::Close { of_agreement },
                Some(Act::Open { of_agreement }),
            ),
            (Act::Move, None),
        ];
        for (act, undone) in acts {
            let at = now + TimeDelta::minutes(self.dice.operators.within(60, left));
            let after = TimeDelta::minutes(self.dice.operators.within(1, 40 * 24 * 60));
            let Some(fault) = act.fault() else { continue };
            if !self.faults.rolls(&mut self.dice.operators, fault) {
                continue;
            }
            self.agenda.add(at, Deed::OperatorActs { loan, act });
            if let Some(act) = undone {
                let at = (at + after).min(self.ends_at());
                self.agenda.add(at, Deed::OperatorActs { loan, act });
            }
        }
    }

    pub(crate) async fn operator_acts(&mut self, loan: usize, act: Act) -> Result<(), StormError> {
        let Some(found) = self.loans.get(loan) else {
            return Ok(());
        };
        let (plan, agreement) = (found.plan_id.clone(), found.agreement_id.clone());
        let scope = |of_agreement: bool| match of_agreement {
            true => json!({"scope": format!("agreement:{agreement}"), "reason": "a storm"}),
            false => json!({"scope": format!("plan:{plan}"), "reason": "a storm"}),
        };
        let (path, body) = match &act {
            Act::Cancel => (
                format!("v1/plans/{plan}/cancellation"),
                json!({"reason": "initiating_party_requested"}),
            ),
            Act::Pause { days } => (format!("v1/plans/{plan}/pause"), self.pause(*days)),
            Act::Resume => (
                format!("v1/plans/{plan}/resumption"),
                json!({"reason": "a storm"}),
            ),
            Act::Close { of_agreement } => {
                ("v1/collections/closure".to_owned(), scope(*of_agreement))
            }
            Act::Open { of_agreement } => {
                ("v1/collections/opening".to_owned(), scope(*of_agreement))
            }
            Act::Move => return self.move_account(loan).await,
        };
        let (status, told) = self.ask_api(&path, &body).await?;
        self.say(&format!("operator: {} {plan}: {status}", act.word()));
        let is_done = status == 200;
        // What has ended is told so; anything else is a mistake of the API's, or of the storm's.
        if !is_done && status != 409 {
            self.breaks(format!(
                "API: {path} with {body} was answered with {status}: {told}"
            ));
        }
        self.mark(format!(
            "operator: {}{}",
            act.word(),
            if is_done { "" } else { ", refused" }
        ));
        if !is_done {
            return Ok(());
        }
        if let Some(fault) = act.fault() {
            self.faults.count(fault);
        }
        if told["payments_in_flight"]
            .as_array()
            .is_some_and(|named| !named.is_empty())
        {
            self.mark(format!("operator: {} names payments in flight", act.word()));
        }
        if act == Act::Cancel {
            let now = self.now();
            if let Some(loan) = self.loans.get_mut(loan) {
                loan.ended_at.get_or_insert(now);
            }
        }
        Ok(())
    }

    fn pause(&self, days: Option<u64>) -> Value {
        // As Sydney's date, which is ahead of that in Greenwich.
        let today = (self.now() + TimeDelta::hours(11)).date_naive();
        match days {
            Some(days) => json!({"until": today + Days::new(1 + days), "reason": "a storm"}),
            None => json!({"reason": "a storm"}),
        }
    }

    async fn move_account(&mut self, loan: usize) -> Result<(), StormError> {
        let Some(found) = self.loans.get(loan) else {
            return Ok(());
        };
        let uid = found.agreement_uid.clone();
        let account = json!({"type": "bban", "value": format!("062000-{}", 50_000_000 + loan)});
        let path = format!("agreements/{uid}/account");
        // The bank may never have been asked for the agreement.
        let refused_as = [StatusCode::CONFLICT, StatusCode::NOT_FOUND];
        let moved = self
            .ask_bank(&path, &json!({ "account": account }), &refused_as)
            .await?;
        self.say(&format!("payer: move {uid}: {}", moved.is_some()));
        if moved.is_some() {
            self.faults.count(Fault::AccountMoved);
            self.mark("payer: move");
        }
        Ok(())
    }
}
