//! Names of things: our own typed ids, and the uids under which the provider knows them.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use typeid_suffix::prelude::TypeIdSuffix;
use uuid::Uuid;

/// Why a text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not an id that begins with {expected}_")]
pub struct IdError {
    /// The prefix of the expected kind, without its underscore.
    pub expected: &'static str,
    /// The text as given, cut to 64 characters.
    pub given: String,
}

macro_rules! typed_ids {
    ($($name:ident $prefix:literal $what:literal;)+) => {$(
        #[doc = concat!("The id of ", $what, ", shown as `", $prefix, "_` and a TypeID suffix.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id that wraps `uuid`.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!(" use domain::uid::", stringify!($name), ";")]
            /// use uuid::Uuid;
            ///
            #[doc = concat!(" let id = ", stringify!($name), "::new(Uuid::nil());")]
            #[doc = concat!(" let text = \"", $prefix, "_00000000000000000000000000\";")]
            /// assert_eq!(id.to_string(), text);
            /// assert_eq!(text.parse(), Ok(id));
            /// ```
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The wrapped UUID, as the database stores it.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!(" use domain::uid::", stringify!($name), ";")]
            /// use uuid::Uuid;
            ///
            /// let uuid = Uuid::from_u128(7);
            #[doc = concat!(" assert_eq!(", stringify!($name), "::new(uuid).uuid(), uuid);")]
            /// ```
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, TypeIdSuffix::from(self.0))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_id(Self::PREFIX, text).map(Self)
            }
        }
    )+};
}

typed_ids! {
    CustomerId "cus" "a customer";
    PlanId "pln" "a repayment plan";
    InstalmentId "ins" "an instalment of a plan";
    AgreementId "agr" "a PayTo agreement";
    PaymentId "pay" "a payment: one collection of an instalment";
    EventId "evt" "an event of a thing's history";
    WebhookId "whk" "a webhook received from the provider";
    ExceptionId "exc" "an exception that waits for a person";
    ApiKeyId "key" "a caller's API key";
}

fn read_id(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .and_then(|suffix| {
            let uuid = suffix.parse::<TypeIdSuffix>().ok()?.to_uuid();
            // One text per id: a second spelling would pass as a different key elsewhere.
            (*TypeIdSuffix::from(uuid) == *suffix).then_some(uuid)
        })
        .ok_or_else(|| IdError {
            expected: prefix,
            given: text.chars().take(64).collect(),
        })
}

/// A uid under which the provider knows an agreement or a payment.
///
/// 1 to 64 characters of `A-Z a-z 0-9 _ ~ . -`, Oligo's pattern for every `uid`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderUid(String);

/// A text that does not have the shape of a provider's uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a uid has 1 to 64 characters of A-Z a-z 0-9 _ ~ . -")]
pub struct UidError;

impl ProviderUid {
    /// The uid written as `text`.
    ///
    /// # Errors
    ///
    /// Fails when `text` does not match `^[A-Za-z0-9_~.-]{1,64}$`.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::{ProviderUid, UidError};
    ///
    /// assert!(ProviderUid::parse("pd1-a.b_c~d").is_ok());
    /// assert_eq!(ProviderUid::parse("two words"), Err(UidError));
    /// ```
    pub fn parse(text: &str) -> Result<ProviderUid, UidError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.-".contains(&byte);
        if text.is_empty() || 64 < text.len() || !text.bytes().all(allowed) {
            return Err(UidError);
        }

        Ok(ProviderUid(text.to_owned()))
    }

    /// The uid's text.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::ProviderUid;
    ///
    /// assert_eq!(ProviderUid::parse("pd1-a.b_c~d")?.as_str(), "pd1-a.b_c~d");
    /// # Ok::<(), domain::uid::UidError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProviderUid {
    type Err = UidError;

    fn from_str(text: &str) -> Result<ProviderUid, UidError> {
        ProviderUid::parse(text)
    }
}

/// The secret from which provider uids are derived.
///
/// The same thing always gets the same uid, even when our row of it is lost and made again; so a
/// second request for it meets the provider's refusal of a duplicate instead of a second debit.
/// Losing or changing this key loses that.
#[derive(Clone)]
pub struct UidKey([u8; 32]);

impl UidKey {
    /// The key made of these 256 secret bits.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::UidKey;
    ///
    /// let key = UidKey::new([7; 32]);
    /// assert_eq!(format!("{key:?}"), "UidKey(redacted)");
    /// ```
    pub const fn new(key: [u8; 32]) -> UidKey {
        UidKey(key)
    }

