//! What the agreement allows: state, dates, amount, slots.

use super::*;

#[test]
fn only_an_active_agreement_is_collected_under() {
    use agreement::State as S;
    for state in S::ALL.iter().filter(|state| **state != S::Active) {
        let refusal = refusal(&monthly(), |facts| facts.agreement_state = *state);

        assert_eq!(refusal, Refusal::AgreementNotActive { state: *state });
        assert_eq!(refusal.is_for_ever(), state.is_terminal(), "{state}");
    }
}

#[test]
fn an_agreement_confirmed_more_than_24_hours_ago_is_stale() {
    let terms = monthly();
    let confirmed = |ago: Option<TimeDelta>| {
        let mut facts = facts(&terms);
        facts.agreement_confirmed_at = ago.map(|ago| facts.now - ago);
        gate(&facts)
    };
    let too_long = TimeDelta::hours(24) + TimeDelta::milliseconds(1);

    assert!(confirmed(Some(TimeDelta::hours(24))).is_ok());
    let confirmed_at = Some(facts(&terms).now - too_long);
    assert_eq!(
        confirmed(Some(too_long)),
        Err(Refusal::AgreementStale { confirmed_at })
    );
    assert_eq!(
        confirmed(None),
        Err(Refusal::AgreementStale { confirmed_at: None })
    );
}

#[test]
fn nothing_is_collected_outside_the_validity() {
    let before = refusal(&monthly(), |facts| {
        facts.validity.start_date = date(2026, 3, 11)
    });
    let after = refusal(&monthly(), |facts| {
        facts.validity.end_date = Some(date(2026, 3, 9))
    });

    assert_eq!(
        before,
        Refusal::BeforeValidity {
            start_date: date(2026, 3, 11)
        }
    );
    assert!(!before.is_for_ever());
    assert_eq!(
        after,
        Refusal::AfterValidity {
            end_date: date(2026, 3, 9)
        }
    );
    assert!(after.is_for_ever());
}

#[test]
fn the_first_and_the_last_date_of_the_validity_are_inside() {
    let terms = monthly();
    let mut facts = facts(&terms);
    let today = date(2026, 3, 10);
    facts.validity = Validity {
        start_date: today,
        end_date: Some(today),
    };

    assert!(gate(&facts).is_ok());
}

#[test]
fn nothing_is_collected_after_the_last_payment_date() {
    let day = dated(None, Some("2026-03-10"));
    assert!(gate(&facts(&day)).is_ok());

    let refusal = refusal(&dated(None, Some("2026-03-09")), |_| {});
    assert_eq!(
        refusal,
        Refusal::AfterLastPaymentDate {
            date: date(2026, 3, 9)
        }
    );
    assert!(refusal.is_for_ever());
}

#[test]
fn an_agreements_first_payment_is_made_on_its_date_or_never() {
    let missed = dated(Some("2026-03-09"), None);
    assert!(gate(&facts(&missed)).is_ok(), "not the first payment");

    let refused = refusal(&missed, |facts| facts.first_of_agreement = true);
    assert_eq!(
        refused,
        Refusal::FirstPaymentDateMismatch {
            date: date(2026, 3, 9)
        }
    );
    assert!(refused.is_for_ever());

    let to_come = dated(Some("2026-03-11"), None);
    assert!(gate(&facts(&to_come)).is_ok(), "not the first payment");
    let early = refusal(&to_come, |facts| facts.first_of_agreement = true);
    assert_eq!(
        early,
        Refusal::NotDueYet {
            due_date: date(2026, 3, 11)
        }
    );
}

#[test]
fn an_amount_over_the_maximum_is_refused() {
    let refusal = refusal(&monthly(), |facts| facts.amount = cents(50_001));

    let (expected, given) = (cents(50_000), cents(50_001));
    let amount = AmountRefusal {
        code: "ZPPAY12",
        expected,
        given,
    };
    assert_eq!(refusal, Refusal::AmountRefused(amount));
    assert!(refusal.is_for_ever());
}

#[test]
fn a_balloon_payment_says_whether_it_is_the_last() {
    let terms = balloon();
    let mut facts = facts(&terms);
    assert_eq!(gate(&facts).unwrap().last_payment, Some(false));

    (facts.last_of_plan, facts.amount) = (true, cents(40_000));
    assert_eq!(gate(&facts).unwrap().last_payment, Some(true));
}

#[test]
fn nothing_follows_the_payment_that_ended_a_balloon() {
    let made = |terms: &PaymentTerms| {
        let mut facts = facts(terms);
        facts.last_already_made = true;
        gate(&facts).err()
    };

    assert_eq!(made(&balloon()), Some(Refusal::LastPaymentMade));
    assert_eq!(made(&monthly()), None, "other terms know no last payment");
    assert!(Refusal::LastPaymentMade.is_for_ever());
    assert_eq!(Refusal::LastPaymentMade.code(), "last_payment_made");
}

