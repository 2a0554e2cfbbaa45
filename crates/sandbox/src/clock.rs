//! The sandbox's own clock: frozen at an instant and moved by hand, or running in real time.

use std::time::Instant;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Australia::Sydney;

/// A clock that only goes forward.
pub(crate) struct Clock {
    /// The instant it showed when it was last set.
    base_at: DateTime<Utc>,
    /// When it was last set, if it has been ticking since.
    ticking_since: Option<Instant>,
    version: u64,
}

impl Clock {
    /// Frozen at `start_at`, or running from the real time.
    pub(crate) fn new(start_at: Option<DateTime<Utc>>) -> Clock {
        match start_at {
            Some(base_at) => Clock {
                base_at,
                ticking_since: None,
                version: 0,
            },
            None => Clock {
                base_at: Utc::now(),
                ticking_since: Some(Instant::now()),
                version: 0,
            },
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        match self.ticking_since {
            None => self.base_at,
            Some(since) => {
                let elapsed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
                self.base_at
                    .checked_add_signed(elapsed)
                    .unwrap_or(self.base_at)
            }
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.ticking_since.is_some()
    }

    /// Grows with every move by hand, never with ticking.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Moves by hand to `at`, or stays where it is when that is earlier.
    pub(crate) fn step_to(&mut self, at: DateTime<Utc>) {
        if self.now() < at {
            self.set(at, self.is_running());
            self.version += 1;
        }
    }

    /// Stops without moving.
    pub(crate) fn freeze(&mut self) {
        self.set(self.now(), false);
    }

    /// Ends a move by hand.
    pub(crate) fn settle(&mut self, running: bool) {
        self.set(self.now(), running);
        self.version += 1;
    }

    fn set(&mut self, at: DateTime<Utc>, running: bool) {
        self.base_at = at;
        self.ticking_since = running.then(Instant::now);
    }
}

/// The Sydney calendar date of an instant.
pub(crate) fn sydney_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Sydney).date_naive()
}

/// The instant a Sydney date begins.
pub(crate) fn sydney_midnight(date: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = Sydney.with_ymd_and_hms(date.year(), date.month(), date.day(), 0, 0, 0);
    Some(midnight.single()?.with_timezone(&Utc))
}

/// The instant a Sydney date is over.
pub(crate) fn sydney_end(date: NaiveDate) -> Option<DateTime<Utc>> {
    sydney_midnight(date.checked_add_days(Days::new(1))?)
}

/// An instant the way Oligo writes one: Sydney's offset, whole seconds.
pub(crate) fn sydney_text(at: DateTime<Utc>) -> String {
    sydney(at).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// An instant the way Oligo writes `published_at`: Sydney's offset, milliseconds.
pub(crate) fn sydney_text_ms(at: DateTime<Utc>) -> String {
    sydney(at).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

fn sydney(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    let local = at.with_timezone(&Sydney);
    local.with_timezone(&local.offset().fix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sydney_day_has_23_hours_when_daylight_saving_starts_and_25_when_it_ends() {
        let table = [
            ("2026-06-01", "2026-05-31T14:00:00Z", "2026-06-01T14:00:00Z"),
            ("2026-10-04", "2026-10-03T14:00:00Z", "2026-10-04T13:00:00Z"),
            ("2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T14:00:00Z"),
        ];
        for (date, begins, ends) in table {
            let date: NaiveDate = date.parse().unwrap();
            let ends: DateTime<Utc> = ends.parse().unwrap();
            assert_eq!(sydney_midnight(date), Some(begins.parse().unwrap()));
            assert_eq!(sydney_end(date), Some(ends));
            assert_eq!(sydney_date(ends - TimeDelta::milliseconds(1)), date);
        }
    }

    #[test]
    fn instants_are_written_with_sydneys_offset_of_the_season() {
        let summer: DateTime<Utc> = "2026-01-05T13:30:00Z".parse().unwrap();
        assert_eq!(sydney_text(summer), "2026-01-06T00:30:00+11:00");
        let winter: DateTime<Utc> = "2026-06-05T13:30:00.120Z".parse().unwrap();
        assert_eq!(sydney_text_ms(winter), "2026-06-05T23:30:00.120+10:00");
    }

    #[test]
    fn a_frozen_clock_only_moves_by_hand() {
        let start: DateTime<Utc> = "2026-06-05T13:30:00Z".parse().unwrap();
        let mut clock = Clock::new(Some(start));
        assert_eq!((clock.now(), clock.version()), (start, 0));
        clock.step_to(start - TimeDelta::seconds(1));
        assert_eq!((clock.now(), clock.version()), (start, 0));
        clock.step_to(start + TimeDelta::seconds(1));
        assert_eq!(
            (clock.now(), clock.version()),
            (start + TimeDelta::seconds(1), 1)
        );
    }
}
