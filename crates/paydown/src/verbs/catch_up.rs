//! `paydown catch-up --preview`: what workers would send now, and what they would not.

use std::path::PathBuf;

use clap::Args;
use domain::date::{BusinessDate, Instant};
use flows::catch_up::{DueNow, Foreseen, preview};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::output;
use crate::runtime::deps;

/// What is shown.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Show it and touch nothing. Catching up itself is what `paydown work` does.
    #[arg(long, required = true)]
    preview: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One instalment that is due.
#[derive(Serialize)]
struct Line {
    instalment_id: String,
    plan_id: String,
    plan: String,
    customer_id: String,
    sequence: u32,
    due_date: String,
    /// In cents.
    amount: i64,
    /// How many days its due date is over.
    days_late: i64,
    /// `sent`, `waits` or `missed`.
    what: &'static str,
    is_retry: bool,
    /// The provider is asked about the agreement first.
    once_confirmed: bool,
    /// The rule it waits for, or is missed by.
    rule: Option<String>,
    /// When it is looked at next.
    until: Option<Instant>,
}

#[derive(Serialize)]
struct Shown {
    now_at: Instant,
    sent: usize,
    waits: usize,
    missed: usize,
    instalments: Vec<Line>,
}

/// Shows what would be sent now, oldest first.
///
/// # Errors
///
/// Fails when the configuration is incomplete, or the database does not answer.
pub async fn run(arguments: &Arguments, file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = config::load(&config::Sources::of_process(file))?.config;
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let deps = deps(&config, &stop).await?;
    let now = deps.clock.now();
    let due = preview(&deps).await?;
    deps.store.close().await;

    let lines: Vec<Line> = due.iter().map(|one| line(one, now)).collect();
    let count = |what| lines.iter().filter(|line| line.what == what).count();
    let shown = Shown {
        now_at: now,
        sent: count("sent"),
        waits: count("waits"),
        missed: count("missed"),
        instalments: lines,
    };
    if arguments.json {
        output::json(&shown)?;
    } else {
        print(&shown, &due)?;
    }
    Ok(())
}

fn line(one: &DueNow, now: Instant) -> Line {
    let (mut is_retry, mut once_confirmed, mut rule, mut until) = (false, false, None, None);
    let what = match &one.foreseen {
        Foreseen::Sent {
            is_retry: retry,
            once_confirmed: asked,
        } => {
            (is_retry, once_confirmed) = (*retry, *asked);
            "sent"
        }
        Foreseen::Waits {
            rule: waited,
            until: at,
        } => {
            (rule, until) = (waited.clone(), *at);
            "waits"
        }
        Foreseen::Missed { because } => {
            rule = Some(because.clone());
            "missed"
        }
    };
    Line {
        instalment_id: one.id.to_string(),
        plan_id: one.plan_id.to_string(),
        plan: one.plan_external_id.clone(),
        customer_id: one.customer_id.to_string(),
        sequence: one.sequence,
        due_date: one.due_date.to_string(),
        amount: one.amount.get(),
        days_late: one.due_date.days_until(BusinessDate::of_instant(now)),
        what,
        is_retry,
        once_confirmed,
        rule,
        until,
    }
}

fn print(shown: &Shown, due: &[DueNow]) -> std::io::Result<()> {
    let Shown {
        sent,
        waits,
        missed,
        ..
    } = shown;
    output::text(&format!(
        "{} instalments are due and not collected: {sent} would be sent now, {waits} wait, \
         {missed} are past their window and would be told as missed.",
        due.len()
    ))?;
    let rows = shown.instalments.iter().zip(due).map(|(line, one)| {
        let rule = line.rule.as_deref().unwrap_or("its hour");
        let what = match (line.what, line.until) {
            ("sent", _) if line.once_confirmed => {
                "sent, once its agreement is confirmed".to_owned()
            }
            ("sent", _) if line.is_retry => "sent, as a retry".to_owned(),
            ("waits", Some(at)) => format!("waits until {at}: {rule}"),
            ("waits", None) => format!("waits: {rule}"),
            ("missed", _) => format!("missed: {rule}"),
            (what, _) => what.to_owned(),
        };
        vec![
            line.due_date.clone(),
            line.days_late.to_string(),
            line.customer_id.clone(),
            format!("{} no. {}", line.plan, line.sequence),
            one.amount.to_string(),
            what,
        ]
    });
    output::table(
        &["DUE", "DAYS LATE", "CUSTOMER", "PLAN", "AMOUNT", "WHAT"],
        rows,
    )
}
