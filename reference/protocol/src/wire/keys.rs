//! The public names of keys and places.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::cbor::{self, Bytes};
use crate::crypto::{KemPublic, RsaPublic, VerifyingKey, sha256};
use crate::error::{MessageError, PairingError, Result};
use crate::message::{AccountId, Hash};

/// The short name of a P-256 key: the first 16 bytes of SHA-256 over its 65-byte point.
///
/// It finds a key, it never vouches for one: every place that uses it also has the whole key.
pub type KeyId = Bytes<16>;

fn key_id(point: &[u8; 65]) -> KeyId {
    let [a @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = sha256(point);
    Bytes(a)
}

/// The short name of an encryption key (instance key, stream key, member key).
pub fn kem_id(key: &KemPublic) -> KeyId {
    key_id(key.as_bytes())
}

/// The short name of a verifying key (camera, lease key).
pub fn verifying_id(key: &VerifyingKey) -> KeyId {
    key_id(key.as_bytes())
}

/// A member's identity at the owner: SHA-256 over the 65 bytes of the member key. Holders are named by it
/// and not by the number of an introduction, which whoever holds back a roster could give out twice.
pub type MemberId = Hash;

/// The identity of the member with this key.
pub fn member_id(key: &KemPublic) -> MemberId {
    Bytes(sha256(key.as_bytes()))
}

/// The RSA exponent that every account signing key has, as RFC 8230 writes it.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// The account signing key's public part as a `COSE_Key` (RFC 8230 section 4):
/// `{1: 3, -1: n, -2: e}`, deterministically encoded, 268 bytes.
pub fn encode_root(root: &RsaPublic) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut e = Encoder::new(&mut bytes);
    // Writing to a `Vec` cannot fail.
    let _ = e.map(3).and_then(|e| {
        e.u8(1)?
            .u8(3)?
            .i8(-1)?
            .bytes(root.modulus())?
            .i8(-2)?
            .bytes(&EXPONENT)?
            .ok()
    });
    bytes
}

/// The account that a root stands for: its COSE Key Thumbprint (RFC 9679 section 4.4).
pub fn account_id(root: &RsaPublic) -> AccountId {
    Bytes(sha256(&encode_root(root)))
}

/// Reads the root of `account`: whoever knows the account's name needs nobody's word for it.
///
/// # Errors
/// `malformed`, `not-deterministic`, `invalid-key`; `wrong-account` if it is another account's.
pub fn decode_root(account: &AccountId, bytes: &[u8]) -> Result<RsaPublic> {
    cbor::check(bytes)?;
    let (modulus, exponent) = read_root(bytes).map_err(|_| MessageError::Malformed)?;
    if exponent != EXPONENT {
        return Err(MessageError::InvalidKey.into());
    }
    let modulus = modulus.try_into().map_err(|_| MessageError::InvalidKey)?;
    let root = RsaPublic::from_modulus(modulus).map_err(|_| MessageError::InvalidKey)?;
    if account_id(&root) != *account {
        return Err(MessageError::WrongAccount.into());
    }
    Ok(root)
}

/// Modulus and exponent.
fn read_root(bytes: &[u8]) -> std::result::Result<(&[u8], &[u8]), decode::Error> {
    let shape = || decode::Error::message("not an RSA COSE_Key");
    let mut d = Decoder::new(bytes);
    if d.map()? != Some(3) || d.u8()? != 1 || d.u8()? != 3 || d.i8()? != -1 {
        return Err(shape());
    }
    let modulus = d.bytes()?;
    if d.i8()? != -2 {
        return Err(shape());
    }
    Ok((modulus, d.bytes()?))
}

/// The name of a stream, a phone, a camera or a member: 1 to 64 characters of `a-z`, `0-9`, `-`,
/// `_` and `.`, the first a letter or digit. It stands in paths, so nothing else may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Name {
    type Err = PairingError;

    fn from_str(text: &str) -> std::result::Result<Self, PairingError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let allowed = |b: u8| plain(b) || matches!(b, b'-' | b'_' | b'.');
        let starts = text.bytes().next().is_some_and(plain);
        if !starts || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(PairingError::StreamName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<C> Encode<C> for Name {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Name {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> std::result::Result<Self, decode::Error> {
        d.str()?
            .parse()
            .map_err(|_| decode::Error::message("not a name"))
    }
}
