//! Clips as section 3.2.2 has them: a fresh AES-128 key for each, that key encrypted to every
//! certified key, and a manifest that says which. Nobody signs the manifest (SPEC, erratum E5).

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::{World, account};
use crate::oaep::{OaepPublic, OaepSecret};
use encryptediot::cbor;
use encryptediot::cloud::Cloud as _;
use encryptediot::crypto::{KemPublic, KemSecret};
use encryptediot::error::{ClipError, Result};
use encryptediot::message::Time;
use encryptediot::segment::{Opener, SEALED_SEGMENT, Sealer, SessionKey};

/// Whom a session key is encrypted to.
pub enum Recipient {
    /// A P-256 key: an IK, a (T)DSK.
    Ecc(KemPublic),
    /// An RSA key: the ADK.
    Rsa(Box<OaepPublic>),
}

impl Recipient {
    fn name(&self) -> &[u8] {
        match self {
            Self::Ecc(key) => key.as_bytes(),
            Self::Rsa(key) => key.modulus(),
        }
    }
}

/// What opens a session key.
pub enum Secret<'a> {
    /// A P-256 key.
    Ecc(&'a KemSecret),
    /// An RSA key.
    Rsa(&'a OaepSecret),
}

/// The manifest file.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Manifest {
    #[n(0)]
    start: Time,
    #[n(1)]
    end: Time,
    #[n(2)]
    length: u64,
    /// Public keys, and the session key encrypted to each.
    #[n(3)]
    keys: Vec<(ByteVec, ByteVec)>,
}

/// Where a clip's manifest lies.
pub fn manifest(stream: &str, clip: u64) -> String {
    format!("clips/{stream}/{clip:010}/manifest")
}

/// Where a clip's video lies.
pub fn video(stream: &str, clip: u64) -> String {
    format!("clips/{stream}/{clip:010}/video")
}

/// How many clips of a stream there are.
///
/// # Errors
/// `store-unavailable`.
pub fn count(world: &World, stream: &str) -> Result<u64> {
    Ok(world.cloud.list(&format!("clips/{stream}"))?.len() as u64 / 2)
}

/// Encrypts a session and uploads it. Returns its number.
///
/// # Errors
/// `crypto`, `store-unavailable`.
pub fn record(
    world: &mut World,
    stream: &str,
    bytes: &[u8],
    (start, end): (Time, Time),
    recipients: &[Recipient],
) -> Result<u64> {
    let clip = count(world, stream)? + 1;
    let key = SessionKey::random(&mut world.rng);
    let mut sealer = Sealer::new(&key, Vec::new(), Vec::new());
    sealer.write(bytes)?;
    let sealed = sealer.finish()?;
    let mut keys = Vec::new();
    for recipient in recipients {
        let wrapped = match recipient {
            Recipient::Ecc(public) => account::wrap(world, public, key.as_bytes())?,
            Recipient::Rsa(public) => public.seal(key.as_bytes(), &mut world.rng)?,
        };
        keys.push((recipient.name().to_vec().into(), wrapped.into()));
    }
    let length = sealed.length;
    let file = cbor::encode(&Manifest {
        start,
        end,
        length,
        keys,
    });
    world.cloud.put(&video(stream, clip), &sealed.body)?;
    world.cloud.put(&manifest(stream, clip), &file)?;
    Ok(clip)
}

/// Downloads a clip and opens it with the first of `secrets` that the manifest names.
///
/// # Errors
/// `no-such-clip`, `no-envelope`, `envelope-open`, `malformed`, `segment-altered`.
pub fn open(world: &mut World, stream: &str, clip: u64, secrets: &[Secret<'_>]) -> Result<Vec<u8>> {
    let file = world.cloud.find(&manifest(stream, clip))?;
    let file: Manifest = cbor::decode(&file.ok_or(ClipError::NoSuchClip)?)?;
    let wrapped = |name: &[u8]| {
        let found = file.keys.iter().find(|(key, _)| key.as_slice() == name);
        found.map(|(_, wrapped)| wrapped)
    };
    for secret in secrets {
        let opened = match secret {
            Secret::Ecc(key) => wrapped(key.public().as_bytes()).map(|w| account::unwrap(key, w)),
            Secret::Rsa(key) => wrapped(key.public().modulus())
                .map(|w| key.open(w, &mut world.rng).map_err(Into::into)),
        };
        let Some(opened) = opened else { continue };
        let opened: Zeroizing<Vec<u8>> = opened.map_err(|_| ClipError::EnvelopeOpen)?;
        let key = <[u8; 16]>::try_from(&**opened).map_err(|_| ClipError::EnvelopeOpen)?;
        let body = world.cloud.get(&video(stream, clip))?;
        return decrypt(&SessionKey::new(key), file.length, &body);
    }
    Err(ClipError::NoEnvelope.into())
}

/// Decrypts a body.
///
/// # Errors
/// `segment-altered`.
pub fn decrypt(key: &SessionKey, length: u64, body: &[u8]) -> Result<Vec<u8>> {
    let opener = Opener::new(key, Vec::new(), length);
    let mut out = Vec::new();
    for (index, segment) in body.chunks(SEALED_SEGMENT).enumerate() {
        let mut segment = segment.to_vec();
        let plain = opener.open(index as u64, &mut segment)?;
        out.extend_from_slice(&segment[..plain]);
    }
    match out.len() as u64 == length {
        true => Ok(out),
        false => Err(ClipError::Truncated.into()),
    }
}
