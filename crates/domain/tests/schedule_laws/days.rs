//! Business days and paydays are the nearest there are.

use domain::calendar::{Weekday, is_business_day, next_business_day, previous_business_day};
use domain::date::BusinessDate;
use domain::payday::Payday;
use proptest::prelude::*;

use crate::given::*;

/// Whether somebody is paid on a date, told without counting from the anchor to the next payday.
pub fn is_payday(payday: Payday, date: BusinessDate) -> bool {
    match payday {
        Payday::Every { cycle, anchor_date } => anchor_date.days_until(date) % cycle.days() == 0,
        Payday::Monthly(day) => {
            date.day() == day.get() || (date.is_last_of_month() && date.day() < day.get())
        }
        Payday::Weekly(weekday) => Weekday::of(date) == weekday,
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn the_next_payday_is_the_one_that_walking_every_day_finds(
        payday in a_payday(), from in any_date()
    ) {
        let mut day = Some(from);
        while let Some(date) = day && !is_payday(payday, date) {
            day = date.plus_days(1);
        }
        prop_assert_eq!(payday.next_on_or_after(from), day);
    }

    #[test]
    fn the_nearest_business_days_have_none_before_them(state in a_state(), from in any_date()) {
        let next = next_business_day(state, from).expect("in range");
        let previous = previous_business_day(state, from).expect("in range");

        prop_assert!(previous <= from && from <= next);
        let mut day = previous;
        while day < next {
            prop_assert_eq!(is_business_day(state, day), day == previous);
            day = day.plus_days(1).expect("in range");
        }
        prop_assert!(is_business_day(state, next));
        prop_assert_eq!(previous == next, is_business_day(state, from));
    }
}
