//! The one outer form of every message: `[type, version, account, body]` (SPEC section
//! "Messages").

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::cbor::{self, Bytes};
use crate::crypto::sha256_concat;
use crate::error::{MessageError, Result};

/// The version of the protocol that SPEC.md describes.
pub const VERSION: u64 = 1;

/// No message is longer than this many bytes (16 MiB).
pub const MAX_MESSAGE: usize = 16 << 20;

/// The account: the COSE Key Thumbprint (RFC 9679) of its account signing key, 32 bytes.
///
/// Pinning the account is pinning the root.
pub type AccountId = Bytes<32>;

/// The hash by which one message names another, 32 bytes; see [`hash`].
pub type Hash = Bytes<32>;

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
pub type Time = u64;

/// A body that may stand in a message, with the name of its type.
pub trait Body: Encode<()> + for<'b> Decode<'b, ()> {
    /// The text in the first place of the message.
    const TYPE: &'static str;
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Envelope<T> {
    #[n(0)]
    kind: String,
    #[n(1)]
    version: u64,
    #[n(2)]
    account: AccountId,
    #[n(3)]
    body: T,
}

impl<T: Body> Envelope<T> {
    fn of(account: &AccountId, body: T) -> Self {
        Self {
            kind: T::TYPE.to_owned(),
            version: VERSION,
            account: *account,
            body,
        }
    }
}

/// The start of a message, enough to say why the rest is not read.
struct Head {
    kind: String,
    version: u64,
    account: AccountId,
}

impl Head {
    fn read(bytes: &[u8]) -> std::result::Result<Self, minicbor::decode::Error> {
        let mut decoder = minicbor::Decoder::new(bytes);
        if decoder.array()? != Some(4) {
            return Err(minicbor::decode::Error::message("not an array of four"));
        }
        let kind = decoder.str()?.to_owned();
        let version = decoder.u64()?;
        Ok(Self {
            kind,
            version,
            account: decoder.decode()?,
        })
    }
}

/// Encodes `body` as a message of `account`.
pub fn encode<T: Body>(account: &AccountId, body: T) -> Vec<u8> {
    cbor::encode(&Envelope::of(account, body))
}

/// [`encode`] of a body that holds secrets.
pub fn encode_secret<T: Body>(account: &AccountId, body: T) -> Zeroizing<Vec<u8>> {
    cbor::encode_secret(&Envelope::of(account, body))
}

/// Reads a message of type `T` that belongs to `account`.
///
/// # Errors
/// In this order: `too-large`; those of [`cbor::check`]; `malformed` for its start, `wrong-type`,
/// `unknown-version`, `wrong-account`; then `malformed` or `invalid-key` for the body.
pub fn decode<T: Body>(account: &AccountId, bytes: &[u8]) -> Result<T> {
    if read_head::<T>(bytes)?.account != *account {
        return Err(MessageError::WrongAccount.into());
    }
    Ok(cbor::decode::<Envelope<T>>(bytes)?.body)
}

/// Reads a message of type `T` of any account: for what arrives before an account is pinned.
///
/// # Errors
/// As [`decode`], but for `wrong-account`.
pub fn decode_any_account<T: Body>(bytes: &[u8]) -> Result<(AccountId, T)> {
    let head = read_head::<T>(bytes)?;
    Ok((head.account, cbor::decode::<Envelope<T>>(bytes)?.body))
}

fn read_head<T: Body>(bytes: &[u8]) -> Result<Head> {
    if bytes.len() > MAX_MESSAGE {
        return Err(MessageError::TooLarge.into());
    }
    cbor::check(bytes)?;
    let head = Head::read(bytes).map_err(|_| MessageError::Malformed)?;
    if head.kind != T::TYPE {
        return Err(MessageError::WrongType.into());
    }
    if head.version != VERSION {
        return Err(MessageError::UnknownVersion.into());
    }
    Ok(head)
}

/// The associated data of what is sealed for one purpose: a message of type `kind` whose body
/// says where the sealed bytes belong.
pub fn context<T: Encode<()>>(kind: &str, account: &AccountId, place: T) -> Vec<u8> {
    cbor::encode(&(kind, VERSION, account, place))
}

/// The name of a message: SHA-256 of a zero byte and the message, which is also the hash of that
/// message as a leaf of a tree (RFC 9162 section 2.1.1).
pub fn hash(message: &[u8]) -> Hash {
    Bytes(sha256_concat(&[&[0], message]))
}
