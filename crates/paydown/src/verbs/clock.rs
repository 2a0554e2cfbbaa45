//! `paydown clock`: moves the sandbox's clock, and with it the Paydown that follows it.

use std::path::PathBuf;

use anyhow::Context;
use chrono::{SecondsFormat, TimeDelta};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use domain::date::{BusinessDate, Instant, ZONE};

use crate::clock_steps::ClockSteps;
use crate::http::Http;
use crate::output;
use crate::runtime::{STOPPED, stop_with_terminal};

/// What to do with the clock.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print what it says, in Sydney and in UTC.
    Show(Where),
    /// Let it run with real time, as it does at the start of `dev`.
    Run(Where),
    /// Let it stand.
    Stop(Where),
    /// Let time pass, attending everything that comes due: 14d, 36h, 90m or 30s.
    Advance {
        /// How far.
        #[arg(value_parser = duration)]
        by: TimeDelta,
        /// Which clock.
        #[command(flatten)]
        place: Where,
    },
    /// Let time pass until an instant, or until a date begins in Sydney.
    Set {
        /// The instant (2026-02-28T06:00:00Z) or date (2026-02-28).
        #[arg(value_parser = moment)]
        to: Instant,
        /// Which clock.
        #[command(flatten)]
        place: Where,
    },
}

/// Which running Paydown: by default the one that `paydown dev` started here.
#[derive(Debug, Args)]
pub struct Where {
    /// The file in which `paydown dev` wrote down where its parts are.
    #[arg(long, default_value = ".paydown/dev.json")]
    parts: PathBuf,
}

impl Where {
    fn clock(&self) -> anyhow::Result<ClockSteps> {
        let text = std::fs::read_to_string(&self.parts).with_context(|| {
            format!(
                "{} cannot be read: is `cargo dev` running here?",
                self.parts.display()
            )
        })?;
        let parts: Value = serde_json::from_str(&text)?;
        let text = |key: &str| {
            parts
                .get(key)
                .and_then(Value::as_str)
                .with_context(|| format!("no {key} in it"))
        };
        Ok(ClockSteps::new(
            Http::new(text("api")?, Some(text("api_key")?))?,
            Http::new(text("sandbox")?, None)?,
        ))
    }
}

/// # Errors
///
/// Fails when the parts do not answer, or the clock would go backwards.
pub async fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Show(place) => show(&place.clock()?).await,
        Action::Run(place) => run_on(&place.clock()?, true).await,
        Action::Stop(place) => run_on(&place.clock()?, false).await,
        Action::Advance { by, place } => pass(&place.clock()?, |now_at| now_at + *by).await,
        Action::Set { to, place } => pass(&place.clock()?, |_| *to).await,
    }
}

async fn run_on(clock: &ClockSteps, running: bool) -> anyhow::Result<()> {
    clock.run_on(running).await?;
    show(clock).await
}

/// Lets time pass. While it does the clock stands between its steps; at the end, also at an early one, it runs
/// again if it ran before.
async fn pass(clock: &ClockSteps, target: impl Fn(Instant) -> Instant) -> anyhow::Result<()> {
    let stop = stop_with_terminal()?;
    let before = clock.read().await?;
    let target = target(before.now_at);
    anyhow::ensure!(before.now_at <= target, "the clock goes forward only");
    let moving = clock.advance(target, before.running);
    match stop.run_until_cancelled(moving).await {
        Some(Ok(())) => return show(clock).await,
        Some(Err(error)) => {
            let restored = clock.run_on(before.running).await;
            Err(match restored {
                Ok(()) => error,
                Err(_) => error.context(STANDS),
            })
        }
        None => {
            clock.run_on(before.running).await.context(STANDS)?;
            show(clock).await?;
            anyhow::bail!("{STOPPED} on the way")
        }
    }
}

const STANDS: &str = "the clock may stand now; `paydown clock run` lets it run";

async fn show(clock: &ClockSteps) -> anyhow::Result<()> {
    let reading = clock.read().await?;
    output::json(&json!({
        "now_at": reading.now_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "sydney": reading.now_at.with_timezone(&ZONE).format("%a %d %b %Y %H:%M").to_string(),
        "running": reading.running,
    }))?;
    Ok(())
}

fn duration(text: &str) -> Result<TimeDelta, String> {
    let rule = || format!("{text:?} is not a length of time: write 14d, 36h, 90m or 30s");
    let unit = text.chars().last().ok_or_else(rule)?;
    let number = text.strip_suffix(unit).ok_or_else(rule)?;
    let count: i64 = number.parse().map_err(|_| rule())?;
    let length = match unit {
        'd' => TimeDelta::try_days(count),
        'h' => TimeDelta::try_hours(count),
        'm' => TimeDelta::try_minutes(count),
        's' => TimeDelta::try_seconds(count),
        _ => None,
    };
    // A hundred years is as far as plans reach.
    let is_possible = |length: &TimeDelta| *length <= TimeDelta::days(36_525) && 0 < count;
    length.filter(is_possible).ok_or_else(rule)
}

fn moment(text: &str) -> Result<Instant, String> {
    if let Ok(date) = text.parse::<BusinessDate>() {
        return Ok(date.opens_at());
    }
    text.parse::<Instant>()
        .map_err(|_| format!("{text:?} is neither an instant in UTC nor a date"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        assert_eq!(duration("14d"), Ok(TimeDelta::days(14)));
        assert_eq!(duration("90m"), Ok(TimeDelta::minutes(90)));
        for wrong in ["", "d", "14", "-1d", "0h", "1w", "9999999999999d", "1.5h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_date_means_its_beginning_in_sydney() {
        assert_eq!(
            moment("2026-02-28"),
            "2026-02-27T13:00:00Z".parse().map_err(|_| String::new())
        );
        assert!(moment("2026-02-30").is_err());
    }
}
