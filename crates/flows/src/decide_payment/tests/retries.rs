//! Retries nobody heard of, and payments that ended: what is counted, and what is looked at again.

use super::*;

#[test]
fn a_retry_that_never_left_is_a_failed_payment_still_and_counts_no_failure() {
    let write = told(&retry_row(State::Sending), PaymentFact::NotSent);

    assert_eq!(
        (write.to, write.take_back),
        (State::Failed, TakeBack::Submission)
    );
    let again_at = seconds_later(14);
    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Retrying, Some(again_at)))
    );
    assert_eq!((write.streak, kinds(&write)), (Streak::Keep, vec![]));
}

#[test]
fn a_failure_after_a_retry_nobody_heard_of_is_the_failure_before_it() {
    for state in [State::Sending, State::Unknown] {
        let seen_before = PaymentRow {
            absent_since_at: Some(seconds_later(60)),
            ..retry_row(state)
        };
        let write = told_at(&seen_before, failed("AM04", true), seconds_later(300));

        assert_eq!(
            (write.to, write.take_back),
            (State::Failed, TakeBack::Retry)
        );
        let morning = date(2026, 1, 13).at_hour(6, 0);
        assert_eq!(
            instalment_to(&write),
            Some((instalment::State::Retrying, Some(morning)))
        );
        assert_eq!((write.streak, kinds(&write)), (Streak::Keep, vec![]));
    }
}

#[test]
fn a_retry_nobody_heard_of_is_under_way_until_it_was_not_seen_twice() {
    let first = seconds_later(10);
    for state in [State::Sending, State::Unknown] {
        let write = told_at(&retry_row(state), failed("AM04", true), first);

        assert_eq!(write.to, State::Unknown);
        assert_eq!(write.absent_since_at, Some(first));
        assert_eq!(write.wake_at, Some(seconds_later(300)));
        assert_eq!(
            (instalment_to(&write), write.take_back),
            (None, TakeBack::Nothing)
        );
    }
    let row = |since: i64| PaymentRow {
        absent_since_at: Some(seconds_later(since)),
        ..retry_row(State::Unknown)
    };
    let stands = |since: i64, asked: i64| {
        told_at(&row(since), failed("AM04", true), seconds_later(asked)).to
    };
    // Too soon after the sending; too soon after the first look; neither.
    assert_eq!(stands(10, 299), State::Unknown);
    assert_eq!(stands(250, 309), State::Unknown);
    assert_eq!(stands(250, 310), State::Failed);
}

#[test]
fn the_failure_of_a_retry_that_was_taken_is_its_own() {
    let write = told(&retry_row(State::Submitted), failed("AM04", true));

    assert_eq!(
        (write.to, write.take_back),
        (State::Failed, TakeBack::Nothing)
    );
    assert_eq!(
        (write.streak, kinds(&write)),
        (Streak::Add(0), vec!["payment.failed"])
    );
}

#[test]
fn a_failure_asked_about_before_the_retry_was_heard_of_is_asked_about_again() {
    let asked_of = |state, version: i64| {
        let row = retry_row(state);
        let report = PaymentReport {
            payment_id: row.id,
            send_no: row.send_no,
            asked_at: seconds_later(5),
            asked_of: Some(version),
            fact: failed("AM04", true),
        };
        decide(&row, &report, seconds_later(20), &settings()).unwrap()
    };
    for state in [State::Submitted, State::UnderInvestigation] {
        let now = retry_row(state).version;
        let stale = asked_of(state, now - 1);
        assert_eq!((stale.to, stale.wake_at), (state, Some(seconds_later(20))));
        assert_eq!((instalment_to(&stale), kinds(&stale)), (None, vec![]));
        assert_eq!(asked_of(state, now).to, State::Failed);
    }
}

#[test]
fn a_retry_that_was_heard_of_stays_under_way_when_its_call_says_that_it_never_left() {
    for state in [State::Unknown, State::Submitted, State::UnderInvestigation] {
        let write = told(&retry_row(state), PaymentFact::NotSent);

        assert_eq!((write.to, write.take_back), (state, TakeBack::Nothing));
        assert!(write.wake_at.is_some());
        assert_eq!(instalment_to(&write), None);
    }
}

#[test]
fn an_absence_asked_about_before_the_sending_counts_from_the_sending() {
    let ahead = seconds_later(-3);
    let row = PaymentRow {
        absent_since_at: Some(ahead),
        ..row(State::Unknown)
    };
    let write = told_at(&row, PaymentFact::Absent, seconds_later(10));
    assert_eq!(write.absent_since_at, Some(seconds_later(10)));
    let early = told_at(&row, PaymentFact::Absent, ahead);
    assert_eq!(early.absent_since_at, Some(sent_at()));
}

