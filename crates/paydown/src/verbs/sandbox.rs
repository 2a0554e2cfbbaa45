//! `paydown sandbox`: the simulated provider and bank, alone, for Paydown or any other client.

use std::net::SocketAddr;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;

use sandbox::{Decision, MonthEnd, Redelivery, SandboxConfig, TakenBy};

use crate::config::Config;
use crate::output;
use crate::runtime::stop_on_signal;
use crate::telemetry;

/// What a sandbox is started with.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// The bearer token it wants on Oligo's face.
    #[arg(
        long,
        default_value = "sandbox",
        env = "PAYDOWN_SANDBOX_TOKEN",
        hide_env_values = true
    )]
    pub token: String,
    /// Where it sends its webhooks.
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<String>,
    /// Start with the clock standing at this instant, instead of running with real time.
    #[arg(long, value_name = "INSTANT")]
    pub start_at: Option<DateTime<Utc>>,
    /// Count month-end windows as Azupay does, not by Oligo's text.
    #[arg(long)]
    pub azupay_reading: bool,
    /// Where its dice begin.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What payers do with agreements, unless told otherwise: approve (as Oligo's own sandbox has it), decline,
    /// ignore, fail, or ask to wait for a person.
    #[arg(long, default_value = "approve", value_name = "WHAT", value_parser = decision)]
    pub payers: Decision,
    /// Sign webhooks with this secret; given twice, with both.
    #[arg(
        long = "webhook-secret",
        env = "PAYDOWN_SANDBOX_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub webhook_secrets: Vec<String>,
    /// How long a webhook that was not taken comes again: hour (every five minutes), or once.
    #[arg(long, default_value = "hour", value_name = "HOW", value_parser = redelivery)]
    pub redelivery: Redelivery,
    /// Which answers take a webhook: 2xx_3xx, or any_answer.
    #[arg(long, default_value = "2xx_3xx", value_name = "WHICH", value_parser = taken_by)]
    pub taken_by: TakenBy,
}

fn decision(word: &str) -> Result<Decision, String> {
    Decision::from_word(word).ok_or_else(|| one_of(Decision::WORDS))
}

fn redelivery(word: &str) -> Result<Redelivery, String> {
    Redelivery::from_word(word).ok_or_else(|| one_of(Redelivery::WORDS))
}

fn taken_by(word: &str) -> Result<TakenBy, String> {
    TakenBy::from_word(word).ok_or_else(|| one_of(TakenBy::WORDS))
}

fn one_of(words: &[&str]) -> String {
    format!("one of: {}", words.join(", "))
}

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Fails when the address cannot be listened on.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::default();
    let _telemetry = telemetry::start(&config.log, &config.otlp)?;
    let stop = stop_on_signal()?;
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", arguments.listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "SANDBOX, no real money: listening");
    output::text(&welcome(address, &arguments))?;
    let config = SandboxConfig {
        webhook_url: arguments.webhook_url,
        start_at: arguments.start_at,
        reading: if arguments.azupay_reading {
            MonthEnd::Azupay
        } else {
            MonthEnd::Oligo
        },
        seed: arguments.seed,
        payers: arguments.payers,
        webhook_secrets: arguments.webhook_secrets,
        redelivery: arguments.redelivery,
        taken_by: arguments.taken_by,
        ..SandboxConfig::new(arguments.token)
    };
    sandbox::serve(listener, config, stop.cancelled_owned()).await?;
    Ok(())
}

/// Where it is, and three lines to paste.
fn welcome(address: SocketAddr, arguments: &Arguments) -> String {
    let token = &arguments.token;
    let call = |method: &str, path: &str, body: &str| {
        format!(
            "curl -s -X {method} 'http://{address}/v1{path}' -H 'Authorization: Bearer {token}' \\
  -H 'Content-Type: application/json'{body}"
        )
    };
    let propose = call(
        "POST",
        "/payto/agreements",
        r#" -d '{"uid":"AGR-1","purpose":"loan","description":"Loan 1 repayments",
    "debtor":{"party_name":"Robin Sample","account_identifier":{"type":"bban","value":"062000-12345678"}},
    "payment_terms":{"type":"variable","frequency":"weekly","max_amount":65000}}'"#,
    );
    let pay = call(
        "POST",
        "/payto/payments",
        r#" -d '{"uid":"PAY-1","agreement_uid":"AGR-1","amount":28850,"priority":"unattended"}'"#,
    );
    let look = call("GET", "/payto/payments", "");
    format!(
        "SANDBOX: NO REAL MONEY

Base URL   http://{address}/v1
Token      {token}
Controls   http://{address}/sandbox

{propose}

{pay}

{look}
"
    )
}
