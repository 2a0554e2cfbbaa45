//! Period windows against a second opinion: worked examples, and a walk through the calendar.

use chrono::{Datelike, NaiveDate};
use domain::date::BusinessDate;
use domain::period::{Reading, Window, window, windows};
use domain::terms::Frequency;

const MONTHS: [(Frequency, u32); 4] = [
    (Frequency::Monthly, 1),
    (Frequency::Quarterly, 3),
    (Frequency::SemiAnnual, 6),
    (Frequency::Annual, 12),
];

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

/// The first dates of windows 0 and up, found by walking day by day through the calendar.
///
/// Written from the providers' words and not from the formula: a window begins on each `n`-th
/// month's day of the anchor's number; where the month ends before that number, it begins with the
/// month's last day (Azupay), or on the day after it (Oligo).
fn walked(anchor: NaiveDate, months: u32, reading: Reading, count: usize) -> Vec<NaiveDate> {
    let mut starts = vec![anchor];
    let (mut day, mut months_passed) = (anchor, 0);
    while starts.len() < count {
        let next = day.succ_opt().expect("a day");
        let month_ends = next.day() == 1;
        let wanted = months_passed % months == 0 && months_passed != 0;
        if month_ends {
            let missing = wanted && day.day() < anchor.day();
            months_passed += 1;
            match (missing, reading) {
                (true, Reading::Oligo) => starts.push(next),
                (true, Reading::Azupay) => starts.push(day),
                (false, Reading::Oligo | Reading::Azupay) => {}
            }
        }
        if months_passed != 0 && months_passed % months == 0 && next.day() == anchor.day() {
            starts.push(next);
        }
        day = next;
    }
    starts
}

#[test]
fn windows_equal_those_found_by_walking_through_the_calendar() {
    let (from, until) = (date("2024-01-01"), date("2031-12-31"));
    for days in 0..=from.days_until(until) {
        let anchor = from.plus_days(days).expect("in range");
        for (frequency, months) in MONTHS {
            for reading in Reading::ALL.iter().copied() {
                let found: Vec<NaiveDate> = windows(anchor, frequency, reading)
                    .take(24)
                    .map(|window| window.first_date.naive())
                    .collect();
                let walked = walked(anchor.naive(), months, reading, 24);
                assert_eq!(found, walked, "{anchor} {frequency} {reading}");
            }
        }
    }
}

/// Worked examples: frequency, anchor, then index, window as Oligo reads it, and as Azupay does.
type Example = (
    Frequency,
    &'static str,
    &'static [(u32, &'static str, &'static str)],
);

