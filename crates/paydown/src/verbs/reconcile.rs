//! `paydown reconcile`: the provider's lists against our rows, by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use flows::Deps;
use flows::chores::compare_restored;
use flows::reconcile::{Depth, Difference, Reconciliation, reconcile};

use crate::runtime::{deps, stop_on_signal};
use crate::{config, output, telemetry};

/// How far back, and how it is told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// All that has not ended and the last eight days, instead of the last 48 hours.
    #[arg(long)]
    full: bool,
    /// The database is a copy that cannot tell it: have nothing sent until the comparison is done.
    #[arg(long)]
    after_restore: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Compares, asks about what differs, and prints it. Exits with 1 when a list broke off or a person has to look at
/// something.
///
/// # Errors
///
/// Fails when the configuration is incomplete or the database does not answer.
pub async fn run(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let config = config::load(&config::Sources::of_process(file))?.config;
    let _telemetry = telemetry::start(&config.log, &config.otlp)?;
    let stop = stop_on_signal()?;
    let deps = deps(&config, &stop).await?;
    let found = compare(arguments, &deps).await?;
    let is_fenced = deps.store.fence().await?.reconciled_at.is_none();
    deps.store.close().await;
    if arguments.json {
        output::json(&document(&found, is_fenced))?;
    } else {
        tell(&found, is_fenced)?;
    }
    Ok(ExitCode::from(u8::from(!found.is_clean())))
}

/// A copy that waits to be compared is compared as one, whatever was asked for.
async fn compare(arguments: &Arguments, deps: &Deps) -> anyhow::Result<Reconciliation> {
    if arguments.after_restore {
        deps.store.close_fence(deps.clock.now()).await?;
    }
    if let Some(found) = compare_restored(deps).await? {
        return Ok(found);
    }
    let depth = match arguments.full {
        true => Depth::Whole,
        false => Depth::Recent,
    };
    Ok(reconcile(deps, depth).await?)
}

fn document(found: &Reconciliation, is_fenced: bool) -> serde_json::Value {
    let differences = found.differences.iter().map(|one| {
        json!({
            "subject": one.subject,
            "uid": one.uid,
            "kind": one.kind.as_str(),
            "ours": one.ours,
            "theirs": one.theirs,
            "outcome": one.outcome.as_str(),
        })
    });
    json!({
        "payments": found.payments,
        "agreements": found.agreements,
        "is_complete": found.is_complete,
        "is_clean": found.is_clean(),
        "sends_nothing": is_fenced,
        "differences": differences.collect::<Vec<_>>(),
    })
}

fn tell(found: &Reconciliation, is_fenced: bool) -> anyhow::Result<()> {
    if !found.differences.is_empty() {
        let header = ["WHAT", "UID", "DIFFERS IN", "OURS", "THEIRS", "OUTCOME"];
        output::table(&header, found.differences.iter().map(row))?;
    }
    let count = found.differences.len();
    output::text(&format!(
        "{} payments and {} agreements compared, {count} differences",
        found.payments, found.agreements
    ))?;
    if !found.is_complete {
        output::text(
            "The comparison is not complete: the provider did not say everything. Run it again.",
        )?;
    }
    if is_fenced {
        output::text("Nothing is sent until a comparison of this restored database is complete.")?;
    }
    Ok(())
}

fn row(one: &Difference) -> Vec<String> {
    let shown = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        one.subject.to_owned(),
        one.uid.clone(),
        one.kind.as_str().to_owned(),
        shown(&one.ours),
        shown(&one.theirs),
        one.outcome.as_str().to_owned(),
    ]
}
