//! `paydown fit`: whether a schedule fits an agreement for its whole life, or which one it fits.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use domain::fit::{
    CounterExample, Demand, Proof, ProposalPolicy, ProposeError, Validity, propose, prove,
};
use domain::terms::PaymentTerms;
use domain::violation::Violation;

use crate::output;

mod answer;
mod plan;

use answer::{Answer, Fitting};
use plan::{Agreement, Plan};

/// The exit code where there is no verdict: an input that cannot be judged, as of a wrong command
/// line, or an output that takes no answer.
const NO_VERDICT: u8 = 2;

/// Which plan.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan, as JSON: terms (or null), dates, instalments; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A judged plan.
enum Verdict {
    /// It fits these terms and dates; the reason is there where they were proposed.
    Fits {
        terms: PaymentTerms,
        validity: Validity,
        proof: Proof,
        reason: Option<String>,
    },
    /// It does not.
    DoesNotFit(CounterExample),
}

/// Prints the verdict. Exits with 0 when the schedule fits, 1 when not, 2 when the input is wrong or
/// the verdict cannot be written.
///
/// # Errors
///
/// Never fails: what goes wrong is told here, so that 1 has one meaning.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = match arguments.file.to_str() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        Some(_) | None => fs::read_to_string(&arguments.file),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            eprintln!("Error: cannot read {}: {error}", arguments.file.display());
            return Ok(ExitCode::from(NO_VERDICT));
        }
    };
    let (plan, verdict) = match judged(&text) {
        Ok(judged) => judged,
        Err(broken) => {
            for violation in &broken {
                eprintln!("Error: {}", told(violation));
            }
            return Ok(ExitCode::from(NO_VERDICT));
        }
    };

    let answer = answer_of(&plan, &verdict);
    let written = if arguments.json {
        output::json(&answer)
    } else {
        output::table(&["FIT", ""], answer.rows())
    };
    if let Err(error) = written {
        eprintln!("Error: cannot write the verdict: {error:#}");
        return Ok(ExitCode::from(NO_VERDICT));
    }
    Ok(match verdict {
        Verdict::Fits { .. } => ExitCode::SUCCESS,
        Verdict::DoesNotFit(_) => ExitCode::FAILURE,
    })
}

/// A broken rule with its place and its name, on one line.
fn told(violation: &Violation) -> String {
    let Violation {
        pointer,
        code,
        detail,
    } = violation;
    let place = match pointer.as_str() {
        "" => "the document",
        pointer => pointer,
    };
    format!("{place} ({code}): {detail}")
}

/// Reads a plan and judges it.
fn judged(text: &str) -> Result<(Plan, Verdict), Vec<Violation>> {
    let plan = Plan::read(text)?;
    let verdict = judge(&plan)?;
    Ok((plan, verdict))
}

fn judge(plan: &Plan) -> Result<Verdict, Vec<Violation>> {
    let demand = Demand::new(plan.reading.readings(), plan.retry_days);
    let (terms, validity, reason) = match plan.agreement {
        Agreement::Given { terms, validity } => (terms, validity, None),
        Agreement::Wanted { earliest_start } => {
            let policy = ProposalPolicy::new(earliest_start, plan.retry_days);
            match propose(&plan.schedule, &policy) {
                Ok(proposal) => (proposal.terms, proposal.validity, Some(proposal.reason)),
                Err(ProposeError::NothingFits(found)) => return Ok(Verdict::DoesNotFit(found)),
                Err(error @ ProposeError::FirstDueInPast { .. }) => {
                    let pointer = "/instalments/0/due_date";
                    let told = error.to_string();
                    return Err(vec![Violation::new(pointer, "first_due_in_past", told)]);
                }
            }
        }
    };
    Ok(match prove(&plan.schedule, &terms, validity, &demand) {
        Ok(proof) => Verdict::Fits {
            terms,
            validity,
            proof,
            reason,
        },
        Err(found) => Verdict::DoesNotFit(found),
    })
}

fn answer_of(plan: &Plan, verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::Fits {
            terms,
            validity,
            proof,
            reason,
        } => Answer::fits(Fitting {
            terms,
            validity: *validity,
            proof: *proof,
            reading: plan.reading.as_str(),
            retry_days: plan.retry_days,
            reason: reason.clone(),
        }),
        Verdict::DoesNotFit(found) => Answer::does_not_fit(found),
    }
}

#[cfg(test)]
mod tests;
