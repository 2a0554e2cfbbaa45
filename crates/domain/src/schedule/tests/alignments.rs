//! Unit tests of alignment.

use super::*;
use crate::calendar::{State, Weekday, is_business_day};
use crate::payday::{MonthDay, PayCycle, Payday};

fn listed(dates: &[&str]) -> Schedule {
    let dates = dates.iter().map(|text| (date(text), cents(100)));
    Schedule::explicit(dates.collect()).expect("ascending dates")
}

fn nsw(roll: Roll) -> Alignment {
    Alignment {
        state: State::Nsw,
        roll,
    }
}

/// Where one instalment goes, and what is said of it.
fn placed(roll: Roll, planned: &str, edges: Option<Edges>) -> (String, Outcome) {
    let aligned = align(&listed(&[planned]), nsw(roll), edges).expect("one instalment");
    let placement = aligned.placements[0];
    assert_eq!(placement.sequence, 1);
    assert_eq!(placement.from_date, date(planned));
    assert_eq!(aligned.schedule.first_due(), placement.to_date);
    (placement.to_date.to_string(), placement.outcome)
}

fn monthly_from(anchor: &str, last: Option<&str>) -> Option<Edges> {
    Some(Edges {
        anchor_date: date(anchor),
        frequency: Frequency::Monthly,
        last_date: last.map(date),
    })
}

#[test]
fn a_due_date_rolls_to_the_next_or_the_previous_business_day() {
    let good_friday = "2026-04-03";
    let next = placed(Roll::NextBusinessDay, good_friday, None);
    let previous = placed(Roll::PreviousBusinessDay, good_friday, None);

    assert_eq!(next, ("2026-04-07".into(), Outcome::Moved));
    assert_eq!(previous, ("2026-04-02".into(), Outcome::Moved));
    let stays = ("2026-04-02".into(), Outcome::AlreadyAligned);
    assert_eq!(placed(Roll::NextBusinessDay, "2026-04-02", None), stays);
    assert_eq!(placed(Roll::PreviousBusinessDay, "2026-04-02", None), stays);
}

#[test]
fn the_holidays_are_those_of_the_state() {
    // The King's Birthday, which Western Australia and Queensland keep in spring.
    let monday = listed(&["2026-06-08"]);
    let moved = |state| {
        let roll = Roll::NextBusinessDay;
        let aligned = align(&monday, Alignment { state, roll }, None);
        aligned.expect("one instalment").schedule.first_due()
    };

    assert_eq!(moved(State::Nsw), date("2026-06-09"));
    assert_eq!(moved(State::Wa), date("2026-06-08"));
}

#[test]
fn a_collection_waits_for_the_business_day_after_a_payday() {
    let fortnightly = Roll::AfterPayday(Payday::Every {
        cycle: PayCycle::Fortnightly,
        anchor_date: date("2026-06-04"),
    });

    let moved = ("2026-06-05".into(), Outcome::Moved);
    assert_eq!(placed(fortnightly, "2026-06-01", None), moved);
    assert_eq!(placed(fortnightly, "2026-06-04", None), moved);
    let stays = ("2026-06-05".into(), Outcome::AlreadyAligned);
    assert_eq!(placed(fortnightly, "2026-06-05", None), stays);
    let next = ("2026-06-19".into(), Outcome::Moved);
    assert_eq!(placed(fortnightly, "2026-06-06", None), next);
}

#[test]
fn the_day_after_a_payday_skips_weekends_and_holidays() {
    // Paid on a Thursday; Good Friday, the weekend and Easter Monday come between.
    let thursdays = Roll::AfterPayday(Payday::Weekly(Weekday::Thursday));
    let tuesday = "2026-04-07";

    assert_eq!(
        placed(thursdays, "2026-04-03", None),
        (tuesday.into(), Outcome::Moved)
    );
    assert_eq!(
        placed(thursdays, tuesday, None),
        (tuesday.into(), Outcome::AlreadyAligned)
    );
    assert_eq!(
        placed(thursdays, "2026-04-08", None),
        ("2026-04-10".into(), Outcome::Moved)
    );
    let month_end = Roll::AfterPayday(Payday::Monthly(MonthDay::LAST));
    assert_eq!(
        placed(month_end, "2026-01-20", None),
        ("2026-02-02".into(), Outcome::Moved)
    );
}

#[test]
fn a_due_date_is_never_moved_out_of_its_window() {
    // Sunday 14 June ends the window from 15 May; Saturday 16 May is its second day.
    let edges = monthly_from("2026-05-15", None);
    let kept = |wanted| Outcome::KeptAtEdge {
        wanted_date: date(wanted),
    };

    assert_eq!(
        placed(Roll::NextBusinessDay, "2026-06-14", edges),
        ("2026-06-14".into(), kept("2026-06-15"))
    );
    assert_eq!(
        placed(Roll::NextBusinessDay, "2026-05-16", edges),
        ("2026-05-18".into(), Outcome::Moved)
    );
    assert_eq!(
        placed(Roll::PreviousBusinessDay, "2026-05-16", edges),
        ("2026-05-15".into(), Outcome::Moved)
    );
    // Saturday 15 August begins a window.
    assert_eq!(
        placed(Roll::PreviousBusinessDay, "2026-08-15", edges),
        ("2026-08-15".into(), kept("2026-08-14"))
    );
}

