//! Lenders ask for plans, and payers are who they are.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::StormError;
use crate::agenda::{Deed, morning};
use crate::fault::Fault;
use crate::plans::{Asked, asked};
use crate::world::Storm;

/// How often another plan is asked for when one was refused, until the loan is given up.
const TRIES: u64 = 30;
/// Days over which the plans are opened.
const OPENING_DAYS: i64 = 45;

/// A plan that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Loan {
    pub(crate) plan_id: String,
    pub(crate) agreement_id: String,
    pub(crate) agreement_uid: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) last_due: NaiveDate,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

impl Loan {
    /// Days under its agreement so far.
    pub(crate) fn days(&self, now: DateTime<Utc>) -> u64 {
        let due = morning(self.last_due) + TimeDelta::days(1);
        let end = self.ended_at.unwrap_or(due).min(due).min(now);
        u64::try_from((end - self.opened_at).num_days()).unwrap_or(0)
    }
}

impl Storm {
    /// Puts everything on the agenda that is known beforehand.
    pub(crate) fn foresee(&mut self) {
        let seconds = TimeDelta::days(OPENING_DAYS).num_seconds();
        for number in 0..self.config.plans {
            let after = TimeDelta::seconds(self.dice.plans.within(0, seconds));
            self.agenda
                .add(self.begins_at + after, Deed::OpenPlan { number });
        }
        self.agenda
            .add(self.begins_at + TimeDelta::days(1), Deed::Check);
        // At some hour in which people work in Sydney.
        let hours = self.dice.people.within(6, 13);
        self.agenda.add(
            self.begins_at + TimeDelta::hours(hours),
            Deed::ReadQuestions,
        );
        self.foresee_weather();
    }

    fn last_date(&self) -> NaiveDate {
        let last = self.begins_at.date_naive() + Days::new(self.config.days);
        last.pred_opt().unwrap_or(last)
    }

    pub(crate) fn loan_ends(&mut self, agreement_uid: &str) {
        let now = self.now();
        let found = self.by_agreement.get(agreement_uid).copied();
        if let Some(loan) = found.and_then(|index| self.loans.get_mut(index)) {
            loan.ended_at.get_or_insert(now);
        }
    }

    /// One lender asks until a plan is accepted.
    pub(crate) async fn open_plan(&mut self, number: u64) -> Result<(), StormError> {
        let account = format!("062000-{}", 10_000_000 + number);
        let account = json!({ "type": "bban", "value": account });
        let borrower = format!("borrower-{number}");
        let customer = json!({
            "external_id": borrower,
            "name": "Robin Sample",
            "account": account,
        });
        let (status, told) = self.ask_api("v1/customers", &customer).await?;
        let Some(customer_id) = told["id"].as_str().filter(|_| status == 201) else {
            return Err(StormError::Unexpected(format!(
                "no customer: {status} {told}"
            )));
        };
        let customer_id = customer_id.to_owned();
        for attempt in 0..TRIES {
            // As Sydney's date, which is ahead of that in Greenwich.
            let today = (self.now() + TimeDelta::hours(11)).date_naive();
            let last_date = self.last_date();
            let plan = asked(&mut self.dice.plans, today, last_date);
            let mut body = plan.body.clone();
            body["external_id"] = json!(format!("loan-{number}-{attempt}"));
            body["customer_id"] = json!(customer_id);
            body["description"] = json!("Loan repayments");
            if self.ask_for(&plan, &body, &borrower, &account).await? {
                return Ok(());
            }
        }
        self.mark("loan given up");
        Ok(())
    }

