//! Unit tests of business days.

use super::*;

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

const EACH: [State; 8] = [
    State::Act,
    State::Nsw,
    State::Nt,
    State::Qld,
    State::Sa,
    State::Tas,
    State::Vic,
    State::Wa,
];

/// The states that keep a holiday on the date, by word.
fn keepers(text: &str) -> Vec<&'static str> {
    EACH.iter()
        .filter(|state| holiday(**state, date(text)).is_some())
        .map(|state| state.as_str())
        .collect()
}

#[test]
fn every_line_of_the_table_is_read() {
    for line in lines() {
        let row = parse(line).unwrap_or_else(|| panic!("a row: {line}"));
        assert_ne!(row.states, 0, "{line}");
        assert!(!row.name.is_empty(), "{line}");
        assert!(covers(row.date), "{line}");
        let weekday = Weekday::of(row.date);
        assert!(weekday.days_from_monday() < 5, "{line}");
    }
    assert_eq!(TABLE.len(), lines().count());
    assert!(TABLE.is_sorted_by_key(|row| row.date));
    for pair in TABLE.windows(2) {
        let same_date = pair[0].date == pair[1].date;
        let twice = pair[0].states & pair[1].states;
        assert!(!same_date || twice == 0, "{} twice", pair[0].date);
    }
}

#[test]
fn a_line_that_is_no_row_is_told_apart() {
    let row = parse("2026-01-01,act wa act,New Year's Day").expect("a row");
    assert_eq!(row.states, bit(State::Act) | bit(State::Wa));
    let odd = [
        "",
        "2026-01-01",
        "2026-01-01,act",
        "2026-02-30,act,A day",
        "2026-01-01,,A day",
        "2026-01-01,act  wa,A day",
        "2026-01-01,nz,A day",
    ];
    for line in odd {
        assert!(parse(line).is_none(), "{line}");
    }
}

#[test]
fn every_state_of_every_year_has_its_holidays() {
    for year in FIRST_YEAR..=LAST_YEAR {
        for state in EACH {
            let of_year = |row: &&Row| row.date.year() == year && row.states & bit(state) != 0;
            let kept = TABLE.iter().filter(of_year).count();
            assert!((7..=14).contains(&kept), "{state} {year}: {kept}");
        }
    }
}

#[test]
fn the_table_covers_whole_years_and_outside_it_only_weekends_are_known() {
    assert!(!covers(date("2023-12-31")));
    assert!(covers(date("2024-01-01")));
    assert!(covers(date("2040-12-31")));
    assert!(!covers(date("2041-01-01")));

    assert!(!is_business_day(State::Nsw, date("2040-12-25")));
    let christmas = date("2041-12-25");
    assert_eq!(Weekday::of(christmas), Weekday::Wednesday);
    assert!(is_business_day(State::Nsw, christmas));
    assert!(!is_business_day(State::Nsw, date("2041-12-28")));
}

#[test]
fn each_state_keeps_its_own_holidays() {
    // The dates of 2026 as the states proclaimed them.
    assert_eq!(keepers("2026-03-02"), ["wa"]);
    assert_eq!(keepers("2026-03-09"), ["act", "sa", "tas", "vic"]);
    assert_eq!(keepers("2026-04-27"), ["act", "nsw", "wa"]);
    assert_eq!(keepers("2026-05-04"), ["nt", "qld"]);
    assert_eq!(keepers("2026-06-01"), ["act", "wa"]);
    assert_eq!(
        keepers("2026-06-08"),
        ["act", "nsw", "nt", "sa", "tas", "vic"]
    );
    assert_eq!(keepers("2026-08-03"), ["nt"]);
    assert_eq!(keepers("2026-08-12"), ["qld"]);
    assert_eq!(keepers("2026-09-28"), ["wa"]);
    assert_eq!(keepers("2026-10-05"), ["act", "nsw", "qld", "sa"]);
    assert_eq!(keepers("2026-11-03"), ["vic"]);
    assert_eq!(keepers("2026-12-24"), Vec::<&str>::new());
    assert_eq!(keepers("2026-12-25"), EACH.map(State::as_str));
}

#[test]
fn a_holiday_has_the_name_its_state_gives_it() {
    let day = date("2026-03-09");

    assert_eq!(holiday(State::Act, day), Some("Canberra Day"));
    assert_eq!(holiday(State::Sa, day), Some("Adelaide Cup Day"));
    assert_eq!(holiday(State::Tas, day), Some("Eight Hours Day"));
    assert_eq!(holiday(State::Vic, day), Some("Labour Day"));
    assert_eq!(holiday(State::Nsw, day), None);
    assert_eq!(holiday(State::National, day), None);
}

#[test]
fn a_national_holiday_is_one_that_every_state_keeps_by_whatever_name() {
    let boxing_day = date("2026-12-28");

    assert_eq!(
        holiday(State::National, boxing_day),
        Some("Boxing Day (observed)")
    );
    assert_eq!(
        holiday(State::Sa, boxing_day),
        Some("Proclamation Day (observed)")
    );
    assert!(!is_business_day(State::National, boxing_day));
    // Six of the eight.
    assert!(is_business_day(State::National, date("2026-06-08")));
    assert_eq!(
        holiday(State::National, date("2026-01-26")),
        Some("Australia Day")
    );
}

#[test]
fn a_business_day_is_found_in_both_directions_and_may_be_the_date_itself() {
    let next = |text| next_business_day(State::Nsw, date(text)).map(|day| day.to_string());
    let previous = |text| previous_business_day(State::Nsw, date(text)).map(|day| day.to_string());

    assert_eq!(next("2026-04-02"), Some("2026-04-02".into()));
    assert_eq!(next("2026-04-03"), Some("2026-04-07".into()));
    assert_eq!(next("2026-12-25"), Some("2026-12-29".into()));
    assert_eq!(previous("2026-04-07"), Some("2026-04-07".into()));
    assert_eq!(previous("2026-04-06"), Some("2026-04-02".into()));
}

#[test]
fn no_business_day_lies_outside_the_date_range() {
    // The range begins on a Thursday and ends on a Wednesday, so both ends are business days.
    assert_eq!(
        previous_business_day(State::Nsw, BusinessDate::MIN),
        Some(BusinessDate::MIN)
    );
    assert_eq!(
        next_business_day(State::Nsw, BusinessDate::MAX),
        Some(BusinessDate::MAX)
    );
}

#[test]
fn a_date_has_its_day_of_the_week() {
    let week = [
        "2026-06-01",
        "2026-06-02",
        "2026-06-03",
        "2026-06-04",
        "2026-06-05",
        "2026-06-06",
        "2026-06-07",
    ];
    for (place, (text, weekday)) in (0..).zip(week.iter().zip(Weekday::ALL)) {
        assert_eq!(Weekday::of(date(text)), *weekday);
        assert_eq!(weekday.days_from_monday(), place);
    }
    assert!(!is_business_day(State::National, date("2026-06-06")));
    assert!(!is_business_day(State::National, date("2026-06-07")));
    assert!(is_business_day(State::National, date("2026-06-05")));
}