#[test]
fn after_three_retries_nobody_heard_of_a_failure_counts() {
    let heard_of = |unheard_of: usize| {
        let row = PaymentRow {
            // The creation, this retry, and those before it.
            sent_at: vec![sent_at(); 2 + unheard_of],
            ..retry_row(State::Unknown)
        };
        let unseen = told_at(&row, failed("AM04", true), seconds_later(10));
        assert_eq!(unseen.to, State::Unknown, "it may be on its way");
        let row = PaymentRow {
            absent_since_at: unseen.absent_since_at,
            ..row
        };
        told_at(&row, failed("AM04", true), seconds_later(300))
    };

    let (lost, its_own) = (heard_of(2), heard_of(3));
    assert_eq!((lost.to, lost.streak), (State::Failed, Streak::Keep));
    assert_eq!(
        (its_own.to, its_own.streak),
        (State::Failed, Streak::Add(0))
    );
}

#[test]
fn a_question_that_was_not_answered_leaves_an_intended_payment_intended() {
    for fact in [PaymentFact::Undecided, PaymentFact::Absent] {
        let write = told(&row(State::Intended), fact);

        assert_eq!(write.to, State::Intended);
        assert!(write.wake_at.is_some());
    }
}

#[test]
fn what_moved_no_money_is_looked_at_again_in_an_hour() {
    let failed = told(&row(State::Submitted), failed("AM04", true));
    let refused = told(
        &row(State::Sending),
        PaymentFact::Refused {
            codes: codes(&["ZPPAY15"]),
        },
    );

    for write in [failed, refused] {
        assert_eq!(write.wake_at, Some(seconds_later(10) + TimeDelta::hours(1)));
    }
}

#[test]
fn what_ended_long_after_its_sending_is_looked_at_for_eight_days_more() {
    let ended_at = sent_at() + TimeDelta::days(5);
    let ended = told_at(
        &row(State::UnderInvestigation),
        failed("AM04", true),
        ended_at,
    );
    assert_eq!(ended.to, State::Failed);
    assert_eq!(ended.wake_at, Some(ended_at + TimeDelta::hours(1)));

    let row = PaymentRow {
        ended_at: Some(ended_at),
        ..row(State::Failed)
    };
    let looked_at = |hours| {
        let at = ended_at + TimeDelta::hours(hours);
        told_at(&row, failed("AM04", true), at).wake_at
    };
    assert_eq!(looked_at(1), Some(ended_at + TimeDelta::hours(6)));
    assert_eq!(looked_at(47), Some(ended_at + TimeDelta::hours(48)));
    assert_eq!(looked_at(48), Some(ended_at + TimeDelta::days(4)));
    assert_eq!(looked_at(8 * 24), None);
}

#[test]
fn what_moved_no_money_is_looked_at_until_the_provider_has_said_how_it_ended() {
    let now = sent_at() + TimeDelta::hours(200);
    let looked_at = |state, fact| told_at(&row(state), fact, now).wake_at;
    let in_an_hour = Some(now + TimeDelta::hours(1));

    for state in [State::Failed, State::Rejected, State::Abandoned] {
        for fact in [PaymentFact::NotSent, PaymentFact::Undecided] {
            assert_eq!(
                looked_at(state, fact.clone()),
                in_an_hour,
                "{state} {fact:?}"
            );
        }
        assert_eq!(looked_at(state, failed("AM04", true)), None, "{state}");
    }
    for standing in [Standing::InFlight, Standing::Investigating] {
        let fact = found(standing, "pending");
        assert_eq!(looked_at(State::Failed, fact), in_an_hour);
    }
    // What was never there is missing; what has failed there is only hidden.
    assert_eq!(looked_at(State::Rejected, PaymentFact::Absent), None);
    assert_eq!(looked_at(State::Abandoned, PaymentFact::Absent), None);
    assert_eq!(looked_at(State::Failed, PaymentFact::Absent), in_an_hour);
}

#[test]
fn a_carried_payment_that_was_refused_waits_within_the_next_window() {
    let carried = |tries_made| PaymentRow {
        policy: json!({ "version": 1, "days_between": 7, "next_window": true }),
        tries_made,
        ..row(State::Sending)
    };
    let refused = || PaymentFact::Refused {
        codes: codes(&["ZPPAY24"]),
    };
    // The 20th, in the window after that of the 12th.
    let now = date(2026, 1, 20).at_hour(6, 0);

    let failed_before = told_at(&carried(2), refused(), now);
    assert_eq!(
        instalment_to(&failed_before),
        Some((
            instalment::State::Scheduled,
            Some(now + TimeDelta::hours(1))
        ))
    );
    let first_try = told_at(&carried(1), refused(), now);
    assert_eq!(
        instalment_to(&first_try),
        Some((instalment::State::Failed, None))
    );
}
