//! Plants bugs, one at a time, and demands that a named test turns red for each.
//!
//! The bugs are data: `tests/planted/*.toml`. They are planted in a copy of the workspace below `target/planted`,
//! with a target directory of its own, so that each costs no more than what it makes cargo build again. A bug that
//! nothing notices is a hole in the tests.

mod bugs;
mod copy;
mod trial;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;

use bugs::Bug;
use copy::Copy;
use trial::{Ending, Trial, Verdict};

/// Plants bugs one at a time; each has to turn the tests red that it names.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only the bugs whose name, law, tests or files hold this text, in any case. Given again: this one too.
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Plants nothing: prints the bugs as the table of `tests/README.md`.
    #[arg(long)]
    list: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let root = root()?;
    let mut chosen = bugs::load(&root)?;
    chosen.retain(|bug| arguments.only.iter().all(|text| bug.holds(text)));
    if chosen.is_empty() {
        bail!("no bug holds this text");
    }
    if arguments.list {
        say(&bugs::table(&chosen));
        return Ok(ExitCode::SUCCESS);
    }

    let copy = Copy::of(&root)?;
    let trial = Trial::new(&root, &copy)?;
    without_bugs(&trial, &chosen).await?;
    let mut verdicts = Vec::new();
    for bug in &chosen {
        let verdict = with_bug(&trial, &copy, bug).await?;
        say(&format!("{:<9} {}", verdict.word(), bug.name));
        if let Some(why) = verdict.why() {
            say(&format!("          {why}"));
        }
        verdicts.push(verdict);
    }
    Ok(tell(&chosen, &verdicts))
}

/// A test that is red without a bug shows nothing by being red with one.
async fn without_bugs(trial: &Trial, chosen: &[Bug]) -> anyhow::Result<()> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for bug in chosen {
        let named = places.entry(&bug.place).or_default();
        named.extend(bug.red.iter().map(String::as_str));
    }
    for (place, mut names) in places {
        names.sort_unstable();
        names.dedup();
        say(&format!("without a bug: {} tests of {place}", names.len()));
        match trial.run("without-a-bug", place, &names).await? {
            Ending::NotBuilt(log) => bail!("{place} does not build without a bug: {log}"),
            Ending::TimedOut(log) => bail!("{place} does not end without a bug: {log}"),
            Ending::Ran { green, red, log } => {
                if !red.is_empty() {
                    bail!("red without a bug: {}: {log}", red.join(", "));
                }
                if green.len() != names.len() {
                    bail!("not all of them ran: {}: {log}", names.join(", "));
                }
            }
        }
    }
    Ok(())
}

async fn with_bug(trial: &Trial, copy: &Copy, bug: &Bug) -> anyhow::Result<Verdict> {
    let planted = match copy.plant(bug)? {
        Ok(planted) => planted,
        Err(unfit) => return Ok(Verdict::NotApplied(unfit)),
    };
    let names: Vec<&str> = bug.red.iter().map(String::as_str).collect();
    let ending = trial.run(&bug.name, &bug.place, &names).await;
    // Before anything else: the next bug must stand alone.
    planted.revert()?;
    Ok(Verdict::of(bug, ending?))
}

fn tell(chosen: &[Bug], verdicts: &[Verdict]) -> ExitCode {
    let all: Vec<(&Bug, &Verdict)> = chosen.iter().zip(verdicts).collect();
    say("\n| verdict | bug | law | test |\n|---|---|---|---|");
    for (bug, verdict) in &all {
        let (word, law, red) = (verdict.word(), bug.law.as_str(), bug.red.join("`, `"));
        say(&format!("| {word} | {} | {law} | `{red}` |", bug.name));
    }
    let caught = verdicts
        .iter()
        .filter(|verdict| verdict.is_caught())
        .count();
    say(&format!("\n{caught} of {} caught", verdicts.len()));
    if caught == verdicts.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The workspace: of the package cargo runs this for, else of the directory it is started in.
fn root() -> anyhow::Result<PathBuf> {
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package),
        None => std::env::current_dir().context("there is no current directory")?,
    };
    let workspace = start
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file());
    workspace
        .map(std::path::Path::to_owned)
        .with_context(|| format!("{} is in no workspace", start.display()))
}

/// To whoever watches. That nobody does stops no trial.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
