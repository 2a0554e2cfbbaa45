//! Clearing up: every agreement of a run is cancelled at its end.

use reqwest::Method;

use super::case::Token;
use super::provider::Provider;

/// Cancels the agreements under `uids`; those that may still be alive afterwards.
pub(super) async fn cancel_all(provider: &Provider, uids: &[String]) -> Vec<String> {
    let mut left = Vec::new();
    for uid in uids {
        if !is_ended(provider, uid).await {
            left.push(uid.clone());
        }
    }
    left
}

/// Whether its cancellation was taken, or refused because it has ended or is about to.
async fn is_ended(provider: &Provider, uid: &str) -> bool {
    let Some(url) = provider.url(&format!("/payto/agreements/{uid}/cancellation")) else {
        return false;
    };
    let body = r#"{"reason":"initiating_party_requested"}"#.to_owned();
    let reply = provider.call(Method::POST, url, Token::Given, Some(body));
    match reply.await {
        Ok(reply) => reply.status == 202 || reply.status == 422,
        Err(_) => false,
    }
}
