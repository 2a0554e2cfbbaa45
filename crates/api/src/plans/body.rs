//! A plan as the API writes it.

use serde::Serialize;
use utoipa::ToSchema;

use domain::date::{BusinessDate, Instant};
use domain::gate::SendingHours;
use domain::period::{Reading, window_holding};
use domain::{agreement, instalment, plan, wake};
use flows::Settings;
use flows::endangered::Endangered;
use flows::open_plan::{PlanRequest, PreparedPlan};
use flows::retry_policy;
use store::codec::terms_to_json;
use store::views::plans::{AgreementView, InstalmentView, PaymentView, PlanDetail, PlanView};

use super::endangered::{EndangeredBody, endangered_body};
use super::explanation::{self, Explainer, ExplanationBody};
use super::paused::{PauseBody, pause_body};
use crate::openapi::{PaymentTermsBody, RetryPolicyBody};
use crate::page::instant_text;

/// A plan in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanSummary)]
pub struct PlanBody {
    /// Its id.
    #[schema(example = "pln_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Your own reference.
    #[schema(example = "loan-40217")]
    external_id: String,
    /// Who repays.
    #[schema(example = "cus_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    customer_id: String,
    /// What the agreement is for.
    #[schema(example = "loan")]
    purpose: String,
    /// What the payer reads in their bank.
    #[schema(example = "Loan 40217 repayments")]
    description: String,
    /// `awaiting_agreement`, `active`, `paused`, `completed`, `cancelled` or `blocked`.
    #[schema(example = "active")]
    state: &'static str,
    /// Why nothing is sent for it until a person decides, where that is so.
    frozen_because: Option<String>,
    /// Its pause, while it is paused.
    paused: Option<PauseBody>,
    /// How often and when a failed instalment is tried again; as it was when the plan was accepted.
    #[schema(value_type = RetryPolicyBody)]
    retry_policy: serde_json::Value,
    /// How many instalments it has.
    #[schema(example = 12)]
    instalment_count: u32,
    /// Sums over its instalments.
    totals: Totals,
    /// When it was accepted, in UTC.
    #[schema(example = "2026-11-21T08:43:00.000Z")]
    created_at: String,
}

/// Sums over a plan's instalments, in cents.
#[derive(Serialize, ToSchema)]
pub struct Totals {
    /// Of all instalments.
    #[schema(example = 346_200)]
    due: i64,
    /// Of those collected.
    #[schema(example = 28_850)]
    collected: i64,
    /// Always AUD.
    #[schema(example = "AUD")]
    currency: &'static str,
}

/// A plan with its agreement and instalments.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanDetailBody {
    #[serde(flatten)]
    plan: PlanBody,
    /// The latest agreement proposed for it.
    agreement: AgreementBody,
    /// Every instalment, in due order.
    instalments: Vec<InstalmentBody>,
    /// What cannot be collected while the agreement is suspended, or since it is lost: the first hundred.
    endangered_instalments: Vec<EndangeredBody>,
}

impl PlanDetailBody {
    /// Adds what the state of the agreement keeps from being collected.
    pub fn name_endangered(&mut self, endangered: &Endangered) {
        self.endangered_instalments = endangered.listed.iter().map(endangered_body).collect();
    }
}

/// A PayTo agreement.
#[derive(Serialize, ToSchema)]
#[schema(as = Agreement)]
pub struct AgreementBody {
    /// Its id.
    #[schema(example = "agr_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its uid at the provider.
    #[schema(example = "pd1-mzxw6ytboi4dqmrzgq2tmnzyheydcmrt")]
    uid: String,
    /// Where it stands, such as `pending` or `active`.
    #[schema(example = "active")]
    state: &'static str,
    /// What it allows.
    #[schema(value_type = PaymentTermsBody)]
    payment_terms: serde_json::Value,
    /// Its first date, from which all its periods are counted.
    #[schema(example = "2026-01-28", format = Date)]
    validity_start_date: String,
    /// Its last date.
    #[schema(example = "2027-01-27", format = Date)]
    validity_end_date: Option<String>,
    /// Why these terms and dates.
    chosen_because: String,
    /// Why it stands where it stands, where the provider said so.
    reason: Option<ReasonBody>,
    /// When the provider last said how it stands, in UTC.
    confirmed_at: Option<String>,
    /// The rule that its proposal waits for, while it waits, such as `creation_budget_spent`.
    waiting_because: Option<String>,
    /// When something is next done about it by itself, in UTC.
    next_at: Option<String>,
    /// Of a PayID: whether the name behind it is the customer's: `same`, `close` or `different`.
    #[schema(example = "same")]
    payer_match: Option<String>,
    /// When the payer last moved it to another account at their bank, as far as we heard, in UTC.
    amended_at: Option<String>,
    /// Since when the provider is asked to cancel it, in UTC.
    cancellation_requested_at: Option<String>,
    /// Since when nobody attends to it, in UTC: an open `quarantined` exception says what to do.
    quarantined_at: Option<String>,
}