#[test]
fn a_balloons_last_payment_waits_for_its_date_and_other_payments_do_not() {
    let ending = |kind: &str, amount: Option<i64>, max_amount: Option<i64>| {
        PaymentTerms::from_draft(&TermsDraft {
            kind: kind.into(),
            frequency: "monthly".into(),
            amount,
            max_amount,
            last_payment_amount: amount,
            last_payment_date: Some("2026-03-11".into()),
            ..TermsDraft::default()
        })
        .unwrap()
    };
    let balloon = ending("balloon", Some(10_000), None);
    assert!(gate(&facts(&balloon)).is_ok(), "not the last");

    let early = refusal(&balloon, |facts| facts.last_of_plan = true);
    let due_date = date(2026, 3, 11);
    assert_eq!(early, Refusal::NotDueYet { due_date });
    assert_eq!(early.clears(), Clears::At(due_date.opens_at()));
    let on_its_date = GateFacts {
        now: due_date.at_hour(8, 0),
        last_of_plan: true,
        ..facts(&balloon)
    };
    assert_eq!(gate(&on_its_date).unwrap().last_payment, Some(true));

    let variable = ending("variable", None, Some(10_000));
    let last = GateFacts {
        last_of_plan: true,
        ..facts(&variable)
    };
    assert!(gate(&last).is_ok(), "only a balloon's last is exact");
}

#[test]
fn a_confirmation_is_believed_within_a_day_of_now_on_either_side() {
    let terms = monthly();
    let after = |offset: TimeDelta| {
        let mut facts = facts(&terms);
        facts.agreement_confirmed_at = Some(facts.now + offset);
        gate(&facts).is_ok()
    };

    assert!(after(TimeDelta::hours(24)) && after(TimeDelta::hours(-24)));
    let beyond = TimeDelta::hours(24) + TimeDelta::seconds(1);
    assert!(!after(beyond) && !after(-beyond));
}

#[test]
fn an_ordinary_balloon_payment_waits_for_the_first_one() {
    let refusal = refusal(&balloon(), |facts| facts.first_of_agreement = true);

    assert_eq!(refusal.code(), "amount_refused");
    assert!(!refusal.is_for_ever());
}

#[test]
fn a_slot_must_be_free_under_both_readings() {
    let window = Window {
        index: 2,
        first_date: date(2026, 3, 5),
        last_date: date(2026, 4, 4),
    };
    for (slots_taken, reading) in [([1, 0], Reading::Oligo), ([0, 1], Reading::Azupay)] {
        let refusal = refusal(&monthly(), |facts| facts.slots_taken = slots_taken);

        let window = Some(window);
        assert_eq!(
            refusal,
            Refusal::NoFreeSlot {
                reading,
                window,
                allowed: 1,
                may_be_freed: false
            }
        );
        assert_eq!(refusal.clears(), Clears::At(date(2026, 4, 5).opens_at()));
    }
}

#[test]
fn a_slot_that_an_undecided_payment_holds_may_be_freed_before_the_window_is_over() {
    let terms = variable("weekly", Some(2));
    let with = |slots_undecided| {
        let full = refusal(&terms, |facts| {
            facts.slots_taken = [2, 2];
            facts.slots_undecided = slots_undecided;
        });
        full.clears()
    };

    assert!(matches!(with([0, 0]), Clears::At(_)));
    assert_eq!(with([1, 1]), Clears::When(Awaited::SlotFreed));
    assert_eq!(with([2, 2]), Clears::When(Awaited::SlotFreed));
}

#[test]
fn a_count_of_two_leaves_a_second_slot() {
    let terms = variable("monthly", Some(2));
    let mut facts = facts(&terms);
    facts.slots_taken = [1, 1];

    assert_eq!(gate(&facts).unwrap().slots_allowed, Some(2));
}

#[test]
fn ad_hoc_terms_have_no_windows_and_a_count_for_life() {
    let limited = variable("adhoc", Some(3));
    let pass = gate(&GateFacts {
        slots_taken: [2, 2],
        ..facts(&limited)
    })
    .unwrap();
    assert_eq!((pass.windows, pass.slots_allowed), ([None, None], Some(3)));

    let full = refusal(&limited, |facts| facts.slots_taken = [3, 3]);
    let reading = Reading::Oligo;
    assert_eq!(
        full,
        Refusal::NoFreeSlot {
            reading,
            window: None,
            allowed: 3,
            may_be_freed: false
        }
    );

    let unlimited = variable("adhoc", None);
    let pass = gate(&GateFacts {
        slots_taken: [900, 900],
        ..facts(&unlimited)
    })
    .unwrap();
    assert_eq!((pass.windows, pass.slots_allowed), ([None, None], None));
}
