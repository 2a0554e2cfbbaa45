//! What each report of an agreement leads to, on rows built by hand.

use std::net::IpAddr;

use domain::failure::RetryPolicy;
use domain::fit::Validity;
use domain::gate::SendingHours;
use domain::terms::{PaymentTerms, TermsDraft};
use domain::uid::{PlanId, UidKey};
use uuid::Uuid;

use crate::report::AgreementFact;
use domain::agreement::Reported;

use super::*;

fn now() -> Instant {
    "2026-01-12T02:00:00Z".parse().unwrap()
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

fn row(state: State) -> AgreementRow {
    let draft = TermsDraft {
        kind: "fixed".to_owned(),
        frequency: "weekly".to_owned(),
        amount: Some(28_850),
        ..TermsDraft::default()
    };
    let plan_id = PlanId::new(Uuid::from_u128(3));
    AgreementRow {
        id: AgreementId::new(Uuid::from_u128(4)),
        plan_id,
        uid: UidKey::new([9; 32]).agreement_uid(plan_id, 1),
        state,
        terms: PaymentTerms::from_draft(&draft).unwrap(),
        validity: Validity {
            start_date: "2026-01-12".parse().unwrap(),
            end_date: None,
        },
        send_no: 1,
        last_sent_at: Some(now() - TimeDelta::days(7)),
        absent_since_at: None,
        confirmed_at: Some(now() - TimeDelta::hours(2)),
        created_at: now() - TimeDelta::days(7),
        version: 5,
        attempt_no: 1,
        is_chosen: true,
        waiting_because: None,
        cancellation: None,
        plan_frozen: false,
        is_reconciled: true,
        plan_resumes_at: None,
        policy: json!({}),
        debtor_account: None,
        plan_state: plan::State::Active,
        purpose: "loan".to_owned(),
        description: "Loan".to_owned(),
        payer_name: "Nobody".to_owned(),
        account_kind: "bban".to_owned(),
        account_value: "123456-1".to_owned(),
        customer_id: Uuid::from_u128(5),
    }
}

fn told(row: &AgreementRow, fact: AgreementFact, asked_at: Instant) -> Option<AgreementWrite> {
    let report = AgreementReport {
        agreement_id: row.id,
        send_no: row.send_no,
        asked_at,
        fact,
        payer: None,
    };
    decide(row, &report, now(), &settings())
}

fn found(state: Reported, differs: Option<&'static str>) -> AgreementFact {
    AgreementFact::Found {
        state: Some(state),
        reason: None,
        differs,
        account: None,
    }
}

fn question(write: &AgreementWrite) -> Option<&str> {
    write.exception.as_ref().map(|question| question.kind)
}

#[test]
fn one_absence_of_a_standing_agreement_is_checked_within_the_hour() {
    let write = told(&row(State::Active), AgreementFact::Absent, now()).unwrap();

    assert_eq!(write.to, State::Active);
    assert_eq!(write.absent_since_at, Some(now()));
    assert_eq!(write.wake_at, Some(now() + TimeDelta::hours(1)));
    assert_eq!(question(&write), None);
}

#[test]
fn an_agreement_the_provider_no_longer_knows_is_a_question_for_a_person() {
    for state in [
        State::Pending,
        State::Created,
        State::Active,
        State::Suspended,
    ] {
        let absent_for = |minutes| {
            let row = AgreementRow {
                absent_since_at: Some(now() - TimeDelta::minutes(minutes)),
                ..row(state)
            };
            told(&row, AgreementFact::Absent, now()).unwrap()
        };

        assert_eq!(question(&absent_for(59)), None, "{state}");
        let write = absent_for(60);
        assert_eq!(question(&write), Some("agreement_missing"), "{state}");
        assert!(write.wake_at.is_some(), "it is asked about again");
        assert_eq!(write.to, state);
    }
}

#[test]
fn an_agreement_found_again_is_no_longer_missing() {
    let row = AgreementRow {
        absent_since_at: Some(now() - TimeDelta::hours(9)),
        ..row(State::Active)
    };
    let write = told(&row, found(Reported::Active, None), now()).unwrap();

    assert_eq!(write.absent_since_at, None);
    assert_eq!(write.confirmed_at, Some(now()));
}

#[test]
fn an_answer_older_than_what_was_confirmed_since_is_not_heard() {
    let row = row(State::Active);
    let confirmed_at = row.confirmed_at.unwrap();
    let suspended = || found(Reported::Suspended, None);

    assert!(told(&row, suspended(), confirmed_at - TimeDelta::seconds(1)).is_none());
    let write = told(&row, suspended(), confirmed_at).unwrap();
    assert_eq!(write.to, State::Suspended);
}

#[test]
fn an_answer_confirms_how_the_agreement_stood_when_it_was_asked_about() {
    let asked_at = now() - TimeDelta::minutes(3);

    let write = told(&row(State::Active), found(Reported::Active, None), asked_at).unwrap();

    assert_eq!(
        (write.confirmed_at, write.is_confirmed),
        (Some(asked_at), true)
    );
}

#[test]
fn an_agreements_absence_counts_from_when_it_was_asked_about_however_late_it_is_heard() {
    let first = now() - TimeDelta::hours(2);
    let sent = AgreementRow {
        last_sent_at: Some(first - TimeDelta::minutes(4)),
        absent_since_at: Some(first),
        confirmed_at: None,
        ..row(State::Unknown)
    };
    let after = |row, seconds| {
        let asked_at = first + TimeDelta::seconds(seconds);
        told(row, AgreementFact::Absent, asked_at).unwrap()
    };

    let too_soon = after(&sent, 59);
    assert_eq!(
        (too_soon.to, too_soon.absent_since_at),
        (State::Unknown, Some(first))
    );
    assert_eq!(too_soon.wake_at, Some(now()), "asked again at once");
    assert_eq!(after(&sent, 60).to, State::Drafted);

    let standing = AgreementRow {
        confirmed_at: None,
        absent_since_at: Some(first),
        ..row(State::Active)
    };
    assert_eq!(question(&after(&standing, 3_599)), None);
    assert_eq!(
        question(&after(&standing, 3_600)),
        Some("agreement_missing")
    );
}

#[test]
fn another_agreement_under_our_uid_freezes_the_plan() {
    let write = told(
        &row(State::Active),
        found(Reported::Active, Some("frequency")),
        now(),
    )
    .unwrap();

    assert_eq!(write.freeze, Some("echo_mismatch"));
    assert_eq!(question(&write), Some("echo_mismatch"));
}

#[test]
fn a_proposal_refused_for_a_limit_or_at_midnight_is_a_draft_again_and_any_other_refusal_an_end() {
    let began = |start_date: &str, codes: &[&str]| {
        let row = AgreementRow {
            plan_state: plan::State::AwaitingAgreement,
            confirmed_at: None,
            validity: Validity {
                start_date: start_date.parse().unwrap(),
                end_date: None,
            },
            ..row(State::Sending)
        };
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        told(&row, AgreementFact::Refused { codes }, now()).unwrap()
    };
    // It is the 12th in Sydney.
    let limited = began("2026-01-12", &["ZPAGR16"]);
    assert_eq!(limited.to, State::Drafted);
    assert_eq!(limited.wake_at, Some(now() + TimeDelta::hours(1)));
    assert_eq!(
        limited.waiting_because.as_deref(),
        Some("provider_creation_limit")
    );
    assert_eq!(began("2026-01-11", &["ZPAGR04"]).to, State::Drafted);

    assert_eq!(began("2026-01-12", &["ZPAGR04"]).to, State::Failed);
    assert_eq!(
        began("2026-01-12", &["ZPAGR15", "ZPAGR14"]).to,
        State::Failed
    );
    assert_eq!(began("2026-01-12", &[]).to, State::Failed);
}
