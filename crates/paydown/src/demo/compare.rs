//! Compares what Paydown says with what the provider's own ledger says. Shares no code with `domain`: both
//! sides are read as JSON, and windows are the ones the ledger counted.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::loans::Registered;
use crate::parts::Parts;

/// One line of the demo's table.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which loan.
    pub loan: String,
    /// The instalment's place in it.
    pub sequence: i64,
    /// When it was due.
    pub due_date: String,
    /// The window it was due in.
    pub window: String,
    /// Its amount in cents.
    pub amount: i64,
    /// How often it was submitted.
    pub submissions: i64,
    /// How it ended.
    pub outcome: String,
    /// When its payment settled.
    pub settled_at: String,
}

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Every instalment.
    pub lines: Vec<Line>,
    /// Instalments in all.
    pub total: usize,
    /// Instalments that Paydown says it collected.
    pub collected: usize,
    /// Their sum in cents.
    pub collected_cents: i64,
    /// Payments that the ledger says settled.
    pub ledger_settled: usize,
    /// How many comparisons were made.
    pub checks: usize,
    /// Where the two disagree.
    pub differences: Vec<String>,
}

impl Comparison {
    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds {
            self.differences.push(otherwise());
        }
    }
}

#[derive(Debug, Deserialize)]
struct Ledger {
    payments: Vec<LedgerPayment>,
    refusals: Vec<Refusal>,
    totals: Totals,
}

#[derive(Debug, Deserialize)]
struct LedgerPayment {
    uid: String,
    agreement_uid: String,
    amount: i64,
    state: String,
    created_date: String,
    settled_at: Option<String>,
    window: Option<LedgerWindow>,
    submissions: i64,
}

