//! `paydown sandbox`: the simulated provider and bank, alone, for Paydown or any other client.

use std::net::SocketAddr;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;

use sandbox::{MonthEnd, SandboxConfig};

use crate::config::Config;
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
    tracing::info!(address = %listener.local_addr()?, "SANDBOX, no real money: listening");
    let config = SandboxConfig {
        webhook_url: arguments.webhook_url,
        start_at: arguments.start_at,
        reading: if arguments.azupay_reading {
            MonthEnd::Azupay
        } else {
            MonthEnd::Oligo
        },
        seed: arguments.seed,
        ..SandboxConfig::new(arguments.token)
    };
    sandbox::serve(listener, config, stop.cancelled_owned()).await?;
    Ok(())
}
