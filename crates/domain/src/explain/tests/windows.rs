//! Until when, and in which window. The agreement's first two are 15 June to 14 July and 15 July to
//! 14 August.

use super::*;
use crate::terms::TermsDraft;

const FREE: Carry<'static> = Carry::IntoNextWindow { others_due: &[] };

fn waiting(state: State, because: &'static str) -> Subject<'static> {
    Subject {
        waiting_because: Some(because),
        ..subject(state)
    }
}

/// One explained on a day, under a history that is changed first.
fn on(today: &str, subject: &Subject<'_>, change: impl Fn(&mut History<'_>)) -> Explanation {
    let terms = terms();
    let mut history = history(&terms, &[]);
    change(&mut history);
    explain(subject, &history, date(today).opens_at())
}

fn sent(state: Payment, day: &str) -> Attempt<'static> {
    Attempt {
        last_sent_at: Some(date(day).at_hour(9, 0)),
        ..attempt(state, 0, None)
    }
}

#[test]
fn a_failed_one_may_be_collected_in_the_next_window_where_it_may_go_there() {
    let until = |state, carry| {
        let terms = terms();
        let history = History {
            carry,
            ..history(&terms, &[])
        };
        figures(&explain(&subject(state), &history, before())).pop()
    };
    let (taken, free) = (
        [date("2026-08-01")],
        Carry::IntoNextWindow { others_due: &[] },
    );
    let taken = Carry::IntoNextWindow { others_due: &taken };
    let told = |date: &str| Some(format!("collectable_until {date}"));

    assert_eq!(until(State::Retrying, free), told("2026-08-14"));
    assert_eq!(until(State::Retrying, taken), told("2026-07-14"));
    assert_eq!(until(State::Retrying, Carry::Never), told("2026-07-14"));
    assert_eq!(until(State::Scheduled, free), told("2026-07-14"));
    assert_eq!(until(State::Missed, free), told("2026-07-14"));
}

#[test]
fn a_payment_in_the_window_after_its_own_shows_the_end_of_that_window() {
    let until = |state, attempts: &[Attempt<'_>]| {
        let terms = terms();
        let history = history(&terms, attempts);
        figures(&explain(
            &subject(state),
            &history,
            date("2026-07-20").opens_at(),
        ))
        .pop()
    };
    let told = |date: &str| Some(format!("collectable_until {date}"));
    let failed = sent(Payment::Failed, "2026-07-13");

    for state in [Payment::Sending, Payment::Unknown, Payment::Submitted] {
        let carried = [failed, sent(state, "2026-07-15")];
        assert_eq!(until(State::Collecting, &carried), told("2026-08-14"));
        let own = [failed, sent(state, "2026-07-14")];
        assert_eq!(until(State::Collecting, &own), told("2026-07-14"));
        let unsent = [failed, attempt(state, 0, None)];
        assert_eq!(until(State::Collecting, &unsent), told("2026-07-14"));
    }
    // One that was missed after it had been tried there.
    let there = [failed, sent(Payment::Failed, "2026-07-20")];
    assert_eq!(until(State::Missed, &there), told("2026-08-14"));
    assert_eq!(until(State::Missed, &[failed]), told("2026-07-14"));
}

#[test]
fn what_failed_and_is_not_on_its_way_may_still_go_into_the_next_window() {
    let until = |state, attempts: &[Attempt<'_>]| {
        let terms = terms();
        let history = History {
            carry: FREE,
            ..history(&terms, attempts)
        };
        figures(&explain(&subject(state), &history, before())).pop()
    };
    let told = |date: &str| Some(format!("collectable_until {date}"));
    let (failed, given_up) = (
        attempt(Payment::Failed, 0, None),
        attempt(Payment::Abandoned, 0, None),
    );
    let intended = attempt(Payment::Intended, 0, None);

    // The second payment was given up, or is to be sent again.
    let second = [failed, given_up];
    assert_eq!(until(State::Scheduled, &second), told("2026-08-14"));
    assert_eq!(
        until(State::Collecting, &[failed, intended]),
        told("2026-08-14")
    );
    // Nothing has failed yet.
    assert_eq!(until(State::Scheduled, &[given_up]), told("2026-07-14"));
    assert_eq!(until(State::Collecting, &[intended]), told("2026-07-14"));
}

#[test]
fn a_frozen_instalment_whose_time_is_over_says_so_and_what_becomes_of_it() {
    for subject in [
        waiting(State::Scheduled, "plan_frozen"),
        subject(State::Retrying),
    ] {
        let told = |today| {
            on(today, &subject, |history| {
                history.frozen_because = Some("late_settlement");
            })
        };
        let begins = "$1,234.50 due on 2026-07-01 waits: the plan is frozen by an open question \
                      (late_settlement); it";

        let last = told("2026-07-14");
        assert_eq!(
            last.summary,
            format!("{begins} can be collected until 2026-07-14.")
        );
        let over = told("2026-07-15");
        assert_eq!(
            over.summary,
            format!(
                "{begins} could be collected until 2026-07-14, and is missed once the question is \
                 answered, unless the answer ends it otherwise."
            )
        );
        assert_eq!(
            figures(&over),
            [
                "frozen_because late_settlement",
                "collectable_until 2026-07-14"
            ]
        );
        assert_eq!(over.next.map(|next| next.what), Some(NextStep::LookAgain));
        assert_eq!(over.would_go_if, Some(Cure::QuestionAnswered));
    }
}