#[derive(Debug, Deserialize)]
struct LedgerWindow {
    first_date: String,
    last_date: String,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    uid: Option<String>,
    operation: String,
    codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Totals {
    settled_count: i64,
    settled_cents: i64,
}

/// Reads both sides and compares every cent, window and count.
///
/// # Errors
///
/// Fails when a side cannot be read; a disagreement is not an error but a difference.
pub async fn compare(parts: &Parts, loans: &[Registered]) -> anyhow::Result<Comparison> {
    let ledger: Ledger = parts.sandbox.get("/sandbox/ledger").await?;
    let mut comparison = Comparison::default();
    let mut known = BTreeSet::new();
    for loan in loans {
        let plan: Value = parts
            .api
            .get(&format!("/v1/plans/{}", loan.plan_id))
            .await?;
        let instalments = plan
            .get("instalments")
            .and_then(Value::as_array)
            .context("no instalments")?;
        for instalment in instalments {
            compare_instalment(&mut comparison, &mut known, loan, instalment, &ledger);
        }
        compare_windows(&mut comparison, loan, &plan, &ledger);
        let state = plan.get("state").and_then(Value::as_str);
        comparison.check(state == Some("completed"), || {
            format!("{}: {state:?}", loan.name)
        });
    }
    compare_totals(&mut comparison, &known, &ledger);
    Ok(comparison)
}

fn compare_instalment(
    comparison: &mut Comparison,
    known: &mut BTreeSet<String>,
    loan: &Registered,
    instalment: &Value,
    ledger: &Ledger,
) {
    let uids = uids(instalment);
    let theirs: Vec<&LedgerPayment> = ledger
        .payments
        .iter()
        .filter(|payment| uids.contains(&payment.uid))
        .collect();
    let settled: Vec<&LedgerPayment> = theirs
        .iter()
        .copied()
        .filter(|payment| payment.state == "settled")
        .collect();
    let line = line(loan, instalment, &theirs);
    let name = format!("{} instalment {}", loan.name, line.sequence);
    known.extend(uids);

    comparison.total += 1;
    comparison.check(line.outcome == "collected", || {
        format!("{name} is {}, not collected", line.outcome)
    });
    comparison.check(settled.len() == 1, || {
        format!("{name}: {} payments settled at the provider", settled.len())
    });
    for payment in settled {
        compare_settled(comparison, loan, &name, &line, payment);
    }
    if line.outcome == "collected" {
        comparison.collected += 1;
        comparison.collected_cents += line.amount;
    }
    comparison.lines.push(line);
}

fn compare_settled(
    comparison: &mut Comparison,
    loan: &Registered,
    name: &str,
    line: &Line,
    payment: &LedgerPayment,
) {
    let due_date = &line.due_date;
    comparison.check(payment.amount == line.amount, || {
        format!(
            "{name}: {} cents settled, {} due",
            payment.amount, line.amount
        )
    });
    comparison.check(payment.agreement_uid == loan.agreement_uid, || {
        format!("{name}: settled under another agreement")
    });
    comparison.check(*due_date <= payment.created_date, || {
        format!(
            "{name}: collected on {} before it was due",
            payment.created_date
        )
    });
    let in_window = payment
        .window
        .as_ref()
        .is_some_and(|window| window.first_date <= *due_date && *due_date <= window.last_date);
    comparison.check(in_window, || {
        format!("{name}: collected outside its window")
    });
}

/// The uids under which an instalment was ever sent.
fn uids(instalment: &Value) -> Vec<String> {
    let payments = instalment.get("payments").and_then(Value::as_array);
    let uid = |payment: &Value| {
        payment
            .get("uid")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    payments.into_iter().flatten().filter_map(uid).collect()
}

fn line(loan: &Registered, instalment: &Value, theirs: &[&LedgerPayment]) -> Line {
    let text = |key: &str| {
        instalment
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let number = |key: &str| instalment.get(key).and_then(Value::as_i64).unwrap_or(0);
    let settled_at = theirs.iter().find_map(|payment| payment.settled_at.clone());
    Line {
        loan: loan.name.clone(),
        sequence: number("sequence"),
        due_date: text("due_date"),
        window: window_text(instalment),
        amount: number("amount"),
        submissions: theirs.iter().map(|payment| payment.submissions).sum(),
        outcome: text("state"),
        settled_at: settled_at.unwrap_or_default(),
    }
}

fn window_text(instalment: &Value) -> String {
    let date = |key: &str| {
        instalment
            .pointer(key)
            .and_then(Value::as_str)
            .unwrap_or("?")
    };
    format!(
        "{} … {}",
        date("/window/first_date"),
        date("/window/last_date")
    )
}

/// In no window may more payments have settled than the terms allow.
fn compare_windows(comparison: &mut Comparison, loan: &Registered, plan: &Value, ledger: &Ledger) {
    let allowed = plan
        .pointer("/agreement/payment_terms/count")
        .and_then(Value::as_u64)
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(1);
    let mut settled: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for payment in &ledger.payments {
        if payment.agreement_uid != loan.agreement_uid || payment.state != "settled" {
            continue;
        }
        if let Some(window) = &payment.window {
            *settled
                .entry((&window.first_date, &window.last_date))
                .or_default() += 1;
        }
    }
    for ((first, last), count) in settled {
        comparison.check(count <= allowed, || {
            format!(
                "{}: {count} payments in {first} … {last}, {allowed} allowed",
                loan.name
            )
        });
    }
}

fn compare_totals(comparison: &mut Comparison, known: &BTreeSet<String>, ledger: &Ledger) {
    let settled: Vec<&LedgerPayment> = ledger
        .payments
        .iter()
        .filter(|payment| payment.state == "settled")
        .collect();
    comparison.ledger_settled = settled.len();
    for payment in &ledger.payments {
        comparison.check(known.contains(&payment.uid), || {
            format!(
                "the provider has a payment {} that Paydown does not",
                payment.uid
            )
        });
        let is_decided = payment.state == "settled" || payment.state == "failed";
        comparison.check(is_decided, || {
            format!(
                "payment {} is still {} at the provider",
                payment.uid, payment.state
            )
        });
    }
    // A repeated creation is the one refusal that a lost answer may cause.
    for refusal in &ledger.refusals {
        let is_repetition = refusal
            .codes
            .iter()
            .all(|code| code == "ZPPAY00" || code == "ZPAGR00");
        comparison.check(is_repetition, || {
            format!(
                "the provider refused {} {:?}: {:?}",
                refusal.operation, refusal.uid, refusal.codes
            )
        });
    }
    let sum: i64 = settled.iter().map(|payment| payment.amount).sum();
    let totals = &ledger.totals;
    comparison.check(totals.settled_cents == sum, || {
        "the ledger does not add up".to_owned()
    });
    let count = i64::try_from(settled.len()).unwrap_or(i64::MAX);
    comparison.check(totals.settled_count == count, || {
        "the ledger miscounts".to_owned()
    });
    let ours = comparison.collected_cents;
    comparison.check(ours == sum, || {
        format!("Paydown collected {ours} cents, the provider {sum}")
    });
    let (collected, theirs) = (comparison.collected, settled.len());
    comparison.check(collected == theirs, || {
        format!("Paydown collected {collected} instalments, the provider settled {theirs}")
    });
}
