//! How long an instalment may be collected, and when it may go into the window after its own.

use super::*;

#[test]
fn room_ends_with_the_earliest_of_windows_validity_and_last_payment_date() {
    let due_date = date(2026, 2, 15);
    let endless = Validity {
        start_date: date(2026, 1, 31),
        end_date: None,
    };
    let ending = Validity {
        end_date: Some(date(2026, 2, 20)),
        ..endless
    };

    assert_eq!(room_until(&monthly(), endless, due_date), date(2026, 2, 27));
    assert_eq!(room_until(&monthly(), ending, due_date), date(2026, 2, 20));
    let last = dated(None, Some("2026-02-18"));
    assert_eq!(room_until(&last, ending, due_date), date(2026, 2, 18));
    let adhoc = variable("adhoc", None);
    assert_eq!(room_until(&adhoc, endless, due_date), date(2026, 3, 15));
}

#[test]
fn an_instalment_due_before_its_agreement_has_the_first_windows_room() {
    let validity = Validity {
        start_date: date(2026, 1, 5),
        end_date: None,
    };

    assert_eq!(
        room_until(&monthly(), validity, date(2025, 12, 31)),
        date(2026, 2, 4)
    );
}

/// Weekly from Monday 2 March 2026; an instalment due on Wednesday the 4th, that failed.
fn failed_in_the_first_week(terms: &PaymentTerms) -> GateFacts<'_> {
    let now = date(2026, 3, 10).at_hour(9, 0);
    GateFacts {
        now,
        due_date: date(2026, 3, 4),
        instalment_state: instalment::State::Retrying,
        agreement_confirmed_at: Some(now),
        validity: Validity {
            start_date: date(2026, 3, 2),
            end_date: None,
        },
        carry: Carry::IntoNextWindow { others_due: &[] },
        ..facts(terms)
    }
}

fn window_over() -> Refusal {
    Refusal::WindowOver {
        window: Window {
            index: 0,
            first_date: date(2026, 3, 2),
            last_date: date(2026, 3, 8),
        },
    }
}

#[test]
fn a_failed_instalment_goes_into_the_next_window_only_where_its_policy_says_so() {
    let terms = variable("weekly", None);
    let carried = failed_in_the_first_week(&terms);

    let pass = gate(&carried).unwrap();
    assert_eq!(pass.windows[0].map(|window| window.index), Some(1));
    let never = GateFacts {
        carry: Carry::Never,
        ..carried
    };
    assert_eq!(gate(&never), Err(window_over()));
}

#[test]
fn a_creation_goes_into_the_next_window_and_a_retry_under_the_same_uid_does_not() {
    let terms = variable("weekly", None);
    let carried = failed_in_the_first_week(&terms);
    // It never arrived, and is sent again under its uid.
    let resent = GateFacts {
        instalment_state: instalment::State::Collecting,
        purpose: Purpose::Resend,
        ..carried
    };
    // It was given up, and is owed still.
    let given_up = GateFacts {
        instalment_state: instalment::State::Scheduled,
        ..carried
    };
    let same_uid = GateFacts {
        purpose: Purpose::Retry {
            retries_made: 1,
            submitted_at: &[],
        },
        ..carried
    };

    assert!(gate(&resent).is_ok() && gate(&given_up).is_ok());
    assert_eq!(gate(&same_uid), Err(window_over()));
}

#[test]
fn the_next_window_is_used_to_its_last_date_and_no_further() {
    let terms = variable("weekly", None);
    let on = |day| {
        let now = date(2026, 3, day).at_hour(9, 0);
        gate(&GateFacts {
            now,
            agreement_confirmed_at: Some(now),
            ..failed_in_the_first_week(&terms)
        })
        .map(|pass| pass.today)
    };

    assert_eq!(on(8), Ok(date(2026, 3, 8)));
    assert_eq!(on(9), Ok(date(2026, 3, 9)));
    assert_eq!(on(15), Ok(date(2026, 3, 15)));
    assert_eq!(on(16), Err(window_over()));
}

