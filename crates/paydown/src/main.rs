//! `paydown`: see `paydown --help`.

use std::process::ExitCode;

use clap::Parser;
use paydown::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match paydown::cli::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {}", paydown::cli::told(&error));
            ExitCode::FAILURE
        }
    }
}
