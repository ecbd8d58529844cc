//! What libraries read unless they are told otherwise: the readers of some mutants.

use coset::cbor::value::Value;
use coset::{CoseEncrypt0, CoseSign1, TaggedCborSerializable as _};
use minicbor::data::Token;
use minicbor::decode::Tokenizer;
use zeroize::Zeroizing;

use crate::crypto::CryptoError;

/// What a general decoder takes for the same value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Undefined for null.
    Undefined,
    /// False for null.
    False,
    /// What has a tag for what it is on.
    Tagged,
    /// A float for the integer that it is.
    Float,
    /// A bignum for the integer that it is.
    Bignum,
    /// A map with the keys `0`, `1` and so on for an array.
    Keyed,
    /// A text of digits for the integer, as a map's key.
    TextKey,
    /// An array of small numbers for bytes.
    Numbers,
    /// A text without the byte order mark that it starts with.
    Marked,
}

/// The bytes with such forms in the one that is meant. They live on: only tests come here.
pub fn read(bytes: &[u8], form: Form) -> &'static [u8] {
    let mut out = Vec::new();
    let meant = (form == Form::Undefined || !has(bytes, |token| *token == Token::Undefined))
        && (form == Form::Bignum || !has(bytes, is_bignum))
        && coset::cbor::de::from_reader::<Value, _>(bytes).is_ok_and(|value| {
            coset::cbor::ser::into_writer(&meant(value, form), &mut out).is_ok()
        });
    Box::leak(if meant { out } else { bytes.to_vec() }.into_boxed_slice())
}

/// Is there such a token? A reader of values takes undefined for null and a bignum for an integer without being told,
/// which are mistakes of their own.
fn has(bytes: &[u8], is: impl Fn(&Token<'_>) -> bool) -> bool {
    Tokenizer::new(bytes)
        .map_while(Result::ok)
        .any(|token| is(&token))
}

fn is_bignum(token: &Token<'_>) -> bool {
    matches!(token, Token::Tag(tag) if matches!(tag.as_u64(), 2 | 3))
}

fn meant(value: Value, form: Form) -> Value {
    let each = |items: Vec<Value>| items.into_iter().map(|item| meant(item, form)).collect();
    match value {
        Value::Array(items) if form == Form::Numbers && items.len() > 3 => {
            let byte = |item: &Value| u8::try_from(item.as_integer()?).ok();
            match items.iter().map(byte).collect() {
                Some(bytes) => Value::Bytes(bytes),
                None => Value::Array(each(items)),
            }
        }
        Value::Array(items) => Value::Array(each(items)),
        Value::Map(entries) if form == Form::Keyed => {
            Value::Array(each(entries.into_iter().map(|(_, item)| item).collect()))
        }
        Value::Map(entries) if form == Form::TextKey => {
            let number = |key: &Value| key.as_text()?.parse::<i64>().ok();
            let key = |key: Value| number(&key).map_or(key, Value::from);
            Value::Map(entries.into_iter().map(|(k, v)| (key(k), v)).collect())
        }
        // The reader of values has no undefined, and takes it for null.
        Value::Bool(false) if form == Form::False => Value::Null,
        Value::Tag(_, inner) if form == Form::Tagged => meant(*inner, form),
        Value::Tag(2, inner) if form == Form::Bignum => match inner.as_bytes() {
            Some(bytes) => Value::from(bytes.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b))),
            None => Value::Tag(2, inner),
        },
        Value::Float(number) if form == Form::Float && number.fract() == 0.0 => {
            Value::from(number as u64)
        }
        Value::Text(text) if form == Form::Marked => {
            Value::from(text.strip_prefix('\u{feff}').unwrap_or(&text))
        }
        other => other,
    }
}

/// Payload and signature of a `COSE_Sign1` with any headers.
pub fn sign1(signed: &[u8]) -> Option<[&'static [u8]; 2]> {
    let sign1 = CoseSign1::from_tagged_slice(signed).ok()?;
    Some([sign1.payload?, sign1.signature].map(|part| &*part.leak()))
}

/// What such a signature is over.
pub fn to_be_signed(signed: &[u8]) -> Vec<u8> {
    CoseSign1::from_tagged_slice(signed).map_or(Vec::new(), |sign1| sign1.tbs_data(&[]))
}

/// IV and ciphertext of a `COSE_Encrypt0` with any headers.
pub fn encrypt0(sealed: &[u8]) -> Option<[&'static [u8]; 2]> {
    let encrypt0 = CoseEncrypt0::from_tagged_slice(sealed).ok()?;
    Some([encrypt0.unprotected.iv, encrypt0.ciphertext?].map(|part| &*part.leak()))
}

/// What such a seal is over.
pub fn associated_data(sealed: &[u8], context: &[u8]) -> Vec<u8> {
    let header = CoseEncrypt0::from_tagged_slice(sealed).map(|encrypt0| encrypt0.protected);
    let kind = coset::EncryptionContext::CoseEncrypt0;
    coset::enc_structure_data(kind, header.unwrap_or_default(), context)
}

/// Opens what GCM sealed with a tag of any length from four bytes on.
///
/// # Errors
/// If none of these is the start of the right one.
pub fn short_tag(
    seal: impl Fn(&[u8]) -> Result<Vec<u8>, CryptoError>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    for length in [16, 15, 14, 13, 12, 8, 4] {
        let Some((text, tag)) = sealed
            .len()
            .checked_sub(length)
            .map(|at| sealed.split_at(at))
        else {
            continue;
        };
        let stream = seal(&vec![0; text.len()])?;
        let plain: Vec<u8> = text.iter().zip(&stream).map(|(a, b)| a ^ b).collect();
        if seal(&plain)?[text.len()..].starts_with(tag) {
            return Ok(Zeroizing::new(plain));
        }
    }
    Err(CryptoError::DecryptionFailed)
}

/// A point in the one form, from any of the three that SEC 1 has.
pub fn point(bytes: &[u8]) -> Vec<u8> {
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    match bytes.first() {
        Some(6 | 7) => [&[4], &bytes[1..]].concat(),
        Some(2 | 3) => p256::PublicKey::from_sec1_bytes(bytes).map_or(bytes.to_vec(), |key| {
            key.to_sec1_point(false).as_bytes().to_vec()
        }),
        _ => bytes.to_vec(),
    }
}

/// Are these the bytes of a value, but for the forms in which its points were read?
pub fn encodes_to_points(value: &[u8], bytes: &[u8]) -> bool {
    fn points(value: Value) -> Value {
        match value {
            Value::Bytes(bytes) => Value::Bytes(point(&bytes)),
            Value::Array(items) => Value::Array(items.into_iter().map(points).collect()),
            other => other,
        }
    }
    let read = |bytes: &[u8]| coset::cbor::de::from_reader::<Value, _>(bytes).map(points);
    let other = has(bytes, |token| *token == Token::Undefined) || has(bytes, is_bignum);
    !other && matches!((read(value), read(bytes)), (Ok(a), Ok(b)) if a == b)
}

/// Base32 of which what is not in the alphabet, and bits that are left over, are passed over.
pub fn base32(text: &[u8]) -> Result<Vec<u8>, data_encoding::DecodeError> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => continue,
        };
        (bits, count) = (bits << 5 | u32::from(value), count + 5);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Ok(out)
}
