//! The rules beside the naive way of each, in one run: `cargo bench -p domain`.
//!
//! The naive way to a window is to walk from the anchor day by day until the date is reached. It is
//! right, and what a first version would do; each pair below gives the same answer both ways.

#![allow(
    missing_docs,
    reason = "criterion_group! makes a public function without a doc"
)]

use std::collections::HashMap;
use std::hint::black_box;

use chrono::{Datelike, NaiveDate};
use criterion::{Criterion, criterion_group, criterion_main};

use domain::date::BusinessDate;
use domain::fit::{Demand, Validity, prove};
use domain::gate::{Carry, CatchUp, GateFacts, Purpose, SendingHours, gate};
use domain::money::Cents;
use domain::period::{Reading, window_holding};
use domain::schedule::{DueDay, Extent, RegularSchedule, Schedule};
use domain::terms::{Frequency, PaymentTerms, TermsDraft};
use domain::{agreement, instalment, plan};

/// Months of a mortgage, and its instalments.
const MONTHS: u32 = 360;

fn date(year: i32, month: u32, day: u32) -> BusinessDate {
    BusinessDate::new(year, month, day).expect("a date")
}

/// The index of the monthly window that holds `date`, found by walking from the anchor.
fn walked(anchor: NaiveDate, reading: Reading, date: NaiveDate) -> u32 {
    let (mut index, mut day) = (0, anchor);
    while day < date {
        let before = day;
        day = day.succ_opt().expect("a day");
        let is_month_end = |day: NaiveDate| day.succ_opt().is_some_and(|next| next.day() == 1);
        let begins = match reading {
            Reading::Azupay => is_month_end(day) && day.day() < anchor.day(),
            Reading::Oligo => is_month_end(before) && before.day() < anchor.day(),
        };
        if begins || day.day() == anchor.day() {
            index += 1;
        }
    }
    index
}

/// A window 30 years after its anchor.
fn windows(criterion: &mut Criterion) {
    let (anchor, day) = (date(2026, 1, 31), date(2056, 1, 15));
    let counted = || {
        let held = window_holding(black_box(anchor), Frequency::Monthly, Reading::Oligo, day);
        held.map(|window| window.index)
    };
    let naive = || walked(black_box(anchor.naive()), Reading::Oligo, day.naive());
    assert_eq!(counted(), Some(naive()));

    let mut group = criterion.benchmark_group("window holding a date 30 years on");
    group.bench_function("counted from the anchor", |bencher| bencher.iter(counted));
    group.bench_function("walked day by day", |bencher| bencher.iter(naive));
    group.finish();
}

/// Monthly terms for one amount, a payment in each window.
fn monthly() -> PaymentTerms {
    PaymentTerms::from_draft(&TermsDraft {
        kind: "fixed".into(),
        frequency: "monthly".into(),
        amount: Some(285_000),
        ..TermsDraft::default()
    })
    .expect("terms that hold")
}

fn mortgage() -> Schedule {
    RegularSchedule {
        frequency: Frequency::Monthly,
        first_date: date(2026, 1, 31),
        due_day: DueDay::SameDay,
        extent: Extent::Instalments(MONTHS),
        amount: Cents::new(285_000).expect("in range"),
        final_amount: None,
    }
    .expand()
    .expect("a schedule")
}

/// The most instalments in one window: each due date walked to, and counted in a map.
fn fullest_by_walking(schedule: &Schedule, anchor: BusinessDate) -> u32 {
    let mut counts: HashMap<(Reading, u32), u32> = HashMap::new();
    for reading in Reading::ALL {
        for instalment in schedule.instalments() {
            let index = walked(anchor.naive(), *reading, instalment.due_date.naive());
            *counts.entry((*reading, index)).or_default() += 1;
        }
    }
    counts.into_values().max().unwrap_or(0)
}

/// Whether a mortgage fits its agreement for its whole life, under both readings.
fn fit(criterion: &mut Criterion) {
    let (schedule, terms, anchor) = (mortgage(), monthly(), date(2026, 1, 28));
    let validity = Validity {
        start_date: anchor,
        end_date: None,
    };
    let proved = || {
        let proof = prove(black_box(&schedule), &terms, validity, &Demand::BOTH);
        proof.map(|proof| proof.fullest_window)
    };
    let naive = || fullest_by_walking(black_box(&schedule), anchor);
    assert_eq!(proved(), Ok(naive()));

    let mut group = criterion.benchmark_group("fit of a mortgage of 360 instalments");
    group.bench_function("proved", |bencher| bencher.iter(proved));
    group.bench_function("windows walked day by day", |bencher| bencher.iter(naive));
    group.finish();
}

/// A payment in the mortgage's fifteenth year, against the windows that the gate asks for.
fn gating(criterion: &mut Criterion) {
    let terms = monthly();
    let (anchor, today) = (date(2026, 1, 28), date(2041, 2, 28));
    let now = today.at_hour(9, 0);
    let facts = GateFacts {
        now,
        database_reconciled: true,
        closed: None,
        plan_frozen: false,
        plan_state: plan::State::Active,
        instalment_state: instalment::State::Scheduled,
        due_date: today,
        amount: Cents::new(285_000).expect("in range"),
        agreement_state: agreement::State::Active,
        agreement_confirmed_at: Some(now),
        terms: &terms,
        validity: Validity {
            start_date: anchor,
            end_date: None,
        },
        hours: SendingHours::default(),
        purpose: Purpose::First,
        carry: Carry::Never,
        other_live_payment: false,
        first_of_agreement: false,
        last_already_made: false,
        in_flight: 0,
        catch_up: CatchUp::UNLIMITED,
        last_of_plan: false,
        consecutive_failures: 0,
        slots_taken: [0, 0],
        slots_undecided: [0, 0],
    };
    // The due date's windows and today's, under each reading.
    let naive = || {
        let held = |reading| walked(black_box(anchor.naive()), reading, today.naive());
        [Reading::Oligo, Reading::Azupay].map(|reading| (held(reading), held(reading)))
    };
    let passed = || gate(black_box(&facts));
    let windows = passed().expect("a pass").windows;
    let indices = windows.map(|window| window.expect("a window").index);
    assert_eq!(indices, naive().map(|(due, _)| due));

    let mut group = criterion.benchmark_group("gate in the fifteenth year");
    group.bench_function("all of it", |bencher| bencher.iter(passed));
    group.bench_function("its windows walked day by day", |bencher| {
        bencher.iter(naive)
    });
    group.finish();
}

criterion_group!(rules, windows, fit, gating);
criterion_main!(rules);
