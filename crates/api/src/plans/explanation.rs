//! Why an instalment stands where it stands, as the API writes it.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use domain::date::{BusinessDate, Instant};
use domain::explain::{
    Attempt, Closure, Explanation, Figure, History, Subject, Value as Number, explain,
};
use domain::failure::RetryPolicy;
use domain::gate::Carry;
use domain::instalment;
use flows::retry_policy;
use store::views::plans::{ClosureView, InstalmentView, PaymentView, PlanDetail};

use crate::page::instant_text;

/// Why an instalment stands where it stands, what comes next, and what would make it go.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationBody {
    /// Why, in one word: `not_due_yet`, `due`, `held_back`, `in_flight`, `trying_again`,
    /// `collected`, `missed`, `failed_for_good`, `refused_for_good`, `waived`, `cancelled`,
    /// `paid_elsewhere`, `contradicted` or `quarantined`.
    #[schema(example = "held_back")]
    code: &'static str,
    /// The rule behind it, where one is: what holds it back, or why it is not tried again.
    #[schema(example = "agreement_not_active")]
    rule: Option<String>,
    /// The provider's codes behind it, with their titles.
    provider_codes: Vec<ProviderCodeBody>,
    /// The numbers behind it, by name: dates in Sydney (`…_date`, `collectable_until`), instants in
    /// UTC (`…_at`), amounts in cents, counts and words.
    #[schema(value_type = Object, example = json!({
        "agreement_state": "created", "collectable_until": "2026-02-27",
    }))]
    numbers: Map<String, Value>,
    /// When something happens next by itself, in UTC; null once it has ended.
    next_at: Option<String>,
    /// What happens then: `send`, `retry`, `ask_provider` or `look_again`.
    #[schema(example = "look_again")]
    next: Option<&'static str>,
    /// What would make it go, such as `payer_approves` or `funds_arrive`; null once it has ended.
    #[schema(example = "payer_approves")]
    would_go_if: Option<&'static str>,
}

/// A code of the provider.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderCode)]
pub struct ProviderCodeBody {
    /// The code.
    #[schema(example = "AM04")]
    code: String,
    /// Its title, where the provider's documents give it one.
    #[schema(example = "Insufficient Funds")]
    title: Option<&'static str>,
}

/// What the instalments of one plan have in common, read once.
pub struct Explainer<'a> {
    plan: &'a PlanDetail,
    history: History<'a>,
    /// Whether a failed instalment may go into the window after its own.
    goes_on: bool,
    now: Instant,
}

impl<'a> Explainer<'a> {
    /// Of a plan, at `now`; what the plan's stored policy does not say is as `configured`.
    pub fn new(plan: &'a PlanDetail, configured: &RetryPolicy, now: Instant) -> Explainer<'a> {
        let stored = &plan.plan.policy;
        let agreement = &plan.agreement;
        let history = History {
            attempts: &[],
            closed: plan.closure.as_ref().map(closed),
            paused_until: plan.plan.pause.as_ref().and_then(|pause| pause.until),
            plan_state: plan.plan.state,
            frozen_because: plan.plan.frozen_because.as_deref(),
            agreement_state: agreement.state,
            agreement_confirmed_at: agreement.confirmed_at,
            terms: &agreement.terms,
            validity: agreement.validity,
            retry_policy: retry_policy::from_json(stored, configured),
            carry: Carry::Never,
        };
        Explainer {
            plan,
            history,
            goes_on: retry_policy::goes_on(stored, configured),
            now,
        }
    }

    /// One of its instalments.
    pub fn explain(&self, instalment: &InstalmentView) -> Explanation {
        let attempts: Vec<Attempt<'_>> = instalment.payments.iter().map(attempt).collect();
        let subject = Subject {
            state: instalment.state,
            due_date: instalment.due_date,
            amount: instalment.amount,
            first_of_agreement: self.is_first_of_agreement(instalment),
            last_of_plan: instalment.sequence == self.plan.plan.instalment_count,
            waiting_because: instalment.waiting_because.as_deref(),
            ended_because: instalment.ended_because.as_deref(),
            wake_at: instalment.wake_at,
            quarantined: is_quarantined(instalment),
        };
        let has_failed =
            instalment.state == instalment::State::Retrying || 1 < instalment.payments.len();
        let others_due =
            (self.goes_on && has_failed).then(|| later_due(&self.plan.instalments, instalment));
        let carry = match &others_due {
            Some(others_due) => Carry::IntoNextWindow { others_due },
            None => Carry::Never,
        };
        let history = History {
            attempts: &attempts,
            carry,
            ..self.history
        };
        explain(&subject, &history, self.now)
    }

    /// Whether the agreement has no payment that has not failed, but for this instalment's own.
    fn is_first_of_agreement(&self, instalment: &InstalmentView) -> bool {
        let all = self.plan.instalments.iter();
        let others = all.filter(|other| other.sequence != instalment.sequence);
        let mut payments = others.flat_map(|other| &other.payments);
        !payments.any(|payment| {
            payment.agreement_id == self.plan.agreement.id && payment.state.holds_slot()
        })
    }
}

fn closed(closure: &ClosureView) -> Closure<'_> {
    Closure {
        scope: closure.scope,
        because: &closure.because,
        since: closure.since,
    }
}

/// Whether nobody attends to it, or to its payment under way.
fn is_quarantined(instalment: &InstalmentView) -> bool {
    let mut payments = instalment.payments.iter();
    instalment.quarantined_at.is_some()
        || payments.any(|payment| payment.state.is_live() && payment.quarantined_at.is_some())
}

/// When the later instalments are due that wait for a payment of their own.
fn later_due(all: &[InstalmentView], instalment: &InstalmentView) -> Vec<BusinessDate> {
    let others = all.iter().filter(|other| other.state.is_owed_now());
    others
        .map(|other| other.due_date)
        .filter(|due_date| instalment.due_date < *due_date)
        .collect()
}

fn attempt(payment: &PaymentView) -> Attempt<'_> {
    Attempt {
        state: payment.state,
        retries_made: payment.retries_made,
        failure_code: payment.failure_code.as_deref(),
        last_sent_at: payment.sent_at.last().copied(),
        conflict: payment.conflict_state,
        wake_at: payment.wake_at,
    }
}

/// An explanation as it is written; its sentence stands beside it.
pub fn body(told: &Explanation) -> ExplanationBody {
    let reason = &told.reason;
    let codes = reason.provider_codes().into_iter();
    ExplanationBody {
        code: reason.code(),
        rule: reason.rule().map(str::to_owned),
        provider_codes: codes
            .map(|known| ProviderCodeBody {
                code: known.code.clone(),
                title: known.title,
            })
            .collect(),
        numbers: told.figures.iter().map(number).collect(),
        next_at: told.next.map(|next| instant_text(next.at)),
        next: told.next.map(|next| next.what.as_str()),
        would_go_if: told.would_go_if.map(|cure| cure.as_str()),
    }
}

fn number(figure: &Figure) -> (String, Value) {
    let value = match &figure.value {
        Number::Date(date) => json!(date.to_string()),
        Number::At(at) => json!(instant_text(*at)),
        Number::Count(count) => json!(count),
        Number::Amount(amount) => json!(amount.get()),
        Number::Word(word) => json!(word),
    };
    (figure.name.to_owned(), value)
}

#[cfg(test)]
mod tests;
