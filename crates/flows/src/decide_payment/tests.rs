//! What each report of a payment leads to, on rows built by hand.

use std::net::IpAddr;

use chrono::TimeDelta;
use domain::failure::RetryPolicy;
use domain::fit::Validity;
use domain::gate::SendingHours;
use domain::money::Cents;
use domain::terms::{PaymentTerms, TermsDraft};
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, UidKey};
use uuid::Uuid;

use super::*;

/// 2026-01-12, 06:00 in Sydney: when the payment of these tests was last sent.
fn sent_at() -> Instant {
    "2026-01-11T19:00:00Z".parse().unwrap()
}

fn seconds_later(seconds: i64) -> Instant {
    sent_at() + TimeDelta::seconds(seconds)
}

fn date(year: i32, month: u32, day: u32) -> BusinessDate {
    BusinessDate::new(year, month, day).unwrap()
}

fn settings() -> Settings {
    Settings {
        uid_key: UidKey::new([9; 32]),
        hours: SendingHours::default(),
        retry: RetryPolicy::default(),
        catch_up_per_day_max: Some(2),
        agreement_refresh: TimeDelta::hours(24),
        calls_in_flight_max: 1,
        calls_prepared_max: 1,
        requester_ip: IpAddr::from([127, 0, 0, 1]),
        webhook_secrets: Vec::new(),
    }
}

/// A weekly instalment's payment in its second sending, a creation.
fn row(state: State) -> PaymentRow {
    let key = UidKey::new([9; 32]);
    let id = |number| Uuid::from_u128(number);
    let draft = TermsDraft {
        kind: "fixed".to_owned(),
        frequency: "weekly".to_owned(),
        amount: Some(28_850),
        count: Some(1),
        ..TermsDraft::default()
    };
    PaymentRow {
        id: PaymentId::new(id(1)),
        uid: key.payment_uid(InstalmentId::new(id(2)), 1),
        instalment_id: InstalmentId::new(id(2)),
        plan_id: PlanId::new(id(3)),
        agreement_id: AgreementId::new(id(4)),
        agreement_uid: key.agreement_uid(PlanId::new(id(3)), 1),
        amount: Cents::new(28_850).unwrap(),
        state,
        is_retry: false,
        send_no: 2,
        retries_made: 0,
        sent_at: vec![sent_at()],
        last_sent_at: Some(sent_at()),
        ended_at: None,
        absent_since_at: None,
        provider_state: None,
        conflict_state: None,
        version: 7,
        instalment_state: instalment::State::Collecting,
        instalment_version: 5,
        tries_made: 1,
        due_date: date(2026, 1, 12),
        sequence: 1,
        plan_state: domain::plan::State::Active,
        policy: json!({}),
        others_due: Vec::new(),
        terms: PaymentTerms::from_draft(&draft).unwrap(),
        validity: Validity {
            start_date: date(2026, 1, 12),
            end_date: None,
        },
        consecutive_failures: 0,
    }
}

fn retry_row(state: State) -> PaymentRow {
    PaymentRow {
        is_retry: true,
        retries_made: 1,
        ..row(state)
    }
}

fn told_at(row: &PaymentRow, fact: PaymentFact, now: Instant) -> PaymentWrite {
    let report = PaymentReport {
        payment_id: row.id,
        send_no: row.send_no,
        asked_at: now,
        asked_of: None,
        fact,
    };
    decide(row, &report, now, &settings()).expect("a report of the current sending is heard")
}

fn told(row: &PaymentRow, fact: PaymentFact) -> PaymentWrite {
    told_at(row, fact, seconds_later(10))
}

fn found(standing: Standing, word: &str) -> PaymentFact {
    PaymentFact::Found(FoundPayment {
        standing,
        word: word.to_owned(),
        amount: None,
        agreement_uid: None,
    })
}

