//! `paydown collections`: the kill switches, turned on the database itself, whether or not the API runs.

use std::path::PathBuf;

use anyhow::Context;
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use domain::date::Instant;
use flows::turn_switch::turn_switch;
use store::Store;
use store::control::{Switch, SwitchScope, TurnOutcome, Turned};

use crate::config::{Config, Sources, load};
use crate::{follow_clock, output, runtime};

/// What to do with the kill switches.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Stop: from now on nothing new is sent under the scope; what is under way is named.
    Close(Turning),
    /// Go on: what the switch held back is looked at at once.
    Open(Turning),
    /// List the switches of everything and of the provider, and all that are closed.
    List {
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
}

/// Which switch, and why.
#[derive(Debug, Clone, Args)]
pub struct Turning {
    /// all, provider:oligo, plan:pln_… or agreement:agr_…
    #[arg(long)]
    scope: SwitchScope,
    /// Why, for everybody who asks: 1 to 200 printable ASCII characters, no name and no account.
    #[arg(long, value_parser = reason)]
    reason: String,
    /// As one JSON document.
    #[arg(long)]
    json: bool,
}

/// # Errors
///
/// Fails when the database cannot be reached, or there is no such plan or agreement.
pub async fn run(action: &Action, file: Option<PathBuf>) -> anyhow::Result<()> {
    let config = load(&Sources::of_process(file))?.config;
    let store = runtime::store(&config).await?;
    store.check().await.context("the database is not ready")?;
    match action {
        Action::Close(turning) => turn(&store, &config, turning, false).await?,
        Action::Open(turning) => turn(&store, &config, turning, true).await?,
        Action::List { json } => list(&store, *json).await?,
    }
    store.close().await;
    Ok(())
}

async fn turn(store: &Store, config: &Config, turning: &Turning, open: bool) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let clock = follow_clock::start(&config.clock, &stop).await?;
    let (scope, reason) = (turning.scope, &turning.reason);
    match turn_switch(store, &clock, scope, open, reason, &|_| None).await? {
        TurnOutcome::Turned(turned) if turning.json => output::json(&told(&turned))?,
        TurnOutcome::Turned(turned) => output::text(&sentence(&turned))?,
        TurnOutcome::NotFound => anyhow::bail!("there is no such {}", scope.kind()),
        TurnOutcome::Replayed { .. } | TurnOutcome::KeyReused => {
            anyhow::bail!("a turn without a key was answered as one with a key")
        }
    }
    Ok(())
}

/// The most switches that are listed.
const LISTED_MAX: u32 = 1_000;

async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    let rows = store.switches_page(None, LISTED_MAX).await?;
    if json {
        let rows: Vec<Value> = rows.iter().map(|row| switch(&row.switch)).collect();
        return Ok(output::json(&rows)?);
    }
    let rows = rows.into_iter().map(|row| {
        let switch = row.switch;
        vec![
            switch.scope.to_string(),
            word(switch.open).to_owned(),
            at(switch.changed_at),
            switch.reason,
        ]
    });
    Ok(output::table(
        &["SCOPE", "COLLECTIONS", "SINCE", "REASON"],
        rows,
    )?)
}

fn sentence(turned: &Turned) -> String {
    let switch = &turned.switch;
    let already = if turned.is_changed { "" } else { " already" };
    let mut lines = vec![format!(
        "collections are{already} {} for {}, since {}: {}",
        word(switch.open),
        switch.scope,
        at(switch.changed_at),
        switch.reason
    )];
    if !switch.open {
        let count = turned.in_flight_count;
        lines.push(format!(
            "{count} payments are under way and end by themselves"
        ));
    }
    lines.extend(
        turned
            .in_flight
            .iter()
            .map(|payment| format!("  {} {} {}", payment.id, payment.uid, payment.state)),
    );
    lines.join("\n")
}

fn told(turned: &Turned) -> Value {
    let in_flight = turned.in_flight.iter().map(|payment| {
        json!({
            "id": payment.id.to_string(),
            "uid": payment.uid.to_string(),
            "instalment_id": payment.instalment_id.to_string(),
            "state": payment.state.as_str(),
        })
    });
    let mut told = switch(&turned.switch);
    told["is_changed"] = json!(turned.is_changed);
    told["payments_in_flight_count"] = json!(turned.in_flight_count);
    told["payments_in_flight"] = in_flight.collect();
    told
}

fn switch(switch: &Switch) -> Value {
    json!({
        "scope": switch.scope.to_string(),
        "collections": word(switch.open),
        "reason": switch.reason,
        "changed_at": at(switch.changed_at),
    })
}

const fn word(open: bool) -> &'static str {
    if open { "open" } else { "closed" }
}

fn at(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A reason as the API takes it.
fn reason(text: &str) -> Result<String, String> {
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if text.trim() != text || !is_printable || !(1..=200).contains(&text.len()) {
        return Err(
            "a reason is 1 to 200 printable ASCII characters, without a blank at either end"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_says_what_is_under_way_and_an_opening_does_not() {
        let mut turned = Turned {
            switch: Switch {
                scope: SwitchScope::All,
                open: false,
                reason: "an incident".to_owned(),
                changed_at: "2026-01-05T00:00:00Z".parse().expect("an instant"),
            },
            is_changed: true,
            in_flight: Vec::new(),
            in_flight_count: 3,
        };
        let closed = sentence(&turned);
        assert!(
            closed.starts_with("collections are closed for all, since"),
            "{closed}"
        );
        assert!(
            closed.contains("an incident\n3 payments are under way"),
            "{closed}"
        );
        assert_eq!(told(&turned)["payments_in_flight_count"], 3);

        turned.switch.open = true;
        turned.is_changed = false;
        let opened = sentence(&turned);
        assert!(
            opened.starts_with("collections are already open for all"),
            "{opened}"
        );
        assert!(!opened.contains("under way"), "{opened}");
    }

    #[test]
    fn a_reason_is_one_that_the_api_takes() {
        assert!(reason("an incident").is_ok());
        for bad in ["", " ", " an incident", "é", "a\nb", &"x".repeat(201)] {
            assert!(reason(bad).is_err(), "{bad:?}");
        }
    }
}
