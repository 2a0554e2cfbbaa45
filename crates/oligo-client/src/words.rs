//! The two kinds of wire word: closed ones we send, open ones we are told.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A closed list of words that has a spelling on the wire.
pub trait WireWord: Sized {
    /// The word as Oligo spells it.
    fn as_str(&self) -> &'static str;

    /// The value whose spelling is exactly `word`, if the list has one.
    fn from_word(word: &str) -> Option<Self>;
}

/// A word of a closed list as Oligo reported it.
///
/// Oligo's lists may grow without notice, so an answer never fails for a new word.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reported<T> {
    /// A word of the list.
    Known(T),
    /// A word the list does not have, as it came.
    Unrecognised(String),
}

impl<T> Reported<T> {
    /// The word, when the list has it.
    pub fn known(&self) -> Option<&T> {
        match self {
            Reported::Known(word) => Some(word),
            Reported::Unrecognised(_) => None,
        }
    }
}

impl<'de, T: WireWord> Deserialize<'de> for Reported<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(T::from_word(&word).map_or(Reported::Unrecognised(word), Reported::Known))
    }
}

impl<T: WireWord> Serialize for Reported<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Reported::Known(word) => serializer.serialize_str(word.as_str()),
            Reported::Unrecognised(word) => serializer.serialize_str(word),
        }
    }
}

/// Declares an enum of words that may be sent: an unknown word does not parse.
macro_rules! closed_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word of the list, in Oligo's order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word as Oligo spells it.
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl crate::words::WireWord for $name {
            fn as_str(&self) -> &'static str {
                $name::as_str(self)
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Declares an enum of words Oligo tells: an unknown word is kept as it came.
macro_rules! open_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word this list does not have, as it came.
            Unrecognised(String),
        }

        impl $name {
            /// Every word of the list but the unrecognised ones.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word as Oligo spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $word,)+
                    $name::Unrecognised(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => $name::$variant,)+
                    _ => $name::Unrecognised(word.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                Ok($name::from(word.as_str()))
            }
        }
    };
}
