//! Unit tests of cadences.

use super::*;
use crate::calendar::Weekday;

/// The first dates of a cadence.
fn dates(cadence: Cadence, first: &str, due_day: DueDay) -> [String; 4] {
    [0, 1, 2, 3].map(|index| {
        let found = cadence.date(date(first), due_day, index);
        found.expect("a date in range").to_string()
    })
}

fn on(days: &[Weekday]) -> Cadence {
    Cadence::OnWeekdays(Weekdays::new(days).expect("a day"))
}

#[test]
fn each_cadence_counts_days_or_months_from_the_first_date() {
    let expected = [
        (Cadence::Daily, "2026-01-02", "2026-01-04"),
        (Cadence::Weekly, "2026-01-08", "2026-01-22"),
        (Cadence::Fortnightly, "2026-01-15", "2026-02-12"),
        (Cadence::FourWeekly, "2026-01-29", "2026-03-26"),
        (Cadence::Monthly, "2026-02-01", "2026-04-01"),
        (Cadence::Quarterly, "2026-04-01", "2026-10-01"),
        (Cadence::SemiAnnual, "2026-07-01", "2027-07-01"),
        (Cadence::Annual, "2027-01-01", "2029-01-01"),
    ];
    for (cadence, second, fourth) in expected {
        let found = dates(cadence, "2026-01-01", DueDay::SameDay);
        assert_eq!(found[0], "2026-01-01");
        assert_eq!(found[1], second);
        assert_eq!(found[3], fourth);
    }
    assert!(
        expected
            .iter()
            .map(|(cadence, _, _)| cadence)
            .eq(Cadence::ALL)
    );
}

#[test]
fn a_day_that_a_month_lacks_is_its_last_day_and_comes_back_in_the_next() {
    let same = |first| dates(Cadence::Monthly, first, DueDay::SameDay);
    let last = |first| dates(Cadence::Monthly, first, DueDay::LastDayOfMonth);

    assert_eq!(
        same("2027-12-30"),
        ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]
    );
    assert_eq!(
        same("2026-01-29"),
        ["2026-01-29", "2026-02-28", "2026-03-29", "2026-04-29"]
    );
    assert_eq!(
        last("2026-04-30"),
        ["2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31"]
    );
    assert_eq!(
        dates(Cadence::Annual, "2028-02-29", DueDay::SameDay),
        ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"]
    );
}

#[test]
fn given_weekdays_come_in_turn_from_the_first_date() {
    let both = on(&[Weekday::Tuesday, Weekday::Friday]);

    // 5 June 2026 is a Friday.
    assert_eq!(
        dates(both, "2026-06-05", DueDay::SameDay),
        ["2026-06-05", "2026-06-09", "2026-06-12", "2026-06-16"]
    );
    assert_eq!(
        dates(both, "2026-06-02", DueDay::SameDay),
        ["2026-06-02", "2026-06-05", "2026-06-09", "2026-06-12"]
    );
    // From a Wednesday, the first of them is the Friday.
    assert_eq!(dates(both, "2026-06-03", DueDay::SameDay)[0], "2026-06-05");
    assert_eq!(
        dates(on(&[Weekday::Sunday]), "2026-06-07", DueDay::SameDay),
        ["2026-06-07", "2026-06-14", "2026-06-21", "2026-06-28"]
    );
}

#[test]
fn weekdays_are_a_set_shown_from_monday_on() {
    let days = [Weekday::Friday, Weekday::Monday, Weekday::Friday];
    let set = Weekdays::new(&days).expect("days");

    assert_eq!(set.to_string(), "monday and friday");
    assert_eq!(set, Weekdays::new(&days[..2]).expect("days"));
    for weekday in Weekday::ALL {
        assert_eq!(set.contains(*weekday), days.contains(weekday));
    }
    assert_eq!(Weekdays::new(&[]), Err(NoWeekday));
    let all = Weekdays::new(Weekday::ALL).expect("days");
    assert_eq!(all.iter().count(), 7);
    assert_eq!(on(&days).to_string(), "on_weekdays monday and friday");
}

#[test]
fn a_cadence_is_called_by_the_word_of_its_frequency() {
    for cadence in Cadence::ALL {
        assert_eq!(Cadence::parse(cadence.as_str()), Some(*cadence));
        assert_eq!(cadence.to_string(), cadence.as_str());
    }
    assert_eq!(Cadence::parse("adhoc"), None);
    assert_eq!(Cadence::parse(""), None);

    let mut told = Vec::new();
    for frequency in Frequency::ALL {
        match Cadence::of_frequency(*frequency) {
            Some(cadence) => {
                assert_eq!(cadence.as_str(), frequency.as_str());
                assert_eq!(cadence.is_month_based(), frequency.is_month_based());
                told.push(cadence);
            }
            None => assert_eq!(*frequency, Frequency::Adhoc),
        }
    }
    assert_eq!(told.len(), 7);
    assert!(!Cadence::FourWeekly.is_month_based());
    assert!(!on(&[Weekday::Monday]).is_month_based());
}

#[test]
fn no_date_of_a_cadence_leaves_the_date_range() {
    let last = BusinessDate::MAX;

    for cadence in Cadence::ALL {
        assert_eq!(cadence.date(last, DueDay::SameDay, 0), Some(last));
        assert_eq!(cadence.date(last, DueDay::SameDay, 1), None);
        assert_eq!(cadence.date(last, DueDay::SameDay, u32::MAX), None);
    }
    let wednesdays = on(&[Weekday::Wednesday]);
    assert_eq!(wednesdays.date(last, DueDay::SameDay, 0), Some(last));
    assert_eq!(wednesdays.date(last, DueDay::SameDay, u32::MAX), None);
}
