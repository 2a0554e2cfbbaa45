//! What the laws are tried on.

use domain::calendar::{State, Weekday};
use domain::date::BusinessDate;
use domain::money::Cents;
use domain::payday::{MonthDay, PayCycle, Payday};
use domain::schedule::{
    Cadence, DueDay, Extent, Principal, Residue, Roll, Schedule, Segment, SegmentAmounts, Weekdays,
};
use domain::terms::Frequency;
use proptest::prelude::*;

/// Ten thousand cases of every law.
pub fn many() -> ProptestConfig {
    ProptestConfig {
        cases: 10_000,
        ..ProptestConfig::default()
    }
}

/// Any date of the range, its ends more often than chance would have it.
pub fn any_date() -> impl Strategy<Value = BusinessDate> {
    let days = BusinessDate::MIN.days_until(BusinessDate::MAX);
    prop_oneof![
        8 => 0..=days,
        1 => 0..=40_i64,
        1 => days - 40..=days,
    ]
    .prop_map(|days| BusinessDate::MIN.plus_days(days).expect("in range"))
}

/// A date from 2023 to 2041: the years of the table of holidays and one around them.
pub fn a_known_date() -> impl Strategy<Value = BusinessDate> {
    let first = BusinessDate::new(2023, 1, 1).expect("a date");
    (0_i64..6_900).prop_map(move |days| first.plus_days(days).expect("in range"))
}

pub fn some_weekdays() -> impl Strategy<Value = Weekdays> {
    prop::collection::vec(prop::sample::select(Weekday::ALL.to_vec()), 1..=7)
        .prop_map(|days| Weekdays::new(&days).expect("at least one"))
}

pub fn a_cadence() -> impl Strategy<Value = Cadence> {
    prop_oneof![
        2 => prop::sample::select(Cadence::ALL.to_vec()),
        1 => some_weekdays().prop_map(Cadence::OnWeekdays),
    ]
}

pub fn a_due_day() -> impl Strategy<Value = DueDay> {
    prop::sample::select(DueDay::ALL.to_vec())
}

pub fn an_amount() -> impl Strategy<Value = Cents> {
    (1_i64..=Cents::MAX.get()).prop_map(|cents| Cents::new(cents).expect("in range"))
}

pub fn a_residue() -> impl Strategy<Value = Residue> {
    prop::sample::select(Residue::ALL.to_vec())
}

pub fn a_principal() -> impl Strategy<Value = Principal> {
    prop_oneof![1_i64..=3_000, 1_i64..=100_000_000, 1..=Principal::MAX.get()]
        .prop_map(|cents| Principal::new(cents).expect("in range"))
}

/// Any number at all, the limits more often.
pub fn a_count() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..=60, 1 => 1_498_u32..=1_503, 1 => any::<u32>()]
}

pub fn some_amounts() -> impl Strategy<Value = SegmentAmounts> {
    prop_oneof![
        (an_amount(), prop::option::of(an_amount())).prop_map(|(amount, final_amount)| {
            SegmentAmounts::Same {
                amount,
                final_amount,
            }
        }),
        (a_principal(), a_residue())
            .prop_map(|(total, residue)| SegmentAmounts::Total { total, residue }),
    ]
}

/// A segment of any parts: most break some rule.
pub fn any_segment() -> impl Strategy<Value = Segment> {
    let extent = prop_oneof![
        a_count().prop_map(Extent::Instalments),
        any_date().prop_map(Extent::LastDate),
    ];
    (a_cadence(), any_date(), a_due_day(), extent, some_amounts()).prop_map(
        |(cadence, first_date, due_day, extent, amounts)| Segment {
            cadence,
            first_date,
            due_day,
            extent,
            amounts,
        },
    )
}

/// A segment of so many instalments that breaks no rule.
pub fn a_sound_segment() -> impl Strategy<Value = Segment> {
    (
        a_cadence(),
        a_known_date(),
        a_due_day(),
        1_u32..40,
        an_amount(),
    )
        .prop_map(|(cadence, first, due_day, count, amount)| {
            let month_end = due_day == DueDay::LastDayOfMonth && cadence.is_month_based();
            let due_day = if month_end { due_day } else { DueDay::SameDay };
            let first = if month_end { first.month_end() } else { first };
            Segment {
                cadence,
                // On given weekdays, the first of them; elsewhere the date itself.
                first_date: cadence.date(first, due_day, 0).expect("in range"),
                due_day,
                extent: Extent::Instalments(count),
                amounts: SegmentAmounts::Same {
                    amount,
                    final_amount: None,
                },
            }
        })
}

pub fn a_payday() -> impl Strategy<Value = Payday> {
    prop_oneof![
        (prop::sample::select(PayCycle::ALL.to_vec()), any_date())
            .prop_map(|(cycle, anchor_date)| Payday::Every { cycle, anchor_date }),
        (1_u32..=31).prop_map(|day| Payday::Monthly(MonthDay::new(day).expect("a day"))),
        prop::sample::select(Weekday::ALL.to_vec()).prop_map(Payday::Weekly),
    ]
}

pub fn a_roll() -> impl Strategy<Value = Roll> {
    prop_oneof![
        Just(Roll::NextBusinessDay),
        Just(Roll::PreviousBusinessDay),
        a_payday().prop_map(Roll::AfterPayday),
    ]
}

pub fn a_state() -> impl Strategy<Value = State> {
    prop::sample::select(State::ALL.to_vec())
}

pub fn a_frequency() -> impl Strategy<Value = Frequency> {
    prop::sample::select(Frequency::ALL.to_vec())
}

/// Ascending dates a few days to a few months apart.
pub fn a_listed_schedule() -> impl Strategy<Value = Schedule> {
    let gap = prop_oneof![Just(7_i64), Just(14), 6_i64..40, 1_i64..100];
    let steps = prop::collection::vec((gap, an_amount()), 1..12);
    (a_known_date(), steps).prop_map(|(first, steps)| {
        let mut due = first;
        let listed = steps.into_iter().map(|(gap, amount)| {
            due = due.plus_days(gap).expect("in range");
            (due, amount)
        });
        Schedule::explicit(listed.collect()).expect("ascending")
    })
}
