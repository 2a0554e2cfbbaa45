//! Accepts a plan: its schedule is proved to fit its agreement for its whole life before a row is written.

use domain::date::{BusinessDate, Instant};
use domain::failure::RetryPolicy;
use domain::fit::{CounterExample, Demand, ProposalPolicy, ProposeError, Validity, propose, prove};
use domain::schedule::Schedule;
use domain::terms::{Allowance, PaymentTerms, agreement_rules};
use domain::uid::{AgreementId, CustomerId, InstalmentId, PlanId};
use domain::violation::Violation;
use domain::wake;
use store::StoreError;
use store::idempotency::{Created, IdempotencyClaim};
use store::plans::{NewAgreement, NewInstalment, NewPlan};

use crate::Deps;
use crate::clock::fresh_uuid;
use crate::retry_policy;

/// The most days after a due date that a chosen agreement is made to leave for retries.
///
/// A week leaves no more: asked for seven, every weekly plan would become an adhoc one. Later
/// retries are made where the window happens to be longer.
const ROOM_DAYS_MAX: u32 = 6;

/// A plan as a lender asks for it, every value already one of `domain`'s.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The plan's id.
    pub plan_id: PlanId,
    /// The lender's own reference, unique among plans.
    pub external_id: String,
    /// Who repays.
    pub customer_id: CustomerId,
    /// Oligo's word for what the agreement is for.
    pub purpose: String,
    /// What the payer reads in their bank.
    pub description: String,
    /// What is due when.
    pub schedule: Schedule,
    /// The agreement's terms; chosen when absent.
    pub terms: Option<PaymentTerms>,
    /// The agreement's dates; chosen when absent, given whenever terms are.
    pub validity: Option<Validity>,
    /// How often and when a failed instalment is tried again; frozen with the plan.
    pub retry: RetryPolicy,
}

/// A plan that fits, with ids for all its rows.
#[derive(Clone, Debug)]
pub struct PreparedPlan {
    /// The plan.
    pub plan_id: PlanId,
    /// Its first agreement.
    pub agreement_id: AgreementId,
    /// Its instalments, in due order.
    pub instalment_ids: Vec<InstalmentId>,
    /// The agreement's terms.
    pub terms: PaymentTerms,
    /// The agreement's dates.
    pub validity: Validity,
    /// Why these.
    pub chosen_because: String,
}

/// Why a plan cannot be accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PrepareError {
    /// The given terms do not carry the schedule.
    #[error("the schedule does not fit its payment terms: {}", .0.detail)]
    DoesNotFit(CounterExample),
    /// No terms can be found that carry it.
    #[error("no payment terms can be proposed")]
    CannotPropose(ProposeError),
    /// The given terms and dates are none that the provider would make an agreement of today.
    #[error("an agreement with these dates cannot be made today")]
    AgreementRefused(Vec<Violation>),
    /// Terms were given without dates, or dates without terms.
    #[error("payment_terms and validity_start_date go together")]
    TermsWithoutDates,
}

/// Proves that a plan fits, or chooses an agreement that it fits. Pure but for the ids it mints.
///
/// What is chosen leaves days after each due date to try a failed payment again. Given terms need
/// not: a lender who wants narrower ones gets fewer retries.
///
/// # Errors
///
/// Fails with the first counter-example, or with why nothing can be proposed.
pub fn prepare(request: &PlanRequest, today: BusinessDate) -> Result<PreparedPlan, PrepareError> {
    let (terms, validity, chosen_because) = match (&request.terms, request.validity) {
        (Some(terms), Some(validity)) => {
            agreement_rules(terms, validity, today).map_err(PrepareError::AgreementRefused)?;
            let proof = prove(&request.schedule, terms, validity, &Demand::BOTH)
                .map_err(PrepareError::DoesNotFit)?;
            let because = format!(
                "Given by the lender: anchored on {}, proved to carry all {} instalments under \
                 both month-end readings.",
                validity.start_date, proof.instalments
            );
            (*terms, validity, because)
        }
        (None, None) => {
            let policy = ProposalPolicy::new(today, room_wanted(&request.retry));
            let proposal =
                propose(&request.schedule, &policy).map_err(PrepareError::CannotPropose)?;
            (proposal.terms, proposal.validity, proposal.reason)
        }
        (Some(_), None) | (None, Some(_)) => return Err(PrepareError::TermsWithoutDates),
    };
    let instalment_ids = request
        .schedule
        .instalments()
        .iter()
        .map(|_| InstalmentId::new(fresh_uuid()))
        .collect();
    Ok(PreparedPlan {
        plan_id: request.plan_id,
        agreement_id: AgreementId::new(fresh_uuid()),
        instalment_ids,
        terms,
        validity,
        chosen_because,
    })
}

/// How many payments one window, or ad hoc the agreement's life, allows; `None` is without limit.
pub(crate) const fn slots_allowed(terms: &PaymentTerms) -> Option<u32> {
    match terms.allowance() {
        Allowance::PerWindow(count) | Allowance::Lifetime(count) => Some(count),
        Allowance::Unlimited => None,
    }
}

/// The days after each due date that a chosen agreement has to leave for this policy's retries.
pub(crate) fn room_wanted(retry: &RetryPolicy) -> u32 {
    let days = retry.retries_max().saturating_mul(retry.days_between());
    days.min(ROOM_DAYS_MAX)
}

/// Writes an accepted plan: all of it, or nothing. `now` is when: the time its caller was told.
///
/// # Errors
///
/// Fails when the database does, or when the customer does not exist (`plan_customer_id_fkey`).
pub async fn open_plan(
    deps: &Deps,
    request: &PlanRequest,
    prepared: &PreparedPlan,
    claim: Option<&IdempotencyClaim>,
    now: Instant,
) -> Result<Created, StoreError> {
    let settings = &deps.settings;
    let instalments = request
        .schedule
        .instalments()
        .iter()
        .zip(&prepared.instalment_ids)
        .map(|(planned, id)| NewInstalment {
            id: *id,
            sequence: planned.sequence,
            due_date: planned.due_date,
            amount: planned.amount,
            wake_at: wake::due_at(planned.due_date, settings.hours),
        })
        .collect();
    let plan = NewPlan {
        id: request.plan_id,
        external_id: request.external_id.clone(),
        customer_id: request.customer_id,
        purpose: request.purpose.clone(),
        description: request.description.clone(),
        policy: retry_policy::to_json(&request.retry),
        agreement: NewAgreement {
            id: prepared.agreement_id,
            uid: settings.uid_key.agreement_uid(request.plan_id, 1),
            terms: prepared.terms,
            validity: prepared.validity,
            slots_allowed: slots_allowed(&prepared.terms),
            is_chosen: request.terms.is_none(),
            chosen_because: prepared.chosen_because.clone(),
        },
        instalments,
        event_id: fresh_uuid(),
    };

    deps.store.open_plan(&plan, claim, now).await
}
