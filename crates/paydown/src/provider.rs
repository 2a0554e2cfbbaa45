//! The provider's client, with what holds it back and a token that can be exchanged while it runs.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use futures::future::BoxFuture;
use oligo_client::{CircuitConfig, ClientConfig, OligoClient, Permits, RateConfig, Wait};
use secrecy::{ExposeSecret, SecretString};
use store::Store;
use store::turns::Flow;
use tokio_util::sync::CancellationToken;

use flows::provider::Provider;

use crate::config::{ProviderConfig, ProviderKind};

/// How often a file that holds the token is read again.
const TOKEN_LOOK: Duration = Duration::from_secs(5);

/// How long a call waits for its turn in this process before it is put off.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// How long a call is put off when nobody can say whose turn it is.
const TURN_UNKNOWN: Duration = Duration::from_secs(1);

/// The provider that `config` names. A token from a file is read again until `stop`.
///
/// # Errors
///
/// Fails when its address or its token is missing or cannot be used.
pub fn start(
    config: &ProviderConfig,
    store: &Store,
    stop: &CancellationToken,
) -> anyhow::Result<Provider> {
    match config.kind {
        ProviderKind::Oligo => {
            let base_url = config
                .base_url
                .clone()
                .context("provider.base_url is not set")?;
            let token = first_token(config)?;
            let mut client = ClientConfig::new(base_url, token.clone());
            client.connect_timeout = Duration::from_millis(config.connect_timeout_ms);
            client.total_timeout = Duration::from_millis(config.total_timeout_ms);
            client.answer_bytes_max = usize::try_from(config.answer_bytes_max)?;
            client.circuit = (0 < config.circuit_failures).then(|| CircuitConfig {
                failures: config.circuit_failures,
                pause: Duration::from_millis(config.circuit_pause_ms),
            });
            client.rate = NonZeroU32::new(config.calls_per_second).map(|per_second| RateConfig {
                per_second,
                burst: per_second,
                wait_max: TURN_WAIT,
            });
            client.permits = NonZeroU32::new(config.calls_per_second_shared)
                .map(|per_second| SharedRate::arc(store.clone(), per_second));
            let client = OligoClient::new(client)?;
            if let Some(file) = config.token_file.clone() {
                let following = follow_token(client.clone(), file, token);
                tokio::spawn(stop.clone().run_until_cancelled_owned(following));
            }
            Ok(Provider::Oligo(client))
        }
    }
}

fn first_token(config: &ProviderConfig) -> anyhow::Result<SecretString> {
    match &config.token_file {
        Some(file) => token_in(file)
            .with_context(|| format!("provider.token_file: {} has no token", file.display())),
        None => {
            let told = "neither provider.token nor provider.token_file is set";
            config.token.clone().context(told)
        }
    }
}

/// What a file holds, without the white space around it.
fn token_in(file: &Path) -> anyhow::Result<SecretString> {
    let text = SecretString::from(std::fs::read_to_string(file)?);
    let token = text.expose_secret().trim();
    anyhow::ensure!(!token.is_empty(), "the file is empty");
    Ok(SecretString::from(token))
}

/// Exchanges the token whenever the file holds another. A file that cannot be read leaves the token as it is.
async fn follow_token(client: OligoClient, file: PathBuf, mut held: SecretString) {
    loop {
        tokio::time::sleep(TOKEN_LOOK).await;
        match token_in(&file) {
            Ok(token) if token.expose_secret() == held.expose_secret() => {}
            Ok(token) => match client.rotate_token(&token) {
                Ok(()) => {
                    tracing::info!("the provider's token was exchanged");
                    held = token;
                }
                Err(error) => tracing::error!(%error, "the new token cannot be used"),
            },
            Err(error) => tracing::warn!(%error, "the provider's token cannot be read again"),
        }
    }
}

/// The limit that all processes keep together, in the database.
struct SharedRate {
    store: Store,
    flow: Flow,
}

impl SharedRate {
    fn arc(store: Store, per_second: NonZeroU32) -> std::sync::Arc<dyn Permits> {
        let flow = Flow {
            per_second,
            burst: per_second,
        };
        std::sync::Arc::new(SharedRate { store, flow })
    }
}

impl Permits for SharedRate {
    fn take(&self) -> BoxFuture<'_, Result<(), Wait>> {
        Box::pin(async {
            match self.store.take_turn("oligo", self.flow).await {
                Ok(None) => Ok(()),
                Ok(Some(retry_in)) => Err(Wait { retry_in }),
                Err(error) => {
                    tracing::warn!(%error, "nobody can say whose turn it is; the call is put off");
                    Err(Wait {
                        retry_in: TURN_UNKNOWN,
                    })
                }
            }
        })
    }
}

impl fmt::Debug for SharedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRate")
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_a_file_without_the_space_around_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        std::fs::write(&file, " tok-1\n").expect("written");

        let config = ProviderConfig {
            token_file: Some(file.clone()),
            ..ProviderConfig::default()
        };
        let token = first_token(&config).expect("a token");
        assert_eq!(token.expose_secret(), "tok-1");

        std::fs::write(&file, "\n").expect("written");
        assert!(first_token(&config).is_err(), "an empty file has no token");
        assert!(first_token(&ProviderConfig::default()).is_err());
    }
}
