//! What cannot be asked, and what cannot be done.

use super::*;

fn skip(sequence: u32, rest: Rest) -> Change {
    Change::Skip { sequence, rest }
}

#[test]
fn dates_in_the_past_are_refused_and_today_is_not_past() {
    let day = date;
    let past = "2026-03-04";
    let pause = |from| Change::Pause {
        from: day(from),
        until: day("2026-04-05"),
    };
    let lower = |from| Change::Lower {
        from: day(from),
        until: day("2026-04-05"),
        amount: cents(1),
        rest: Rest::Waive,
    };
    let pay_out = Change::PayOut {
        on: day(past),
        amount: cents(1),
    };
    let shift = Change::Move {
        sequence: 2,
        to: day(past),
    };
    let in_the_past = |pointer: &str| vec![(pointer.to_owned(), "in_the_past")];

    assert_eq!(broken(&plan(), pause(past)), in_the_past("/from"));
    assert_eq!(broken(&plan(), lower(past)), in_the_past("/from"));
    assert_eq!(broken(&plan(), pay_out), in_the_past("/on"));
    assert_eq!(broken(&plan(), shift), in_the_past("/to"));
    assert_eq!(asked(&plan(), pause("2026-03-05")).tail.len(), 3);
    assert_eq!(asked(&plan(), lower("2026-03-05")).tail.len(), 3);
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let change = Change::Pause {
        from: date("2026-03-04"),
        until: date("2026-03-03"),
    };
    let unknown = Change::Move {
        sequence: 9,
        to: date("2026-03-04"),
    };

    let told = |pointer: &str, code| (pointer.to_owned(), code);
    assert_eq!(
        broken(&plan(), change),
        [told("/from", "in_the_past"), told("/until", "before_from")]
    );
    assert_eq!(
        broken(&plan(), unknown),
        [
            told("/sequence", "unknown_instalment"),
            told("/to", "in_the_past")
        ]
    );
}

#[test]
fn a_time_of_one_day_is_a_time() {
    let day = date("2026-04-05");
    let change = Change::Pause {
        from: day,
        until: day,
    };

    assert_eq!(asked(&plan(), change).tail[0].due_date, date("2026-05-05"));
}

#[test]
fn a_move_to_where_it_is_changes_nothing() {
    let change = Change::Move {
        sequence: 2,
        to: date("2026-04-05"),
    };

    assert_eq!(
        broken(&plan(), change),
        [("/to".to_owned(), "nothing_changes")]
    );
}

#[test]
fn an_unknown_instalment_cannot_be_skipped() {
    let unknown = [("/sequence".to_owned(), "unknown_instalment")];
    assert_eq!(broken(&plan(), skip(5, Rest::Waive)), unknown);
}

#[test]
fn a_plan_out_of_order_is_told_by_its_places() {
    let mut plan = plan();
    plan.instalments[2].sequence = 2;
    plan.instalments[3].due_date = date("2026-05-04");

    assert_eq!(
        broken(&plan, Change::End),
        [
            ("/instalments/2/sequence".to_owned(), "not_ascending"),
            ("/instalments/3/due_date".to_owned(), "not_ascending")
        ]
    );
}

#[test]
fn what_has_ended_has_no_place_in_the_order() {
    let mut plan = plan();
    plan.instalments[1].state = State::Cancelled;
    plan.instalments[1].due_date = date("2026-12-05");

    assert_eq!(asked(&plan, Change::End).dropped.len(), 2);
}

#[test]
fn nothing_is_sent_before_it_is_due() {
    let mut plan = plan();
    plan.today = date("2026-03-04");

    let told = |field: &str, code| (format!("/instalments/0/{field}"), code);
    let before_due = told("due_date", "sent_before_due");
    assert_eq!(
        broken(&plan, Change::End),
        [before_due.clone(), told("collection_date", "in_the_future")]
    );
    plan.instalments[0].state = State::Retrying;
    assert_eq!(broken(&plan, Change::End), [before_due]);
}

#[test]
fn only_what_is_unsent_changes() {
    for state in State::ALL
        .iter()
        .filter(|state| **state != State::Scheduled)
    {
        let mut plan = plan();
        plan.instalments[0].state = *state;
        let sequence = 1;

        let expected = Refusal::NotUnsent {
            sequence,
            state: *state,
        };
        assert_eq!(refusal(&plan, skip(1, Rest::Waive)), expected);
        assert_eq!(expected.code(), "not_unsent");
    }
}

