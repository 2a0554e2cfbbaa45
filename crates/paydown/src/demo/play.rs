//! Plays the demo: registers, lets the payers approve, lets time pass, and breaks things on the way.

use std::path::PathBuf;
use std::time::{Duration, Instant as Monotonic};

use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;
use serde_json::{Value, json};

use super::compare::{Comparison, compare};
use super::loans::{self, Registered, text};
use super::show::{Progress, Screen};
use crate::clock_steps::ClockSteps;
use crate::parts::{DIR, Layout, Parts};
use crate::runtime::{STOPPED, stop_with_terminal};

/// When the demo's story begins: Wednesday 25 June 2025, 10:00 in Sydney.
const BEGINS_AT: &str = "2025-06-25T00:00:00Z";

/// How soon after a move of the clock some worker holds a row, if anything came due.
const LEASED_WITHIN: Duration = Duration::from_millis(300);

/// What can be broken on the way.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Percent of the provider's webhooks that never arrive.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub lose_webhooks: u8,
    /// Percent of the provider's webhooks that arrive twice.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub repeat_webhooks: u8,
    /// Let the provider accept every n-th payment and never answer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub hang_every: Option<u32>,
    /// Wipe every lease by hand in mid-run.
    #[arg(long)]
    pub wipe_leases: bool,
    /// Restart PostgreSQL in mid-run as if it had crashed.
    #[arg(long)]
    pub restart_postgres: bool,
    /// Where the private PostgreSQL and the logs live.
    #[arg(long, default_value = DIR, value_name = "DIR")]
    pub dir: PathBuf,
    /// Where the faults' dice begin.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the demo.
///
/// # Errors
///
/// Fails when a part does not come up or answer, and when anything disagrees with the provider's ledger.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let began = Monotonic::now();
    let stop = stop_with_terminal()?;
    let screen = Screen::new();
    screen.say("PAYDOWN DEMO: sandbox, no real money")?;
    let spinner = screen.wait("starting a private PostgreSQL, the sandbox, the API, two workers");
    let started = Parts::start(layout(&options)?, &stop).await;
    spinner.finish_and_clear();
    let mut parts = started?;
    let played = stop
        .run_until_cancelled(play(&screen, &mut parts, &options))
        .await;
    parts.stop().await;

    let comparison = played.context(STOPPED)??;
    screen.say(&format!("took {:.0?}", began.elapsed()))?;
    verdict(&screen, &comparison)
}

fn layout(options: &Options) -> anyhow::Result<Layout> {
    Ok(Layout {
        verb: "demo",
        dir: std::path::absolute(&options.dir)?,
        database: "paydown_demo",
        fresh: true,
        start_at: Some(BEGINS_AT.parse()?),
        workers: 2,
        ports: None,
        provider_timeout_ms: 2_000,
        payers: "ask",
    })
}

async fn play(screen: &Screen, parts: &mut Parts, options: &Options) -> anyhow::Result<Comparison> {
    screen.say(&format!("database  {}", parts.database_url))?;
    screen.say(&format!("logs      {}", parts.logs().display()))?;
    let clock = parts.clock();
    set_faults(parts, options).await?;

    let mut loans = Vec::new();
    for loan in loans::read()? {
        loans.push(loan.register(&parts.api, &parts.sandbox).await?);
    }
    screen.plans(&loans)?;
    approve(parts, &clock, &loans).await?;

    let progress = screen.progress(&loans);
    live(parts, &clock, &loans, options, &progress).await?;
    progress.finish();

    let comparison = compare(parts, &loans).await?;
    screen.instalments(&comparison)?;
    screen.say(&format!(
        "Look into it:     psql \"{}\"\nStop PostgreSQL:  cargo run -q -p paydown -- postgres stop{}",
        parts.database_url,
        parts.option("--dir", "postgres")
    ))?;
    Ok(comparison)
}

async fn set_faults(parts: &Parts, options: &Options) -> anyhow::Result<()> {
    let faults = json!({
        "seed": options.seed,
        "lose_webhooks": options.lose_webhooks,
        "repeat_webhooks": options.repeat_webhooks,
        "delay_webhooks": 0,
        "delay_seconds": 0,
        "accept_then_hang_every": options.hang_every,
        "hang_ms": 10_000,
    });
    parts
        .sandbox
        .put::<Value>("/sandbox/faults", &faults)
        .await?;
    Ok(())
}

/// Waits until every agreement lies with its payer's bank, and lets the payers approve there.
async fn approve(parts: &Parts, clock: &ClockSteps, loans: &[Registered]) -> anyhow::Result<()> {
    let now = clock.read().await?.now_at;
    clock.advance(now + TimeDelta::minutes(2), false).await?;
    for loan in loans {
        let path = format!("/sandbox/agreements/{}/decision", loan.agreement_uid);
        let decision = json!({ "decision": "approve" });
        parts
            .sandbox
            .post::<Value>(&path, &decision)
            .await
            .with_context(|| loan.name.clone())?;
    }
    Ok(())
}

