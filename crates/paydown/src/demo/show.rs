//! What the demo shows: progress on stderr while it works, the tables and the verdict on stdout.

use std::collections::HashMap;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use domain::date::{Instant, ZONE};
use domain::money::Cents;

use super::compare::Comparison;
use super::loans::Registered;
use crate::output;

/// Where the demo shows itself.
#[derive(Debug)]
pub struct Screen {
    bars: MultiProgress,
}

impl Screen {
    /// The terminal, or whatever takes its place.
    pub fn new() -> Screen {
        Screen {
            bars: MultiProgress::new(),
        }
    }

    /// Says a line.
    pub fn say(&self, line: &str) -> anyhow::Result<()> {
        Ok(self.bars.suspend(|| output::text(line))?)
    }

    /// Shows that something takes a moment.
    pub fn wait(&self, what: &'static str) -> ProgressBar {
        let spinner = self.bars.add(ProgressBar::new_spinner().with_message(what));
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// Shows the registered plans with their agreements, and why each is as it is.
    pub fn plans(&self, loans: &[Registered]) -> anyhow::Result<()> {
        for loan in loans {
            self.say(&format!(
                "\n{} ({} instalments)",
                loan.name, loan.instalments
            ))?;
            self.say(&format!("  {}", loan.chosen_because))?;
        }
        self.say("")
    }

    /// A progress bar for each loan, and one line for the clock.
    pub fn progress(&self, loans: &[Registered]) -> Progress {
        let style = ProgressStyle::with_template("{prefix:48} {bar:26} {pos:>3}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bars = loans
            .iter()
            .map(|loan| {
                let bar = self.bars.add(ProgressBar::new(loan.instalments));
                bar.set_style(style.clone());
                bar.set_prefix(loan.name.clone());
                (loan.plan_id.clone(), bar)
            })
            .collect();
        let clock = self.bars.add(ProgressBar::new_spinner());
        Progress {
            all: self.bars.clone(),
            bars,
            clock,
        }
    }

    /// Shows every instalment with its window, attempts and outcome.
    pub fn instalments(&self, comparison: &Comparison) -> anyhow::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header([
            "loan",
            "#",
            "due",
            "window (Oligo's reading)",
            "amount",
            "sent",
            "outcome",
            "settled",
        ]);
        for line in &comparison.lines {
            let amount =
                Cents::new(line.amount).map_or_else(|_| String::new(), |cents| cents.to_string());
            let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
            table.add_row([
                Cell::new(line.loan.split(',').next().unwrap_or_default()),
                right(line.sequence.to_string()),
                Cell::new(&line.due_date),
                Cell::new(&line.window),
                right(amount),
                right(line.submissions.to_string()),
                Cell::new(&line.outcome),
                Cell::new(settled(&line.settled_at)),
            ]);
        }
        self.say(&table.trim_fmt())?;
        self.say("")
    }
}

/// An instant as a Sydney date and time; nothing when there is none.
fn settled(at: &str) -> String {
    at.parse::<Instant>()
        .map(|at| {
            at.with_timezone(&ZONE)
                .format("%Y-%m-%d %H:%M:%S")
                .to_string()
        })
        .unwrap_or_default()
}

/// The demo's progress.
#[derive(Debug)]
pub struct Progress {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
    clock: ProgressBar,
}

impl Progress {
    /// Shows where the clock stands.
    pub fn clock(&self, now_at: Instant) {
        let sydney = now_at.with_timezone(&ZONE).format("%a %d %b %Y %H:%M");
        self.clock.set_message(format!("{sydney} in Sydney"));
        self.clock.tick();
    }

    /// One instalment of a plan has ended.
    pub fn instalment_ended(&self, plan_id: &str) {
        if let Some(bar) = self.bars.get(plan_id) {
            bar.inc(1);
        }
    }

    /// Says a line above the bars.
    pub fn say(&self, line: &str) -> anyhow::Result<()> {
        Ok(self.all.suspend(|| output::text(line))?)
    }

    /// Clears the bars away.
    pub fn finish(&self) {
        self.clock.finish_and_clear();
        for bar in self.bars.values() {
            bar.finish();
        }
    }
}
