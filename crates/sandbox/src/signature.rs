//! `Split-Signature`: the upstream's way to sign an event, for each of the endpoint's secrets.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `<unix seconds>.<hex hmac>[.<hex hmac>…]`; none without a secret.
pub(crate) fn signature(secrets: &[String], at: DateTime<Utc>, body: &str) -> Option<String> {
    if secrets.is_empty() {
        return None;
    }
    let seconds = at.timestamp();
    let signed = format!("{seconds}.{body}");
    let parts = secrets
        .iter()
        .filter_map(|secret| hex_hmac(secret, &signed))
        .fold(seconds.to_string(), |header, one| format!("{header}.{one}"));
    Some(parts)
}

fn hex_hmac(secret: &str, text: &str) -> Option<String> {
    // A key of any length will do, so there is always one.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstreams_own_example_is_signed_as_it_says() {
        let at = DateTime::from_timestamp(1_514_772_000, 0).expect("an instant");
        let body = "full payload of the request";
        let one = "f04cb05adb985b29d84616fbf3868e8e58403ff819cdc47ad8fc47e6acbce29f";
        let secret = "1234".to_owned();
        assert_eq!(
            signature(std::slice::from_ref(&secret), at, body),
            Some(format!("1514772000.{one}"))
        );
        let both = signature(&[secret.clone(), secret], at, body);
        assert_eq!(both, Some(format!("1514772000.{one}.{one}")));
        assert_eq!(signature(&[], at, body), None);
    }
}
