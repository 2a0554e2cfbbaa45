//! `paydown keys`: the secret keys of an installation, and the keys to its admin API.

use std::path::PathBuf;

use anyhow::Context;
use chrono::SecondsFormat;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::ExposeSecret;

use api::KeyMode;
use domain::date::Instant;
use domain::uid::ApiKeyId;
use flows::clock::{Clock, fresh_uuid};
use store::Store;
use store::keys::ApiKey;

use crate::config::{ClockSource, Config, Sources, load};
use crate::{output, runtime};

/// What to do with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Print a fresh uid_key and data_key, for the file; keep them, they cannot be made again.
    Generate {
        /// As variables, one VAR=value a line, instead of a section of the file.
        #[arg(long)]
        env: bool,
    },
    /// Make a key to the admin API and print it, once; only its digest is kept.
    Create {
        /// What the key is called, 1 to 100 characters.
        #[arg(long, value_parser = key_name)]
        name: String,
    },
    /// List the keys to the admin API, without their secrets.
    List,
    /// Revoke a key to the admin API, for ever.
    Revoke {
        /// Its id, or its name if no other key is called so.
        #[arg(value_name = "ID|NAME")]
        key: String,
    },
}

/// # Errors
///
/// Fails when the system has no randomness, or the database of a new API key cannot be reached.
pub async fn run(action: &Action, file: Option<PathBuf>) -> anyhow::Result<()> {
    match action {
        Action::Generate { env } => output::text(&generated(*env)?)?,
        Action::Create { name } => {
            let config = load(&Sources::of_process(file))?.config;
            let mode = match config.clock.source {
                ClockSource::Real => KeyMode::Live,
                ClockSource::Sandbox => KeyMode::Test,
            };
            let store = migrated(&config).await?;
            output::text(&create_api_key(&store, name, mode).await?)?;
            store.close().await;
        }
        Action::List => {
            let store = migrated(&load(&Sources::of_process(file))?.config).await?;
            list(&store.api_keys().await?)?;
            store.close().await;
        }
        Action::Revoke { key } => {
            let store = migrated(&load(&Sources::of_process(file))?.config).await?;
            let found = the_one(store.api_keys().await?, key)?;
            store
                .revoke_api_keys(&[found.id], Clock::real().now())
                .await?;
            output::text(&format!("revoked {} ({})", found.id, found.name))?;
            store.close().await;
        }
    }
    Ok(())
}

/// A store whose schema is this binary's.
async fn migrated(config: &Config) -> anyhow::Result<Store> {
    let store = runtime::store(config).await?;
    store.check().await.context("the database is not ready")?;
    Ok(store)
}

fn list(keys: &[ApiKey]) -> std::io::Result<()> {
    let at = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let rows = keys.iter().map(|key| {
        let revoked = key.revoked_at.map(at).unwrap_or_default();
        vec![
            key.id.to_string(),
            key.name.clone(),
            at(key.created_at),
            revoked,
        ]
    });
    output::table(&["ID", "NAME", "CREATED", "REVOKED"], rows)
}

/// The good key of this id or name.
fn the_one(keys: Vec<ApiKey>, wanted: &str) -> anyhow::Result<ApiKey> {
    let id: Option<ApiKeyId> = wanted.parse().ok();
    let is_wanted = |key: &ApiKey| match id {
        Some(id) => key.id == id,
        None => key.name == wanted,
    };
    let mut good: Vec<ApiKey> = keys
        .into_iter()
        .filter(|key| key.revoked_at.is_none() && is_wanted(key))
        .collect();
    let ids: Vec<String> = good.iter().map(|key| key.id.to_string()).collect();
    let only = good.pop().with_context(|| {
        format!("no key that is not revoked has the id or name {wanted:?}; see `paydown keys list`")
    })?;
    let ids = ids.join(", ");
    anyhow::ensure!(
        good.is_empty(),
        "several keys are called {wanted:?}; revoke one by its id: {ids}"
    );
    Ok(only)
}

/// Revokes every key of this name.
///
/// # Errors
///
/// Fails when the database does.
pub async fn revoke_named(store: &Store, name: &str) -> anyhow::Result<()> {
    let mut keys = store.api_keys().await?;
    keys.retain(|key| key.name == name);
    let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.id).collect();
    store.revoke_api_keys(&ids, Clock::real().now()).await?;
    Ok(())
}

/// A name that can be listed and typed.
fn key_name(text: &str) -> Result<String, String> {
    let is_clean = text.trim() == text && !text.contains(char::is_control);
    if !is_clean || !(1..=100).contains(&text.chars().count()) {
        return Err(
            "a name is 1 to 100 characters, none of them a control character, no blank at either end"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
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

fn generated(env: bool) -> anyhow::Result<String> {
    let (uid_key, data_key) = (fresh()?, fresh()?);
    Ok(if env {
        format!("PAYDOWN_KEYS__UID_KEY={uid_key}\nPAYDOWN_KEYS__DATA_KEY={data_key}")
    } else {
        format!("[keys]\nuid_key = \"{uid_key}\"\ndata_key = \"{data_key}\"")
    })
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
        let section = generated(false).expect("the system has randomness");
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
            generated(false).expect("the system has randomness")
        );
    }

    #[test]
    fn what_is_generated_as_variables_is_a_valid_environment() {
        let text = generated(true).expect("the system has randomness");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let directory = tempfile::TempDir::new().expect("a directory");
        let config = load(&Sources {
            directory: directory.path().to_owned(),
            variables: variables.collect(),
            ..Sources::default()
        })
        .expect("valid")
        .config;
        assert!(config.keys.uid_key.is_some() && config.keys.data_key.is_some());
    }

    #[test]
    fn a_key_is_revoked_by_its_id_and_by_its_name_only_where_that_is_one_key() {
        let at: Instant = "2026-01-05T00:00:00Z".parse().expect("an instant");
        let key = |name: &str, revoked: bool| ApiKey {
            id: ApiKeyId::new(fresh_uuid()),
            name: name.to_owned(),
            created_at: at,
            revoked_at: revoked.then_some(at),
        };
        let keys = vec![
            key("lender", true),
            key("lender", false),
            key("two", false),
            key("two", false),
        ];
        let chosen = |wanted: &str| the_one(keys.clone(), wanted).map(|key| key.id);

        assert_eq!(chosen("lender").expect("one is good"), keys[1].id);
        assert_eq!(chosen(&keys[3].id.to_string()).expect("by id"), keys[3].id);
        assert!(chosen(&keys[0].id.to_string()).is_err(), "revoked already");
        assert!(chosen("nobody").is_err());
        let several = chosen("two").expect_err("which?").to_string();
        assert!(several.contains(&keys[2].id.to_string()), "{several}");
    }
}
