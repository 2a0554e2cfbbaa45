//! The command line: its verbs and their arguments.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo::Options as DemoOptions;
use crate::verbs::{
    catch_up, chaos, clock, collections, config, conformance, demo, dev, doctor, fit, keys,
    migrate, postgres, reconcile, sandbox, serve, simulate, verify, windows, work,
};

/// Collects loan repayments over PayTo: never twice, never outside the agreement, never lost.
#[derive(Debug, Parser)]
#[command(name = "paydown", version, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file [default: paydown.toml, if there is one].
    #[arg(long, global = true, value_name = "FILE", env = "PAYDOWN_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Collect four loans end to end and compare with the provider's ledger.
    Demo(DemoOptions),
    /// Run every part on the sandbox, until Ctrl-C.
    Dev(dev::Arguments),
    /// Serve the admin API and the webhook receiver.
    Serve,
    /// Run one worker process; run as many as there is work for.
    Work,
    /// Run the simulated provider and bank alone.
    Sandbox(sandbox::Arguments),
    /// Compare our rows with the provider's lists, and bring the two together.
    Reconcile(reconcile::Arguments),
    /// Bring the database's schema up to date.
    Migrate,
    /// Show or move the sandbox's clock.
    #[command(subcommand)]
    Clock(clock::Action),
    /// Stop what may be sent, or let it go on: the kill switches.
    #[command(subcommand)]
    Collections(collections::Action),
    /// Print the periods of an agreement and when payments may be made in each.
    Windows(windows::Arguments),
    /// Prove that a schedule fits an agreement, or propose an agreement that it fits.
    Fit(fit::Arguments),
    /// Hold a provider to everything its papers say and Paydown relies on.
    Conformance(conformance::Arguments),
    /// Simulate years of collecting with everything going wrong that can.
    Simulate(simulate::Arguments),
    /// Show what would be sent now and what would not, oldest first, as after an outage.
    CatchUp(catch_up::Arguments),
    /// Collect with real processes that are killed, halted and restarted all the while.
    Chaos(chaos::Arguments),
    /// Hold the database against the sandbox's ledger, law by law.
    Verify(verify::Arguments),
    /// Look whether everything Paydown needs is here and in order.
    Doctor(doctor::Arguments),
    /// Print what can be configured, or what is.
    #[command(subcommand)]
    Config(config::Action),
    /// Make the secret keys of an installation.
    #[command(subcommand)]
    Keys(keys::Action),
    /// Run the private PostgreSQL of demos, development and tests.
    #[command(subcommand)]
    Postgres(postgres::Action),
}

/// Does it; a verb that gives a verdict says it by its exit code too.
///
/// # Errors
///
/// Fails with a message for a person; the process then exits with 1.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.verb {
        Verb::Fit(arguments) => return fit::run(&arguments),
        Verb::Conformance(arguments) => return conformance::run(&arguments).await,
        Verb::Simulate(arguments) => return simulate::run(arguments).await,
        Verb::Chaos(arguments) => return chaos::run(arguments).await,
        Verb::Verify(arguments) => return verify::run(&arguments, cli.config).await,
        Verb::Reconcile(arguments) => return reconcile::run(&arguments, cli.config).await,
        Verb::Doctor(arguments) => return doctor::run(&arguments, cli.config).await,
        Verb::Demo(options) => demo::run(options).await?,
        Verb::Dev(arguments) => dev::run(arguments).await?,
        Verb::Serve => serve::run(cli.config).await?,
        Verb::Work => work::run(cli.config).await?,
        Verb::Sandbox(arguments) => sandbox::run(arguments).await?,
        Verb::Migrate => migrate::run(cli.config).await?,
        Verb::Clock(action) => clock::run(&action).await?,
        Verb::Windows(arguments) => windows::run(&arguments)?,
        Verb::CatchUp(arguments) => catch_up::run(&arguments, cli.config).await?,
        Verb::Collections(action) => collections::run(&action, cli.config).await?,
        Verb::Config(action) => config::run(&action, cli.config)?,
        Verb::Keys(action) => keys::run(&action, cli.config).await?,
        Verb::Postgres(action) => postgres::run(&action).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// An error with its causes on one line, each told once: some repeat their cause in their own text.
pub fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn refusal(arguments: &str) -> clap::Error {
        let arguments = std::iter::once("paydown").chain(arguments.split(' '));
        Cli::try_parse_from(arguments).expect_err("refused")
    }

    #[test]
    fn the_command_line_is_well_formed_and_every_verb_is_told_in_one_line() {
        let mut verbs = Cli::command();
        verbs.clone().debug_assert();
        for verb in verbs.get_subcommands_mut() {
            let about = verb.get_about().expect("told").to_string();
            assert!(!about.contains('\n') && about.len() <= 80, "{about}");
        }
    }

    #[test]
    fn a_cause_that_an_error_repeats_is_told_once() {
        let error = anyhow::anyhow!("refused")
            .context("no connection: refused")
            .context("the database is away");
        assert_eq!(told(&error), "the database is away: no connection: refused");
    }

    #[test]
    fn a_wrong_date_frequency_or_reading_is_refused_with_exit_code_2() {
        for wrong in [
            "windows --start 2026-02-30 --frequency monthly",
            "windows --start 31/01/2026 --frequency monthly",
            "windows --start 2026-01-31 --frequency montly",
            "windows --start 2026-01-31 --frequency adhoc",
            "windows --start 2026-01-31 --frequency monthly --reading adyen",
            "windows --start 2026-01-31 --frequency monthly --periods 0",
        ] {
            let refused = refusal(wrong);
            assert_eq!(refused.exit_code(), 2, "{wrong}");
            assert_eq!(refused.kind(), ErrorKind::ValueValidation, "{wrong}");
        }
    }

    #[test]
    fn a_wrong_frequency_is_told_the_right_ones() {
        let refused = refusal("windows --start 2026-01-31 --frequency montly").to_string();
        assert!(
            refused.contains("fortnightly") && refused.contains("monthly"),
            "{refused}"
        );
    }
}
