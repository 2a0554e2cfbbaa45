//! The order of the rules.

use super::*;

type Mend<'a> = (&'static str, Box<dyn Fn(&mut GateFacts<'a>) + 'a>);

#[test]
fn the_first_broken_rule_is_the_answer() {
    let dated = dated(Some("2026-03-07"), Some("2026-03-08"));
    let plain = monthly();
    let mut facts = everything_broken(&dated);

    // One rule is mended after the other: what shows next is the precedence.
    for (code, mend) in mends_of_what_is_wanted()
        .into_iter()
        .chain(mends_of_the_rest(&plain))
    {
        assert_eq!(gate(&facts).unwrap_err().code(), code);
        mend(&mut facts);
    }
    assert!(gate(&facts).is_ok());
}

fn everything_broken(terms: &PaymentTerms) -> GateFacts<'_> {
    GateFacts {
        now: date(2026, 3, 10).at_hour(23, 50),
        database_reconciled: false,
        closed: Some(Scope::Agreement),
        plan_frozen: true,
        plan_state: plan::State::Paused,
        instalment_state: instalment::State::Waived,
        due_date: date(2026, 3, 11),
        amount: cents(50_001),
        agreement_state: agreement::State::Suspended,
        agreement_confirmed_at: None,
        validity: Validity {
            start_date: date(2026, 1, 11),
            end_date: Some(date(2026, 3, 9)),
        },
        purpose: Purpose::Retry {
            retries_made: 10,
            submitted_at: &[],
        },
        other_live_payment: true,
        first_of_agreement: true,
        consecutive_failures: 5,
        slots_taken: [1, 1],
        ..facts(terms)
    }
}

fn mends_of_what_is_wanted<'a>() -> Vec<Mend<'a>> {
    vec![
        (
            "database_not_reconciled",
            Box::new(|facts| facts.database_reconciled = true),
        ),
        ("collections_stopped", Box::new(|facts| facts.closed = None)),
        ("plan_frozen", Box::new(|facts| facts.plan_frozen = false)),
        (
            "plan_not_active",
            Box::new(|facts| facts.plan_state = plan::State::Active),
        ),
        (
            "instalment_not_owed",
            Box::new(|facts| facts.instalment_state = instalment::State::Retrying),
        ),
        (
            "not_due_yet",
            Box::new(|facts| facts.due_date = date(2026, 2, 5)),
        ),
        (
            "other_payment_live",
            Box::new(|facts| facts.other_live_payment = false),
        ),
        (
            "window_over",
            Box::new(|facts| {
                facts.due_date = date(2026, 3, 10);
                facts.validity.start_date = date(2026, 3, 11);
            }),
        ),
    ]
}

fn mends_of_the_rest(plain: &PaymentTerms) -> Vec<Mend<'_>> {
    vec![
        (
            "agreement_not_active",
            Box::new(|facts| facts.agreement_state = agreement::State::Active),
        ),
        (
            "agreement_stale",
            Box::new(|facts| facts.agreement_confirmed_at = Some(facts.now - TimeDelta::days(1))),
        ),
        (
            "before_validity",
            Box::new(|facts| facts.validity.start_date = date(2026, 2, 9)),
        ),
        (
            "after_validity",
            Box::new(|facts| facts.validity.end_date = None),
        ),
        (
            "after_last_payment_date",
            Box::new(|facts| {
                facts.now -= TimeDelta::days(2);
                facts.due_date = date(2026, 3, 8);
            }),
        ),
        (
            "first_payment_date_mismatch",
            Box::new(move |facts| facts.terms = plain),
        ),
        (
            "amount_refused",
            Box::new(|facts| facts.amount = cents(10_000)),
        ),
        ("no_free_slot", Box::new(|facts| facts.slots_taken = [0, 0])),
        (
            "too_many_failures_in_a_row",
            Box::new(|facts| facts.consecutive_failures = 0),
        ),
        (
            "retry_budget_spent",
            Box::new(|facts| facts.purpose = Purpose::First),
        ),
        (
            "outside_sending_hours",
            Box::new(|facts| facts.hours.closes_hour = 24),
        ),
        (
            "near_window_edge",
            Box::new(|facts| facts.hours.guard_minutes = 0),
        ),
    ]
}
