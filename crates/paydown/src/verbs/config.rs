//! `paydown config`: what can be configured, and what is.

use std::path::PathBuf;

use clap::Subcommand;

use crate::config::keys::KEYS;
use crate::config::{Sources, load};
use crate::output;

/// What to print.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// Print every key, its default, its rule and its purpose.
    Keys,
    /// Print every key's value and where it came from; of a secret only whether it is set.
    Show,
}

/// Prints what can be configured, or what is.
///
/// # Errors
///
/// Fails when the configuration is not valid.
pub fn run(action: &Action, file: Option<PathBuf>) -> anyhow::Result<()> {
    match action {
        Action::Keys => {
            // Of no file and no environment: what stands then is the default.
            let defaults = load(&Sources {
                directory: nowhere(),
                ..Sources::default()
            })?;
            let rows = defaults
                .settings()
                .into_iter()
                .zip(KEYS)
                .map(|(default, key)| {
                    let (rule, default) = (key.kind.rule(), or_dash(default.value));
                    vec![key.path.to_owned(), default, rule, key.about.to_owned()]
                });
            output::table(&["KEY", "DEFAULT", "RULE", "FOR"], rows)?;
            output::text("\nAs a variable: PAYDOWN_WORKER__LEASE_MS sets worker.lease_ms.")?;
        }
        Action::Show => {
            let settings = load(&Sources::of_process(file))?.settings();
            let rows = settings.into_iter().map(|setting| {
                vec![
                    setting.key.path.to_owned(),
                    or_dash(setting.value),
                    setting.source,
                ]
            });
            output::table(&["KEY", "VALUE", "FROM"], rows)?;
        }
    }
    Ok(())
}

fn nowhere() -> PathBuf {
    PathBuf::from("/nonexistent")
}

fn or_dash(value: String) -> String {
    if value.is_empty() {
        "-".to_owned()
    } else {
        value
    }
}
