//! `paydown simulate`: a storm of the given seed, by hand.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use storm::{FaultChoice, Progress, StormConfig, StormReport};

use crate::local_postgres::{DATABASE, LocalPostgres, Options, StopMode};
use crate::output;
use crate::runtime::{STOPPED, stop_with_terminal};

/// What kind of storm.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many plans there are.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    plans: u64,
    /// How many years it lasts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=20))]
    years: u64,
    /// Where the dice begin: the same seed is the same storm.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong: all (half of the kinds, by the seed), every, none, or kinds by name.
    #[arg(long, default_value = "all", value_name = "KINDS")]
    faults: FaultChoice,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the storm over a PostgreSQL of its own, which is gone afterwards.
///
/// # Errors
///
/// Fails when the storm cannot be held. A law that was broken is told, and the exit code is 1.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // PostgreSQL may run as another user, who has to enter.
    let mut place = tempfile::Builder::new();
    place
        .prefix("paydown-storm")
        .permissions(Permissions::from_mode(0o755));
    let dir = place.tempdir().context("no directory for PostgreSQL")?;
    let options = Options {
        durability: false,
        ..Options::default()
    };
    let cluster = LocalPostgres::start(dir.path(), options).await?;
    let stop = stop_with_terminal()?;
    // The storm itself ends by losing its PostgreSQL.
    let stormed = tokio::select! {
        stormed = hold(&arguments, &cluster) => stormed,
        () = stop.cancelled() => Err(anyhow::anyhow!(STOPPED)),
    };
    cluster.stop(StopMode::Immediate).await?;
    let report = stormed?;

    if arguments.json {
        output::json(&report)?;
    } else {
        output::text(&told(&report))?;
    }
    Ok(if report.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn hold(arguments: &Arguments, cluster: &LocalPostgres) -> anyhow::Result<StormReport> {
    cluster.ensure_database(DATABASE).await?;
    let config = StormConfig {
        seed: arguments.seed,
        plans: arguments.plans,
        days: arguments.years * 365,
        faults: arguments.faults.clone(),
        database_url: cluster.url(DATABASE),
    };
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(config.days).with_style(ProgressStyle::with_template(
        "{bar:30} day {pos} of {len}  {msg}  {elapsed}, {eta} left",
    )?);
    // It has a runtime of one thread for itself.
    let stormed = tokio::task::spawn_blocking(move || {
        let stormed = storm::run(&config, &mut |progress: &Progress| {
            bar.set_position(progress.days);
            let Progress {
                payments,
                violations,
                ..
            } = progress;
            bar.set_message(format!("{payments} payments, {violations} violations"));
        });
        bar.finish_and_clear();
        stormed
    });
    Ok(stormed.await??)
}

/// The report for a person.
fn told(report: &StormReport) -> String {
    let mut told = String::new();
    // Writing to a string cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(told, "{name:<26}{value}");
    };
    line("seed", report.seed.to_string());
    let refused = format!(
        "{} accepted, {} refused",
        report.plans, report.plans_refused
    );
    line("plans", refused);
    line("agreement-years", report.agreement_years());
    let cents = format!(
        "{}.{:02}",
        report.collected_cents / 100,
        report.collected_cents % 100
    );
    line(
        "collections",
        format!(
            "{} of {} payments, ${cents}",
            report.collections, report.payments
        ),
    );
    line("took", format!("{:.1?}", report.took));
    line("agreement-years a second", report.years_per_second());
    line("steps", report.steps.to_string());
    line("trace", report.trace.clone());
    line("violations", report.violations.len().to_string());
    for (fault, struck) in &report.faults {
        line("fault", format!("{struck:>8} {fault}"));
    }
    for (mark, count) in &report.marks {
        line("reached", format!("{count:>8} {mark}"));
    }
    for never in &report.never {
        line("never", never.clone());
    }
    if !report.violations.is_empty() {
        for step in &report.tail {
            line("trace ends", step.clone());
        }
    }
    for broken in &report.violations {
        line(
            "VIOLATION",
            format!("{} {}", broken.at.format("%FT%TZ"), broken.said),
        );
    }
    told.trim_end().to_owned()
}
