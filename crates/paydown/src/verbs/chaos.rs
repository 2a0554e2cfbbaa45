//! `paydown chaos`: collects while everything is broken on purpose, and tells whether anything went wrong.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::chaos::{Options, Progress, Report, hold};
use crate::output;
use crate::runtime::stop_with_terminal;

/// What kind of chaos.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many instalments come due.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    collections: u64,
    /// How far one kill is from the next, in milliseconds of real time.
    #[arg(long, default_value = "200..2000", value_name = "LEAST..MOST", value_parser = range)]
    kills_every: (u64, u64),
    /// How often PostgreSQL is crashed and started again.
    #[arg(long, default_value_t = 5)]
    restarts: u64,
    /// Where the dice begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Worker processes.
    #[arg(long, default_value_t = 3, value_parser = workers)]
    workers: usize,
    /// Run every second worker from another binary of Paydown, such as the last release.
    #[arg(long, value_name = "PATH")]
    old_binary: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// `200..2000`, with or without `ms`.
fn range(text: &str) -> Result<(u64, u64), String> {
    let text = text.trim_end_matches("ms");
    let ends = text.split_once("..").and_then(|(least, most)| {
        Some((
            least.trim_end_matches("ms").parse().ok()?,
            most.parse().ok()?,
        ))
    });
    match ends {
        Some((least, most)) if 0 < least && least <= most => Ok((least, most)),
        Some(_) | None => Err("the least and the most, such as 200..2000".to_owned()),
    }
}

fn workers(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=16).contains(count));
    count.ok_or_else(|| "1 to 16".to_owned())
}

/// Runs it over a PostgreSQL of its own, which is gone afterwards.
///
/// # Errors
///
/// Fails when it cannot be held. What went wrong is told, and the exit code is 1.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let stop = stop_with_terminal()?;
    let old_binary = arguments.old_binary.map(std::path::absolute).transpose()?;
    if let Some(path) = old_binary.as_ref().filter(|path| !path.is_file()) {
        anyhow::bail!("--old-binary: there is no file {}", path.display());
    }
    let options = Options {
        collections: arguments.collections,
        kills_every: arguments.kills_every,
        restarts: arguments.restarts,
        seed: arguments.seed,
        workers: arguments.workers,
        old_binary,
    };
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(options.collections).with_style(ProgressStyle::with_template(
        "{bar:30} {pos} of {len} instalments ended  {msg}  {elapsed}",
    )?);
    let held = hold(&options, &stop, &|progress: Progress| {
        bar.set_position(progress.ended);
        let Progress {
            plans,
            kills,
            restarts,
            calm,
            ..
        } = progress;
        let calm = if calm { ", calm" } else { "" };
        bar.set_message(format!(
            "{plans} plans, {kills} kills, {restarts} restarts{calm}"
        ));
    })
    .await;
    bar.finish_and_clear();
    let report = held?;

    if arguments.json {
        output::json(&report)?;
    } else {
        output::text(&told(&report))?;
        report.findings.print()?;
    }
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The report for a person.
fn told(report: &Report) -> String {
    let mut told = String::new();
    // Writing to a string cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(told, "{name:<14}{value}");
    };
    let (tally, recovery) = (&report.tally, &report.recovery);
    line("seed", report.seed.to_string());
    let of = format!("{} of {}", report.collected, report.collections);
    line("collected", of);
    let kills = format!(
        "{} ({} of workers, {} of the API)",
        tally.kills(),
        tally.kills_of_workers,
        tally.kills_of_api
    );
    line("kills", kills);
    line("restarts", format!("{} of PostgreSQL", tally.restarts));
    line("freezes", tally.freezes.to_string());
    let wipes = format!("{} ({} leases)", tally.wipes, tally.leases_wiped);
    line("wipes", wipes);
    let kept = format!("{} ({} there still)", tally.quarantined, tally.kept);
    line("quarantined", kept);
    line("ended alone", tally.ended_by_themselves.to_string());
    line("provider", report.provider.to_string());
    line("double", report.double.to_string());
    line("lost", report.lost.to_string());
    line("outside", report.outside.to_string());
    line("undecided", report.undecided.to_string());
    let seconds = |ms: u64| format!("{}.{:01} s", ms / 1_000, ms % 1_000 / 100);
    let recovered = format!(
        "{} rows: p50 {}, p99 {}, max {}; {} still wait; the target is a p99 of {}",
        recovery.rows,
        seconds(recovery.p50_ms),
        seconds(recovery.p99_ms),
        seconds(recovery.max_ms),
        recovery.waiting,
        seconds(recovery.target_ms),
    );
    line("recovery", recovered);
    line("took", seconds(report.took_ms));
    if let Some(kept) = &report.kept_in {
        line("kept", kept.display().to_string());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_kills_are_apart_is_read_and_nonsense_is_refused() {
        assert_eq!(range("200..2000"), Ok((200, 2_000)));
        assert_eq!(range("200..2000ms"), Ok((200, 2_000)));
        assert_eq!(range("200ms..2000ms"), Ok((200, 2_000)));
        for wrong in ["", "200", "0..5", "9..5", "a..b"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
