//! Schedules and instants, told shortly.

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Australia::Sydney;
use serde_json::{Value, json};

/// What every instalment of these stories amounts to, in cents.
pub const AMOUNT: i64 = 28_850;

/// An instant on Sydney's clocks: `2026-02-28 06:00`.
pub fn sydney(text: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    Sydney
        .from_local_datetime(&local)
        .single()
        .unwrap()
        .with_timezone(&Utc)
}

/// Instalments a week apart.
pub fn weekly(first_date: &str, instalments: u32) -> Value {
    regular("weekly", first_date, instalments)
}

/// Instalments a month apart.
pub fn monthly(first_date: &str, instalments: u32) -> Value {
    regular("monthly", first_date, instalments)
}

/// Instalments a `frequency` apart.
pub fn regular(frequency: &str, first_date: &str, instalments: u32) -> Value {
    json!({
        "frequency": frequency,
        "first_date": first_date,
        "instalments": instalments,
        "amount": AMOUNT,
    })
}
