//! Deterministic CBOR (RFC 8949 section 4.2.1), and nothing else.
//!
//! A longer integer, an indefinite length and a trailing byte are refused before anything is read.
//! What was read is encoded again and compared, so that no field is unknown and none is missing.

use std::fmt;

use minicbor::data::Token;
use minicbor::decode::{Error as DecodeError, Tokenizer};
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, KemPublic, KemSecret, SecretBytes, SigningKey, VerifyingKey};
use crate::error::{MessageError, Result};

/// A byte string of exactly `N` bytes, public data: secrets are [`SecretBytes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> std::str::FromStr for Bytes<N> {
    type Err = MessageError;

    /// Reads `2 * N` hexadecimal digits.
    fn from_str(text: &str) -> std::result::Result<Self, MessageError> {
        let mut out = [0; N];
        hex::decode_to_slice(text, &mut out).map_err(|_| MessageError::Malformed)?;
        Ok(Self(out))
    }
}

impl<C, const N: usize> Encode<C> for Bytes<N> {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), EncodeError<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for Bytes<N> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> std::result::Result<Self, DecodeError> {
        let bytes = d.bytes()?;
        match bytes.try_into() {
            Ok(array) => Ok(Self(array)),
            Err(_) => Err(DecodeError::message("byte string of another length")),
        }
    }
}

