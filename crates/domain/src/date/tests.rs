//! Dates, instants and Sydney's clocks.

use super::*;

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn instant(text: &str) -> Instant {
    text.parse().expect("a test's instant")
}

#[test]
fn a_date_is_written_and_read_in_one_form_only() {
    assert_eq!(date("2026-01-31").to_string(), "2026-01-31");
    let odd = [
        "2026-1-31",
        "2026-01-31 ",
        " 2026-01-31",
        "+026-01-31",
        "2026/01/31",
        "",
        "２",
    ];
    for text in odd {
        assert_eq!(
            text.parse::<BusinessDate>(),
            Err(DateError::Malformed),
            "{text}"
        );
    }
    assert_eq!(
        "2026-02-30".parse::<BusinessDate>(),
        Err(DateError::NoSuchDay)
    );
    assert_eq!(
        "1969-12-31".parse::<BusinessDate>(),
        Err(DateError::OutOfRange)
    );
    assert_eq!(
        "2201-01-01".parse::<BusinessDate>(),
        Err(DateError::OutOfRange)
    );
}

#[test]
fn a_day_has_23_24_or_25_hours_as_daylight_saving_has_it() {
    let hours = |text| (date(text).closes_at() - date(text).opens_at()).num_hours();

    assert_eq!(hours("2026-06-01"), 24);
    assert_eq!(hours("2026-10-04"), 23);
    assert_eq!(hours("2026-04-05"), 25);
    assert_eq!(
        date("2026-10-04").opens_at(),
        instant("2026-10-03T14:00:00Z")
    );
    assert_eq!(
        date("2026-10-04").closes_at(),
        instant("2026-10-04T13:00:00Z")
    );
}

#[test]
fn an_hour_the_clocks_skip_means_the_first_instant_after_the_gap() {
    let day = date("2026-10-04");

    assert_eq!(day.at_hour(1, 59), instant("2026-10-03T15:59:00Z"));
    assert_eq!(day.at_hour(2, 30), instant("2026-10-03T16:00:00Z"));
    assert_eq!(day.at_hour(3, 0), instant("2026-10-03T16:00:00Z"));
}

#[test]
fn an_hour_the_clocks_show_twice_means_the_first_showing() {
    assert_eq!(
        date("2026-04-05").at_hour(2, 30),
        instant("2026-04-04T15:30:00Z")
    );
}

#[test]
fn an_instant_belongs_to_the_date_on_sydneys_calendars() {
    let of = |text| BusinessDate::of_instant(instant(text)).to_string();

    assert_eq!(of("2026-06-01T13:59:59Z"), "2026-06-01");
    assert_eq!(of("2026-06-01T14:00:00Z"), "2026-06-02");
    assert_eq!(of("2026-12-31T13:00:00Z"), "2027-01-01");
    assert_eq!(
        BusinessDate::of_instant(Instant::MIN_UTC),
        BusinessDate::MIN
    );
    assert_eq!(
        BusinessDate::of_instant(Instant::MAX_UTC),
        BusinessDate::MAX
    );
}

#[test]
fn the_last_day_of_a_month_is_known_in_leap_years_too() {
    assert_eq!(date("2028-02-01").month_end(), date("2028-02-29"));
    assert_eq!(date("2026-02-28").month_end(), date("2026-02-28"));
    assert!(date("2026-02-28").is_last_of_month());
    assert!(!date("2028-02-28").is_last_of_month());
    assert_eq!(BusinessDate::MAX.month_end(), BusinessDate::MAX);
    assert!(BusinessDate::MAX.is_last_of_month());
}

#[test]
fn days_are_counted_on_the_calendar_and_never_leave_the_range() {
    assert_eq!(date("2026-02-28").plus_days(1), Some(date("2026-03-01")));
    assert_eq!(date("2026-03-01").plus_days(-1), Some(date("2026-02-28")));
    assert_eq!(date("2026-01-31").days_until(date("2026-03-01")), 29);
    assert_eq!(date("2026-03-01").days_until(date("2026-01-31")), -29);
    assert_eq!(BusinessDate::MAX.plus_days(1), None);
    assert_eq!(BusinessDate::MIN.plus_days(-1), None);
    assert_eq!(BusinessDate::MIN.plus_days(i64::MAX), None);
}

#[test]
fn a_date_tells_its_parts_and_is_shown_as_iso_8601() {
    let shown = date("2028-10-09");

    assert_eq!((shown.year(), shown.month(), shown.day()), (2028, 10, 9));
    assert_eq!(shown.to_string(), "2028-10-09");
    assert_eq!(format!("{shown:?}"), "2028-10-09");
}