fn failed(code: &str, retryable: bool) -> PaymentFact {
    let standing = Standing::Failed {
        code: code.to_owned(),
        title: "told so".to_owned(),
        retryable,
    };
    found(standing, "failed")
}

fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

fn kinds(write: &PaymentWrite) -> Vec<&str> {
    write.events.iter().map(|event| event.kind).collect()
}

fn question(write: &PaymentWrite) -> Option<&str> {
    write.exceptions.first().map(|question| question.kind)
}

fn instalment_to(write: &PaymentWrite) -> Option<(instalment::State, Option<Instant>)> {
    write
        .instalment
        .as_ref()
        .map(|step| (step.to, step.wake_at))
}

mod outcomes;
mod retries;

#[test]
fn what_is_said_of_an_earlier_sending_is_not_heard() {
    let row = row(State::Sending);
    let facts = [
        PaymentFact::NotSent,
        PaymentFact::Undecided,
        PaymentFact::Absent,
        PaymentFact::Refused {
            codes: codes(&["ZPPAY03"]),
        },
        failed("AM04", true),
        found(Standing::InFlight, "submitting"),
    ];
    for fact in facts {
        let report = PaymentReport {
            payment_id: row.id,
            send_no: 1,
            asked_at: seconds_later(10),
            asked_of: None,
            fact,
        };
        assert!(
            decide(&row, &report, seconds_later(10), &settings()).is_none(),
            "{report:?}"
        );
    }
}

#[test]
fn a_settlement_is_heard_whichever_sending_it_is_said_of() {
    let row = row(State::Sending);
    let fact = found(Standing::Settled, "settled");
    let report = PaymentReport {
        payment_id: row.id,
        send_no: 1,
        asked_at: seconds_later(10),
        asked_of: None,
        fact,
    };

    let write = decide(&row, &report, seconds_later(10), &settings()).unwrap();

    assert_eq!((write.to, write.wake_at), (State::Settled, None));
    assert_eq!(
        instalment_to(&write),
        Some((instalment::State::Collected, None))
    );
    assert_eq!(
        (kinds(&write), write.streak),
        (vec!["instalment.collected"], Streak::Reset(0))
    );
}

#[test]
fn silence_leaves_a_payment_unknown_and_asks_again() {
    let write = told_at(&row(State::Sending), PaymentFact::Undecided, sent_at());

    assert_eq!(
        (write.to, write.wake_at),
        (State::Unknown, Some(seconds_later(5)))
    );
    assert!(write.instalment.is_none() && write.events.is_empty());
}

#[test]
fn silence_never_takes_back_what_the_provider_has_said() {
    for state in [State::Submitted, State::UnderInvestigation] {
        let write = told(&row(state), PaymentFact::Undecided);
        assert_eq!(write.to, state);
        assert!(Some(seconds_later(10)) < write.wake_at);
    }
}

#[test]
fn a_creation_that_never_left_is_intended_again_and_keeps_its_instalment() {
    let write = told(&row(State::Sending), PaymentFact::NotSent);

    assert_eq!(
        (write.to, write.take_back),
        (State::Intended, TakeBack::Submission)
    );
    assert!(
        Some(seconds_later(10)) < write.wake_at,
        "it waits before the next try"
    );
    assert!(write.instalment.is_none());
}

#[test]
fn one_absence_proves_nothing() {
    let now = seconds_later(600);
    let write = told_at(&row(State::Unknown), PaymentFact::Absent, now);

    assert_eq!(
        (write.to, write.absent_since_at),
        (State::Unknown, Some(now))
    );
    assert_eq!(write.wake_at, Some(now + TimeDelta::seconds(60)));
}

#[test]
fn the_second_absence_is_asked_for_five_minutes_after_sending() {
    let now = seconds_later(30);
    let write = told_at(&row(State::Sending), PaymentFact::Absent, now);

    assert_eq!(
        (write.to, write.absent_since_at),
        (State::Unknown, Some(now))
    );
    assert_eq!(write.wake_at, Some(seconds_later(300)));
}

