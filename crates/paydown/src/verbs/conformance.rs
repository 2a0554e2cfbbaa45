//! `paydown conformance`: whether a provider does what its papers say and Paydown relies on.

use std::process::ExitCode;
use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use data_encoding::HEXLOWER;
use domain::date::BusinessDate;
use flows::clock::Clock;
use secrecy::SecretString;

use crate::conformance::{
    CannotRun, Case, CaseReport, Grade, Orders, Payer, Provider, Report, Suite, Verdict,
    run as hold,
};
use crate::output;
use crate::runtime::stop_on_signal;

mod bank;

use bank::Bank;

/// The exit code where nothing can be said about the provider.
const NO_VERDICT: u8 = 2;

/// Who is held to what.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The provider, up to and with the version, such as https://api-sandbox.oligo.com.au/v1
    /// [default: a sandbox of its own].
    #[arg(long, value_name = "URL", env = "PAYDOWN_CONFORMANCE_BASE_URL")]
    base_url: Option<String>,
    /// The environment variable that holds the token.
    #[arg(long, value_name = "NAME", default_value = "PAYDOWN_CONFORMANCE_TOKEN")]
    token_env: String,
    /// Only cases with this in their id, name or operation, and what they need.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// List the cases and ask nobody.
    #[arg(long)]
    list: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How many seconds a state may take to come about, instead of what each case says.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// The provider's date in Sydney [default: today's].
    #[arg(long, value_name = "DATE", value_parser = date)]
    today: Option<BusinessDate>,
    /// The name of the payer.
    #[arg(long, value_name = "NAME", default_value = "Robin Sample")]
    payer_name: String,
    /// The payer's account, as 062000-12345678; each agreement takes one more [default: another one
    /// each time].
    #[arg(long, value_name = "BSB-NUMBER", value_parser = bban)]
    payer_bban: Option<(String, u32)>,
    /// A PayID of the payer: an e-mail address the provider can resolve.
    #[arg(long, value_name = "EMAIL", default_value = "robin@example.com")]
    payer_email: String,
    /// A PayID of the payer: a telephone number the provider can resolve.
    #[arg(long, value_name = "PHONE", default_value = "+61-411222333")]
    payer_phone: String,
    /// Run even where real money is: the run makes agreements and payments.
    #[arg(long)]
    allow_production: bool,
}

fn date(text: &str) -> Result<BusinessDate, String> {
    let date: NaiveDate = text
        .parse()
        .map_err(|_| "a date is YYYY-MM-DD".to_owned())?;
    BusinessDate::from_naive(date).map_err(|error| error.to_string())
}

/// A BSB and a number that can be counted up from.
fn bban(text: &str) -> Result<(String, u32), String> {
    let parts = text.split_once('-');
    let read = parts.and_then(|(bsb, number)| {
        let is_bsb = bsb.len() == 6 && bsb.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = number.parse().ok()?;
        (is_bsb && (1..=999_000_000).contains(&number)).then(|| (bsb.to_owned(), number))
    });
    read.ok_or_else(|| "an account is six digits, a hyphen, and nine digits at most".to_owned())
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error("the environment variable {0} holds no token")]
    NoToken(String),
    #[error("this is a production address, and the run makes agreements: see --allow-production")]
    Production,
    #[error(transparent)]
    Cannot(#[from] CannotRun),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Runs the cases and prints what differs. Exits with 0 when everything conforms, 1 when something
/// differs, 2 when nothing can be said.
///
/// # Errors
///
/// Never fails: what goes wrong is told here, so that 1 has one meaning.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match verdict(arguments).await {
        Ok(conforms) => Ok(ExitCode::from(u8::from(!conforms))),
        Err(error) => {
            eprintln!("Error: {}", crate::cli::told(&error.into()));
            Ok(ExitCode::from(NO_VERDICT))
        }
    }
}