    /// Asks for a plan; whether it was accepted.
    async fn ask_for(
        &mut self,
        plan: &Asked,
        body: &Value,
        borrower: &str,
        account: &Value,
    ) -> Result<bool, StormError> {
        let (status, told) = self.ask_api("v1/plans", body).await?;
        let name = body["external_id"].as_str().unwrap_or_default();
        self.say(&format!("plan {name}: {status}"));
        if status == 201 {
            for mark in &plan.marks {
                self.mark(mark.clone());
            }
            if plan.is_careless {
                self.mark("careless plan accepted");
            }
            self.lend(plan, &told, account).await?;
            return Ok(true);
        }
        self.refused += 1;
        let code = told["violations"][0]["code"]
            .as_str()
            .or(told["code"].as_str());
        self.mark(format!("plan refused: {}", code.unwrap_or("?")));
        if !(400..500).contains(&status) {
            self.breaks(format!("API: a plan was answered with {status}: {body}"));
        }
        // Of one customer there is one plan, the first that is accepted.
        let left = self.verifier.plans_of(borrower).await?;
        if 0 < left {
            self.breaks(format!("API: a refused plan left something: {body}"));
        }
        Ok(false)
    }

    async fn lend(
        &mut self,
        plan: &Asked,
        told: &Value,
        account: &Value,
    ) -> Result<(), StormError> {
        let agreement_uid = told["agreement"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let instalments = told["instalments"].as_array();
        let due = |instalment: &Value| instalment["due_date"].as_str()?.parse::<NaiveDate>().ok();
        let dates: Vec<NaiveDate> = instalments.into_iter().flatten().filter_map(due).collect();
        let last_due = dates
            .last()
            .or(plan.due_dates.last())
            .copied()
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let loan = Loan {
            plan_id: text(&told["id"]),
            agreement_id: text(&told["agreement"]["id"]),
            agreement_uid: agreement_uid.clone(),
            opened_at: self.now(),
            last_due,
            ended_at: None,
        };
        self.by_agreement
            .insert(agreement_uid.clone(), self.loans.len());
        self.loans.push(loan);

        let habits = self.habits(account, &dates);
        self.bank_control("payers", &habits).await?;
        self.foresee_payer(agreement_uid, last_due);
        self.foresee_operators(self.loans.len() - 1, last_due);
        Ok(())
    }

    /// How a payer behaves.
    fn habits(&mut self, account: &Value, dates: &[NaiveDate]) -> Value {
        let dice = &mut self.dice.payers;
        let mut decision = "approve";
        for (fault, word) in [
            (Fault::Declined, "decline"),
            (Fault::NeverAnswers, "ignore"),
        ] {
            if self.faults.rolls(dice, fault) {
                self.faults.count(fault);
                decision = word;
            }
        }
        let longest = *dice.pick(&[60, 60, 600, 3_600, 3 * 86_400]);
        let decides_after = dice.within(0, longest);
        // Most have their money together, some now and then not, few often not.
        let weakness = *dice.pick(&[0, 0, 0, 1, 1, 4]);
        let (mut short_on, mut silent_on) = (Vec::new(), Vec::new());
        for date in dates {
            if dice.strikes(Fault::Short.per_mille() * weakness) && self.faults.may(Fault::Short) {
                let days = dice.below(5);
                short_on.extend(
                    date.iter_days()
                        .take(1 + usize::try_from(days).unwrap_or(0)),
                );
            }
            if self.faults.rolls(dice, Fault::Silence) {
                silent_on.push(*date);
            }
        }
        let mut habits = json!({
            "account": account,
            "decision": decision,
            "decide_after_seconds": decides_after,
            "short_on": short_on,
            "silent_on": silent_on,
        });
        if self.faults.rolls(dice, Fault::AccountClosed) {
            habits["closed_from"] = json!(dice.pick(dates));
        }
        habits
    }

    fn foresee_payer(&mut self, agreement_uid: String, last_due: NaiveDate) {
        let (now, end) = (self.now(), morning(last_due));
        let left = (end - now).num_minutes();
        let acts = [(Fault::Suspended, "suspend"), (Fault::Cancelled, "cancel")];
        for (fault, act) in acts {
            let dice = &mut self.dice.payers;
            let at = now + TimeDelta::minutes(dice.within(60, left));
            if self.faults.rolls(dice, fault) {
                let agreement_uid = agreement_uid.clone();
                self.agenda.add(at, Deed::PayerActs { agreement_uid, act });
            }
        }
    }

    pub(crate) async fn ask_api(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value), StormError> {
        let url = format!("{}{path}", self.api_url);
        let asked = self.http.post(url).bearer_auth(&self.api_key).json(body);
        let answer = asked.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }
}
