//! `paydown keys`: the secret keys of an installation.

use std::path::PathBuf;

use clap::Subcommand;
use data_encoding::HEXLOWER;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::ExposeSecret;

use api::KeyMode;
use domain::uid::ApiKeyId;
use flows::clock::{Clock, fresh_uuid};
use store::Store;

use crate::config::{ClockSource, Sources, load};
use crate::{output, runtime};

/// What to do with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Print a fresh uid_key and data_key, for the file; keep them, they cannot be made again.
    Generate,
    /// Make a key to the admin API and print it, once; only its digest is kept.
    Create {
        /// What the key is called, 1 to 100 characters.
        #[arg(long)]
        name: String,
    },
}

/// # Errors
///
/// Fails when the system has no randomness, or the database of a new API key cannot be reached.
pub async fn run(action: &Action, file: Option<PathBuf>) -> anyhow::Result<()> {
    match action {
        Action::Generate => output::text(&section()?)?,
        Action::Create { name } => {
            let config = load(&Sources::of_process(file))?.config;
            let mode = match config.clock.source {
                ClockSource::Real => KeyMode::Live,
                ClockSource::Sandbox => KeyMode::Test,
            };
            let store = runtime::store(&config).await?;
            output::text(&create_api_key(&store, name, mode).await?)?;
            store.close().await;
        }
    }
    Ok(())
}

/// Registers a fresh API key and answers its secret, which is nowhere else.
///
/// # Errors
///
/// Fails when the database does, or the name is not 1 to 100 characters long.
pub async fn create_api_key(store: &Store, name: &str, mode: KeyMode) -> anyhow::Result<String> {
    let secret = api::new_api_key_secret(mode).expose_secret().to_owned();
    let id = ApiKeyId::new(fresh_uuid());
    let now = Clock::real().now();
    store
        .create_api_key(name, api::api_key_digest(&secret), id, now)
        .await?;
    Ok(secret)
}

fn section() -> anyhow::Result<String> {
    let (uid_key, data_key) = (fresh()?, fresh()?);
    Ok(format!(
        "[keys]\nuid_key = \"{uid_key}\"\ndata_key = \"{data_key}\""
    ))
}

/// 32 random bytes in hex.
pub(crate) fn fresh() -> anyhow::Result<String> {
    let mut key = [0; 32];
    SysRng.try_fill_bytes(&mut key)?;
    Ok(HEXLOWER.encode(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_a_valid_file_and_new_every_time() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let section = section().expect("the system has randomness");
        std::fs::write(directory.path().join("paydown.toml"), &section).expect("written");

        let directory = directory.path().to_owned();
        let config = load(&Sources {
            directory,
            ..Sources::default()
        })
        .expect("valid")
        .config;
        assert!(config.keys.uid_key.is_some() && config.keys.data_key.is_some());
        assert_ne!(
            section,
            super::section().expect("the system has randomness")
        );
    }
}