async fn verdict(arguments: &Arguments) -> Result<bool, NoVerdict> {
    let suite = Suite::built_in().map_err(anyhow::Error::from)?;
    if arguments.list {
        let cases = suite.selected(arguments.only.as_deref());
        list(&cases).map_err(anyhow::Error::from)?;
        return Ok(true);
    }
    let stop = stop_on_signal()?;
    let (provider, bank) = match &arguments.base_url {
        Some(base_url) => (named(base_url, arguments)?, None),
        None => {
            let (provider, bank) = Bank::open().await?;
            (provider, Some(bank))
        }
    };
    let real = BusinessDate::of_instant(Clock::real().now());
    let known = arguments.today.or(bank.as_ref().map(Bank::today));
    let orders = Orders {
        run: HEXLOWER.encode(&rand::random::<[u8; 5]>()),
        today: known.unwrap_or(real),
        payer: payer(arguments),
        only: arguments.only.clone(),
        patience: arguments.timeout.map(Duration::from_secs),
        stop,
    };

    let report = hold(&suite, &provider, &orders, |case| {
        if !arguments.json {
            // The whole is told again at the end, where a full disk is an error.
            let _ = output::text(&line(case));
        }
    })
    .await?;
    if let Some(bank) = bank {
        bank.close().await?;
    }
    let printed = if arguments.json {
        output::json(&report)
    } else {
        summary(&report)
    };
    printed.map_err(anyhow::Error::from)?;
    if report.stopped {
        return Err(NoVerdict::Other(anyhow::anyhow!("the run was stopped")));
    }
    Ok(report.conforms)
}

/// The provider at an address, with the token from the environment.
fn named(base_url: &str, arguments: &Arguments) -> Result<Provider, NoVerdict> {
    let name = &arguments.token_env;
    let token = std::env::var(name).ok().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| NoVerdict::NoToken(name.clone()))?;
    let provider = Provider::new(base_url, &SecretString::from(token));
    let provider = provider.map_err(anyhow::Error::from)?;
    if provider.is_production() && !arguments.allow_production {
        return Err(NoVerdict::Production);
    }
    Ok(provider)
}

fn payer(arguments: &Arguments) -> Payer {
    let by_chance = || {
        let number = rand::random::<u32>() % 80_000_000 + 10_000_000;
        ("062000".to_owned(), number)
    };
    let (bsb, account_number) = arguments.payer_bban.clone().unwrap_or_else(by_chance);
    Payer {
        name: arguments.payer_name.clone(),
        bsb,
        account_number,
        email: arguments.payer_email.clone(),
        phone: arguments.payer_phone.clone(),
    }
}

fn list(cases: &[&Case]) -> std::io::Result<()> {
    let rows = cases.iter().map(|case| {
        let grade = match case.grade {
            Grade::Must => "must",
            Grade::Said => "said",
        };
        vec![
            case.operation.to_string(),
            case.id.clone(),
            grade.to_owned(),
            case.name.clone(),
            case.source.clone(),
        ]
    });
    output::table(
        &["OPERATION", "CASE", "GRADE", "WHAT CONFORMS", "SOURCE"],
        rows,
    )
}

fn line(case: &CaseReport) -> String {
    let (mark, id, name) = (case.verdict.mark(), &case.id, &case.name);
    match case.verdict {
        Verdict::Conforms | Verdict::Differs => format!("{mark} {id}: {name}"),
        Verdict::DiffersInferred => format!("{mark} {id}: {name} (inferred)"),
        Verdict::Skipped => {
            let reason = case.reason.as_deref().unwrap_or_default();
            format!("{mark} {id}: {name} (skipped: {reason})")
        }
    }
}

fn summary(report: &Report) -> std::io::Result<()> {
    let rows: Vec<Vec<String>> = report
        .cases
        .iter()
        .flat_map(|case| case.differences.iter().map(move |found| (case, found)))
        .map(|(case, found)| {
            let firmness = match found.grade {
                Grade::Must => "differs",
                Grade::Said => "differs (inferred)",
            };
            vec![
                case.id.clone(),
                firmness.to_owned(),
                found.at.clone(),
                found.expected.clone(),
                found.actual.clone(),
                case.source.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output::text("")?;
        let header = ["CASE", "VERDICT", "AT", "EXPECTED", "ACTUAL", "SOURCE"];
        output::table(&header, rows)?;
    }
    if !report.left_behind.is_empty() {
        let uids = report.left_behind.join(", ");
        output::text(&format!("\nNot cancelled, perhaps still alive: {uids}"))?;
    }
    output::text(&format!(
        "\n{}: {} conform, {} differ, {} differ (inferred), {} skipped; run {}",
        report.base_url,
        report.conforming,
        report.differing,
        report.differing_inferred,
        report.skipped,
        report.run,
    ))
}
