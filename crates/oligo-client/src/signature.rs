//! The `Split-Signature` header: who sent a webhook.

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// A webhook is not shown to come from the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is not a time and at least one signature.
    #[error("the signature header is malformed")]
    Malformed,
    /// No signature was made with any of the secrets over this body and time.
    #[error("no signature matches")]
    NoMatch,
    /// It was made too long ago, or too far ahead, to be believed.
    #[error("the signature is not of this time")]
    OutOfTime,
}

/// The longest header that is looked at, in bytes. One signature takes 75.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// Checks a webhook's `Split-Signature` and that it was made within `tolerance` of `now`, either
/// way. Zepto sets no tolerance; its integrators use 300 s.
///
/// # Errors
///
/// Fails as [`verify_signature`] does, and when the time is too far away.
pub fn verify_signature_in_time(
    secrets: &[SecretString],
    header: &str,
    raw: &[u8],
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> Result<DateTime<Utc>, SignatureError> {
    let signed_at = verify_signature(secrets, header, raw)?;
    if (now - signed_at).abs() <= tolerance {
        Ok(signed_at)
    } else {
        Err(SignatureError::OutOfTime)
    }
}

/// Checks a webhook's `Split-Signature` and returns the time it was signed at.
///
/// The header is `<unix seconds>.<hex HMAC-SHA256>[.<more>]`; signed are the seconds as received,
/// a dot, and the raw body. Several secrets may be live while one replaces another. How old a
/// time is still believed is the caller's rule. An empty secret matches nothing.
///
/// # Errors
///
/// Fails when the header is malformed, or when no signature in it matches any of the secrets.
pub fn verify_signature(
    secrets: &[SecretString],
    header: &str,
    raw: &[u8],
) -> Result<DateTime<Utc>, SignatureError> {
    if HEADER_BYTES_MAX < header.len() {
        return Err(SignatureError::Malformed);
    }
    let (seconds, candidates) = header
        .trim()
        .split_once('.')
        .ok_or(SignatureError::Malformed)?;
    let signed_at = signed_at(seconds)?;

    let mut matched = Choice::from(0);
    for secret in secrets
        .iter()
        .filter(|secret| !secret.expose_secret().is_empty())
    {
        let expected = expected_hex(secret, seconds, raw)?;
        for candidate in candidates.split('.') {
            matched |= expected.as_bytes().ct_eq(candidate.as_bytes());
        }
    }

    if bool::from(matched) {
        Ok(signed_at)
    } else {
        Err(SignatureError::NoMatch)
    }
}

fn signed_at(seconds: &str) -> Result<DateTime<Utc>, SignatureError> {
    // A sign or a space would parse, and would be signed as received.
    if !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::Malformed);
    }
    let seconds: i64 = seconds.parse().map_err(|_| SignatureError::Malformed)?;
    DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::Malformed)
}

fn expected_hex(
    secret: &SecretString,
    seconds: &str,
    raw: &[u8],
) -> Result<String, SignatureError> {
    // HMAC takes a key of any length; the library cannot say so in its type.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| SignatureError::NoMatch)?;
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(raw);
    Ok(HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"full payload of the request";
    const SIGNATURE: &str = "f04cb05adb985b29d84616fbf3868e8e58403ff819cdc47ad8fc47e6acbce29f";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    #[test]
    fn the_published_vector_verifies() {
        let header = format!("1514772000.{SIGNATURE}");
        let signed_at = verify_signature(&secrets(&["1234"]), &header, BODY).unwrap();
        assert_eq!(signed_at.timestamp(), 1_514_772_000);
    }

    #[test]
    fn any_signature_by_any_live_secret_is_enough() {
        let header = format!("1514772000.{}.{SIGNATURE}.later-part", "0".repeat(64));
        let live = secrets(&["new", "1234"]);
        assert!(verify_signature(&live, &header, BODY).is_ok());
    }

    #[test]
    fn another_body_time_or_secret_does_not_verify() {
        let header = format!("1514772000.{SIGNATURE}");
        let no_match = Err(SignatureError::NoMatch);
        assert_eq!(
            verify_signature(&secrets(&["1234"]), &header, b"another"),
            no_match
        );
        assert_eq!(
            verify_signature(&secrets(&["12345"]), &header, BODY),
            no_match
        );
        assert_eq!(verify_signature(&[], &header, BODY), no_match);
        let later = format!("1514772001.{SIGNATURE}");
        assert_eq!(
            verify_signature(&secrets(&["1234"]), &later, BODY),
            no_match
        );
        let cut = format!("1514772000.{}", &SIGNATURE[..63]);
        assert_eq!(verify_signature(&secrets(&["1234"]), &cut, BODY), no_match);
    }

    #[test]
    fn a_signature_is_believed_within_its_tolerance_and_not_outside_it() {
        let header = format!("1514772000.{SIGNATURE}");
        let tolerance = TimeDelta::seconds(300);
        let cases = [
            (-301, Err(SignatureError::OutOfTime)),
            (-300, Ok(1_514_772_000)),
            (0, Ok(1_514_772_000)),
            (300, Ok(1_514_772_000)),
            (301, Err(SignatureError::OutOfTime)),
        ];
        for (seconds, expected) in cases {
            let now = DateTime::from_timestamp(1_514_772_000 + seconds, 0).unwrap();
            let outcome =
                verify_signature_in_time(&secrets(&["1234"]), &header, BODY, now, tolerance);
            assert_eq!(outcome.map(|at| at.timestamp()), expected, "{seconds}");
        }
        let now = DateTime::from_timestamp(1_514_772_000, 0).unwrap();
        let outcome = verify_signature_in_time(&secrets(&["x"]), &header, BODY, now, tolerance);
        assert_eq!(outcome, Err(SignatureError::NoMatch));
    }

    #[test]
    fn a_header_longer_than_any_signature_is_malformed() {
        let header = format!("1514772000.{SIGNATURE}{}", ".0".repeat(HEADER_BYTES_MAX));
        let outcome = verify_signature(&secrets(&["1234"]), &header, BODY);
        assert_eq!(outcome, Err(SignatureError::Malformed));
    }

    #[test]
    fn an_empty_secret_matches_nothing_even_a_signature_made_with_it() {
        let empty = SecretString::from("");
        let header = format!(
            "1514772000.{}",
            expected_hex(&empty, "1514772000", BODY).unwrap()
        );
        assert_eq!(
            verify_signature(&[empty], &header, BODY),
            Err(SignatureError::NoMatch)
        );
    }

    #[test]
    fn a_header_without_a_plain_time_is_malformed() {
        for header in [
            "",
            "1514772000",
            "x.y",
            ".aa",
            "+1514772000.aa",
            "99999999999999999999.aa",
        ] {
            let outcome = verify_signature(&secrets(&["1234"]), header, BODY);
            assert_eq!(outcome, Err(SignatureError::Malformed), "{header}");
        }
    }
}
