//! Money that moved or did not, and what may not both be true.

use super::*;

#[test]
fn a_settlement_heard_twice_is_booked_once() {
    let row = PaymentRow {
        instalment_state: instalment::State::Collected,
        ..row(State::Settled)
    };
    let write = told(&row, found(Standing::Settled, "settled"));

    assert_eq!((write.to, write.wake_at), (State::Settled, None));
    assert!(write.instalment.is_none() && write.events.is_empty() && write.exceptions.is_empty());
}

#[test]
fn a_lack_of_funds_is_retried_the_next_morning() {
    let write = told(&row(State::Submitted), failed("AM04", true));

    assert_eq!((write.to, write.streak), (State::Failed, Streak::Add(0)));
    let morning = date(2026, 1, 13).at_hour(6, 0);
    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Retrying, Some(morning)))
    );
    assert_eq!(
        (kinds(&write), question(&write)),
        (vec!["payment.failed"], None)
    );
}

#[test]
fn the_plans_own_policy_decides_not_the_one_of_today() {
    let row = PaymentRow {
        policy: json!({ "retries_max": 0 }),
        ..row(State::Submitted)
    };
    let write = told(&row, failed("AM04", true));

    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Failed, None))
    );
    let ended = write.instalment.and_then(|step| step.ended_because);
    assert_eq!(ended.as_deref(), Some("retries_used_up:AM04"));
}

#[test]
fn the_fifth_failure_in_a_row_asks_a_person_before_the_bank_acts() {
    let after = |consecutive_failures| {
        let row = PaymentRow {
            consecutive_failures,
            ..row(State::Submitted)
        };
        question(&told(&row, failed("AM04", true))).map(str::to_owned)
    };

    assert_eq!(after(3), None);
    assert_eq!(after(4).as_deref(), Some("agreement_held_back"));
}

#[test]
fn a_closed_account_ends_the_instalment_and_asks_a_person() {
    let write = told(&row(State::Submitted), failed("AC05", false));

    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Failed, None))
    );
    assert_eq!(question(&write), Some("instalment_failed"));
    assert_eq!(kinds(&write), ["payment.failed", "instalment.failed"]);
    assert_eq!(write.freeze, None);
}

#[test]
fn a_settlement_after_a_failure_freezes_the_plan() {
    let row = PaymentRow {
        instalment_state: instalment::State::Retrying,
        ..row(State::Failed)
    };
    let write = told(&row, found(Standing::Settled, "settled"));

    assert_eq!(
        (write.to, write.conflict_state),
        (State::Failed, Some(State::Settled))
    );
    assert_eq!(
        (write.freeze, question(&write)),
        (Some("late_settlement"), Some("late_settlement"))
    );
    assert_eq!(kinds(&write), ["payment.conflict"]);
    assert!(write.instalment.is_none());
}

#[test]
fn a_conflict_said_again_is_neither_told_nor_asked_again() {
    let row = PaymentRow {
        instalment_state: instalment::State::Retrying,
        conflict_state: Some(State::Settled),
        ..row(State::Failed)
    };
    let write = told(&row, found(Standing::Settled, "settled"));

    assert_eq!(write.to, State::Failed);
    assert!(write.events.is_empty() && write.exceptions.is_empty() && write.freeze.is_none());
}

#[test]
fn a_failure_after_a_settlement_freezes_the_plan() {
    let row = PaymentRow {
        instalment_state: instalment::State::Collected,
        ..row(State::Settled)
    };
    let write = told(&row, failed("AM04", true));

    assert_eq!(
        (write.to, write.conflict_state),
        (State::Settled, Some(State::Failed))
    );
    assert_eq!(
        (write.freeze, question(&write)),
        (Some("reversal"), Some("reversal"))
    );
    assert_eq!(
        write.failure, None,
        "what settled keeps no failure of its own"
    );
}

#[test]
fn a_settlement_for_an_instalment_that_has_ended_is_kept_and_freezes_the_plan() {
    let row = PaymentRow {
        instalment_state: instalment::State::Waived,
        ..row(State::Submitted)
    };
    let write = told(&row, found(Standing::Settled, "settled"));

    assert_eq!(write.to, State::Settled);
    assert_eq!(write.freeze, Some("settled_after_end"));
    assert_eq!(question(&write), Some("settled_after_end"));
    assert!(write.instalment.is_none() && write.events.is_empty());
}

