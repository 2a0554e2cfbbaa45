//! What a storm says when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A law that was broken, and when that was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Broken {
    /// The storm's time.
    pub at: DateTime<Utc>,
    /// The law, the facts, the plan, the instalment and the uids.
    pub said: String,
}

/// How far a storm has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Days of the storm that have passed.
    pub days: u64,
    /// Days it lasts.
    pub days_total: u64,
    /// Payments the bank has taken.
    pub payments: u64,
    /// Laws seen broken so far.
    pub violations: u64,
}

/// Everything about a storm that is over.
#[derive(Clone, Debug, Serialize)]
pub struct StormReport {
    /// The seed, which brings it all about again.
    pub seed: u64,
    /// Plans accepted.
    pub plans: u64,
    /// Plans refused, made without regard to what is valid or found not to fit.
    pub plans_refused: u64,
    /// Days under an agreement, summed over plans.
    pub agreement_days: u64,
    /// Payments that settled, and their sum in cents.
    pub collections: u64,
    /// In cents.
    pub collected_cents: i64,
    /// Payments the bank took.
    pub payments: u64,
    /// Laws that were broken: none.
    pub violations: Vec<Broken>,
    /// Kinds of misfortune that were on, and how often each struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// What else was reached, and how often.
    pub marks: BTreeMap<String, u64>,
    /// Kinds that were on and never struck, and steps that nothing took.
    pub never: Vec<String>,
    /// Steps of the storm.
    pub steps: u64,
    /// The hash of all of them.
    pub trace: String,
    /// The last steps; told where a law was broken.
    pub tail: Vec<String>,
    /// How long it took, in real time.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

fn milliseconds<S: serde::Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

impl StormReport {
    /// Agreement-years, to a hundredth: `123.45`.
    #[must_use]
    pub fn agreement_years(&self) -> String {
        hundredths(u128::from(self.agreement_days) * 100 / 365)
    }

    /// Agreement-years for each second of real time.
    #[must_use]
    pub fn years_per_second(&self) -> String {
        let took_ms = self.took.as_millis().max(1);
        hundredths(u128::from(self.agreement_days) * 100_000 / 365 / took_ms)
    }
}

fn hundredths(count: u128) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}
