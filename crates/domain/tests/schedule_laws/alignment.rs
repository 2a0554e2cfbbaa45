//! Alignment lands where it should, and never across an edge.

use domain::calendar::is_business_day;
use domain::date::BusinessDate;
use domain::money::Cents;
use domain::period::{Reading, window_holding};
use domain::schedule::{Alignment, Edges, Outcome, Roll, Schedule, align};
use proptest::prelude::*;

use crate::days::is_payday;
use crate::given::*;

/// Whether alignment wants a date, told by walking back over the days without business.
fn is_wanted(alignment: Alignment, date: BusinessDate) -> bool {
    if !is_business_day(alignment.state, date) {
        return false;
    }
    let payday = match alignment.roll {
        Roll::NextBusinessDay | Roll::PreviousBusinessDay => return true,
        Roll::AfterPayday(payday) => payday,
    };
    // Paid on the last business day before it, or on a day without business between the two.
    let mut day = date.plus_days(-1);
    while let Some(before) = day {
        if is_payday(payday, before) {
            return true;
        }
        if is_business_day(alignment.state, before) {
            return false;
        }
        day = before.plus_days(-1);
    }
    false
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn alignment_never_crosses_an_edge_and_lands_on_a_business_day_or_says_why_not(
        schedule in a_listed_schedule(), state in a_state(), roll in a_roll(),
        frequency in a_frequency(), before in 0_i64..60, after in prop::option::of(0_i64..10)
    ) {
        let alignment = Alignment { state, roll };
        let anchor_date = schedule.first_due().plus_days(-before).expect("in range");
        let last_date = after.and_then(|days| schedule.last_due().plus_days(days));
        let edges = Edges { anchor_date, frequency, last_date };
        let Ok(aligned) = align(&schedule, alignment, Some(edges)) else {
            // Only dates close together meet.
            let close = |days: i64| schedule.instalments().windows(2)
                .any(|pair| pair[0].due_date.days_until(pair[1].due_date) < days);
            prop_assert!(close(40));
            return Ok(());
        };

        prop_assert_eq!(aligned.schedule.total_cents(), schedule.total_cents());
        prop_assert_eq!(aligned.placements.len(), schedule.instalments().len());
        let pairs = aligned.schedule.instalments().iter().zip(schedule.instalments());
        for (placement, (found, planned)) in aligned.placements.iter().zip(pairs) {
            prop_assert_eq!(found.amount, planned.amount);
            prop_assert_eq!((placement.sequence, found.sequence), (planned.sequence, planned.sequence));
            prop_assert_eq!((placement.from_date, placement.to_date), (planned.due_date, found.due_date));
            for reading in Reading::ALL {
                let held = |date| window_holding(anchor_date, frequency, *reading, date);
                prop_assert_eq!(held(planned.due_date), held(found.due_date));
            }
            prop_assert!(anchor_date <= found.due_date);
            prop_assert!(last_date.is_none_or(|last| found.due_date <= last));

            let landed = is_wanted(alignment, found.due_date);
            match placement.outcome {
                Outcome::AlreadyAligned => {
                    prop_assert!(landed && placement.from_date == placement.to_date);
                }
                Outcome::Moved => {
                    prop_assert!(landed && placement.from_date != placement.to_date);
                }
                Outcome::KeptAtEdge { wanted_date } => {
                    prop_assert!(is_wanted(alignment, wanted_date));
                    prop_assert!(edges.lie_between(placement.from_date, wanted_date));
                    prop_assert_eq!(placement.from_date, placement.to_date);
                }
                Outcome::KeptOutOfRange => prop_assert!(false, "far from the range's ends"),
            }
        }
    }

    #[test]
    fn without_edges_the_nearest_wanted_date_is_taken(
        from in a_known_date(), state in a_state(), roll in a_roll()
    ) {
        let alignment = Alignment { state, roll };
        let amount = Cents::new(1).expect("a cent");
        let schedule = Schedule::explicit(vec![(from, amount)]).expect("one");
        let aligned = align(&schedule, alignment, None).expect("one");

        let step = if roll == Roll::PreviousBusinessDay { -1 } else { 1 };
        let mut day = from;
        while !is_wanted(alignment, day) {
            day = day.plus_days(step).expect("in range");
        }
        prop_assert_eq!(aligned.placements[0].to_date, day);
    }

    #[test]
    fn alignment_at_the_ends_of_the_date_range_never_panics(
        from in any_date(), state in a_state(), roll in a_roll(), anchor_date in any_date(),
        frequency in a_frequency(), last_date in prop::option::of(any_date())
    ) {
        let amount = Cents::new(1).expect("a cent");
        let schedule = Schedule::explicit(vec![(from, amount)]).expect("one");
        let edges = Edges { anchor_date, frequency, last_date };
        let aligned = align(&schedule, Alignment { state, roll }, Some(edges)).expect("one");
        let placement = aligned.placements[0];

        prop_assert!(!edges.lie_between(from, placement.to_date));
        let moved = placement.to_date != from;
        prop_assert_eq!(moved, placement.outcome == Outcome::Moved);
    }
}