#[test]
fn an_edge_under_either_reading_is_an_edge() {
    // Anchored on the 31st. Saturday 28 February 2026 is of the old window in Oligo's words, with
    // the Friday before it, and of the new one in Azupay's, with the Monday after it.
    let edges = monthly_from("2025-12-31", None);

    for (roll, wanted) in [
        (Roll::NextBusinessDay, "2026-03-02"),
        (Roll::PreviousBusinessDay, "2026-02-27"),
    ] {
        let wanted_date = date(wanted);
        let kept = ("2026-02-28".into(), Outcome::KeptAtEdge { wanted_date });
        assert_eq!(placed(roll, "2026-02-28", edges), kept);
        let moved = (wanted.into(), Outcome::Moved);
        assert_eq!(placed(roll, "2026-02-28", None), moved);
    }
}

#[test]
fn an_agreements_first_and_last_dates_are_edges_without_windows_too() {
    let adhoc = Some(Edges {
        anchor_date: date("2026-05-16"),
        frequency: Frequency::Adhoc,
        last_date: Some(date("2026-05-24")),
    });
    let kept = |wanted| Outcome::KeptAtEdge {
        wanted_date: date(wanted),
    };

    assert_eq!(
        placed(Roll::PreviousBusinessDay, "2026-05-16", adhoc),
        ("2026-05-16".into(), kept("2026-05-15"))
    );
    assert_eq!(
        placed(Roll::NextBusinessDay, "2026-05-16", adhoc),
        ("2026-05-18".into(), Outcome::Moved)
    );
    assert_eq!(
        placed(Roll::NextBusinessDay, "2026-05-23", adhoc),
        ("2026-05-23".into(), kept("2026-05-25"))
    );
    let later = adhoc.map(|edges| Edges {
        last_date: Some(date("2026-05-25")),
        ..edges
    });
    assert_eq!(
        placed(Roll::NextBusinessDay, "2026-05-23", later),
        ("2026-05-25".into(), Outcome::Moved)
    );
}

#[test]
fn two_instalments_never_meet_on_one_business_day() {
    let weekend = listed(&["2026-05-16", "2026-05-17", "2026-05-18", "2026-05-20"]);

    let broken = align(&weekend, nsw(Roll::NextBusinessDay), None).expect_err("all on Monday");
    let told: Vec<(&str, &str)> = broken
        .iter()
        .map(|one| (one.pointer.as_str(), one.code))
        .collect();
    assert_eq!(
        told,
        [
            ("/instalments/1/due_date", "not_ascending"),
            ("/instalments/2/due_date", "not_ascending"),
        ]
    );
}

#[test]
fn instalments_of_one_date_move_together() {
    let twice = listed(&["2026-05-16", "2026-05-16", "2026-05-19"]);

    let aligned = align(&twice, nsw(Roll::NextBusinessDay), None).expect("still ordered");
    let moved: Vec<String> = aligned
        .placements
        .iter()
        .map(|one| one.to_date.to_string())
        .collect();
    assert_eq!(moved, ["2026-05-18", "2026-05-18", "2026-05-19"]);
}

#[test]
fn amounts_stay_with_their_instalments() {
    let amounts = [1, 2, 3].map(cents);
    let dates = ["2026-05-16", "2026-05-20", "2026-05-24"].map(date);
    let schedule = Schedule::explicit(dates.into_iter().zip(amounts).collect()).expect("ordered");
    let aligned = align(&schedule, nsw(Roll::NextBusinessDay), None).expect("still ordered");

    let found = aligned.schedule.instalments().iter();
    assert!(found.map(|one| one.amount).eq(amounts));
    assert_eq!(
        due(&aligned.schedule),
        ["2026-05-18", "2026-05-20", "2026-05-25"]
    );
    let numbers = aligned.placements.iter().map(|one| one.sequence);
    assert!(numbers.eq(1..=3));
}

#[test]
fn at_the_ends_of_the_date_range_a_date_is_kept_when_none_is_wanted() {
    let tuesdays = Roll::AfterPayday(Payday::Weekly(Weekday::Tuesday));
    // The last date is a Wednesday, so the last Tuesday's pay is collected on it.
    assert_eq!(
        placed(tuesdays, "2200-12-31", None),
        ("2200-12-31".into(), Outcome::AlreadyAligned)
    );
    let wednesdays = Roll::AfterPayday(Payday::Weekly(Weekday::Wednesday));
    assert_eq!(
        placed(wednesdays, "2200-12-31", None),
        ("2200-12-31".into(), Outcome::KeptOutOfRange)
    );
    assert_eq!(
        placed(wednesdays, "1970-01-01", None),
        ("1970-01-08".into(), Outcome::Moved)
    );
}

#[test]
fn no_run_of_days_without_business_is_longer_than_four() {
    let mut longest = 0;
    for state in State::ALL {
        let (mut run, mut day) = (0, date("2023-12-20"));
        while day < date("2041-01-20") {
            run = if is_business_day(*state, day) {
                0
            } else {
                run + 1
            };
            longest = longest.max(run);
            day = day.plus_days(1).expect("in range");
        }
    }
    assert_eq!(longest, 4);
}

#[test]
fn an_outcome_has_a_word() {
    let wanted_date = date("2026-01-01");
    let words = [
        (Outcome::AlreadyAligned, "already_aligned"),
        (Outcome::Moved, "moved"),
        (Outcome::KeptAtEdge { wanted_date }, "kept_at_edge"),
        (Outcome::KeptOutOfRange, "kept_out_of_range"),
    ];
    for (outcome, word) in words {
        assert_eq!(outcome.as_str(), word);
    }
}
