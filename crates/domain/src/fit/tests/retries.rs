//! Unit tests of the room to try again.

use super::*;

fn demanding(retry_days: u32) -> Demand {
    Demand::new(Reading::ALL, retry_days)
}

/// Rule, instalment, code, days left and window of the counter-example.
fn cramped(
    schedule: &Schedule,
    draft: &TermsDraft,
    validity: Validity,
    retry_days: u32,
) -> (u32, &'static str, Option<u32>, String) {
    let terms = PaymentTerms::from_draft(draft).expect("a test's terms");
    let found = prove(schedule, &terms, validity, &demanding(retry_days)).expect_err("no room");
    assert_eq!(found.rule, FitRule::NoRoomToRetry);
    let told = found.detail.split(": ").last().unwrap_or_default();
    (
        found.instalment,
        found.provider_code,
        found.room_days,
        told.to_owned(),
    )
}

fn fits(schedule: &Schedule, draft: &TermsDraft, validity: Validity, retry_days: u32) -> bool {
    let terms = PaymentTerms::from_draft(draft).expect("a test's terms");
    prove(schedule, &terms, validity, &demanding(retry_days)).is_ok()
}

fn until(start: &str, end: &str) -> Validity {
    Validity {
        end_date: Some(date(end)),
        ..from(start)
    }
}

fn adhoc() -> TermsDraft {
    TermsDraft {
        frequency: "adhoc".into(),
        ..fixed()
    }
}

#[test]
fn a_retry_stays_in_its_own_window_under_every_reading() {
    let schedule = listed(&[("2026-02-20", 100)]);
    let anchored = from("2026-01-31");

    assert!(fits(&schedule, &fixed(), anchored, 7));
    let terms = PaymentTerms::from_draft(&fixed()).expect("terms");
    let found = prove(&schedule, &terms, anchored, &demanding(8)).expect_err("no room");
    let sentence = "instalment 1 on 2026-02-20 leaves 7 of the 8 days wanted to try again: its \
                    window 2026-01-31…2026-02-27 ends on 2026-02-27";
    assert_eq!(found.detail, sentence);
    assert_eq!(found.reading, Some(Reading::Azupay));
    assert_eq!(
        found.window.map(|window| window.last_date),
        Some(date("2026-02-27"))
    );
    let oligo = Demand::new(&[Reading::Oligo], 8);
    assert!(prove(&schedule, &terms, anchored, &oligo).is_ok());
}

#[test]
fn a_retry_is_not_made_after_the_agreement() {
    let schedule = listed(&[("2026-01-05", 100)]);

    assert!(fits(
        &schedule,
        &adhoc(),
        until("2026-01-05", "2026-01-07"),
        2
    ));
    let found = cramped(&schedule, &adhoc(), until("2026-01-05", "2026-01-07"), 3);
    let told = "the agreement ends on 2026-01-07".to_owned();
    assert_eq!(found, (1, "ZPPAY07", Some(2), told));
}

#[test]
fn a_retry_is_not_made_after_the_last_payment_date() {
    let schedule = listed(&[("2026-01-05", 100), ("2026-01-20", 100)]);
    let draft = TermsDraft {
        last_payment_date: Some("2026-01-22".into()),
        ..adhoc()
    };

    assert!(fits(&schedule, &draft, from("2026-01-05"), 2));
    let found = cramped(&schedule, &draft, from("2026-01-05"), 3);
    let told = "the last payment date is 2026-01-22".to_owned();
    assert_eq!(found, (2, "ZPPAY13", Some(2), told));
}

#[test]
fn a_first_payment_date_leaves_the_first_payment_no_day_to_try_again() {
    let schedule = listed(&[("2026-01-05", 100), ("2026-01-20", 100)]);
    let draft = TermsDraft {
        first_payment_date: Some("2026-01-05".into()),
        ..adhoc()
    };

    assert!(fits(&schedule, &draft, from("2026-01-05"), 0));
    let found = cramped(&schedule, &draft, from("2026-01-05"), 1);
    let told = "the first payment has to be made on exactly 2026-01-05".to_owned();
    assert_eq!(found, (1, "ZPPAY14", Some(0), told));
}

