//! Late payments of one customer, a few a day.

use super::*;

/// Two late payments were made today, of two a day.
const SPENT: CatchUp = CatchUp {
    made_today: 2,
    a_day_max: Some(2),
};

#[test]
fn a_late_instalment_waits_for_tomorrow_once_the_days_late_payments_are_made() {
    let terms = monthly();
    let refused = refusal(&terms, |facts| {
        facts.due_date = date(2026, 3, 9);
        facts.catch_up = SPENT;
    });
    assert_eq!(
        refused,
        Refusal::CatchUpSpent {
            made: 2,
            most: 2,
            clear_at: date(2026, 3, 11).opens_at(),
        }
    );
}

#[test]
fn an_instalment_due_today_does_not_wait_for_late_ones() {
    let terms = monthly();
    let mut facts = facts(&terms);
    facts.catch_up = SPENT;
    assert!(gate(&facts).is_ok());
}

#[test]
fn a_late_instalment_passes_while_the_day_has_room_or_no_limit() {
    let terms = monthly();
    let mut facts = facts(&terms);
    facts.due_date = date(2026, 3, 9);
    for (made_today, a_day_max) in [(1, Some(2)), (0, Some(1)), (900, None)] {
        facts.catch_up = CatchUp {
            made_today,
            a_day_max,
        };
        assert!(gate(&facts).is_ok(), "{made_today} of {a_day_max:?}");
    }
}

#[test]
fn a_late_instalment_passes_on_the_last_day_of_its_room() {
    let terms = monthly();
    let last_day = date(2026, 4, 4);
    let mut facts = facts(&terms);
    facts.due_date = date(2026, 3, 9);
    facts.now = last_day.at_hour(9, 0);
    facts.agreement_confirmed_at = Some(facts.now);
    facts.catch_up = SPENT;
    assert!(gate(&facts).is_ok());

    facts.now = date(2026, 4, 3).at_hour(9, 0);
    facts.agreement_confirmed_at = Some(facts.now);
    assert!(matches!(gate(&facts), Err(Refusal::CatchUpSpent { .. })));
}

#[test]
fn what_was_made_already_is_sent_again_whatever_the_day_has_seen() {
    let terms = monthly();
    let mut facts = facts(&terms);
    facts.due_date = date(2026, 3, 9);
    facts.catch_up = SPENT;
    facts.purpose = Purpose::Resend;
    facts.instalment_state = instalment::State::Collecting;
    assert!(gate(&facts).is_ok());
}