    /// The uid of the `attempt`-th payment for an instalment; `pd1-` and 32 characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::{InstalmentId, UidKey};
    /// use uuid::Uuid;
    ///
    /// let key = UidKey::new([7; 32]);
    /// let instalment = InstalmentId::new(Uuid::nil());
    /// let first = key.payment_uid(instalment, 1);
    ///
    /// assert!(first.as_str().starts_with("pd1-"));
    /// assert_eq!(first, key.payment_uid(instalment, 1));
    /// assert_ne!(first, key.payment_uid(instalment, 2));
    /// ```
    pub fn payment_uid(&self, instalment: InstalmentId, attempt: u32) -> ProviderUid {
        self.derive(b"payment", instalment.uuid(), attempt)
    }

    /// The uid of the `attempt`-th agreement for a plan; `pd1-` and 32 characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::{InstalmentId, PlanId, UidKey};
    /// use uuid::Uuid;
    ///
    /// let key = UidKey::new([7; 32]);
    /// let uid = key.agreement_uid(PlanId::new(Uuid::nil()), 1);
    ///
    /// assert_eq!(uid.as_str().len(), 36);
    /// assert_eq!(uid, key.agreement_uid(PlanId::new(Uuid::nil()), 1));
    /// assert_ne!(uid, key.payment_uid(InstalmentId::new(Uuid::nil()), 1));
    /// ```
    pub fn agreement_uid(&self, plan: PlanId, attempt: u32) -> ProviderUid {
        self.derive(b"agreement", plan.uuid(), attempt)
    }

    /// 64 hexadecimal digits that tell two keys apart and reveal neither.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::uid::UidKey;
    ///
    /// let fingerprint = UidKey::new([7; 32]).fingerprint();
    /// assert_eq!(fingerprint.len(), 64);
    /// assert_ne!(fingerprint, UidKey::new([8; 32]).fingerprint());
    /// ```
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&self.digest(&[b"fingerprint"]))
    }

    fn derive(&self, label: &[u8], uuid: Uuid, attempt: u32) -> ProviderUid {
        let digest = self.digest(&[label, uuid.as_bytes(), &attempt.to_be_bytes()]);
        let mut text = BASE32_NOPAD.encode(&digest[..20]);
        text.make_ascii_lowercase();

        ProviderUid(format!("pd1-{text}"))
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        // The constructor of an HMAC with SHA-256 takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for UidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UidKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: UidKey = UidKey::new([7; 32]);
    const THING: Uuid = Uuid::from_u128(0x0199_8c2e_5a77_7c1d_9b3e_2f6a_7d4c_8e10);

    #[test]
    fn an_id_of_one_kind_is_refused_as_another() {
        let text = PlanId::new(THING).to_string();

        assert_eq!(text.parse::<PlanId>(), Ok(PlanId::new(THING)));
        let refused = text.parse::<PaymentId>().expect_err("a plan is no payment");
        assert_eq!((refused.expected, refused.given), ("pay", text));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let text = PlanId::new(THING).to_string();
        let upper = text.to_uppercase().replace("PLN", "pln");
        for odd in [
            upper.as_str(),
            "pln_",
            "pln",
            "",
            &text[..29],
            "pln_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(odd.parse::<PlanId>().is_err(), "{odd}");
        }
    }

    #[test]
    fn a_uid_depends_on_the_key_the_kind_the_thing_and_the_attempt() {
        let base = KEY.payment_uid(InstalmentId::new(THING), 1);
        let others = [
            UidKey::new([8; 32]).payment_uid(InstalmentId::new(THING), 1),
            KEY.agreement_uid(PlanId::new(THING), 1),
            KEY.payment_uid(InstalmentId::new(Uuid::nil()), 1),
            KEY.payment_uid(InstalmentId::new(THING), 2),
        ];

        assert_eq!(base, KEY.payment_uid(InstalmentId::new(THING), 1));
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn a_uid_is_shown_as_the_provider_gets_it() {
        let uid = ProviderUid::parse("pd1-a.b_c~d").expect("a uid");

        assert_eq!(uid.as_str(), "pd1-a.b_c~d");
        assert_eq!(uid.to_string(), "pd1-a.b_c~d");
    }

    #[test]
    fn a_uid_outside_the_providers_pattern_is_refused() {
        assert!(ProviderUid::parse(&"a".repeat(64)).is_ok());
        for odd in [
            String::new(),
            "a".repeat(65),
            "a b".into(),
            "é".into(),
            "a\n".into(),
        ] {
            assert_eq!(ProviderUid::parse(&odd), Err(UidError), "{odd:?}");
        }
    }

    #[test]
    fn a_key_shows_only_its_fingerprint() {
        assert_eq!(format!("{KEY:?}"), "UidKey(redacted)");
        assert_eq!(KEY.fingerprint().len(), 64);
        assert_ne!(KEY.fingerprint(), UidKey::new([8; 32]).fingerprint());
    }
}
