//! `paydown doctor`: whether everything Paydown needs is here and in order.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use domain::date::TIME_ZONE_DATA;
use store::{DataKey, Store, StoreError};

use crate::config::{self, Config, ConfigError};
use crate::local_postgres::{self, LocalPostgresError};
use crate::output;

/// How long the database has to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);

/// How to tell it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// It is in order.
    Ok,
    /// It is not looked at, or not there and not needed.
    Skipped,
    /// It is not in order: something will not work.
    Bad,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Skipped => "skipped",
            Verdict::Bad => "BAD",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    said: String,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, said: impl Into<String>) -> Finding {
        Finding {
            check,
            verdict,
            said: said.into(),
        }
    }
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether nothing is bad.
    well: bool,
    version: &'static str,
    time_zone_data: &'static str,
    checks: Vec<Finding>,
}

impl Report {
    fn of(checks: Vec<Finding>) -> Report {
        Report {
            well: checks.iter().all(|finding| finding.verdict != Verdict::Bad),
            version: env!("CARGO_PKG_VERSION"),
            time_zone_data: TIME_ZONE_DATA,
            checks,
        }
    }
}

/// Looks, tells what it found, and says by the exit code whether all is well. No secret is told.
///
/// # Errors
///
/// Fails when the report cannot be written.
pub async fn run(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let loaded = config::load(&config::Sources::of_process(file));
    let loaded = loaded.map(|loaded| loaded.config);
    let has_database = loaded
        .as_ref()
        .is_ok_and(|config| config.database.url.is_some());
    let mut checks = vec![
        Finding::new("version", Verdict::Ok, env!("CARGO_PKG_VERSION")),
        Finding::new("time_zone_data", Verdict::Ok, TIME_ZONE_DATA),
        programs(local_postgres::installed(), has_database),
    ];
    checks.extend(configuration(&loaded));
    if let Ok(config) = &loaded {
        checks.push(database(config).await);
    }

    let report = Report::of(checks);
    if arguments.json {
        output::json(&report)?;
    } else {
        let rows = report.checks.iter().map(|finding| {
            let (check, verdict) = (finding.check, finding.verdict.as_str());
            vec![check.to_owned(), verdict.to_owned(), finding.said.clone()]
        });
        output::table(&["CHECK", "VERDICT", "SAID"], rows)?;
    }
    Ok(if report.well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// PostgreSQL's own programs, which only a private database needs.
fn programs(installed: Result<(u32, PathBuf), LocalPostgresError>, has_database: bool) -> Finding {
    let check = "postgres_programs";
    match installed {
        Ok((major, bin_dir)) => {
            let said = format!("PostgreSQL {major} in {}", bin_dir.display());
            Finding::new(check, Verdict::Ok, said)
        }
        Err(error) if has_database => {
            let said = format!("not needed, since a database is configured: {error}");
            Finding::new(check, Verdict::Skipped, said)
        }
        Err(error) => Finding::new(check, Verdict::Bad, error.to_string()),
    }
}

fn configuration(loaded: &Result<Config, ConfigError>) -> Vec<Finding> {
    match loaded {
        Err(error) => vec![Finding::new(
            "configuration",
            Verdict::Bad,
            error.to_string(),
        )],
        Ok(config) => {
            let valid = Finding::new("configuration", Verdict::Ok, "every rule holds");
            let collecting = match config.required() {
                Ok(_) => Finding::new("serve_and_work", Verdict::Ok, "have what they need"),
                // A demo and development need none of it.
                Err(missing) => {
                    Finding::new("serve_and_work", Verdict::Skipped, missing.to_string())
                }
            };
            vec![valid, collecting]
        }
    }
}

async fn database(config: &Config) -> Finding {
    let Some(url) = &config.database.url else {
        let said = "none configured: a private one is used";
        return Finding::new("database", Verdict::Skipped, said);
    };
    let looked = tokio::time::timeout(DATABASE_PATIENCE, look(url)).await;
    match looked {
        Ok(Ok(())) => Finding::new("database", Verdict::Ok, "reached; its schema is up to date"),
        Ok(Err(error)) => Finding::new("database", Verdict::Bad, error),
        Err(_) => {
            let seconds = DATABASE_PATIENCE.as_secs();
            let said = format!("no answer within {seconds} seconds");
            Finding::new("database", Verdict::Bad, said)
        }
    }
}

/// Reaches the database and looks at its schema. Nothing sealed is read, so any key will do.
async fn look(url: &SecretString) -> Result<(), String> {
    let store = Store::connect(url.expose_secret(), 1, &DataKey::new([0; 32])).await;
    let store = store.map_err(|error| format!("it cannot be reached: {}", causes(&error)))?;
    let checked = store.check().await;
    store.close().await;
    checked.map_err(|error| {
        if matches!(error, StoreError::SchemaBehind) {
            return error.to_string();
        }
        // A database that was never migrated has no table of migrations to read.
        let causes = causes(&error);
        format!("its schema cannot be read (run `paydown migrate`): {causes}")
    })
}

/// An error and its causes on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let told: Vec<String> = chain.map(ToString::to_string).collect();
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_programs() -> Result<(u32, PathBuf), LocalPostgresError> {
        Err(LocalPostgresError::ProgramsMissing {
            looked_in: vec!["nowhere".to_owned()],
        })
    }

    #[test]
    fn missing_programs_are_bad_unless_a_database_is_configured() {
        let alone = programs(no_programs(), false);
        assert_eq!(alone.verdict, Verdict::Bad);
        assert!(alone.said.contains("apt-get install postgresql"));

        assert_eq!(programs(no_programs(), true).verdict, Verdict::Skipped);
        let found = programs(Ok((17, PathBuf::from("/programs"))), false);
        assert_eq!(found.verdict, Verdict::Ok);
        assert_eq!(found.said, "PostgreSQL 17 in /programs");
    }

    #[test]
    fn one_bad_finding_makes_the_report_bad() {
        let report = |verdict| Report::of(vec![Finding::new("database", verdict, "")]).well;

        assert!(report(Verdict::Ok) && report(Verdict::Skipped));
        assert!(!report(Verdict::Bad));
    }

    #[test]
    fn a_configuration_without_keys_is_valid_and_says_what_serving_needs() {
        let found = configuration(&Ok(Config::default()));

        assert_eq!(found[0].verdict, Verdict::Ok);
        assert_eq!(found[1].verdict, Verdict::Skipped);
        assert!(found[1].said.contains("keys.uid_key"));
    }

    #[tokio::test]
    async fn without_a_configured_database_none_is_contacted() {
        assert_eq!(database(&Config::default()).await.verdict, Verdict::Skipped);
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_reached_is_told_without_its_password() {
        let mut config = Config::default();
        let url = "postgres://somebody:canary@127.0.0.1:9/paydown";
        config.database.url = Some(url.to_owned().into());

        let found = database(&config).await;

        assert_eq!(found.verdict, Verdict::Bad);
        assert!(!found.said.contains("canary"), "{}", found.said);
    }
}