const EXAMPLES: &[Example] = &[
    (
        Frequency::Monthly,
        "2026-07-01",
        &[
            (0, "2026-07-01…2026-07-31", "2026-07-01…2026-07-31"),
            (1, "2026-08-01…2026-08-31", "2026-08-01…2026-08-31"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-01-15",
        &[
            (0, "2026-01-15…2026-02-14", "2026-01-15…2026-02-14"),
            (1, "2026-02-15…2026-03-14", "2026-02-15…2026-03-14"),
            (2, "2026-03-15…2026-04-14", "2026-03-15…2026-04-14"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-02-28",
        &[
            (0, "2026-02-28…2026-03-27", "2026-02-28…2026-03-27"),
            (1, "2026-03-28…2026-04-27", "2026-03-28…2026-04-27"),
            (2, "2026-04-28…2026-05-27", "2026-04-28…2026-05-27"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-01-29",
        &[
            (0, "2026-01-29…2026-02-28", "2026-01-29…2026-02-27"),
            (1, "2026-03-01…2026-03-28", "2026-02-28…2026-03-28"),
            (2, "2026-03-29…2026-04-28", "2026-03-29…2026-04-28"),
        ],
    ),
    (
        Frequency::Monthly,
        "2028-01-29",
        &[
            (0, "2028-01-29…2028-02-28", "2028-01-29…2028-02-28"),
            (1, "2028-02-29…2028-03-28", "2028-02-29…2028-03-28"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-01-30",
        &[
            (0, "2026-01-30…2026-02-28", "2026-01-30…2026-02-27"),
            (1, "2026-03-01…2026-03-29", "2026-02-28…2026-03-29"),
            (2, "2026-03-30…2026-04-29", "2026-03-30…2026-04-29"),
            (3, "2026-04-30…2026-05-29", "2026-04-30…2026-05-29"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-01-31",
        &[
            (0, "2026-01-31…2026-02-28", "2026-01-31…2026-02-27"),
            (1, "2026-03-01…2026-03-30", "2026-02-28…2026-03-30"),
            (2, "2026-03-31…2026-04-30", "2026-03-31…2026-04-29"),
            (3, "2026-05-01…2026-05-30", "2026-04-30…2026-05-30"),
            (4, "2026-05-31…2026-06-30", "2026-05-31…2026-06-29"),
            (5, "2026-07-01…2026-07-30", "2026-06-30…2026-07-30"),
        ],
    ),
    (
        Frequency::Monthly,
        "2028-01-31",
        &[
            (0, "2028-01-31…2028-02-29", "2028-01-31…2028-02-28"),
            (1, "2028-03-01…2028-03-30", "2028-02-29…2028-03-30"),
            (2, "2028-03-31…2028-04-30", "2028-03-31…2028-04-29"),
        ],
    ),
    (
        Frequency::Monthly,
        "2026-10-31",
        &[
            (0, "2026-10-31…2026-11-30", "2026-10-31…2026-11-29"),
            (1, "2026-12-01…2026-12-30", "2026-11-30…2026-12-30"),
            (2, "2026-12-31…2027-01-30", "2026-12-31…2027-01-30"),
            (3, "2027-01-31…2027-02-28", "2027-01-31…2027-02-27"),
        ],
    ),
    (
        Frequency::Quarterly,
        "2026-08-31",
        &[
            (0, "2026-08-31…2026-11-30", "2026-08-31…2026-11-29"),
            (1, "2026-12-01…2027-02-28", "2026-11-30…2027-02-27"),
            (2, "2027-03-01…2027-05-30", "2027-02-28…2027-05-30"),
            (3, "2027-05-31…2027-08-30", "2027-05-31…2027-08-30"),
        ],
    ),
    (
        Frequency::Quarterly,
        "2026-11-30",
        &[
            (0, "2026-11-30…2027-02-28", "2026-11-30…2027-02-27"),
            (1, "2027-03-01…2027-05-29", "2027-02-28…2027-05-29"),
            (2, "2027-05-30…2027-08-29", "2027-05-30…2027-08-29"),
        ],
    ),
    (
        Frequency::SemiAnnual,
        "2026-08-31",
        &[
            (0, "2026-08-31…2027-02-28", "2026-08-31…2027-02-27"),
            (1, "2027-03-01…2027-08-30", "2027-02-28…2027-08-30"),
            (2, "2027-08-31…2028-02-29", "2027-08-31…2028-02-28"),
        ],
    ),
    (
        Frequency::Annual,
        "2028-02-29",
        &[
            (0, "2028-02-29…2029-02-28", "2028-02-29…2029-02-27"),
            (1, "2029-03-01…2030-02-28", "2029-02-28…2030-02-27"),
            (2, "2030-03-01…2031-02-28", "2030-02-28…2031-02-27"),
            (3, "2031-03-01…2032-02-28", "2031-02-28…2032-02-28"),
            (4, "2032-02-29…2033-02-28", "2032-02-29…2033-02-27"),
        ],
    ),
];

#[test]
fn the_worked_examples_hold() {
    for (frequency, anchor, rows) in EXAMPLES {
        for (index, oligo, azupay) in *rows {
            let shown = |reading| {
                window(date(anchor), *frequency, reading, *index)
                    .as_ref()
                    .map(Window::to_string)
            };
            assert_eq!(
                shown(Reading::Oligo).as_deref(),
                Some(*oligo),
                "{frequency} {anchor}"
            );
            assert_eq!(
                shown(Reading::Azupay).as_deref(),
                Some(*azupay),
                "{frequency} {anchor}"
            );
        }
    }
}

#[test]
fn day_based_windows_keep_sydneys_midnights_across_daylight_saving() {
    let examples = [
        (
            Frequency::Daily,
            "2026-06-01",
            "2026-05-31T14:00:00Z",
            "2026-06-01T14:00:00Z",
            24,
        ),
        (
            Frequency::Daily,
            "2026-10-04",
            "2026-10-03T14:00:00Z",
            "2026-10-04T13:00:00Z",
            23,
        ),
        (
            Frequency::Daily,
            "2026-04-05",
            "2026-04-04T13:00:00Z",
            "2026-04-05T14:00:00Z",
            25,
        ),
        (
            Frequency::Weekly,
            "2026-09-29",
            "2026-09-28T14:00:00Z",
            "2026-10-05T13:00:00Z",
            167,
        ),
        (
            Frequency::Weekly,
            "2026-03-31",
            "2026-03-30T13:00:00Z",
            "2026-04-06T14:00:00Z",
            169,
        ),
        (
            Frequency::Fortnightly,
            "2026-09-22",
            "2026-09-21T14:00:00Z",
            "2026-10-05T13:00:00Z",
            335,
        ),
    ];
    for (frequency, anchor, opens, closes, hours) in examples {
        for reading in Reading::ALL.iter().copied() {
            let first = window(date(anchor), frequency, reading, 0).expect("a window");
            assert_eq!(Ok(first.opens_at()), opens.parse(), "{frequency} {anchor}");
            assert_eq!(
                Ok(first.closes_at()),
                closes.parse(),
                "{frequency} {anchor}"
            );
            assert_eq!((first.closes_at() - first.opens_at()).num_hours(), hours);
        }
    }
}