/// A provider's reason.
#[derive(Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonBody {
    /// The provider's code.
    code: Option<String>,
    /// The provider's words.
    detail: Option<String>,
}

/// One planned repayment.
#[derive(Serialize, ToSchema)]
#[schema(as = Instalment)]
pub struct InstalmentBody {
    /// Its id.
    #[schema(example = "ins_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its place in the plan, from 1.
    #[schema(example = 1)]
    sequence: u32,
    /// When it is due, in Sydney.
    #[schema(example = "2026-01-31", format = Date)]
    due_date: String,
    /// What is due, in cents.
    #[schema(example = 28_850)]
    amount: i64,
    /// Where it stands, such as `scheduled` or `collected`.
    #[schema(example = "scheduled")]
    state: &'static str,
    /// Where it stands and why, in a sentence.
    summary: String,
    /// The same for programs: the rule with its numbers, what comes next, what would make it go.
    explanation: ExplanationBody,
    /// What holds it back, while something does.
    waiting_because: Option<String>,
    /// When something happens next by itself, in UTC; null once it has ended.
    next_at: Option<String>,
    /// The agreement's period that holds the due date; null for an ad hoc agreement.
    window: Option<WindowBody>,
    /// The attempts to collect it, oldest first.
    payments: Vec<PaymentBody>,
}

/// A period of an agreement. Both dates belong to it, in Sydney.
#[derive(Serialize, ToSchema)]
#[schema(as = Window)]
pub struct WindowBody {
    /// Its first date.
    #[schema(example = "2026-01-28", format = Date)]
    first_date: String,
    /// Its last date.
    #[schema(example = "2026-02-27", format = Date)]
    last_date: String,
}

/// One attempt to collect an instalment.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentBody {
    /// Its id.
    #[schema(example = "pay_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    id: String,
    /// Its uid at the provider.
    uid: String,
    /// Where it stands, such as `submitted` or `settled`.
    #[schema(example = "settled")]
    state: &'static str,
    /// Which attempt it is, from 1.
    #[schema(example = 1)]
    attempt_no: u32,
    /// How often it was retried under the same uid.
    #[schema(example = 0)]
    retries_made: u32,
    /// How often it was sent.
    #[schema(example = 1)]
    submissions: usize,
    /// The provider's code of its last failure.
    failure_code: Option<String>,
    /// When it was sent, in UTC: once, and once for every retry.
    sent_at: Vec<String>,
    /// When it ended, in UTC.
    ended_at: Option<String>,
}

/// A plan as it is written in a list.
pub fn summary(plan: PlanView) -> PlanBody {
    PlanBody {
        id: plan.id.to_string(),
        external_id: plan.external_id,
        customer_id: plan.customer_id.to_string(),
        purpose: plan.purpose,
        description: plan.description,
        state: plan.state.as_str(),
        frozen_because: plan.frozen_because,
        paused: plan.pause.map(pause_body),
        retry_policy: plan.policy,
        instalment_count: plan.instalment_count,
        totals: Totals {
            due: plan.total_cents,
            collected: plan.collected_cents,
            currency: "AUD",
        },
        created_at: instant_text(plan.created_at),
    }
}

/// A plan as it is written by itself.
pub fn detail(plan: PlanDetail, settings: &Settings, now: Instant) -> PlanDetailBody {
    let anchor = plan.agreement.validity.start_date;
    let frequency = plan.agreement.terms.frequency();
    let window = |due_date: BusinessDate| {
        window_holding(anchor, frequency, Reading::Oligo, due_date).map(|window| WindowBody {
            first_date: window.first_date.to_string(),
            last_date: window.last_date.to_string(),
        })
    };
    let explainer = Explainer::new(&plan, &settings.retry, now);
    let instalments = plan
        .instalments
        .iter()
        .map(|one| instalment_body(one, &explainer, window(one.due_date)))
        .collect();
    PlanDetailBody {
        instalments,
        endangered_instalments: Vec::new(),
        agreement: agreement_body(plan.agreement),
        plan: summary(plan.plan),
    }
}

