//! Personal data at rest: names, accounts and provider bodies are sealed before they reach a column.
//!
//! A sealed value is `version (1) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The column's name is the
//! associated data, so a value moved to another column does not open.

use aes_gcm::aead::{Aead, Generate, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::StoreError;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

/// The 256-bit key that seals personal data. It is configuration, never in the database.
#[derive(Clone)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A key of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> DataKey {
        DataKey(bytes)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Seals and opens values under one data key.
pub struct Vault {
    cipher: Aes256Gcm,
    fingerprint_key: [u8; 32],
}

impl Vault {
    /// A vault over `key`. Fingerprints use a second key derived from it.
    pub fn new(key: &DataKey) -> Vault {
        let mut mac = keyed(&key.0);
        mac.update(b"paydown account fingerprint");
        Vault {
            cipher: Aes256Gcm::new(&key.0.into()),
            fingerprint_key: mac.finalize().into_bytes().into(),
        }
    }

    /// Seals `plain` for `column` (`table.column`).
    ///
    /// # Errors
    ///
    /// Fails when the value is too long to be sealed (beyond 64 GiB).
    pub fn seal(&self, column: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = Nonce::generate();
        let payload = Payload {
            msg: plain,
            aad: column.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&nonce, payload)
            .map_err(|_| StoreError::Unsealable)?;
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    /// Opens what [`Vault::seal`] sealed for the same `column`.
    ///
    /// # Errors
    ///
    /// Fails when the value was sealed under another key, for another column, or was changed.
    pub fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (version, rest) = sealed.split_first().ok_or(StoreError::Unsealable)?;
        if *version != VERSION {
            return Err(StoreError::Unsealable);
        }
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(StoreError::Unsealable)?;
        let payload = Payload {
            msg: sealed,
            aad: column.as_bytes(),
        };
        self.cipher
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| StoreError::Unsealable)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`], and when the value is not UTF-8.
    pub fn open_text(&self, column: &str, sealed: &[u8]) -> Result<String, StoreError> {
        String::from_utf8(self.open(column, sealed)?).map_err(|_| StoreError::Unsealable)
    }

    /// A keyed fingerprint: equal for equal values, and tells nothing else about them.
    pub fn fingerprint(&self, value: &[u8]) -> Vec<u8> {
        let mut mac = keyed(&self.fingerprint_key);
        mac.update(value);
        mac.finalize().into_bytes().to_vec()
    }

    /// A text that tells two data keys apart without revealing either.
    pub fn key_fingerprint(&self) -> String {
        self.fingerprint(b"paydown data key")
            .iter()
            .take(8)
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    use hmac::KeyInit as _;
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&DataKey::new([byte; 32]))
    }

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_for_its_column() {
        let sealed = vault(1).seal("customer.name", b"Robin Sample").unwrap();

        assert_eq!(
            vault(1).open_text("customer.name", &sealed).unwrap(),
            "Robin Sample"
        );
        assert!(vault(2).open("customer.name", &sealed).is_err());
        assert!(vault(1).open("customer.account", &sealed).is_err());
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let vault = vault(1);
        let sealed = vault.seal("a.b", b"value").unwrap();

        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(vault.open("a.b", &changed).is_err(), "byte {index}");
            assert!(
                vault.open("a.b", &sealed[..index]).is_err(),
                "cut at {index}"
            );
        }
    }

    #[test]
    fn equal_values_have_equal_fingerprints_and_different_seals() {
        let vault = vault(1);

        assert_eq!(
            vault.fingerprint(b"062000-1"),
            vault.fingerprint(b"062000-1")
        );
        assert_ne!(
            vault.fingerprint(b"062000-1"),
            vault.fingerprint(b"062000-2")
        );
        assert_ne!(
            vault.seal("a.b", b"x").unwrap(),
            vault.seal("a.b", b"x").unwrap()
        );
    }
}
