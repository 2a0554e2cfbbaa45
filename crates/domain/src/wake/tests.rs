use super::*;
use chrono::TimeZone;

fn sent_at() -> Instant {
    chrono::Utc.with_ymd_and_hms(2026, 3, 9, 22, 0, 0).unwrap()
}

fn ask_after(state: payment::State, age: TimeDelta) -> Option<TimeDelta> {
    let now = sent_at() + age;
    next_payment_ask(state, sent_at(), now).map(|at| at - now)
}

#[test]
fn an_instalment_is_taken_up_at_six_in_the_morning_of_its_due_date() {
    let date = BusinessDate::new(2026, 7, 1).unwrap();

    let at = due_at(date, SendingHours::default());

    assert_eq!(
        at,
        chrono::Utc.with_ymd_and_hms(2026, 6, 30, 20, 0, 0).unwrap()
    );
}

#[test]
fn an_unknown_payment_is_asked_about_ever_more_slowly() {
    let seconds = TimeDelta::seconds;
    let table = [
        (seconds(0), seconds(5)),
        (seconds(5), seconds(10)),
        (seconds(15), seconds(20)),
        (seconds(35), seconds(40)),
        (seconds(75), seconds(60)),
        (TimeDelta::minutes(10), TimeDelta::minutes(5)),
        (TimeDelta::hours(1), TimeDelta::minutes(15)),
        (TimeDelta::hours(48), TimeDelta::hours(1)),
        (TimeDelta::days(3650), TimeDelta::hours(1)),
    ];
    for (age, delay) in table {
        assert_eq!(
            ask_after(payment::State::Unknown, age),
            Some(delay),
            "at {age}"
        );
    }
}

#[test]
fn every_undecided_payment_is_asked_about_within_the_hour_for_ever() {
    for state in payment::State::ALL.iter().filter(|state| state.is_live()) {
        for minutes in (-5..6_000).chain([1_000_000]) {
            let delay = ask_after(*state, TimeDelta::minutes(minutes));
            match delay {
                Some(delay) => {
                    assert!(
                        TimeDelta::zero() < delay && delay <= SLOWEST,
                        "{state} {delay}"
                    );
                }
                None => assert_eq!(*state, payment::State::Intended),
            }
        }
    }
}

#[test]
fn a_payment_that_moved_nothing_is_looked_at_again_for_eight_days() {
    let after = |age: TimeDelta| {
        next_second_look(sent_at(), sent_at() + age).map(|at| (at - sent_at()).num_hours())
    };

    assert_eq!(after(TimeDelta::zero()), Some(1));
    assert_eq!(after(TimeDelta::minutes(59)), Some(1));
    assert_eq!(after(TimeDelta::hours(1)), Some(6));
    assert_eq!(after(TimeDelta::hours(6)), Some(24));
    assert_eq!(after(TimeDelta::hours(47)), Some(48));
    assert_eq!(after(TimeDelta::hours(48)), Some(96));
    assert_eq!(after(TimeDelta::hours(96)), Some(192));
    assert_eq!(after(TimeDelta::hours(192)), None);
}

#[test]
fn a_payment_that_is_over_is_not_asked_about() {
    for state in payment::State::ALL.iter().filter(|state| state.is_final()) {
        assert_eq!(ask_after(*state, TimeDelta::zero()), None, "{state}");
    }
}

#[test]
fn a_call_in_flight_has_30_seconds_before_anyone_asks() {
    let sending = payment::State::Sending;

    assert_eq!(
        ask_after(sending, TimeDelta::zero()),
        Some(TimeDelta::seconds(30))
    );
    assert_eq!(
        ask_after(sending, TimeDelta::seconds(29)),
        Some(TimeDelta::seconds(1))
    );
    assert_eq!(
        ask_after(sending, TimeDelta::seconds(30)),
        Some(TimeDelta::seconds(20))
    );
}

#[test]
fn a_submitted_payment_is_asked_about_after_ten_seconds() {
    let submitted = payment::State::Submitted;

    assert_eq!(
        ask_after(submitted, TimeDelta::zero()),
        Some(TimeDelta::seconds(10))
    );
    assert_eq!(
        ask_after(submitted, TimeDelta::seconds(20)),
        Some(TimeDelta::seconds(20))
    );
}

#[test]
fn an_investigation_is_not_hurried() {
    let state = payment::State::UnderInvestigation;

    assert_eq!(
        ask_after(state, TimeDelta::zero()),
        Some(TimeDelta::minutes(15))
    );
    assert_eq!(
        ask_after(state, TimeDelta::hours(50)),
        Some(TimeDelta::hours(1))
    );
}

#[test]
fn an_agreement_is_asked_about_until_it_ends() {
    use agreement::State as S;
    let refresh = TimeDelta::hours(12);
    let table = [
        (S::Drafted, 0, Some(TimeDelta::zero())),
        (S::Sending, 0, Some(TimeDelta::seconds(30))),
        (S::Unknown, 0, Some(TimeDelta::seconds(5))),
        (S::Pending, 9, Some(TimeDelta::seconds(30))),
        (S::Created, 10, Some(TimeDelta::minutes(5))),
        (S::Created, 60, Some(TimeDelta::hours(1))),
        (S::Active, 60, Some(refresh)),
        (S::Suspended, 60, Some(refresh)),
        (S::Declined, 60, None),
        (S::Expired, 60, None),
        (S::Cancelled, 60, None),
        (S::Failed, 60, None),
    ];
    for (state, minutes, expected) in table {
        let now = sent_at() + TimeDelta::minutes(minutes);
        let delay = next_agreement_ask(state, sent_at(), now, refresh).map(|at| at - now);
        assert_eq!(delay, expected, "{state} after {minutes} min");
    }
}

#[test]
fn a_payment_is_sent_again_only_after_two_absences_a_minute_apart() {
    let sent = sent_at();
    let now = sent + TimeDelta::minutes(10);

    assert!(!may_resend(None, sent, now));
    assert!(!may_resend(Some(now - TimeDelta::seconds(59)), sent, now));
    assert!(may_resend(Some(now - TimeDelta::seconds(60)), sent, now));
}

#[test]
fn a_payment_is_not_sent_again_within_five_minutes() {
    let sent = sent_at();
    let first = Some(sent + TimeDelta::seconds(5));

    assert!(!may_resend(first, sent, sent + TimeDelta::seconds(299)));
    assert!(may_resend(first, sent, sent + TimeDelta::seconds(300)));
}

#[test]
fn an_absence_from_before_the_last_sending_proves_nothing() {
    let sent = sent_at();
    let now = sent + TimeDelta::minutes(10);

    assert!(!may_resend(Some(sent - TimeDelta::seconds(1)), sent, now));
    assert!(may_resend(Some(sent), sent, now));
}
