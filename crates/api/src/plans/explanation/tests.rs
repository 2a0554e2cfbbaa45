use domain::date::BusinessDate;
use domain::fit::Validity;
use domain::money::Cents;
use domain::terms::{PaymentTerms, TermsDraft};
use domain::uid::{AgreementId, CustomerId, InstalmentId, PaymentId, PlanId};
use domain::{agreement, payment, plan};
use flows::clock::fresh_uuid;
use store::views::plans::{AgreementView, PlanView};

use super::*;

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn now() -> Instant {
    date("2026-01-20").at_hour(9, 0)
}

fn instalment(sequence: u32, due_date: &str) -> InstalmentView {
    InstalmentView {
        id: InstalmentId::new(fresh_uuid()),
        sequence,
        due_date: date(due_date),
        amount: Cents::new(1).expect("a cent"),
        state: instalment::State::Scheduled,
        ended_because: None,
        waiting_because: Some("amount_refused".to_owned()),
        wake_at: None,
        quarantined_at: None,
        payments: Vec::new(),
    }
}

fn payment(agreement_id: AgreementId, state: payment::State) -> PaymentView {
    PaymentView {
        id: PaymentId::new(fresh_uuid()),
        uid: "uid".to_owned(),
        agreement_id,
        state,
        attempt_no: 1,
        retries_made: 0,
        failure_code: None,
        conflict_state: None,
        sent_at: Vec::new(),
        ended_at: None,
        wake_at: None,
        quarantined_at: None,
    }
}

/// Three weekly instalments under balloon terms with amounts of their own at both ends.
fn balloon(policy: Value) -> PlanDetail {
    let terms = PaymentTerms::from_draft(&TermsDraft {
        kind: "balloon".to_owned(),
        frequency: "weekly".to_owned(),
        amount: Some(200),
        first_payment_amount: Some(100),
        last_payment_amount: Some(300),
        ..TermsDraft::default()
    });
    let (start_date, end_date) = (date("2026-01-12"), None);
    PlanDetail {
        plan: PlanView {
            id: PlanId::new(fresh_uuid()),
            external_id: "loan-1".to_owned(),
            customer_id: CustomerId::new(fresh_uuid()),
            purpose: "loan".to_owned(),
            description: "A loan".to_owned(),
            state: plan::State::Active,
            frozen_because: None,
            pause: None,
            policy,
            instalment_count: 3,
            total_cents: 600,
            collected_cents: 0,
            created_at: now(),
        },
        agreement: AgreementView {
            id: AgreementId::new(fresh_uuid()),
            uid: "uid".to_owned(),
            state: agreement::State::Active,
            terms: terms.expect("terms that hold"),
            validity: Validity {
                start_date,
                end_date,
            },
            chosen_because: String::new(),
            reason_code: None,
            reason_detail: None,
            confirmed_at: None,
            waiting_because: None,
            wake_at: None,
            payer_match: None,
            amended_at: None,
            cancel_wanted_at: None,
            quarantined_at: None,
        },
        closure: None,
        instalments: vec![
            instalment(1, "2026-01-13"),
            instalment(2, "2026-01-20"),
            instalment(3, "2026-01-27"),
        ],
    }
}

/// The numbers told of one of its instalments.
fn numbers(plan: &PlanDetail, sequence: usize) -> Map<String, Value> {
    let explainer = Explainer::new(plan, &RetryPolicy::default(), now());
    let told = explainer.explain(&plan.instalments[sequence - 1]);
    body(&told).numbers
}

#[test]
fn a_refused_amount_is_told_by_the_place_of_its_payment_in_the_agreement() {
    let mut plan = balloon(json!({}));
    assert_eq!(numbers(&plan, 2)["first_payment_amount"], 100);

    // Neither a failed payment nor one under an agreement before this one is its first.
    let own = plan.agreement.id;
    let failed = payment(own, payment::State::Failed);
    let elsewhere = payment(AgreementId::new(fresh_uuid()), payment::State::Settled);
    plan.instalments[0].payments = vec![failed, elsewhere];
    assert_eq!(numbers(&plan, 2)["first_payment_amount"], 100);

    let settled = payment(own, payment::State::Settled);
    plan.instalments[0].payments.push(settled);
    assert_eq!(numbers(&plan, 2)["agreed_amount"], 200);
    assert_eq!(numbers(&plan, 3)["last_payment_amount"], 300);
    // Its own payment is no other one.
    assert_eq!(numbers(&plan, 1)["first_payment_amount"], 100);
}

#[test]
fn the_limit_of_the_plans_own_policy_is_told() {
    let limit = |policy| {
        let mut plan = balloon(policy);
        let one = &mut plan.instalments[0];
        one.state = instalment::State::Failed;
        one.ended_because = Some("retries_used_up:AM04".to_owned());
        numbers(&plan, 1)["retries_max"].clone()
    };

    assert_eq!(limit(json!({ "version": 1, "retries_max": 5 })), 5);
    assert_eq!(limit(json!({})), 3, "as configured");
}

#[test]
fn only_what_has_failed_is_told_to_go_into_the_next_window() {
    let until = |policy: Value, change: &dyn Fn(&mut PlanDetail)| {
        let mut plan = balloon(policy);
        // Nothing else needs the third week.
        plan.instalments[2].due_date = date("2026-02-10");
        change(&mut plan);
        numbers(&plan, 2)["collectable_until"].clone()
    };
    let goes_on = || json!({ "version": 1, "next_window": true });
    let retrying = |plan: &mut PlanDetail| {
        plan.instalments[1].state = instalment::State::Retrying;
    };
    let twice = |plan: &mut PlanDetail| {
        let failed = || payment(plan.agreement.id, payment::State::Failed);
        plan.instalments[1].payments = vec![failed(), failed()];
    };

    assert_eq!(until(goes_on(), &retrying), "2026-02-01");
    assert_eq!(until(goes_on(), &twice), "2026-02-01");
    assert_eq!(until(goes_on(), &|_| ()), "2026-01-25");
    assert_eq!(until(json!({}), &retrying), "2026-01-25");
    let taken = |plan: &mut PlanDetail| {
        retrying(plan);
        plan.instalments[2].due_date = date("2026-01-27");
    };
    assert_eq!(until(goes_on(), &taken), "2026-01-25");
}

#[test]
fn a_payment_under_way_is_told_with_the_window_in_which_it_was_sent() {
    let until = |sent: &str| {
        let mut plan = balloon(json!({}));
        let mut payment = payment(plan.agreement.id, payment::State::Submitted);
        payment.sent_at = vec![now(), date(sent).at_hour(9, 0)];
        let one = &mut plan.instalments[0];
        one.state = instalment::State::Collecting;
        one.payments = vec![payment];
        numbers(&plan, 1)["collectable_until"].clone()
    };

    assert_eq!(until("2026-01-18"), "2026-01-18");
    assert_eq!(until("2026-01-19"), "2026-01-25");
}
