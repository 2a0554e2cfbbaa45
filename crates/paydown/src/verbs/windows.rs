//! `paydown windows`: the periods of an agreement, as collecting sees them.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::date::BusinessDate;
use domain::period::{Reading, windows};
use domain::terms::Frequency;
use serde::Serialize;

use crate::output;

/// Which periods of which agreement.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The agreement's first date, in Sydney: YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = start)]
    start: BusinessDate,
    /// How often it lets payments be made.
    #[arg(long, value_parser = frequency)]
    frequency: Frequency,
    /// How many periods to print.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    periods: u32,
    /// Whose rule ends a period in a month that lacks the start's day: oligo or azupay.
    #[arg(long, default_value = "oligo", value_parser = reading)]
    reading: Reading,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One period. Payments may be made from `opens_at` until before `closes_at`.
#[derive(Debug, Serialize)]
struct Row {
    index: u32,
    first_date: String,
    last_date: String,
    opens_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
}

/// Prints the windows.
///
/// # Errors
///
/// Fails when they cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rows = rows(arguments);
    if let Some(note) = note(rows.len(), arguments.periods) {
        eprintln!("{note}");
    }
    if arguments.json {
        output::json(&rows)?;
        return Ok(());
    }
    let cells = rows.into_iter().map(|row| {
        let instants = [row.opens_at, row.closes_at].map(|at| at.format("%FT%TZ").to_string());
        let [opens_at, closes_at] = instants;
        vec![
            row.index.to_string(),
            row.first_date,
            row.last_date,
            opens_at,
            closes_at,
        ]
    });
    output::table(
        &[
            "PERIOD",
            "FIRST DATE",
            "LAST DATE",
            "OPENS",
            "CLOSES (before)",
        ],
        cells,
    )?;
    Ok(())
}

fn rows(arguments: &Arguments) -> Vec<Row> {
    let periods = usize::try_from(arguments.periods).unwrap_or(usize::MAX);
    let windows = windows(arguments.start, arguments.frequency, arguments.reading).take(periods);
    let rows = windows.map(|window| Row {
        index: window.index,
        first_date: window.first_date.to_string(),
        last_date: window.last_date.to_string(),
        opens_at: window.opens_at(),
        closes_at: window.closes_at(),
    });
    rows.collect()
}

/// Said beside the periods when there are fewer than asked for.
fn note(found: usize, asked: u32) -> Option<String> {
    let asked = usize::try_from(asked).unwrap_or(usize::MAX);
    let last = BusinessDate::MAX;
    (found < asked).then(|| {
        format!("note: only {found} of {asked} periods end by {last}, the last date there is")
    })
}

fn start(text: &str) -> Result<BusinessDate, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn frequency(text: &str) -> Result<Frequency, String> {
    match Frequency::parse(text) {
        Some(Frequency::Adhoc) => Err("adhoc has no periods".to_owned()),
        Some(frequency) => Ok(frequency),
        None => {
            let periodic = Frequency::ALL
                .iter()
                .filter(|other| **other != Frequency::Adhoc);
            Err(one_of(periodic.map(|frequency| frequency.as_str())))
        }
    }
}

fn reading(text: &str) -> Result<Reading, String> {
    Reading::parse(text).ok_or_else(|| one_of(Reading::ALL.iter().map(|reading| reading.as_str())))
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("must be one of: {}", words.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(reading: Reading, periods: u32) -> serde_json::Value {
        let start = BusinessDate::new(2026, 1, 31).expect("a date");
        let frequency = Frequency::Monthly;
        let arguments = Arguments {
            start,
            frequency,
            periods,
            reading,
            json: true,
        };
        serde_json::to_value(rows(&arguments)).expect("serialises")
    }

    #[test]
    fn a_month_without_the_starts_day_ends_on_its_last_day_by_oligos_reading() {
        let expected = serde_json::json!([
            {
                "index": 0,
                "first_date": "2026-01-31",
                "last_date": "2026-02-28",
                "opens_at": "2026-01-30T13:00:00Z",
                "closes_at": "2026-02-28T13:00:00Z",
            },
            {
                "index": 1,
                "first_date": "2026-03-01",
                "last_date": "2026-03-30",
                "opens_at": "2026-02-28T13:00:00Z",
                "closes_at": "2026-03-30T13:00:00Z",
            },
        ]);
        assert_eq!(json_of(Reading::Oligo, 2), expected);
    }

    #[test]
    fn that_there_are_fewer_periods_than_asked_for_is_said() {
        assert_eq!(note(12, 12), None);
        let told = note(3, 12).expect("said");
        assert!(
            told.contains("only 3 of 12 periods end by 2200-12-31"),
            "{told}"
        );
    }

    #[test]
    fn by_azupays_reading_that_last_day_starts_the_next_period() {
        let json = json_of(Reading::Azupay, 2);
        assert_eq!(json[0]["last_date"], "2026-02-27");
        assert_eq!(json[1]["first_date"], "2026-02-28");
    }
}
