//! The values that inputs and outputs are made of.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Refused;
use encryptediot::announcement;
use encryptediot::cbor::Bytes;
use encryptediot::clip;
use encryptediot::crypto::{
    KemPublic, KemSecret, RsaPublic, SecretBytes, SigningKey, VerifyingKey, sha256,
};
use encryptediot::keys::{self, Name};
use encryptediot::message::AccountId;
use encryptediot::roster;
use encryptediot::vault::Ring;

/// A value from the library's type with the same fields, or with the same variants.
macro_rules! from {
    ($value:ty, $library:ty { $($field:ident),* }) => {
        impl From<$library> for $value {
            fn from(from: $library) -> Self {
                Self { $($field: from.$field.into()),* }
            }
        }
    };
    ($value:ty, $library:ty [$($variant:ident),*]) => {
        impl From<$library> for $value {
            fn from(from: $library) -> Self {
                match from {
                    $(<$library>::$variant => Self::$variant),*
                }
            }
        }
    };
}

/// As `from!`, and back.
macro_rules! same {
    ($value:ty, $library:ty { $($field:ident),* }) => {
        from!($value, $library { $($field),* });
        from!($library, $value { $($field),* });
    };
    ($value:ty, $library:ty [$($variant:ident),*]) => {
        from!($value, $library [$($variant),*]);
        from!($library, $value [$($variant),*]);
    };
}
pub(super) use {from, same};

/// Bytes in lower-case hexadecimal.
#[derive(Clone)]
pub struct Hex(pub Vec<u8>);

/// `N` bytes in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub struct Fixed<const N: usize>(pub [u8; N]);

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = Cow::<'de, str>::deserialize(from)?;
    let bytes = HEXLOWER.decode(text.as_bytes());
    bytes.map_err(|why| D::Error::custom(format!("no hexadecimal in lower case: {why}")))
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from).map(Self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = read(from)?;
        let wrong = |b: Vec<u8>| D::Error::custom(format!("{} bytes, expected {N}", b.len()));
        Ok(Self(bytes.try_into().map_err(wrong)?))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl JsonSchema for Hex {
    fn schema_name() -> Cow<'static, str> {
        "bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Bytes in hexadecimal, or pieces of them (README, \"Shared bytes\").",
            "anyOf": [
                { "type": "string", "pattern": "^([0-9a-f]{2})*$" },
                { "$ref": "#/$defs/pieces" },
            ],
        })
    }
}

impl<const N: usize> JsonSchema for Fixed<N> {
    fn schema_name() -> Cow<'static, str> {
        format!("bytes{N}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^[0-9a-f]{{{}}}$", 2 * N) })
    }
}

impl From<Vec<u8>> for Hex {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<Bytes<N>> for Fixed<N> {
    fn from(bytes: Bytes<N>) -> Self {
        Self(bytes.0)
    }
}

impl<const N: usize> From<Fixed<N>> for Bytes<N> {
    fn from(bytes: Fixed<N>) -> Self {
        Self(bytes.0)
    }
}

impl From<KemPublic> for Fixed<65> {
    fn from(key: KemPublic) -> Self {
        Self(*key.as_bytes())
    }
}

impl From<VerifyingKey> for Fixed<65> {
    fn from(key: VerifyingKey) -> Self {
        Self(*key.as_bytes())
    }
}

impl Fixed<65> {
    /// A public key to encrypt to, which an input holds in good order.
    pub fn encrypting(&self) -> Result<KemPublic, Refused> {
        KemPublic::from_bytes(&self.0).map_err(|_| not("a P-256 point"))
    }

    /// A public key to verify with, likewise.
    pub fn verifying(&self) -> Result<VerifyingKey, Refused> {
        VerifyingKey::from_bytes(&self.0).map_err(|_| not("a P-256 point"))
    }
}

impl Fixed<32> {
    /// A private key to decrypt with.
    pub fn decrypting(&self) -> Result<KemSecret, Refused> {
        KemSecret::from_bytes(&self.0).map_err(|_| not("a P-256 scalar"))
    }

    /// A private key to sign with.
    pub fn signing(&self) -> Result<SigningKey, Refused> {
        SigningKey::from_bytes(&self.0).map_err(|_| not("a P-256 scalar"))
    }

    /// A symmetric key.
    pub fn key(&self) -> SecretBytes<32> {
        SecretBytes::new(self.0)
    }
}

/// The request is not one: an input that vectors hold in good order is not in good order.
pub fn not(what: &str) -> Refused {
    Refused::Request(format!("this is not {what}"))
}

/// A pinned root with the account that it stands for.
pub fn pinned(root: &Hex) -> Result<(RsaPublic, AccountId), Refused> {
    // The account is the hash of the root's one encoding (RFC 9679).
    let account = Bytes(sha256(&root.0));
    let root = keys::decode_root(&account, &root.0).map_err(|_| not("an account's root"))?;
    Ok((root, account))
}

/// A name that an input holds in good order.
pub fn name(text: &str) -> Result<Name, Refused> {
    text.parse().map_err(|_| not("a name"))
}

/// The keys of a ring.
pub fn ring(keys: &[Fixed<32>]) -> Ring {
    Ring {
        keys: keys.iter().map(Fixed::key).collect(),
        predecessors: Vec::new(),
    }
}

/// Nothing comes of it but that it was accepted.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Nothing {}

/// What a viewer may have shown: the longest prefix that is verified.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Released {
    /// How many bytes of plaintext.
    pub released: u64,
    /// SHA-256 over them.
    pub sha256: Fixed<32>,
}

/// The place in a stream's chain of announcements that was reached.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The announcement's epoch.
    epoch: u64,
    /// Its hash.
    hash: Fixed<32>,
    /// When it was made.
    issued: u64,
}

same!(
    Head,
    announcement::Head {
        epoch,
        hash,
        issued
    }
);

/// A roster, by its place in the chain.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterHead {
    /// The roster's number.
    number: u64,
    /// Its hash.
    hash: Fixed<32>,
}

same!(RosterHead, roster::Head { number, hash });

/// Since when a camera records a stream.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tenure {
    /// The epoch of the first announcement that named it.
    epoch: u64,
    /// How many clips there were before.
    clips: u64,
    /// The hash of the last one's manifest, `null` if there were none.
    last: Option<Fixed<32>>,
}

impl From<announcement::Tenure> for Tenure {
    fn from(since: announcement::Tenure) -> Self {
        Self {
            epoch: since.epoch,
            clips: since.clips,
            last: since.last.map(Into::into),
        }
    }
}

/// A span of time.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Window {
    /// The first millisecond in it.
    from: u64,
    /// The first millisecond after it.
    until: u64,
}

from!(Window, announcement::Window { from, until });

/// A phone's two public keys.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PhoneKeys {
    /// The instance key.
    instance: Fixed<65>,
    /// The lease key.
    lease: Fixed<65>,
}

from!(PhoneKeys, &roster::PhoneKeys { instance, lease });

/// What an envelope is for.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 0, the owner's stream key.
    Owner,
    /// 1, a DSK.
    Dsk,
    /// 2, a TDSK.
    Tdsk,
    /// 3, a phone's instance key.
    Instance,
    /// 4, the TDSK of a past share.
    Past,
}

same!(Role, clip::Role [Owner, Dsk, Tdsk, Instance, Past]);
