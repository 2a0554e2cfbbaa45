//! Period windows against second opinions: worked examples, a walk through the calendar, and laws.

use domain::date::BusinessDate;
use domain::terms::Frequency;

mod examples;
mod laws;
mod walk;

/// Every frequency that has windows.
const PERIODIC: [Frequency; 7] = [
    Frequency::Daily,
    Frequency::Weekly,
    Frequency::Fortnightly,
    Frequency::Monthly,
    Frequency::Quarterly,
    Frequency::SemiAnnual,
    Frequency::Annual,
];

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}