#[test]
fn a_pause_or_a_lowering_that_concerns_nothing_is_refused() {
    let (from, until) = (date("2026-04-06"), date("2026-05-04"));
    let pause = Change::Pause { from, until };
    let lower = Change::Lower {
        from,
        until,
        amount: cents(1),
        rest: Rest::Waive,
    };

    assert_eq!(refusal(&plan(), pause), Refusal::NothingToChange);
    assert_eq!(refusal(&plan(), lower), Refusal::NothingToChange);
    let mut over = plan();
    over.instalments.truncate(1);
    assert_eq!(refusal(&over, Change::End), Refusal::NothingToChange);
    assert_eq!(
        refusal(&over, Change::ChangeAccount),
        Refusal::NothingToChange
    );
}

#[test]
fn a_plan_without_a_rhythm_has_no_later_dates() {
    let mut plan = plan();
    plan.rhythm = None;
    let pause = Change::Pause {
        from: date("2026-04-01"),
        until: date("2026-04-30"),
    };

    assert_eq!(refusal(&plan, pause), Refusal::NoRhythm);
    assert_eq!(refusal(&plan, skip(2, Rest::ToTheEnd)), Refusal::NoRhythm);
    assert_eq!(
        asked(&plan, skip(2, Rest::Waive)).verdict.as_str(),
        "fits_as_it_is"
    );
}

#[test]
fn nothing_is_spread_where_nothing_is_later() {
    assert_eq!(
        refusal(&plan(), skip(4, Rest::Spread)),
        Refusal::NothingLater
    );
    let lower = Change::Lower {
        from: date("2026-04-05"),
        until: date("2026-06-05"),
        amount: cents(1),
        rest: Rest::Spread,
    };
    assert_eq!(refusal(&plan(), lower), Refusal::NothingLater);
}

#[test]
fn no_instalment_grows_beyond_one_payment() {
    let mut plan = variable_plan();
    plan.instalments[3].amount = Cents::MAX;

    let expected = Refusal::AmountTooLarge { sequence: 4 };
    assert_eq!(refusal(&plan, skip(3, Rest::Spread)), expected);
}

#[test]
fn no_plan_reaches_past_the_calendar() {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let plan = plan_of(&["2200-10-05", "2200-11-05", "2200-12-05"], fixed, None);
    let pause = |until| Change::Pause {
        from: date("2200-11-05"),
        until: date(until),
    };

    assert_eq!(refusal(&plan, pause("2200-11-30")), Refusal::BeyondCalendar);
    assert_eq!(
        refusal(&plan, skip(2, Rest::ToTheEnd)),
        Refusal::BeyondCalendar
    );
}

#[test]
fn no_plan_grows_beyond_the_most_instalments() {
    let mut plan = variable_plan();
    plan.rhythm = plan.rhythm.map(|rhythm| Rhythm {
        cadence: Cadence::Daily,
        ..rhythm
    });
    let dates: Vec<_> = plan
        .rhythm
        .expect("a rhythm")
        .dates_after(date("2026-03-05"))
        .take(Schedule::INSTALMENTS_MAX as usize)
        .collect();
    plan.instalments = (1..)
        .zip(dates)
        .map(|(sequence, due_date)| InstalmentView {
            sequence,
            due_date,
            amount: cents(2),
            state: State::Scheduled,
            collection_date: None,
            may_carry: false,
        })
        .collect();
    let lower = Change::Lower {
        from: date("2026-03-06"),
        until: date("2026-03-06"),
        amount: cents(1),
        rest: Rest::ToTheEnd,
    };

    assert_eq!(refusal(&plan, lower), Refusal::TooManyInstalments);
    assert_eq!(asked(&plan, skip(1, Rest::ToTheEnd)).tail.len(), 1_500);
}

#[test]
fn every_refusal_has_its_code() {
    let sequence = 1;
    let codes = [
        (Refusal::NothingToChange, "nothing_to_change"),
        (Refusal::NoRhythm, "no_rhythm"),
        (Refusal::BeyondCalendar, "beyond_calendar"),
        (Refusal::TooManyInstalments, "too_many_instalments"),
        (Refusal::NothingLater, "nothing_later"),
        (Refusal::AmountTooLarge { sequence }, "amount_too_large"),
    ];
    for (refusal, code) in codes {
        assert_eq!(refusal.code(), code);
    }
}
