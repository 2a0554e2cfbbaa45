//! What happens to everybody at once: the provider's outages, and the operator's stops.

use chrono::{DateTime, TimeDelta, Utc};

use crate::StormError;
use crate::agenda::Deed;
use crate::fault::Fault;
use crate::wire::Away;
use crate::world::Storm;

impl Storm {
    /// Outages and stops, from the first day to the last.
    pub(crate) fn foresee_weather(&mut self) {
        let mut day = self.begins_at;
        let end = self.ends_at();
        while day < end {
            let dice = &mut self.dice.weather;
            let starts_at = day + TimeDelta::minutes(dice.within(0, 24 * 60 - 1));
            let minutes = *dice.pick(&[10, 90, 600, 1_500, 4_500]);
            let ends_at = (starts_at + TimeDelta::minutes(dice.within(1, minutes))).min(end);
            let away = *dice.pick(&[Away::Unavailable, Away::Silent, Away::Refusing]);
            let next = if self.faults.rolls(dice, Fault::Outage) {
                self.agenda
                    .add(starts_at, Deed::ProviderGoes { away: Some(away) });
                self.agenda.add(ends_at, Deed::ProviderGoes { away: None });
                ends_at
            } else if self.faults.rolls(dice, Fault::Stopped) {
                let scope = *dice.pick(&["all", "provider:oligo"]);
                let turn = |open| Deed::Collections { scope, open };
                self.agenda.add(starts_at, turn(false));
                self.agenda.add(ends_at, turn(true));
                ends_at
            } else {
                day
            };
            day = after(day, next);
        }
    }

    /// Nothing goes wrong from now on: what is left has to come to its end.
    pub(crate) async fn calm_down(&mut self) -> Result<(), StormError> {
        self.say("calm");
        self.faults.calm();
        for worker in &mut self.workers {
            worker.wires.set_away(None);
            worker.bank.refuse(false).await?;
        }
        Ok(())
    }
}

/// The first day at the same hour that begins after `at`.
fn after(day: DateTime<Utc>, at: DateTime<Utc>) -> DateTime<Utc> {
    let mut next = day + TimeDelta::days(1);
    while next < at {
        next += TimeDelta::days(1);
    }
    next
}
