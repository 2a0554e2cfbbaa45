//! Due dates are counted, never drift and always ascend.

use domain::calendar::Weekday;
use domain::date::BusinessDate;
use domain::schedule::{Cadence, DueDay, Extent, Schedule, Segment, SegmentAmounts};
use proptest::prelude::*;

use crate::given::*;

/// The due dates of a segment, told by walking days and months one by one.
struct Walk {
    segment: Segment,
    date: BusinessDate,
    days: i64,
    months: u32,
}

impl Walk {
    fn from(segment: Segment) -> Walk {
        Walk {
            segment,
            date: segment.first_date,
            days: 0,
            months: 0,
        }
    }

    fn is_due(&self) -> bool {
        let every = |days| self.days % days == 0;
        let day = match self.segment.due_day {
            DueDay::SameDay => self.segment.first_date.day(),
            DueDay::LastDayOfMonth => 31,
        };
        let on_day =
            self.date.day() == day || (self.date.is_last_of_month() && self.date.day() < day);
        let months = |stride| on_day && self.months.is_multiple_of(stride);
        match self.segment.cadence {
            Cadence::Daily => true,
            Cadence::Weekly => every(7),
            Cadence::Fortnightly => every(14),
            Cadence::FourWeekly => every(28),
            Cadence::Monthly => months(1),
            Cadence::Quarterly => months(3),
            Cadence::SemiAnnual => months(6),
            Cadence::Annual => months(12),
            Cadence::OnWeekdays(weekdays) => weekdays.contains(Weekday::of(self.date)),
        }
    }

    /// The next `count` due dates from here on.
    fn due(mut self, count: usize) -> Vec<BusinessDate> {
        let mut found = Vec::new();
        while found.len() < count {
            if self.is_due() {
                found.push(self.date);
            }
            let next = self.date.plus_days(1).expect("in range");
            self.days += 1;
            self.months += u32::from(next.month() != self.date.month());
            self.date = next;
        }
        found
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn due_dates_are_those_that_walking_every_day_finds(segment in a_sound_segment()) {
        let count = match segment.cadence {
            Cadence::Annual | Cadence::SemiAnnual => 4,
            Cadence::Quarterly | Cadence::Monthly | Cadence::Daily | Cadence::Weekly
            | Cadence::Fortnightly | Cadence::FourWeekly | Cadence::OnWeekdays(_) => 15,
        };
        let few = Segment { extent: Extent::Instalments(count), ..segment };
        let schedule = few.expand().expect("a sound segment");

        let found = schedule.instalments().iter().map(|one| one.due_date);
        let walked = Walk::from(segment).due(count as usize);
        prop_assert!(found.eq(walked.iter().copied()), "{:?}: {:?}", schedule, walked);
        // The same, told by the last date.
        let until = Segment { extent: Extent::LastDate(schedule.last_due()), ..segment };
        prop_assert_eq!(until.expand(), Ok(schedule));
    }

    #[test]
    fn any_segment_at_all_is_expanded_or_told(segment in any_segment()) {
        match segment.expand() {
            Ok(schedule) => {
                let instalments = schedule.instalments();
                prop_assert_eq!(schedule.first_due(), segment.first_date);
                prop_assert!(instalments.is_sorted_by(|one, next| one.due_date < next.due_date));
                prop_assert!(instalments.iter().map(|one| one.sequence).eq(1..=instalments.len() as u32));
                match segment.extent {
                    Extent::Instalments(count) => {
                        prop_assert_eq!(instalments.len(), count as usize);
                    }
                    Extent::LastDate(last) => prop_assert!(schedule.last_due() <= last),
                }
                if let SegmentAmounts::Total { total, .. } = segment.amounts {
                    prop_assert_eq!(schedule.total_cents(), total.get());
                }
            }
            Err(broken) => prop_assert!(!broken.is_empty()),
        }
    }

    #[test]
    fn segments_are_one_schedule_exactly_when_they_follow_one_another(
        segments in prop::collection::vec(a_sound_segment(), 1..4)
    ) {
        let expanded: Vec<Schedule> =
            segments.iter().map(|one| one.expand().expect("sound")).collect();
        let ordered = expanded.is_sorted_by(|one, next| one.last_due() < next.first_due());
        match Schedule::of_segments(&segments) {
            Ok(schedule) => {
                prop_assert!(ordered);
                let sum: i64 = expanded.iter().map(Schedule::total_cents).sum();
                prop_assert_eq!(schedule.total_cents(), sum);
                let dates = schedule.instalments().iter().map(|one| one.due_date);
                let parts = expanded.iter().flat_map(Schedule::instalments);
                prop_assert!(dates.eq(parts.map(|one| one.due_date)));
            }
            Err(broken) => {
                prop_assert!(!ordered);
                prop_assert!(broken.iter().all(|one| one.code == "not_ascending"));
            }
        }
    }
}
