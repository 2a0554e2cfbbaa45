//! How values that are not plain numbers or words are read and written.

use data_encoding::HEXLOWER_PERMISSIVE;

/// What stands in for a secret wherever a configuration is written out.
pub const MASK: &str = "(secret, set)";

/// The 32 bytes a hex key stands for; `None` when it is not 64 hex digits.
pub fn key_bytes(hex: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .ok()?
        .try_into()
        .ok()
}

/// An optional secret: read as text, written as [`MASK`].
pub mod secret {
    use secrecy::SecretString;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(
        secret: &Option<SecretString>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(|_| super::MASK).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretString>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
    }
}

/// A list of secrets: read as texts, each written as [`MASK`].
pub mod secrets {
    use secrecy::SecretString;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        secrets: &[SecretString],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(secrets.iter().map(|_| super::MASK))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<SecretString>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        Ok(texts.into_iter().map(SecretString::from).collect())
    }
}

/// An optional value that is read from and written as its text.
pub mod parsed {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .map(ToString::to_string)
            .serialize(serializer)
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_exactly_32_bytes_of_hex_in_either_case() {
        assert_eq!(key_bytes(&"aB".repeat(32)), Some([0xab; 32]));
        assert_eq!(key_bytes(&"ab".repeat(31)), None);
        assert_eq!(key_bytes(&"zz".repeat(32)), None);
    }
}
