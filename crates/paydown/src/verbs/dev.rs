//! `paydown dev`: all parts running on the sandbox, until Ctrl-C.
//!
//! The bank is simulated in memory and forgets everything at the end. A database that remembered would ask it about
//! agreements it never heard of, so each start begins with an empty one, unless told to keep it.

use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use clap::Args;
use serde_json::json;

use domain::date::{BusinessDate, Instant};

use crate::output;
use crate::parts::{DIR, Layout, Parts, write_private};
use crate::runtime::stop_with_terminal;

/// How to run it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The API's port.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    api_port: u16,
    /// The sandbox's port.
    #[arg(long, default_value_t = 8090, value_parser = clap::value_parser!(u16).range(1..))]
    sandbox_port: u16,
    /// Worker processes.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Keep the database of the last start; the simulated bank begins empty all the same.
    #[arg(long)]
    keep: bool,
    /// Where the private PostgreSQL and the logs live.
    #[arg(long, default_value = DIR, value_name = "DIR")]
    dir: PathBuf,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// Fails when a part does not come up.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let stop = stop_with_terminal()?;
    let dir = std::path::absolute(&arguments.dir)?;
    let layout = Layout {
        verb: "dev",
        dir: dir.clone(),
        database: "paydown",
        fresh: !arguments.keep,
        start_at: None,
        workers: arguments.workers,
        ports: Some((arguments.api_port, arguments.sandbox_port)),
        provider_timeout_ms: 15_000,
        payers: "ask",
    };
    let parts = Parts::start(layout, &stop).await?;
    let places = dir.join("dev.json");
    let told = tell(&parts, &places).await;
    if told.is_ok() {
        stop.cancelled().await;
    }
    parts.stop().await;
    // What it says is not so any more; a file that is left says it to nobody but these verbs.
    let _ = std::fs::remove_file(&places);
    told
}

async fn tell(parts: &Parts, places: &Path) -> anyhow::Result<()> {
    write_down(parts, places)?;
    let now_at = parts.clock().read().await?.now_at;
    output::text(&welcome(parts, now_at))?;
    Ok(())
}

/// Where the parts are, for `paydown clock` and `paydown verify`; the key in it makes it its owner's alone.
fn write_down(parts: &Parts, places: &Path) -> anyhow::Result<()> {
    let text = json!({
        "api": parts.api.base_url(),
        "sandbox": parts.sandbox.base_url(),
        "api_key": parts.api_key,
        "database": parts.database_url,
    });
    write_private(places, &text.to_string())
}

fn welcome(parts: &Parts, now_at: Instant) -> String {
    let (api, sandbox) = (parts.api.base_url(), parts.sandbox.base_url());
    format!(
        "
############################################################
#   SANDBOX: NO REAL MONEY. The bank and its clock are     #
#   simulated; nothing here reaches a payer.               #
############################################################
{kept}
API        {api}/v1        reference {api}/openapi.json
Sandbox    {sandbox}/sandbox/clock   the bank: {sandbox}/sandbox/agreements
Database   {url}
Logs       {logs}

{steps}
Stop       Ctrl-C
",
        kept = kept(parts.kept_until),
        url = parts.database_url,
        logs = parts.logs().display(),
        steps = steps(parts, now_at),
    )
}

/// What became of the last start's rows.
fn kept(kept_until: Option<Instant>) -> String {
    kept_until.map_or_else(
        || "\nThe database is new and empty; --keep would have kept the last one.\n".to_owned(),
        |until| {
            format!(
                "
The database is kept; its newest row is of {}, and time goes on from there at the earliest.
The bank begins empty: it knows no agreement and no payment of before, and says so when asked.
Without --keep everything begins anew.
",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            )
        },
    )
}

/// The life of one loan, to be pasted line by line.
fn steps(parts: &Parts, now_at: Instant) -> String {
    let (api, sandbox) = (parts.api.base_url(), parts.sandbox.base_url());
    let today = BusinessDate::of_instant(now_at);
    let first_date = today.plus_days(7).unwrap_or(today);
    format!(
        "export PAYDOWN_API_KEY={key}

1  Register a customer and a plan of four weekly instalments:

CUSTOMER_ID=$(curl -s {api}/v1/customers -H \"Authorization: Bearer $PAYDOWN_API_KEY\" \\
  -H 'Content-Type: application/json' -d '{{\"external_id\":\"CUS-1\",\"name\":\"John Doe\",\
\"account\":{{\"type\":\"bban\",\"value\":\"123456-78901234\"}}}}' | grep -o 'cus_[0-9a-z]*' | head -n 1)
curl -s {api}/v1/plans -H \"Authorization: Bearer $PAYDOWN_API_KEY\" \\
  -H 'Content-Type: application/json' -d '{{\"external_id\":\"LOAN-1\",\
\"customer_id\":\"'$CUSTOMER_ID'\",\"description\":\"Loan 1 repayments\",\"schedule\":{{\
\"frequency\":\"weekly\",\"first_date\":\"{first_date}\",\"instalments\":4,\"amount\":28850}}}}'

2  Let the agreement reach the payer's bank, and approve it there as the payer would.
   AGREEMENT_UID is agreement.uid in the plan:

{advance} 2m{clock}
AGREEMENT_UID=$(curl -s {api}/v1/plans/external:LOAN-1 \\
  -H \"Authorization: Bearer $PAYDOWN_API_KEY\" | grep -o '\"uid\":\"[^\"]*' | head -n 1 | cut -d '\"' -f 4)
curl -s {sandbox}/sandbox/agreements/$AGREEMENT_UID/decision \\
  -H 'Content-Type: application/json' -d '{{\"decision\":\"approve\"}}'

3  Let time pass, and see what was collected:

{advance} 14d{clock}
curl -s {api}/v1/plans/external:LOAN-1 -H \"Authorization: Bearer $PAYDOWN_API_KEY\"
",
        key = parts.api_key,
        advance = "cargo run -q -p paydown -- clock advance",
        clock = parts.option("--parts", "dev.json"),
    )
}