/// A plan as it will be read back once it is written: the answer that commits with it.
pub fn foreseen(
    request: &PlanRequest,
    prepared: &PreparedPlan,
    settings: &Settings,
    now: Instant,
) -> PlanDetail {
    let planned = request.schedule.instalments();
    PlanDetail {
        plan: PlanView {
            id: prepared.plan_id,
            external_id: request.external_id.clone(),
            customer_id: request.customer_id,
            purpose: request.purpose.clone(),
            description: request.description.clone(),
            state: plan::State::AwaitingAgreement,
            frozen_because: None,
            pause: None,
            policy: retry_policy::to_json(&request.retry),
            instalment_count: u32::try_from(planned.len()).unwrap_or(u32::MAX),
            total_cents: request.schedule.total_cents(),
            collected_cents: 0,
            created_at: now,
        },
        agreement: AgreementView {
            id: prepared.agreement_id,
            uid: settings
                .uid_key
                .agreement_uid(prepared.plan_id, 1)
                .to_string(),
            state: agreement::State::Drafted,
            terms: prepared.terms,
            validity: prepared.validity,
            chosen_because: prepared.chosen_because.clone(),
            reason_code: None,
            reason_detail: None,
            confirmed_at: None,
            waiting_because: None,
            wake_at: Some(now),
            payer_match: None,
            amended_at: None,
            cancel_wanted_at: None,
            quarantined_at: None,
        },
        closure: None,
        instalments: foreseen_instalments(request, prepared, settings.hours),
    }
}

fn foreseen_instalments(
    request: &PlanRequest,
    prepared: &PreparedPlan,
    hours: SendingHours,
) -> Vec<InstalmentView> {
    let planned = request.schedule.instalments().iter();
    planned
        .zip(&prepared.instalment_ids)
        .map(|(planned, id)| InstalmentView {
            id: *id,
            sequence: planned.sequence,
            due_date: planned.due_date,
            amount: planned.amount,
            state: instalment::State::Scheduled,
            ended_because: None,
            waiting_because: None,
            wake_at: Some(wake::due_at(planned.due_date, hours)),
            quarantined_at: None,
            payments: Vec::new(),
        })
        .collect()
}

fn agreement_body(agreement: AgreementView) -> AgreementBody {
    let reason = match (agreement.reason_code, agreement.reason_detail) {
        (None, None) => None,
        (code, detail) => Some(ReasonBody { code, detail }),
    };
    AgreementBody {
        id: agreement.id.to_string(),
        uid: agreement.uid,
        state: agreement.state.as_str(),
        payment_terms: terms_to_json(&agreement.terms),
        validity_start_date: agreement.validity.start_date.to_string(),
        validity_end_date: agreement.validity.end_date.map(|date| date.to_string()),
        chosen_because: agreement.chosen_because,
        reason,
        confirmed_at: agreement.confirmed_at.map(instant_text),
        waiting_because: agreement.waiting_because,
        next_at: agreement.wake_at.map(instant_text),
        payer_match: agreement.payer_match,
        amended_at: agreement.amended_at.map(instant_text),
        cancellation_requested_at: agreement.cancel_wanted_at.map(instant_text),
        quarantined_at: agreement.quarantined_at.map(instant_text),
    }
}

fn instalment_body(
    instalment: &InstalmentView,
    explainer: &Explainer<'_>,
    window: Option<WindowBody>,
) -> InstalmentBody {
    let explained = explainer.explain(instalment);
    InstalmentBody {
        id: instalment.id.to_string(),
        sequence: instalment.sequence,
        due_date: instalment.due_date.to_string(),
        amount: instalment.amount.get(),
        state: instalment.state.as_str(),
        explanation: explanation::body(&explained),
        next_at: explained.next.map(|next| instant_text(next.at)),
        summary: explained.summary,
        waiting_because: instalment.waiting_because.clone(),
        window,
        payments: instalment.payments.iter().map(payment_body).collect(),
    }
}

fn payment_body(payment: &PaymentView) -> PaymentBody {
    PaymentBody {
        id: payment.id.to_string(),
        uid: payment.uid.clone(),
        state: payment.state.as_str(),
        attempt_no: payment.attempt_no,
        retries_made: payment.retries_made,
        submissions: payment.sent_at.len(),
        failure_code: payment.failure_code.clone(),
        sent_at: payment.sent_at.iter().copied().map(instant_text).collect(),
        ended_at: payment.ended_at.map(instant_text),
    }
}