/// Lets time pass until every plan has ended, and breaks things on the way.
async fn live(
    parts: &mut Parts,
    clock: &ClockSteps,
    loans: &[Registered],
    options: &Options,
    progress: &Progress,
) -> anyhow::Result<()> {
    let total: u64 = loans.iter().map(|loan| loan.instalments).sum();
    let mut mishaps = mishaps(options, total);
    let mut follower = Follower::default();
    let end = clock.read().await?.now_at + TimeDelta::days(3 * 366);
    while follower.plans_ended < loans.len() {
        let now_at = clock.step(end).await?;
        anyhow::ensure!(
            now_at < end,
            "after three years the plans have still not ended"
        );
        progress.clock(now_at);
        while let Some((after, mishap)) =
            mishaps.pop_if(|(after, _)| *after <= follower.instalments_ended)
        {
            // The clock has just moved: the workers are in the middle of what came due.
            if !mishap.strike(parts, progress).await? {
                mishaps.push((after, mishap));
                break;
            }
        }
        clock.settle().await?;
        follower.follow(parts, progress).await?;
    }
    anyhow::ensure!(
        mishaps.is_empty(),
        "the demo ended before everything was broken"
    );
    Ok(())
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    KillWorker,
    StartWorker,
    WipeLeases,
    RestartPostgres,
}

/// What goes wrong, and after how many instalments; the next one last.
fn mishaps(options: &Options, total: u64) -> Vec<(u64, Mishap)> {
    let mut mishaps = vec![
        (total * 3 / 5, Mishap::StartWorker),
        (total / 3, Mishap::KillWorker),
    ];
    if options.wipe_leases {
        mishaps.push((total / 4, Mishap::WipeLeases));
    }
    if options.restart_postgres {
        mishaps.push((total / 2, Mishap::RestartPostgres));
    }
    mishaps.sort_by_key(|(after, _)| std::cmp::Reverse(*after));
    mishaps
}

impl Mishap {
    /// Whether it struck; if not, it is for another time.
    async fn strike(self, parts: &mut Parts, progress: &Progress) -> anyhow::Result<bool> {
        match self {
            Mishap::KillWorker => {
                let id = parts.kill_worker().await?;
                progress.say(&format!("  ✗ worker process {id} killed with SIGKILL"))?;
            }
            Mishap::StartWorker => {
                parts.start_worker(None)?;
                progress.say("  ✓ another worker process started")?;
            }
            Mishap::WipeLeases => {
                let wiped = parts.wipe_leases(LEASED_WITHIN).await?;
                if wiped == 0 {
                    return Ok(false);
                }
                progress.say(&format!(
                    "  ✗ every lease wiped by hand ({wiped} were held)"
                ))?;
            }
            Mishap::RestartPostgres => {
                parts.postgres.restart_immediate().await?;
                progress.say("  ✗ PostgreSQL restarted as if it had crashed")?;
            }
        }
        Ok(true)
    }
}

/// Follows the lender's events, as a lender would.
#[derive(Debug, Default)]
struct Follower {
    cursor: Option<String>,
    instalments_ended: u64,
    plans_ended: usize,
}

impl Follower {
    async fn follow(&mut self, parts: &Parts, progress: &Progress) -> anyhow::Result<()> {
        loop {
            let path = match &self.cursor {
                Some(cursor) => format!("/v1/events?limit=200&cursor={cursor}"),
                None => "/v1/events?limit=200".to_owned(),
            };
            let page: Value = parts.api.get(&path).await?;
            for event in page
                .get("data")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.take(event, progress)?;
            }
            let next = page.pointer("/page/next_cursor").and_then(Value::as_str);
            if let Some(next) = next {
                self.cursor = Some(next.to_owned());
            }
            if page.pointer("/page/has_more").and_then(Value::as_bool) != Some(true) {
                return Ok(());
            }
        }
    }

    fn take(&mut self, event: &Value, progress: &Progress) -> anyhow::Result<()> {
        let kind = text(event, "type")?;
        let data = event.get("data").context("an event without data")?;
        let plan_id = data
            .get("plan_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match kind.as_str() {
            "instalment.collected" | "instalment.missed" | "instalment.failed" => {
                self.instalments_ended += 1;
                progress.instalment_ended(plan_id);
            }
            "payment.failed" => {
                let code = data
                    .get("failure_code")
                    .and_then(Value::as_str)
                    .unwrap_or("?");
                let due = data.get("due_date").and_then(Value::as_str).unwrap_or("?");
                progress.say(&format!(
                    "  ↻ instalment due {due}: {code}, to be tried again"
                ))?;
            }
            "plan.completed" => self.plans_ended += 1,
            _ => {}
        }
        Ok(())
    }
}

/// The last lines: what was collected, and whether the provider's ledger agrees.
fn verdict(screen: &Screen, comparison: &Comparison) -> anyhow::Result<()> {
    for difference in &comparison.differences {
        screen.say(&format!("DIFFERS: {difference}"))?;
    }
    let dollars = domain::money::Cents::new(comparison.collected_cents)
        .map_or_else(|_| "$0.00".to_owned(), |cents| cents.to_string());
    let summary = format!(
        "{} of {} instalments collected, {dollars} in all",
        comparison.collected, comparison.total
    );
    if comparison.differences.is_empty() {
        screen.say(&format!(
            "{summary}; the provider's ledger agrees: {} settled payments, {} checks.",
            comparison.ledger_settled, comparison.checks
        ))?;
        return Ok(());
    }
    screen.say(&summary)?;
    anyhow::bail!(
        "{} differences from the provider's ledger",
        comparison.differences.len()
    )
}