#[test]
fn no_payment_of_a_balloon_is_tried_again_after_its_last() {
    let schedule = listed(&[
        ("2026-01-05", 100),
        ("2026-01-09", 100),
        ("2026-01-12", 900),
    ]);
    let draft = TermsDraft {
        kind: "balloon".into(),
        last_payment_amount: Some(900),
        ..adhoc()
    };

    assert!(fits(&schedule, &draft, from("2026-01-05"), 2));
    let found = cramped(&schedule, &draft, from("2026-01-05"), 3);
    let told = "no payment follows a balloon's last, so it has to be made by 2026-01-11";
    assert_eq!(found, (2, "ZPPAY21", Some(2), told.to_owned()));
}

#[test]
fn the_first_of_a_balloon_is_not_tried_again_once_the_second_is_due() {
    let schedule = listed(&[("2026-01-05", 10), ("2026-01-09", 100), ("2026-02-12", 100)]);
    let draft = |first| TermsDraft {
        kind: "balloon".into(),
        first_payment_amount: Some(first),
        ..adhoc()
    };

    assert!(fits(&schedule, &draft(10), from("2026-01-05"), 3));
    let found = cramped(&schedule, &draft(10), from("2026-01-05"), 4);
    let told = "to be a balloon's first payment, it has to be made by 2026-01-08";
    assert_eq!(found, (1, "ZPPAY15", Some(3), told.to_owned()));

    // Where the first amount is the ordinary one, the order of the two does not matter.
    let even = listed(&[
        ("2026-01-05", 100),
        ("2026-01-09", 100),
        ("2026-02-12", 100),
    ]);
    assert!(fits(&even, &draft(100), from("2026-01-05"), 4));
}

#[test]
fn of_several_limits_the_first_passed_is_named_and_the_nearest_is_counted() {
    let schedule = listed(&[("2026-01-31", 100)]);
    let january = until("2026-01-01", "2026-02-02");

    // One day later the window is over, three days later the agreement too.
    let window = "its window 2026-01-01…2026-01-31 ends on 2026-01-31".to_owned();
    let found = cramped(&schedule, &fixed(), january, 1);
    assert_eq!(found, (1, "ZPPAY17", Some(0), window));
    let end = "the agreement ends on 2026-02-02".to_owned();
    let found = cramped(&schedule, &fixed(), january, 3);
    assert_eq!(found, (1, "ZPPAY07", Some(0), end));
}

#[test]
fn without_a_window_an_instalment_is_collected_for_28_days() {
    let schedule = listed(&[("2026-01-05", 100)]);

    assert!(fits(&schedule, &adhoc(), from("2026-01-05"), 28));
    let found = cramped(&schedule, &adhoc(), from("2026-01-05"), 29);
    let told = "without a window it is collected for 28 days, until 2026-02-02".to_owned();
    assert_eq!(found, (1, "", Some(28), told));
}

#[test]
fn retries_end_where_the_calendar_does() {
    let schedule = listed(&[("2200-12-30", 100)]);

    assert!(fits(&schedule, &adhoc(), from("2200-12-30"), 1));
    let found = cramped(&schedule, &adhoc(), from("2200-12-30"), 2);
    let told = "the calendar ends on 2200-12-31".to_owned();
    assert_eq!(found, (1, "ZPPAY07", Some(1), told));
    let found = cramped(&schedule, &adhoc(), from("2200-12-30"), u32::MAX);
    assert_eq!(found.2, Some(1));
}

#[test]
fn an_earlier_rule_of_the_same_instalment_is_told_before_the_lack_of_room() {
    let schedule = listed(&[("2026-01-05", 101)]);
    let terms = PaymentTerms::from_draft(&adhoc()).expect("terms");
    let validity = until("2026-01-05", "2026-01-05");

    let found = prove(&schedule, &terms, validity, &demanding(1)).expect_err("refused");
    assert_eq!(
        (found.rule, found.room_days),
        (FitRule::AmountNotExact, None)
    );
}
