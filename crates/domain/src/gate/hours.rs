//! The hours in which payments are sent, and the distance kept from the midnights that matter.

use chrono::TimeDelta;

use super::{GateFacts, Refusal};
use crate::date::{BusinessDate, Instant};
use crate::period::Window;

/// The hours of a Sydney day in which payments are sent, and the distance kept from midnight.
///
/// Ours, and configuration's.
///
/// # Examples
///
/// ```
/// use domain::gate::SendingHours;
///
/// let hours = SendingHours::default();
/// assert_eq!((hours.opens_hour, hours.closes_hour, hours.guard_minutes), (6, 22, 15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingHours {
    /// The hour from which payments are sent, `0..=23`.
    pub opens_hour: u32,
    /// The hour from which none is sent any more, `1..=24`.
    pub closes_hour: u32,
    /// Minutes kept clear on both sides of a midnight at which a window turns: the provider's
    /// clock may already, or still, count the other one.
    pub guard_minutes: u32,
}

impl Default for SendingHours {
    fn default() -> Self {
        Self {
            opens_hour: 6,
            closes_hour: 22,
            guard_minutes: 15,
        }
    }
}

impl SendingHours {
    /// When sending opens on a date.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, Instant};
    /// use domain::gate::SendingHours;
    ///
    /// let date: BusinessDate = "2026-07-01".parse()?;
    /// let opens_at: Instant = "2026-06-30T20:00:00Z".parse()?;
    /// assert_eq!(SendingHours::default().opens_at(date), opens_at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn opens_at(self, date: BusinessDate) -> Instant {
        date.at_hour(self.opens_hour.min(23), 0)
    }

    /// When sending closes on a date, exclusive.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::{BusinessDate, Instant};
    /// use domain::gate::SendingHours;
    ///
    /// let date: BusinessDate = "2026-07-01".parse()?;
    /// let closes_at: Instant = "2026-07-01T12:00:00Z".parse()?;
    /// assert_eq!(SendingHours::default().closes_at(date), closes_at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn closes_at(self, date: BusinessDate) -> Instant {
        date.at_hour(self.closes_hour, 0)
    }

    /// The instant of the same Sydney date at which sending is open: `at` itself, the opening before
    /// it, or an hour before the closing.
    ///
    /// A try planned for an hour at which nothing is sent would wait for the next day, which may be
    /// one too late.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::date::BusinessDate;
    /// use domain::gate::SendingHours;
    ///
    /// let (date, hours): (BusinessDate, _) = ("2026-07-01".parse()?, SendingHours::default());
    /// assert_eq!(hours.nearest(date.at_hour(9, 30)), date.at_hour(9, 30));
    /// assert_eq!(hours.nearest(date.at_hour(3, 0)), date.at_hour(6, 0));
    /// assert_eq!(hours.nearest(date.at_hour(23, 0)), date.at_hour(21, 0));
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    #[must_use]
    pub fn nearest(self, at: Instant) -> Instant {
        let date = BusinessDate::of_instant(at);
        let (opens_at, closes_at) = (self.opens_at(date), self.closes_at(date));
        if closes_at <= at {
            opens_at.max(closes_at - TimeDelta::hours(1))
        } else {
            opens_at.max(at)
        }
    }
}

/// Whether the hour is one at which this payment may be sent.
pub(super) fn check(
    facts: &GateFacts<'_>,
    today: BusinessDate,
    windows: [Option<Window>; 2],
) -> Result<(), Refusal> {
    let (now, hours) = (facts.now, facts.hours);
    if now < hours.opens_at(today) {
        return Err(Refusal::OutsideSendingHours {
            opens_at: hours.opens_at(today),
        });
    }
    if hours.closes_at(today) <= now {
        let tomorrow = today.plus_days(1);
        // After the last date of the range nothing opens any more; its end is as good as any.
        let opens_at = tomorrow.map_or(today.closes_at(), |tomorrow| hours.opens_at(tomorrow));
        return Err(Refusal::OutsideSendingHours { opens_at });
    }

    let guard = TimeDelta::minutes(i64::from(hours.guard_minutes));
    let opening = windows
        .into_iter()
        .flatten()
        .any(|window| window.first_date == today);
    let opened_at = today.opens_at();
    if (opening || facts.validity.start_date == today) && now < opened_at + guard {
        return Err(Refusal::NearWindowEdge {
            clear_at: opened_at + guard,
        });
    }
    let closing = windows
        .into_iter()
        .flatten()
        .any(|window| window.last_date == today);
    let closes_at = today.closes_at();
    if (closing || facts.validity.end_date == Some(today)) && closes_at - guard <= now {
        return Err(Refusal::NearWindowEdge {
            clear_at: closes_at + guard,
        });
    }
    Ok(())
}
