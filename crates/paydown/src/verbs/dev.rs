//! `paydown dev`: all parts running on the sandbox, until Ctrl-C.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::output;
use crate::parts::{Layout, Parts, write_private};
use crate::runtime::stop_on_signal;

/// How to run it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The API's port.
    #[arg(long, default_value_t = 8080)]
    api_port: u16,
    /// The sandbox's port.
    #[arg(long, default_value_t = 8090)]
    sandbox_port: u16,
    /// Worker processes.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Begin with an empty database.
    #[arg(long)]
    reset: bool,
    /// Where the private PostgreSQL and the logs live.
    #[arg(long, default_value = ".paydown", value_name = "DIR")]
    dir: PathBuf,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Fails when a part does not come up.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let stop = stop_on_signal()?;
    std::fs::create_dir_all(&arguments.dir)?;
    let dir = std::path::absolute(&arguments.dir)?;
    let parts = Parts::start(Layout {
        dir: dir.clone(),
        database: "paydown",
        fresh: arguments.reset,
        start_at: None,
        workers: arguments.workers,
        ports: Some((arguments.api_port, arguments.sandbox_port)),
        provider_timeout_ms: 15_000,
    })
    .await?;
    write_down(&parts, &dir)?;
    output::text(&welcome(&parts))?;

    stop.cancelled().await;
    parts.stop().await;
    Ok(())
}

/// Where the parts are, for `paydown clock`; the key in it makes it its owner's alone.
fn write_down(parts: &Parts, dir: &std::path::Path) -> anyhow::Result<()> {
    let places = json!({
        "api": parts.api.base_url(),
        "sandbox": parts.sandbox.base_url(),
        "api_key": parts.api_key,
    });
    write_private(&dir.join("dev.json"), &places.to_string())
}

fn welcome(parts: &Parts) -> String {
    let (api, sandbox) = (parts.api.base_url(), parts.sandbox.base_url());
    format!(
        "
############################################################
#   SANDBOX: NO REAL MONEY. The bank and its clock are     #
#   simulated; nothing here reaches a payer.               #
############################################################

API        {api}/v1        reference {api}/openapi.json
Sandbox    {sandbox}/sandbox/clock   the bank: {sandbox}/sandbox/agreements
Database   {url}
Logs       {logs}

export PAYDOWN_API_KEY={key}
curl -s {api}/v1/customers -H \"Authorization: Bearer $PAYDOWN_API_KEY\" \\
  -H 'Content-Type: application/json' -d '{{\"external_id\":\"CUS-1\",\"name\":\"John Doe\",\
\"account\":{{\"type\":\"bban\",\"value\":\"123456-78901234\"}}}}'

The payer approves   curl -s {sandbox}/sandbox/agreements/AGREEMENT_UID/decision \\
                       -H 'Content-Type: application/json' -d '{{\"decision\":\"approve\"}}'
Let time pass        cargo run -q -p paydown -- clock advance 14d
Stop                 Ctrl-C
",
        url = parts.database_url,
        logs = parts.logs().display(),
        key = parts.api_key,
    )
}