#[test]
fn a_late_instalment_never_takes_the_place_of_one_that_belongs_there() {
    let others_due = [date(2026, 3, 11), date(2026, 3, 18)];
    let carry = Carry::IntoNextWindow {
        others_due: &others_due,
    };
    let (one, two) = (variable("weekly", Some(1)), variable("weekly", Some(2)));
    let with = |terms, slots_taken| {
        gate(&GateFacts {
            carry,
            slots_taken,
            ..failed_in_the_first_week(terms)
        })
    };

    assert_eq!(with(&one, [0, 0]), Err(window_over()));
    assert!(with(&two, [0, 0]).is_ok());
    let full = with(&two, [1, 0]).unwrap_err();
    assert_eq!(full.code(), "no_free_slot");
    assert_eq!(full.clears(), Clears::At(date(2026, 3, 16).opens_at()));
}

#[test]
fn an_instalment_in_its_own_window_needs_no_place_left_by_others() {
    let terms = variable("weekly", Some(1));
    let (here, next) = (date(2026, 3, 4), date(2026, 3, 11));
    // The window's last day is the 8th.
    for day in [5, 8] {
        for others_due in [vec![here], vec![next, here]] {
            let now = date(2026, 3, day).at_hour(9, 0);
            let facts = GateFacts {
                now,
                agreement_confirmed_at: Some(now),
                carry: Carry::IntoNextWindow {
                    others_due: &others_due,
                },
                ..failed_in_the_first_week(&terms)
            };
            assert!(gate(&facts).is_ok(), "on the {day}th");
        }
    }
}

#[test]
fn the_next_window_ends_with_the_agreement_and_before_it_when_the_agreement_ends_first() {
    let terms = variable("weekly", None);
    let carry = Carry::IntoNextWindow { others_due: &[] };
    let until = |end_date| {
        let validity = Validity {
            start_date: date(2026, 3, 2),
            end_date,
        };
        room(&terms, validity, date(2026, 3, 4), carry)
    };
    let own = date(2026, 3, 8);

    let room = |until, next_until| Room { until, next_until };
    assert_eq!(until(None), room(own, Some(date(2026, 3, 15))));
    let early = Some(date(2026, 3, 10));
    assert_eq!(until(early), room(own, early));
    assert_eq!(until(Some(own)), room(own, None));
    let within = date(2026, 3, 6);
    assert_eq!(until(Some(within)), room(within, None));
}

#[test]
fn both_readings_have_to_leave_a_place_in_the_next_window() {
    let terms = monthly();
    let validity = Validity {
        start_date: date(2026, 1, 31),
        end_date: None,
    };
    let next = |due| {
        let others_due = [due];
        let carry = Carry::IntoNextWindow {
            others_due: &others_due,
        };
        room(&terms, validity, date(2026, 2, 15), carry).next_until
    };

    // 28 February begins the next window under Azupay's reading alone.
    assert_eq!(next(date(2026, 2, 27)), Some(date(2026, 3, 30)));
    assert_eq!(next(date(2026, 2, 28)), None);
    assert_eq!(next(date(2026, 3, 30)), None);
    assert_eq!(next(date(2026, 3, 31)), Some(date(2026, 3, 30)));
}

#[test]
fn an_ad_hoc_instalment_has_28_days_and_no_next_window() {
    let terms = variable("adhoc", None);
    let on = |now: Instant| {
        gate(&GateFacts {
            now,
            agreement_confirmed_at: Some(now),
            due_date: date(2026, 2, 10),
            instalment_state: instalment::State::Retrying,
            carry: Carry::IntoNextWindow { others_due: &[] },
            ..facts(&terms)
        })
    };
    let until = date(2026, 3, 10);

    assert!(on(until.at_hour(9, 0)).is_ok());
    let late = on(date(2026, 3, 11).at_hour(9, 0));
    assert_eq!(late, Err(Refusal::RoomOver { until }));
}