#[test]
fn an_absence_that_comes_too_soon_after_the_first_proves_nothing() {
    let first = seconds_later(600);
    let row = PaymentRow {
        absent_since_at: Some(first),
        ..row(State::Unknown)
    };
    let write = told_at(&row, PaymentFact::Absent, first + TimeDelta::seconds(59));

    assert_eq!(
        (write.to, write.absent_since_at),
        (State::Unknown, Some(first))
    );
    assert_eq!(write.wake_at, Some(first + TimeDelta::seconds(60)));
}

#[test]
fn a_payment_absent_twice_is_intended_again_under_its_uid() {
    let row = PaymentRow {
        absent_since_at: Some(seconds_later(30)),
        ..row(State::Unknown)
    };
    let write = told_at(&row, PaymentFact::Absent, seconds_later(300));

    assert_eq!((write.to, write.absent_since_at), (State::Intended, None));
    assert_eq!((write.id, write.cause), (row.id, "confirmed_absent"));
    assert!(
        write.instalment.is_none(),
        "the instalment is still being collected by it"
    );
}

#[test]
fn being_found_ends_an_absence() {
    let row = PaymentRow {
        absent_since_at: Some(seconds_later(30)),
        ..row(State::Unknown)
    };
    let write = told_at(
        &row,
        found(Standing::InFlight, "created"),
        seconds_later(300),
    );

    assert_eq!((write.to, write.absent_since_at), (State::Submitted, None));
}

#[test]
fn what_the_provider_once_had_is_not_absent_because_of_two_answers() {
    for row in [
        row(State::Submitted),
        retry_row(State::Unknown),
        row(State::Failed),
    ] {
        let row = PaymentRow {
            absent_since_at: Some(seconds_later(30)),
            ..row
        };
        let write = told_at(&row, PaymentFact::Absent, seconds_later(3_600));
        assert_eq!(write.to, row.state);
        assert_eq!(write.freeze, None);
    }
}

#[test]
fn a_word_nobody_knows_means_that_the_payment_is_on_its_way() {
    let write = told(
        &row(State::Unknown),
        found(Standing::InFlight, "teleporting"),
    );

    assert_eq!(
        (write.to, write.provider_state.as_deref()),
        (State::Submitted, Some("teleporting"))
    );
    assert!(Some(seconds_later(10)) < write.wake_at);
}

#[test]
fn an_investigation_is_told_once() {
    let fact = || found(Standing::Investigating, "under_investigation");
    let first = told(&row(State::Submitted), fact());
    let second = told(&row(State::UnderInvestigation), fact());

    assert_eq!(first.to, State::UnderInvestigation);
    assert_eq!(kinds(&first), ["payment.under_investigation"]);
    assert_eq!(
        (second.to, kinds(&second)),
        (State::UnderInvestigation, vec![])
    );
}

#[test]
fn no_report_whatever_puts_a_live_payment_to_sleep_or_leaves_an_end() {
    let facts = [
        PaymentFact::NotSent,
        PaymentFact::Undecided,
        PaymentFact::Refused {
            codes: codes(&["ZPPAY03"]),
        },
        PaymentFact::RetryAccepted,
        PaymentFact::RetryRefused {
            codes: codes(&["ZPPRY03"]),
        },
        PaymentFact::Absent,
        found(Standing::InFlight, "pending"),
        found(Standing::Investigating, "under_investigation"),
        found(Standing::Settled, "settled"),
        failed("AM04", true),
    ];
    for state in State::ALL {
        for row in [row(*state), retry_row(*state)] {
            for fact in &facts {
                let write = told(&row, fact.clone());
                assert!(
                    !write.to.is_live() || write.wake_at.is_some(),
                    "{state} {fact:?}"
                );
                assert!(
                    !state.is_final() || write.to == *state,
                    "{state} left by {fact:?}"
                );
            }
        }
    }
}
