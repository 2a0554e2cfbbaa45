//! The bearer token: never printed, and exchanged while calls are under way.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use crate::error::BuildError;

/// The token all clones of a client share. Its `Debug` says nothing.
#[derive(Clone)]
pub(crate) struct Token {
    header: Arc<watch::Sender<HeaderValue>>,
}

impl Token {
    pub(crate) fn new(token: &SecretString) -> Result<Token, BuildError> {
        Ok(Token {
            header: Arc::new(watch::Sender::new(bearer(token)?)),
        })
    }

    /// Takes effect for the calls that start from now on. A token that cannot be used changes
    /// nothing.
    pub(crate) fn rotate(&self, token: &SecretString) -> Result<(), BuildError> {
        self.header.send_replace(bearer(token)?);
        Ok(())
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.borrow().clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, BuildError> {
    let token = token.expose_secret();
    if token.trim().is_empty() {
        return Err(BuildError::Token);
    }
    let mut bearer =
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| BuildError::Token)?;
    // Kept out of every `Debug`, and out of HTTP/2's shared table of headers.
    bearer.set_sensitive(true);
    Ok(bearer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        let token = Token::new(&"s3cret".into()).unwrap();
        let printed = format!("{token:?} {:?}", token.header());
        assert!(!printed.contains("s3cret"), "{printed}");
    }

    #[test]
    fn a_token_that_cannot_be_used_leaves_the_old_one_in_place() {
        let token = Token::new(&"first".into()).unwrap();
        for wrong in ["", " ", "two\nlines"] {
            let refused = token.rotate(&wrong.into());
            assert!(matches!(refused, Err(BuildError::Token)), "{wrong:?}");
        }
        assert_eq!(token.header(), "Bearer first");
    }
}
