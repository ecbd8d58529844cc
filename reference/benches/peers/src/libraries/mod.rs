//! The same primitives by every library: ours with each backend, and bare.

mod openssl;
mod rust_crypto;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::hint::black_box;

use anyhow::{Context as _, Result, anyhow};
use encryptediot::crypto;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Seals or opens: under a nonce, in a buffer whose last 16 bytes are the tag's.
type Aead = Box<dyn FnMut(&[u8; 12], &mut [u8]) -> Result<()>>;

/// What a library offers.
pub struct Library {
    pub name: &'static str,
    /// AES-128-GCM under an expanded key, in place.
    pub seal: Aead,
    /// The same.
    pub open: Aead,
    /// One call each, by primitive: those of [`ROWS`] that it has.
    pub calls: BTreeMap<&'static str, Box<dyn FnMut() -> Result<()>>>,
}

const SHA_256_SHORT: &str = "SHA-256 of 53 bytes";
const SHA_256: &str = "SHA-256 of 64 KiB";
const HKDF: &str = "HKDF-Expand to 16 bytes";
const PBKDF2: &str = "PBKDF2, 100,000 rounds";
const SCRYPT: &str = "scrypt, N = 2^17";
const PASSPHRASE: &str = "passphrase derived key: both";
const KEY_PAIR: &str = "P-256, key pair";
const ECDH: &str = "P-256, agreement";
const HPKE_SEAL: &str = "HPKE, seal 16 bytes";
const HPKE_OPEN: &str = "HPKE, open 16 bytes";
const ES256_SIGN: &str = "ES256, sign";
const ES256_VERIFY: &str = "ES256, verify";
const PS256_SIGN: &str = "PS256, sign";
const PS256_VERIFY: &str = "PS256, verify";

/// The primitives, in the order of the table.
pub const ROWS: [&str; 14] = [
    SHA_256_SHORT,
    SHA_256,
    HKDF,
    PBKDF2,
    SCRYPT,
    PASSPHRASE,
    KEY_PAIR,
    ECDH,
    HPKE_SEAL,
    HPKE_OPEN,
    ES256_SIGN,
    ES256_VERIFY,
    PS256_SIGN,
    PS256_VERIFY,
];

const KEY: [u8; 16] = [7; 16];
const AAD: [u8; 60] = [9; 60];
const KEY_32: [u8; 32] = [7; 32];
const SALT: [u8; 16] = [3; 16];
/// As long as that of an announcement's keys.
const INFO: [u8; 53] = [1; 53];
const MESSAGE: [u8; 256] = [3; 256];
static DATA: [u8; 64 << 10] = [5; 64 << 10];
/// A private key of P-256.
const SCALAR: [u8; 32] = [5; 32];

/// What all take, made by ours: what one signed, all verify.
struct Inputs {
    /// Of [`SCALAR`].
    public: [u8; 65],
    es256: [u8; 64],
    rsa: Vec<u8>,
    modulus: [u8; 256],
    ps256: [u8; 256],
}

/// All of them, ours first.
///
/// # Errors
/// Those of a library that does not take a key.
pub fn all() -> Result<[Library; 6]> {
    let key = crypto::SigningKey::from_bytes(&SCALAR)?;
    let rsa = crypto::RsaSigningKey::generate(&mut rng())?;
    let inputs = Inputs {
        public: *key.verifying_key().as_bytes(),
        es256: key.sign(&MESSAGE)?,
        rsa: rsa.to_pkcs8()?.to_vec(),
        modulus: *rsa.public().modulus(),
        ps256: rsa.sign(&mut rng(), &MESSAGE)?,
    };
    Ok([
        ours_default::library("ours, default", &inputs)?,
        ours_aws_lc::library("ours, aws-lc", &inputs)?,
        rust_crypto::library(&inputs)?,
        aws_lc::library(&inputs)?,
        ring::library(&inputs)?,
        openssl::library(&inputs)?,
    ])
}

mod ours_default {
    use super::*;
    use crate::ours::default::crypto;
    include!("ours.rs");
}

mod ours_aws_lc {
    use super::*;
    use crate::ours::aws_lc::crypto;
    include!("ours.rs");
}

/// The crate `aws-lc-rs`, which has the interface of ring and an agreement with keys that stay.
mod aws_lc {
    use super::*;
    use aws_lc_rs as library;
    include!("ring.rs");

    pub fn library(inputs: &Inputs) -> Result<Library> {
        let (scalar, public) = (&SCALAR, &inputs.public);
        let key = took(signature::EcdsaKeyPair::from_private_key_and_public_key(
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            scalar,
            public,
        ))?;
        let secret = took(agreement::PrivateKey::from_private_key(
            &agreement::ECDH_P256,
            scalar,
        ))?;
        let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, *public);
        Ok(common("aws-lc-rs", inputs, key)?.with(ECDH, move || {
            agreement::agree(&secret, theirs, (), |shared| Ok(black_box(shared)[0]))
        }))
    }
}

/// The crate `ring`.
mod ring {
    use super::*;
    use ::ring as library;
    include!("ring.rs");

    pub fn library(inputs: &Inputs) -> Result<Library> {
        let key = took(signature::EcdsaKeyPair::from_private_key_and_public_key(
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &SCALAR,
            &inputs.public,
            &rand::SystemRandom::new(),
        ))?;
        common("ring", inputs, key)
    }
}

impl Library {
    fn new(
        name: &'static str,
        seal: impl FnMut(&[u8; 12], &mut [u8]) -> Result<()> + 'static,
        open: impl FnMut(&[u8; 12], &mut [u8]) -> Result<()> + 'static,
    ) -> Self {
        Self {
            name,
            seal: Box::new(seal),
            open: Box::new(open),
            calls: BTreeMap::new(),
        }
    }

    /// Adds a primitive.
    fn with<T, E: Debug>(
        mut self,
        row: &'static str,
        mut call: impl FnMut() -> Result<T, E> + 'static,
    ) -> Self {
        let call = move || took(call()).map(|made| drop(black_box(made)));
        self.calls.insert(row, Box::new(call));
        self
    }
}

/// The result of a library, whose errors have a text or none.
fn took<T, E: Debug>(result: Result<T, E>) -> Result<T> {
    result.map_err(|error| anyhow!("{error:?}"))
}

/// A call that cannot fail.
fn always<T>(made: T) -> Result<T, Infallible> {
    Ok(made)
}

/// Seals all but the last 16 bytes of a buffer, and puts the tag there.
fn tagged<T: AsRef<[u8]>, E: Debug>(
    buffer: &mut [u8],
    seal: impl FnOnce(&mut [u8]) -> Result<T, E>,
) -> Result<()> {
    let (text, tag) = buffer.split_last_chunk_mut::<16>().context("a tag")?;
    tag.copy_from_slice(took(seal(text))?.as_ref());
    Ok(())
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}