#[test]
fn another_amount_under_our_uid_freezes_the_plan_and_decides_nothing() {
    let write = told(
        &row(State::Sending),
        PaymentFact::Found(FoundPayment {
            standing: Standing::Settled,
            word: "settled".to_owned(),
            amount: Some(28_851),
            agreement_uid: None,
        }),
    );

    assert_eq!(
        (write.to, write.freeze),
        (State::Unknown, Some("echo_mismatch"))
    );
    assert_eq!(question(&write), Some("echo_mismatch"));
    assert!(write.instalment.is_none());
    assert!(
        Some(seconds_later(10)) < write.wake_at,
        "it is asked about again"
    );
}

#[test]
fn a_refusal_for_a_full_window_waits_for_tomorrow() {
    let refused = PaymentFact::Refused {
        codes: codes(&["ZPPAY17"]),
    };
    let write = told(&row(State::Sending), refused);

    assert_eq!(write.to, State::Rejected);
    assert!(
        write.wakes_agreement,
        "it is asked how the agreement stands"
    );
    assert_eq!(question(&write), Some("slots_contradicted"));
    let morning = date(2026, 1, 13).at_hour(6, 0);
    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Scheduled, Some(morning)))
    );
    assert_eq!(kinds(&write), ["payment.refused"]);
}

#[test]
fn a_refusal_of_the_amount_ends_the_instalment_and_asks_a_person() {
    let refused = PaymentFact::Refused {
        codes: codes(&["ZPPAY15"]),
    };
    let write = told(&row(State::Sending), refused);

    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Failed, None))
    );
    assert_eq!(question(&write), Some("payment_refused"));
    assert_eq!(kinds(&write), ["payment.refused", "instalment.failed"]);
}

#[test]
fn a_refusal_of_what_the_provider_already_has_is_a_conflict() {
    let refused = PaymentFact::Refused {
        codes: codes(&["ZPPAY03"]),
    };
    let write = told(&row(State::Submitted), refused);

    assert_eq!(
        (write.to, write.conflict_state),
        (State::Submitted, Some(State::Rejected))
    );
    assert_eq!(write.freeze, Some("payment_conflict"));
    assert!(write.wake_at.is_some(), "it lives, and is asked about");
}

#[test]
fn a_retry_refused_for_its_daily_limit_waits_for_tomorrow() {
    let refused = PaymentFact::RetryRefused {
        codes: codes(&["ZPPRY03"]),
    };
    let write = told(&retry_row(State::Sending), refused);

    assert_eq!(write.to, State::Failed);
    let morning = date(2026, 1, 13).at_hour(6, 0);
    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Retrying, Some(morning)))
    );
}

#[test]
fn a_retry_refused_for_good_ends_the_instalment() {
    let refused = PaymentFact::RetryRefused {
        codes: codes(&["ZPPRY00"]),
    };
    let write = told(&retry_row(State::Sending), refused);

    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Failed, None))
    );
    assert_eq!(question(&write), Some("payment_refused"));
}

#[test]
fn an_absence_counts_from_when_it_was_asked_about_however_late_its_answer_is_applied() {
    let first = seconds_later(30);
    let row = PaymentRow {
        absent_since_at: Some(first),
        ..row(State::Unknown)
    };
    let asked = |seconds| PaymentReport {
        payment_id: row.id,
        send_no: row.send_no,
        asked_at: seconds_later(seconds),
        asked_of: None,
        fact: PaymentFact::Absent,
    };
    let at = seconds_later(400);

    let too_soon = decide(&row, &asked(299), at, &settings()).unwrap();
    assert_eq!(
        (too_soon.to, too_soon.absent_since_at),
        (State::Unknown, Some(first))
    );
    assert_eq!(too_soon.wake_at, Some(at), "asked again at once");
    let in_time = decide(&row, &asked(300), at, &settings()).unwrap();
    assert_eq!(in_time.to, State::Intended);
}