#[test]
fn what_was_held_back_beyond_its_time_is_missed_at_the_next_look() {
    let held = waiting(State::Scheduled, "collections_stopped");
    let told = |today| on(today, &held, |_| {});

    let last = told("2026-07-14");
    assert_eq!(
        last.summary,
        "$1,234.50 due on 2026-07-01 waits: collections were stopped; it can be collected until \
         2026-07-14."
    );
    assert_eq!(last.would_go_if, Some(Cure::TimePasses));
    let over = told("2026-07-15");
    assert_eq!(
        over.summary,
        "$1,234.50 due on 2026-07-01 waits: collections were stopped; it could be collected until \
         2026-07-14, and is missed when it is next looked at."
    );
    assert_eq!(over.would_go_if, Some(Cure::NewAgreement));

    let refused = |state| on("2026-07-15", &waiting(state, "ZPPAY24"), |_| {});
    for state in [State::Scheduled, State::Retrying] {
        let told = refused(state);
        assert_eq!(
            told.summary,
            "$1,234.50 due on 2026-07-01 waits: the provider refused the payment with ZPPAY24 \
             (Participant not available); it could be collected until 2026-07-14, and is missed \
             when it is next looked at."
        );
        assert_eq!(told.next.map(|next| next.what), Some(NextStep::LookAgain));
    }
}

#[test]
fn one_that_nothing_held_back_and_whose_time_is_over_is_not_said_to_be_sent() {
    for state in [State::Scheduled, State::Retrying] {
        let told = |today| on(today, &subject(state), |_| {});

        assert_ne!(told("2026-07-14").reason.code(), "held_back");
        let over = told("2026-07-15");
        assert_eq!(
            over.summary,
            "$1,234.50 due on 2026-07-01 waits: the agreement's period that holds its date is \
             over; it could be collected until 2026-07-14, and is missed when it is next looked at."
        );
        assert_eq!(over.next.map(|next| next.what), Some(NextStep::LookAgain));
        assert_eq!(over.would_go_if, Some(Cure::NewAgreement));
    }
    let intended = [attempt(Payment::Intended, 0, None)];
    let told = |today: &str| {
        let terms = terms();
        let history = history(&terms, &intended);
        let now = date(today).opens_at();
        explain(&subject(State::Collecting), &history, now).reason
    };
    assert_eq!(told("2026-07-14"), Reason::InFlight(Payment::Intended));
    let over = Hindrance::Rule(Rule::WindowOver);
    assert_eq!(told("2026-07-15"), Reason::HeldBack(over));
}

#[test]
fn the_rule_that_ended_its_time_is_named() {
    let rule = |today: &str, frequency: Frequency, end: Option<&str>, last: Option<&str>| {
        let draft = TermsDraft {
            kind: "fixed".to_owned(),
            frequency: frequency.as_str().to_owned(),
            amount: Some(123_450),
            last_payment_date: last.map(str::to_owned),
            ..TermsDraft::default()
        };
        let terms = PaymentTerms::from_draft(&draft).expect("terms that hold");
        let mut history = history(&terms, &[]);
        history.validity.end_date = end.map(date);
        let told = explain(&subject(State::Scheduled), &history, date(today).opens_at());
        told.reason.rule().map(str::to_owned)
    };
    let is = |rule: &str| Some(rule.to_owned());
    let (monthly, adhoc) = (Frequency::Monthly, Frequency::Adhoc);

    assert_eq!(rule("2026-07-15", monthly, None, None), is("window_over"));
    assert_eq!(rule("2026-07-14", monthly, None, None), None);
    let ends = Some("2026-07-10");
    assert_eq!(
        rule("2026-07-11", monthly, ends, None),
        is("after_validity")
    );
    assert_eq!(rule("2026-07-10", monthly, ends, None), None);
    let last = rule("2026-07-11", monthly, None, ends);
    assert_eq!(last, is("after_last_payment_date"));
    assert_eq!(rule("2026-07-10", monthly, None, ends), None);
    // The agreement holds to the end of its last day.
    let last_day = rule("2026-07-11", monthly, Some("2026-07-11"), ends);
    assert_eq!(last_day, is("after_last_payment_date"));
    // Ad hoc: 28 days.
    assert_eq!(rule("2026-07-30", adhoc, None, None), is("room_over"));
    assert_eq!(rule("2026-07-29", adhoc, None, None), None);
    // In the gate's order: those days are over before the agreement is.
    assert_eq!(rule("2026-07-20", adhoc, ends, None), is("after_validity"));
    let later = Some("2026-08-10");
    assert_eq!(rule("2026-08-20", adhoc, later, None), is("room_over"));
}

#[test]
fn a_full_window_is_that_of_the_day_on_which_it_was_to_be_sent() {
    let window = |subject: &Subject<'_>, today: &str, carry| {
        let failed = [sent(Payment::Failed, "2026-07-13")];
        let terms = terms();
        let history = History {
            carry,
            ..history(&terms, &failed)
        };
        let told = explain(subject, &history, date(today).opens_at());
        figures(&told)[1..3].join(", ")
    };
    let own = "window_first_date 2026-06-15, window_last_date 2026-07-14";
    let next = "window_first_date 2026-07-15, window_last_date 2026-08-14";

    for rule in ["no_free_slot", "near_window_edge"] {
        let retrying = waiting(State::Retrying, rule);
        assert_eq!(window(&retrying, "2026-06-10", FREE), own);
        assert_eq!(window(&retrying, "2026-07-14", FREE), own);
        assert_eq!(window(&retrying, "2026-07-15", FREE), next);
        assert_eq!(window(&retrying, "2026-09-01", FREE), next);
        assert_eq!(window(&retrying, "2026-07-15", Carry::Never), own);
    }
    let over = waiting(State::Retrying, "window_over");
    assert_eq!(window(&over, "2026-07-20", FREE), own);
}