/// Encodes a P-256 public key as its 65-byte uncompressed point and checks it when decoding.
macro_rules! point {
    ($key:ty) => {
        impl<C> Encode<C> for $key {
            fn encode<W: Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> std::result::Result<(), EncodeError<W::Error>> {
                e.bytes(self.as_bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $key {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> std::result::Result<Self, DecodeError> {
                Self::from_bytes(d.bytes()?).map_err(DecodeError::custom)
            }
        }
    };
}

point!(KemPublic);
point!(VerifyingKey);

impl<C, const N: usize> Encode<C> for SecretBytes<N> {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), EncodeError<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for SecretBytes<N> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> std::result::Result<Self, DecodeError> {
        let secret = Self::from_slice(d.bytes()?);
        secret.ok_or_else(|| DecodeError::message("byte string of another length"))
    }
}

/// Encodes a P-256 private key as its 32-byte scalar and checks it when decoding.
macro_rules! scalar {
    ($key:ty) => {
        impl<C> Encode<C> for $key {
            fn encode<W: Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> std::result::Result<(), EncodeError<W::Error>> {
                e.bytes(&*self.to_bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $key {
            fn decode(d: &mut Decoder<'b>, c: &mut C) -> std::result::Result<Self, DecodeError> {
                let scalar = SecretBytes::decode(d, c)?;
                Self::from_secret(scalar).map_err(DecodeError::custom)
            }
        }
    };
}

scalar!(KemSecret);
scalar!(SigningKey);

/// Reads a list of one item at least: `[+ item]` of SPEC's grammar.
///
/// # Errors
/// If it is no such list.
pub(crate) fn some<'b, C, T: Decode<'b, C>>(
    d: &mut Decoder<'b>,
    context: &mut C,
) -> std::result::Result<Vec<T>, DecodeError> {
    let items: Vec<T> = Decode::decode(d, context)?;
    match items.is_empty() {
        true => Err(DecodeError::message("an empty list")),
        false => Ok(items),
    }
}

/// The deterministic encoding of `value`.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a `Vec` cannot fail, and no type here refuses to be encoded.
    let _: std::result::Result<(), EncodeError<std::convert::Infallible>> =
        minicbor::encode(value, &mut bytes);
    bytes
}

/// The deterministic encoding of `value`, which holds secrets: it is written once into a buffer that is
/// large enough and is wiped on drop.
pub fn encode_secret<T: Encode<()>>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    // Counting cannot fail, nor can writing to a `Vec`.
    let _: std::result::Result<(), EncodeError<std::convert::Infallible>> =
        minicbor::encode(value, &mut length);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    let _: std::result::Result<(), EncodeError<std::convert::Infallible>> =
        minicbor::encode(value, &mut *bytes);
    bytes
}

/// Counts what is written to it.
struct Length(usize);

impl Write for Length {
    type Error = std::convert::Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> std::result::Result<(), Self::Error> {
        self.0 += bytes.len();
        Ok(())
    }
}

/// Is `bytes` the deterministic encoding of `value`? Nothing is copied.
fn encodes_to<T: Encode<()>>(value: &T, bytes: &[u8]) -> bool {
    let mut rest = Expected(bytes);
    minicbor::encode(value, &mut rest).is_ok() && rest.0.is_empty()
}

/// What is still to be written: anything else is an error.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    type Error = DifferentBytes;

    fn write_all(&mut self, bytes: &[u8]) -> std::result::Result<(), DifferentBytes> {
        self.0 = self.0.strip_prefix(bytes).ok_or(DifferentBytes)?;
        Ok(())
    }
}

/// Other bytes were written than expected.
#[derive(Debug)]
struct DifferentBytes;

/// No grammar nests deeper (SPEC section "Messages").
const DEPTH: usize = 16;

/// Does the first item nest no deeper than [`DEPTH`]? Readers keep a record of each level, which a sender should not
/// make large. What is not well-formed is for others to refuse.
fn is_flat(bytes: &[u8]) -> bool {
    // How many items each open level still has; none are counted where a break ends it.
    let mut open: Vec<Option<u64>> = Vec::with_capacity(DEPTH);
    for token in Tokenizer::new(bytes) {
        let items = match token {
            Ok(Token::Array(items)) => Some(items),
            Ok(Token::Map(pairs)) => Some(pairs.saturating_mul(2)),
            Ok(Token::Tag(_)) => Some(1),
            Ok(Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString) => {
                None
            }
            Ok(Token::Break) => {
                open.pop();
                Some(0)
            }
            Ok(_) => Some(0),
            Err(_) => return true,
        };
        if items == Some(0) {
            while let Some(Some(left)) = open.last_mut() {
                *left -= 1;
                if *left > 0 {
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return true;
            }
        } else if open.len() == DEPTH {
            return false;
        } else {
            open.push(items);
        }
    }
    true
}

/// Are these bytes exactly one item, well-formed and deterministically encoded? (The order of a map's
/// keys is left to the type that is read: no message has a map.)
///
/// # Errors
/// `malformed`, `not-deterministic`.
pub fn check(bytes: &[u8]) -> Result<()> {
    if !is_flat(bytes) {
        return Err(MessageError::Malformed.into());
    }
    let mut item = Decoder::new(bytes);
    item.skip().map_err(|_| MessageError::Malformed)?;
    let (mut rest, trailing) = bytes
        .split_at_checked(item.position())
        .ok_or(MessageError::Malformed)?;
    while let Some((head, after)) = rest.split_first() {
        let (major, info) = (head >> 5, head & 0x1f);
        let width = match info {
            0..=23 => 0,
            24..=27 => 1 << (info - 24),
            31 if (2..=5).contains(&major) => return Err(MessageError::NotDeterministic.into()),
            _ => return Err(MessageError::Malformed.into()),
        };
        let (argument, after) = after
            .split_at_checked(width)
            .ok_or(MessageError::Malformed)?;
        let value = argument.iter().fold(0, |v, b| v << 8 | u64::from(*b));
        let shortest = match width {
            0 => true,
            1 => value >= 24,
            _ => value >> (width * 4) != 0,
        };
        // RFC 8949 section 3.3: a simple value below 32 has no second byte.
        if (major, info) == (7, 24) && value < 32 {
            return Err(MessageError::Malformed.into());
        }
        if major != 7 && !shortest {
            return Err(MessageError::NotDeterministic.into());
        }
        let length = match major {
            2 | 3 if width > 0 => usize::try_from(value).unwrap_or(usize::MAX),
            2 | 3 => usize::from(info),
            _ => 0,
        };
        rest = after.get(length..).ok_or(MessageError::Malformed)?;
    }
    if !trailing.is_empty() {
        return Err(MessageError::NotDeterministic.into());
    }
    Ok(())
}

/// Reads exactly one value of type `T`, deterministically encoded.
///
/// # Errors
/// In this order: those of [`check`]; `malformed` or `invalid-key`.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T> {
    check(bytes)?;
    let value: T = minicbor::decode(bytes).map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.and_then(|s| s.downcast_ref::<CryptoError>()) {
            Some(_) => MessageError::InvalidKey,
            None => MessageError::Malformed,
        }
    })?;
    if !encodes_to(&value, bytes) {
        return Err(MessageError::Malformed.into());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_deeper_than_any_grammar_is_refused_at_once() {
        let nested = |head: u8, by: usize, end: &[u8]| [&vec![head; by][..], &[0], end].concat();
        check(&nested(0x81, 16, &[])).unwrap();
        for bytes in [
            nested(0x81, 17, &[]),
            nested(0xc1, 17, &[]),
            nested(0x81, 16 << 20, &[]),
            nested(0x9f, 17, &[0xff; 17]),
        ] {
            assert_eq!(check(&bytes).unwrap_err(), MessageError::Malformed.into());
        }
        let indefinite = nested(0x9f, 16, &[0xff; 16]);
        let refused = check(&indefinite).unwrap_err();
        assert_eq!(refused, MessageError::NotDeterministic.into());
        // Many at one level are not deep.
        let wide = [&[0x99, 0x10, 0x00][..], &[0x81, 0x00].repeat(4096)].concat();
        check(&wide).unwrap();
    }
}
